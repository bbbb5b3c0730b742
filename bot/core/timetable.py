"""The looks of a plan as days, information and boundaries."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from bot.core.registration import Registration
from bot.stats.sequential import Plan, boundaries, realised


def planned(registration: Registration) -> Plan:
    """The boundaries at the planned looks; time stands for information, the last look for all of it.

    Raises ValueError when the plan makes no sense; a checked registration does.
    """
    sequential = registration.sequential
    alphas = None if sequential.alphas is None else tuple(sequential.alphas)
    return _planned(
        registration.fractions(), registration.alpha, sequential.spending, sequential.gamma, alphas
    )


@lru_cache(maxsize=64)
def _planned(
    fractions: tuple[float, ...],
    alpha: float,
    spending: str,
    gamma: float | None,
    alphas: tuple[float, ...] | None,
) -> Plan:
    return boundaries(fractions, alpha, spending, gamma=gamma, alphas=alphas)  # type: ignore[arg-type]  # checked there


def at_look(registration: Registration, look: int, days: Sequence[float]) -> Plan:
    """The plan as it stands at `look` (from 1), whose looks so far were held on `days`.

    As planned when every look was held on its day; otherwise the boundaries are computed again from the
    information there was, and a last look spends what is left.
    """
    plan = planned(registration)
    if [float(day) for day in days] == [float(day) for day in registration.looks[:look]]:
        return plan
    last = look == len(registration.looks)
    whole = registration.looks[-1]
    return realised(plan, [day / whole for day in days], final=last)


def date_of(registration: Registration, day: float) -> dt.date | None:
    """The calendar date of a day of the experiment; None when the registration has no start."""
    start = registration.data.start
    return None if start is None else start + dt.timedelta(days=int(day) - 1)
