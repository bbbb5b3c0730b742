"""The do() clause: what is set to what. It is refused where it only says what goes along with what.

"Pr(y | do(x = a))" is what happens to y when everybody gets a; "P(y | x = a)" is what is seen among those who
have a anyway (Pearl, Causality, 2nd ed. 2009, section 3.2). Only the first can be brought about.

The clause may stand alone, beside what it is compared with, or inside a formula:

    do(cold_start = quiz)
    do(cold_start = quiz) vs do(cold_start = popularity)
    Pr(retention | do(cold-start = quiz), cohort = JP-new) - Pr(retention | do(cold-start = none)) >= MDE
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.outside import clean

MOST = 500
EXAMPLE = "do(cold_start = quiz)"


class NotDoneError(ValueError):
    """It is no intervention: the message says why, `hint` how to say it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class DoClause:
    """What is set: values by variable of the treatment, and of what it is compared with if that is said."""

    treatment: Mapping[str, str]
    control: Mapping[str, str] | None = None

    @property
    def text(self) -> str:
        """The treatment in one form: `do(cold_start = quiz)`."""
        return _written(self.treatment)

    @property
    def whole(self) -> str:
        """The treatment, and what it is compared with."""
        return self.text if self.control is None else f"{self.text} vs {_written(self.control)}"

    def same_as(self, other: "DoClause") -> bool:
        """Whether the treatment sets the same to the same, however it is spelt."""
        return _bare(self.treatment) == _bare(other.treatment)


def parse(text: str, outcome: str = "") -> DoClause:
    """Read a do() clause; `outcome` is the metric that it is to move, which nobody can set.

    >>> parse("Do(cold_start=quiz)").text
    'do(cold_start = quiz)'

    Raises:
        NotDoneError: nothing is done in it, or nothing that anybody could do.

    """
    said = clean(text)
    if not said:
        raise NotDoneError("nothing is written.", _say())
    if len(said) > MOST:
        raise NotDoneError(f"it has {len(said)} characters; {MOST} is the most.", "Keep what is set to what.")
    inner = _clauses(said)
    if not inner:
        raise NotDoneError(_why_not(said), _say())
    arms = list(dict.fromkeys(tuple(_assignments(one, outcome).items()) for one in inner))
    if len(inner) > 1 and len(arms) == 1:
        raise NotDoneError(
            "both sides set the same, so nothing differs between them.",
            "Say what the other side gets, e.g. `do(cold_start = quiz) vs do(cold_start = popularity)`.",
        )
    if len(arms) > 2:
        raise NotDoneError(
            f"it has {len(arms)} different do() clauses.", "Compare two: what is done, and what is done now."
        )
    treatment, control = dict(arms[0]), dict(arms[1]) if len(arms) == 2 else None
    if control is not None and set(_bare(control)) != set(_bare(treatment)):
        raise NotDoneError(
            f"the two sides set different things: {', '.join(treatment)} against {', '.join(control)}.",
            "Set the same thing to two values; other differences would be part of the effect.",
        )
    return DoClause(treatment, control)


def _clauses(said: str) -> list[str]:
    """What stands between the parentheses of every do(…)."""
    found, at = [], 0
    while match := _DO.search(said, at):
        depth, end = 1, match.end()
        while depth and end < len(said):
            depth += {"(": 1, ")": -1}.get(said[end], 0)
            end += 1
        if depth:
            raise NotDoneError("a parenthesis after do is never closed.", _say())
        found.append(said[match.end() : end - 1].strip())
        at = end
    return found


def _assignments(inner: str, outcome: str) -> dict[str, str]:
    if not inner:
        raise NotDoneError("do() is empty.", _say())
    found: dict[str, str] = {}
    for part in _COMMA.split(inner):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value or value.startswith("="):
            shown = clean(part).strip()[:60]
            raise NotDoneError(
                f"`do({shown})` does not say what is set to what.",
                f"Name the thing and its value, e.g. `{EXAMPLE}`.",
            )
        _settable(name, value, outcome)
        if name in found:
            raise NotDoneError(f"`{name[:60]}` is set twice.", "Keep one value.")
        found[name] = value
    return found


def _settable(name: str, value: str, outcome: str) -> None:
    """Pass what a team can set. Raises NotDoneError for outcomes, for what people are and what they do."""
    spelt = _spelt(name)
    if outcome and spelt == _spelt(outcome):
        raise NotDoneError(
            f"`{name[:60]}` is the outcome; nobody can set it.",
            f"Say what is done to move it, e.g. `{EXAMPLE}`.",
        )
    if _WHO.search(name) or _WHO.search(value):
        raise NotDoneError(
            f"`do({name[:40]} = {value[:40]})` picks people by what they do; it does nothing to them.",
            "Say what everybody in the treatment gets, whatever they would have done.",
        )
    if set(spelt.split("_")) & _GIVEN:
        raise NotDoneError(
            f"`{name[:60]}` is what people are, not what is done; nobody can set it.",
            "Put it into the cohort, and say what is done to that cohort.",
        )


def _why_not(said: str) -> str:
    """Why something without a do() is no intervention, as far as its words tell."""
    lower = said.lower()
    if _CONDITIONAL.search(said):
        return "P(y | x) is what is seen among those who have x anyway; it says nothing of bringing x about."
    if _WHO.search(lower):
        return (
            "it compares people by what they chose to do. They may differ in everything else too, so that "
            "making others do it need not change anything."
        )
    word = _ASSOCIATED.search(lower)
    if word:
        return f"“{word[0]}” says that two things go together, not that one brings the other about."
    if re.search(r"\bdo\b", lower):
        return "do has no parentheses behind it that say what is set to what."
    return "it names no intervention: nothing is set to anything."


def _say() -> str:
    return (
        f"Write what is set to what, e.g. `{EXAMPLE}`, with what it is compared with behind it if you like: "
        "`do(cold_start = quiz) vs do(cold_start = popularity)`."
    )


def _written(arm: Mapping[str, str]) -> str:
    return "do(" + ", ".join(f"{name} = {value}" for name, value in arm.items()) + ")"


def _bare(arm: Mapping[str, str]) -> dict[str, str]:
    return {_spelt(name): _spelt(value) for name, value in arm.items()}


def _spelt(name: str) -> str:
    """A name however people write it: cold-start, Cold start and cold_start are one."""
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


_DO = re.compile(r"\bdo\s*\(", re.IGNORECASE)
_COMMA = re.compile(r"[,;∧&](?![^()]*\))")
_CONDITIONAL = re.compile(r"\b(?:p|pr|prob|e)\s*[(\[][^)\]]*\|[^)\]]*[)\]]", re.IGNORECASE)
_WHO = re.compile(
    r"\b(?:users?|people|customers?|readers?|sessions?|those|visitors?|buyers?|accounts?)"
    r"\s+(?:who|that|whose|which|with|having)\b",
    re.IGNORECASE,
)
_ASSOCIATED = re.compile(
    r"\b(?:correlat\w+(?:\s+with)?|associat\w+(?:\s+with)?|linked\s+(?:to|with)|goes?\s+(?:along\s+)?with|"
    r"go(?:es)?\s+together|predict\w*|co-?occurs?|tends?\s+to|(?:is|are)\s+related\s+to|relationship|"
    r"more\s+likely|less\s+likely|retain\w*\s+better|have\s+(?:higher|lower|better|worse)|"
    r"has\s+(?:higher|lower|better|worse)|coincid\w+)\b"
)
_GIVEN = frozenset(
    {"age", "gender", "sex", "nationality", "country", "ethnicity", "tenure", "birthday", "income"}
)
"""What people are; a locale or a device is left out, since a team does set those of a page."""
