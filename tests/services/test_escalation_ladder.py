"""The 15/60/240 ladder: who is told what when, once, and only while the incident lags behind."""

import pytest

from bot.errors import InputError
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import Bench


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite with one incident and its evidence gathered."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    return bench


def test_an_incident_left_alone_is_escalated_three_times_and_then_never(bench):
    """Each rung names its people, what is expected, and what comes next and when."""
    for minutes in (15, 45, 180):
        bench.clock.advance(minutes=minutes)
        assert bench.work() == ["incident.ladder"]
    bench.clock.advance(days=3)
    assert bench.work() == []
    first, second, third = bench.notes()
    assert first.startswith("*INC-1: No category after 15 min*")
    assert (
        "Acts: on-call engineer <@U0ENG>, <!subteam^S0ML>, one platform partner (nobody configured)" in first
    )
    assert "notified: engineering manager <@U0EM>" in first
    assert "unless it is mitigated by then: Not mitigated after 60 min, incident commander mode" in first
    assert "notified: director <@U0DIR>" in second
    assert "This is the last reminder." in third


def test_rungs_go_to_the_channel_not_only_to_the_thread(bench):
    """Those who are called in have not read the thread."""
    bench.clock.advance(minutes=15)
    bench.work()
    post = bench.effects("post")[-1]
    assert (post["channel"], post["thread"]) == ("#inc-20261123-reranker-ndcg-10-0-78-0-61", None)


def test_a_category_in_time_silences_the_first_rung(bench):
    """And mitigation the second; the review still comes while it is not resolved."""
    bench.answer("code_deploy")
    bench.clock.advance(minutes=16)
    assert "incident.ladder" not in bench.work()
    bench.press(TriageAction.MITIGATED)
    bench.clock.advance(minutes=60)
    assert "incident.ladder" not in bench.work()
    bench.clock.advance(hours=4)
    assert "incident.ladder" in bench.work()
    assert "Unresolved after 4 h" in bench.notes()[-1]


def test_going_back_after_the_time_brings_the_reminder_at_once(bench):
    """It has no category after 15 min, whatever it had in between."""
    bench.answer("code_deploy")
    bench.clock.advance(minutes=20)
    bench.work()
    bench.press(TriageAction.BACK)
    assert "incident.ladder" in bench.work()
    assert "No category after 15 min" in bench.notes()[-1]
    bench.answer("model")
    bench.press(TriageAction.BACK)
    assert "incident.ladder" not in bench.work()


def test_a_rung_said_late_says_so(bench):
    """The bot was down at the time."""
    bench.clock.advance(minutes=25)
    bench.work()
    assert "(late: this was due <!date" in bench.notes()[-1]


def test_a_person_can_climb_the_ladder_early(bench):
    """Each rung once, by whoever asks; then there is nobody left to tell."""
    for _ in range(3):
        bench.press(TriageAction.MORE, choice=More.ESCALATE)
    assert "(asked for by <@U0ENG>)" in bench.notes()[0]
    with pytest.raises(InputError, match="Everybody on the ladder has been told"):
        bench.press(TriageAction.MORE, choice=More.ESCALATE)
    bench.clock.advance(hours=5)
    assert "incident.ladder" not in bench.work()


def test_after_a_false_alarm_nobody_is_called(bench):
    """It is past every rung."""
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    bench.clock.advance(hours=5)
    assert bench.work() == []
