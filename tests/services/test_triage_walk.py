"""Walking an incident as people do: every way through the tree, coming too late, going back, closing."""

import re
from dataclasses import replace

import pytest
from sqlmodel import select

from bot.core.incident import Status
from bot.core.playbook_reader import read_triage
from bot.core.playbook_tree import walk
from bot.errors import InputError, StaleError
from bot.services import degraded, review_reminders, triage
from bot.services.desk import Desk
from bot.store import incidents
from bot.store.slot_rows import SlotRow
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import EM, ENG, MATE, ROOT, Bench

PLAYBOOK, _ = read_triage((ROOT / "playbooks/triage.yaml").read_text(), name="triage.yaml")
WAYS = [([choice.id for choice in made], leaf) for made, leaf in walk(PLAYBOOK)]


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite with one incident."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    return bench


@pytest.mark.parametrize(("choices", "leaf"), WAYS, ids=["-".join(choices) for choices, _ in WAYS])
def test_every_way_through_the_tree_ends_at_its_leaf(bench, choices, leaf):
    """With a card that names category, action, owner and recovery check, and fits Slack's limits."""
    incident = bench.answer(*choices)
    end = PLAYBOOK.leaves[leaf]
    assert (incident.position, incident.category) == (leaf, end.category)
    card = bench.card()
    assert f"*Do now: {end.action}* · {end.owner} · target {end.target}" in card.text
    assert "*Recovery check:*" in card.text
    if end.localized:
        assert incident.status is Status.LOCALIZED
        assert f"*Localized in 0 s: {PLAYBOOK.categories[end.category].name} (category" in card.text
        assert card.buttons[:2] == ["Mitigated", "Not it: go back"]
    else:
        assert incident.status is Status.TRIAGING
        assert (
            card.element(lambda e: e["type"] == "static_select")["options"][5]["text"]["text"]
            == "6 Label drift"
        )
    assert [answer.answer for answer in incident.path] == choices


def test_the_walk_of_the_recall_collapse(bench):
    """Nothing changed, data healthy, features drifted: what the card and the thread say on the way."""
    bench.clock.advance(minutes=4)
    bench.answer("nothing")
    card = bench.card()
    assert card.header.endswith("SEV2 · localizing")
    assert "*Step 2 of 7: Is upstream data healthy?*" in card.text
    assert re.search(r"Ruled out: code deploy, model, config, prompt \(<!date.*> <@U0ENG>\)", card.text)
    assert card.buttons[:5] == ["Row counts off", "Schema drift", "Healthy", "Back", "Refresh evidence"]
    assert "<@U0ENG> answered “Nothing changed” to step 1: Did anything change" in bench.notes()[-1]
    bench.clock.advance(minutes=8)
    bench.answer("healthy")
    bench.clock.advance(minutes=6)
    bench.answer("drifted")
    card = bench.card()
    assert "*Localized in 18 min: Feature drift (category 5).* Mitigate by" in card.text
    assert "ndcg at its baseline in every cohort" in card.text
    assert card.notification.endswith(
        "localized: Freeze model decisions and investigate the root of the drift"
    )
    assert "localized: Feature drift (category 5)" in bench.notice().text


def test_who_answers_first_takes_the_lead(bench):
    """Until somebody else is given it; buttons already drawn stay good."""
    bench.answer("nothing", by=MATE)
    assert "Lead: <@U0MATE>." in bench.card().text
    bench.press(TriageAction.MORE, choice=More.TAKE_LEAD)
    assert "Lead: <@U0ENG>." in bench.card().text
    with bench.write() as session:
        triage.assign(session, bench.desk, incident=1, to=EM, by=ENG, now=bench.now)
    assert "<@U0ENG> made <@U0EM> the lead" in bench.notes()[-1]
    bench.press(TriageAction.ANSWER, choice="healthy", version=2)


def test_the_second_of_two_answers_is_told_who_was_first(bench):
    """Who, what and when; nothing is changed."""
    bench.press(TriageAction.ANSWER, choice="nothing", version=1, by=MATE)
    bench.clock.advance(minutes=1)
    with pytest.raises(StaleError) as error:
        bench.press(TriageAction.ANSWER, choice="model", version=1, by=ENG)
    assert re.fullmatch(
        r"INC-1 has moved on: <@U0MATE> answered “Nothing changed” to step 1 at <!date\^.*UTC>\.",
        error.value.message,
    )
    assert "Nothing was changed" in error.value.hint
    with bench.db.read() as session:
        assert incidents.load(session, 1).position == "upstream"


@pytest.mark.parametrize(
    "action", [TriageAction.ANSWER, TriageAction.BACK, TriageAction.MITIGATED, TriageAction.RESOLVED]
)
def test_a_stale_button_on_a_closed_incident_says_who_closed_it(bench, action):
    """Whatever the button was."""
    bench.answer("code_deploy")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED, by=MATE)
    for version in (2, None):
        with pytest.raises(StaleError, match="INC-1 has moved on: <@U0MATE> resolved it at"):
            bench.press(action, choice="nothing", version=version)


def test_back_is_allowed_and_recorded(bench):
    """From a leaf and from a question; localization is taken back with it."""
    bench.answer("nothing", "schema")
    incident = bench.press(TriageAction.BACK)
    assert (incident.position, incident.status, incident.localized_at) == ("upstream", Status.TRIAGING, None)
    incident = bench.press(TriageAction.BACK)
    assert (incident.position, incident.path) == ("changed", ())
    with bench.db.read() as session:
        told = [event.text for event in incidents.timeline(session, 1) if event.kind == "back"]
    assert told == [
        "took back “Schema drift” and returned to step 2",
        "took back “Nothing changed” and returned to step 1",
    ]
    with pytest.raises(InputError, match="INC-1 stands at the first step"):
        bench.press(TriageAction.BACK)


def test_the_first_step_offers_no_way_back(bench):
    """A button that cannot work is not shown."""
    assert "Back" not in bench.card().buttons


def test_mitigated_resolved_and_reopened(bench):
    """Each needs the one before; each can be taken back."""
    with pytest.raises(InputError, match="INC-1 is localizing, not localized"):
        bench.press(TriageAction.MITIGATED)
    bench.answer("model")
    with pytest.raises(InputError, match="INC-1 is localized, not mitigated"):
        bench.press(TriageAction.RESOLVED)
    bench.clock.advance(minutes=20)
    bench.press(TriageAction.MITIGATED)
    assert bench.card().header.endswith("mitigated")
    assert bench.card().buttons[:2] == ["Resolved", "Not mitigated"]
    with pytest.raises(InputError, match="INC-1 is mitigated"):
        bench.press(TriageAction.BACK)
    assert bench.press(TriageAction.REOPEN).mitigated_at is None
    bench.press(TriageAction.MITIGATED)
    bench.clock.advance(minutes=20)
    bench.press(TriageAction.RESOLVED)
    card = bench.card()
    assert "*Resolved*" in card.text
    assert "after 40 min by <@U0ENG>: Model version regression (category 2)" in card.text
    assert card.buttons == ["Reopen", "Write an update…"]
    assert bench.press(TriageAction.REOPEN).status is Status.MITIGATED


def test_a_false_alarm_closes_and_can_be_taken_back(bench):
    """From any step; reopened, it stands where it stood."""
    bench.answer("nothing")
    assert bench.press(TriageAction.MORE, choice=More.FALSE_ALARM).closed
    assert "*False alarm*, closed" in bench.card().text
    assert bench.effects("upload") == []
    incident = bench.press(TriageAction.REOPEN)
    assert (incident.status, incident.position) == (Status.TRIAGING, "upstream")


def test_an_answer_that_does_not_exist_changes_nothing(bench):
    """The message names those that do."""
    with pytest.raises(InputError, match="no answer 'maybe' here") as error:
        bench.answer("maybe")
    assert "code_deploy, model, config, prompt, nothing" in error.value.hint


def test_an_incident_can_be_opened_by_hand_here_or_in_its_own_channel(sqlite, clock):
    """Without alert there is no onset; with `here` no channel is created."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        triage.start(session, bench.desk, title="Bad answers & more", by=MATE, channel="C0123", now=bench.now)
        triage.start(session, bench.desk, title="", by=MATE, channel=None, now=bench.now)
    assert [e["channel"] for e in bench.effects("post")][:2] == ["C0123", "#ml-incidents"]
    assert "Opened by hand" in bench.card().text
    assert "opened <!date" in bench.notice().text
    assert "by <@U0MATE>" in bench.notice().text
    assert bench.effects("channel")[0]["channel"] == "#inc-20261123-the-model-got-worse"
    assert bench.effects("channel")[0]["invite"] == [ENG, MATE]
    with bench.db.read() as session:
        assert triage.in_channel(session, "C0123").number == "INC-1"
        with pytest.raises(InputError, match="no incident “INC-9”"):
            triage.named(session, "INC-9")
        with pytest.raises(InputError, match="No incident has its card in this channel"):
            triage.status(session, bench.desk, about="", channel="C9", now=bench.now)


def test_an_incident_keeps_the_playbook_it_began_with(bench):
    """Editing the file under way neither strands it nor moves it."""
    text = PLAYBOOK.text.replace("Is upstream data healthy?", "Edited?")
    edited, _ = read_triage(text, name="triage.yaml")
    old = bench.desk
    books = replace(old.playbooks, triage=edited)
    bench.desk = Desk(old.settings, books, old.templates, old.prometheus)
    bench.answer("nothing")
    assert "Is upstream data healthy?" in bench.card().text
    bench.receive(bench.alert("other", metric="ctr"))
    with bench.write() as session:
        triage.answer(session, bench.desk, incident=2, choice="nothing", version=1, by=ENG, now=bench.now)
    assert "Edited?" in bench.card(2).text


def test_trying_again_gathers_the_evidence_anew_and_moves_nothing(bench):
    """The button works as often as it is pressed."""
    bench.work()
    for _ in range(2):
        bench.press(TriageAction.RETRY)
        bench.clock.advance(seconds=5)
        assert bench.work() == ["incident.evidence"]
    with bench.db.read() as session:
        assert incidents.load(session, 1).version == 1


def test_evidence_is_not_gathered_again_while_it_is_fresh(bench):
    """Within a minute a step shows what was found on opening."""
    bench.work()
    bench.answer("nothing")
    assert "incident.evidence" not in bench.work()
    bench.clock.advance(minutes=2)
    bench.answer("healthy")
    assert "incident.evidence" in bench.work()


def test_only_its_review_waits_after_the_end(bench):
    """No timer and no search outlives the incident; what is left is to be reminded of the retrospective."""
    bench.answer("config")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    bench.work()
    with bench.db.read() as session:
        left = session.exec(select(SlotRow.job).where(SlotRow.state == "waiting")).all()
    assert set(left) - {degraded.LOOK_JOB} == {review_reminders.JOB}


def test_the_status_counts_one_alert_as_one(bench):
    """In the words of whoever reads it on a phone."""
    bench.receive(bench.alert())
    with bench.db.read() as session:
        said = triage.status(session, bench.desk, about="INC-1", channel="C9", now=bench.now)
    assert "1 alert, 1 firing · no lead yet" in said.blocks[0]["text"]["text"]
