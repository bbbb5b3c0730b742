"""Alerts from real Alertmanager payloads and from the generic contract."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.alerts import SOURCES, alertmanager, generic
from handlers.json_body import UnreadableError

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def captured(name):
    """The body a running Alertmanager 0.25 sent."""
    return json.loads((PAYLOADS / "alertmanager_captured" / name).read_text())["body"]


def test_a_captured_group_keeps_each_alert_with_its_own_status():
    """The group says firing while one of its alerts is resolved."""
    body = captured("firing_firing-resolved_1.json")
    assert body["status"] == "firing"
    first, second = alertmanager.parse(body, {})
    assert (first.status, first.cohort, first.metric) == ("resolved", {"cohort": "android_old"}, "ctr")
    assert first.ended_at == datetime(2026, 11, 23, 2, 20, 4, 590000, tzinfo=UTC)
    assert (second.status, second.ended_at, second.key) == ("firing", None, "48c7935c1860a2b9")


def test_a_captured_alert_gives_value_service_severity_and_start():
    """The value stands in the summary, the service is the job."""
    (alert,) = alertmanager.parse(captured("firing_firing_1.json"), {})
    assert (alert.value, alert.baseline, alert.service, alert.severity) == (0.01, None, "bot", "page")
    assert alert.started_at == datetime(2026, 11, 23, 2, 18, 18, 590000, tzinfo=UTC)
    assert "g0.expr" in alert.url


@pytest.mark.parametrize("name", ["prometheus_v3_alert.json", "prometheus_v4_alert.json"])
def test_old_payloads_without_fingerprint_are_known_by_their_labels(name):
    """Version 3 and early version 4 carry none; the key is stable and depends on the labels only."""
    body = json.loads((PAYLOADS / "alertmanager" / name).read_text())
    (alert,) = alertmanager.parse(body, {})
    assert len(alert.key) == 16
    assert alert.ended_at is None
    body["alerts"][0]["startsAt"] = "2026-01-01T00:00:00Z"
    assert alertmanager.parse(body, {})[0].key == alert.key
    body["alerts"][0]["labels"]["instance"] = "another"
    assert alertmanager.parse(body, {})[0].key != alert.key


def test_numbers_come_from_annotations_or_an_unambiguous_summary():
    """Annotated numbers win; a summary with one move gives both."""
    body = captured("firing_firing_1.json")
    body["alerts"][0]["annotations"] = {"summary": "NDCG@10 0.78 → 0.61"}
    body["commonAnnotations"] = {}
    (alert,) = alertmanager.parse(body, {})
    assert (alert.baseline, alert.value) == (0.78, 0.61)
    body["alerts"][0]["annotations"] |= {"value": "0.6", "baseline": "0.8"}
    (alert,) = alertmanager.parse(body, {})
    assert (alert.baseline, alert.value) == (0.8, 0.6)


def test_alerts_left_out_of_the_delivery_are_counted_once():
    """truncatedAlerts says that there are more than were sent."""
    body = captured("firing_firing-firing_2.json") | {"truncatedAlerts": 12}
    assert [alert.left_out for alert in alertmanager.parse(body, {})] == [12, 0]
    for odd, counted in ((10**30, 1_000_000), (-5, 0), ("many", 0), (True, 0)):
        first, _ = alertmanager.parse(body | {"truncatedAlerts": odd}, {})
        assert first.left_out == counted


def test_hostile_and_odd_fields_do_not_stop_an_alert():
    """10 kB labels are cut, NUL and half characters go, numbers become text, lists are dropped."""
    body = captured("firing_firing_1.json")
    body["alerts"][0]["labels"] |= {"metric": "x" * 10_000, "n": 3, "l": [1], "z": "a\x00b\ud800"}
    body["alerts"][0]["endsAt"] = "never"
    body["alerts"][0]["startsAt"] = 7
    (alert,) = alertmanager.parse(body, {})
    assert len(alert.metric) == 1000
    assert (alert.labels["n"], alert.labels["z"]) == ("3", "a b\ufffd")
    assert "l" not in alert.labels


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], ""),
        ({}, "/alerts"),
        ({"alerts": {}}, "/alerts"),
        ({"alerts": [1]}, "/alerts/0"),
        ({"alerts": [{"status": "firing"}, {"status": "odd"}]}, "/alerts/1/status"),
    ],
)
def test_what_is_no_alertmanager_payload_is_named_with_its_place(body, path):
    """A JSON pointer says where."""
    with pytest.raises(UnreadableError) as error:
        alertmanager.parse(body, {})
    assert error.value.path == path


def test_the_generic_alert_is_taken_as_the_contract_says():
    """Every field of the contract, unknown ones ignored."""
    (alert,) = generic.parse(
        {
            "key": "k", "title": "NDCG fell", "status": "firing", "severity": "critical", "metric": "ndcg",
            "value": 0.61, "baseline": 0.78, "cohort": {"locale": "jp", "device": "app"},
            "started_at": "2026-11-23T11:34:00+09:00", "url": "https://x", "labels": {"service": "s"},
            "more": 1,
        },
        {},
    )  # fmt: skip
    assert alert.started_at == datetime(2026, 11, 23, 2, 34, tzinfo=UTC)
    assert (alert.cohort_name, alert.service, alert.value, alert.baseline) == ("jp-app", "s", 0.61, 0.78)


@pytest.mark.parametrize(
    ("change", "path", "error"),
    [
        ({"key": None}, "/key", "key is missing or empty"),
        ({"title": 3}, "/title", "title is a number, not a text"),
        ({"status": "on"}, "/status", "status is 'on'"),
        ({"value": "0.6"}, "/value", "value is a text, not a number"),
        ({"value": True}, "/value", "value is true or false, not a number"),
        ({"cohort": ["jp"]}, "/cohort", "cohort is a list, not an object"),
        ({"cohort": {"a/b": 1}}, "/cohort/a~1b", "a number instead of a text"),
        ({"started_at": "2026-11-23 02:00"}, "/started_at", "started_at is '2026-11-23 02:00'"),
        ({"labels": {"x": None}}, "/labels/x", "null instead of a text"),
    ],
)
def test_a_fault_in_a_generic_alert_is_named_with_its_pointer(change, path, error):
    """So that the person who writes the sender can mend it."""
    good = {"key": "k", "title": "t", "status": "firing"}
    with pytest.raises(UnreadableError) as raised:
        generic.parse(good | change, {})
    assert (raised.value.path, raised.value.error) == (path, error)
    assert raised.value.hint


@pytest.mark.parametrize("source", sorted(set(SOURCES) - {"cloudwatch", "pagerduty"}))
def test_only_the_configured_token_opens_the_door(source):
    """Wrong, missing, other schemes, non-ASCII are refused, none raises; PagerDuty and SNS only sign."""
    adapter = SOURCES[source]
    assert adapter.authentic({"authorization": "Bearer s3cret"}, b"{}", "s3cret", NOW)
    for header in ("Bearer s3cre", "Basic s3cret", "s3cret", "", "Bearer é", "Bearer \udcff"):
        assert not adapter.authentic({"authorization": header}, b"{}", "s3cret", NOW)
    assert not adapter.authentic({}, b"{}", "s3cret", NOW)


def test_a_repeated_body_has_the_same_delivery_key():
    """Alertmanager's retry after 5xx sends the same bytes."""
    assert alertmanager.delivery_key({}, b"a", {}) == alertmanager.delivery_key({}, b"a", {})
    assert alertmanager.delivery_key({}, b"a", {}) != alertmanager.delivery_key({}, b"b", {})
