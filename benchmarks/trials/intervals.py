"""Coverage of intervals, and whether estimates lie on the right side as often as they should."""

import math

import numpy as np
from scipy import special

from bot.stats.adjusted import Adjusted, adjusted, repeated
from bot.stats.cohort import post_stratified
from bot.stats.effect import Effect, Interval, proportion_effect, ratio_effect
from bot.stats.futility import Futility
from bot.stats.plan_power import drift_for
from bot.stats.quantile import OuterLevels, QuantileSummary, outer_levels, quantile_effect
from bot.stats.sample import Sample
from bot.stats.sequential import Plan, boundaries
from bot.stats.undecided import Undecided

from .draws import Array, batches, effects, normal_looks, samples, scores, stops
from .looks import LOOKS, POWER
from .tally import Tally, Trial, tally


def _inside(interval: Interval | Undecided, truth: float) -> bool:
    return not isinstance(interval, Undecided) and interval[0] <= truth <= interval[1]


def stopped(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Estimate and interval after stopping, stage-wise: no effect, the planned effect, Pocock's looks."""
    plan = boundaries(LOOKS)
    pocock = boundaries([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, "pocock")
    return [
        *_stopped(rng, replications, plan, 0.0, "no effect"),
        *_stopped(rng, replications, plan, drift_for(plan, POWER), "planned effect"),
        *_stopped(rng, replications, pocock, drift_for(pocock, POWER), "Pocock at 5 looks"),
    ]


def _stopped(rng: np.random.Generator, replications: int, plan: Plan, drift: float, name: str) -> list[Tally]:
    """`drift` is the expected Z at the last look of 2,000 units an arm around 10 with sd 1."""
    truth = drift * math.sqrt(2 / 2000)
    looks = _effects(rng, replications, plan, truth)
    at = stops(plan, scores(looks))
    found = [adjusted(plan, k, looks[k][i]) for i, k in enumerate(at.tolist())]
    assert all(isinstance(one, Adjusted) for one in found)
    naive = np.array([_inside(looks[k][i].ci_absolute, truth) for i, k in enumerate(at.tolist())])
    rows = [
        tally(
            f"stopped, {name}: interval above the truth",
            0.025,
            np.array([one.ci[0] > truth for one in found]),
        ),
        tally(
            f"stopped, {name}: interval below the truth",
            0.025,
            np.array([one.ci[1] < truth for one in found]),
        ),
        tally(
            f"stopped, {name}: relative interval holds it",
            0.95,
            np.array([_inside(one.ci_rel, truth / 10) for one in found]),
        ),
        tally(
            f"stopped, {name}: estimate below the truth",
            0.5,
            np.array([one.estimate < truth for one in found]),
        ),
    ]
    if drift == 0:
        rows.append(
            tally(
                f"stopped, {name}: adjusted p at most .05", 0.05, np.array([one.p <= 0.05 for one in found])
            )
        )
    print(f"  (stopped, {name}: the ordinary 95 % interval would have held the truth in {naive.mean():.2%})")
    return rows


def _effects(rng: np.random.Generator, replications: int, plan: Plan, truth: float) -> list[list[Effect]]:
    sizes = [round(2000 * t) for t in plan.fractions]
    control = normal_looks(rng, replications, sizes, mean=10.0)
    treatment = normal_looks(rng, replications, sizes, mean=10.0 + truth)
    return [effects(c, t) for c, t in zip(control, treatment, strict=True)]


def stopped_futile(rng: np.random.Generator, replications: int) -> list[Tally]:
    """The same with futility that is obeyed; where it does not bind no end misses oftener than it should."""
    found = []
    for binding, sided, share in ((True, 1, 1.0), (False, 1, 1.0), (False, 2, 1.0), (False, 2, 0.0)):
        rule = Futility("obrien-fleming", 1 - POWER, binding=binding)
        plan = boundaries(LOOKS, 0.025 * sided, sided=sided, futility=rule)
        drift = share * plan.futility.drift
        truth = drift * math.sqrt(2 / 2000)
        looks = _effects(rng, replications, plan, truth)
        every = [adjusted(plan, k, looks[k][i]) for i, k in enumerate(stops(plan, scores(looks)).tolist())]
        assert all(isinstance(one, Adjusted) for one in every)
        name = f"{'' if binding else 'non-'}binding futility, {sided}-sided, drift {drift:.1f}"
        above = np.array([one.ci[0] > truth for one in every])
        below = np.array([one.ci[1] < truth for one in every])
        under = np.array([one.estimate < truth for one in every])
        found += [
            tally(f"{name}: interval above", 0.025, above, "=" if binding else "<="),
            tally(f"{name}: interval below", 0.025, below, "=" if binding else "<="),
            tally(f"{name}: estimate below", 0.5, under),
        ]
    return found


def repeated_intervals(rng: np.random.Generator, replications: int) -> list[Tally]:
    """The intervals shown at every look hold the truth at all of them at once, stopping or not."""
    plan = boundaries(LOOKS, 0.05, "pocock")
    truth = drift_for(plan, POWER) * math.sqrt(2 / 2000)
    looks = _effects(rng, replications, plan, truth)
    level = [plan.nominal_p[k] for k in range(len(LOOKS))]
    held = np.ones(replications, dtype=bool)
    for k, look in enumerate(looks):
        held &= np.array([_inside(one.at(level[k]).ci_absolute, truth) for one in look])
    # `repeated` computes a p besides, which takes long: on a tenth, that it returns this interval.
    for k, look in enumerate(looks):
        for one in look[: max(1, replications // 1000)]:
            found = repeated(plan, k, one)
            assert isinstance(found, Adjusted)
            assert found.ci == one.at(level[k]).ci_absolute
    return [tally("repeated intervals, Pocock: all four hold the truth", 0.95, held)]


def relative(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Relative effects of means (delta), near a control mean of zero (Fieller), of ratios and of shares."""
    found = []
    for name, mean, method in (("delta", 2.0, "delta"), ("Fieller, control 6 se from 0", 0.27, "fieller")):
        sizes = [500]
        control = normal_looks(rng, replications, sizes, mean=mean)[0]
        treatment = normal_looks(rng, replications, sizes, mean=1.2 * mean, sd=1.3)[0]
        every = effects(control, treatment)
        assert sum(one.relative_method == method for one in every) > 0.95 * replications
        held = np.array([_inside(one.ci_relative, 0.2) for one in every])
        found.append(tally(f"relative effect, {name}: interval", 0.95, held))
    return [*found, *_ratios(rng, replications), *_shares(rng, replications)]


def _ratios(rng: np.random.Generator, replications: int) -> list[Tally]:
    rates, arms = (0.30, 0.33), []
    for rate in rates:
        arm: list[Sample] = []
        for part in batches(replications):
            turns = rng.poisson(5, (part.stop - part.start, 600)) + 1
            clicks = rng.binomial(turns, rng.beta(20 * rate, 20 * (1 - rate), turns.shape))
            arm += samples(clicks.astype(float), turns.astype(float))
        arms.append(arm)
    every = [ratio_effect(c, t, "y", "x") for c, t in zip(*arms, strict=True)]
    truth = rates[1] - rates[0]
    absolute = np.array([_inside(one.ci_absolute, truth) for one in every])
    rel = np.array([_inside(one.ci_relative, truth / rates[0]) for one in every])
    return [
        tally("ratio metric: absolute interval", 0.95, absolute),
        tally("ratio metric: relative interval", 0.95, rel),
    ]


def _shares(rng: np.random.Generator, replications: int) -> list[Tally]:
    n, shares = 20_000, (0.10, 0.11)
    arms = []
    for share in shares:
        seen = rng.binomial(n, share, replications) / n
        arms.append([Sample.summary(n, p, p * (1 - p) * n / (n - 1), "y") for p in seen.tolist()])
    every = [proportion_effect(c, t, "y") for c, t in zip(*arms, strict=True)]
    held = np.array([_inside(one.ci_relative, 0.1) for one in every])
    return [tally("proportion, 10 % to 11 %: relative interval", 0.95, held)]


def unequal_arms(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Welch with 15 units against 60 and three times the spread: few units, normal data."""
    control = normal_looks(rng, replications, [60], mean=5.0)[0]
    treatment = normal_looks(rng, replications, [15], mean=5.0, sd=3.0)[0]
    held = np.array([_inside(one.ci_absolute, 0.0) for one in effects(control, treatment)])
    return [tally("Welch, 60 and 15 units, sd 1 and 3: interval", 0.95, held)]


Q, PACE, BETWEEN, WITHIN = 0.95, 0.3, 0.4, 0.5
"""Latency is exp(user + turn), user and turn normal with these sds; slower users take exp(PACE * user) as
many turns, so turns are no random sample and users differ: the case for users as units."""


def quantiles(rng: np.random.Generator, replications: int, users: int = 5000) -> list[Tally]:
    """The p95 of turns' latency, 5,000 users an arm with five turns each, no effect on it.

    The standard error is read off the turns between the outer levels, one or two hundred here, and is that
    rough: 94.7 % with 2,000 users (40,000 replications) and with 5,000. The outer interval itself is not.
    """
    held, outer, crossed, level = [], [], [], special.ndtri(Q)
    # The turns' users are the users tilted by their pace: normal with mean PACE * variance.
    truth = math.exp(PACE * BETWEEN**2 + level * math.hypot(BETWEEN, WITHIN))
    for _ in range(replications):
        arms = [_quantile_arm(rng, users) for _ in range(2)]
        effect = quantile_effect(*arms)
        assert isinstance(effect, Effect)
        crossed.append(effect.p < 0.05)
        arm = effect.control
        held.append(abs(arm.mean - truth) <= 1.959964 * math.sqrt(arm.variance))
        outer.append(arms[0].low <= truth <= arms[0].high)
    return [
        tally("p95 of turns by users: outer interval of one arm", 0.95, np.array(outer)),
        tally("p95 of turns by users: estimate and standard error", 0.95, np.array(held)),
        tally("p95 of turns by users: type-I error of the difference", 0.05, np.array(crossed)),
    ]


def _quantile_arm(rng: np.random.Generator, users: int) -> QuantileSummary:
    speed = rng.normal(0.0, BETWEEN, users)
    turns = rng.poisson(5.0 * np.exp(PACE * speed))
    turns_of = np.repeat(np.arange(users), turns)
    latency = np.exp(np.repeat(speed, turns) + rng.normal(0.0, WITHIN, len(turns_of)))
    ordered = np.sort(latency)
    value = _at(ordered, Q)
    below = np.bincount(turns_of[latency <= value], minlength=users)
    counts = samples(below[None].astype(float), turns[None].astype(float))[0]
    named = Sample(counts.n, ("below", "events"), counts.mean, counts.cov)
    levels = outer_levels(named, Q)
    assert isinstance(levels, OuterLevels)
    return QuantileSummary(value, named, levels, _at(ordered, levels.low), _at(ordered, levels.high))


def _at(ordered: Array, q: float) -> float:
    """The q-quantile of sorted values, interpolated as numpy and DuckDB's quantile_cont do."""
    place = q * (len(ordered) - 1)
    k = int(place)
    return float(ordered[k] + (place - k) * (ordered[min(k + 1, len(ordered) - 1)] - ordered[k]))


def post_stratification(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Three cohorts, each with its own effect, whose mix differs between the arms."""
    shares, means, lifts = (0.55, 0.30, 0.15), (1.0, 2.0, 4.0), (0.05, -0.02, 0.10)
    mixes = (1100, 600, 300), (1000, 700, 300)
    truth = math.fsum(w * d for w, d in zip(shares, lifts, strict=True))
    base = math.fsum(w * m for w, m in zip(shares, means, strict=True))
    cohorts = []
    for size_c, size_t, mean, lift in zip(*mixes, means, lifts, strict=True):
        control = normal_looks(rng, replications, [size_c], mean=mean)[0]
        cohorts.append(effects(control, normal_looks(rng, replications, [size_t], mean=mean + lift)[0]))
    every = [post_stratified(parts, shares) for parts in zip(*cohorts, strict=True)]
    assert all(isinstance(one, Effect) for one in every)
    inside = np.array([_inside(one.ci_absolute, truth) for one in every])
    relative_inside = np.array([_inside(one.ci_relative, truth / base) for one in every])
    return [
        tally("post-stratified effect: interval", 0.95, inside),
        tally("post-stratified effect: relative interval", 0.95, relative_inside),
        _few_that_weigh_much(rng, replications),
    ]


def _few_that_weigh_much(rng: np.random.Generator, replications: int) -> Tally:
    """Twelve units an arm stand for 90 % of the population, a hundred for the rest."""
    cohorts = []
    for size in (12, 100):
        arms = [normal_looks(rng, replications, [size], mean=5.0)[0] for _ in range(2)]
        cohorts.append(effects(*arms))
    every = [post_stratified(parts, (0.9, 0.1)) for parts in zip(*cohorts, strict=True)]
    inside = np.array([_inside(one.ci_absolute, 0.0) for one in every])
    return tally("post-stratified, 12 units weighing 90 %: interval", 0.95, inside)


TRIALS: dict[str, Trial] = {
    "stopped": stopped,
    "stopped-futile": stopped_futile,
    "repeated": repeated_intervals,
    "relative": relative,
    "welch": unequal_arms,
    "quantile": quantiles,
    "post-stratified": post_stratification,
}
