"""What is written in a framing, read: figures, evidence with its sources, the do() clause, the options.

What cannot be read is left out and told by field, with how to write it; nothing is guessed.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.core import draft_lines, framing_figures
from bot.core.do_clause import DoClause, NotDoneError, parse
from bot.core.framing import F, FramingField, Recommendation
from bot.core.framing_figures import Span, Traffic
from bot.core.outside import clean

MOST_LINE = 1000
MOST_LINES = 40
Answer: TypeAlias = Literal["open", "yes", "no"]
KINDS = ("proportion", "mean")
"""What the metric can be: a share of the units, or a mean over them."""


@dataclass(frozen=True)
class Evidence:
    """What was seen, and where it can be looked up; source is empty where nobody said."""

    said: str
    source: str

    @property
    def text(self) -> str:
        """Both, as a registration keeps them."""
        return f"{self.said} ({self.source})" if self.source else self.said


@dataclass(frozen=True)
class Option:
    """A way to move it: what is done, what it is expected to bring (in its unit), engineer-weeks it takes."""

    what: str
    value: Span | None
    weeks: Span | None


@dataclass(frozen=True)
class Framed:
    """What a framing says, as far as it can be read; faults are what cannot, by field.

    traffic: the cohort's units a day; baseline and effect in the metric's own unit (0.31, +0.04), window in
    days until a unit's value is known. prior: probability of H1.
    """

    texts: Mapping[str, str]
    do: DoClause | None
    traffic: Traffic | None
    kind: str
    baseline: float | None
    effect: float | None
    window: int | None
    evidence: tuple[Evidence, ...]
    disconfirming: tuple[str, ...]
    prior: float | None
    stage1: Answer
    stage2: Answer
    heuristic: Option
    ml: Option
    recommendation: Recommendation | None
    revisit: dt.date | None
    faults: Mapping[FramingField, str]

    def text(self, name: FramingField) -> str:
        """A field's text, cleaned; empty where nothing is written."""
        return self.texts.get(name, "")


def read(fields: Mapping[str, str]) -> Framed:
    """Read what is written."""
    one = _Reader(fields)
    kind = one.text(F.KIND) if one.text(F.KIND) in KINDS else KINDS[0]
    return Framed(
        texts={str(name): one.text(name) for name in FramingField if one.text(name)},
        do=one.read(F.DO, lambda text: _do(text, one.text(F.METRIC))),
        traffic=one.read(F.TRAFFIC, framing_figures.traffic),
        kind=kind,
        baseline=one.read(F.BASELINE, lambda text: framing_figures.level(text, kind)),
        effect=one.read(F.EFFECT, lambda text: framing_figures.effect(text, kind)),
        window=one.read(F.WINDOW, framing_figures.days),
        evidence=one.read(F.EVIDENCE, evidence) or (),
        disconfirming=one.read(F.DISCONFIRMING, lambda text: tuple(_lines(text))) or (),
        prior=one.read(F.PRIOR, framing_figures.probability),
        stage1=_answer(one.text(F.STAGE1_ANSWER)),
        stage2=_answer(one.text(F.STAGE2_ANSWER)),
        heuristic=one.option(F.HEURISTIC, F.HEURISTIC_VALUE, F.HEURISTIC_WEEKS),
        ml=one.option(F.ML, F.ML_VALUE, F.ML_WEEKS),
        recommendation=one.read(F.RECOMMENDATION, _recommendation),
        revisit=one.read(F.REVISIT, _date),
        faults=one.faults,
    )


class _Reader:
    """Takes fields one by one and keeps what was wrong with them."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        self.faults: dict[FramingField, str] = {}

    def text(self, name: FramingField) -> str:
        return clean(self.fields.get(name, ""))

    def read(self, name: FramingField, reader: Callable[[str], Any]) -> Any:
        given = self.fields.get(name, "")
        if not clean(given):
            return None
        try:
            return reader(given)
        except NotDoneError as error:
            self.faults[name] = f"{_up(str(error))} {error.hint}"
        except ValueError as error:
            self.faults[name] = _up(str(error))
        return None

    def option(self, what: FramingField, value: FramingField, weeks: FramingField) -> Option:
        reads = self.read(value, framing_figures.span), self.read(weeks, framing_figures.weeks)
        return Option(self.text(what), *reads)


def evidence(text: str) -> tuple[Evidence, ...]:
    """One piece a line, its source behind a bar, in parentheses at the end, or as the link in it.

    >>> evidence("Quiz lifts retention 5-8 points | Spotify engineering blog, 2024")[0].source
    'Spotify engineering blog, 2024'
    """
    found = []
    for line in _lines(text):
        said, bar, source = (part.strip() for part in line.rpartition("|"))
        if not bar:
            said = line
            closing = re.fullmatch(r"(.*\S)\s*\((?:source:?\s*)?([^()\s:][^()]{0,300})\)\.?", line)
            link = re.search(r"https?://\S+", line)
            if closing:
                said, source = closing[1], closing[2].strip()
            else:
                source = link[0] if link else ""
        found.append(Evidence(said, source))
    return tuple(found)


def _do(text: str, outcome: str) -> DoClause:
    return parse(text, outcome)


def _lines(text: str) -> list[str]:
    lines = draft_lines.listed(text)
    if len(lines) > MOST_LINES:
        raise ValueError(f"There are {len(lines)} lines; {MOST_LINES} is the most. Keep those that decide.")
    long = next((line for line in lines if len(line) > MOST_LINE), None)
    if long is not None:
        raise ValueError(f"A line has {len(long)} characters; {MOST_LINE} is the most.")
    return lines


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(clean(text))
    except ValueError:
        raise ValueError(f"`{clean(text)[:40]}` is not a date. Write e.g. `2027-01-05`.") from None


def _recommendation(text: str) -> Recommendation:
    spelt = re.sub(r"[\s_-]+", "_", clean(text).lower())
    if spelt not in set(Recommendation):
        said = ", ".join(f"`{one.words}`" for one in Recommendation)
        raise ValueError(f"`{clean(text)[:40]}` is no recommendation. Write one of {said}.")
    return Recommendation(spelt)


def _answer(text: str) -> Answer:
    match text.lower():
        case "yes":
            return "yes"
        case "no":
            return "no"
        case _:
            return "open"


def _up(said: str) -> str:
    return said[:1].upper() + said[1:]
