"""A whole look at raw rows against numpy and scipy: nothing of the product computes the expected figures."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from bot.core.analysis import analyse
from bot.core.look_json import look_json
from bot.core.registration import Registration, load
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS, DAYS, LOOK_DAY = 3000, 4, 3
LOCALES, TENURES = ("en", "jp", "mixed"), ("new", "old")
Array = npt.NDArray[np.float64]
Figures = dict[str, Any]


def rows() -> dict[str, npt.NDArray[Any]]:
    """Two rows a user, on the day they entered and on the next; a tenth of the scores is missing."""
    rng = np.random.default_rng(314)
    treated = rng.random(UNITS) < 0.4
    day = rng.integers(1, DAYS + 1, UNITS)
    before = rng.gamma(4, 0.05, UNITS)
    user = np.repeat(np.arange(UNITS), 2)
    lift = np.where(treated, 1.08, 1.0)[user]
    score = (0.8 * before[user] + rng.gamma(2, 0.03, 2 * UNITS)) * lift
    score[rng.random(2 * UNITS) < 0.1] = np.nan
    turns = rng.poisson(4, 2 * UNITS) + 1.0
    return {
        "user": user,
        "day": np.column_stack([day, day + 1]).ravel(),
        "arm": np.where(treated, "t", "c")[user],
        "locale": rng.choice(LOCALES, UNITS, p=[0.5, 0.3, 0.2])[user],
        "tenure": rng.choice(TENURES, UNITS)[user],
        "score": score,
        "before": before[user],
        "useful": rng.binomial(turns.astype(int), 0.6).astype(float),
        "turns": turns,
        "bought": (rng.random(2 * UNITS) < 0.1).astype(float),
        "latency": rng.lognormal(5, 0.4, 2 * UNITS) * np.repeat(rng.lognormal(0, 0.2, UNITS), 2),
        "stars": 1e6 + rng.normal(4, 1, 2 * UNITS),
    }


def registration() -> Registration:
    """Allocation 40 %; every kind of metric; two cohort dimensions."""
    return load(
        {
            "id": "independent",
            "arms": {"control": "c", "treatment": "t"},
            "allocation": 0.4,
            "horizon_days": DAYS,
            "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"},
            "metrics": {
                "score": {"kind": "mean", "column": "score", "covariate": "before"},
                "useful": {"kind": "ratio", "numerator": "useful", "denominator": "turns"},
                "bought": {"kind": "proportion", "column": "bought"},
                "latency": {"kind": "quantile", "q": 0.95, "column": "latency"},
                "stars": {"kind": "mean", "column": "stars"},
            },
            "primary": {"metric": "score", "baseline": 0.22, "sd": 0.09, "mde": {"relative": 0.05}},
            "sequential": {"looks": [LOOK_DAY, DAYS]},
            "guardrails": [
                {"metric": "useful", "max_relative_regression": 0.05},
                {"metric": "bought", "max_relative_increase": 0.5},
                {"metric": "stars", "min": 1},
                {"metric": "latency", "max": 1000},
            ],
            "cohorts": {
                "dimensions": {"locale": list(LOCALES), "tenure": list(TENURES)},
                "max_relative_regression": 0.03,
            },
        }
    )


@pytest.fixture(scope="module")
def data() -> dict[str, npt.NDArray[Any]]:
    """The rows of the days seen."""
    return rows()


@pytest.fixture(scope="module")
def found(data: dict[str, npt.NDArray[Any]], tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """The JSON of look 1."""
    folder: Path = tmp_path_factory.mktemp("rows")
    pq.write_table(pa.table(data), folder / "rows.parquet")
    plan = registration()
    seen = observe(plan, day=LOOK_DAY, sources={}, root=folder)
    return look_json(analyse(plan, "0" * 64, seen, look=1))


class Users:
    """Per user figures by loops over numpy groups."""

    def __init__(self, data: dict[str, npt.NDArray[Any]]) -> None:
        inside = data["day"] <= LOOK_DAY
        kept = {name: column[inside] for name, column in data.items()}
        self.ids, first, self.at = np.unique(kept["user"], return_index=True, return_inverse=True)
        self.treated = kept["arm"][first] == "t"
        self.cohort = {name: kept[name][first] for name in ("locale", "tenure")}
        self.before = kept["before"][first]
        known = ~np.isnan(kept["score"])
        with np.errstate(invalid="ignore"):
            self.score = self._sum(np.where(known, kept["score"], 0)) / self._sum(known.astype(float))
        self.useful, self.turns = self._sum(kept["useful"]), self._sum(kept["turns"])
        self.bought = (self._sum(kept["bought"]) > 0).astype(float)
        self.stars = self._sum(kept["stars"] - 1e6) / self._sum(np.ones(inside.sum()))
        self.latency = kept["latency"]

    def _sum(self, values: Array) -> Array:
        return np.bincount(self.at, weights=values, minlength=len(self.ids))


@pytest.fixture(scope="module")
def users(data: dict[str, npt.NDArray[Any]]) -> Users:
    """The users of the first three days."""
    return Users(data)


def welch(control: Array, treatment: Array, offset: float = 0.0) -> Figures:
    """scipy's Welch test, and the delta method's interval of the ratio of both means, with df of the test."""
    test = stats.ttest_ind(treatment, control, equal_var=False)
    m_c, m_t = control.mean() + offset, treatment.mean() + offset
    v_c, v_t = control.var(ddof=1) / len(control), treatment.var(ddof=1) / len(treatment)
    half = stats.t.ppf(0.975, test.df) * np.sqrt(v_t / m_c**2 + m_t**2 * v_c / m_c**4)
    rel = m_t / m_c - 1
    return {"effect_rel": rel, "ci_rel": [rel - half, rel + half], "p": test.pvalue, "se": np.sqrt(v_c + v_t)}


def cuped(users: Users, chosen: npt.NDArray[np.bool_]) -> Figures:
    """ANCOVA's slope within the arms, then Welch on what is left."""
    chosen = chosen & ~np.isnan(users.score)
    arms = [chosen & ~users.treated, chosen & users.treated]
    covariances = [np.cov(users.score[arm], users.before[arm]) * (arm.sum() - 1) for arm in arms]
    theta = sum(c[0, 1] for c in covariances) / sum(c[1, 1] for c in covariances)
    centre = users.before[chosen].mean()
    control, treatment = (users.score[arm] - theta * (users.before[arm] - centre) for arm in arms)
    plain = welch(users.score[arms[0]], users.score[arms[1]])
    adjusted = welch(control, treatment)
    saved = 1 - (adjusted["se"] / plain["se"]) ** 2
    sizes = [int(arm.sum()) for arm in arms]
    return adjusted | {"theta": theta, "saved": saved, "sizes": sizes, "plain": plain["effect_rel"]}


def same(one: Figures, expected: Figures, rel: float = 1e-8) -> None:
    """Effect, interval and p agree."""
    assert one["effect_rel"] == pytest.approx(expected["effect_rel"], rel=rel)
    assert one["ci_rel"] == pytest.approx(expected["ci_rel"], rel=rel)
    assert one["p"] == pytest.approx(expected["p"], rel=1e-6)


def test_the_primary_is_cuped_on_users(found: Figures, users: Users) -> None:
    """Means over days, theta, the variance saved, the z of the t."""
    expected = cuped(users, np.ones(len(users.ids), dtype=bool))
    primary = found["primary"]
    same(primary, expected)
    assert primary["cuped"]["theta"] == pytest.approx(expected["theta"], rel=1e-9)
    assert primary["cuped"]["variance_reduction"] == pytest.approx(expected["saved"], rel=1e-9)
    assert abs(primary["z"]) == pytest.approx(-stats.norm.ppf(expected["p"] / 2), rel=1e-9)
    assert [primary[arm]["n"] for arm in ("control", "treatment")] == expected["sizes"]
    assert primary["treatment"]["mean"] == pytest.approx(np.nanmean(users.score[users.treated]))


def test_the_split_is_tested_by_chi_square(found: Figures, users: Users) -> None:
    """Against the planned 40 %."""
    n, treated = len(users.ids), int(users.treated.sum())
    assert found["srm"]["p"] == pytest.approx(
        stats.chisquare([n - treated, treated], [0.6 * n, 0.4 * n]).pvalue
    )
    assert (found["srm"]["n_control"], found["srm"]["n_treatment"]) == (n - treated, treated)


def test_guardrails_of_every_kind(found: Figures, users: Users) -> None:
    """A ratio by linearised users, a proportion of ever-buyers, a mean of 1e6 with an sd of 1."""
    one = {each["metric"]: each for each in found["guardrails"]}
    arms = [~users.treated, users.treated]
    ratios = [users.useful[arm].sum() / users.turns[arm].sum() for arm in arms]
    lines = [
        ratio + (users.useful[arm] - ratio * users.turns[arm]) / users.turns[arm].mean()
        for arm, ratio in zip(arms, ratios, strict=True)
    ]
    same(one["useful"], welch(*lines))
    same(one["bought"], welch(*(users.bought[arm] for arm in arms)))
    same(one["stars"], welch(*(users.stars[arm] for arm in arms), offset=1e6), rel=1e-5)
    assert one["stars"]["measured"] == pytest.approx(1e6 + users.stars[users.treated].mean(), rel=1e-12)


def test_the_p95_and_its_interval_are_those_of_a_bootstrap_of_users(found: Figures, users: Users) -> None:
    """Rows of a user stay together; 400 draws of users leave a tenth to chance."""
    (one,) = (each for each in found["guardrails"] if each["metric"] == "latency")
    treated = users.treated[users.at]
    assert one["measured"] == pytest.approx(np.quantile(users.latency[treated], 0.95), rel=1e-12)
    rng = np.random.default_rng(1)
    latency, owner = users.latency[treated], np.unique(users.at[treated], return_inverse=True)[1]
    rows_of = [np.flatnonzero(owner == user) for user in range(owner.max() + 1)]
    draws = []
    for _ in range(400):
        drawn = rng.integers(0, len(rows_of), len(rows_of))
        draws.append(np.quantile(latency[np.concatenate([rows_of[user] for user in drawn])], 0.95))
    half = (one["interval"][1] - one["interval"][0]) / 2
    assert half == pytest.approx(1.96 * float(np.std(draws)), rel=0.12)


def test_the_cohort_table_and_what_it_adds_up_to(found: Figures, users: Users) -> None:
    """Every marginal and crossing; adequacy; Cochran's Q and I2 over the crossings; the mix shift."""
    names = [f"locale={v}" for v in LOCALES] + [f"tenure={v}" for v in TENURES]
    names += [f"locale={a},tenure={b}" for a, b in product(LOCALES, TENURES)]
    assert [one["cohort"] for one in found["cohorts"]] == names
    estimates, weights, cells = [], [], []
    for one in found["cohorts"]:
        chosen = np.ones(len(users.ids), dtype=bool)
        for part in one["cohort"].split(","):
            dimension, value = part.split("=")
            chosen &= users.cohort[dimension] == value
        expected = cuped(users, chosen)
        same(one, expected)
        assert one["share"] == pytest.approx(chosen.mean())
        assert one["n"] == sum(expected["sizes"])
        if "," in one["cohort"]:
            low, high = expected["ci_rel"]
            estimates.append(expected["effect_rel"])
            weights.append(1 / _variance(users, chosen))
            cells.append(chosen)
            assert low < high
    y, w = np.array(estimates), np.array(weights)
    q = float((w * (y - (w @ y) / w.sum()) ** 2).sum())
    heterogeneity = found["heterogeneity"]
    assert heterogeneity["q"] == pytest.approx(q, rel=1e-8)
    assert heterogeneity["p"] == pytest.approx(stats.chi2.sf(q, len(y) - 1), rel=1e-8)
    assert heterogeneity["i2"] == pytest.approx(max(0.0, (q - len(y) + 1) / q), abs=1e-9)
    _adds_up(found["reconciliation"], users, cells)


def _variance(users: Users, chosen: npt.NDArray[np.bool_]) -> float:
    """Of a cohort's relative effect: its interval's half width over the t quantile, squared."""
    figures = cuped(users, chosen)
    chosen = chosen & ~np.isnan(users.score)
    sizes = figures["sizes"]
    arms = [chosen & ~users.treated, chosen & users.treated]
    centre = users.before[chosen].mean()
    left = [users.score[arm] - figures["theta"] * (users.before[arm] - centre) for arm in arms]
    v = [x.var(ddof=1) / n for x, n in zip(left, sizes, strict=True)]
    m = [x.mean() for x in left]
    return float(v[1] / m[0] ** 2 + m[1] ** 2 * v[0] / m[0] ** 4)


def _adds_up(one: Figures, users: Users, cells: list[npt.NDArray[np.bool_]]) -> None:
    known = ~np.isnan(users.score)
    arms = [known & ~users.treated, known & users.treated]
    shares = [np.array([(arm & cell).sum() / arm.sum() for cell in cells]) for arm in arms]
    means = [np.array([users.score[arm & cell].mean() for cell in cells]) for arm in arms]
    control = float(shares[0] @ means[0])
    within = float((shares[0] + shares[1]) / 2 @ (means[1] - means[0])) / control
    shift = float((shares[1] - shares[0]) @ (means[1] + means[0]) / 2) / control
    assert one["cohort_weighted_rel"] == pytest.approx(within, rel=1e-9)
    assert one["mix_shift"] == pytest.approx(shift, rel=1e-6)
    assert one["aggregate_rel"] == pytest.approx(float(shares[1] @ means[1]) / control - 1, rel=1e-9)


def test_adequacy_is_the_arms_harmonic_mean_over_the_units_needed(found: Figures, users: Users) -> None:
    """n per arm of the t-test by statsmodels' formula, with the inflation of two looks at 3/4 and 1."""
    from statsmodels.stats.power import TTestIndPower

    fixed = TTestIndPower().solve_power(0.05 * 0.22 / 0.09, alpha=0.05, power=0.8)
    (one,) = (each for each in found["cohorts"] if each["cohort"] == "locale=en")
    sizes = cuped(users, users.cohort["locale"] == "en")["sizes"]
    assert fixed < stats.hmean(sizes) / one["adequacy"] < 1.05 * fixed


def test_the_post_stratified_effect_weighs_the_cells_by_their_units(found: Figures, users: Users) -> None:
    """CUPED within each crossing, both arms weighted by the cell's share of all units; normal for so many."""
    means, variances = np.zeros(2), np.zeros(2)
    for locale, tenure in product(LOCALES, TENURES):
        cell = (users.cohort["locale"] == locale) & (users.cohort["tenure"] == tenure)
        known = cell & ~np.isnan(users.score)
        theta, centre = cuped(users, cell)["theta"], users.before[known].mean()
        for side, arm in enumerate((known & ~users.treated, known & users.treated)):
            left = users.score[arm] - theta * (users.before[arm] - centre)
            means[side] += cell.mean() * left.mean()
            variances[side] += cell.mean() ** 2 * left.var(ddof=1) / len(left)
    one = found["post_stratified"]
    assert (one["shares"], one["over"]) == ("observed", ["locale", "tenure"])
    assert one["effect_abs"] == pytest.approx(means[1] - means[0], rel=1e-9)
    z = (means[1] - means[0]) / np.sqrt(variances.sum())
    assert one["p"] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=0.05)


def test_the_anytime_p_of_the_split_is_the_beta_binomials(found: Figures, users: Users) -> None:
    """scipy's own mixture over its binomial, at each day so far: the strongest evidence counts."""
    size, treated = len(users.ids), int(users.treated.sum())
    beta = stats.betabinom.logpmf(treated, size, 4000, 6000) - stats.binom.logpmf(treated, size, 0.4)
    assert found["srm"]["anytime_p"] <= min(1.0, float(np.exp(-beta))) + 1e-9
    assert 0 < found["srm"]["anytime_p"] <= 1
