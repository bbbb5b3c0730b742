"""A drill from its page to its score: played back on a clock, walked like an incident, calling nobody."""

from datetime import timedelta

import pytest

from bot.core.inbound import Order, Place
from bot.errors import InputError
from bot.services import drill_reminders, drills, incident_metrics, triage
from bot.store import drill_runs, incidents
from bot.views.triage_actions import ANYWAY, Control, TriageAction
from tests.services.incident_bench import ENG, MATE, Bench, Shown

HOME = Place("C0ML")


@pytest.fixture
def bench(sqlite, clock):
    """A bench."""
    return Bench(sqlite, clock)


def type_drill(bench, text, key="k"):
    """Type `/triage drill …`."""
    with bench.write() as session:
        drills.order(session, bench.desk, Order(ENG, HOME, "triage", "drill", text), key, bench.now)
    bench.work()


def press(bench, action, choice="", minutes=0.0, number=1):
    """Press a button some minutes later, and let the evidence be gathered."""
    bench.clock.advance(minutes=minutes)
    bench.work()
    with bench.write() as session:
        version = triage.find(session, number).version
        control = Control(number, version, choice)
        triage.press(session, bench.desk, action=action, control=control, by=ENG, now=bench.now)
    bench.work()


def answer(bench, *choices, minutes=1.0):
    """Give answers, each some minutes after the one before."""
    for choice in choices:
        press(bench, TriageAction.ANSWER, choice, minutes)


def finish(bench, minutes=25.0, choice=""):
    """Mitigate and resolve; with ANYWAY although the metric has not recovered."""
    press(bench, TriageAction.MITIGATED, choice, minutes=minutes)
    press(bench, TriageAction.RESOLVED, minutes=5)


def result(bench, number=1):
    """The score as said."""
    return Shown(bench.last(f"incident/{number}/drill")).text.replace("\N{NO-BREAK SPACE}", " ")


def score(bench, number=1):
    """The score as kept."""
    with bench.db.read() as session:
        return drill_runs.of(session, number).score


def test_the_right_way_in_time_passes_and_the_story_is_told(bench):
    """RAG recall collapse: nothing changed, data healthy, and minutes later a shard stands out."""
    type_drill(bench, "rag_recall_collapse")
    assert "Drill: RAG Recall@10 0.91 → 0.62" in bench.card().header
    assert "no change of kind" in bench.card().text
    answer(bench, "nothing", "healthy")
    assert "the first shards are still being sampled" in bench.card().text
    bench.clock.advance(minutes=3)
    press(bench, TriageAction.RETRY)
    assert "shard-3 0.31" in bench.card().text
    assert "[Drifted]" in bench.card().buttons
    answer(bench, "drifted")
    assert "is now 0.62" in bench.card().text
    press(bench, TriageAction.RETRY, minutes=21)
    assert "back within" in bench.card().text
    finish(bench, minutes=1)
    said = result(bench)
    assert "INC-1: drill passed" in said
    assert "✓ *Localized:* Feature drift (category 5) in 6 min (target ≤ 15 min)" in said
    assert "✓ *Unnecessary roll-backs:* none" in said
    assert "OpenSearch upgrade" in said
    assert score(bench).passed


def test_a_roll_back_that_helps_nobody_and_the_way_back_are_counted(bench):
    """The innocent deploy is rolled back first; the reminder at 15 minutes was needed."""
    type_drill(bench, "schema_drift_feed")
    assert "[Code deploy]" in bench.card().buttons, "the deploy looks guilty"
    answer(bench, "code_deploy")
    press(bench, TriageAction.BACK, minutes=18)
    bench.work()
    answer(bench, "nothing", "row_counts")
    press(bench, TriageAction.BACK)
    answer(bench, "schema")
    finish(bench)
    went = score(bench)
    assert went.wrong_turns == ("changed: Code deploy", "upstream: Row counts off")
    assert went.rollbacks == ("changed: Code deploy",)
    assert went.right
    assert not went.passed
    assert "⚠ *Wrong turns:* 2: changed: Code deploy; upstream: Row counts off" in result(bench)


def test_going_over_to_another_tree_is_scored_too(bench):
    """Its answers are turns off the way; the drill can still be closed."""
    type_drill(bench, "schema_drift_feed")
    answer(bench, "nothing", "healthy")
    other = next(tree for tree in bench.desk.playbooks.trees if tree.id == "the-turn-got-slow")
    with bench.write() as session:
        triage.switch(session, bench.desk, incident=1, tree=other, version=None, by=ENG, now=bench.now)
        triage.false_alarm(session, bench.desk, incident=1, version=None, by=ENG, now=bench.now)
    assert score(bench).wrong_turns == ("upstream: healthy",)
    assert not score(bench).passed


def test_a_wrong_leaf_does_not_mend_the_metric(bench):
    """However long one waits, and the score names the right category."""
    type_drill(bench, "bad_prompt_version")
    answer(bench, "config")
    press(bench, TriageAction.RETRY, minutes=59)
    assert "is now 0.151" in bench.card().text
    with pytest.raises(InputError, match="has not recovered"):
        finish(bench)
    finish(bench, choice=ANYWAY)
    assert "to another category; the right one was Prompt-template regression (category 8)" in result(bench)
    assert score(bench).nags >= 1


def test_the_change_log_is_the_drills_own(bench):
    """What really changed today is not shown, and the nearest of the drill's changes comes first."""
    type_drill(bench, "bad_prompt_version")
    lines = [line for line in bench.card().text.splitlines() if "changes:" in line]
    assert "answer-template version 42" in lines[0]
    assert "[Prompt template change]" in bench.card().buttons


def test_nobody_outside_is_called_and_nothing_is_posted_to_the_incidents_channel(bench):
    """Not by the page, not by the ladder, not by an hour without anybody."""
    type_drill(bench, "marketing_campaign")
    for _ in range(6):
        bench.clock.advance(minutes=45)
        bench.work()
    told = [effect for effect in bench.effects() if effect["channel"] not in ("#ml-drills", HOME.channel)]
    assert told == []
    said = str([effect for effect in bench.effects() if effect["channel"] == "#ml-drills"])
    for person in ("U0EM", "U0DIR", "S0ML"):
        assert person not in said


def test_an_alert_of_the_same_metric_opens_an_incident_of_its_own(bench):
    """What is real never joins what is practised."""
    type_drill(bench, "silent_model_alias")
    assert bench.receive(bench.alert("real", metric="ndcg_at_10", service="reranker")) == (2,)


def test_only_one_runs_at_a_time_and_can_be_stopped(bench):
    """The second is refused; what was stopped did not pass; then there is nothing to stop."""
    type_drill(bench, "stale_eval_set")
    with pytest.raises(InputError, match="still runs"):
        type_drill(bench, "marketing_campaign", "k2")
    type_drill(bench, "stop", "k3")
    assert "the drill was stopped" in result(bench)
    assert not score(bench).passed
    with pytest.raises(InputError, match="No drill runs"):
        type_drill(bench, "stop", "k4")


def test_one_that_nobody_ends_is_stopped_after_four_hours(bench):
    """And its channel is told how it went."""
    type_drill(bench, "stale_eval_set")
    bench.clock.advance(hours=4, minutes=1)
    bench.work()
    assert score(bench).stopped
    with bench.db.read() as session:
        assert incidents.load(session, 1).closed


def test_the_first_end_counts(bench):
    """Reopened and resolved again, the score stays and nothing is said twice."""
    type_drill(bench, "stale_eval_set")
    answer(bench, "nothing", "healthy", "steady", "stale")
    finish(bench)
    first = score(bench)
    press(bench, TriageAction.REOPEN)
    press(bench, TriageAction.RESOLVED, minutes=60)
    assert score(bench) == first
    assert len([e for e in bench.effects("post") if e["key"] == "incident/1/drill"]) == 1


def test_an_unknown_name_says_which_there_are_and_none_lists_them(bench):
    """Titles only: the list gives no way away."""
    with pytest.raises(InputError, match="There is no drill") as refused:
        type_drill(bench, "<!channel>")
    assert "rag_recall_collapse" in str(refused.value.hint)
    type_drill(bench, "", "list")
    listed = [e["message"]["text"] + str(e["message"]["blocks"]) for e in bench.effects("ephemeral")]
    assert "never practised" in listed[0]
    assert "shard" not in listed[0]


def test_the_metrics_count_drills_apart(bench):
    """A drill moves no figure."""
    type_drill(bench, "stale_eval_set")
    answer(bench, "nothing", "healthy", "steady", "stale")
    finish(bench)
    period = incident_metrics.period("90d", bench.now, bench.desk.settings.zone)
    with bench.db.read() as session:
        found = incident_metrics.gather(session, bench.desk, period, bench.now)
    assert found.counted == ()
    assert [one.incident.drill for one in found.drills] == ["stale_eval_set"]
    assert (found.practised.ended, found.practised.passed) == (1, 1)
    card = str(incident_metrics.views.card(found, period=period.name))
    assert "Counted apart: 1 drill (1 of 1 passed, localized after 4 min)." in card


def remind(bench):
    """What the Monday's look says."""
    with bench.write() as session:
        drill_reminders.remind(session, bench.desk, bench.now)
    return [e for e in bench.effects("post") if e["key"].startswith("drill/reminder/")]


def test_a_drill_is_reminded_of_once_a_quarter_while_there_is_none(bench):
    """And again in the next one; after a drill there is peace for 90 days."""
    assert len(remind(bench)) == 1
    bench.clock.advance(days=7)
    assert len(remind(bench)) == 1
    bench.clock.advance(days=40)
    said = remind(bench)
    assert len(said) == 2
    assert "there was none yet" in said[0]["message"]["text"]
    type_drill(bench, "stale_eval_set")
    bench.clock.advance(days=89)
    assert len(remind(bench)) == 2
    bench.clock.advance(days=2)
    assert len(remind(bench)) == 3


def test_the_next_reminder_that_is_named_is_a_monday_of_the_next_quarter(bench):
    """The clock stands in November 2026."""
    assert "The next reminder comes Mon 4 Jan." in remind(bench)[0]["message"]["text"]


def test_reminders_can_be_turned_off(sqlite, clock):
    """By the configuration."""
    bench = Bench(sqlite, clock, drills={"remind_after_days": 0})
    assert remind(bench) == []


def test_somebody_else_may_take_the_lead_in_a_drill(bench):
    """It is walked like what is real."""
    type_drill(bench, "stale_eval_set")
    with bench.write() as session:
        triage.assign(session, bench.desk, incident=1, to=MATE, by=MATE, now=bench.now + timedelta(minutes=1))
    assert f"<@{MATE}>" in bench.card().text
