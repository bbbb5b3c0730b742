"""Where the looks of a plan stop, found by one forward pass over them.

All Z lie in the declared direction: up is the wanted way. A look stops above its efficacy bound; a two-sided
plan stops below minus that too; with futility a look also stops below its futility bound, the floor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from bot.stats.root import find_root
from bot.stats.spending import Sided
from bot.stats.walk import Walk

NEVER = 1e-15
"""A look that would spend less than this cannot cross; its share is spent at the next one."""


@dataclass(frozen=True)
class Ask:
    """What a look asks: a Z as given, or the one at which `spent` has been spent by then, over both sides."""

    z: float | None = None
    spent: float = 0.0


@dataclass(frozen=True)
class Loss:
    """Futility to be found along the way.

    by: power lost by each look, cumulative; drift: expected Z at information 1 under which it is lost.
    binding: whether the efficacy bounds count on it.
    """

    by: tuple[float, ...]
    drift: float
    binding: bool


@dataclass(frozen=True)
class Bounds:
    """z: efficacy; floor: futility, -inf where none, met with z at the last look; () without futility.

    lost: power lost by each look, cumulative; () without futility.
    """

    z: tuple[float, ...]
    floor: tuple[float, ...] = ()
    lost: tuple[float, ...] = ()


@dataclass(frozen=True)
class Exit:
    """The probabilities of stopping at one look: below the mirrored efficacy bound, futile, above."""

    down: float
    futile: float
    up: float


def solve(
    times: Sequence[float],
    asks: Sequence[Ask],
    sided: Sided,
    *,
    loss: Loss | None = None,
    floor: Sequence[float] = (),
) -> Bounds:
    """The bounds of looks at `times`, one after the other.

    (Lan & DeMets 1983; Pampallona, Tsiatis & Kim 2001.) floor: bounds below which paths have stopped already,
    instead of `loss`.
    """
    last = len(times) - 1
    null, real = Walk.start(), Walk.start(loss.drift if loss else 0.0)
    counted = bool(floor) or (loss is not None and loss.binding)
    searched = any(ask.z is None for ask in asks)
    spent = given_up = 0.0
    z: list[float] = []
    futile: list[float] = []
    lost: list[float] = []
    for k, (t, ask) in enumerate(zip(times, asks, strict=True)):
        bound = _efficacy(null, t, ask, spent, sided, least=0.0 if counted or sided == 2 else -9.0)
        z.append(bound)
        under = floor[k] if floor else -math.inf
        mirrored = -bound if sided == 2 else -math.inf
        if loss is not None:
            under = bound if k == last else _futility(real, t, loss.by[k] - given_up, bound, mirrored)
            given_up += real.below(t, max(under, mirrored))
            futile.append(under)
            lost.append(given_up)
        if searched and math.isfinite(bound):
            spent += sided * null.above(t, bound)
        if k == last:
            break
        if searched:
            null = null.through(t, max(under, mirrored) if counted else mirrored, bound, times[k + 1])
        if loss is not None:
            real = real.through(t, max(under, mirrored), bound, times[k + 1])
    return Bounds(tuple(z), tuple(futile), tuple(lost))


def exits(
    z: Sequence[float],
    times: Sequence[float],
    *,
    drift: float = 0.0,
    sided: Sided = 2,
    floor: Sequence[float] = (),
    since: Walk | None = None,
) -> tuple[Exit, ...]:
    """Where an experiment stops. since: what went before, instead of the beginning and of `drift`."""
    walk = Walk.start(drift) if since is None else since
    found: list[Exit] = []
    for k, (t, bound) in enumerate(zip(times, z, strict=True)):
        mirrored = -bound if sided == 2 else -math.inf
        under = max(floor[k], mirrored) if floor else mirrored
        down = walk.below(t, mirrored)
        futile = walk.below(t, under) - down if under > mirrored else 0.0
        found.append(Exit(down, futile, walk.above(t, bound)))
        if k + 1 < len(times):
            walk = walk.through(t, under, bound, times[k + 1])
    return tuple(found)


def critical(p: float, sided: Sided = 2) -> float:
    """The Z whose p-value is p; inf for 0."""
    return math.inf if p <= 0 else -float(special.ndtri(p / sided))


def _efficacy(walk: Walk, time: float, ask: Ask, spent: float, sided: Sided, *, least: float) -> float:
    """The z with probability `ask.spent - spent` beyond it at `time`, of the paths still running.

    In a two-sided plan half of that lies above, also when binding futility leaves less of it below. It is not
    lower than `least`: where futility stops so many that not all of alpha can be spent, the rest is not.
    """
    if ask.z is not None:
        return ask.z
    increment = ask.spent - spent
    if increment < NEVER:
        return math.inf
    if walk.time == 0:
        return critical(increment, sided)

    if sided * walk.above(time, least) <= increment:
        return least
    goal = math.log(increment / sided)
    return find_root(lambda b: math.log(max(walk.above(time, b), 1e-300)) - goal, least, 9.0)


def _futility(walk: Walk, time: float, share: float, z: float, mirrored: float) -> float:
    """The bound below which `share` of the paths still running lie at `time`; not above z, -inf for none.

    Where the mirrored efficacy bound stops that many already, futility stops none.
    """
    if share < NEVER or walk.below(time, mirrored) >= share:
        return -math.inf
    if walk.below(time, z) <= share:
        return z
    began, score = walk.origin
    centre = score + walk.drift * (time - began)
    # Without any stopping this many lie below; of those still running fewer do.
    low = (centre + float(special.ndtri(share)) * math.sqrt(time - began)) / math.sqrt(time)
    if walk.time == began:
        return low
    high = min(z, (centre + 9 * math.sqrt(time - began)) / math.sqrt(time))
    goal = math.log(share)
    return find_root(lambda b: math.log(max(walk.below(time, b), 1e-300)) - goal, low - 1e-6, high)
