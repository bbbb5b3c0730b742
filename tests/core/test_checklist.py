"""The checklist of a leaf: who is first, who does it, and that nothing else moves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core import checklist
from bot.core.incident import Incident, Status
from bot.core.playbook_reader import read_triage
from bot.core.triage import MovedOnError
from bot.errors import InputError

BOOKS = Path(__file__).parents[2] / "playbooks"
PLAYBOOK, _ = read_triage((BOOKS / "triage.yaml").read_text(encoding="utf-8"), name="triage.yaml")
NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
LATER = NOW + timedelta(minutes=9)
LEAF = "roll_back_deploy"


def incident(**fields):
    """An incident at the leaf of a deploy."""
    values = {
        "id": 7, "title": "NDCG fell", "severity": "SEV2", "status": Status.LOCALIZED, "channel": "#inc",
        "group": "", "playbook": PLAYBOOK.sha256, "position": LEAF, "opened_at": NOW, "started": NOW,
        "detected_at": NOW, "lead": "U1", "category": 1,
    }  # fmt: skip
    return Incident(**values | fields)


def states(after):
    """Each step's taker and whether it is done."""
    return [
        (item.claim.by if item.claim else "", item.done)
        for item in checklist.items(after, PLAYBOOK.leaves[LEAF])
    ]


def test_a_step_is_taken_done_and_undone_without_moving_the_incident():
    """So that every button on the card stays good."""
    taken = checklist.take(incident(), PLAYBOOK, 1, by="U2", at=NOW)
    assert (taken.event.kind, taken.event.text) == ("claimed", "took step 1: Roll back the deploy")
    assert taken.incident.version == 1
    done = checklist.finish(taken.incident, PLAYBOOK, 1, by="U2", at=LATER)
    assert (done.event.kind, states(done.incident)[0]) == ("step_done", ("U2", True))
    claim = done.incident.claims[f"{LEAF}/1"]
    assert (claim.at, claim.done_at) == (NOW, LATER)
    undone = checklist.undo(done.incident, PLAYBOOK, 1, by="U3", at=LATER)
    assert states(undone.incident)[0] == ("U2", False)
    given = checklist.undo(undone.incident, PLAYBOOK, 1, by="U2", at=LATER)
    assert (given.event.text, states(given.incident)[0]) == (
        "gave step 1 back: Roll back the deploy", ("", False),
    )  # fmt: skip


def test_whoever_does_a_step_did_it_whoever_had_taken_it():
    """At 3 am nobody asks first."""
    taken = checklist.take(incident(), PLAYBOOK, 2, by="U2", at=NOW).incident
    done = checklist.finish(taken, PLAYBOOK, 2, by="U3", at=LATER).incident
    assert states(done)[1] == ("U3", True)


def test_the_second_to_take_a_step_is_told_who_was_first():
    """Taking it over has to be said; what is done is not taken over."""
    taken = checklist.take(incident(), PLAYBOOK, 1, by="U2", at=NOW).incident
    with pytest.raises(checklist.TakenError, match="U2 took step 1 already"):
        checklist.take(taken, PLAYBOOK, 1, by="U3", at=LATER)
    over = checklist.take(taken, PLAYBOOK, 1, by="U3", at=LATER, over=True)
    assert (over.event.text, over.event.detail) == ("took step 1 over: Roll back the deploy", {"from": "U2"})
    done = checklist.finish(over.incident, PLAYBOOK, 1, by="U3", at=LATER).incident
    for again in (checklist.take, checklist.finish):
        with pytest.raises(checklist.TakenError, match="U3 did step 1 already"):
            again(done, PLAYBOOK, 1, by="U2", at=LATER)


def test_a_button_drawn_at_another_leaf_does_nothing():
    """Nor one of an incident that is over."""
    for elsewhere in (incident(position="revert_model"), incident(status=Status.RESOLVED, resolved_at=NOW)):
        with pytest.raises(MovedOnError, match="INC-7 has moved on"):
            checklist.take(elsewhere, PLAYBOOK, 1, by="U2", at=NOW, leaf=LEAF)


def test_claims_of_a_leaf_are_kept_when_one_goes_back_and_returns():
    """They were true, and are again."""
    taken = checklist.take(incident(), PLAYBOOK, 1, by="U2", at=NOW).incident
    away = replace(taken, position="revert_model")
    assert checklist.items(away, PLAYBOOK.leaves["revert_model"])[0].claim is None
    assert states(replace(away, position=LEAF))[0] == ("U2", False)


@pytest.mark.parametrize(
    ("fields", "number", "said"),
    [
        ({}, 9, "There is no step 9 here."),
        ({}, 0, "There is no step 0 here."),
        ({"position": "changed", "status": Status.TRIAGING}, 1, "INC-7 is localizing: there is no checklist"),
    ],
)
def test_a_step_that_does_not_exist_is_refused(fields, number, said):
    """With the steps there are."""
    for verb in (checklist.take, checklist.finish, checklist.undo):
        with pytest.raises(InputError, match=said):
            verb(incident(**fields), PLAYBOOK, number, by="U2", at=NOW)


def test_nothing_taken_is_nothing_to_take_back():
    """The message says so."""
    with pytest.raises(InputError, match="Nobody took step 2"):
        checklist.undo(incident(), PLAYBOOK, 2, by="U2", at=NOW)
