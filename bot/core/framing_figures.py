"""The figures of a framing as people type them: shares, points, spans with a unit, weeks, units a day.

Each reader raises `ValueError` with what was read and how to write it.
"""

import re
from dataclasses import dataclass

from bot.core import draft_lines
from bot.core.outside import clean

LEAST_WEEKS, MOST_WEEKS = 0.1, 10_000
LEAST_A_DAY = 0.01
"""Units a day; fewer are nobody."""


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
class Traffic:
    """How many units of the cohort come by in a day, and what they are called."""

    per_day: float
    unit: str


def probability(text: str) -> float:
    """A probability: `0.55` or `55 %`; 0 and 1 are refused, since no result could change them."""
    value = share(text)
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


def weeks(text: str) -> Span:
    """A cost in engineer-weeks: `3`, `3 to 4 weeks`."""
    found = span(re.sub(r"\s*(?:engineer[- ]?)?weeks?\.?\s*$", "", clean(text), flags=re.IGNORECASE))
    if found.unit:
        raise ValueError(f"`{found.unit[:40]}` is no unit of cost here. Write engineer-weeks, e.g. `3`.")
    if found.low < LEAST_WEEKS or found.high > MOST_WEEKS:
        raise ValueError(
            f"A cost is more than 0 engineer-weeks ({LEAST_WEEKS:g} to {MOST_WEEKS:,}). Write e.g. `3 to 4`."
        )
    return Span(found.low, found.high, "engineer-weeks")


def share(text: str) -> float:
    """A fraction: `31 %` or `0.31`."""
    value = draft_lines.number(text)
    return value / 100 if clean(text).endswith("%") else value


def level(text: str, kind: str) -> float:
    """The metric now; a share is between 0 and 1, however it is written."""
    if kind != "proportion":
        return draft_lines.number(text)
    value = share(text)
    if not 0 < value < 1:
        raise ValueError(f"`{clean(text)[:40]}` is no share. Write e.g. `31 %` or `0.31`.")
    return value


def effect(text: str, kind: str) -> float:
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


def traffic(text: str) -> Traffic:
    """Units a day: `3,500 readers`, `3,500/day`; without a name they are users."""
    said = re.sub(r"\s*(?:/|per|a)\s*day\s*$", "", clean(text), flags=re.IGNORECASE)
    found = _SPAN.fullmatch(said)
    if found is None or found["high"] or draft_lines.number(found["low"]) < LEAST_A_DAY:
        raise ValueError(f"`{clean(text)[:40]}` is no count. Write the units a day, e.g. `3,500 readers`.")
    return Traffic(draft_lines.number(found["low"]), (found["unit"] or "").strip() or "users")


def days(text: str) -> int:
    """Whole days from 1 to 365."""
    value = draft_lines.number(re.sub(r"\s*days?\s*$", "", clean(text), flags=re.IGNORECASE))
    if value != int(value) or not 0 < value <= 365:
        raise ValueError(f"`{clean(text)[:40]}` is no number of days from 1 to 365. Write e.g. `14`.")
    return int(value)


_FIGURE = r"[-+\N{MINUS SIGN}]?\s*(?:\d[\d,_]*(?:\.\d+)?|\.\d+)"
_SPAN = re.compile(
    rf"[~\u2248]?\s*(?P<low>{_FIGURE})(?:\s*(?:to|\u2013|\u2026|\.\.+|-)\s*(?P<high>{_FIGURE}))?"
    r"(?P<unit>(?!\s*[\d,.]).{1,80})?",
    re.IGNORECASE,
)
