"""The 15/60/240 ladder: who is told what when, once, and only while the incident lags behind."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.errors import InputError, StaleError
from bot.services import escalation, triage, watching
from bot.services.incident_opening import Opening, open_incident
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import ENG, Bench, Shown


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite with one incident and its evidence gathered."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    return bench


def nags(bench):
    """What the ladder said, in order."""
    return [Shown(e["message"]) for e in bench.effects("post") if "/nag/" in e["key"]]


def ladder(bench, **later):
    """Let time pass; what the ladder said meanwhile."""
    before = len(nags(bench))
    bench.clock.advance(**later)
    bench.work()
    return nags(bench)[before:]


def snooze(bench, rung="localize", minutes=None, by=ENG):
    """Snooze a rung of incident 1."""
    with bench.write() as session:
        span = None if minutes is None else timedelta(minutes=minutes)
        incident = triage.find(session, 1)
        return escalation.snooze(session, bench.desk, incident, rung=rung, by=by, now=bench.now, span=span)


def dismiss(bench, rung="localize", by=ENG):
    """Dismiss a rung of incident 1."""
    with bench.write() as session:
        incident = triage.find(session, 1)
        escalation.dismiss(session, bench.desk, incident, rung=rung, by=by, now=bench.now)


def test_an_incident_left_alone_is_escalated_by_three_rungs_three_times_each_and_then_never(bench):
    """Each rung names its people, what is expected, and what comes next and when."""
    said = []
    for minutes in (15, 15, 15, 15, 60, 60, 60, 240, 240):
        said += ladder(bench, minutes=minutes)
    assert [one.notification for one in said] == [
        *["INC-1: No category after 15 min"] * 3,
        *["INC-1: Not mitigated after 60 min, incident commander mode"] * 3,
        *["INC-1: Unresolved after 4 h, full incident review"] * 3,
    ]
    assert ladder(bench, days=3) == []
    first, third, fourth, last = said[0].text, said[2].text, said[3].text, said[-1].text
    assert first.startswith("*INC-1: No category after 15 min*")
    assert (
        "Acts: on-call engineer <@U0ENG>, <!subteam^S0ML>, one platform partner (nobody configured)" in first
    )
    assert "notified: engineering manager <@U0EM>" in first
    assert "Reminder 1 of 3. It comes again at <!date" in first
    assert "unless it is localized by then." in first
    assert "Reminder 3 of 3. Next: <!date" in third
    assert "unless it is mitigated by then: Not mitigated after 60 min, incident commander mode" in third
    assert "notified:" not in third
    assert "notified: director <@U0DIR>" in fourth
    assert "Reminder 3 of 3. This is the last reminder." in last
    assert said[0].buttons == ["[I'm on it]", "Snooze 15 min", "Dismiss this one"]
    assert said[2].buttons == ["[I'm on it]"]


def test_a_snoozed_rung_comes_later_and_says_when(bench):
    """By as long as it waits anyway, or as long as is said; a shorter time than that changes nothing."""
    ladder(bench, minutes=15)
    assert snooze(bench, minutes=5) == bench.now + timedelta(minutes=15)
    assert snooze(bench, minutes=40) == bench.now + timedelta(minutes=40)
    assert "<@U0ENG> snoozed “No category after 15 min”; it comes next at <!date" in bench.notes()[-1]
    assert ladder(bench, minutes=39) == []
    assert len(ladder(bench, minutes=1)) == 1
    bench.clock.advance(minutes=5)
    assert "Not mitigated after 60 min" in ladder(bench)[0].text


def test_a_snooze_holds_over_going_back_and_forth(bench):
    """It is in the timeline, not in a timer."""
    ladder(bench, minutes=15)
    snooze(bench, minutes=40)
    bench.answer("code_deploy")
    bench.press(TriageAction.BACK)
    assert ladder(bench, minutes=39) == []
    assert len(ladder(bench, minutes=1)) == 1


@pytest.mark.parametrize("minutes", [0, -15, 721])
def test_no_rung_is_snoozed_for_no_time_or_for_ever(bench, minutes):
    """What can be said instead is said."""
    ladder(bench, minutes=15)
    with pytest.raises(InputError, match="`triage snooze 30`"):
        snooze(bench, minutes=minutes)


def test_a_dismissed_rung_is_silent_and_the_next_still_comes(bench):
    """Only this one was dismissed; its message says so and by whom."""
    ladder(bench, minutes=15)
    dismiss(bench)
    assert "<@U0ENG> dismissed “No category after 15 min”. Next: <!date" in bench.notes()[-1]
    updated = [e for e in bench.effects("update") if e["key"].endswith("/nag/localize")]
    assert "dismissed" in updated[-1]["message"]["text"]
    assert ladder(bench, minutes=44) == []
    assert len(ladder(bench, minutes=1)) == 1
    with pytest.raises(StaleError, match="<@U0ENG> dismissed these reminders already"):
        dismiss(bench, by="U0MATE")


def test_what_is_settled_can_neither_be_snoozed_nor_dismissed(bench):
    """Buttons of old messages say what happened since; those still there are taken away."""
    ladder(bench, minutes=15)
    bench.answer("code_deploy")
    updated = [e for e in bench.effects("update") if e["key"].endswith("/nag/localize")]
    assert updated[-1]["message"]["text"] == "INC-1 is localized. This was: No category after 15 min."
    with pytest.raises(StaleError, match="INC-1 is localized"):
        snooze(bench)
    with pytest.raises(InputError, match="no rung nosuch"):
        snooze(bench, rung="nosuch")
    with pytest.raises(StaleError, match="does not come again"):
        dismiss(bench, rung="mitigate")


def test_the_newest_reminder_is_the_one_that_is_meant(bench):
    """By whoever types `triage snooze`; where none comes again they are told."""
    with bench.write() as session:
        incident = triage.find(session, 1)
        with pytest.raises(InputError, match="no reminder that comes again"):
            escalation.newest(session, bench.desk, incident)
    ladder(bench, minutes=15)
    with bench.write() as session:
        assert escalation.newest(session, bench.desk, triage.find(session, 1)) == "localize"


def test_an_earlier_rung_is_silent_once_a_later_one_spoke(bench):
    """A snoozed reminder does not come on top of a worse one."""
    ladder(bench, minutes=15)
    snooze(bench, minutes=50)
    assert len(ladder(bench, minutes=45)) == 1
    assert ladder(bench, minutes=5) == []


def test_whoever_is_on_it_is_whom_a_rung_calls(sqlite, clock):
    """Not the one who would be on call; and they need not say again that they are."""
    layers = {"primary": {"people": ["U0ANA", "U0BEN"], "starts": date(2026, 11, 23), "zone": "UTC"}}
    bench = Bench(sqlite, clock, oncall={"layers": layers})
    bench.receive(bench.alert())
    bench.clock.advance(minutes=1)
    with bench.write() as session:
        watching.on_it(session, bench.desk, incident=1, by="U0EVE", now=bench.now)
    (said,) = ladder(bench, minutes=14)
    assert "Acts: on-call engineer <@U0EVE>" in said.text
    assert said.buttons == ["Snooze 15 min", "Dismiss this one"]


def asleep(sqlite, clock, severity="page", **changed):
    """A bench on which everybody but the director sleeps; Tokyo's noon is their night."""
    zones = dict.fromkeys((ENG, "S0ML", "U0EM"), "Europe/Berlin")
    settings = {"oncall": {"quiet_hours": "22:00-08:00", "zones": zones}, **changed}
    bench = Bench(sqlite, clock, **settings)
    bench.receive(bench.alert(severity=severity))
    bench.work()
    return bench


def test_in_the_quiet_hours_of_whom_it_tells_somebody_else_is_told(sqlite, clock):
    """As the ladder names them; those who must act are called, for there is nobody else."""
    (said,) = ladder(asleep(sqlite, clock), minutes=15)
    assert "Acts: on-call engineer <@U0ENG>, <!subteam^S0ML>," in said.text
    assert "notified: engineering manager is asleep: director <@U0DIR> instead" in said.text


def test_where_nobody_stands_in_they_are_told_when_they_wake(sqlite, clock):
    """Once, and only while it is not over."""
    bench = asleep(sqlite, clock, roles={"engineer": (ENG,), "approver": ("U0EM",)})
    (said,) = ladder(bench, minutes=15)
    assert "notified: engineering manager (asleep, told when they wake)" in said.text
    bench.press(TriageAction.ANSWER, choice="code_deploy")
    bench.clock.advance(hours=3, minutes=33)
    bench.work()
    assert bench.notes()[-1].startswith("INC-1: <@U0EM>, in the night: No category after 15 min")
    assert "It is localized now. Nothing is expected of you here." in bench.notes()[-1]


def test_each_is_told_in_their_own_morning(sqlite, clock):
    """Whoever lives where the night goes on sleeps on."""
    zones = {ENG: "Asia/Tokyo", "U0EM": "Europe/Berlin", "U0PM": "America/New_York"}
    bench = asleep(
        sqlite,
        clock,
        roles={"engineer": (ENG,), "approver": ("U0EM", "U0PM")},
        oncall={"quiet_hours": "22:00-08:00", "zones": zones},
    )
    ladder(bench, minutes=15)
    bench.press(TriageAction.ANSWER, choice="code_deploy")
    told = []
    for hour in (7, 13, 14):
        bench.clock.now = datetime(2026, 11, 23, hour, tzinfo=UTC)
        bench.work()
        told.append(
            [note.partition(",")[0] for note in bench.notes() if ", in the night: No category" in note]
        )
    assert told == [["INC-1: <@U0EM>"], *[["INC-1: <@U0EM>", "INC-1: <@U0PM>"]] * 2]


def test_of_the_worst_everybody_hears_at_once(sqlite, clock):
    """Whatever the hour."""
    (said,) = ladder(asleep(sqlite, clock, severity="critical"), minutes=15)
    assert "notified: engineering manager <@U0EM>" in said.text


def test_a_ticket_waits_for_the_morning_of_those_who_would_act(sqlite, clock):
    """Nobody is woken by what was never to wake anybody."""
    bench = asleep(sqlite, clock, severity="warning")
    assert ladder(bench, minutes=15) == []
    bench.clock.now = datetime(2026, 11, 23, 6, 59, tzinfo=UTC)
    assert ladder(bench) == []
    said = ladder(bench, minutes=1)
    assert said[0].notification == "INC-1: No category after 15 min"
    assert "late" not in said[0].text


def test_who_is_told_only_of_worse_is_not_told_of_less(bench):
    """The director hears of SEV2 and SEV1."""
    bench.receive(bench.alert("k2", title="another", metric="other", severity="warning"))
    bench.clock.advance(minutes=60)
    bench.work()
    of_second = [one.text for one in nags(bench) if one.notification.startswith("INC-2: Not mitigated")]
    assert "notified: nobody (director: only from SEV2)" in of_second[0]


def test_in_a_drill_nobody_outside_is_called(sqlite, clock):
    """The rungs speak alike, and name roles."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        opening = Opening("practice", "U0ENG", "#drills", drill="jp-creep")
        open_incident(session, bench.desk, opening, now=bench.now)
    (said,) = ladder(bench, minutes=15)
    assert "<@U0" not in said.text
    assert "engineering manager (not told, this is a drill)" in said.text
    assert "On call: nobody, this is a drill;" in bench.card().text


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
    assert len(ladder(bench, hours=5)) == 1  # the last rung goes on to remind; the earlier ones are past


def test_after_a_false_alarm_nobody_is_called(bench):
    """It is past every rung."""
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    assert ladder(bench, hours=5) == []
    assert ladder(bench, hours=5) == []
