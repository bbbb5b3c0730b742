"""Quantiles of all and per cohort are those of the raw rows, and their errors those of the units."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import special

from bot.core.analysis import analyse
from bot.core.observation import SIDES, Observations, QuantileArm
from bot.core.registration import Registration, load
from bot.sources.samples import observe
from bot.stats.heterogeneity import Heterogeneity
from bot.stats.undecided import Undecided

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS, Q = 3000, 0.9
SLOW = {"kind": "quantile", "q": Q, "column": "ms", "covariate": "before"}
COHORTS = ["locale=en", "locale=jp", "tenure=new", "tenure=old"]
CROSSINGS = [f"locale={a},tenure={b}" for a in ("en", "jp") for b in ("new", "old")]


def registration(**changes: Any) -> Registration:
    """A latency as the primary, with a guardrail on another quantile of it."""
    shape = {
        "id": "quantile-rows",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": 2,
        "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"},
        "metrics": {"slow": SLOW, "median": {"kind": "quantile", "q": 0.5, "column": "ms"}},
        "primary": {"metric": "slow", "direction": "decrease", "mde": {"relative": 0.1}},
        "sequential": {"looks": [2]},
        "guardrails": [{"metric": "median", "max": 1e6}],
        "cohorts": {
            "dimensions": {"locale": ["en", "jp"], "tenure": ["new", "old"]},
            "max_relative_regression": 0.2,
        },
    }
    return load(shape | changes)


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """Turns of users who are slow or fast as a whole; some have no history, some no declared locale."""
    rng = np.random.default_rng(90)
    turns = rng.poisson(3, UNITS) + 1
    user = np.repeat(np.arange(UNITS), turns)
    slow = rng.normal(0, 0.5, UNITS)
    before = np.exp(slow + rng.normal(0, 0.2, UNITS))
    before[rng.random(UNITS) < 0.1] = np.nan
    return {
        "user": user,
        "day": rng.integers(1, 3, len(user)),
        "arm": np.where(user % 2 == 0, "a", "b"),
        "locale": np.array(["en", "jp", "en", "jp", "xx"])[user // 2 % 5],
        "tenure": np.where(user // 2 % 3 == 0, "new", "old"),
        "ms": np.exp(6 + slow[user] + rng.normal(0, 0.3, len(user)) + 0.05 * (user % 2)),
        "before": before[user],
    }


@pytest.fixture(scope="module")
def seen(table: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """What the engine makes of the rows."""
    folder = tmp_path_factory.mktemp("rows")
    pq.write_table(pa.table(table), folder / "rows.parquet")
    return observe(registration(), day=2, sources={}, root=folder)


def by_hand(table: dict[str, Any], side: int, cohort: str = "", q: float = Q) -> QuantileArm:
    """One arm by numpy alone: quantile, outer levels, values there, and each unit's contribution."""
    keep = table["user"] % 2 == side
    for part in cohort.split(",") if cohort else ():
        dimension, value = part.split("=")
        keep = keep & (table[dimension] == value)
    user, ms = table["user"][keep], table["ms"][keep]
    value = np.quantile(ms, q)
    units, at = np.unique(user, return_inverse=True)
    below, events = np.bincount(at, ms <= value), np.bincount(at)
    share = below.sum() / events.sum()
    line = (below - share * events) / events.mean()
    half = -special.ndtri(0.025) * line.std(ddof=1) / np.sqrt(len(units))
    low, high = np.quantile(ms, [q - half, q + half])
    contribution = -line * (high - low) / (2 * half)
    history = table["before"][keep][np.unique(user, return_index=True)[1]]
    history = np.where(np.isnan(history), np.nanmean(table["before"]), history) - np.nanmean(table["before"])
    return QuantileArm(
        *(len(units), value, contribution.std(ddof=1), history.mean(), history.std(ddof=1)),
        covariance=np.cov(contribution, history)[0, 1],
    )


def alike(found: QuantileArm, expected: QuantileArm) -> None:
    """To the ninth digit."""
    assert found.n == expected.n
    for name in ("value", "sd", "before_sd", "covariance"):
        if getattr(found, name) is not None:
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
    if found.before is not None:
        assert found.before == pytest.approx(expected.before, abs=1e-12)


@pytest.mark.parametrize("side", [0, 1])
def test_the_arms_are_those_of_the_raw_rows(seen: Observations, table: dict[str, Any], side: int) -> None:
    """Value, spread of the units' contributions, and their covariance with what was known before."""
    alike(seen.quantiles["slow"][SIDES[side]], by_hand(table, side))
    median = seen.quantiles["median"][SIDES[side]]
    assert median.covariance is None
    alike(median, by_hand(table, side, q=0.5))


@pytest.mark.parametrize("cohort", COHORTS + CROSSINGS)
def test_cohorts_are_those_of_the_raw_rows(seen: Observations, table: dict[str, Any], cohort: str) -> None:
    """Every declared value of every dimension, and every crossing of all."""
    assert list(seen.cohort_quantiles) == ["slow"]
    assert sorted(seen.cohort_quantiles["slow"]) == sorted(COHORTS + CROSSINGS)
    for side, name in enumerate(SIDES):
        alike(seen.cohort_quantiles["slow"][cohort][name], by_hand(table, side, cohort))


def test_a_quantile_primary_has_its_cohort_table(seen: Observations) -> None:
    """Effects, adequacy and heterogeneity per cohort; a quantile of all is no mean of the cohorts'."""
    result = analyse(registration(), "0" * 64, seen, look=1)
    assert [one.cohort for one in result.cohorts] == COHORTS + CROSSINGS
    assert all(one.adequacy is not None and one.n > 100 for one in result.cohorts)
    assert not any(isinstance(one.effect, Undecided) for one in result.cohorts)
    assert isinstance(result.heterogeneity, Heterogeneity)
    assert isinstance(result.reconciliation, Undecided)
    assert result.primary.cuped is not None
    assert result.primary.cuped.variance_reduction > 0.1
    assert Observations.from_json(seen.to_json()) == seen


def test_a_cohort_too_small_for_its_quantile_is_undecided(table: dict[str, Any], tmp_path: Path) -> None:
    """Twelve units cannot bound a p90: no interval, no verdict from it, the others as before."""
    few = np.where((table["locale"] == "jp") & (table["user"] > 40), "en", table["locale"])
    pq.write_table(pa.table(table | {"locale": few}), tmp_path / "rows.parquet")
    seen = observe(registration(), day=2, sources={}, root=tmp_path)
    assert not [name for name in seen.cohort_quantiles["slow"] if "jp" in name]
    rows = {one.cohort: one for one in analyse(registration(), "0" * 64, seen, look=1).cohorts}
    assert isinstance(rows["locale=jp"].effect, Undecided)
    assert "too few units here for an interval of the quantile" in rows["locale=jp"].effect.reason
    assert not isinstance(rows["locale=en"].effect, Undecided)


def test_units_in_both_arms_count_in_neither(table: dict[str, Any], tmp_path: Path) -> None:
    """As for every other metric."""
    arm = np.where((table["user"] == 0) & (np.arange(len(table["user"])) == 0), "b", table["arm"])
    pq.write_table(pa.table(table | {"arm": arm}), tmp_path / "rows.parquet")
    seen = observe(registration(), day=2, sources={}, root=tmp_path)
    assert seen.both_arms == 1
    without = {name: values[table["user"] != 0] for name, values in table.items()}
    alike(seen.quantiles["median"]["control"], by_hand(without, 0, q=0.5))


def test_events_count_once_their_unit_has_had_the_window(table: dict[str, Any], tmp_path: Path) -> None:
    """Two days since the first row on day 2: the units that came on day 1; the others are remarked on."""
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    median = {"kind": "quantile", "q": 0.5, "column": "ms", "window_days": 2}
    plan = registration(metrics={"slow": SLOW, "median": median})
    seen = observe(plan, day=2, sources={}, root=tmp_path)
    first = np.full(UNITS, 2)
    np.minimum.at(first, table["user"], table["day"])
    grown = {name: values[first[table["user"]] == 1] for name, values in table.items()}
    for side, name in enumerate(SIDES):
        alike(seen.quantiles["median"][name], by_hand(grown, side, q=0.5))
        alike(seen.quantiles["slow"][name], by_hand(table, side))
    young = f"median: {(first == 2).sum():,} units without 2 days since the first have no value yet."
    assert seen.remarks == (young,)
    assert seen.codes[young] == "young-units"


def test_a_unit_that_changes_cohort_counts_in_the_first_by_name(
    table: dict[str, Any], tmp_path: Path
) -> None:
    """Its events are of the cohort that each names, and it is one unit of all."""
    moved = table | {"locale": np.where(table["day"] == 2, "jp", table["locale"])}
    pq.write_table(pa.table(moved), tmp_path / "rows.parquet")
    seen = observe(registration(), day=2, sources={}, root=tmp_path)
    for side, name in enumerate(SIDES):
        keep = (moved["user"] % 2 == side) & (moved["locale"] == "jp")
        jp = seen.cohort_quantiles["slow"]["locale=jp"][name]
        assert jp.value == pytest.approx(np.quantile(moved["ms"][keep], Q), rel=1e-12)
        others = set(moved["user"][(moved["user"] % 2 == side) & (moved["locale"] == "en")])
        assert jp.n == len(set(moved["user"][keep]) - others)


def test_a_covariate_that_moves_is_counted(table: dict[str, Any], tmp_path: Path) -> None:
    """One that is another on every row was not measured before."""
    moved = table | {"before": table["before"] + np.arange(len(table["user"]))}
    pq.write_table(pa.table(moved), tmp_path / "rows.parquet")
    seen = observe(registration(), day=2, sources={}, root=tmp_path)
    assert seen.moving["slow"] > UNITS / 2
    assert analyse(registration(), "0" * 64, seen, look=1).primary.cuped is None
