"""Incidents and changes in the database, once of each kind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.core.change import Change, ChangeKind
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Answer, Event, Incident, IncidentAlert, Moved, Status
from bot.store import changes, incident_alerts, incidents
from bot.store.outbox_rows import ChannelRow

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def incident(**fields):
    """An incident that has just opened."""
    values = {
        "id": 0, "title": "T", "severity": "SEV2", "status": Status.TRIAGING, "channel": "#inc", "group": "g",
        "playbook": "p", "position": "q", "opened_at": NOW, "started": NOW, "detected_at": NOW,
    }  # fmt: skip
    return Incident(**values | fields)


def test_an_incident_comes_back_as_it_was(database):
    """Every field, with path, evidence, alerts and the last move."""
    seen = Evidence("metric", EvidenceStatus.SUSPECT, "line \u2212", NOW, "a", "prom", "q", "u", 0.5, 2)
    whole = incident(
        value=0.61, baseline=0.78, metric="m", service="s", lead="U1", opened_by="U2", version=4, category=5,
        localized_at=NOW, mitigated_at=NOW, resolved_at=NOW, last_alert_at=NOW,
        path=(Answer("q", "a", "A", "U1", NOW, (seen,)),), moved=Moved("did", "U1", NOW),
    )  # fmt: skip
    alert = IncidentAlert(
        "src", "k", "t\x00", "resolved", NOW, NOW, "sev", "m", "s", 0.1, 0.2, {"l": "jp"}, NOW, NOW, NOW, 2,
        "u", {"a": "b"}, {"c": "d"},
    )  # fmt: skip
    with database.write() as session:
        number = incidents.add(session, whole, open_group=None).id
        incident_alerts.save(session, number, (alert,))
    with database.read() as session:
        assert incidents.load(session, number) == replace(
            whole, id=number, alerts=(replace(alert, title="t\ufffd"),)
        )


def test_only_one_incident_takes_in_the_alerts_of_a_group(database):
    """Two replicas that open at once: the second fails, is tried again, and joins."""
    with database.write() as session:
        first = incidents.add(session, incident(), open_group="g").id
    with pytest.raises(IntegrityError), database.write() as session:
        incidents.add(session, incident(), open_group="g")
    with database.write() as session:
        assert incidents.open_in_group(session, "g").id == first
        incidents.save(session, replace(incidents.load(session, first), status=Status.RESOLVED))
    with database.write() as session:
        assert incidents.open_in_group(session, "g") is None
        incidents.add(session, incident(), open_group="g")


def test_the_timeline_and_the_evidence_are_kept_in_order(database):
    """Events are only added; evidence of a step is replaced whole."""
    lines = [Evidence("c", EvidenceStatus.CLEAR, str(n), NOW) for n in range(3)]
    with database.write() as session:
        number = incidents.add(session, incident(), open_group=None).id
        for kind in ("opened", "answered"):
            incidents.append(session, number, Event(NOW, kind, kind, "U1", {"k": [1]}))
        incidents.keep_evidence(session, number, {"q": lines, "r": lines[:1]})
        incidents.keep_evidence(session, number, {"q": lines[1:]})
    with database.read() as session:
        assert [event.kind for event in incidents.timeline(session, number)] == ["opened", "answered"]
        assert [item.line for item in incidents.evidence(session, number, "q")] == ["1", "2"]
        assert [item.line for item in incidents.evidence(session, number, "r")] == ["0"]


def test_an_incident_is_found_by_its_channel_however_it_is_named(database):
    """By id, or by the name that the chat worker resolved; the open one first."""
    with database.write() as session:
        session.add(ChannelRow(reference="#inc", channel="C1"))
        old = incidents.add(session, incident(), open_group=None)
        new = incidents.add(session, incident(channel="C1", status=Status.RESOLVED), open_group=None)
    with database.read() as session:
        assert incidents.in_channel(session, "C1").id == old.id
        assert incidents.in_channel(session, "C2") is None
        assert [found.id for found in incidents.open_ones(session)] == [old.id]
        assert incidents.count_open(session) == 1
        assert new.id == old.id + 1


def test_a_change_is_known_by_source_and_id(database):
    """Told again it is corrected, not doubled; another source's same id is another change."""
    first = Change("github", "1", ChangeKind.MODEL, "a", NOW)
    with database.write() as session:
        assert changes.last_received(session) is None
        assert changes.put(session, first, now=NOW)
        assert not changes.put(session, replace(first, title="b"), now=NOW)
        assert changes.put(session, replace(first, source="generic"), now=NOW)
    with database.read() as session:
        found = changes.between(session, NOW, NOW)
        assert sorted((change.source, change.title) for change in found) == [
            ("generic", "a"),
            ("github", "b"),
        ]
        assert changes.last_received(session) == NOW


def test_changes_that_still_had_an_effect_are_found(database):
    """A campaign that began before the window and ended within it."""
    day = timedelta(days=1)
    campaign = Change("generic", "c", ChangeKind.CAMPAIGN, "c", NOW - 3 * day, NOW - day / 2)
    over = Change("generic", "o", ChangeKind.CAMPAIGN, "o", NOW - 3 * day, NOW - 2 * day)
    later = Change("generic", "l", ChangeKind.MODEL, "l", NOW + day)
    with database.write() as session:
        for change in (campaign, over, later):
            changes.put(session, change, now=NOW)
    with database.read() as session:
        assert changes.between(session, NOW - day, NOW) == (campaign,)
