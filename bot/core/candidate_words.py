"""A candidate as people type it, by field: "8M sessions a quarter", "+0.5 points of csat", "12 weeks"."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.core.candidate import (
    PERCENT,
    POINTS,
    Candidate,
    Choice,
    Effort,
    Impact,
    Kind,
    Per,
    PreMortem,
    Reach,
    Risk,
)
from bot.core.typed_number import NUMBER, names, number
from bot.errors import InputError

FIELDS: Final[Mapping[str, str]] = {
    "title": "Reranker MiniLM-L6 to L12",
    "kind": "experiment, tooling or maintenance",
    "reach": "8M sessions a quarter",
    "impact": "+0.5 points of useful_answer_rate",
    "baseline": "18.3 %",
    "sd": "0.142",
    "heuristic": "0.1",
    "confidence": "0.6",
    "effort": "12 weeks",
    "team": "chatbot",
    "test": "2M users in 2 weeks",
    "choice": "which cold-start direction; 4 quarters; from 0.3",
    "needs": "CAN-1, CAN-4",
    "shares": "ab, feature-store",
    "notes": "a swing bet on the cold start",
}
"""What may be said of a candidate, with an example each."""

EXAMPLE: Final = (
    "For example `/portfolio add Reranker L12; reach=8M sessions; impact=+0.5 points of useful_answer_rate; "
    "confidence=0.6; effort=12 weeks`."
)
PRE_MORTEM_EXAMPLE: Final = (
    "For example `/portfolio pre-mortem CAN-7 serving cost: 4 weeks; on-calls: 2 weeks; then stop at week 8`."
)
TEXT_MOST: Final = {"title": 150, "notes": 2000, "choice": 600}
_SCALE: Final = r"(k|m|b|bn|thousand|million|billion)"
_UNITS: Final = {"%": PERCENT, "percent": PERCENT, "pp": POINTS, "pt": POINTS, "pts": POINTS, "point": POINTS}


class WordsError(InputError):
    """Fields that cannot be read; `faults` says what is wrong, by the field's name."""

    def __init__(self, faults: Mapping[str, str], example: str = EXAMPLE) -> None:
        named = "; ".join(f"{name}: {said}" for name, said in faults.items())
        super().__init__(f"This cannot be read. {named.rstrip('.')}.", example)
        self.faults = dict(faults)


def typed(text: str) -> dict[str, str]:
    """Take apart what was typed behind the verb: a title, then fields as name=value, parted by semicolons.

    Raises InputError for a field that there is not.

    >>> typed("Reranker L12; effort = 12 weeks")
    {'title': 'Reranker L12', 'effort': '12 weeks'}
    """
    found: dict[str, str] = {}
    last = ""
    for part in filter(None, (one.strip() for one in text.split(";"))):
        named = re.fullmatch(r"([a-z_]+)\s*=\s*(.*)", part, re.DOTALL | re.IGNORECASE)
        if named is None and not found:
            found["title"] = part
        elif named is None and last == "choice":
            found[last] += f"; {part}"
        elif named is None or named[1].lower() not in FIELDS:
            shown = re.sub(r"[`<>&\s]+", " ", part)[:60]
            raise InputError(f"Read `{shown}`.", f"Fields are {', '.join(FIELDS)}, as name=value. {EXAMPLE}")
        elif named[1].lower() in found:
            raise InputError(f"`{named[1].lower()}` is given twice.", "Say each field once.")
        else:
            last = named[1].lower()
            found[last] = named[2].strip()
    return found


def read(fields: Mapping[str, str], before: Candidate | None = None) -> Candidate:
    """Read a candidate; what is not among the fields stays as it was `before`, what is empty is not known.

    What stands as `words` showed it of the one before is left alone: a file may say more of it than words do.
    Raises WordsError with every field that cannot be read.
    """
    candidate, shown = before or Candidate("", ""), {} if before is None else words(before)
    faults: dict[str, str] = {}
    for name in FIELDS:
        if name not in fields:
            continue
        value = " ".join(fields[name].split()) if name != "notes" else fields[name].strip()
        if before is not None and value == " ".join(shown.get(name, "").split()):
            continue
        most = TEXT_MOST.get(name, 300)
        try:
            if len(value) > most:
                raise ValueError(f"{len(value)} characters; {most} is the most")
            candidate = _READ[name](candidate, value)
        except ValueError as error:
            faults[name] = f"{error}. Write for example: {FIELDS[name]}"
    if not candidate.title.strip():
        faults.setdefault("title", "a candidate needs a title")
    if faults:
        raise WordsError(faults)
    return candidate


def words(candidate: Candidate) -> dict[str, str]:
    """Return a candidate's fields as `read` takes them; what is not known is left out."""
    impact, test, reach = candidate.impact, candidate.test, candidate.reach
    found: dict[str, str] = {"title": candidate.title, "kind": candidate.kind.value, "team": candidate.team}
    if reach is not None:
        found["reach"] = f"{_plain(reach.value)} {reach.unit} a {reach.per.value}"
    if impact is not None:
        metric = f" of {impact.metric}" if impact.metric else ""
        found["impact"] = f"{impact.value:+.12g} {impact.unit}{metric}"
        of_it = {"baseline": impact.baseline, "sd": impact.sd, "heuristic": impact.heuristic}
        found |= {name: f"{value:.12g}" for name, value in of_it.items() if value is not None}
    found |= {} if candidate.confidence is None else {"confidence": f"{candidate.confidence:.12g}"}
    if candidate.effort is not None:
        corrected = candidate.effort.corrected
        more = "" if corrected is None else f", corrected {corrected:.12g}"
        found["effort"] = f"{candidate.effort.weeks:.12g} weeks{more}"
    if test.units is not None:
        during = "" if test.weeks is None else f" in {test.weeks:.12g} weeks"
        found["test"] = f"{_plain(test.units)} {test.unit or 'units'}{during}"
    if candidate.choices:
        one = candidate.choices[0]
        found["choice"] = f"{one.what}; {one.horizon:.12g} quarters; from {one.threshold:.12g}"
    found |= {"needs": ", ".join(candidate.depends_on), "shares": ", ".join(candidate.infrastructure)}
    found["notes"] = candidate.notes
    return {name: said for name, said in found.items() if said}


def pre_mortem(risks: str, contingency: str) -> PreMortem:
    """Read a pre-mortem: a risk a line (or parted by semicolons) with its weeks, and what is done then.

    Raises WordsError.

    >>> pre_mortem("serving cost doubles: 4 weeks", "stop at week 8").risks[0].weeks
    4.0
    """
    found, faults = [], {}
    for line in filter(None, (one.strip(" -•") for one in re.split(r"[;\n]", risks))):
        named = re.fullmatch(
            rf"(.{{3,200}}?)[\s:,(]+\+?({NUMBER})\s*(?:engineer-)?w(?:ee)?k?s?\)?", line, re.I
        )
        if named is None:
            faults["risks"] = f"read “{line[:60]}”; write what may cost more and the weeks, a line each"
            break
        found.append(Risk(named[1].strip(" :,("), number(named[2])))
    if not found and not faults:
        faults["risks"] = "name at least one cost risk with its weeks: serving cost doubles: 4 weeks"
    if len(contingency.strip()) < 10:
        faults["contingency"] = "say in a sentence what is done when one of them comes true"
    if faults:
        raise WordsError(faults, PRE_MORTEM_EXAMPLE)
    return PreMortem(tuple(found[:20]), " ".join(contingency.split())[:1000])


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:.12g}"


def _positive(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise ValueError(f"{value:g} is not above 0")
    return value


def _kind(candidate: Candidate, text: str) -> Candidate:
    if text and text.lower() not in list(Kind):
        raise ValueError(f"“{text[:40]}” is no kind")
    return replace(candidate, kind=Kind(text.lower()) if text else Kind.EXPERIMENT)


def _reach(candidate: Candidate, text: str) -> Candidate:
    if not text:
        return replace(candidate, reach=None)
    shape = rf"({NUMBER})\s*{_SCALE}?\s+(.+?)(?:\s+(?:a|per|each)\s+(\w+)|/(\w+))?"
    found = re.fullmatch(shape, text, re.IGNORECASE)
    if found is None:
        raise ValueError(f"“{text[:60]}” is no reach: say how many of what, such as sessions")
    per = (found[4] or found[5] or Per.QUARTER.value).lower()
    if per not in list(Per):
        raise ValueError(f"“{per[:20]}” is none of {', '.join(Per)}")
    return replace(candidate, reach=Reach(_positive(found[1] + (found[2] or "")), found[3].lower(), Per(per)))


def _impact(candidate: Candidate, text: str) -> Candidate:
    if not text:
        return replace(candidate, impact=None)
    found = re.fullmatch(rf"({NUMBER})\s*(%|[\w-]+)?(?:\s+(?:of\s+)?(\S.*))?", text, re.IGNORECASE)
    if found is None or not found[2]:
        raise ValueError(
            f"“{text[:60]}” is no impact: say by how much, its unit (points, percent) and the metric"
        )
    unit = _UNITS.get(found[2].lower(), found[2].lower())
    value, before = number(found[1]), candidate.impact
    if value <= 0:
        raise ValueError(f"{value:g} is not above 0, and a positive impact is a better one")
    if before is not None and (before.unit, before.metric) == (unit, found[3] or ""):
        return replace(candidate, impact=replace(before, value=value))
    baseline, sd = (None, None) if before is None else (before.baseline, before.sd)
    return replace(candidate, impact=Impact(value, unit, found[3] or "", baseline=baseline, sd=sd))


def _of_impact(name: str) -> Callable[[Candidate, str], Candidate]:
    def take(candidate: Candidate, text: str) -> Candidate:
        if candidate.impact is None:
            if text:
                raise ValueError("it belongs to an impact, and none is given")
            return candidate
        value: Any = (_positive(text) if name == "sd" else number(text)) if text else None
        rate = name == "baseline" and candidate.impact.unit == POINTS and value is not None
        if rate and not 0 <= value <= 1:
            raise ValueError(f"{value:g} is no rate, and points are of a rate")
        return replace(candidate, impact=replace(candidate.impact, **{name: value}))

    return take


def _confidence(candidate: Candidate, text: str) -> Candidate:
    value = number(text) if text else None
    if value is not None and not 0 < value <= 1:
        raise ValueError(f"{value:g} is no probability: it lies above 0 and at most at 1")
    return replace(candidate, confidence=value)


def _effort(candidate: Candidate, text: str) -> Candidate:
    if not text:
        return replace(candidate, effort=None)
    unit = r"\s*(?:engineer[- ])?(?:w(?:ee)?k?s?)?"
    found = re.fullmatch(
        rf"({NUMBER}){unit}(?:[,;]?\s*\(?corrected(?: to)?\s*({NUMBER}){unit}\)?)?", text, re.I
    )
    if found is None:
        raise ValueError(f"“{text[:60]}” are no engineer-weeks")
    corrected = _positive(found[2]) if found[2] else None
    before = candidate.effort or Effort(1.0)
    return replace(candidate, effort=replace(before, weeks=_positive(found[1]), corrected=corrected))


def _test(candidate: Candidate, text: str) -> Candidate:
    if not text:
        return replace(candidate, test=replace(candidate.test, units=None, unit="", weeks=None))
    shape = rf"({NUMBER})\s*{_SCALE}?\s+(.+?)(?:\s+(?:in|over)\s+({NUMBER})\s*weeks?)?"
    found = re.fullmatch(shape, text, re.IGNORECASE)
    if found is None:
        raise ValueError(f"“{text[:60]}” says not how many of what could be tested on in the quarter")
    during = _positive(found[4]) if found[4] else None
    units = _positive(found[1] + (found[2] or ""))
    return replace(candidate, test=replace(candidate.test, units=units, unit=found[3], weeks=during))


def _choice(candidate: Candidate, text: str) -> Candidate:
    if not text:
        return replace(candidate, choices=())
    found = re.fullmatch(
        rf"(.+?);\s*({NUMBER})\s*quarters?;\s*(?:from|above|threshold)?\s*({NUMBER})", text, re.I
    )
    if found is None:
        raise ValueError(
            "say what it decides, for how many quarters, and from which effect up, by semicolons"
        )
    one = Choice(found[1].strip(), _positive(found[2]), number(found[3]))
    if candidate.choices and candidate.choices[0].what == one.what:
        one = replace(candidate.choices[0], horizon=one.horizon, threshold=one.threshold)
    return replace(candidate, choices=(one, *candidate.choices[1:]))


_READ: Final[Mapping[str, Callable[[Candidate, str], Candidate]]] = {
    "title": lambda one, text: replace(one, title=text),
    "kind": _kind,
    "reach": _reach,
    "impact": _impact,
    "baseline": _of_impact("baseline"),
    "sd": _of_impact("sd"),
    "heuristic": _of_impact("heuristic"),
    "confidence": _confidence,
    "effort": _effort,
    "team": lambda one, text: replace(one, team=text),
    "test": _test,
    "choice": _choice,
    "needs": lambda one, text: replace(one, depends_on=names(text)),
    "shares": lambda one, text: replace(one, infrastructure=names(text)),
    "notes": lambda one, text: replace(one, notes=text),
}
