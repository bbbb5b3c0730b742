"""Samples computed in the engine are those of the raw rows; what cannot be had is named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from bot.core.analysis import analyse
from bot.core.observation import Observations, Side
from bot.core.registration import Registration, load
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS, DAYS = 600, 3
METRICS = {
    "huge": {"kind": "mean", "column": "huge", "covariate": "before"},
    "csat": {"kind": "mean", "column": "csat"},
    "ratio": {"kind": "ratio", "numerator": "useful", "denominator": "turns"},
    "bought": {"kind": "proportion", "column": "bought"},
    "slow": {"kind": "quantile", "q": 0.9, "column": "latency"},
}


def registration(data: Mapping[str, Any] | None = None, **changes: Any) -> Registration:
    """A registration over the table of `columns`."""
    shape: dict[str, Any] = {
        "id": "sample-test",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": DAYS,
        "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day", **(data or {})},
        "metrics": METRICS,
        "primary": {"metric": "huge", "mde": {"absolute": 1}},
        "sequential": {"looks": [2, 3]},
        "cohorts": {"dimensions": {"locale": ["en", "jp"]}},
    }
    return load(shape | changes)


def columns() -> dict[str, Any]:
    """One row per user and day: large means, gaps, a third locale nobody declared."""
    rng = np.random.default_rng(7)
    users, n = np.repeat(np.arange(UNITS), DAYS), UNITS * DAYS
    level = np.repeat(rng.normal(0, 1, UNITS), DAYS)
    csat = rng.normal(4, 1, n)
    csat[rng.random(n) < 0.5] = np.nan
    return {
        "user": users,
        "day": np.tile(np.arange(1, DAYS + 1), UNITS),
        "arm": np.where(users % 2 == 0, "a", "b"),
        "locale": np.array(["en", "jp", "xx"])[users % 3],
        "huge": 1.7e12 + level + rng.normal(0, 1, n),
        "before": 5 + level,
        "csat": csat,
        "useful": rng.poisson(2, n),
        "turns": rng.poisson(5, n) + 1,
        "bought": rng.random(n) < 0.1,
        "latency": rng.lognormal(6, 0.3, n),
    }


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """The rows."""
    return columns()


@pytest.fixture
def folder(tmp_path: Path, table: dict[str, Any]) -> Path:
    """A folder with the rows as Parquet."""
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    return tmp_path


def per_unit(table: Mapping[str, Any], side: Side, day: int) -> dict[str, Any]:
    """Each unit's values up to a day, by numpy alone."""
    arm = {"control": 0, "treatment": 1}[side]
    keep = (table["day"] <= day) & (table["user"] % 2 == arm)
    shape = (-1, day)
    values = {name: np.asarray(table[name])[keep].reshape(shape) for name in table if name != "arm"}
    count = np.sum(~np.isnan(values["csat"]), axis=1)
    total = np.nansum(values["csat"], axis=1)
    return {
        "centred": (values["huge"] - 1.7e12).mean(axis=1),
        "before": values["before"][:, 0],
        "csat": total[count > 0] / count[count > 0],
        "useful": values["useful"].sum(axis=1),
        "turns": values["turns"].sum(axis=1),
        "bought": values["bought"].max(axis=1),
        "latency": values["latency"],
        "locale": values["locale"][:, 0],
    }


@pytest.mark.parametrize("side", ["control", "treatment"])
def test_samples_equal_those_of_raw_rows(folder: Path, table: dict[str, Any], side: Side) -> None:
    """Means over days, sums, ever-true, covariances; a mean of 1e12 with an sd of 1 keeps its digits."""
    seen = observe(registration(), day=2, sources={}, root=folder)
    units = per_unit(table, side, 2)
    huge, ratio = seen.sample(side, "huge"), seen.sample(side, "ratio")
    csat, bought = seen.sample(side, "csat"), seen.sample(side, "bought")
    assert None not in (huge, ratio, csat, bought)
    centred = units["centred"]
    assert huge.mean_of("value") - 1.7e12 == pytest.approx(centred.mean(), abs=5e-4)
    assert huge.cov == pytest.approx(np.cov(centred, units["before"]), rel=2e-5)
    assert ratio.mean == pytest.approx([units["useful"].mean(), units["turns"].mean()], rel=1e-12)
    assert ratio.cov == pytest.approx(np.cov(units["useful"], units["turns"]), rel=1e-9)
    assert (csat.n, csat.mean_of("value")) == (len(units["csat"]), pytest.approx(units["csat"].mean()))
    assert csat.variance("value") == pytest.approx(units["csat"].var(ddof=1), rel=1e-9)
    assert bought.mean_of("value") == pytest.approx(units["bought"].mean())


def test_quantiles_are_clustered_by_unit(folder: Path, table: dict[str, Any]) -> None:
    """The value is the rows' quantile; n counts units; the error is near that of a bootstrap of units."""
    arm = observe(registration(), day=3, sources={}, root=folder).quantiles["slow"]["control"]
    latency = per_unit(table, "control", 3)["latency"]
    assert arm.n == UNITS // 2
    assert arm.value == pytest.approx(np.quantile(latency, 0.9), rel=1e-12)
    rng = np.random.default_rng(1)
    draws = [np.quantile(latency[rng.integers(0, arm.n, arm.n)], 0.9) for _ in range(300)]
    assert arm.sd / arm.n**0.5 == pytest.approx(float(np.std(draws)), rel=0.25)


def test_cells_are_arms_by_cohort_and_undeclared_values_are_kept_apart(folder: Path) -> None:
    """Two arms by en, jp and other: 100 users each, and every user in exactly one cell."""
    seen = observe(registration(), day=1, sources={}, root=folder)
    assert [(cell.side, cell.cohort, cell.units) for cell in seen.cells] == [
        (side, (locale,), 100) for side in ("control", "treatment") for locale in (None, "en", "jp")
    ]
    assert (seen.first_day, seen.last_day, seen.both_arms, seen.other_arm) == (1, 1, 0, 0)


def test_the_fingerprint_is_the_same_from_run_to_run_and_moves_with_the_data(folder: Path) -> None:
    """Same rows, same hash; one day more, another."""
    first, second = (observe(registration(), day=2, sources={}, root=folder) for _ in range(2))
    assert first.fingerprint() == second.fingerprint()
    assert observe(registration(), day=3, sources={}, root=folder).fingerprint() != first.fingerprint()


def test_observations_survive_their_record_bit_for_bit(folder: Path) -> None:
    """What is stored is enough to have the same look again."""
    seen = observe(registration(), day=2, sources={}, root=folder)
    again = Observations.from_json(seen.to_json())
    assert again == seen
    assert analyse(registration(), "x", again, look=1) == analyse(registration(), "x", seen, look=1)


def test_csv_and_globs_give_the_same_as_parquet(folder: Path, table: dict[str, Any]) -> None:
    """One file or many, CSV or Parquet."""
    half = UNITS * DAYS // 2
    for number, part in enumerate((slice(0, half), slice(half, None))):
        rows = pa.table({name: values[part] for name, values in table.items()})
        pa_csv.write_csv(rows, folder / f"part-{number}.csv")
    plain = observe(registration(), day=2, sources={}, root=folder)
    parts = observe(registration({"path": "part-*.csv"}), day=2, sources={}, root=folder)
    for name in ("csat", "ratio", "bought"):
        one, other = plain.sample("control", name), parts.sample("control", name)
        assert one is not None
        assert other is not None
        assert other.mean == pytest.approx(one.mean, rel=1e-12)


def test_a_warehouse_table_and_a_query_give_the_same_as_the_file(folder: Path) -> None:
    """By source and table, or by source and sql, read-only."""
    url = folder / "warehouse.duckdb"
    with duckdb.connect(str(url)) as connection:
        connection.execute(
            "CREATE TABLE exposure AS SELECT * FROM read_parquet(?)", [str(folder / "rows.parquet")]
        )
    sources = {"warehouse": SourceSettings(kind="ibis", url=f"duckdb://{url}")}
    plain = observe(registration(), day=2, sources={}, root=folder).fingerprint()
    for way in ({"table": "exposure"}, {"sql": "SELECT * FROM exposure"}):
        plan = registration({"path": None, "source": "warehouse", **way})
        assert observe(plan, day=2, sources=sources, root=None).fingerprint() == plain


def test_a_query_cannot_reach_files_beside_the_warehouse(folder: Path) -> None:
    """SQL pasted in Slack sees the database and nothing else of the machine."""
    url = folder / "warehouse.duckdb"
    duckdb.connect(str(url)).close()
    sources = {"warehouse": SourceSettings(kind="ibis", url=f"duckdb://{url}")}
    sql = f"SELECT * FROM read_parquet('{folder / 'rows.parquet'}')"
    plan = registration({"path": None, "source": "warehouse", "sql": sql})
    with pytest.raises(SourceError, match="Permission Error"):
        observe(plan, day=2, sources=sources, root=None)


def test_dates_with_a_start_are_days(folder: Path, table: dict[str, Any]) -> None:
    """`date:` with `start:`; rows before the start do not count."""
    dates = np.datetime64("2026-11-02") + table["day"].astype("timedelta64[D]")
    pq.write_table(pa.table({**table, "day": dates}), folder / "dated.parquet")
    where = {"path": "dated.parquet", "day": None, "date": "day", "start": "2026-11-03"}
    seen = observe(registration(where), day=2, sources={}, root=folder)
    plain = observe(registration(), day=2, sources={}, root=folder)
    assert (seen.first_day, seen.last_day) == (1, 2)
    assert seen.sample("control", "ratio") == plain.sample("control", "ratio")
    late = observe(registration(where | {"start": "2026-11-04"}), day=1, sources={}, root=folder)
    assert late.last_day == 1


def test_without_a_day_a_unit_has_one_row(folder: Path, table: dict[str, Any]) -> None:
    """Repeated units are counted and make the look invalid; single ones are fine."""
    once = {name: values[::DAYS] for name, values in table.items()}
    pq.write_table(pa.table(once), folder / "once.parquet")
    single = observe(registration({"path": "once.parquet", "day": None}), day=2, sources={}, root=folder)
    assert (single.duplicates, single.last_day, single.units("control")) == (0, None, UNITS // 2)
    plan = registration({"day": None})
    repeated = analyse(plan, "x", observe(plan, day=2, sources={}, root=folder), look=1)
    assert repeated.verdict == "invalid"
    assert repeated.reasons[0].startswith("1,200 rows repeat a unit")


def test_units_in_both_arms_are_left_out_and_named(folder: Path, table: dict[str, Any]) -> None:
    """Every tenth user changes arm on day 2: the assignment is not stable."""
    arm = np.where((table["user"] % 10 == 0) & (table["day"] == 2), "b", table["arm"])
    pq.write_table(pa.table({**table, "arm": arm}), folder / "rows.parquet")
    result = analyse(registration(), "x", observe(registration(), day=2, sources={}, root=folder), look=1)
    assert result.verdict == "invalid"
    assert any(reason.startswith("60 units seen in both arms") for reason in result.reasons)


def test_infinite_values_of_the_primary_are_broken_data(folder: Path, table: dict[str, Any]) -> None:
    """An infinity is never averaged."""
    huge = table["huge"].copy()
    huge[0] = np.inf
    pq.write_table(pa.table({**table, "huge": huge}), folder / "rows.parquet")
    result = analyse(registration(), "x", observe(registration(), day=2, sources={}, root=folder), look=1)
    assert (result.verdict, result.reasons[0]) == ("invalid", "An infinite value of huge for 1 unit.")


def test_data_that_end_before_the_look_are_invalid(folder: Path, table: dict[str, Any]) -> None:
    """The look of day 3 with data to day 2."""
    keep = table["day"] <= 2
    pq.write_table(pa.table({name: values[keep] for name, values in table.items()}), folder / "rows.parquet")
    result = analyse(registration(), "x", observe(registration(), day=3, sources={}, root=folder), look=2)
    assert result.verdict == "invalid"
    assert result.reasons[0] == "The data end on day 2, and this look is on day 3."


def test_a_missing_guardrail_column_is_undecided_and_lists_what_is_there(folder: Path) -> None:
    """One metric cannot be had: it says so, the others are judged."""
    metrics = {**METRICS, "nps": {"kind": "mean", "column": "nps"}, "word": {"kind": "mean", "column": "arm"}}
    seen = observe(registration(metrics=metrics), day=2, sources={}, root=folder)
    assert seen.missing["nps"].startswith("rows.parquet has no column nps (nps); it has user, day, arm")
    assert seen.missing["word"] == "column arm (word) is string, not a number"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arm": "variant"}, "rows.parquet has no column variant (arm); it has user, day"),
        ({"path": "none.parquet"}, "no file matches none.parquet in "),
        ({"path": "../rows.parquet"}, "leads outside"),
        ({"path": "/etc/passwd"}, "leads outside"),
        ({"path": "notes.txt"}, "notes.txt is neither Parquet nor CSV"),
        ({"path": "link.parquet"}, "leads outside"),
        ({"path": "broken.parquet"}, "broken.parquet cannot be read"),
        ({"path": None, "source": "lake", "table": "t"}, "source lake is not configured"),
    ],
)
def test_data_that_cannot_be_had_say_why(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any], message: str
) -> None:
    """Missing columns, files and sources, and every way out of the folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "rows.parquet"
    elsewhere.write_bytes((folder / "rows.parquet").read_bytes())
    (folder / "link.parquet").symlink_to(elsewhere)
    (folder / "notes.txt").write_text("hello")
    (folder / "broken.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(SourceError) as caught:
        observe(registration(change), day=2, sources={}, root=folder)
    assert message in str(caught.value)


def test_a_path_without_a_configured_folder_is_refused() -> None:
    """From Slack, files may be named only where the operator allows it."""
    with pytest.raises(SourceError, match="no folder for data is configured"):
        observe(registration(), day=2, sources={}, root=None)


def test_names_with_quotes_are_names_not_sql(folder: Path, table: dict[str, Any]) -> None:
    """A column called like an injection is just a column, and so is an arm."""
    evil = 'x"; DROP TABLE data; --'
    arm = np.where(table["arm"] == "a", "it's", "b")
    renamed = {evil if name == "csat" else name: values for name, values in {**table, "arm": arm}.items()}
    pq.write_table(pa.table(renamed), folder / "rows.parquet")
    plan = registration(
        arms={"control": "it's", "treatment": "b"},
        metrics={**METRICS, "csat": {"kind": "mean", "column": evil}},
    )
    seen = observe(plan, day=2, sources={}, root=folder)
    sample = seen.sample("control", "csat")
    assert sample is not None
    assert sample.n > 100


def test_summary_rows_are_those_of_the_largest_day_not_above(tmp_path: Path) -> None:
    """Cohort cells merge into the aggregate; a null variance stays unknown; other days are not seen."""
    lines = ["d,arm,metric,n,mean,variance,locale"]
    for day, mean in ((1, 9.0), (2.5, 1.0), (4, 9.0)):
        for arm in ("a", "b"):
            lines += [f"{day},{arm},huge,10,{mean},2.0,en", f"{day},{arm},huge,30,{mean + 4},2.0,jp"]
            lines.append(f"{day},{arm},csat,10,4.0,,en")
    (tmp_path / "stats.csv").write_text("\n".join(lines))
    plan = registration({"kind": "summary", "path": "stats.csv", "columns": {"day": "d"}, "day": None})
    seen = observe(plan, day=3, sources={}, root=tmp_path)
    merged = seen.sample("control", "huge")
    assert merged is not None
    assert (merged.n, merged.mean_of("value")) == (40, 4.0)
    assert merged.variance("value") == pytest.approx((9 * 2 + 29 * 2 + 10 * 9 + 30 * 1) / 39)
    assert (seen.last_day, seen.units("treatment")) == (2.5, 40)
    assert seen.missing["ratio"] == "the table has no rows for ratio"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2,a,huge,10,1.0,2.0", "stats.csv has two rows for huge in control on day 2"),
        ("2,a,csat,1.5,1.0,2.0", "csat in arm a on day 2: n is 1.5, not a count"),
    ],
)
def test_summary_rows_that_make_no_sense_are_refused(tmp_path: Path, row: str, message: str) -> None:
    """Two rows for one cell, or a count that is none."""
    rows = ["day,arm,metric,n,mean,variance", "2,a,huge,10,1.0,2.0", "2,b,huge,10,1.0,2.0", row]
    (tmp_path / "stats.csv").write_text("\n".join(rows))
    where = {"kind": "summary", "path": "stats.csv", "day": None}
    with pytest.raises(SourceError) as caught:
        observe(registration(where, cohorts={}), day=2, sources={}, root=tmp_path)
    assert message in str(caught.value)
