"""Roles, what is typed about people, updates for those who wait, and what is said when nothing works."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.claimed import Claimed
from bot.core.effect import Message, Post
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.incident_roles import Role
from bot.errors import InputError, RefusedError, StaleError
from bot.limits import check_blocks
from bot.services import degraded, incident_people, people_orders, stakeholders, watching
from bot.services.incident_opening import Opening, open_incident
from bot.store import incidents, outbox, people, slots, watches
from bot.views import stakeholders as update_views
from bot.views.triage_actions import Control, TriageAction
from tests.services.incident_bench import ENG, Bench, Shown

MATE = "U0MATE"
VALUE = Control(1, 1).encode()
PHONES = {"On-call phone": "+81 3 0000 0000"}


class Peopled(Bench):
    """A bench whose incident's people can be ordered about; it lives in a channel that Slack knows."""

    def __init__(self, db, clock, **settings):
        super().__init__(db, clock, phone_tree=PHONES, **settings)
        self.receive(self.alert())
        with self.write() as session:
            outbox.remember_channel(session, self.incident().channel, "C0INC")
        self.work()

    def incident(self):
        """Incident 1."""
        with self.db.read() as session:
            return incidents.load(session, 1)

    def order(self, verb, text="", by=ENG, thread="1.2"):
        """Type it into the incident's channel; the answer, if any."""
        before = len(self.effects())
        key = f"typed/{self.now.timestamp()}/{before}"
        with self.write() as session:
            asked = Order(by, Place("C0INC", thread), "triage", verb, text)
            people_orders.order(session, self.desk, asked, key, self.now)
        return [Shown(e["message"]).text for e in self.effects()[before:] if e["key"] == f"{key}/people"]

    def ask(self, question):
        """Ask it; the answer."""
        with self.db.read() as session:
            asked = Ask(ENG, Place("C0INC"), "triage", question)
            answer = {"oncall": people_orders.ask_oncall, "phones": people_orders.ask_phones}[question]
            return answer(session, self.desk, asked, self.now).text

    def submit(self, form, by=ENG, **fields):
        """Send a form off."""
        verb = {"roles": incident_people.submit, "update": stakeholders.submit}[form]
        with self.write() as session:
            verb(session, self.desk, Submit(by, Place("C0INC"), form, VALUE, fields), "k", self.now)

    def pressed(self, verb, choice="", by=ENG):
        """Press a button."""
        before = len(self.effects())
        value = Control(1, 1, choice).encode()
        with self.write() as session:
            press = Press(by, Place("C0INC"), "x", value)
            verb(session, self.desk, press, f"press/{before}", self.now)
        return self.effects()[before:]

    def due(self, **later):
        """Let time pass and do what is due."""
        self.clock.advance(**later)
        return self.work()


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Peopled(sqlite, clock)


def test_a_role_is_taken_by_a_button_and_shown(bench):
    """It acknowledges, too: whoever takes a role looks at it."""
    bench.pressed(incident_people.press_role, "scribe", by=MATE)
    assert bench.incident().roles == {"scribe": MATE}
    assert bench.incident().acknowledged_by == MATE
    assert f"<@{MATE}> is scribe: keeps the timeline" in bench.notes()[-1]
    assert f"scribe: <@{MATE}>" in bench.card().text
    assert "Hand over…" in bench.card().buttons


def test_of_two_who_take_the_same_role_the_second_is_told_who_has_it(bench):
    """Nothing is taken from anybody by a race; it is handed over in words."""
    bench.pressed(incident_people.press_role, "commander")
    with pytest.raises(StaleError, match=f"<@{ENG}> is commander already") as told:
        bench.pressed(incident_people.press_role, "commander", by=MATE)
    assert "`@lookout triage role commander @you`" in told.value.hint
    with pytest.raises(InputError, match=f"<@{ENG}> is commander already"):
        bench.pressed(incident_people.press_role, "commander")


def test_a_role_is_handed_over_and_given_back_by_typing(bench):
    """To a mention, or to nobody."""
    bench.order("role", "comms")
    bench.order("role", f"comms <@{MATE}>")
    assert bench.incident().roles == {"comms": MATE}
    assert f"<@{MATE}> is comms now, said <@{ENG}>" in bench.notes()[-1]
    bench.order("role", "comms nobody")
    assert f"<@{ENG}> gave back the role of comms that <@{MATE}> held; nobody is" in bench.notes()[-1]
    bench.order("role", "comms")
    bench.order("role", "comms nobody")
    assert f"<@{ENG}> gave back the role of comms; nobody is comms now" in bench.notes()[-1]
    assert bench.incident().roles == {}
    with pytest.raises(InputError, match="Nobody is comms"):
        bench.order("role", "comms nobody")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Read `role` without one"),
        ("king", "no role “king”"),
        ("comms everybody", "Expected a mention"),
        ("comms <!channel>", "Expected a mention"),
    ],
)
def test_a_role_that_cannot_be_read_is_refused_with_what_can(bench, typed, says):
    """Nothing was changed."""
    with pytest.raises(InputError) as refused:
        bench.order("role", typed)
    assert says in f"{refused.value.message} {refused.value.hint}"


def test_nobody_who_has_left_gets_a_role(bench):
    """They could not act."""
    with bench.write() as session:
        people.left(session, MATE, gone=True)
    with pytest.raises(InputError, match=f"<@{MATE}> has left Slack"):
        bench.order("role", f"scribe <@{MATE}>")


def test_the_form_hands_over_what_was_changed_and_nothing_else(bench):
    """All four roles stand in it, with whoever has them."""
    bench.order("role", "commander")
    with bench.db.read() as session:
        view = incident_people.form(session, bench.desk, MATE, VALUE, bench.now)
    fields = {one["block_id"]: one["element"] for one in view["blocks"] if one["type"] == "input"}
    assert list(fields) == list(Role)
    assert fields["commander"]["initial_user"] == ENG
    assert check_blocks(view["blocks"], surface="modal") == []
    notes = len(bench.notes())
    bench.submit("roles", by=MATE, commander=ENG, investigator="", scribe=MATE, comms="")
    assert bench.incident().roles == {"commander": ENG, "scribe": MATE}
    assert len(bench.notes()) == notes + 1
    bench.submit("roles", by=MATE, commander=ENG, investigator="", scribe=MATE, comms="")
    assert len(bench.notes()) == notes + 1


def test_whoever_has_left_holds_no_role_any_more(bench):
    """It is said, and the others keep theirs."""
    bench.order("role", "scribe", by=MATE)
    bench.order("role", "comms")
    with bench.write() as session:
        watching.left(session, bench.desk, [MATE], bench.now)
    assert bench.incident().roles == {"comms": ENG}
    assert any(f"⚠ <@{MATE}> has left, was scribe" in note for note in bench.notes())


def test_being_on_it_is_typed_with_minutes_or_hours(bench):
    """`ack`, `ack 30`, `ack 2h`; the incident first where it is elsewhere."""
    bench.order("ack", "INC-1 2h")
    with bench.db.read() as session:
        assert watches.load(session, 1).until == bench.now + timedelta(hours=2)
    bench.order("ack")
    with bench.db.read() as session:
        assert watches.load(session, 1).until == bench.now + timedelta(minutes=15)
    with pytest.raises(InputError, match="Read `ack soon`"):
        bench.order("ack", "soon")


def test_the_newest_reminder_is_snoozed_and_dismissed_by_typing_and_by_button(bench):
    """What comes next is said in the thread."""
    with pytest.raises(InputError, match="no reminder that comes again"):
        bench.order("snooze")
    bench.due(minutes=15)
    bench.order("snooze", "40m")
    assert "snoozed “No category after 15 min”" in bench.notes()[-1]
    bench.pressed(people_orders.press_snooze, "localize")
    bench.order("dismiss")
    assert "dismissed “No category after 15 min”" in bench.notes()[-1]
    with pytest.raises(StaleError, match="dismissed these reminders already"):
        bench.pressed(people_orders.press_dismiss, "localize", by=MATE)
    with pytest.raises(InputError, match="Expected `dismiss` alone"):
        bench.order("dismiss", "all")


def test_who_is_on_call_is_answered_without_calling_anybody(sqlite, clock):
    """Names, until when, who follows, and what is doubtful."""
    layers = {"primary": {"people": ["U0ANA", "ben@x.io"], "starts": date(2026, 11, 9), "zone": "UTC"}}
    swap = {"swap": {"person": "U0DEE", "starts": "2026-11-23T00:00Z", "ends": "2026-11-23T06:00Z"}}
    bench = Peopled(sqlite, clock, oncall={"layers": layers, "overrides": swap})
    with bench.write() as session:
        people.meet(session, "U0DEE", "dee")
        people.meet(session, "U0BEN", "ben")
        people.set_members(session, "ben@x.io", ["U0BEN"], bench.now)
    text = bench.ask("oncall")
    assert "• primary: dee until <!date^" in text
    assert "instead of ben@" in text.replace("\u200b", "")
    assert "Called in this order: dee, then ben, then U0ANA." in text
    assert "<@" not in text


def test_the_phone_tree_is_answered_whole(bench):
    """And where none is configured, how to."""
    assert bench.ask("phones") == "By hand, in this order:\n• On-call phone: +81 3 0000 0000"


def test_an_update_is_drafted_edited_and_posted_where_a_person_says(bench):
    """The draft tells what is known in words for outside; what is posted is what the person wrote."""
    bench.clock.advance(minutes=4)
    bench.answer("nothing", "schema")
    (draft,) = bench.order("update")
    assert "INC-1: reranker NDCG@" in draft.replace("\u200b", "")
    assert "Status at 12:16 JST: the cause is known and being mitigated." in draft
    assert "What happened: since about 12:06 JST ndcg is at 0.61 instead of 0.78." in draft
    assert "What we know: the cause is Upstream data corruption (category 4), found at 12:16 JST." in draft
    assert "- 12:16 JST answered “Schema drift” to step 2" in draft
    bench.submit("update", channel="C0LAUNCH", text="Search is worse.\n<!channel> *We* know why.", next="30")
    posted = next(e for e in bench.effects("post") if e["key"] == "incident/1/update/1")
    assert posted["channel"] == "C0LAUNCH"
    said = Shown(posted["message"]).text
    assert "*INC-1: update 1*\nSearch is worse.\n&lt;!channel&gt;" in said
    assert f"Posted by <@{ENG}> · next update by <!date^" in said
    assert f"<@{ENG}> posted update 1 in <#C0LAUNCH>. The next one is promised for" in bench.notes()[-1]


@pytest.mark.parametrize(
    "written", ["word " * 590, "&" * 3000, "a & b\n" * 490], ids=["line", "signs", "lines"]
)
def test_an_update_is_posted_whole(bench, written):
    """However long its lines are, and whatever they look like to Slack."""
    bench.submit("update", channel="C0LAUNCH", text=written)
    posted = next(e for e in bench.effects("post") if e["key"] == "incident/1/update/1")
    said = Shown(posted["message"]).text.replace("\u200b", "")
    assert said.count("word") == written.count("word")
    assert said.count("&amp;") == written.count("&")


def test_the_form_holds_the_draft_and_the_channel_of_the_last_update(bench):
    """What was chosen once is there the next time; only what changed since is drafted."""
    bench.submit("update", channel="C0LAUNCH", text="Search is worse for now.", next="")
    bench.clock.advance(minutes=10)
    bench.answer("model")
    with bench.db.read() as session:
        view = stakeholders.form(session, bench.desk, ENG, VALUE, bench.now)
    assert check_blocks(view["blocks"], surface="modal") == []
    fields = {one["block_id"]: one["element"] for one in view["blocks"] if one["type"] == "input"}
    assert fields["channel"]["initial_channel"] == "C0LAUNCH"
    assert "Since the update of 12:12 JST:\n- 12:22 JST answered" in fields["text"]["initial_value"]


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "", "text": "Search is worse for now."},
        {"channel": "C1", "text": "  "},
        {"channel": "C1", "text": "Search is worse for now.", "next": "7"},
    ],
)
def test_an_update_that_lacks_something_is_not_posted(bench, fields):
    """The form says what under its field; sent off all the same, it is refused."""
    assert len(update_views.faults(fields)) == 1
    with pytest.raises(InputError):
        bench.submit("update", **fields)


def test_an_update_that_slack_refuses_is_said_to_those_who_think_it_was_read(bench):
    """Lookout is not in that channel, for example."""
    bench.submit("update", channel="C0LAUNCH", text="Search is worse for now.", next="")
    effect = Post("incident/1/update/1", "C0LAUNCH", Message("x"))
    claimed = Claimed(1, effect, "C0LAUNCH", bench.now, bench.now, 1, 1, bench.now)
    with bench.write() as session:
        assert stakeholders.undelivered(session, claimed, "not_in_channel", bench.now)
        other = replace(claimed, effect=Post("incident/1/card", "C0INC", Message("x")))
        assert not stakeholders.undelivered(session, other, "not_in_channel", bench.now)
    assert "⚠ Update 1 was not posted in <#C0LAUNCH>: Slack said not" in bench.notes()[-1].replace(
        "\u200b", ""
    )


def test_a_promised_update_is_reminded_of_twice_and_then_never(bench):
    """Whoever has the comms role, else whoever promised; each says whether it comes again."""
    bench.submit("update", channel="C0LAUNCH", text="Search is worse for now.", next="30")
    bench.order("role", "comms", by=MATE)

    def reminders():
        return [Shown(e["message"]).text for e in bench.effects("post") if "/promise/" in e["key"]]

    bench.due(minutes=29)
    assert reminders() == []
    bench.due(minutes=1)
    assert f"INC-1: <@{MATE}>, the next update was promised for" in reminders()[0]
    assert "It is said once more in 15 min." in reminders()[0]
    told = bench.pressed(stakeholders.snooze)
    assert "Snoozed until" in told[-1]["message"]["text"]
    bench.due(minutes=29)
    assert len(reminders()) == 1
    bench.due(minutes=1)
    assert "This is the last reminder of it." in reminders()[1]
    bench.due(days=1)
    assert len(reminders()) == 2


def test_a_promise_that_was_kept_or_dismissed_is_not_reminded_of(bench):
    """An update posted in time ends it, and so does the button."""
    bench.submit("update", channel="C0LAUNCH", text="Search is worse for now.", next="30")
    bench.clock.advance(minutes=20)
    bench.submit("update", channel="C0LAUNCH", text="Search is still worse.", next="60")
    assert "incident.update" not in bench.due(minutes=20)
    bench.pressed(stakeholders.dismiss)
    assert "incident.update" not in bench.due(hours=3)


def test_a_drill_s_update_stays_in_its_channel(bench):
    """Nobody outside is to be frightened by what is practised."""
    with bench.write() as session:
        drill = open_incident(
            session, bench.desk, Opening("practice", ENG, "C0DRILL", drill="jp-creep"), now=bench.now
        )
        value = Control(drill.id, 1).encode()
        fields = {"channel": "C0LAUNCH", "text": "Search is worse for now."}
        sent = Submit(ENG, Place("C0DRILL"), "update", value, fields)
        with pytest.raises(RefusedError, match=f"{drill.number} is a drill"):
            stakeholders.submit(session, bench.desk, sent, "k", bench.now)
        mine = Submit(ENG, Place("C0DRILL"), "update", value, {**fields, "channel": "C0DRILL"})
        stakeholders.submit(session, bench.desk, mine, "k", bench.now)
    posted = next(e for e in bench.effects("post") if e["key"] == f"incident/{drill.id}/update/1")
    assert posted["message"]["text"].startswith(f"DRILL · {drill.number}: update 1")


def look(bench):
    """Look for what does not work, and again after a moment; the card as it stands."""
    for payload in ({}, {"again": True}):
        with bench.write() as session:
            degraded.look(session, bench.desk, payload, now=bench.now)
    return bench.card().text


def test_what_waited_while_the_machine_slept_is_no_trouble(bench):
    """It is gone at the second look, twenty seconds later; nobody was told."""
    bench.clock.advance(hours=3)
    drawn = len(bench.effects())
    with bench.write() as session:
        degraded.look(session, bench.desk, {}, now=bench.now)
        session.connection().exec_driver_sql("UPDATE outbox SET state = 'sent'")
        (again,) = slots.kept(session, job=degraded.LOOK_JOB, prefix="again/")
        session.connection().exec_driver_sql("UPDATE slot SET state = 'done'")
        degraded.look(session, bench.desk, again.payload, now=bench.now)
    assert len(bench.effects()) == drawn


def test_the_card_prints_the_phone_tree_when_messages_do_not_get_through(bench):
    """And says nothing of it once they do; that it is still so is no reason to draw again."""
    drawn = len(bench.effects())
    look(bench)
    assert len(bench.effects()) == drawn
    bench.clock.advance(minutes=3)
    text = look(bench)
    assert "⚠ messages: some have not reached Slack since <!date^" in text
    assert "By hand, in this order:\n• On-call phone: +81 3 0000 0000" in text
    drawn = len(bench.effects())
    bench.clock.advance(minutes=1)
    look(bench)
    assert len(bench.effects()) == drawn
    with bench.write() as session:
        session.connection().exec_driver_sql("UPDATE outbox SET state = 'sent'")
        session.connection().exec_driver_sql("UPDATE slot SET state = 'done'")
    assert "⚠ messages" not in look(bench)


def test_the_card_says_when_no_source_answers(bench):
    """The check that asks Lookout itself does not count, nor what is not configured."""
    from bot.core.evidence import Evidence, EvidenceStatus

    unknown = EvidenceStatus.UNKNOWN
    with bench.write() as session:
        lines = [
            Evidence("changes", EvidenceStatus.CLEAR, "nothing changed", bench.now),
            Evidence("metric", unknown, "prom timed out after 4 s", bench.now),
            Evidence("catalog_feed", unknown, "warehouse cannot be reached: ConnectError", bench.now),
        ]
        incidents.keep_evidence(session, 1, {"changed": lines})
    assert "⚠ evidence: sources do not answer (metric, catalog_feed); look by hand." in look(bench)
    with bench.write() as session:
        lines = [Evidence("metric", unknown, "no prometheus source is configured", bench.now)]
        incidents.keep_evidence(session, 1, {"changed": lines})
    assert "⚠ evidence" not in look(bench)


def test_once_mitigated_nothing_has_to_be_done_by_hand(bench):
    """The card is quiet again."""
    bench.clock.advance(minutes=3)
    assert "⚠ messages" in look(bench)
    bench.answer("model")
    bench.press(TriageAction.MITIGATED)
    assert "⚠ messages" not in look(bench)


def test_every_word_of_it_is_json_that_slack_takes(bench):
    """Values of buttons stay short enough for a select."""
    bench.order("role", "commander")
    for element in bench.card().elements:
        for option in element.get("options", [element]):
            if "value" in option:
                assert len(option["value"]) <= 75
                json.loads(option["value"])
