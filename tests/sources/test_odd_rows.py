"""Data that somebody's pipeline spoilt: every fault is named in one line, and none becomes a figure."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.registration import Registration, load
from bot.errors import SourceError
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS, DAYS = 1000, 4
Rows = dict[str, Any]
Spoil = Callable[[Rows], Rows]


METRICS = {
    "rate": {"kind": "mean", "column": "rate", "covariate": "before"},
    "ratio": {"kind": "ratio", "numerator": "useful", "denominator": "turns"},
    "bought": {"kind": "proportion", "column": "bought"},
}
BRIEF = {name: METRICS[name] for name in ("rate", "ratio")}
SLOW = {"kind": "quantile", "q": 0.9, "column": "latency"}
GUARDRAILS = [
    {"metric": "ratio", "max_relative_regression": 0.9},
    {"metric": "bought", "max_relative_regression": 0.9},
    {"metric": "slow", "max": 1e6},
]
SHAPE = {
    "id": "odd-rows",
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": DAYS,
    "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"},
    "metrics": {**METRICS, "slow": SLOW},
    "primary": {"metric": "rate", "baseline": 0.2, "sd": 0.07, "mde": {"relative": 0.1}},
    "sequential": {"looks": [2, DAYS]},
    "guardrails": GUARDRAILS,
    "cohorts": {"dimensions": {"locale": ["en", "jp"]}, "max_relative_regression": 0.5},
}
CSV = load(SHAPE | {"data": {**SHAPE["data"], "path": "rows.csv"}})  # type: ignore[dict-item]  # a mapping


def rows() -> Rows:
    """One row per user, on the day they entered."""
    rng = np.random.default_rng(20_261_123)
    before = rng.gamma(4, 0.05, UNITS)
    return {
        "user": np.array([f"u{n}" for n in range(UNITS)], dtype=object),
        "day": rng.integers(1, DAYS + 1, UNITS).astype(float),
        "arm": np.where(np.arange(UNITS) % 2 == 0, "a", "b").astype(object),
        "locale": np.where(np.arange(UNITS) % 3 == 0, "jp", "en").astype(object),
        "rate": 0.7 * before + rng.gamma(2, 0.03, UNITS),
        "before": before,
        "useful": rng.poisson(2, UNITS).astype(float),
        "turns": rng.poisson(3, UNITS) + 1.0,
        "bought": (rng.random(UNITS) < 0.3).astype(float),
        "latency": rng.lognormal(5, 0.4, UNITS),
    }


def put(name: str, value: Any, where: slice | int | None = None) -> Spoil:
    """Spoil a column: all of it, or some rows."""

    def spoil(found: Rows) -> Rows:
        column = found[name].copy()
        if where is None:
            column = np.array([value] * UNITS)
        else:
            column[where] = value
        return found | {name: column}

    return spoil


def again(count: int, **other: Any) -> Spoil:
    """The first rows once more, with other values in some columns."""

    def spoil(found: Rows) -> Rows:
        more = {name: [other.get(name, value) for value in column[:count]] for name, column in found.items()}
        return {name: np.array([*column, *more[name]], dtype=column.dtype) for name, column in found.items()}

    return spoil


def keep(choose: Callable[[Rows], Any]) -> Spoil:
    """Only the rows chosen."""
    return lambda found: {name: column[choose(found)] for name, column in found.items()}


def shift(name: str, by: float) -> Spoil:
    """Add a number to a column."""
    return lambda found: found | {name: found[name] + by}


def write(folder: Path, spoil: Spoil) -> None:
    """The spoilt rows as Parquet."""
    pq.write_table(pa.table(spoil(rows())), folder / "rows.parquet")


def look(folder: Path, number: int = 2, plan: Registration | None = None) -> LookResult:
    """A look at the rows in the folder, with two metrics if no plan says more."""
    plan = plan or load(SHAPE | {"metrics": BRIEF, "guardrails": GUARDRAILS[:1]})
    seen = observe(plan, day=plan.looks[number - 1], sources={}, root=folder)
    return analyse(plan, "0" * 64, seen, look=number)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (shift("day", -1), "Column day begins at 0, and day 1 is the first: add 1 to it."),
        (put("day", np.nan, slice(0, 100)), "100 rows of 1,000 without a day."),
        (put("user", None, slice(0, 100)), "100 rows of 1,000 without a unit."),
        (again(UNITS), "1,000 rows of 2,000 repeating a unit on the same day."),
        (again(10, arm="b"), "5 units seen in both arms: the assignment is not stable."),
        (put("rate", np.inf, 7), "An infinite value of rate for 1 unit."),
        (keep(lambda r: r["arm"] == "a"), "The treatment arm `b` has no units."),
        (put("arm", "B"), "The control arm `a` has no units (1,000 units in neither arm)."),
        (keep(lambda r: r["day"] <= 2), "The data end on day 2, and this look is on day 4."),
        (
            keep(lambda r: (r["arm"] == "a") | (np.arange(UNITS) % 4 == 1)),
            "Sample-ratio mismatch: 500 control and 250 treatment units, a treatment share of 33.33 % where "
            "50 % was planned (p < 0.001): the assignment is broken.",
        ),
    ],
)
def test_broken_data_are_invalid_and_say_why(tmp_path: Path, spoil: Spoil, reason: str) -> None:
    """Nothing is judged: no status, no significance, no adjusted estimate."""
    write(tmp_path, spoil)
    result = look(tmp_path)
    assert (result.verdict, result.guardrails, result.cohorts) == ("invalid", (), ())
    assert reason in result.reasons
    assert result.primary.significant is None


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (put("user", None, 3), "1 row without a unit."),
        (put("day", np.nan, 3), "1 row without a day."),
        (again(1), "1 row repeating a unit on the same day."),
        (put("day", -5.0, slice(0, 3)), "3 rows of days before the first were left out."),
        (put("locale", "fr", slice(0, 30)), "locale: 30 units (3 %) with none of the declared values;"),
        (put("arm", "c", slice(0, 2)), "Column arm also holds `c`."),
        (put("useful", np.inf, 3), "ratio: 1 unit with an infinite value left out."),
        (put("rate", np.nan, slice(0, 100)), "rate is known for 900 of 1,000 units."),
        (
            put("rate", np.nan, slice(0, 100, 2)),
            "⚠ rate is known for 90 % of the control and 100 % of the treatment (p < 0.001)",
        ),
    ],
)
def test_a_few_odd_rows_are_left_out_and_noted(tmp_path: Path, spoil: Spoil, note: str) -> None:
    """The look is taken, and its reader knows."""
    write(tmp_path, spoil)
    result = look(tmp_path)
    assert result.verdict != "invalid"
    assert any(one.startswith(note) for one in result.notes), result.notes


@pytest.mark.parametrize(
    ("spoil", "metric", "reason"),
    [
        (put("latency", "slow"), "slow", "column latency (slow) is string, not a number"),
        (put("latency", np.nan), "slow", "control: quantile 0.9: no finite value"),
        (put("useful", "many"), "ratio", "column useful (ratio) is string, not a number"),
        (put("turns", 0.0), "ratio", "control: denominator has mean 0, so ratio has no value"),
        (shift("useful", -50), "ratio", "is negative, so a relative threshold has no direction"),
        (put("bought", 0.5), "bought", "control: bought is not 0 or 1 for every unit"),
        (put("bought", -1.0), "bought", "bought has mean -1, which is no proportion"),
    ],
)
def test_a_guardrail_that_cannot_be_had_is_undecided(
    tmp_path: Path, spoil: Spoil, metric: str, reason: str
) -> None:
    """With its reason and no figure of its own; the others are judged."""
    write(tmp_path, spoil)
    found = {one["metric"]: one for one in look_json(look(tmp_path, plan=load(SHAPE)))["guardrails"]}
    assert (found[metric]["status"], found[metric]["measured"]) == ("undecided", None)
    assert reason in found[metric]["reason"]
    assert [one["status"] for name, one in found.items() if name != metric] == ["clear"] * 2


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (put("rate", np.nan), "control: rate: 0 units, at least 2 are needed"),
        (put("rate", 0.3), "rate: no variance in either arm (all values 0.3 and 0.3)"),
        (keep(lambda r: slice(0, 2)), "control: rate: 1 unit, at least 2 are needed"),
        (lambda found: found | {"rate": found["rate"] * 1e300}, "is not possible"),
    ],
)
def test_a_primary_without_figures_decides_nothing(tmp_path: Path, spoil: Spoil, reason: str) -> None:
    """Neither 0 nor p = 1: null, with the reason."""
    write(tmp_path, spoil)
    if reason.startswith("control: rate: 1 unit"):
        spoilt = spoil(rows())
        pq.write_table(pa.table(spoilt | {"day": np.array([1.0, float(DAYS)])}), tmp_path / "rows.parquet")
    found = look_json(look(tmp_path))
    assert found["verdict"] == "inconclusive"
    assert {found["primary"][name] for name in ("effect_abs", "effect_rel", "z", "p", "significant")} == {
        None
    }
    assert reason in found["primary"]["reason"]


def test_a_constant_covariate_is_left_out_with_a_word(tmp_path: Path) -> None:
    """The plain test is used, and the JSON says why there is no CUPED."""
    write(tmp_path, put("before", 1.0))
    primary = look_json(look(tmp_path))["primary"]
    assert primary["cuped"] is None
    assert primary["note"].startswith("without CUPED: covariate covariate: no variance")
    assert primary["p"] is not None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (put("rate", "n/a"), "column rate (rate) is string, not a number"),
        (put("day", "day 1"), "column day (day) is string, and days are numbers from 1"),
        (put("day", np.datetime64("2026-11-03")), "name a calendar column as `date:` with `start:`"),
        (keep(lambda r: slice(0, 0)), "rows.parquet has no rows"),
        (shift("day", 100), "rows.parquet has no rows up to day 4"),
    ],
)
def test_rows_that_cannot_be_read_at_all_are_refused(tmp_path: Path, spoil: Spoil, message: str) -> None:
    """A source error in one line."""
    write(tmp_path, spoil)
    with pytest.raises(SourceError) as caught:
        look(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "rows.csv has no column user (unit)"),
        (b"user,day,arm,locale,rate,before,useful,turns,bought,latency\n", "rows.csv has no rows"),
        (b"<html><body>Sign in</body></html>", "rows.csv has no column user (unit)"),
        (b"\x00\xff\xfe,,\n", "rows.csv"),
    ],
)
def test_a_csv_file_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty, headers alone, a login page, noise."""
    (tmp_path / "rows.csv").write_bytes(content)
    with pytest.raises(SourceError) as caught:
        observe(CSV, day=2, sources={}, root=tmp_path)
    assert message in str(caught.value)


def test_text_among_the_numbers_of_a_csv_file_is_found(tmp_path: Path) -> None:
    """One cell of text makes the column text."""
    out = io.BytesIO()
    pa_csv.write_csv(pa.table(rows()), out)
    spoilt = out.getvalue().splitlines()
    cells = spoilt[500].split(b",")
    cells[4] = b"unknown"
    spoilt[500] = b",".join(cells)
    (tmp_path / "rows.csv").write_bytes(b"\n".join(spoilt))
    with pytest.raises(SourceError, match=r"column rate \(rate\) is string, not a number"):
        observe(CSV, day=2, sources={}, root=tmp_path)


def test_a_folder_named_like_a_pattern_is_a_folder(tmp_path: Path) -> None:
    """`[1]` in the folder's own name is not part of the glob."""
    folder = tmp_path / "exp[1]"
    folder.mkdir()
    write(folder, lambda found: found)
    assert look(folder, 1).units[0] > 0
