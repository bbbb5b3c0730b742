"""The watch over an incident: who is called after whom, what being on it means, and when nobody is left."""

from datetime import date, timedelta

import pytest

from bot.core.incident import Status
from bot.errors import InputError
from bot.services import watching
from bot.services.incident_opening import Opening, open_incident
from bot.store import incidents, people, watches
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import Bench, Shown

LAYERS = {
    "primary": {
        "people": ["U0ANA", "U0BEN"],
        "starts": date(2026, 11, 23),
        "handoff": "00:00",
        "zone": "UTC",
    },
    "backup": {"people": ["U0DEE"], "starts": date(2026, 11, 23), "handoff": "00:00", "zone": "UTC"},
}
PHONES = {
    "On-call phone": "+81 3 0000 0000",
    "Bridge": "https://meet.example/inc",
    "Dee": "+49 30 1",
    "Eve": "+1 2",
}


class Watched(Bench):
    """A bench with people on call, on which calls and leases can be read."""

    def __init__(self, db, clock, **oncall):
        super().__init__(db, clock, oncall={"layers": LAYERS, **oncall}, phone_tree=PHONES)

    def called(self):
        """The calls, in words."""
        return [Shown(e["message"]).text for e in self.effects("post") if "/call/" in e["key"]]

    def on_it(self, by, minutes=None):
        """Say that somebody is on it."""
        with self.write() as session:
            return watching.on_it(session, self.desk, incident=1, by=by, now=self.now, minutes=minutes)

    def due(self, **later):
        """Let time pass and do what is due; what was done but for evidence, the ladder and the onset."""
        self.clock.advance(**later)
        return [job for job in self.work() if job in ("incident.call", "incident.lease")]

    def watch(self):
        """The watch over incident 1."""
        with self.db.read() as session:
            return watches.load(session, 1)

    def incident(self):
        """Incident 1."""
        with self.db.read() as session:
            return incidents.load(session, 1)

    def kinds(self):
        """The kinds of the timeline's events."""
        with self.db.read() as session:
            return [event.kind for event in incidents.timeline(session, 1)]


@pytest.fixture
def bench(sqlite, clock):
    """A bench with people on call and one incident of the second severity."""
    bench = Watched(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    return bench


def test_the_card_calls_whoever_is_first_and_nobody_else(bench):
    """The others sleep until they are needed."""
    text = bench.card().text
    assert "On call: <@U0ANA>; who answers first takes the lead." in text
    assert "U0DEE" not in text
    created = bench.effects("channel")[0]
    assert created["invite"] == ["U0ANA", "U0DEE"]


def test_while_nobody_is_on_it_the_next_in_line_is_called_and_then_the_phone_tree_is_left(bench):
    """Each has five minutes; then there is nobody to call any more, and nothing is said again."""
    assert bench.due(minutes=4) == []
    assert bench.due(minutes=1) == bench.due(minutes=5) == bench.due(minutes=5) == ["incident.call"]
    first, second, nobody = bench.called()
    assert first.startswith(
        "*INC-1: nobody has been on it for 5 min.* <@U0DEE>: please say that you are on it"
    )
    assert "\nIf nobody is on it at <!date^" in first
    assert "U0BEN is called." in first
    assert "<@U0BEN>" not in first
    assert "<@U0BEN>: please say" in second
    assert "only the phone tree is left." in second
    assert nobody.startswith("*INC-1: nobody on call answers.* Called: U0ANA, U0DEE, U0BEN.")
    assert "• On-call phone: +81 3 0000 0000" in nobody
    assert bench.due(days=2) == []
    assert bench.kinds().count("called") == 2
    assert "unanswered" in bench.kinds()


def test_in_a_drill_no_number_is_printed(sqlite, clock):
    """Whoever practises phones nobody: neither from the card nor when nobody answers."""
    bench = Watched(sqlite, clock)
    with bench.write() as session:
        opening = Opening("practice", "U0ENG", "#drills", drill="jp-creep")
        open_incident(session, bench.desk, opening, now=bench.now)
    for _ in range(3):
        bench.due(minutes=5)
    bench.due(minutes=1)
    assert "nobody on call answers" in bench.called()[-1]
    for text in (*bench.called(), bench.card().text):
        assert "+81" not in text
        assert "<@U0ANA>" not in text
    assert "This is a drill: phone nobody." in bench.called()[-1]
    assert "This is a drill: phone nobody." in bench.card().text


def test_saying_so_stops_the_calls_and_settles_what_was_asked(bench):
    """The incident knows when somebody first looked at it, and who."""
    bench.due(minutes=5)
    bench.on_it("U0DEE")
    assert (bench.incident().acknowledged_at, bench.incident().acknowledged_by) == (bench.now, "U0DEE")
    assert "<@U0DEE> is on it until <!date^" in bench.notes()[-1]
    assert [e["message"]["text"] for e in bench.effects("update") if "/call/" in e["key"]] == [
        "INC-1: ✓ <@U0DEE> is on it."
    ]
    assert "On it: <@U0DEE> until <!date^" in bench.card().text
    assert bench.due(minutes=5) == []
    assert "acknowledged" in bench.kinds()


def test_a_lease_without_progress_lapses_and_the_next_is_called(bench):
    """Not the one who was silent, and those who were not heard before may be asked again."""
    bench.clock.advance(minutes=1)
    bench.on_it("U0ANA")
    assert bench.due(minutes=14) == []
    assert bench.due(minutes=1) == ["incident.lease"]
    assert bench.called()[0].startswith("*INC-1: nothing has been heard of <@U0ANA>.* <@U0DEE>: please")
    assert bench.watch().person == ""
    assert "On it: nobody just now" in bench.card().text
    assert bench.incident().acknowledged_by == "U0ANA"


def test_whatever_anybody_does_extends_a_lease(bench):
    """It lapses as long after the last thing done."""
    bench.on_it("U0ANA")
    bench.clock.advance(minutes=10)
    bench.answer("nothing", by="U0MATE")
    assert bench.due(minutes=5) == ["incident.lease"]
    assert bench.watch().until == bench.now + timedelta(minutes=10)
    assert bench.called() == []
    assert bench.due(minutes=10) == ["incident.lease"]
    assert len(bench.called()) == 1


def test_working_on_the_checklist_is_being_on_it(bench):
    """Whoever takes a step after the lease of another lapsed is on it, and nobody else is called."""
    bench.answer("code_deploy", by="U0ANA")
    assert bench.due(minutes=15) == ["incident.lease"]
    assert len(bench.called()) == 1
    bench.press(TriageAction.TAKE, choice="roll_back_deploy/1", by="U0MATE")
    assert bench.watch().person == "U0MATE"
    assert bench.due(minutes=14) == []
    assert len(bench.called()) == 1


def test_saying_it_again_extends_it_and_saying_it_of_another_takes_it_over(bench):
    """Also for longer, where somebody knows that it takes longer."""
    bench.on_it("U0ANA")
    bench.on_it("U0BEN", minutes=60)
    assert bench.watch().until == bench.now + timedelta(minutes=60)
    assert ", taken over from <@U0ANA>." in bench.notes()[-1]
    assert bench.due(minutes=59) == ["incident.lease"]
    assert bench.called() == []
    assert bench.kinds().count("acknowledged") == 1


@pytest.mark.parametrize("minutes", [0, -5, 241, 1e9, float("nan")])
def test_nobody_holds_it_for_no_time_or_for_ever(bench, minutes):
    """With what can be said instead."""
    with pytest.raises(InputError, match="Say 1 to 240"):
        bench.on_it("U0ANA", minutes=minutes)


def test_answering_a_question_acknowledges(bench):
    """Nobody has to say what everybody sees."""
    bench.clock.advance(minutes=2)
    bench.answer("nothing", by="U0MATE")
    assert (bench.incident().acknowledged_at, bench.incident().acknowledged_by) == (bench.now, "U0MATE")
    assert bench.watch().person == "U0MATE"
    bench.clock.advance(minutes=3)
    bench.answer("healthy", by="U0ANA")
    assert bench.incident().acknowledged_by == "U0MATE"
    assert bench.kinds().count("acknowledged") == 1


def test_once_mitigated_nobody_is_called(bench):
    """And taking that back has somebody on it again: whoever took it back."""
    bench.answer("code_deploy")
    bench.press(TriageAction.MITIGATED)
    assert bench.watch().person == ""
    assert bench.due(hours=1) == []
    with pytest.raises(InputError, match="INC-1 is mitigated"):
        bench.on_it("U0ANA")
    bench.press(TriageAction.REOPEN, by="U0MATE")
    assert bench.watch().person == "U0MATE"
    assert bench.due(minutes=15) == ["incident.lease"]


def test_a_false_alarm_calls_nobody(bench):
    """It is over."""
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    assert bench.due(hours=1) == []
    assert bench.called() == []


def test_a_ticket_in_the_night_waits_for_the_morning_of_whoever_is_first(sqlite, clock):
    """They are named and not called; at eight of their zone they are."""
    bench = Watched(sqlite, clock, quiet_hours="22:00-08:00", zones={"U0ANA": "Europe/Berlin"})
    with bench.write() as session:
        people.meet(session, "U0ANA", "ana")
    bench.receive(bench.alert(severity="warning"))
    bench.work()
    assert "On call: ana, who is called at 08:00 of their morning; who answers" in bench.card().text
    assert bench.effects("channel")[0]["invite"] == ["U0DEE"]
    assert bench.due(hours=3) == []
    assert bench.due(minutes=48) == ["incident.call"]
    assert bench.called()[0].startswith("*INC-1: the night is over, and it waits.* <@U0ANA>: please say")


def test_somebody_asleep_is_not_called_next_for_a_ticket(sqlite, clock):
    """Whoever is first is awake and silent; the next is called when their night is over."""
    bench = Watched(sqlite, clock, quiet_hours="22:00-08:00", zones={"U0DEE": "Europe/Berlin"})
    bench.receive(bench.alert(severity="warning"))
    bench.work()
    assert bench.due(minutes=5) == ["incident.call"]
    assert bench.called() == []
    bench.due(hours=4)
    assert "<@U0DEE>: please say" in bench.called()[0]


@pytest.mark.parametrize("severity", ["critical", "page"])
def test_what_pages_wakes_whoever_is_on_call(sqlite, clock, severity):
    """That is what being on call means."""
    bench = Watched(sqlite, clock, quiet_hours="22:00-08:00", zones={"U0ANA": "Europe/Berlin"})
    bench.receive(bench.alert(severity=severity))
    assert "On call: <@U0ANA>;" in bench.card().text


def test_who_leaves_while_on_it_is_followed_by_the_next(bench):
    """Their roles are free too, and it is said."""
    bench.on_it("U0ANA")
    bench.press(TriageAction.MORE, choice=More.TAKE_LEAD, by="U0ANA")
    with bench.write() as session:
        people.left(session, "U0ANA", gone=True)
        watching.left(session, bench.desk, ["U0ANA"], bench.now)
    assert "INC-1: ⚠ <@U0ANA> has left. What they held is free." in bench.notes()[-1]
    assert bench.called()[0].startswith("*INC-1: <@U0ANA> was on it and has left.* <@U0DEE>: please say")
    assert bench.incident().lead == ""


def test_the_first_who_has_left_is_passed_over_at_the_opening(sqlite, clock):
    """The next in line is called at once, and the card says why."""
    bench = Watched(sqlite, clock)
    with bench.write() as session:
        people.left(session, "U0ANA", gone=True)
    bench.receive(bench.alert())
    text = bench.card().text
    assert "On call: <@U0DEE>;" in text
    assert "⚠ <@U0ANA> is on call and has left; the next in line is called." in text


def test_without_anybody_configured_nothing_is_planned(sqlite, clock):
    """The ladder is what there is, as ever."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    bench.clock.advance(minutes=10)
    assert "incident.call" not in bench.work()


def test_the_card_ends_with_the_first_numbers(bench):
    """They can still be read when nothing can be drawn any more."""
    assert (
        "If Slack or Lookout fails: On-call phone +81 3 0000 0000 · Bridge <https://meet.example/inc> · "
        "Dee +49 30 1 and 1 more: `@lookout triage phones`"
    ) in bench.card().text


def test_what_was_said_holds_on_both_databases(database, clock):
    """A walk through a call, a lease and its end."""
    bench = Watched(database, clock)
    bench.receive(bench.alert())
    bench.due(minutes=5)
    bench.on_it("U0DEE")
    assert bench.due(minutes=15) == ["incident.lease"]
    assert bench.watch().called == ("U0DEE", "U0ANA")
    assert bench.incident().status is Status.TRIAGING
