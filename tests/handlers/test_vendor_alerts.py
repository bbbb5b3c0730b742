"""Alerts of vendors beside Alertmanager, from payloads that their products sent and from their documents."""

import base64
import hashlib
import hmac
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alerts import SOURCES, datadog, google, grafana, opsgenie, pagerduty, sentry
from handlers.json_body import UnreadableError

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "tests" / "data" / "payloads"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECRET = "s3cret"


def sent(name):
    """A body that the vendor's product sent."""
    return json.loads((PAYLOADS / name).read_text())


def mark(signed, secret=SECRET):
    """HMAC-SHA256 in hex."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


UNIFIED = {
    "receiver": "lookout", "status": "firing", "orgId": 1, "title": "[FIRING:1] NDCG", "state": "alerting",
    "version": "1", "groupKey": "{}:{}", "commonLabels": {"alertname": "NDCG fell"}, "commonAnnotations": {},
    "alerts": [
        {
            "status": "firing", "labels": {"alertname": "NDCG fell", "locale": "jp", "severity": "critical"},
            "annotations": {"summary": "NDCG@10 fell"}, "startsAt": "2026-11-23T02:34:00+09:00",
            "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "c6eadffa33fcdf37", "values": {"A": 0.61},
            "panelURL": "https://grafana.example/d/1?viewPanel=2", "valueString": "[ var='A' value=0.61 ]",
        }
    ],
}  # fmt: skip


def test_grafana_unified_alert_is_read_like_alertmanagers_with_its_value():
    """The value of the only query, the panel where there is no generator, the cohort from the label."""
    (alert,) = grafana.parse(UNIFIED, {})
    assert (alert.source, alert.key, alert.title) == ("grafana", "c6eadffa33fcdf37", "NDCG@10 fell")
    assert (alert.value, alert.cohort, alert.severity) == (0.61, {"locale": "jp"}, "critical")
    assert alert.started_at == datetime(2026, 11, 22, 17, 34, tzinfo=UTC)
    assert (alert.ended_at, alert.url) == (None, "https://grafana.example/d/1?viewPanel=2")


def test_grafana_with_two_queries_claims_no_value():
    """Which of them is the measurement is not said."""
    two = UNIFIED | {"alerts": [UNIFIED["alerts"][0] | {"values": {"A": 0.61, "C": 1}}]}
    assert grafana.parse(two, {})[0].value is None


def test_grafana_legacy_rules_fire_and_resolve_under_the_rules_number():
    """alerting and ok; a rule that matched one series has its value."""
    (fired,) = grafana.parse(sent("grafana/grafana_6.json"), {})
    assert (fired.key, fired.status, fired.severity, fired.service) == (
        "rule/58", "firing", "warning", "Physical",
    )  # fmt: skip
    assert (fired.metric, fired.value) == ("Battery Voltage (millivolts)", None)
    (ok,) = grafana.parse(sent("grafana/grafana_alert_ok.json"), {})
    assert (ok.key, ok.status, ok.title) == ("rule/7", "resolved", "Zeta CPU alert")
    (tried,) = grafana.parse(sent("grafana/grafana_test_1.json"), {})
    assert (tried.key, tried.title) == ("rule/1", "bob")
    assert grafana.parse(sent("grafana/grafana_6.json") | {"state": "paused"}, {}) == ()


def test_grafana_signs_the_body_or_the_time_with_it():
    """A time older than five minutes is a replay; a wrong signature is not saved by a bearer token."""
    body, stamp = b'{"a":1}', str(int(NOW.timestamp()))
    token = {"authorization": f"Bearer {SECRET}"}
    assert grafana.authentic({grafana.SIGNATURE: mark(body)}, body, SECRET, NOW)
    assert not grafana.authentic({grafana.SIGNATURE: mark(b"x")} | token, body, SECRET, NOW)
    timed = {grafana.SIGNATURE: mark(stamp.encode() + b":" + body), grafana.TIME: stamp}
    assert grafana.authentic(timed, body, SECRET, NOW)
    assert not grafana.authentic(timed, body, SECRET, NOW + timedelta(minutes=6))
    assert not grafana.authentic(timed | {grafana.TIME: "soon"}, body, SECRET, NOW)


def test_pagerduty_events_of_an_incident_say_how_it_stands():
    """Triggered and a changed priority both fire; resolved resolves; the key is the incident's."""
    (fired,) = pagerduty.parse(sent("pagerduty_v3/zulip_triggered_v3.json"), {})
    assert (fired.key, fired.title, fired.status, fired.severity, fired.service) == (
        "PFQZPSY", "Test Incident 3", "firing", "page", "pig208",
    )  # fmt: skip
    assert fired.started_at == datetime(2021, 6, 4, 13, 35, 29, 781000, tzinfo=UTC)
    body = sent("pagerduty_v3/webhookv3_test_0.json")
    (changed,) = pagerduty.parse(body, {})
    assert (changed.status, changed.severity, changed.started_at) == ("firing", "P1", None)
    body["event"]["event_type"] = "incident.resolved"
    (over,) = pagerduty.parse(body, {})
    assert (over.status, over.ended_at) == ("resolved", datetime(2021, 4, 26, 17, 36, 27, 458000, tzinfo=UTC))
    assert pagerduty.delivery_key({}, b"", body) == "01BWDWL3NYY7LUFPZCC28QUCMK"


def test_pagerduty_notes_services_and_pings_say_nothing_about_an_alert():
    """They are authentic and understood, so they are no quarantine's business."""
    note = {"event": {"event_type": "incident.annotated", "data": {"type": "incident_note", "id": "P1"}}}
    assert pagerduty.parse(note, {}) == ()
    assert pagerduty.parse({"event": {"event_type": "pagey.ping", "data": {"type": "ping"}}}, {}) == ()


def test_pagerduty_is_believed_by_any_of_its_signatures():
    """While a secret is rotated there are two."""
    body = b"{}"
    headers = {"x-pagerduty-signature": f"v1={mark(body, 'old')}, v1={mark(body)}"}
    assert pagerduty.authentic(headers, body, SECRET, NOW)
    for wrong in ("", mark(body), f"v2={mark(body)}", "v1=", f"v1={mark(b'x')}"):
        assert not pagerduty.authentic({"x-pagerduty-signature": wrong}, body, SECRET, NOW)


def datadog_body(**fields):
    """Our template, filled in as Datadog does it."""
    filled = {
        "$AGGREG_KEY": "c61d0f", "$ALERT_CYCLE_KEY": "75", "$ALERT_ID": "12", "$ALERT_METRIC": "ndcg",
        "$ALERT_TITLE": "NDCG@10 0.78 -> 0.61 on locale:jp", "$TEXT_ONLY_MSG": "look",
        "$ALERT_TRANSITION": "Triggered",
        "$PRIORITY": "P1", "$ALERT_SCOPE": "locale:jp", "$TAGS": "service:answers,monitor",
        "$DATE": str(int(NOW.timestamp() * 1000)), "$LINK": "https://dd.example/event/1",
    }  # fmt: skip
    text = (ROOT / "templates" / "datadog.json").read_text()
    for name in sorted(filled, key=len, reverse=True):
        text = text.replace(f'"{name}"', json.dumps(filled[name]))
    return json.loads(text) | fields


def test_datadog_is_read_as_our_template_writes_it():
    """Every variable of the template is filled in, and every field arrives."""
    body = datadog_body()
    assert "$" not in json.dumps(body)
    (alert,) = datadog.parse(body, {})
    assert (alert.key, alert.status, alert.severity, alert.metric, alert.service) == (
        "c61d0f", "firing", "P1", "ndcg", "answers",
    )  # fmt: skip
    assert (alert.baseline, alert.value, alert.cohort, alert.started_at) == (
        0.78,
        0.61,
        {"locale": "jp"},
        NOW,
    )
    (over,) = datadog.parse(datadog_body(transition="Recovered"), {})
    assert (over.status, over.ended_at, over.started_at) == ("resolved", NOW, None)
    assert datadog.parse(datadog_body(transition="Test Notification"), {}) == ()
    (again,) = datadog.parse(datadog_body(transition="Re-Triggered"), {})
    assert (again.status, again.started_at) == ("firing", None)


def test_opsgenie_closes_under_the_alias_with_times_of_any_unit():
    """createdAt in milliseconds, updatedAt in nanoseconds."""
    (alert,) = opsgenie.parse(sent("opsgenie/zulip_close.json"), {})
    assert (alert.key, alert.status, alert.title) == ("aliastest", "resolved", "test alert")
    assert alert.started_at == datetime(2015, 1, 5, 10, 3, 11, 104000, tzinfo=UTC)
    assert alert.ended_at == datetime(2015, 1, 5, 10, 6, 14, 669002, tzinfo=UTC)


def test_opsgenie_details_and_tags_are_labels_and_a_note_changes_nothing():
    """AddNote says nothing about whether it fires."""
    body = {
        "action": "Create",
        "alert": {
            "alertId": "1", "message": "NDCG@10 0.78 → 0.61", "priority": "P2",
            "tags": ["service:answers", "ml"],
            "details": {"locale": "jp", "metric": "ndcg"}, "createdAt": 1_763_866_440_000,
        },
    }  # fmt: skip
    (alert,) = opsgenie.parse(body, {})
    assert (alert.key, alert.severity, alert.service, alert.metric) == ("1", "P2", "answers", "ndcg")
    assert (alert.baseline, alert.value, alert.cohort) == (0.78, 0.61, {"locale": "jp"})
    assert opsgenie.parse(body | {"action": "AddNote"}, {}) == ()


def test_sentry_metric_alert_fires_and_resolves_under_one_key():
    """critical and warning fire, resolved ends it; the rule's aggregate is the metric."""
    alert = {
        "id": "4", "date_started": "2026-11-23T02:30:00Z", "date_closed": None, "projects": ["answers"],
        "alert_rule": {"name": "Error rate", "aggregate": "count()"},
    }  # fmt: skip
    body = {
        "action": "critical",
        "data": {
            "metric_alert": alert, "description_title": "Critical: Error rate", "web_url": "https://s.example/4",
            "description_text": "120 events in the last 10 minutes",
        },
    }  # fmt: skip
    (fired,) = sentry.parse(body, {"sentry-hook-resource": "metric_alert"})
    assert (fired.key, fired.status, fired.severity) == ("metric/4", "firing", "critical")
    assert (fired.metric, fired.service, fired.title) == ("count()", "answers", "Critical: Error rate")
    alert["date_closed"] = "2026-11-23T02:50:00Z"
    (over,) = sentry.parse(body | {"action": "resolved"}, {})
    assert (over.key, over.status) == ("metric/4", "resolved")
    assert over.ended_at == datetime(2026, 11, 23, 2, 50, tzinfo=UTC)


def test_sentry_issues_alerts_on_them_and_the_plugins_body_share_a_key():
    """The issue is what fires, whoever tells of it."""
    issue = {"id": "55", "title": "ValueError", "project": {"slug": "answers"}, "level": "error"}
    (opened,) = sentry.parse({"action": "created", "data": {"issue": issue}}, {})
    event = {
        "issue_id": "55",
        "title": "ValueError",
        "tags": [["locale", "jp"]],
        "web_url": "https://s.example",
    }
    (alerted,) = sentry.parse({"action": "triggered", "data": {"event": event, "triggered_rule": "r"}}, {})
    assert opened.key == alerted.key == "issue/55"
    assert (alerted.cohort, opened.service) == ({"locale": "jp"}, "answers")
    assert sentry.parse({"action": "assigned", "data": {"issue": issue}}, {}) == ()
    (old,) = sentry.parse(sent("sentry/payload_v9.json"), {})
    assert (old.key, old.title, old.service) == ("issue/5", "This is an example Python exception", "internal")
    assert (
        sentry.parse({"action": "created", "data": {"comment": {}}}, {"sentry-hook-resource": "comment"})
        == ()
    )


def test_sentry_is_believed_by_its_signature():
    """A wrong one is not saved by a bearer token."""
    body = b'{"a": 1}'
    assert sentry.authentic({"sentry-hook-signature": mark(body)}, body, SECRET, NOW)
    headers = {"sentry-hook-signature": mark(b"x"), "authorization": f"Bearer {SECRET}"}
    assert not sentry.authentic(headers, body, SECRET, NOW)


def test_google_incidents_open_and_close_also_in_pubsubs_envelope():
    """Any case of the state; the envelope's message id is the delivery's."""
    body = sent("googlecloud/stackdriver_open.json")
    (fired,) = google.parse(body, {})
    assert (fired.key, fired.status, fired.title) == (
        "f2e08c333dc64cb09f75eaab355393bz", "firing", "Webserver Health: CPU usage",
    )  # fmt: skip
    assert fired.started_at == datetime(2017, 7, 6, 19, 10, 14, tzinfo=UTC)
    body["incident"]["state"] = "CLOSED"
    data = base64.b64encode(json.dumps(body).encode()).decode()
    envelope = {"message": {"data": data, "messageId": "136969346945"}, "subscription": "projects/p/s"}
    (over,) = google.parse(envelope, {})
    assert (over.key, over.status) == (fired.key, "resolved")
    assert google.delivery_key({}, b"", envelope) == "136969346945"
    (closed,) = google.parse(sent("googlecloud/pubsub_decoded_closed.json"), {})
    assert (closed.status, closed.title[:9]) == ("resolved", "CPU usage")


def test_google_may_send_the_secret_as_the_password_of_basic_authentication():
    """A webhook channel has no bearer tokens."""
    token = base64.b64encode(b"lookout:s3cret").decode()
    assert google.authentic({"authorization": f"Basic {token}"}, b"", SECRET, NOW)
    for wrong in ("Basic", "Basic é", "Basic bG9va291dA==", f"Bearer {token}"):
        assert not google.authentic({"authorization": wrong}, b"", SECRET, NOW)


@pytest.mark.parametrize(
    ("source", "body", "path"),
    [
        (grafana, {"state": "odd"}, "/state"),
        (grafana, {}, "/alerts"),
        (pagerduty, {"messages": []}, "/event/event_type"),
        (
            pagerduty,
            {"event": {"event_type": "incident.triggered", "data": {"type": "incident"}}},
            "/event/data/id",
        ),
        (datadog, {"transition": "Triggered"}, "/aggregate"),
        (datadog, {"aggregate": "a", "transition": "$ALERT_TRANSITION"}, "/transition"),
        (opsgenie, {"alert": {}}, "/action"),
        (opsgenie, {"action": "Create", "alert": {}}, "/alert/alias"),
        (sentry, {"action": "critical", "data": {"metric_alert": {}}}, "/data/metric_alert/id"),
        (google, {"version": "1.2"}, "/incident"),
        (google, {"incident": {"state": "ajar"}}, "/incident/state"),
        (google, {"message": {"data": "%%"}}, "/message/data"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_named_with_its_place(source, body, path):
    """A JSON pointer for whoever looks into the quarantine."""
    with pytest.raises(UnreadableError) as error:
        source.parse(body, {})
    assert error.value.path == path


VENDORS = sorted(name for name, adapter in SOURCES.items() if adapter.VENDOR)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("source", VENDORS)
@given(data=st.data())
def test_a_body_of_any_shape_is_read_or_refused_and_nothing_else(source, data):
    """Fields of a real body replaced by anything: an alert, none, or UnreadableError."""
    bodies = {
        "alertmanager": deepcopy(UNIFIED), "grafana": sent("grafana/grafana_6.json"),
        "datadog": datadog_body(),
        "pagerduty": sent("pagerduty_v3/webhookv3_test_0.json"),
        "opsgenie": sent("opsgenie/zulip_close.json"),
        "sentry": sent("sentry/payload_v9.json"), "google": sent("googlecloud/stackdriver_open.json"),
        "cloudwatch": sent("cloudwatch_sns/cloudwatch_insufficient_data.json"),
    }  # fmt: skip
    body = bodies[source]
    place = body
    for _ in range(data.draw(st.integers(0, 2))):
        inside = [name for name, value in place.items() if isinstance(value, dict)]
        if inside:
            place = place[data.draw(st.sampled_from(sorted(inside)))]
    place[data.draw(st.sampled_from(sorted({*place, "more"})))] = data.draw(odd)
    try:
        alerts = SOURCES[source].parse(body, {})
    except UnreadableError:
        return
    assert all(alert.source == source and alert.key and alert.title for alert in alerts)
