"""Effects by day since exposure, from rows per unit and day, against a regression of the same rows."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from bot.core.registration import Registration, load
from bot.errors import SourceError
from bot.sources.after import NeverError
from bot.sources.exposure import since_exposure
from bot.stats.novelty import Exposed, Line, line, novelty
from bot.stats.undecided import Undecided

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SHAPE: dict[str, Any] = {
    "id": "panel-1",
    "hypothesis": {"intervention": "do(x = 1)"},
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": 14,
    "data": {"path": "rows.csv", "unit": "user", "arm": "arm", "day": "day"},
    "metrics": {
        "rate": {"kind": "mean"},
        "per": {"kind": "ratio", "numerator": "rate", "denominator": "turns"},
    },
    "primary": {"metric": "rate"},
    "sequential": {"looks": [14]},
}


def registration(**changes: Any) -> Registration:
    """The registration of the rows."""
    return load(SHAPE | changes)


def panel(seed: int = 5, units: int = 160, days: int = 9, *, stay: float = 0.7) -> dict[str, list[Any]]:
    """Rows of units that enter on different days, come back now and then, and resemble themselves."""
    chosen = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {"user": [], "arm": [], "day": [], "rate": [], "turns": []}
    for unit in range(units):
        arm, entered = "ab"[unit % 2], int(chosen.integers(1, 4))
        level, yesterday = chosen.normal(10, 1), 0.0
        for day in range(entered, days + 1):
            yesterday = 0.7 * yesterday + chosen.normal()
            if day > entered and chosen.random() > stay:
                continue
            lift = 0.6 / (1 + day - entered) if arm == "b" else 0.0
            values = unit, arm, day, float(level + yesterday + lift), float(1 + chosen.integers(1, 5))
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    return rows


def written(rows: dict[str, list[Any]], folder: Path) -> Path:
    """The folder, with these rows in it."""
    pa_csv.write_csv(pa.table(rows), folder / "rows.csv")
    return folder


def found(folder: Path, known: Registration, until: float = 9, **near: float) -> Exposed:
    """What is found, which there must be."""
    seen = since_exposure(known, until=until, near=near, sources={}, root=folder)
    assert isinstance(seen, Exposed)
    return seen


def oracle(rows: dict[str, list[Any]], columns: Sequence[str]) -> tuple[list[float], np.ndarray]:
    """The effects by day since exposure and their covariance.

    statsmodels.OLS of each column on dummies of arm and day, its covariance clustered by unit
    (cov_type="cluster", no small-sample correction); the effects' derivatives by differences.
    """
    import statsmodels.api as sm

    unit = np.array(rows["user"])
    day = np.array(rows["day"], dtype=float)
    age = (day - np.array([day[unit == one].min() for one in unit])).astype(int)
    side = (np.array(rows["arm"]) == "b").astype(int)
    ages = sorted(set(age))
    cell = side * len(ages) + np.searchsorted(ages, age)
    dummies = np.eye(2 * len(ages))[cell]
    k = len(columns)
    # several columns are one regression: stacked, with dummies of the column too
    design = np.kron(np.eye(k), dummies)
    outcome = np.concatenate([np.array(rows[name]) for name in columns])
    fit = sm.OLS(outcome, design).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(unit, k), "use_correction": False}
    )

    def effects(means: np.ndarray) -> np.ndarray:
        value = means.reshape(k, 2, len(ages))
        shown = value[0] if k == 1 else value[0] / value[1]
        return np.asarray(shown[1] / shown[0] - 1)

    at = np.asarray(fit.params)
    step = 1e-6
    slopes = np.array(
        [(effects(at + step * e) - effects(at - step * e)) / (2 * step) for e in np.eye(len(at))]
    )
    return list(effects(at)), slopes.T @ np.asarray(fit.cov_params()) @ slopes


@pytest.mark.parametrize(("metric", "columns"), [("rate", ["rate"]), ("per", ["rate", "turns"])])
@pytest.mark.parametrize("near", [0.0, 9.5])
def test_effects_and_the_slopes_error_are_those_of_a_clustered_regression(
    tmp_path: Path, metric: str, columns: list[str], near: float
) -> None:
    """Of a mean and of a ratio, whatever number the sums are taken about."""
    rows = panel()
    known = registration(primary={"metric": metric})
    names = ("value",) if metric == "rate" else ("numerator", "denominator")
    seen = found(written(rows, tmp_path), known, **dict.fromkeys(names, near))
    effects, covariance = oracle(rows, columns)
    assert [one.days for one in seen.points] == list(range(9))
    assert [one.effect for one in seen.points] == pytest.approx(effects, rel=1e-9)
    fitted = line(seen.points)
    assert isinstance(fitted, Line)
    shares = np.array(fitted.shares)
    assert seen.variance == pytest.approx(float(shares @ covariance @ shares), rel=1e-5)
    assert seen.units == 80


def test_an_effect_that_wears_off_is_found(tmp_path: Path) -> None:
    """The panel's effect is 6 % on the first day and 0.7 % on the ninth."""
    seen = found(written(panel(units=2000), tmp_path), registration(), value=10.0)
    shown = novelty(seen)
    assert not isinstance(shown, Undecided)
    assert shown.p < 0.001
    assert shown.high < 0
    assert shown.first > 0.04 > shown.last


def test_units_of_both_arms_and_of_no_arm_and_rows_without_a_value_do_not_count(tmp_path: Path) -> None:
    """What is left is the same."""
    rows = panel()
    plain = found(written(rows, tmp_path), registration())
    extra = [
        (900, "a", 2, 1.0),
        (900, "b", 3, 90.0),
        (901, "x", 1, 5.0),
        (902, None, 1, 5.0),
        (903, "a", 9, None),
    ]
    for user, arm, day, rate in extra:
        for name, value in zip(rows, (user, arm, day, rate, 1.0), strict=True):
            rows[name].append(value)
    again = found(written(rows, tmp_path), registration())
    assert again.points == plain.points
    assert again.variance == pytest.approx(plain.variance, rel=1e-12)


def test_dates_are_days_of_the_experiment(tmp_path: Path) -> None:
    """And what comes after the day asked for is not read."""
    rows = panel()
    numbered = found(written(rows, tmp_path), registration(), until=7)
    rows["on"] = [date(2026, 11, one) for one in rows.pop("day")]
    data = {"path": "rows.csv", "unit": "user", "arm": "arm", "date": "on", "start": "2026-11-01"}
    dated = found(written(rows, tmp_path), registration(data=data), until=7)
    assert dated == numbered
    assert [one.days for one in dated.points] == list(range(7))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {"path": "rows.csv", "unit": "user", "arm": "arm"}}, "has no row per unit and day"),
        ({"data": {"kind": "summary", "path": "rows.csv"}}, "has no row per unit and day"),
        (
            {"metrics": {"rate": {"kind": "quantile", "q": 0.5}}},
            "rate is a quantile, which has no value per unit",
        ),
    ],
)
def test_what_cannot_be_told_by_days_since_exposure_says_so(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """However long one waits."""
    with pytest.raises(NeverError, match=said):
        found(written(panel(units=4), tmp_path), registration(**changes))


def test_a_column_that_is_gone_is_named(tmp_path: Path) -> None:
    """As a look names it."""
    rows = panel(units=4)
    rows["renamed"] = rows.pop("rate")
    with pytest.raises(SourceError, match="rate"):
        found(written(rows, tmp_path), registration())


def test_few_days_have_no_line(tmp_path: Path) -> None:
    """Four days since exposure."""
    rows = panel(days=4, units=60)
    seen = since_exposure(registration(), until=4, near={}, sources={}, root=written(rows, tmp_path))
    assert isinstance(seen, Undecided)
    assert seen.reason == "the effect is known on 4 days since exposure, and a line needs 5"
