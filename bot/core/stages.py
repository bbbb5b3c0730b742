"""The stages of a rollout as a launch goes through them: which is next, which is everybody, how long one ran.

A stage gives the change to everybody when its name says 100 % or everybody, or when it is the last of several
and its name gives no smaller share and no A/B test. To everybody means: only after a decision to ship.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.rollout import Stage

_SHARE = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,6})?)\s*(?:[%\N{FULLWIDTH PERCENT SIGN}]|per\s?cent\b|pct\b)",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(every(one|body)|all (users|people|traffic|customers)|full roll-?out)\b", re.IGNORECASE)
_TEST = re.compile(r"\b(a\s*/\s*b|ab[ -]?test|experiment|canary|pre-?prod)\b", re.IGNORECASE)
_BOUNDS = (Kind.STAGE, Kind.PAUSED, Kind.RESUMED, Kind.DECIDED)


def share_of(name: str) -> float | None:
    """The largest share of people that a stage's name says, a fraction; None when it says none.

    >>> share_of("50% full A/B"), share_of("Day 2-3: 10 % to 20 %"), share_of("canary")
    (0.5, 0.2, None)
    """
    shares = [float(one.replace(",", ".")) / 100 for one in _SHARE.findall(name)]
    return max(shares, default=None)


def is_full(stages: Sequence[Stage], index: int) -> bool:
    """Whether this stage gives the change to everybody."""
    name = stages[index].stage
    share = share_of(name)
    if share is not None:
        return share >= 1
    return not _TEST.search(name) and (0 < index == len(stages) - 1 or bool(_ALL.search(name)))


def place(stages: Sequence[Stage], launch: Launch) -> int | None:
    """Where the present stage stands in the registration in force, which may have been amended since.

    -1 before the first; None when the registration has no stage of that name any more.
    """
    here = launch.stage
    if here < 0 or (here < len(stages) and stages[here].stage == launch.stage_name):
        return here
    same = [index for index, one in enumerate(stages) if one.stage == launch.stage_name]
    return min(same, key=lambda index: abs(index - here), default=None)


def following(stages: Sequence[Stage], launch: Launch) -> int | None:
    """The stage that comes next, once shipped the one for everybody; None at the end or when lost."""
    here = place(stages, launch)
    if here is None:
        return None
    shipped = _shipped(launch)
    upcoming = range(here + 1, len(stages))
    return next((index for index in upcoming if not shipped or is_full(stages, index)), None)


def exposes(stages: Sequence[Stage], launch: Launch) -> bool:
    """Whether people are exposed by this rollout, so that somebody has to watch: not while it is paused.

    After a decision only what goes on to everybody, or has, is watched.
    """
    if launch.stage < 0 or launch.paused is not None or launch.closed_at is not None:
        return False
    if launch.decision is None:
        return True
    return _shipped(launch) and (everybody(stages, launch) or following(stages, launch) is not None)


def everybody(stages: Sequence[Stage], launch: Launch) -> bool:
    """Whether the present stage is the one for everybody."""
    here = place(stages, launch)
    return here is not None and here >= 0 and is_full(stages, here)


def _shipped(launch: Launch) -> bool:
    return launch.decision is not None and launch.decision.decision == "ship"


def period(entries: Sequence[Entry]) -> int:
    """The number of the entry since which nothing about the rollout changed; 0 before it began."""
    return max((one.number for one in entries if one.kind in _BOUNDS), default=0)


def ran(entries: Sequence[Entry], now: datetime) -> timedelta:
    """How long the present stage has run; while it is paused it does not."""
    total, since = timedelta(0), None
    for entry in entries:
        if entry.kind == Kind.STAGE:
            total, since = timedelta(0), entry.at
        elif entry.kind == Kind.PAUSED and since is not None:
            total, since = total + (entry.at - since), None
        elif entry.kind == Kind.RESUMED and since is None:
            since = entry.at
    return total + (now - since if since is not None else timedelta(0))


def lacks(stages: Sequence[Stage], launch: Launch, entries: Sequence[Entry], now: datetime) -> timedelta:
    """How much longer the present stage is to run by its `days`; zero when it has."""
    here = place(stages, launch)
    if here is None or here < 0:
        return timedelta(0)
    days = stages[here].days
    return timedelta(0) if days is None else max(timedelta(days=days) - ran(entries, now), timedelta(0))
