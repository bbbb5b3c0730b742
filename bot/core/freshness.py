"""Whether the data that a look needs have come."""

from collections.abc import Collection

from bot.core.observation import Observations
from bot.core.registration import Registration


def lacking(
    registration: Registration, seen: Observations, day: float, measured: Collection[str] = ()
) -> str:
    """What is missing for a look at `day`, in words; empty when the data are there.

    measured: metrics that an earlier look on record had; one that is gone was renamed or dropped.
    """
    newest, allowed = seen.last_day, registration.data.max_lag_days
    if newest is not None and int(day - newest) > allowed:
        behind = "" if not allowed else f", and may lie at most {allowed} day{'s' * (allowed > 1)} behind"
        return f"{seen.source or 'the table'} ends on day {newest:g}; the look is at day {day:g}{behind}"
    gone = [f"{name}: {reason}" for name, reason in seen.missing.items() if name in measured]
    return f"an earlier look had what is no longer there. {'; '.join(gone)}" if gone else ""
