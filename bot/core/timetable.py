"""The looks of a plan as registered: days and boundaries."""

import datetime as dt
from functools import lru_cache

from bot.core.registration import Registration
from bot.stats.sequential import Plan, boundaries


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


def date_of(registration: Registration, day: float) -> dt.date | None:
    """The calendar date of a day of the experiment; None when the registration has no start."""
    start = registration.data.start
    return None if start is None else start + dt.timedelta(days=int(day) - 1)
