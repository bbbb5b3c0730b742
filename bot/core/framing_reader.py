"""What is written in a framing, read: figures, evidence with its sources, the do() clause, the options.

What cannot be read is left out and told by field, with how to write it; nothing is guessed.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.core import draft_lines
from bot.core.do_clause import DoClause, NotDoneError, parse
from bot.core.framing import F, FramingField, Recommendation
from bot.core.outside import clean

MOST_LINE = 1000
MOST_LINES = 40
LEAST_WEEKS, MOST_WEEKS = 0.1, 10_000
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
class Span:
    """A figure, or from low to high; unit as written, empty where none was."""

    low: float
    high: float
    unit: str = ""

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Option:
    """A way to move it: what is done, what it is expected to bring (in its unit), engineer-weeks it takes."""

    what: str
    value: Span | None
    weeks: Span | None


@dataclass(frozen=True)
class Traffic:
    """How many units of the cohort come by in a day, and what they are called."""

    per_day: float
    unit: str


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
        traffic=one.read(F.TRAFFIC, _traffic),
        kind=kind,
        baseline=one.read(F.BASELINE, lambda text: _level(text, kind)),
        effect=one.read(F.EFFECT, lambda text: _effect(text, kind)),
        window=one.read(F.WINDOW, _days),
        evidence=one.read(F.EVIDENCE, evidence) or (),
        disconfirming=one.read(F.DISCONFIRMING, lambda text: tuple(_lines(text))) or (),
        prior=one.read(F.PRIOR, probability),
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
        return Option(self.text(what), self.read(value, span), self.read(weeks, _weeks))


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


def probability(text: str) -> float:
    """A probability: `0.55` or `55 %`; 0 and 1 are refused, since no result could change them."""
    value = _share(text)
    if not 0 < value < 1:
        raise ValueError(
            f"`{clean(text)[:40]}` is no probability that a result could change. Write e.g. `0.55` or `55 %`."
        )
    return value


def span(text: str) -> Span:
    """A figure with its unit, or from one to another: `+4 points`, `6 to 7 points of retention`, `-2 ms`.

    >>> span("+6 to 7 points")
    Span(low=6.0, high=7.0, unit='points')
    """
    found = _SPAN.fullmatch(clean(text))
    if found is None:
        raise ValueError(
            f"`{clean(text)[:60]}` is no figure with a unit. Write e.g. `+4 points of week-2 retention`, or "
            "`6 to 7 points`."
        )
    low = draft_lines.number(found["low"])
    high = draft_lines.number(found["high"]) if found["high"] else low
    if high < low:
        raise ValueError(f"`{clean(text)[:60]}` goes from the higher to the lower. Write the lower first.")
    return Span(low, high, (found["unit"] or "").strip())


def _weeks(text: str) -> Span:
    found = span(re.sub(r"\s*(?:engineer[- ]?)?weeks?\.?\s*$", "", clean(text), flags=re.IGNORECASE))
    if found.unit:
        raise ValueError(f"`{found.unit[:40]}` is no unit of cost here. Write engineer-weeks, e.g. `3`.")
    if found.low < LEAST_WEEKS or found.high > MOST_WEEKS:
        raise ValueError(
            f"A cost is more than 0 engineer-weeks ({LEAST_WEEKS:g} to {MOST_WEEKS:,}). Write e.g. `3 to 4`."
        )
    return Span(found.low, found.high, "engineer-weeks")


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


def _share(text: str) -> float:
    value = draft_lines.number(text)
    return value / 100 if clean(text).endswith("%") else value


def _level(text: str, kind: str) -> float:
    """The metric now; a share is between 0 and 1, however it is written."""
    if kind != "proportion":
        return draft_lines.number(text)
    value = _share(text)
    if not 0 < value < 1:
        raise ValueError(f"`{clean(text)[:40]}` is no share. Write e.g. `31 %` or `0.31`.")
    return value


def _effect(text: str, kind: str) -> float:
    """The change in the metric's own unit: `+4 points` of a share is 0.04."""
    said = clean(text)
    points = re.fullmatch(r"(.+?)\s*(?:percentage\s+)?(?:points?|pp|ppt|%-points?)\.?", said, re.IGNORECASE)
    if points and kind == "proportion":
        value = draft_lines.number(points[1]) / 100
    elif said.endswith("%") and kind == "proportion":
        raise ValueError(
            f"`{said[:40]}` may be points or percent of the baseline. Write `+4 points` for 31 % to 35 %."
        )
    else:
        value = draft_lines.number(said)
    if value == 0:
        raise ValueError("An effect of 0 is H0. Write the smallest change that would be worth having.")
    if kind == "proportion" and abs(value) >= 1:
        raise ValueError(f"`{said[:40]}` is more than a share can change. Write e.g. `+4 points`.")
    return round(value, 12)


def _traffic(text: str) -> Traffic:
    said = re.sub(r"\s*(?:/|per|a)\s*day\s*$", "", clean(text), flags=re.IGNORECASE)
    found = _SPAN.fullmatch(said)
    if found is None or found["high"] or draft_lines.number(found["low"]) <= 0:
        raise ValueError(f"`{clean(text)[:40]}` is no count. Write the units a day, e.g. `3,500 readers`.")
    return Traffic(draft_lines.number(found["low"]), (found["unit"] or "").strip() or "users")


def _days(text: str) -> int:
    value = draft_lines.number(re.sub(r"\s*days?\s*$", "", clean(text), flags=re.IGNORECASE))
    if value != int(value) or not 0 < value <= 365:
        raise ValueError(f"`{clean(text)[:40]}` is no number of days from 1 to 365. Write e.g. `14`.")
    return int(value)


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


_FIGURE = r"[-+\N{MINUS SIGN}]?\s*(?:\d[\d,_]*(?:\.\d+)?|\.\d+)"
_SPAN = re.compile(
    rf"[~\u2248]?\s*(?P<low>{_FIGURE})(?:\s*(?:to|\u2013|\u2026|\.\.+|-)\s*(?P<high>{_FIGURE}))?"
    r"(?P<unit>(?!\s*[\d,.]).{1,80})?",
    re.IGNORECASE,
)
