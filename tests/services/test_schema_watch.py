"""The watch over schemas: every hour, of what the playbooks check, whatever a warehouse does."""

from dataclasses import replace

import pytest
from sqlmodel import select

from bot.core.checks import Check
from bot.core.checks.options import Table
from bot.core.checks.upstream import Upstream
from bot.core.feed import SchemaSeen
from bot.services import schema_watch
from bot.services.checks.upstream import place_of
from bot.store import schemas
from bot.store.slot_rows import ScheduleRow, SlotRow
from tests.services.incident_bench import Bench
from tests.services.warehouse_bench import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def desk_with(bench, *tables):
    """The bench's desk, whose tree checks these tables."""
    checks = {f"feed_{n}": Check(f"feed_{n}", "upstream", Upstream(table)) for n, table in enumerate(tables)}
    old = bench.desk
    tree = replace(old.playbooks.triage, checks=checks)
    return replace(old, playbooks=replace(old.playbooks, triage=tree, others=()))


def jobs(db):
    """Schedules and waiting slots of the watch."""
    with db.read() as session:
        rules = session.exec(select(ScheduleRow.job).where(ScheduleRow.job == schema_watch.JOB)).all()
        waiting = session.exec(select(SlotRow.slot).where(SlotRow.job == schema_watch.JOB)).all()
    return list(rules), list(waiting)


def test_every_table_that_can_be_asked_is_seen(sqlite, clock, tmp_path):
    """One that is not there, or whose source is not, does not keep the others from being seen."""
    warehouse = Warehouse(tmp_path, clock(), small=True)
    bench = Bench(sqlite, clock, sources={"w": warehouse.source})
    query = Table("w", sql="SELECT 1 AS n")
    desk = desk_with(bench, Table("w", "gone"), Table("nowhere", "x"), Table("w", "catalog"), query)
    finish = schema_watch.watch(desk, {}, clock())
    with bench.write() as session:
        finish(session)
        seen = SchemaSeen({"id": "int64", "added_at": "timestamp(6)"}, clock(), clock())
        assert schemas.before(session, "w/catalog", clock()) == seen
        assert schemas.before(session, place_of(query), clock()).schema == {"n": "int32"}
        assert schemas.before(session, "w/gone", clock()) is None


def test_the_watch_runs_at_every_start_and_every_hour(sqlite, clock):
    """A start replaces the slot of the one before."""
    bench = Bench(sqlite, clock)
    desk = desk_with(bench, Table("w", "titles"))
    for _ in range(2):
        with bench.write() as session:
            schema_watch.schedule(session, desk, clock())
        clock.advance(minutes=1)
    rules, waiting = jobs(sqlite)
    assert rules == [schema_watch.JOB]
    assert [slot.partition("/")[0] for slot in waiting] == ["start"]


def test_where_no_table_is_configured_nothing_is_watched(sqlite, clock):
    """As shipped: the check says what to fill in; a watch of before ends."""
    bench = Bench(sqlite, clock)
    assert schema_watch.tables(bench.desk) == []
    with bench.write() as session:
        schema_watch.schedule(session, desk_with(bench, Table("w", "titles")), clock())
    with bench.write() as session:
        schema_watch.schedule(session, bench.desk, clock())
    assert jobs(sqlite) == ([], [])
