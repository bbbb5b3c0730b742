"""Roll back first, investigate after: offered from every step, once for each thing that speaks for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core import triage
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Incident, Status
from bot.core.playbook_reader import read_triage
from bot.core.recovery import NotRecovered, Recovered, Unknown
from bot.core.roll_back import plausible, roll_back
from bot.errors import InputError

BOOKS = Path(__file__).parents[2] / "playbooks"
PLAYBOOK, _ = read_triage((BOOKS / "triage.yaml").read_text(encoding="utf-8"), name="triage.yaml")
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


def change(number, suggests, rank=0):
    """A line of the change log."""
    query = f"change generic/{number}"
    return Evidence("changes", EvidenceStatus.SUSPECT, query, NOW, suggests, query=query, rank=rank)


def walked(*choices, seen=()):
    """An incident at which these answers were given, with this evidence at the first of them."""
    now = incident()
    for index, choice in enumerate(choices):
        evidence = seen if index == 0 else ()
        step = triage.answer(now, PLAYBOOK, choice=choice, version=None, by="U1", at=NOW, evidence=evidence)
        now = step.incident
    return now


def test_a_change_heard_of_late_offers_its_roll_back_from_a_later_step():
    """The nearest first."""
    lines = [change(2, "config", rank=1), change(1, "model")]
    found = roll_back(walked("nothing", "healthy"), PLAYBOOK, {"changed": lines})
    assert found is not None
    assert (found.question.id, found.choice.id, found.leaf.category) == ("changed", "model", 2)
    assert found.evidence.query == "change generic/1"


def test_what_somebody_has_seen_and_answered_otherwise_is_not_offered_again():
    """They know; a further change is news."""
    known = [change(1, "model")]
    past = walked("nothing", seen=known)
    assert roll_back(past, PLAYBOOK, {"changed": known}) is None
    found = roll_back(past, PLAYBOOK, {"changed": [*known, change(2, "config", rank=1)]})
    assert found is not None
    assert found.choice.id == "config"


def test_only_roll_backs_are_offered_and_not_those_of_the_present_step():
    """Its own answers are on the card."""
    assert roll_back(incident(), PLAYBOOK, {"changed": [change(1, "model")]}) is None
    assert roll_back(incident(), PLAYBOOK, {"changed": [change(1, "model")]}, here=True) is not None
    drift = [Evidence("changes", EvidenceStatus.SUSPECT, "x", NOW, "schema")]
    assert roll_back(incident(), PLAYBOOK, {"upstream": drift}) is None
    unknown = [Evidence("changes", EvidenceStatus.UNKNOWN, "x", NOW, "model")]
    assert roll_back(walked("nothing"), PLAYBOOK, {"changed": unknown}) is None


def test_the_roll_backs_of_the_tree_are_those_of_categories_1_2_3_and_8():
    """Whatever their question."""
    assert [choice.id for _, choice in plausible(PLAYBOOK)] == ["code_deploy", "model", "config", "prompt"]


def test_a_roll_back_out_of_turn_is_taken_back_to_where_one_stood():
    """The timeline has the question it answers."""
    at = walked("nothing", "healthy")
    step = triage.answer(
        at, PLAYBOOK, choice="model", question="changed", version=at.version, by="U1", at=LATER
    )
    after = step.incident
    assert (after.position, after.category, after.localized_at) == ("revert_model", 2, LATER)
    assert step.event.text.startswith("answered “Model registry change” to step 1 out of turn")
    assert (step.event.detail["step"], step.event.detail["roll_back"]) == ("changed", True)
    assert (after.path[-1].step, after.path[-1].question) == ("features", "changed")
    back = triage.back(after, PLAYBOOK, version=None, by="U1", at=LATER).incident
    assert (back.position, back.status, len(back.path)) == ("features", Status.TRIAGING, 2)


@pytest.mark.parametrize(
    ("question", "choice"), [("upstream", "schema"), ("changed", "nothing"), ("gone", "model")]
)
def test_nothing_but_a_roll_back_is_entered_out_of_turn(question, choice):
    """Who wants another answer goes there step by step."""
    with pytest.raises(InputError, match=f"no answer '{choice}' here"):
        triage.answer(
            walked("nothing", "healthy"), PLAYBOOK, choice=choice, question=question, version=None, by="U1",
            at=LATER,
        )  # fmt: skip


def test_mitigated_says_what_the_metric_said():
    """Recovered, not recovered, or not known: all of them are on record."""
    leaf = incident(position="revert_model", status=Status.LOCALIZED, localized_at=NOW)

    def said(recovery, anyway=False):
        step = triage.mitigate(leaf, version=None, by="U1", at=LATER, recovery=recovery, anyway=anyway)
        return step.event.text, step.event.detail["recovered"]

    assert said(Recovered(("ndcg is 0.78",))) == ("marked it mitigated; the metric had recovered", True)
    assert said(Unknown(("no answer in 4 s",))) == (
        "marked it mitigated; whether the metric recovered is unknown: no answer in 4 s", None,
    )  # fmt: skip
    bad = NotRecovered(("ndcg (jp) is 0.63, needs ≥ 0.76",))
    with pytest.raises(triage.NotRecoveredError, match=r"has not recovered: ndcg \(jp\) is 0.63"):
        said(bad)
    assert said(bad, anyway=True) == (
        "marked it mitigated although the metric had not recovered: ndcg (jp) is 0.63, needs ≥ 0.76", False,
    )  # fmt: skip
