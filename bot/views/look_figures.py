"""Any figure of a look's card in words: which test, which boundary, which rule, from which paper."""

import re
from collections.abc import Callable, Mapping

from bot.core.effect import Message
from bot.core.figures import MINUS
from bot.errors import InputError
from bot.views import look_answers, text
from bot.views import look_other_figures as other
from bot.views import look_primary_figures as primary
from bot.views import look_whole_figures as whole
from bot.views.look_head import called
from bot.views.look_shown import Shown

Explained = list[tuple[str, list[str]]]
"""Figures by name, each in words."""

_NUMBER = r"\d+(\.\d+)?"
_MOST = 3
"""Figures explained at once where a number is on several."""


def figure(shown: Shown, name: str) -> Message:
    """One figure of a look explained: by its name, or by the number that the card shows.

    Raises InputError, with the figures there are, for any other name.
    """
    wanted = " ".join(name.replace("`", " ").split()).lower()
    if wanted == "verdict":
        return look_answers.why(shown)
    found = _named(shown, wanted) or _numbered(shown, wanted)
    if not found:
        raise InputError(
            f"{called(shown.result)} has no figure `{text.escape(name, 80)}`.", f"It has: {_known(shown)}."
        )
    lines, said = [], []
    for title, each in found[:_MOST]:
        told = [text.escape(line, 900) for line in each]
        said += told
        lines += [
            f"*{called(shown.result)}: {text.escape(title, 120)}*",
            *(f"• {line}" for line in told),
        ]
    others = ", ".join(text.escape(title, 80) for title, _ in found[_MOST:])
    lines += [f"It is a figure of these too: {others}."] if others else []
    context = (
        f"Record {shown.record} · registration {shown.result.sha256[:12]}… · computed from the record alone"
    )
    head = f"{called(shown.result)}, {text.escape(found[0][0], 120)}"
    return Message(
        text.cut(f"{head}: {' '.join(said)}", 1500), (text.section(text.fit(lines)), text.context(context))
    )


def _named(shown: Shown, wanted: str) -> Explained:
    """The figures of that name; a metric or cohort of the experiment comes before a name of ours."""
    result = shown.result
    lines = [
        line
        for one in result.guardrails
        if one.metric.lower() == wanted
        for line in other.guardrail(shown, one)
    ]
    if lines:
        return [(wanted, lines)]
    if wanted == result.primary.metric.lower():
        return [(wanted, primary.primary(shown))]
    cohorts = [one for one in result.cohorts if one.cohort.lower() == wanted] or [
        one for one in result.cohorts if one.cohort.partition("=")[2].lower() == wanted
    ]
    if cohorts:
        return [(one.cohort, other.cohort(shown, one)) for one in cohorts]
    known = re.sub(r"[-_ ]+", " ", wanted)
    explain = FIGURES.get(known) or FIGURES.get(_ALIASES.get(known, ""))
    return [(_ALIASES.get(known, known), explain(shown))] if explain else []


def _numbered(shown: Shown, wanted: str) -> Explained:
    """The figures in which that number stands: as it is written, else rounded as a card rounds."""
    number = _plain(wanted)
    if not re.fullmatch(_NUMBER, number):
        return []
    every = [(name, explain(shown)) for name, explain in FIGURES.items() if name not in _TOGETHER]
    every += [(one.metric, other.guardrail(shown, one)) for one in shown.result.guardrails]
    every += [(one.cohort, other.cohort(shown, one)) for one in shown.result.cohorts if "," not in one.cohort]
    tokens = {name: {_plain(word) for line in lines for word in line.split()} for name, lines in every}
    exact = [(name, lines) for name, lines in every if number in tokens[name]]
    if exact or ("." not in number and "%" not in wanted):
        return exact
    return [(name, lines) for name, lines in every if any(_rounds(t, number) for t in tokens[name])]


def _plain(word: str) -> str:
    """A number without sign (words may say `fell`), thousands, percent, and punctuation around it."""
    bare = word.strip(f"()[]…±+-{MINUS}%.;:,p=<>≤≥ ")
    return re.sub(r"(?<=\d),(?=\d{3})", "", bare)


def _rounds(token: str, number: str) -> bool:
    """Whether a token may be that number with more decimals; both were rounded from the same figure."""
    if not re.fullmatch(_NUMBER, token):
        return False
    apart = abs(float(token) - float(number))
    return apart <= sum(0.5 * float(f"1e-{len(one.partition('.')[2])}") for one in (token, number)) + 1e-9


def _known(shown: Shown) -> str:
    result = shown.result
    names = ["verdict", *FIGURES, *dict.fromkeys(one.metric for one in result.guardrails)]
    names += [one.cohort for one in result.cohorts if "," not in one.cohort][:20]
    listed = ", ".join(text.escape(name, 80) for name in dict.fromkeys(names))
    return f"{listed}; or a number as the card shows it"


FIGURES: Mapping[str, Callable[[Shown], list[str]]] = {
    "primary": primary.primary,
    "p": primary.p_value,
    "boundary": primary.boundary,
    "alpha": primary.alpha,
    "interval": primary.of_one_look,
    "adjusted": primary.adjusted,
    "cuped": primary.cuped,
    "power": primary.power,
    "units": whole.units,
    "srm": other.srm,
    "guardrails": whole.guardrails,
    "cohorts": whole.cohorts,
    "reconciliation": other.reconciliation,
    "heterogeneity": other.heterogeneity,
    "mix": whole.mix,
    "data": whole.data,
    "next": whole.hour,
    "record": whole.record,
    "chart": whole.chart,
}
_TOGETHER = ("guardrails", "cohorts", "chart")
"""Figures that repeat others: a number is looked for in those."""

_ALIASES: Mapping[str, str] = {
    alias: name
    for name, aliases in {
        "primary": ("effect", "estimate", "lift", "winsorised"),
        "p": ("p value", "z", "t", "significance"),
        "boundary": ("boundaries", "threshold", "bound", "stops", "stops only below", "stop"),
        "alpha": ("alpha spent", "spent", "spending"),
        "interval": ("ci", "confidence interval", "intervals"),
        "adjusted": ("allowing for the looks", "adjusted interval", "repeated interval"),
        "cuped": ("variance reduction", "covariate", "cuped saves"),
        "power": ("later look", "conditional power", "predictive power", "probability"),
        "units": ("n", "unit", "size", "sample size", "information"),
        "srm": ("split", "sample ratio", "sample ratio mismatch"),
        "guardrails": ("guardrail", "matrix", "lines", "guardrail matrix"),
        "cohorts": ("cohort", "worst", "nearest to the floor", "cohort table"),
        "mix": ("mix held fixed", "post stratified"),
        "data": ("data to", "freshness", "fingerprint", "last day"),
        "next": ("next look", "hour", "when", "late", "due"),
        "record": ("registration", "ledger", "head", "hash"),
        "chart": ("graph", "picture"),
    }.items()
    for alias in aliases
}
