"""Where a condition's number comes from: a metrics server, a warehouse, the experiment's data; or nowhere."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.clock import system
from bot.core.condition import Check, Reading, Status
from bot.core.launch import Kind
from bot.services import rollout_checks
from bot.settings import SourceSettings
from bot.store.database import Database
from tests.e2e.monitoring import Exporter, free_port, missing
from tests.services.rollout_bench import (
    BASE,
    LAUNCH,
    ROLLOUT,
    Metrics,
    RolloutBench,
    flag_server,
    metrics_server,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),  # Ibis asks pandas for SQLite's rows
]

OWN = """
rollout:
  - {{stage: 10%, abort_if: [{conditions}]}}
  - {{stage: 50%}}
"""
LIKED = '"csat < -5 %"'


@pytest.fixture
def prom() -> Iterator[Metrics]:
    """A metrics server."""
    with metrics_server() as told:
        yield told


def exposures(
    path: Path, days: Mapping[int, tuple[int, int]], csat: tuple[float, float] = (4.0, 4.0)
) -> None:
    """A DuckDB file with so many new units of control and treatment on each day, and the arms' mean CSAT."""
    import duckdb

    path.unlink(missing_ok=True)
    parts = [
        f"SELECT '{arm}-{day}-' || i AS user_id, '{arm}' AS arm, {day} AS day, "
        "0.2 + (i % 5) / 100.0 AS rate, "
        f"0.2 + (i % 7) / 100.0 AS rate_pre, 1 AS useful, 2 AS turns, {mean} + (i % 3 - 1) / 2.0 AS csat, "
        f"CASE WHEN i % 10 < 7 THEN 'en' ELSE 'jp' END AS locale FROM range({count}) t(i)"
        for day, both in days.items()
        for arm, count, mean in (("l6", both[0], csat[0]), ("l12", both[1], csat[1]))
        if count
    ]
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE exposure AS {' UNION ALL '.join(parts)}")


def of_warehouse(conditions: str) -> str:
    """A launch whose data are in the warehouse, by day."""
    data = "data: {source: wh, table: exposure, unit: user_id, arm: arm, day: day}"
    found = BASE.replace("data: {path: exposure.parquet, unit: user_id, arm: arm, day: day}", data)
    assert found != BASE
    return found + OWN.format(conditions=conditions)


def bench_on(db: Database, clock: Any, url: str = "", prom: str = "", **more: Any) -> RolloutBench:
    """A bench with a warehouse and a metrics server."""
    sources: dict[str, Any] = {}
    if url:
        sources["wh"] = {"kind": "ibis", "url": url}
    if prom:
        sources["prom"] = {"kind": "prometheus", "url": prom, "timeout_seconds": 1}
    return RolloutBench(db, clock, **{"sources": sources, **more})


def checked(bench: RolloutBench) -> Check:
    """Evaluate the present stage's conditions."""
    return rollout_checks.evaluate(bench.db, bench.desk, bench.id, bench.clock())[1]


def only(check: Check) -> Reading:
    """The one reading there is."""
    (reading,) = check.readings
    return reading


# A metrics server


def one_condition(bench: RolloutBench, condition: str, query: str = "q", source: str = "prom") -> Reading:
    """Start a launch with one condition, read where `query` says, and evaluate it."""
    name = condition.split()[0]
    metrics = f"\nrollout_metrics:\n  {name}: {{source: {source}, query: {json.dumps(query)}}}\n"
    bench.lock(LAUNCH.replace(ROLLOUT, metrics + OWN.format(conditions=f'"{condition}"')))
    bench.press("Start")
    return only(checked(bench))


@pytest.mark.parametrize(
    ("value", "condition", "status"),
    [
        ("1740", "p99_ms > 1500", Status.BREACHED),
        ("1500", "p99_ms > 1500", Status.OK),
        ("1500", "p99_ms >= 1500", Status.BREACHED),
        ("1.6e3", "p99_ms > 1.5 s", Status.BREACHED),
        ("0.02", "errors > 1 %", Status.BREACHED),
        ("0.01", "errors > 1 %", Status.OK),
        ("2", "errors_percent > 1", Status.BREACHED),
        ("-6", "lift < -5", Status.BREACHED),
        ("NaN", "p99_ms > 1500", Status.UNKNOWN),
        ("+Inf", "p99_ms > 1500", Status.UNKNOWN),
        ("many", "p99_ms > 1500", Status.UNKNOWN),
        ("", "p99_ms > 1500", Status.UNKNOWN),
    ],
)
def test_a_value_of_the_metrics_server_stands_to_its_line(
    sqlite: Database, clock: Any, prom: Metrics, value: str, condition: str, status: Status
) -> None:
    """In the unit of the name; what is no number is unknown, never 0."""
    prom.set("q", value)
    reading = one_condition(bench_on(sqlite, clock, prom=prom.url), condition)
    assert reading.status is status
    assert (reading.measured is None) == (status is Status.UNKNOWN)
    assert reading.reason or status is not Status.UNKNOWN


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("<html>", "prom"),
        ('{"status": "error", "error": "parse error"}', "parse error"),
        ('{"status": "success", "data": {"resultType": "vector", "result": []}}', "has no series"),
        ('{"status": "success", "data": {"resultType": "matrix", "result": []}}', "prom"),
        ("[]", "prom"),
        ("{" * 5000, "prom"),
    ],
)
def test_a_metrics_server_that_answers_rubbish_leaves_it_unknown_with_the_reason(
    sqlite: Database, clock: Any, prom: Metrics, raw: str, reason: str
) -> None:
    """Whatever came back is shown in words, and nothing is raised."""
    prom.raw = raw
    reading = one_condition(bench_on(sqlite, clock, prom=prom.url), "p99_ms > 1500")
    assert reading.status is Status.UNKNOWN
    assert reason in reading.reason


def test_a_metrics_server_that_is_gone_and_a_source_nobody_configured(sqlite: Database, clock: Any) -> None:
    """Each says what it is."""
    gone = one_condition(bench_on(sqlite, clock, prom=f"http://127.0.0.1:{free_port()}"), "p99_ms > 1500")
    assert gone.reason == "prom cannot be reached: ConnectError"
    sick = RolloutBench(sqlite, clock)
    sick.lock(LAUNCH.replace("reranker-l12", "reranker-l13"))
    sick.press("Start")
    assert {one.reason for one in checked(sick).readings} == {
        "source prom is not configured; configured: none"
    }


def test_the_worst_of_several_series_counts_and_one_that_is_no_number_is_no_comfort(
    sqlite: Database, clock: Any, prom: Metrics
) -> None:
    """A breach is a breach beside it; without one the whole is unknown."""
    bench = bench_on(sqlite, clock, prom=prom.url)
    prom.series["q"] = [({"locale": "jp"}, "900"), ({"locale": "en"}, "NaN")]
    reading = one_condition(bench, "p99_ms > 1500")
    assert reading.status is Status.UNKNOWN
    assert reading.reason == "1 of 2 series is not a number, locale=en"
    prom.series["q"] = [({"locale": "jp"}, "1740"), ({"locale": "en"}, "NaN")]
    reading = only(checked(bench))
    assert (reading.status, reading.measured) == (Status.BREACHED, 1740)
    assert reading.where == "locale=jp, the worst of 2 series"


@pytest.mark.prometheus
@pytest.mark.skipif("prometheus" in missing().split(", "), reason="prometheus is not installed")
async def test_a_real_prometheus_is_asked_and_believed(sqlite: Database, clock: Any, tmp_path: Path) -> None:
    """What an exporter says of the treatment reaches a condition, with the series' labels."""
    exporter, port = Exporter(), free_port()
    exporter.set("turn_latency_ms", 900, arm="control")
    exporter.set("turn_latency_ms", 1740, arm="treatment")
    await exporter.start()
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
        f"- {{job_name: m, static_configs: [{{targets: ['127.0.0.1:{exporter.port}']}}]}}\n"
    )
    server = subprocess.Popen(
        ["prometheus", f"--config.file={tmp_path / 'prometheus.yml'}",
         f"--web.listen-address=127.0.0.1:{port}",
         f"--storage.tsdb.path={tmp_path / 'tsdb'}", "--log.level=error"],
    )  # fmt: skip
    try:
        clock.now = system()
        bench = bench_on(sqlite, clock, prom=f"http://127.0.0.1:{port}")
        reading = await eventually(bench, 'max by (arm) (turn_latency_ms{arm="treatment"})')
        assert (reading.status, reading.measured) == (Status.BREACHED, 1740)
        assert reading.where == "arm=treatment"
        bench.desk.prometheus["prom"].close()
    finally:
        server.kill()
        server.wait()
        await exporter.stop()


async def eventually(bench: RolloutBench, query: str) -> Reading:
    """The reading once the server has scraped."""
    import asyncio

    reading = await asyncio.to_thread(one_condition, bench, "p99_ms > 1500", query)
    over = time.monotonic() + 30
    while reading.status is Status.UNKNOWN and time.monotonic() < over:
        await asyncio.sleep(0.2)
        bench.clock.now = system()
        reading = only(await asyncio.to_thread(checked, bench))
    return reading


# A warehouse


@pytest.fixture(params=["duckdb", "sqlite"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A warehouse of each embedded kind with a table of turns."""
    path = tmp_path / f"turns.{request.param}"
    rows = [("jp", 1740.0), ("en", 900.0)]
    if request.param == "sqlite":
        with sqlite3.connect(path) as lite:
            lite.execute("CREATE TABLE turn (locale TEXT, ms REAL)")
            lite.executemany("INSERT INTO turn VALUES (?, ?)", rows)
        lite.close()
    else:
        import duckdb

        with duckdb.connect(str(path)) as duck:
            duck.execute("CREATE TABLE turn (locale TEXT, ms DOUBLE)")
            duck.executemany("INSERT INTO turn VALUES (?, ?)", rows)
    return f"{request.param}:///{path}"


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("SELECT max(ms) AS worst FROM turn", Status.BREACHED, ""),
        ("SELECT min(ms) AS best FROM turn", Status.OK, ""),
        ("SELECT max(ms) AS m FROM turn WHERE locale = 'fr'", Status.UNKNOWN, "wh: the query gave NULL"),
        ("SELECT ms FROM turn", Status.UNKNOWN, "several rows of 1 column, and one number is needed"),
        ("SELECT ms FROM turn WHERE ms < 0", Status.UNKNOWN, "no row of 1 column"),
        ("SELECT 1 AS a, 2 AS b", Status.UNKNOWN, "one row of 2 columns"),
        ("SELECT 'many' AS a", Status.UNKNOWN, "not a number"),
        ("SELECT max(latency) AS m FROM turn", Status.UNKNOWN, "latency"),
        ("SELECT 1 AS a; DROP TABLE turn", Status.UNKNOWN, ""),
        ("DROP TABLE turn", Status.UNKNOWN, ""),
        ("this is no SQL", Status.UNKNOWN, ""),
    ],
)
def test_a_query_of_the_warehouse_gives_one_number_or_is_unknown(
    sqlite: Database, clock: Any, warehouse: str, query: str, status: Status, reason: str
) -> None:
    """Nothing else than one number is one; and a query only reads."""
    bench = bench_on(sqlite, clock, warehouse)
    reading = one_condition(bench, "p99_ms > 1500", query, "wh")
    assert reading.status is status, reading
    assert reason in reading.reason
    assert reading.reason or status is not Status.UNKNOWN
    again = bench_on(sqlite, clock, warehouse)
    again.id = bench.id
    from bot.sources import warehouse as source

    settings = SourceSettings(kind="ibis", url=warehouse)
    assert source.number(settings, "SELECT count(*) AS n FROM turn", name="wh") == 2


# The experiment's own data


def launched(bench: RolloutBench, conditions: str = LIKED) -> RolloutBench:
    """Started, on a day of which `full` are over."""
    bench.lock(of_warehouse(conditions))
    bench.press("Start")
    return bench


def test_a_guardrail_of_the_experiment_pauses_it_by_the_difference_between_the_arms(
    database: Database, clock: Any, tmp_path: Path
) -> None:
    """What, against which line, by how much, with the interval, to which day; told as a condition's."""
    exposures(tmp_path / "wh.duckdb", {1: (800, 800), 2: (800, 800)}, csat=(4.0, 3.6))
    with flag_server() as system:
        bench = launched(bench_on(database, clock, f"duckdb:///{tmp_path / 'wh.duckdb'}", flags=system.url))
        clock.advance(days=1)
        bench.work()
        shown = bench.last()
        assert shown.header == "reranker-l12 paused at 10%: csat crossed its line"
        said = shown.text.replace("\N{NO-BREAK SPACE}", " ")
        assert "csat \N{MINUS SIGN}10.0 % &lt; \N{MINUS SIGN}5.00 %, 5 percentage points beyond" in said
        assert "treatment against control, to day 2; interval (\N{MINUS SIGN}" in said
        assert [(b["event"], b["cause"]) for _, b, _ in system.heard][-1] == ("paused", "condition")


def test_a_sample_ratio_that_is_off_holds_the_launch_and_pauses_nothing(
    database: Database, clock: Any, tmp_path: Path
) -> None:
    """Whatever is measured on such data is not evidence; the flag system is told to go no further."""
    exposures(tmp_path / "wh.duckdb", {1: (1000, 700), 2: (1000, 700)})
    with flag_server() as system:
        bench = launched(bench_on(database, clock, f"duckdb:///{tmp_path / 'wh.duckdb'}", flags=system.url))
        clock.advance(days=1)
        bench.work()
        card = bench.card()
        assert "⚠ holds: sample ratio: 2,000 and 1,400 units" in card.text
        assert "Advance" not in str(card.buttons)
        clock.advance(minutes=15)
        bench.work()
        assert bench.launch.paused is None
        (entry,) = bench.entries(Kind.HELD)
        assert [one["status"] for one in entry.body["conditions"]].count("held") == 1
        assert [b["event"] for _, b, _ in system.heard] == ["stage", "held"]
        assert "held at 10%: 1 of 3 not fit to go on with" in bench.last().text


def test_a_day_without_traffic_holds_the_launch_until_units_come_again(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """The flag may be off without anybody knowing."""
    path = tmp_path / "wh.duckdb"
    exposures(path, {1: (800, 800)})
    bench = launched(bench_on(sqlite, clock, f"duckdb:///{path}"))
    clock.advance(days=1)
    bench.work()
    assert "[Advance to 50%]" in bench.card().buttons
    clock.advance(days=2)
    bench.work()
    assert "⚠ holds: traffic: no units on day 3: the newest are of day 1" in bench.card().text
    assert "Advance" not in str(bench.card().buttons)
    exposures(path, {1: (800, 800), 2: (800, 800), 3: (800, 800)})
    clock.advance(minutes=15)
    bench.work()
    assert "[Advance to 50%]" in bench.card().buttons


def test_the_primary_metric_is_shown_to_nobody_between_the_looks(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """A condition on it can stop a launch; while it does not, its value is not said anywhere."""
    exposures(tmp_path / "wh.duckdb", {1: (800, 800), 2: (800, 800)})
    bench = launched(bench_on(sqlite, clock, f"duckdb:///{tmp_path / 'wh.duckdb'}"), '"rate < -5 %"')
    clock.advance(days=1)
    bench.work()
    reading = next(one for one in checked(bench).readings if one.metric == "rate")
    assert (reading.status, reading.measured) == (Status.OK, None)
    assert "its value is kept for the look" in bench.card().text


def test_data_that_cannot_be_read_leave_every_condition_of_theirs_unknown(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """A renamed column, a table that is gone: in words."""
    import duckdb

    path = tmp_path / "wh.duckdb"
    exposures(path, {1: (800, 800)})
    bench = launched(bench_on(sqlite, clock, f"duckdb:///{path}"))
    clock.advance(days=1)
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE exposure RENAME csat TO csat_5")
    bench.work()
    said = bench.card().text
    assert "? unknown: csat &lt;" in said
    assert "csat" in checked(bench).readings[0].reason
    assert "1 of 3 unknown" in said
    assert "Held: csat cannot be read. Next: 50%, once a check is fine." in said
    path.unlink()
    assert all(one.status is Status.UNKNOWN for one in checked(bench).readings)
