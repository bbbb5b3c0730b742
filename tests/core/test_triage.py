"""The pure transitions: what each needs, what it takes back, and that nothing moves behind one's back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core import triage
from bot.core.evidence import Evidence, EvidenceStatus, suggestion
from bot.core.incident import Incident, IncidentAlert, Status, milestones, severity_of
from bot.core.playbook_reader import read_triage
from bot.errors import InputError

PLAYBOOK, _ = read_triage(
    (Path(__file__).parents[2] / "playbooks/triage.yaml").read_text(), name="triage.yaml"
)
NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
LATER = NOW + timedelta(minutes=9)


def incident(**fields):
    """An incident that has just opened."""
    values = {
        "id": 7, "title": "NDCG fell", "severity": "SEV2", "status": Status.TRIAGING, "channel": "#inc",
        "group": "", "playbook": PLAYBOOK.sha256, "position": "changed", "opened_at": NOW, "started": NOW,
        "detected_at": NOW,
    }  # fmt: skip
    return Incident(**values | fields)


def test_an_answer_moves_records_and_counts():
    """The old value is untouched; the new one has path, version, lead and the last move."""
    before = incident()
    seen = (Evidence("changes", EvidenceStatus.CLEAR, "none", NOW, "nothing"),)
    step = triage.answer(before, PLAYBOOK, choice="nothing", version=1, by="U1", at=LATER, evidence=seen)
    assert before == incident()
    after = step.incident
    assert (after.position, after.version, after.lead, after.status) == ("upstream", 2, "U1", Status.TRIAGING)
    assert after.path[0].evidence == seen
    assert step.event.detail["suggested"] == "nothing"
    assert (after.moved.by, after.moved.at) == ("U1", LATER)


def test_coming_too_late_says_who_what_and_when():
    """As data for the view, and readable by itself."""
    after = triage.answer(incident(), PLAYBOOK, choice="nothing", version=1, by="U1", at=LATER).incident
    with pytest.raises(triage.MovedOnError) as error:
        triage.back(after, PLAYBOOK, version=1, by="U2", at=LATER)
    assert error.value.message == (
        "INC-7 has moved on: U1 answered “Nothing changed” to step 1 at 02:49 UTC."
    )
    assert error.value.moved.by == "U1"


def test_an_escalation_is_not_a_localization_until_something_is_found():
    """Then the category found counts, and back returns to the escalation."""
    at = incident(position="unknown_cause")
    escalated = triage.answer(at, PLAYBOOK, choice="escalate", version=None, by="U1", at=NOW).incident
    assert (escalated.status, escalated.localized_at) == (Status.TRIAGING, None)
    found = triage.answer(escalated, PLAYBOOK, choice="found_6", version=None, by="U1", at=LATER).incident
    assert (found.category, found.position, found.localized_at) == (6, "relabel", LATER)
    assert triage.back(found, PLAYBOOK, version=None, by="U1", at=LATER).incident.position == "escalated"


def test_a_leaf_takes_no_answer():
    """There is nothing left to ask; the message says so."""
    leaf = incident(position="relabel", status=Status.LOCALIZED, category=6)
    with pytest.raises(InputError, match="no answer 'nothing' here"):
        triage.answer(leaf, PLAYBOOK, choice="nothing", version=None, by="U1", at=NOW)


def test_a_false_alarm_called_when_mitigated_reopens_as_mitigated():
    """Taking it back restores what was reached."""
    mitigated = incident(position="relabel", status=Status.MITIGATED, mitigated_at=NOW, localized_at=NOW)
    closed = triage.false_alarm(mitigated, version=None, by="U1", at=LATER).incident
    reopened = triage.reopen(closed, PLAYBOOK, version=None, by="U1", at=LATER).incident
    assert (reopened.status, reopened.resolved_at) == (Status.MITIGATED, None)
    with pytest.raises(InputError, match="There is nothing to reopen"):
        triage.reopen(incident(), PLAYBOOK, version=None, by="U1", at=NOW)


def test_milestones_are_differences_of_what_was_reached():
    """Detection counts from the onset, the others from the detection; what is missing is None."""
    alert = IncidentAlert("s", "k", "t", "firing", NOW, NOW)
    whole = incident(
        started=NOW - timedelta(minutes=6),
        localized_at=LATER,
        alerts=(alert,),
        resolved_at=NOW + timedelta(hours=1),
    )
    took = milestones(whole)
    assert (took.detect, took.localize, took.mitigate, took.resolve) == (
        timedelta(minutes=6), timedelta(minutes=9), None, timedelta(hours=1),
    )  # fmt: skip
    assert milestones(replace(whole, alerts=())).detect is None


def test_the_worst_line_with_an_opinion_suggests():
    """A suspect beats a clear line; unknown has no say without an answer."""
    lines = [
        Evidence("a", EvidenceStatus.CLEAR, "", NOW, "nothing"),
        Evidence("b", EvidenceStatus.SUSPECT, "", NOW, "far", rank=1),
        Evidence("b", EvidenceStatus.SUSPECT, "", NOW, "near", rank=0),
        Evidence("c", EvidenceStatus.UNKNOWN, "", NOW),
    ]
    assert suggestion(lines) == "near"
    assert suggestion(lines[:1]) == "nothing"
    assert suggestion(lines[3:]) is None


@pytest.mark.parametrize(
    ("word", "severity"), [("CRITICAL", "SEV1"), ("page", "SEV2"), ("", "SEV2"), ("warning", "SEV3")]
)
def test_senders_severities_are_translated(word, severity):
    """What is not known is SEV2."""
    assert severity_of(word) == severity
