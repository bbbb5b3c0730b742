"""An incident whose channel was archived: it goes on in the incidents channel, and that is said once."""

from datetime import timedelta

import pytest

from bot.store import incidents, outbox
from bot.store.lanes import Outbox
from bot.views.triage_actions import TriageAction
from handlers import slack_verbs
from tests.services.incident_bench import Bench, Shown

HOME, OPS, OWN = "C0HOME", "C0OPS", "C0OWN"


class Archive(Bench):
    """A bench whose effects are delivered to channels, of which the incident's own becomes archived."""

    def __init__(self, db, clock, **settings):
        super().__init__(db, clock, **settings)
        self.lanes = Outbox(db, on_dead=slack_verbs.undeliverable(self.desk))
        self.archived, self.said, self.count = set(), [], 0
        with db.write() as session:
            outbox.remember_channel(session, "#ml-incidents", HOME)
            outbox.remember_channel(session, "#lookout-ops", OPS)

    def speak(self):
        """Deliver what waits; archived channels refuse it, as the chat worker would be told."""
        while claimed := self.lanes.claim(self.now, timedelta(seconds=30)):
            effect = claimed.effect
            at = self.lanes.message(getattr(effect, "key", ""))
            kind = type(effect).__name__
            where = at[0] if at and kind in ("Update", "Pin") else self.channel(claimed.lane)
            if where in self.archived:
                self.lanes.dead(claimed, "is_archived", self.now)
                continue
            self.count += 1
            result = {"channel": where}
            if kind == "Post":
                result["ts"] = f"{self.count}.0"
            if kind == "Upload":
                result["file"] = f"F{self.count}"
            assert self.lanes.sent(claimed, result, self.now)
            self.said.append((where, kind, effect.key if hasattr(effect, "key") else effect.channel))

    def channel(self, lane):
        """The id behind a lane."""
        return self.lanes.channel(lane) or (OWN if lane.startswith("#inc-") else lane)

    def told(self):
        """What was said since the last time."""
        said, self.said = self.said, []
        return said


@pytest.fixture
def bench(database, clock):
    """An incident in a channel of its own, with its card there, that was archived then."""
    bench = Archive(database, clock)
    bench.receive(bench.alert("k1"))
    bench.speak()
    bench.told()
    bench.archived.add(OWN)
    return bench


def test_an_alert_for_an_archived_channel_brings_the_incident_into_the_incidents_channel(bench):
    """Card, dashboard and note are posted there; the channel is told once; ops hears nothing."""
    bench.receive(bench.alert("k2"))
    bench.speak()
    said = bench.told()
    assert {where for where, _, _ in said} == {HOME}
    posted = [key for _, kind, key in said if kind == "Post"]
    note = next(key for key in posted if "/event/" in key)
    assert sorted(posted) == ["incident/1/card", "incident/1/dashboard", note, "incident/1/moved"]
    moved = Shown(bench.last("incident/1/moved")).text
    assert moved.startswith("INC-1 goes on here: its channel <#inc-20261123-")
    assert "is archived." in moved
    with bench.db.read() as session:
        incident, events = incidents.load(session, 1), incidents.timeline(session, 1)
    assert incident.channel == "#ml-incidents"
    assert [event.kind for event in events].count("moved") == 1
    assert "#ml-incidents" in bench.notice().text


def test_what_follows_is_said_where_it_lives_now(bench):
    """Answers, further alerts and their notes; nothing is posted twice, and nobody is told again."""
    bench.receive(bench.alert("k2"))
    bench.speak()
    bench.told()
    bench.clock.advance(minutes=1)
    bench.receive(bench.alert("k3"))
    bench.answer("code_deploy")
    bench.speak()
    said = bench.told()
    assert {where for where, _, _ in said} == {HOME}
    assert "Update" in {kind for _, kind, _ in said}
    assert not [key for _, kind, key in said if kind == "Post" and key.endswith(("card", "moved"))]
    bench.press(TriageAction.BACK)
    bench.speak()
    assert {where for where, _, _ in bench.told()} == {HOME}


def test_an_archived_channel_of_the_name_lets_the_incident_begin_in_the_incidents_channel(sqlite, clock):
    """The very first words are refused already."""
    bench = Archive(sqlite, clock)
    bench.archived.add(OWN)
    bench.receive(bench.alert("k1"))
    bench.speak()
    said = bench.told()
    assert {where for where, _, _ in said} == {HOME}
    assert [key for _, kind, key in said if kind == "Post"].count("incident/1/card") == 1
    assert (HOME, "Pin", "incident/1/card") in said


def test_with_the_incidents_channel_archived_too_ops_is_told(bench):
    """There is nowhere else to go."""
    bench.archived.add(HOME)
    bench.receive(bench.alert("k2"))
    bench.speak()
    assert {where for where, _, _ in bench.told()} == {OPS}
