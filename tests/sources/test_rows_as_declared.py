"""What a registration asks of the rows beyond sums: limits, windows, days, covariates, partitions."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from scipy.stats import ttest_ind

from bot.core.measure import measure
from bot.core.observation import Observations, Side
from bot.core.registration import Registration, load
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import oddities, parts, together
from bot.sources.samples import observe
from bot.stats.effect import Effect

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS, DAYS = 500, 4
METRICS: dict[str, Any] = {
    "spend": {"kind": "mean", "column": "spend", "covariate": "before"},
    "bought": {"kind": "proportion", "column": "bought"},
}


def registration(metrics: Mapping[str, Any] | None = None, **where: Any) -> Registration:
    """A registration over the daily rows."""
    return load(
        {
            "id": "as-declared",
            "arms": {"control": "a", "treatment": "b"},
            "horizon_days": DAYS,
            "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"} | where,
            "metrics": METRICS | dict(metrics or {}),
            "primary": {"metric": "spend", "mde": {"absolute": 1}},
            "sequential": {"looks": [1, 2, 3, DAYS]},
            "cohorts": {"dimensions": {"locale": ["en", "jp"]}},
        }
    )


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """Rows of users who come on day 1 to 4 and stay; spend has a heavy tail and one infinity."""
    rng = np.random.default_rng(20_261_124)
    user = np.repeat(np.arange(UNITS), DAYS)
    day = np.tile(np.arange(1, DAYS + 1), UNITS)
    keep = day >= 1 + user % DAYS
    user, day = user[keep], day[keep]
    spend = rng.lognormal(2, 1.5, len(user))
    spend[10] = np.inf
    return {
        "user": user,
        "day": day,
        "arm": np.where(user % 8 < 4, "a", "b"),
        "locale": np.array(["en", "jp", "xx"])[user % 3],
        "spend": spend,
        "before": rng.normal(0, 1, UNITS)[user],
        "bought": rng.random(len(user)) < 0.1,
    }


@pytest.fixture
def folder(tmp_path: Path, table: dict[str, Any]) -> Path:
    """A folder with the rows."""
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    return tmp_path


def look(folder: Path, day: int = DAYS, plan: Registration | None = None) -> Observations:
    """The rows up to a day."""
    return observe(plan or registration(), day=day, sources={}, root=folder)


def unit_means(table: Mapping[str, Any], side: Side | None = None) -> Any:
    """Each unit's mean spend, by numpy alone; infinite for one."""
    users = np.unique(table["user"])
    means = np.array([table["spend"][table["user"] == user].mean() for user in users])
    arm = {"control": users % 8 < 4, "treatment": users % 8 >= 4, None: users >= 0}[side]
    return means[arm]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"lower": 0.05, "upper": 0.9}, (0.05, 0.9)),
        ({"upper": 0.99}, (0.0, 0.99)),
        ({"floor": 2.0, "cap": 60.0}, (2.0, 60.0)),
        ({"cap": 60.0}, (None, 60.0)),
    ],
)
def test_winsorised_means_are_those_of_clipped_units(
    folder: Path, table: dict[str, Any], limits: dict[str, float], expected: tuple[float, float]
) -> None:
    """numpy's quantiles of both arms' units, clip, Welch by scipy; the infinite unit is only counted."""
    plan = registration({"capped": {"kind": "mean", "column": "spend", "winsorise": limits}})
    seen = look(folder, plan=plan)
    finite = [
        unit[np.isfinite(unit)] for unit in (unit_means(table, "control"), unit_means(table, "treatment"))
    ]
    pooled = np.concatenate(finite)
    low, high = expected
    if "upper" in limits:
        low, high = np.quantile(pooled, expected)
    low = pooled.min() if low is None else low
    assert seen.winsorised["capped"] == pytest.approx((low, high), rel=1e-12)
    assert seen.infinite["capped"] == 1
    effect = measure(plan, seen, "capped").effect
    assert isinstance(effect, Effect)
    oracle = ttest_ind(np.clip(finite[1], low, high), np.clip(finite[0], low, high), equal_var=False)
    assert effect.p == pytest.approx(oracle.pvalue, rel=1e-9)


def test_a_unit_counts_when_it_has_had_the_metrics_window(folder: Path, table: dict[str, Any]) -> None:
    """Three days since its first: only those of day 1 and 2 on day 4; the rest are remarked on."""
    plan = registration({"late": {"kind": "proportion", "column": "bought", "window_days": 3}})
    seen = look(folder, plan=plan)
    old = {
        side: sum(1 for user in range(UNITS) if user % DAYS < 2 and (user % 8 < 4) == first)
        for side, first in (("control", True), ("treatment", False))
    }
    for side in ("control", "treatment"):
        sample = seen.sample(side, "late")  # type: ignore[arg-type]  # a side
        assert sample is not None
        assert sample.n == old[side]
    young = "late: 250 units without 3 days since the first have no value yet."
    assert young in seen.remarks
    assert seen.codes[young] == "young-units"
    assert "late" not in " ".join(look(folder, plan=registration()).remarks)


def test_units_by_earlier_looks_are_those_whose_first_day_had_come(folder: Path) -> None:
    """A quarter of the users comes on each day."""
    seen = look(folder, day=3)
    assert seen.earlier == ((1, 63, 62), (2, 126, 124))
    assert sum(seen.earlier[-1][1:]) < sum(seen.units(side) for side in ("control", "treatment"))
    assert look(folder, day=1).earlier == ()


def test_a_covariate_that_changes_is_counted(folder: Path, table: dict[str, Any]) -> None:
    """Before the experiment nothing can change any more: units for which it does, per metric."""
    assert look(folder).moving == {}
    before = table["before"].copy()
    before[(table["user"] < 40) & (table["day"] == DAYS)] += 1
    pq.write_table(pa.table({**table, "before": before}), folder / "rows.parquet")
    stay = sum(1 for user in range(40) if user % DAYS < DAYS - 1)
    assert look(folder).moving == {"spend": stay}
    assert look(folder, day=2).moving == {}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_folders_named_by_day_are_a_column(folder: Path, table: dict[str, Any], kind: str) -> None:
    """Hive partitions of days and of a dimension, as Parquet or CSV, give the numbers of one file."""
    table = table | {"spend": np.where(np.isfinite(table["spend"]), table["spend"], 1.0)}
    pq.write_table(pa.table(table), folder / "rows.parquet")
    rows = pa.table({name: values for name, values in table.items() if name not in ("day", "locale")})
    for day in range(1, DAYS + 1):
        for locale in ("en", "jp", "xx"):
            place = folder / "data" / f"day={day}" / f"locale={locale}"
            place.mkdir(parents=True)
            part = rows.filter(pa.array((table["day"] == day) & (table["locale"] == locale)))
            write = pq.write_table if kind == "parquet" else pa_csv.write_csv
            write(part, place / f"part-0.{kind}")
    split = look(folder, plan=registration(path=f"data/day=*/locale=*/part-*.{kind}"))
    whole = look(folder)
    assert [(cell.side, cell.cohort, cell.units) for cell in split.cells] == [
        (cell.side, cell.cohort, cell.units) for cell in whole.cells
    ]
    for one, other in zip(whole.cells, split.cells, strict=True):
        assert other.samples["spend"].mean == pytest.approx(one.samples["spend"].mean, rel=1e-12)
        assert other.samples["bought"].cov == pytest.approx(one.samples["bought"].cov, rel=1e-9)
    assert (split.first_day, split.last_day, split.earlier) == (1, DAYS, whole.earlier)


def test_a_part_of_the_files_that_is_gone_is_named(folder: Path) -> None:
    """A pattern that matches nothing."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    with pytest.raises(SourceError, match="no file matches data/day="):
        look(folder, plan=registration(path="data/day=*/part-*.parquet"))


def once(table: Mapping[str, Any]) -> dict[str, Any]:
    """One row per unit, with a finite spend."""
    _, first = np.unique(table["user"], return_index=True)
    rows = {name: np.asarray(values)[first] for name, values in table.items() if name != "day"}
    return rows | {"spend": np.where(np.isfinite(rows["spend"]), rows["spend"], 1.0)}


def test_parts_of_large_files_give_the_same_bits_at_every_run(
    tmp_path: Path, table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files of several row groups in parts of about 100 rows: equal to one query over all to rounding."""
    rows = pa.table(once(table))
    pq.write_table(rows.slice(0, 300), tmp_path / "u-1.parquet", row_group_size=70)
    pq.write_table(rows.slice(300), tmp_path / "u-2.parquet", row_group_size=70)
    plan = registration(path="u-*.parquet", day=None)
    whole = look(tmp_path, plan=plan)
    monkeypatch.setattr(parts, "PART_ROWS", 100)
    split = [look(tmp_path, plan=plan) for _ in range(5)]
    assert {one.fingerprint() for one in split} == {split[0].fingerprint()}
    assert all(one.to_json() == split[0].to_json() for one in split)
    for one, other in zip(whole.cells, split[0].cells, strict=True):
        assert (one.side, one.cohort, one.units) == (other.side, other.cohort, other.units)
        assert other.samples["spend"].cov == pytest.approx(one.samples["spend"].cov, rel=1e-12)
    monkeypatch.setattr(together, "WORKERS", 1)
    assert look(tmp_path, plan=plan).fingerprint() == split[0].fingerprint()


def test_values_missing_from_a_part_of_a_large_file_are_counted(
    tmp_path: Path, table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value missing in the last row group, and a file without statistics: as in one query over all."""
    rows = once(table)
    spend = [*rows["spend"][:-1].tolist(), None]
    missing = pa.table(rows | {"spend": pa.array(spend)})
    for statistics in (True, False):
        pq.write_table(missing, tmp_path / "u.parquet", row_group_size=70, write_statistics=statistics)
        plan = registration(path="u.parquet", day=None)
        monkeypatch.setattr(parts, "PART_ROWS", 10**9)
        whole = look(tmp_path, plan=plan)
        monkeypatch.setattr(parts, "PART_ROWS", 100)
        split = look(tmp_path, plan=plan)
        assert split.nulls == whole.nulls
        assert split.nulls["spend"] == 1
        for one, other in zip(whole.cells, split.cells, strict=True):
            assert {name: sample.n for name, sample in one.samples.items()} == {
                name: sample.n for name, sample in other.samples.items()
            }


def test_repeated_units_of_a_large_file_are_found_in_a_sample_and_then_counted(
    tmp_path: Path, table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every unit twice in a file too large to compare them all; none where each comes once."""
    monkeypatch.setattr(oddities, "EXACT_ROWS", 100)
    plan = registration(path="u.parquet", day=None)
    rows = pa.table(once(table))
    pq.write_table(rows, tmp_path / "u.parquet")
    assert look(tmp_path, plan=plan).duplicates == 0
    pq.write_table(pa.concat_tables([rows, rows]), tmp_path / "u.parquet")
    assert look(tmp_path, plan=plan).duplicates == UNITS


def test_free_text_as_a_dimension_is_mapped_to_what_was_declared(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    """As many values as units: those not declared are one cell."""
    rows = once(table)
    text = np.where(rows["user"] % 2 == 0, "en", np.char.add("agent ", rows["user"].astype(str)))
    pq.write_table(pa.table(rows | {"locale": text}), tmp_path / "u.parquet")
    seen = look(tmp_path, plan=registration(path="u.parquet", day=None))
    assert {(cell.cohort[0], cell.units) for cell in seen.cells} == {
        (None, 124),
        (None, 126),
        ("en", 124),
        ("en", 126),
    }


def test_values_that_sums_cannot_tell_are_asked_again(tmp_path: Path, table: dict[str, Any]) -> None:
    """Gaps beside a covariate, and a head far from the rest: still numpy's variance to nine digits."""
    rows = once(table)
    spend = rows["spend"] + np.where(rows["user"] < 5, 0.0, 1e9)
    spend[7] = np.nan
    tail = np.tile(spend[5:], 3)
    many = {name: np.concatenate([values[:5], np.tile(values[5:], 3)]) for name, values in rows.items()}
    many |= {"spend": np.concatenate([spend[:5], tail]), "user": np.arange(5 + len(tail))}
    arm = np.array(["b"] * 5 + ["a"] * len(tail))
    many |= {"arm": arm, "locale": np.where(arm == "a", "en", "jp")}
    pq.write_table(pa.table(many), tmp_path / "u.parquet")
    sample = look(tmp_path, plan=registration(path="u.parquet", day=None)).sample("control", "spend")
    assert sample is not None
    known = ~np.isnan(tail)
    expected = np.cov(tail[known] - 1e9, many["before"][5:][known])
    assert sample.n == known.sum()
    assert sample.cov == pytest.approx(expected, rel=1e-8)


def test_a_duckdb_file_gives_the_samples_of_the_parquet_file(folder: Path) -> None:
    """`duckdb:///file` with a table."""
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM read_parquet(?)", [str(folder / "rows.parquet")])
    sources = {"w": SourceSettings(kind="ibis", url=f"duckdb://{folder / 'w.duckdb'}")}  # type: ignore[arg-type]
    plan = registration(path=None, source="w", table="t")
    assert observe(plan, day=DAYS, sources=sources, root=None).cells == look(folder).cells
