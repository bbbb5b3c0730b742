"""Cohorts, shards and stages from Prometheus: one line each, and a reason for whatever cannot be said."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.core.checks import KINDS as OPTIONS
from bot.core.checks import read_check
from bot.core.evidence import EvidenceStatus
from bot.core.strict_yaml import parse
from bot.core.yaml_fields import Fields
from bot.errors import SourceError
from bot.services import triage
from bot.services.checks import KINDS, Asked
from bot.store import incidents
from tests.services.incident_bench import Bench
from tests.services.told_metrics import Told

CELLS = [(locale, device) for locale in ("en", "jp") for device in ("app", "web")]


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def ask(bench, text):
    """Run the one check that `text` configures under the name `it`; its lines."""
    document = parse(text, name="checks.yaml")
    fields = Fields(document)
    check = read_check(fields, ("it",), "it", document.data)
    assert fields.findings == []
    with bench.db.read() as session:
        incident = incidents.load(session, 1)
    playbook = bench.desk.playbooks.triage
    asked = Asked(bench.db, bench.desk, incident, playbook, check.options, bench.now, check.name)
    return KINDS[check.kind](asked)


def fell(bench, to, usual=0.91, ago=timedelta(minutes=30)):
    """A value that fell so long ago."""
    return lambda at: to if at >= bench.now - ago else usual


def opened(bench, *series, **alert):
    """An incident, and a Prometheus that has these series."""
    told = Told(*series).give(bench)
    bench.receive(bench.alert(**alert))
    return told


def test_cohorts_that_fell_are_named_with_what_they_share(bench):
    """The metric is that of the alert, in all of its cohorts."""
    told = opened(
        bench,
        *[
            ("avg by (locale, device, tenure) (ndcg)", {"locale": locale, "device": device},
             fell(bench, 0.6) if locale == "jp" else 0.91)
            for locale, device in CELLS
        ],
        cohort={"locale": "jp"},
    )  # fmt: skip
    (found,) = ask(bench, "kind: cohorts\nmoved: 0.04\n")
    assert found.line == (
        "2 of 4 cohorts off against the same time of its last 7 days, all in locale=jp (2 of its 2). "
        "Worst: jp-app 0.91 → 0.6 (\u221234.1 %)"
    )
    assert (found.status, found.finding, found.source) == (EvidenceStatus.SUSPECT, "some", "prom")
    assert set(told.asked) == {"avg by (locale, device, tenure) (ndcg)"} == {found.query}


def test_a_cohort_that_does_better_than_usual_is_not_off(bench):
    """The alert says that a fall does harm: a rise must keep nobody from calling it recovered."""
    opened(
        bench,
        *[
            (
                "avg by (locale, device, tenure) (ndcg)",
                {"locale": locale},
                fell(bench, 0.99 if better else 0.91),
            )
            for locale, better in (("en", True), ("jp", False))
        ],
        cohort={"locale": "jp"},
    )
    (found,) = ask(bench, "kind: cohorts\n")
    assert found.status is EvidenceStatus.CLEAR
    assert "furthest en 0.91 → 0.99 (+8.8 %)" in found.line


def test_without_a_week_of_history_the_day_before_the_onset_must_do(bench):
    """The metric is new: of the last seven days there is one."""
    opened(
        bench,
        ("by_cohort", {"locale": "en"}, lambda at: 0.9 if at > bench.now - timedelta(hours=30) else None),
        ("by_cohort", {"locale": "jp"},
         lambda at: fell(bench, 0.6)(at) if at > bench.now - timedelta(hours=30) else None),
    )  # fmt: skip
    (found,) = ask(bench, "kind: cohorts\nmetric: by_cohort\ndimensions: [locale]\n")
    assert found.line.startswith("1 of 2 cohorts off against the day before the onset. Worst: jp 0.91 → 0.6")


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ([], "prom has no value for avg by (locale) (ndcg)"),
        ([("ndcg", {}, 0.9)], "the series have no label locale"),
        ([("ndcg", {"locale": f"l{n}"}, 0.9) for n in range(201)], "answered 201 series, more than 200"),
    ],
)
def test_what_cannot_be_said_of_cohorts_has_its_reason(bench, series, reason):
    """No series, no such label, or far too many."""
    opened(bench, *series)
    with pytest.raises(SourceError) as raised:
        ask(bench, "kind: cohorts\ndimensions: [locale]\n")
    assert reason in str(raised.value)


@pytest.mark.parametrize("kind", ["cohorts", "stages\nlatency: q", "shards\nmetric: m"])
def test_a_source_that_is_not_configured_is_named(bench, kind):
    """And without any there is nobody to ask."""
    opened(bench)
    with pytest.raises(SourceError, match=r"lookout\.toml has no prometheus source 'other'"):
        ask(bench, f"kind: {kind}\nsource: other\n")
    bench.desk = replace(bench.desk, prometheus={})
    with pytest.raises(SourceError, match="no prometheus source is configured"):
        ask(bench, f"kind: {kind}\n")


def test_an_incident_opened_by_hand_has_no_metric_to_split(bench):
    """Unless the playbook names one."""
    Told(("named", {"locale": "jp"}, 0.9)).give(bench)
    with bench.write() as session:
        triage.start(session, bench.desk, title="by hand", by="U0ENG", channel=None, now=bench.now)
    with pytest.raises(SourceError, match="opened by hand"):
        ask(bench, "kind: cohorts\n")
    (found,) = ask(bench, "kind: cohorts\nmetric: named\ndimensions: [locale]\n")
    assert found.status is EvidenceStatus.CLEAR


def test_the_shard_that_sank_is_found(bench):
    """The recall collapse: in the total it is a few percent."""
    opened(bench, *[("recall", {"shard": f"shard-{n}"}, fell(bench, 0.41) if n == 3 else 0.9)
                    for n in range(8)])  # fmt: skip
    (found,) = ask(bench, "kind: shards\nmetric: recall\n")
    assert found.finding == "shard"
    assert found.line.startswith("1 of 8 shards off against the same time of its last 7 days. Worst: shard-3")


def test_shards_that_nobody_declared_are_unknown(bench):
    """And it says where to declare them."""
    opened(bench)
    (found,) = ask(bench, "kind: shards\n")
    assert found.status is EvidenceStatus.UNKNOWN
    assert "name `metric` or `query` under checks.it of the playbook" in found.line


STAGES = "kind: stages\nlatency: p95\nerrors: errs\nfallback: fall\n"


def test_stages_say_a_line_for_each_measure(bench):
    """The worst of its stages first; a measure that cannot be asked is unknown, and the others stand."""
    told = opened(
        bench,
        ("p95", {"stage": "rerank"}, 412.0),
        ("p95", {"stage": "fm"}, 190.0),
        ("fall", {"stage": "rerank"}, 0.001),
    )
    told.instead["errs"] = lambda: httpx.Response(502, html="<html>Bad gateway</html>")
    found = {one.query: one for one in ask(bench, STAGES)}
    assert found["p95"].line == "rerank p95 412 ms, limit 280 ms, for 5 min"
    assert found["fall"].line == "rerank fallbacks 0.1 %, limit 1 %"
    assert found["errs"].line.startswith("errors: prom answered 502 with something that is not JSON")
    assert [found[query].status for query in ("p95", "fall", "errs")] == [
        EvidenceStatus.SUSPECT, EvidenceStatus.CLEAR, EvidenceStatus.UNKNOWN,
    ]  # fmt: skip


def test_nan_from_prometheus_is_no_value(bench):
    """A rate of nothing by nothing."""
    opened(bench, ("errs", {"stage": "fm"}, float("nan")))
    (found,) = ask(bench, "kind: stages\nerrors: errs\n")
    assert (found.status, found.line) == (EvidenceStatus.UNKNOWN, "errors: no value in the last 5 min")


def test_cohorts_slower_than_the_whole_are_found(bench):
    """AML-07: more than 20 % away from the aggregate."""
    opened(
        bench,
        ("turn", {}, 700.0),
        ("split", {"locale": "jp", "device": "app"}, 900.0),
        ("split", {"locale": "en", "device": "app"}, 690.0),
    )
    found = ask(bench, "kind: stages\nturn_p95: turn\nsplit: split\n")
    assert found[0].line == "turn p95 700 ms, limit 800 ms"
    assert found[1].line == "jp-app turn p95 28.6 % off the whole, limit 20 %, for 5 min"
    (alone,) = ask(bench, "kind: stages\nsplit: split\n")
    assert alone.status is EvidenceStatus.UNKNOWN


def test_stages_without_a_query_say_what_to_configure(bench):
    """Shipped playbooks name the check before a site has filled it in."""
    opened(bench)
    (found,) = ask(bench, "kind: stages\n")
    assert found.line.startswith("no query is configured: name latency, errors, fallback, turn_p95")


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("kind: cohorts\nmoved: 5\n", "not-a-number", "moved"),
        ("kind: cohorts\ndimensions: ['a b']\n", "bad-label", "dimensions"),
        ("kind: cohorts\ncolour: red\n", "unknown-key", "colour"),
        ("kind: shards\nlabel: 'x\"} or up{'\n", "bad-label", "label"),
        ("kind: stages\nlimits: {errors: none}\n", "not-a-number", "errors"),
        ("kind: stages\nlimits: {latency: 280}\n", "playbook-shape", "latency"),
        ("kind: stages\nlimits: {latency: {rerank: true}}\n", "not-a-number", "rerank"),
        ("kind: stages\ndeadline_seconds: 60\n", "not-a-number", "deadline_seconds"),
    ],
)
def test_options_that_are_wrong_are_findings_with_their_line(text, code, where):
    """Before an incident needs them."""
    document = parse(text, name="checks.yaml")
    fields = Fields(document)
    read_check(fields, (), "it", document.data)
    assert [finding.code for finding in fields.findings] == [code]
    assert where in fields.findings[0].path


def test_every_kind_can_be_run():
    """What a playbook may configure, and what runs it."""
    assert OPTIONS.keys() == KINDS.keys()
