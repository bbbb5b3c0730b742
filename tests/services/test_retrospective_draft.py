"""The retrospective's draft: a golden file of a whole incident, and what is said where nothing is known."""

import os
from datetime import timedelta

import pytest

from bot.core.change import Change, ChangeKind
from bot.services import changes, retrospective, triage
from bot.store import blobs, incidents, people
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import ENG, MATE, ROOT, Bench

GOLDEN = ROOT / "tests" / "data" / "retrospective.md"


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def uploaded(bench):
    """The last document uploaded."""
    effect = bench.effects("upload")[-1]
    with bench.db.read() as session:
        return effect, blobs.get(session, effect["blob"]).decode()


def test_a_whole_incident_as_a_document(bench):
    """Golden file; set LOOKOUT_GOLDEN=write to accept what changed, and read it."""
    deploy = Change("github", "d1", ChangeKind.CODE_DEPLOY, "rank | deploy", bench.now - timedelta(hours=3))
    with bench.write() as session:
        changes.record(session, [deploy], now=bench.now)
    bench.receive(bench.alert("jp", cohort={"locale": "jp"}), bench.alert("en", cohort={"locale": "en"}))
    bench.work()
    bench.clock.advance(minutes=5)
    bench.answer("code_deploy")
    bench.clock.advance(minutes=3)
    bench.press(TriageAction.BACK)
    bench.answer("nothing", "healthy", by=MATE)
    bench.clock.advance(minutes=14)
    bench.work()
    bench.answer("drifted")
    bench.clock.advance(minutes=23)
    bench.receive(bench.alert("jp", status="resolved", ended_at=bench.now))
    bench.press(TriageAction.MITIGATED)
    bench.clock.advance(hours=2)
    bench.press(TriageAction.RESOLVED)
    effect, document = uploaded(bench)
    assert (effect["filename"], effect["share"]) == ("INC-1-retrospective.md", True)
    if os.environ.get("LOOKOUT_GOLDEN") == "write":
        GOLDEN.write_text(document)
    assert document == GOLDEN.read_text()


def test_what_is_unknown_is_said_as_unknown(bench):
    """Opened by hand, never localized, closed as a false alarm: the draft can still be made."""
    with bench.write() as session:
        triage.start(session, bench.desk, title="Odd", by=ENG, channel="C1", now=bench.now)
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    with bench.db.read() as session:
        incident = incidents.load(session, 1)
        document = retrospective.draft(session, bench.desk, incident, now=bench.now)
    assert "| Root-cause category | unknown |" in document
    assert "| started (onset) | unknown | unknown |" in document
    assert "so the time to detect is unknown" in document
    assert "No question was answered." in document
    assert "nobody took the lead" in document


def test_a_second_resolve_uploads_a_second_draft(bench):
    """Under its own key, so that it is not taken for the first."""
    bench.receive(bench.alert())
    bench.answer("model")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    bench.press(TriageAction.REOPEN)
    bench.press(TriageAction.RESOLVED)
    keys = [effect["key"] for effect in bench.effects("upload")]
    assert len(set(keys)) == 2


def test_a_hostile_title_stays_text_in_the_document(bench):
    """No markup, no table cell, no heading of its own."""
    bench.receive(bench.alert(title="# x | [a](http://e) <img src=x> `c`\n## y"))
    bench.answer("model")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    _, document = uploaded(bench)
    assert document.startswith("# INC-1: \\# x \\| \\[a\\](http://e) \\<img src=x\\> \\`c\\` \\#\\# y\n")


def test_people_are_called_by_the_names_slack_gave(bench):
    """A document is read outside Slack, where an id says nothing; an id without a name stays an id."""
    with bench.write() as session:
        people.meet(session, ENG, "yuki")
        triage.start(session, bench.desk, title="Odd", by=ENG, channel="C1", now=bench.now)
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM, by=MATE)
    with bench.db.read() as session:
        incident = incidents.load(session, 1)
        document = retrospective.draft(session, bench.desk, incident, now=bench.now)
    assert "Opened by | yuki" in document
    assert f"| {MATE}" in document


def test_answers_of_a_tree_it_left_keep_their_words(bench):
    """Steps that only the first tree has are no reason to refuse the document, nor the resolution."""
    bench.receive(bench.alert("jp", cohort={"locale": "jp"}))
    bench.work()
    bench.answer("nothing", "healthy")
    other = next(tree for tree in bench.desk.playbooks.trees if tree.id == "the-turn-got-slow")
    with bench.write() as session:
        triage.switch(session, bench.desk, incident=1, tree=other, version=None, by=ENG, now=bench.now)
    with bench.write() as session:
        found = triage.find(session, 1)
        document = retrospective.draft(session, bench.desk, found, now=bench.now)
    assert "answered “Healthy” to" in document


def test_a_roll_back_is_held_to_half_an_hour(bench):
    """Mitigation by rolling back has AML-08's 30 minutes, the resolution its four hours."""
    bench.receive(bench.alert("jp", cohort={"locale": "jp"}))
    bench.work()
    bench.answer("code_deploy")
    bench.clock.advance(minutes=40)
    bench.press(TriageAction.MITIGATED)
    bench.clock.advance(minutes=40)
    bench.press(TriageAction.RESOLVED)
    rows = [line.split(" | ") for line in uploaded(bench)[1].splitlines() if line.startswith("| mit")]
    rows += [line.split(" | ") for line in uploaded(bench)[1].splitlines() if line.startswith("| resolved")]
    assert [row[4:] for row in rows] == [
        ["≤ 30 min", "✗ over the target |"],
        ["≤ 4 h", "✓ within the target |"],
    ]
