"""The looks of a plan as registered: days and boundaries."""

import datetime as dt
from functools import lru_cache

from bot.core.futility import declared
from bot.core.registration import Registration
from bot.stats.futility import Futility
from bot.stats.sequential import Direction, Plan, boundaries
from bot.stats.spending import Spending


def planned(registration: Registration) -> Plan:
    """The boundaries at the planned looks; time stands for information, the last look for all of it.

    Raises ValueError when the plan makes no sense; a checked registration does.
    """
    sequential = registration.sequential
    rule = Spending(
        sequential.spending,
        registration.alpha,
        sequential.gamma,
        None if sequential.alphas is None else tuple(sequential.alphas),
        sequential.interim_z,
        sequential.sided,
    )
    direction: Direction = 1 if registration.primary.direction == "increase" else -1
    return _planned(registration.fractions(), rule, direction, declared(registration))


@lru_cache(maxsize=64)
def _planned(
    fractions: tuple[float, ...], rule: Spending, direction: Direction, futility: Futility | None
) -> Plan:
    return boundaries(
        fractions,
        rule.alpha,
        rule.rule,
        gamma=rule.gamma,
        alphas=rule.alphas,
        interim_z=rule.interim_z,
        sided=rule.sided,
        direction=direction,
        futility=futility,
    )


def date_of(registration: Registration, day: float) -> dt.date | None:
    """The calendar date of a day of the experiment; None when the registration has no start."""
    start = registration.data.start
    return None if start is None else start + dt.timedelta(days=int(day) - 1)
