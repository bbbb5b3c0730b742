"""What a draft comes to, in words: the units it takes, how long that is, when the looks are."""

import math
from collections.abc import Sequence

from bot.core.figures import share, weekday
from bot.core.registration import Registration
from bot.core.sizing import Sizing
from bot.core.timetable import date_of
from bot.stats.undecided import Undecided
from bot.views import text


def needs(what: str, absent: Sequence[str]) -> str:
    """What cannot be computed yet, and why: `? Sample size: needs baseline and sd`.

    >>> needs("Runtime", ["eligible units a day"])
    '? Runtime: needs eligible units a day'
    """
    *first, last = absent
    return f"? {what}: needs {', '.join(first)}{' and ' if first else ''}{last}"


def unread(faults: Sequence[str]) -> str:
    """What was entered and cannot be read."""
    return f"⚠ Not read: {text.escape('; '.join(faults), 600)}"


def size(registration: Registration, sizing: Sizing) -> str:
    """Units per arm, with CUPED and what looking costs."""
    if isinstance(sizing.n_fixed, Undecided) or sizing.n_cuped is None:
        reason = sizing.n_fixed.reason if isinstance(sizing.n_fixed, Undecided) else "it is not known"
        return f"? Sample size: {text.escape(reason, 300)}"
    saved = registration.primary.cuped
    with_cuped = f" with CUPED ({sizing.n:,} without)" if saved else ""
    looks = len(registration.looks)
    cost = f"{looks} looks cost {share(sizing.inflation - 1)} more" if looks > 1 else "one look"
    return (
        f"*Sample size* {sizing.n_cuped:,} units per arm{with_cuped}; {cost}; "
        f"power {share(registration.power, 0)}, alpha {registration.alpha:g}"
    )


def runtime(sizing: Sizing, horizon: int | None) -> str:
    """How long the traffic takes to bring them, against the horizon in days where one is given."""
    if sizing.runtime_days is None:
        return needs("Runtime", ["eligible units a day"])
    days = math.ceil(sizing.runtime_days - 1e-9)
    said = f"*Runtime* {days} day{'' if days == 1 else 's'} of traffic"
    if horizon is None:
        return f"{said}; the horizon is not given yet"
    if days > horizon:
        return f"✗ {said}, longer than the horizon of {horizon}: it would be under-powered"
    return f"✓ {said}, within the horizon of {horizon}"


def looks(registration: Registration) -> str:
    """When the first and the last look are."""
    first, last = registration.looks[0], registration.looks[-1]
    if first == last:
        return f"*Looks* one, on {_day(registration, first)}"
    return f"*Looks* the first on {_day(registration, first)}, the last on {_day(registration, last)}"


def _day(registration: Registration, day: int) -> str:
    date = date_of(registration, day)
    return f"day {day}" if date is None else f"day {day} ({weekday(date)})"
