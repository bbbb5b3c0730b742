"""Sources of changes are asked on time; what they say is kept once, and failures are told once."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import httpx
import pytest

from bot.core.change import Change, ChangeKind
from bot.core.change_reading import ChangeReading
from bot.core.mlflow_change import alias_change, version_change
from bot.errors import SourceError
from bot.services import change_sources, changes
from bot.store import change_sources as store
from bot.store import changes as log
from bot.store import incidents, slots
from handlers.changes import mlflow
from tests.services.incident_bench import Bench, Shown

MODEL = ChangeKind.MODEL


class Registry:
    """A source that says what the test wants, and remembers what it was asked."""

    def __init__(self, bench):
        self.bench = bench
        self.says = []
        self.asked = []

    def __call__(self, name, settings, cursor, now):
        """Answer, or raise what stands in the way."""
        self.asked.append((name, dict(cursor)))
        said = self.says.pop(0) if self.says else ChangeReading((), {"at": now.isoformat()})
        if isinstance(said, str):
            raise SourceError(said)
        return said

    def run(self, minutes=1.0):
        """Let the job of a minute run."""
        finish = change_sources.run(self.bench.db, self.bench.desk, self.bench.now, ask=self)
        with self.bench.write() as session:
            finish(session)
        self.bench.clock.advance(minutes=minutes)


@pytest.fixture
def bench(sqlite, clock):
    """A bench with one registry that is asked every two minutes."""
    sources = {"registry": {"kind": "mlflow", "url": "https://mlflow.example"}}
    return Bench(sqlite, clock, changes=sources)


@pytest.fixture
def both(database, clock):
    """A bench on each kind of database."""
    return Bench(database, clock)


@pytest.fixture
def registry(bench):
    """What answers."""
    return Registry(bench)


def said(bench):
    """What the ops channel was told about sources."""
    posts = [e for e in bench.effects("post") if e["key"].startswith("changes/")]
    assert {e["channel"] for e in posts} <= {"#lookout-ops"}
    return [Shown(e["message"]).text for e in posts]


def logged(bench):
    """Everything in the log."""
    with bench.db.read() as session:
        return log.between(session, bench.now - timedelta(days=30), bench.now + timedelta(days=1))


def test_a_source_is_asked_as_often_as_it_says_and_from_where_it_was_read_to(bench, registry):
    """The job comes every minute; a cursor is what the source's reader keeps."""
    registry.says = [ChangeReading((), {"n": 1}), ChangeReading((), {"n": 2})]
    for _ in range(5):
        registry.run()
    assert registry.asked[:3] == [("registry", {}), ("registry", {"n": 1}), ("registry", {"n": 2})]
    assert len(registry.asked) == 3


def test_what_is_said_again_is_one_change_and_a_correction_corrects_it(bench, registry):
    """Known by its id; open incidents that began after it look at the log again."""
    bench.receive(bench.alert())
    bench.work()
    at = bench.now - timedelta(minutes=20)
    first = Change("registry", "1", MODEL, "l12", at)
    registry.says = [
        ChangeReading((first,), {}),
        ChangeReading((first, Change("registry", "1", MODEL, "L12", at)), {}),
    ]
    registry.run(2)
    assert "incident.evidence" in bench.work()
    registry.run(2)
    assert "incident.evidence" not in bench.work()
    assert [change.title for change in logged(bench)] == ["L12"]


def test_failures_are_told_once_and_their_end_once(bench, registry):
    """One that fails once may be a restart."""
    registry.run(2)
    registry.says = ["registry answered 503"] * 4
    registry.run(2)
    assert said(bench) == []
    for _ in range(3):
        registry.run(2)
    (told,) = said(bench)
    assert "Changes of *registry* cannot be read since" in told
    assert "registry answered 503. It was last read" in told
    registry.says = [ChangeReading((Change("registry", "1", MODEL, "l12", bench.now),), {"n": 9})]
    registry.run(2)
    assert said(bench)[1:] == ["✓ Changes of *registry* are read again: 1 change caught up."]
    registry.says = ["down", "down", "down"]
    for _ in range(3):
        registry.run(2)
    assert len(said(bench)) == 3
    assert registry.asked[-1] == ("registry", {"n": 9})


def test_what_cannot_be_understood_of_an_answer_is_told_once(bench, registry):
    """The rest of it is in the log."""
    odd = ChangeReading((), {}, fault="2 of 3 rows cannot be read, the first: row '2'")
    registry.says = [odd, odd, ChangeReading((), {}), odd]
    for _ in range(4):
        registry.run(2)
    assert len(said(bench)) == 2
    assert "are read, but 2 of 3 rows cannot be read" in said(bench)[0]


def test_evidence_is_unknown_while_a_source_cannot_be_read(bench, registry):
    """A log that misses a source cannot say that nothing changed."""
    registry.says = ["registry answered 401"] * 2
    registry.run(2)
    registry.run(2)
    bench.receive(bench.alert())
    bench.work()
    with bench.db.read() as session:
        (line,) = [one for one in incidents.evidence(session, 1, "changed") if one.check == "changes"]
    assert line.status == "unknown"
    assert "but registry could never be read: look there by hand" in line.line


def alias(at, earliest=None, version="2"):
    """The alias champion moved."""
    return alias_change(MODEL, "reranker", "champion", version, at, earliest=earliest, previous="1")


@pytest.mark.parametrize("first", ["webhook", "poll"])
def test_an_alias_told_by_a_webhook_and_by_asking_is_one_change_with_the_webhooks_time(bench, first):
    """Whichever comes first; the same move an hour later is another."""
    now = bench.now
    exact = replace(alias(now - timedelta(minutes=1)), previous_version="")  # a webhook does not know it
    found = alias(now, earliest=now - timedelta(minutes=2))
    for change in (exact, found) if first == "webhook" else (found, exact):
        with bench.write() as session:
            changes.record(session, [change], now=now)
    (kept,) = logged(bench)
    assert (kept.at, kept.earliest, kept.versions) == (exact.at, None, "1 → 2")
    again = now + timedelta(hours=1)
    with bench.write() as session:
        changes.record(session, [alias(again, earliest=again - timedelta(minutes=2))], now=again)
        changes.record(session, [alias(now, earliest=now - timedelta(minutes=2), version="3")], now=again)
    assert len(logged(bench)) == 3


def test_a_version_told_by_a_webhook_and_by_asking_has_one_id(bench):
    """It is registered once."""
    body = {
        "entity": "model_version", "action": "created", "timestamp": "2026-11-23T03:00:00Z",
        "data": {"name": "reranker", "version": "12"},
    }  # fmt: skip
    (told,) = mlflow.parse(body, {})
    asked = version_change(MODEL, "reranker", "12", told.at - timedelta(milliseconds=80))
    assert (told.source, told.id) == (asked.source, asked.id)


def test_a_span_that_reaches_over_the_onset_is_evidence_and_says_between_when(bench):
    """The alias may have moved just before."""
    start = bench.now - timedelta(minutes=6)
    with bench.write() as session:
        changes.record(
            session,
            [alias(start + timedelta(minutes=1), earliest=start - timedelta(minutes=1))],
            now=bench.now,
        )
    bench.receive(bench.alert())
    bench.work()
    with bench.db.read() as session:
        line = incidents.evidence(session, 1, "changed")[0].line
    assert "between 03:05 UTC and 03:07 UTC, about the onset" in line


def test_the_job_is_planned_only_where_there_are_sources_and_forgets_those_that_are_gone(
    bench, sqlite, clock
):
    """Said at every start."""
    with bench.write() as session:
        store.keep(session, store.Reading("gone", {"n": 1}))
        change_sources.schedule(session, bench.desk, bench.now)
        assert store.readings(session) == ()
        assert slots.next_due(session) is not None
        change_sources.schedule(session, Bench(sqlite, clock).desk, bench.now)
        assert slots.next_due(session) is None


def test_each_kind_of_source_is_asked_by_its_own_reader(sqlite, clock, tmp_path):
    """Over one client; a warehouse by its own connection."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 1 AS id, 'd' AS title, TIMESTAMP '2026-11-23 12:00' AS made"
        )
    configured = {
        "registry": {"kind": "mlflow", "url": "https://mlflow.example"},
        "plan": {"kind": "ical", "url": "https://plan.example/x.ics", "change_kind": "campaign"},
        "deploys": {
            "kind": "sql", "source": "shop", "query": "SELECT * FROM t", "columns": {"at": "made"},
            "change_kind": "code_deploy",
        },
    }  # fmt: skip
    sources = {"shop": {"kind": "ibis", "url": f"duckdb://{path}"}}
    bench = Bench(sqlite, clock, changes=configured, sources=sources)

    def answer(request):
        if request.url.host == "mlflow.example":
            return httpx.Response(200, json={})
        event = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261122T000000Z\r\nSUMMARY:sale\r\nEND:VEVENT\r\n"
        return httpx.Response(200, text=f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n")

    client = httpx.Client(transport=httpx.MockTransport(answer))

    def ask(name, settings, cursor, now):
        return change_sources.ask_with(client, bench.desk, name, settings, cursor, now)

    finish = change_sources.run(bench.db, bench.desk, bench.now, ask=ask)
    with bench.write() as session:
        finish(session)
    assert [(change.source, change.title) for change in logged(bench)] == [("deploys", "d"), ("plan", "sale")]
    with bench.db.read() as session:
        readings = store.readings(session)
    assert {one.name: one.read_at for one in readings} == dict.fromkeys(configured, bench.now)


def test_sources_left_over_for_want_of_time_are_asked_the_next_minute(bench, registry, monkeypatch):
    """They do not wait as long as if they had been asked."""
    with monkeypatch.context() as patch:
        patch.setattr(change_sources, "ALTOGETHER", timedelta(seconds=-1))
        registry.run()
    assert registry.asked == []
    registry.run()
    assert len(registry.asked) == 1


def test_what_nobody_foresaw_of_one_source_leaves_it_unread_and_the_others_read(sqlite, clock):
    """It is told as any other failure."""
    kind = {"kind": "mlflow", "url": "https://mlflow.example"}
    bench = Bench(sqlite, clock, changes={"one": kind, "two": kind})

    def ask(name, settings, cursor, now):
        if name == "one":
            raise ZeroDivisionError
        return ChangeReading((Change("two", "1", MODEL, "l12", now),))

    for _ in range(2):
        finish = change_sources.run(bench.db, bench.desk, bench.now, ask=ask)
        with bench.write() as session:
            finish(session)
        bench.clock.advance(minutes=2)
    assert [change.source for change in logged(bench)] == ["two"]
    assert "what one answered cannot be read (ZeroDivisionError)" in said(bench)[0]


def test_long_ids_are_kept_apart_and_of_one_id_the_last_word_counts(both):
    """However often the same is said again."""
    names = ["n" * 900 + end for end in "ab"]
    given = [Change("deploys", name, MODEL, name[-1], both.now) for name in names]
    given += [Change("deploys", "1", MODEL, title, both.now) for title in ("first", "last")]
    for new in (3, 0, 0):
        with both.write() as session:
            assert changes.record(session, given, now=both.now) == new
            assert sorted(change.title for change in log.between(session, both.now, both.now)) == [
                "a", "b", "last",
            ]  # fmt: skip
