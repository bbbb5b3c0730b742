"""The checks that ask the warehouse: of a healthy one, of each fault, of one that cannot say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from bot.core.change import Change, ChangeKind
from bot.core.checks import read_check
from bot.core.evidence import EvidenceStatus
from bot.core.strict_yaml import parse
from bot.core.yaml_fields import Fields
from bot.errors import SourceError
from bot.services import changes, evidence, schema_watch
from bot.services.checks import KINDS, Asked
from bot.services.incident_cards import playbook_of
from bot.store import incidents
from tests.services.incident_bench import Bench
from tests.services.warehouse_bench import Warehouse

SUSPECT, CLEAR, UNKNOWN = EvidenceStatus.SUSPECT, EvidenceStatus.CLEAR, EvidenceStatus.UNKNOWN
FEED = {"kind": "upstream", "table": "feed.titles", "time": "loaded_at", "columns": ["price"]}
FEATURES = {
    "kind": "drift",
    "table": "served",
    "time": "at",
    "features": ["price", "ctr", "genre", "seen"],
    "hours": 6,
}
CLICKS = {"kind": "clicks", "table": "clicks", "time": "at", "device": "device", "hours": 6}
TRAFFIC = {"kind": "traffic", "table": "sessions", "time": "at", "channel": "utm_source", "hours": 6}
EVAL = {
    "kind": "eval_set",
    "table": "eval_queries",
    "segment": "query_class",
    "catalog": {"table": "catalog"},
    "production": {"table": "queries", "time": "at"},
}


NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
"""What the clock of the tests says: a Monday."""


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A healthy warehouse, made once."""
    return Warehouse(tmp_path_factory.mktemp("warehouse"), NOW)


@pytest.fixture
def desk(sqlite, clock, healthy, tmp_path):
    """An incident that began six minutes ago, and a copy of the warehouse to break."""
    assert clock() == NOW
    warehouse = healthy.copy(tmp_path)
    bench = Bench(sqlite, clock, sources={"w": warehouse.source}, timezone="UTC")
    bench.receive(bench.alert())
    return Desk(bench, warehouse)


class Desk:
    """A bench with a warehouse, and one check asked of it."""

    deadline = 30.0
    """Seconds: more than a busy machine takes."""

    def __init__(self, bench: Bench, warehouse: Warehouse) -> None:
        self.bench, self.warehouse = bench, warehouse

    def saw_schema(self):
        """Have the schema watched two days ago and an hour ago."""
        before = self.bench.desk
        checked = replace(before.playbooks.triage, checks={"feed": self.check(FEED)})
        desk = replace(before, playbooks=replace(before.playbooks, triage=checked, others=()))
        for hours in (48, 1):
            now = self.bench.now - timedelta(hours=hours)
            finish = schema_watch.watch(desk, {}, now)
            with self.bench.write() as session:
                finish(session)

    def change(self, kind, minutes):
        """Report a change so many minutes before now."""
        at = self.bench.now - timedelta(minutes=minutes)
        with self.bench.write() as session:
            changes.record(
                session, [Change("generic", f"{kind}", kind, f"{kind} change", at)], now=self.bench.now
            )

    def check(self, options, name="checked"):
        """The check as a playbook has it."""
        text = yaml.safe_dump({"source": "w", "deadline_seconds": 5, **options})
        fields = Fields(parse(text, name="x.yaml"))
        check = read_check(fields, (), name, yaml.safe_load(text))
        assert fields.findings == []
        return replace(check, deadline=self.deadline)

    def ask(self, options, name="checked"):
        """Run one check of the open incident: its lines, in order."""
        check = self.check(options, name)
        with self.bench.db.read() as session:
            incident = incidents.load(session, 1)
            playbook = replace(playbook_of(session, self.bench.desk, incident), checks={name: check})
        asked = Asked(self.bench.db, self.bench.desk, incident, playbook, check.options, self.bench.now, name)
        return list(KINDS[check.kind](asked))

    def one(self, options):
        """The one line: (status, line, finding)."""
        (found,) = self.ask(options)
        return found.status, found.line, found.finding

    def all(self, options):
        """Every line by its status and finding."""
        return [(found.status, found.finding) for found in self.ask(options)]


def test_a_healthy_warehouse_is_clear_in_every_way(desk):
    """Each kind says that nothing is off, and how far it is from that."""
    desk.saw_schema()
    desk.change(ChangeKind.CODE_DEPLOY, 50)
    told = [line for options in (FEED, FEATURES, CLICKS, TRAFFIC, EVAL) for line in desk.ask(options)]
    assert {line.status for line in told} == {CLEAR}
    assert {line.source for line in told} == {"w", ""}
    lines = [line.line for line in told]
    assert lines[:4] == [
        "row counts: 161 today so far, usual for a Monday 69 to 269 by this time; "
        "1200 yesterday, usual for a Sunday 1061 to 1339",
        "schema: fingerprint 9890b5ba8b09 unchanged since Sat 21 Nov",
        "freshness: newest Mon 23 Nov 03:12, 0 min ago; "
        "at this time of day it is 0 min at most on 19 days of 20",
        "null shares: 1 column as usual, today",
    ]
    assert lines[4].startswith("4 features are as usual, furthest ")
    assert lines[4].endswith("; last 6 h against the same hours of the days before")
    assert lines[5].startswith("click positions as usual: position, ")
    assert lines[6].startswith("traffic sources as usual: utm_source, ")
    assert lines[7] == (
        "calendar: nobody has reported any campaign or event to Lookout yet, "
        "but the traffic sources did not shift"
    )
    assert lines[8] == "eval set of 1,000 rows, 20 d old; 5 % of catalog is newer than the set, 10 % at most"
    assert lines[9].startswith("eval mix: KL(eval‖production) 0 over 7 days, 0.1 at most; most apart ")
    assert all(line.query for line in told)
    assert [line.chart["kind"] for line in told if line.chart] == ["line", "bars", "bars", "bars", "bars"]


def test_a_query_does_in_place_of_a_table(desk):
    """One SELECT, over as many tables as it likes."""
    query = "SELECT loaded_at, price FROM feed.titles JOIN catalog ON title_id = id"
    options = {key: value for key, value in FEED.items() if key != "table"}
    rows, *_ = desk.ask({**options, "sql": query})
    assert rows.status is CLEAR
    assert "1200 yesterday" in rows.line


def test_half_a_feed_is_suspect_and_suggests_row_counts(desk):
    """Yesterday's load was cut in half, today's went on so."""
    desk.warehouse.change(
        "DELETE FROM feed.titles WHERE loaded_at > {now} - INTERVAL 30 HOUR AND title_id % 2 = 1"
    )
    rows = desk.ask(FEED)[0]
    assert (rows.status, rows.finding) == (SUSPECT, "rows")
    assert rows.line.startswith("row counts: 600 yesterday, usual for a Sunday ")


def test_an_empty_feed_is_suspect_and_says_nothing_else_of_it(desk):
    """Truncated, and not filled again."""
    desk.warehouse.change("DELETE FROM feed.titles")
    desk.saw_schema()
    rows, schema, fresh, nulls = desk.ask(FEED)
    assert (rows.status, rows.line) == (SUSPECT, "row counts: feed.titles has no row at all in 57 days")
    assert schema.status is CLEAR
    assert (fresh.status, nulls.status) == (UNKNOWN, UNKNOWN)


def test_a_feed_that_stopped_is_late(desk):
    """Its newest row is five hours old, where one comes every minute."""
    desk.warehouse.change("DELETE FROM feed.titles WHERE loaded_at > {now} - INTERVAL 5 HOUR")
    told = desk.ask(FEED)
    assert [line.finding for line in told if line.status is SUSPECT] == ["rows", "freshness"]
    assert told[2].line.startswith("freshness: newest Sun 22 Nov 22:12, 5 h ago; ")


def test_a_configured_age_counts_in_place_of_what_is_usual(desk):
    """A feed that may be a day old is not late after five hours."""
    desk.warehouse.change("DELETE FROM feed.titles WHERE loaded_at > {now} - INTERVAL 5 HOUR")
    assert desk.ask({**FEED, "max_age_hours": 24})[2].status is CLEAR
    late = desk.ask({**FEED, "max_age_hours": 4})[2]
    assert late.status is SUSPECT
    assert late.line.endswith("; 4 h is the most configured")


def test_nulls_that_grow_are_suspect_with_their_column(desk):
    """A third of the prices is gone since midnight."""
    desk.warehouse.change(
        "UPDATE feed.titles SET price = NULL WHERE title_id % 3 = 0 AND loaded_at > {now} - INTERVAL 3 HOUR"
    )
    nulls = desk.ask(FEED)[3]
    assert (nulls.status, nulls.finding) == (SUSPECT, "nulls")
    assert nulls.line.startswith("null shares today: price 31.")
    assert nulls.line.endswith(" %, usual 1 %") or "usual 0." in nulls.line
    assert nulls.chart["rows"][0]["off"] is True


def test_a_changed_schema_is_suspect_with_what_changed_and_when(desk):
    """Against the one seen the day before the onset."""
    desk.saw_schema()
    desk.warehouse.change(
        "ALTER TABLE feed.titles DROP COLUMN kind",
        "ALTER TABLE feed.titles ADD COLUMN genre VARCHAR",
        "ALTER TABLE feed.titles ALTER COLUMN title_id TYPE VARCHAR",
    )
    schema = desk.ask(FEED)[1]
    assert (schema.status, schema.finding) == (SUSPECT, "schema")
    assert schema.line == (
        "schema: feed.titles changed 3 columns since Mon 23 Nov 02:12 UTC, before the onset: "
        "kind is gone; title_id int64 → string; genre (string) is new"
    )


def test_a_recorded_schema_counts_in_place_of_the_day_before(desk):
    """What the playbook says is right, whatever was seen."""
    recorded = {"title_id": "int64", "loaded_at": "timestamp(6)", "price": "float64", "kind": "string"}
    assert desk.ask({**FEED, "schema": recorded})[1].line.endswith(" as recorded in the playbook")
    odd = desk.ask({**FEED, "schema": {**recorded, "isbn": "string"}})[1]
    assert (odd.status, odd.line) == (SUSPECT, "schema: not the recorded one: isbn is gone")


def test_one_day_of_history_is_unknown_with_its_reason(desk):
    """Nothing is usual yet: not clear, not suspect."""
    desk.warehouse.change(
        "DELETE FROM feed.titles WHERE loaded_at < {now} - INTERVAL 27 HOUR",
        *(f'DELETE FROM {table} WHERE "at" < {{now}} - INTERVAL 1 DAY' for table in ("served", "clicks")),
    )
    rows, _, fresh, nulls = desk.ask(FEED)
    assert rows.line == "row counts: 161 today so far; 0 days like it known, 3 are needed"
    assert fresh.line.endswith("; 1 past days known, 7 are needed to say what is usual")
    assert nulls.line == "null shares: 1 past day known, 3 are needed"
    (features,) = desk.ask(FEATURES)
    assert features.line == "ctr, genre, price, seen: 0 reference days with 100 rows, 7 are needed"
    status, line, _ = desk.one(CLICKS)
    assert (status, line[:61]) == (UNKNOWN, "click positions: 0 reference days with 100 rows, 7 are needed")
    assert {line.status for line in (rows, fresh, nulls, features)} == {UNKNOWN}


def test_a_drifted_feature_is_named_with_how_it_moved(desk):
    """Prices are lower for the last hours; the other features are as they were."""
    desk.warehouse.change('UPDATE served SET price = price * 0.6 WHERE "at" > {now} - INTERVAL 6 HOUR')
    (found,) = desk.ask(FEATURES)
    assert (found.status, found.finding) == (SUSPECT, "drifted")
    assert found.line.startswith("price mean 4.95 → 2.9")
    assert "Wasserstein/sd 0.71" in found.line
    assert found.line.endswith("; last 6 h against the same hours of the days before")
    assert found.chart["unit"] == "%"


def test_a_word_and_a_null_that_drift_are_told_by_their_shares(desk):
    """The genre's mix turned, and half of the click rates are gone."""
    desk.warehouse.change(
        "UPDATE served SET genre = 'novel' WHERE genre = 'manga' AND \"at\" > {now} - INTERVAL 6 HOUR",
        'UPDATE served SET ctr = NULL WHERE price < 5 AND "at" > {now} - INTERVAL 6 HOUR',
    )
    lines = sorted(line.line for line in desk.ask(FEATURES))
    assert lines[0].startswith("ctr “no value” 0 % → ")
    assert lines[1].startswith("genre “novel” 10.6 % → 6")


def test_drift_of_one_shard_alone_is_seen_and_named(desk):
    """The whole hides it: a third of the rows moved by a little."""
    desk.warehouse.change(
        "UPDATE served SET price = price * 0.8 WHERE shard = 'shard-2' AND \"at\" > {now} - INTERVAL 20 HOUR"
    )
    (found,) = desk.ask({**FEATURES, "hours": 20, "by": "shard", "features": ["price"]})
    assert found.status is SUSPECT
    assert "(in shard shard-2" in found.line


def test_the_top_features_come_from_a_table_of_importance(desk):
    """By the size of their weight; those that cannot be had are named with the reason."""
    desk.warehouse.change(
        "CREATE TABLE weights AS SELECT * FROM (VALUES ('price', -3.0), ('ctr', 1.0), ('isbn', 2.0), "
        "('at', 0.5), (NULL, 9.0), ('seen', 'nan'::DOUBLE)) t(feature, weight)"
    )
    options = {key: value for key, value in FEATURES.items() if key != "features"}
    told = desk.ask({**options, "importance": {"table": "weights"}})
    assert told[0].line.startswith("2 features are as usual")
    assert told[1].status is UNKNOWN
    assert "isbn: the table has no such column" in told[1].line
    assert "at: the column is timestamp(6), neither a number nor a word" in told[1].line
    assert desk.one(options)[1].startswith("no feature is named: list `features`, or `importance`, under")


def test_clicks_that_moved_on_one_device_are_suspect(desk):
    """The first place on mobile is not clicked any more."""
    desk.warehouse.change(
        "UPDATE clicks SET position = 4 WHERE device = 'mobile' AND position = 1 "
        'AND "at" > {now} - INTERVAL 9 HOUR'
    )
    status, line, finding = desk.one({**CLICKS, "hours": 9})
    assert (status, finding) == (SUSPECT, "shifted")
    assert line.startswith("click positions shifted: position (in device mobile) “4” ")


def test_shares_of_rows_that_are_added_up_already_are_weighed(desk):
    """A row a day and source, with its count, in a column of dates."""
    desk.warehouse.change(
        "CREATE TABLE daily AS SELECT CAST({now} AS DATE) - CAST(d AS INTEGER) AS day, s AS channel, "
        "CASE WHEN s = 'mail' THEN 100 ELSE 1000 END + 10 * (d % 3) AS n "
        "FROM range(40) t(d), (VALUES ('search'), ('mail')) v(s)"
    )
    options = {"kind": "traffic", "table": "daily", "time": "day", "count": "n"}
    assert desk.ask(options)[0].status is CLEAR
    desk.warehouse.change("UPDATE daily SET n = 900 WHERE channel = 'mail' AND day = CAST({now} AS DATE)")
    found = desk.ask(options)[0]
    assert (found.status, found.finding) == (SUSPECT, "shift")
    assert "“mail” 9.8 % → 47.4 %" in found.line
    assert "; Mon 23 Nov against the days before; no campaign or event is on the calendar" in found.line


def test_a_log_that_heard_only_of_deploys_does_not_know_that_no_campaign_ran(desk):
    """A campaign of long ago, or a calendar that is read, says that somebody would have told of it."""
    blind = {"kind": "traffic"}
    desk.change(ChangeKind.CODE_DEPLOY, 50)
    found = desk.ask(blind)[-1]
    assert (found.status, found.line) == (
        UNKNOWN, "calendar: nobody has reported any campaign or event to Lookout yet",
    )  # fmt: skip
    desk.change(ChangeKind.CAMPAIGN, 90 * 24 * 60)
    found = desk.ask(blind)[-1]
    assert (found.status, found.line) == (CLEAR, "calendar: no campaign or external event ran at the onset")


@pytest.mark.parametrize(
    ("kind", "finding"), [(ChangeKind.CAMPAIGN, "campaign"), (ChangeKind.EXTERNAL_EVENT, "event")]
)
def test_a_shift_in_traffic_is_named_after_what_ran(desk, kind, finding):
    """A campaign of three days ago that is still on."""
    desk.change(kind, 3 * 24 * 60)
    desk.warehouse.change(
        "UPDATE sessions SET utm_source = 'tiktok' WHERE utm_source = 'mail' "
        'AND "at" > {now} - INTERVAL 6 HOUR'
    )
    status, line, found = desk.one(TRAFFIC)
    assert (status, found) == (SUSPECT, finding)
    assert f"{kind.words} “{kind} change” since Fri 20 Nov 03:12 UTC" in line


def test_a_campaign_counts_by_itself_only_where_the_sources_are_not_known(desk):
    """Where they are known and did not shift, it explains nothing."""
    desk.change(ChangeKind.CAMPAIGN, 3 * 24 * 60)
    assert desk.all(TRAFFIC) == [(CLEAR, ""), (CLEAR, "")]
    assert desk.all({"kind": "traffic"}) == [(UNKNOWN, ""), (SUSPECT, "campaign")]


def test_an_eval_set_that_the_catalog_outgrew_is_stale(desk):
    """Most titles came after it was built."""
    desk.warehouse.change("UPDATE eval_queries SET built_at = {now} - INTERVAL 200 DAY")
    age, mix = desk.ask(EVAL)
    assert (age.status, age.finding, mix.status) == (SUSPECT, "age", CLEAR)
    assert (
        age.line == "eval set of 1,000 rows, 200 d old; 50 % of catalog is newer than the set, 10 % at most"
    )


def test_an_eval_set_unlike_production_is_suspect(desk):
    """Production asks by mood, the set by title."""
    desk.warehouse.change("UPDATE queries SET query_class = 'mood' WHERE hash(\"at\") % 10 < 8")
    mix = desk.ask(EVAL)[1]
    assert (mix.status, mix.finding) == (SUSPECT, "mix")
    assert "most apart “" in mix.line


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            "UPDATE eval_queries SET built_at = NULL",
            "eval set: no row of eval_queries says when it was made (built_at)",
        ),
        ("DELETE FROM eval_queries", "eval set: eval_queries has no rows"),
        ("DELETE FROM catalog", "eval set of 1,000 rows, 20 d old; catalog has no rows to hold it against"),
        ("DROP TABLE catalog", "eval set: source w has no table catalog; it has "),
    ],
)
def test_what_an_eval_set_lacks_is_unknown(desk, change, line):
    """Never clear."""
    desk.warehouse.change(change)
    found = desk.ask(EVAL)[0]
    assert found.status is UNKNOWN
    assert found.line.startswith(line)


@pytest.mark.parametrize("kind", ["upstream", "drift", "eval_set", "clicks", "traffic"])
def test_a_check_that_is_not_filled_in_says_where(desk, kind):
    """The shipped playbooks name every check; a site fills in its tables."""
    told = desk.ask({"kind": kind}, name="mine")
    assert told[0].status is UNKNOWN
    assert told[0].line == "no table is configured: name it under checks.mine of the playbook"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (FEED | {"table": "nope"}, "source w has no table nope"),
        (FEATURES | {"table": "", "sql": "DELETE FROM served"}, "must be one SELECT"),
        (CLICKS | {"source": "prod"}, "source prod is not configured; configured warehouses: w"),
        (EVAL | {"table": "served; DROP TABLE served"}, "source w has no table"),
    ],
)
def test_a_warehouse_that_refuses_says_why(desk, options, reason):
    """The caller shows it as unknown, with this reason."""
    given = {key: value for key, value in options.items() if value}
    with pytest.raises(SourceError, match=reason):
        desk.ask(given)


def test_a_slow_warehouse_is_left_before_the_check_is(desk):
    """With its own words; the query is interrupted."""
    desk.warehouse.change(
        "CREATE VIEW slow AS SELECT {now} AS t, a.range * b.range + c.range AS price "
        "FROM range(100000) a, range(100000) b, range(100000) c"
    )
    desk.deadline = 0.8
    with pytest.raises(SourceError, match=r"^slow did not answer in 0.5 s$"):
        desk.ask({**FEED, "table": "slow", "time": "t"})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({**FEED, "time": "kind"}, "Conversion Error"),
        (
            {**FEED, "time": "price"},
            r"column price \(time\) of feed.titles is float64, neither a date nor a time",
        ),
        ({**FEED, "time": "nope"}, r"feed.titles has no column nope \(time\)"),
        ({**FEED, "columns": ["isbn"]}, r"feed.titles has no column isbn \(null share\)"),
        ({**FEATURES, "by": "cluster"}, r"served has no column cluster \(by\)"),
        ({**CLICKS, "position": "rank"}, r"clicks has no column rank \(click positions\)"),
        ({**CLICKS, "count": "device"}, r"column device \(count\) is string, not a number"),
    ],
)
def test_a_column_that_will_not_do_is_named(desk, options, reason):
    """What it is for, and what there is."""
    with pytest.raises(SourceError, match=reason):
        desk.ask(options)


def test_no_time_column_leaves_the_schema(desk):
    """Counts and freshness have no day to belong to."""
    schema, rest = desk.ask({"kind": "upstream", "table": "feed.titles"})
    assert schema.line.startswith("schema: fingerprint ")
    assert rest.line.startswith("row counts, freshness, nulls: no time column is configured: name it under")


def test_a_feed_of_dates_is_judged_by_its_newest_one(desk):
    """Last night's batch has yesterday's date; the one before that is missing half."""
    desk.warehouse.change(
        "CREATE TABLE batch AS SELECT CAST({now} AS DATE) - CAST(d AS INTEGER) AS day, n "
        "FROM range(1, 60) t(d), range(100) r(n)",
        "DELETE FROM batch WHERE day = CAST({now} AS DATE) - 1 AND n % 2 = 0",
    )
    rows, _, fresh, nulls = desk.ask({"kind": "upstream", "table": "batch", "time": "day"})
    assert rows.line == "row counts: 50 yesterday, usual for a Sunday 60 to 140"
    assert (fresh.status, fresh.line) == (
        CLEAR,
        "freshness: newest Sun 22 Nov; yesterday's date was expected",
    )
    assert nulls.status is CLEAR
    desk.warehouse.change("DELETE FROM batch WHERE day > CAST({now} AS DATE) - 4")
    assert desk.ask({"kind": "upstream", "table": "batch", "time": "day"})[2].status is SUSPECT


def test_what_the_warehouse_says_suggests_the_answer_on_the_card(desk):
    """The whole way: gathered with the other evidence, placed at its question, shown with its reason."""
    bench = desk.bench
    old = bench.desk
    checks = {**old.playbooks.triage.checks, "upstream_feed": desk.check(FEED, "upstream_feed")}
    tree = replace(old.playbooks.triage, checks=checks)
    bench.desk = replace(old, playbooks=replace(old.playbooks, triage=tree))
    desk.warehouse.change("DELETE FROM feed.titles WHERE loaded_at > {now} - INTERVAL 40 HOUR")
    bench.receive(bench.alert("k2", metric="recall", service="rag"))
    finish = evidence.gather(bench.db, bench.desk, {"incident": 2}, now=bench.now, deadline=desk.deadline)
    with bench.write() as session:
        finish(session)
        found = incidents.evidence(session, 2, "upstream")
    told = {one.line.partition(":")[0]: one for one in found if one.check == "upstream_feed"}
    assert told["row counts"].suggests == told["freshness"].suggests == "row_counts"
    assert told["row counts"].query.startswith("SELECT")
    assert told["row counts"].source == "w"
