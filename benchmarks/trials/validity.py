"""How often sound data are called broken."""

import numpy as np

from bot.stats.cohort import Claim, judge_cohorts
from bot.stats.guardrail import Status, Threshold
from bot.stats.heterogeneity import Heterogeneity, heterogeneity
from bot.stats.sequential import critical_z, type1_error
from bot.stats.srm import THRESHOLD, Srm, mix_p, srm, srm_anytime

from .draws import effects, normal_looks
from .tally import Tally, Trial, tally

PER_DAY = 5000
ALL = PER_DAY * np.arange(1, 15)


def sample_ratio(rng: np.random.Generator, replications: int) -> list[Tally]:
    """The chi-square at .001 checked at 4 looks and on each of 14 days, ten times the replications."""
    count = 10 * replications
    day = rng.binomial(PER_DAY, 0.5, (count, 14)).cumsum(axis=1)
    found = []
    for name, days in (("4 looks", [4, 7, 11, 14]), ("14 days", list(range(1, 15)))):
        broken = np.zeros(count, dtype=bool)
        for k in days:
            broken |= _broken(k * PER_DAY - day[:, k - 1], day[:, k - 1])
        nominal = type1_error([critical_z(THRESHOLD)] * len(days), [k / 14 for k in days])
        found.append(tally(f"sample ratio checked at {name} at .001", nominal, broken))
    shown = day[:replications]
    history = [
        list(zip(c, t, strict=True)) for c, t in zip((ALL - shown).tolist(), shown.tolist(), strict=True)
    ]
    anytime = np.array([srm_anytime(days) <= THRESHOLD for days in history])
    return [*found, tally("sample ratio, anytime-valid, on 14 days", THRESHOLD, anytime, "<=")]


def _broken(control: np.ndarray, treatment: np.ndarray) -> np.ndarray:
    """Equal splits have equal p, so each is asked once."""
    sizes, where = np.unique(np.stack([control, treatment]), axis=1, return_inverse=True)
    asked = [srm(c, t) for c, t in sizes.T.tolist()]
    assert all(isinstance(one, Srm) for one in asked)
    return np.array([not one.ok for one in asked])[where.ravel()]


def cohorts(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Equal cohort mixes called different, and equal effects called heterogeneous, at .05."""
    mixes = rng.multinomial(10_000, [0.55, 0.30, 0.15], (2, replications))
    mixed = np.array([mix_p(c, t) for c, t in zip(*mixes.tolist(), strict=True)]) < 0.05
    variances = np.array([0.5, 1.0, 2.0, 4.0, 1.5, 0.8])
    estimates = rng.normal(0.1, np.sqrt(variances), (replications, 6))
    tests = [heterogeneity(one, variances) for one in estimates]
    assert all(isinstance(one, Heterogeneity) for one in tests)
    return [
        tally("cohort mix called different at .05", 0.05, mixed),
        *_floors(rng, replications),
        tally(
            "equal cohort effects called heterogeneous at .05",
            0.05,
            np.array([one.p < 0.05 for one in tests]),
        ),
    ]


def _floors(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Six disjoint cohorts, no effect in any: some cohort vetoes. Harm is one-sided, so half of alpha."""
    arms = [[normal_looks(rng, replications, [500], mean=10.0)[0] for _ in range(6)] for _ in range(2)]
    cohorts = [effects(c, t) for c, t in zip(*arms, strict=True)]
    floor, found = Threshold("max_relative_regression", 1e-9), []
    each = {"none": 1 - 0.975**6, "bonferroni": 1 - (1 - 0.025 / 6) ** 6, "holm": 1 - (1 - 0.025 / 6) ** 6}
    for correction, nominal in each.items():
        vetoed = []
        for group in zip(*cohorts, strict=True):
            claims = [Claim(effect, 500, 500.0) for effect in group]
            judged = judge_cohorts(claims, floor, min_adequacy=0.8, correction=correction)
            vetoed.append(any(one.judgement.status is Status.VETO for one in judged))
        found.append(tally(f"cohorts, {correction}: false veto by one of 6", nominal, np.array(vetoed)))
    return found


TRIALS: dict[str, Trial] = {"sample-ratio": sample_ratio, "cohorts": cohorts}
