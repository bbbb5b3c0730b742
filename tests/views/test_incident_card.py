"""The card's details that a walk does not show: limits, deadlines, controls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Incident, Moved, Status
from bot.core.ladder_reader import read_escalation
from bot.core.playbook_reader import read_triage
from bot.errors import InputError
from bot.limits import check_blocks
from bot.views.incident import Scene, card
from bot.views.triage_actions import Control

BOOKS = Path(__file__).parents[2] / "playbooks"
PLAYBOOK, _ = read_triage((BOOKS / "triage.yaml").read_text(), name="triage.yaml")
LADDER, _ = read_escalation((BOOKS / "escalation.yaml").read_text(), name="escalation.yaml")
NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)


def incident(**fields):
    """An incident that has just opened."""
    values = {
        "id": 7, "title": "NDCG fell", "severity": "SEV2", "status": Status.TRIAGING, "channel": "#inc",
        "group": "", "playbook": PLAYBOOK.sha256, "position": "changed", "opened_at": NOW, "started": NOW,
        "detected_at": NOW,
    }  # fmt: skip
    return Incident(**values | fields)


def shown(scene, now=NOW):
    """The card's text."""
    message = card(scene, now=now)
    assert check_blocks(message.blocks) == []
    return str(message.blocks)


def test_every_place_of_the_tree_has_a_card_within_slacks_limits_even_at_its_worst():
    """Long titles, full evidence, long reasons."""
    worst = tuple(
        Evidence("metric", status, "<&`" * 500, NOW, suggests="nothing", query="q" * 999)
        for status in (*EvidenceStatus, *EvidenceStatus, *EvidenceStatus, *EvidenceStatus)
    )
    for position in (*PLAYBOOK.questions, *PLAYBOOK.leaves):
        for status in Status:
            at = incident(
                id=999_999, version=9999, title="<!channel>" * 999, position=position, status=status,
                resolved_at=NOW, mitigated_at=NOW, localized_at=NOW, lead="U0ENG",
                moved=Moved("x", "U1", NOW),
            )  # fmt: skip
            shown(Scene(at, PLAYBOOK, LADDER, worst, on_call=("U0ENG",)))


def test_the_reader_is_told_by_when_and_when_it_is_overdue():
    """By the ladder's own times."""
    scene = Scene(incident(), PLAYBOOK, LADDER)
    assert f"Name a category by <!date^{int((NOW + timedelta(minutes=15)).timestamp())}" in shown(scene)
    assert "Name a category now: it was due <!date" in shown(scene, NOW + timedelta(minutes=16))


def test_evidence_stands_worst_first_and_its_mark_has_a_word():
    """Suspect, unknown, clear."""
    found = tuple(Evidence("metric", status, f"line {status}", NOW) for status in EvidenceStatus)
    text = shown(Scene(incident(), PLAYBOOK, LADDER, found))
    order = [text.index(mark) for mark in ("⚠ suspect", "? unknown", "✓ clear")]
    assert order == sorted(order)


def test_nobody_on_call_is_said():
    """An empty role is no empty line."""
    assert "On call: nobody configured" in shown(Scene(incident(), PLAYBOOK, LADDER))


def test_a_control_survives_the_way_through_slack():
    """And its longest form fits an option's 75 characters."""
    control = Control(999_999, 9_999, "x" * 32)
    assert Control.decode(control.encode()) == control
    assert len(control.encode()) <= 75


@pytest.mark.parametrize("value", ["", "{}", "[]", '{"i":"1","v":1,"c":""}', '{"i":1,"v":1}', "null"])
def test_a_control_nobody_of_us_drew_is_refused(value):
    """With what to do instead."""
    with pytest.raises(InputError, match="cannot be read"):
        Control.decode(value)


def test_the_notification_makes_sense_alone():
    """What a phone shows at each state."""
    line = card(Scene(incident(), PLAYBOOK, LADDER), now=NOW).text
    assert line == "INC-7 NDCG fell · SEV2 · step 1 of 7: Did anything change in the last 24 h?"
    closed = replace(incident(), status=Status.RESOLVED, resolved_at=NOW)
    assert card(Scene(closed, PLAYBOOK, LADDER), now=NOW).text == "INC-7 NDCG fell · SEV2 · resolved"
