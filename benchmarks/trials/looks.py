"""Type-I error and power of whole sequential experiments."""

import math

import numpy as np

from bot.stats.cuped import CupedEffect, cuped_effect, cuped_ratio_effect
from bot.stats.effect import ratio_effect
from bot.stats.futility import Futility
from bot.stats.plan_power import drift_for
from bot.stats.sequential import Plan, boundaries, is_futile, plan_exits, realised
from bot.stats.spending import Sided

from .draws import Array, batches, effects, normal_looks, samples, scores
from .tally import Tally, Trial, tally

LOOKS = (4 / 14, 7 / 14, 11 / 14, 1.0)
POWER = 0.8


def cuped_on_skewed_data(rng: np.random.Generator, replications: int) -> list[Tally]:
    """O'Brien-Fleming looks with CUPED; gamma or lognormal before and during; equal arms and one to four."""
    return [
        *_cuped(rng, replications, "gamma", (1000, 1000)),
        *_cuped(rng, replications, "lognormal", (1000, 1000)),
        *_cuped(rng, replications, "gamma, 20 % treated", (1600, 400)),
    ]


def _cuped(rng: np.random.Generator, replications: int, shape: str, users: tuple[int, int]) -> list[Tally]:
    plan = boundaries(LOOKS)
    up, down, uneven = (np.zeros(replications, dtype=bool) for _ in range(3))
    for part in batches(replications):
        arms = [_skewed(rng, shape, (part.stop - part.start, size)) for size in users]
        for fraction, bound in zip(plan.fractions, plan.z, strict=True):
            sides = [
                samples(*(column[:, : round(fraction * column.shape[1])] for column in arm)) for arm in arms
            ]
            found = [cuped_effect(*pair, "y", "x") for pair in zip(*sides, strict=True)]
            assert all(isinstance(one, CupedEffect) for one in found)
            z = np.array([one.effect.z for one in found])
            running = ~(up[part] | down[part])
            up[part] |= running & (z >= bound)
            down[part] |= running & (z <= -bound)
        uneven[part] = [one.balance_p < 0.05 for one in found]
    return [
        tally(f"CUPED, {shape}: type-I error over 4 looks", 0.05, up | down),
        tally(f"CUPED, {shape}: covariate called unbalanced at .05", 0.05, uneven),
    ]


def _skewed(rng: np.random.Generator, shape: str, size: tuple[int, int]) -> tuple[Array, Array]:
    if shape == "lognormal":
        before = rng.lognormal(0.0, 0.8, size)
        return before * rng.lognormal(0.0, 0.4, size), before
    before = rng.gamma(1.5, 1.0, size)
    return 0.7 * before + rng.gamma(1.0, 1.0, size), before


def ratios(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Clicks over turns, users as units, turns and taste varying between users, 1,000 users an arm."""
    plan = boundaries(LOOKS)
    crossed, with_cuped = np.zeros(replications, dtype=bool), np.zeros(replications, dtype=bool)
    for part in batches(replications):
        arms = [_clicks(rng, (part.stop - part.start, 1000)) for _ in range(2)]
        for fraction, bound in zip(plan.fractions, plan.z, strict=True):
            sides = [samples(*(column[:, : round(1000 * fraction)] for column in arm)) for arm in arms]
            pairs = list(zip(*sides, strict=True))
            plain = [ratio_effect(*pair, "y", "x") for pair in pairs]
            adjusted = [cuped_ratio_effect(*pair, ("y", "x"), ("w", "v")) for pair in pairs]
            crossed[part] |= np.array([abs(one.z) >= bound for one in plain])
            with_cuped[part] |= np.array([abs(one.effect.z) >= bound for one in adjusted])
    return [
        tally("ratio metric: type-I error over 4 looks", 0.05, crossed),
        tally("ratio metric with CUPED: type-I error over 4 looks", 0.05, with_cuped),
    ]


def _clicks(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Array, ...]:
    """Clicks and turns during, clicks and turns before."""
    taste = rng.beta(3.0, 7.0, size)
    turns, before = (rng.poisson(4.0, size) + 1 for _ in range(2))
    columns = rng.binomial(turns, taste), turns, rng.binomial(before, taste), before
    return tuple(column.astype(np.float64) for column in columns)


def rules(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Every spending rule on the same A/A experiments, and its power where the effect is the planned one."""
    plans = {
        "O'Brien-Fleming": boundaries(LOOKS),
        "Pocock": boundaries(LOOKS, 0.05, "pocock"),
        "Hwang-Shih-DeCani -4": boundaries(LOOKS, 0.05, "hwang-shih-decani", gamma=-4.0),
        "exact O'Brien-Fleming": boundaries(LOOKS, 0.05, "exact-obrien-fleming"),
        "exact Pocock": boundaries(LOOKS, 0.05, "exact-pocock"),
        "Haybittle-Peto, z 3": boundaries(LOOKS, 0.05, "haybittle-peto"),
        "nominal .0001 .001 .01 .05": boundaries(LOOKS, 0.05, "nominal", alphas=[1e-4, 1e-3, 1e-2, 5e-2]),
        "peeking at .05": boundaries(LOOKS, 0.05, "none"),
    }
    null = _scores(rng, replications, 0.0)
    found = []
    for name, plan in plans.items():
        nominal = plan.type1_error if plan.spending.rule in ("nominal", "none") else 0.05
        found.append(tally(f"{name}: type-I error over 4 looks", nominal, _crossed(plan, null)))
    plan = plans["O'Brien-Fleming"]
    shown = _scores(rng, replications, drift_for(plan, POWER))
    up = (shown >= np.array(plan.z)).any(axis=1)
    return [*found, tally("O'Brien-Fleming: power at the planned effect", POWER, up)]


def _crossed(plan: Plan, z: Array) -> np.ndarray:
    return (np.abs(z) >= np.array(plan.z)).any(axis=1)


def one_sided(rng: np.random.Generator, replications: int) -> list[Tally]:
    """One-sided plans, and futility that is obeyed or ignored."""
    null, found = _scores(rng, replications, 0.0), []
    rule = {"alpha": 0.025, "sided": 1}
    plain = {
        "O'Brien-Fleming": boundaries(LOOKS, **rule),
        "Pocock": boundaries(LOOKS, spending="pocock", **rule),
        "exact Pocock": boundaries(LOOKS, spending="exact-pocock", **rule),
        "Haybittle-Peto": boundaries(LOOKS, spending="haybittle-peto", **rule),
    }
    for name, plan in plain.items():
        found.append(tally(f"one-sided {name}: type-I error", 0.025, _outcome(plan, null)[0]))
    return [*found, *_futility(rng, null, 1), *_futility(rng, null, 2)]


def _futility(rng: np.random.Generator, null: Array, sided: Sided) -> list[Tally]:
    """Beta spending beside O'Brien-Fleming efficacy: errors of both kinds."""
    found, alpha = [], 0.025 * sided
    for binding in (False, True):
        rule = Futility("obrien-fleming", 1 - POWER, binding=binding)
        plan = boundaries(LOOKS, alpha, sided=sided, futility=rule)
        name = f"{'binding' if binding else 'non-binding'} futility, {'one' if sided == 1 else 'two'}-sided"
        if not binding:
            ignored = _crossed(plan, null) if sided == 2 else (null >= np.array(plan.z)).any(axis=1)
            found.append(tally(f"{name}: type-I error when ignored", alpha, ignored))
        obeyed = _outcome(plan, null)
        # Futility takes from the type-I error what it stops; where it binds the upper half is bought back.
        nominal = math.fsum(one.up + one.down for one in plan_exits(plan, 0.0))
        found.append(tally(f"{name}: type-I error when obeyed", nominal, obeyed[0] | obeyed[1]))
        if binding:
            found.append(tally(f"{name}: upwards", 0.025, obeyed[0]))
        real = _scores(rng, len(null), plan.futility.drift)
        found.append(tally(f"{name}: power", POWER, _outcome(plan, real)[0]))
    return found


def _outcome(plan: Plan, z: Array) -> tuple[np.ndarray, np.ndarray]:
    """Who stops above and who below the efficacy bounds, futility obeyed."""
    up, down, running = (np.full(len(z), value) for value in (False, False, True))
    for k, bound in enumerate(plan.z):
        above = running & (z[:, k] >= bound)
        below = running & (z[:, k] <= -bound) if plan.sided == 2 else np.zeros(len(z), dtype=bool)
        futile = np.array([is_futile(plan, k, one) for one in z[:, k].tolist()])
        up, down, running = up | above, down | below, running & ~(above | below | futile)
    return up, down


def _scores(rng: np.random.Generator, replications: int, drift: float, last: int = 2000) -> Array:
    """Z at the four looks of two arms of normal units; drift is the expected Z at the last look."""
    sizes = [round(last * t) for t in LOOKS]
    control = normal_looks(rng, replications, sizes)
    treatment = normal_looks(rng, replications, sizes, mean=drift * math.sqrt(2 / last))
    return scores([effects(c, t) for c, t in zip(control, treatment, strict=True)])


def other_days(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Looks at other times than planned: on other days, with a peek between, or counted in units."""
    late = _held(rng, replications, [[4, 8, 10, 14]])
    peek = _held(rng, replications, [[4, 5, 7, 11, 14]])
    units = _held(rng, replications, [_arrivals(rng) for _ in range(min(400, replications))])
    return [
        tally("looks on days 4, 8, 10 instead of 4, 7, 11: type-I error", 0.05, late),
        tally("a peek on day 5 besides: type-I error", 0.05, peek),
        tally("looks when units came at any rate: type-I error", 0.05, units),
    ]


def _arrivals(rng: np.random.Generator) -> list[float]:
    """Days' worth of planned units at four looks, had traffic been uneven; also less or more in all."""
    return np.cumsum(rng.uniform(1.0, 6.0, 4)).tolist()


def _held(rng: np.random.Generator, replications: int, schedules: list[list[float]]) -> np.ndarray:
    """Whether each A/A experiment crosses, replications dealt over the schedules (days of 14 a plan has).

    At each look the boundary is computed again from the information so far, as a look does.
    """
    planned, crossed = boundaries(LOOKS), []
    for schedule in schedules:
        held = [day / 14 for day in schedule]
        sizes = [round(2800 * t) for t in held]
        count = math.ceil(replications / len(schedules))
        arms = [normal_looks(rng, count, sizes) for _ in range(2)]
        z = scores([effects(c, t) for c, t in zip(*arms, strict=True)])
        bounds = [realised(planned, held[:k], final=k == len(held)).z[k - 1] for k in range(1, len(held) + 1)]
        crossed.append((np.abs(z) >= np.array(bounds)).any(axis=1))
    return np.concatenate(crossed)[:replications]


TRIALS: dict[str, Trial] = {
    "cuped": cuped_on_skewed_data,
    "ratio": ratios,
    "rules": rules,
    "one-sided": one_sided,
    "other-days": other_days,
}
