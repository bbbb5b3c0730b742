"""Messages marked for an incident's timeline: put in, followed through edits and deletions, taken out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.reading import Closed, Found
from bot.core.inbound import Altered, Order, Place, Reacted, Submit
from bot.core.marked import Attachment, MarkState, Said, moment_of
from bot.errors import InputError
from bot.services import marking, triage
from bot.store import incidents, marked, outbox, people
from bot.store.outbox_rows import MessageRow
from bot.views.marking import MarkAction
from bot.views.triage_actions import TriageAction
from tests.services.incident_bench import ENG, MATE, Bench

TS = "1795403400.000100"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
SAID = Said(MATE, "rolled back to v41", permalink="https://x.slack.com/archives/C1/p1795403400000100")


class Slack:
    """What Slack says of a message just now; `said` None is a message that is gone."""

    def __init__(self) -> None:
        self.said: Said | None = SAID
        self.images: dict[int, bytes] = {}
        self.asked = 0
        self.closed = False
        self.rooms: list[int] = []

    def __call__(self, channel, ts, known, *, token, api_url, room):
        """As `read_message`."""
        self.asked += 1
        self.rooms.append(room)
        if self.closed:
            raise Closed("not_in_channel")
        return None if self.said is None else Found(self.said, self.images, {MATE: "ravi"})


@pytest.fixture
def slack(monkeypatch):
    """Slack, answering from memory."""
    slack = Slack()
    monkeypatch.setattr(marking, "read_message", slack)
    return slack


@pytest.fixture
def bench(sqlite, clock):
    """An incident opened by hand in the channel C1."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        triage.start(session, bench.desk, title="NDCG fell", by=ENG, channel="C1", now=bench.now)
    bench.work()
    return bench


def react(bench, *, on=True, by=ENG, emoji="pushpin", channel="C1", key="inbox/1", work=True):
    """Put an emoji under the message, or take it away."""
    with bench.write() as session:
        marking.reacted(session, bench.desk, Reacted(by, Place(channel), TS, emoji, on), key, bench.now)
    if work:
        bench.work()


def alter(bench, *, gone=False, key="inbox/9"):
    """Slack tells that the message was changed."""
    with bench.write() as session:
        marking.altered(session, Altered(MATE, Place("C1"), TS, gone), key, bench.now)
    bench.work()


def kept(bench):
    """The messages that are in the timeline."""
    with bench.db.read() as session:
        return [one for one in marked.of_incident(session, 1) if one.state is MarkState.KEPT]


def kinds(bench):
    """What the timeline says about messages."""
    with bench.db.read() as session:
        every = [event.kind for event in incidents.timeline(session, 1)]
    return [kind for kind in every if kind.startswith("message")]


def told(bench):
    """What people were told alone."""
    return [one["message"]["text"] for one in bench.effects("ephemeral")]


def test_an_emoji_puts_a_message_into_the_timeline(bench, slack):
    """With who said it when, and who marked it; the person is told the first time only."""
    react(bench)
    (message,) = kept(bench)
    assert (message.said.author, message.said.text, message.marked_by) == (MATE, SAID.text, (ENG,))
    assert message.said_at == moment_of(TS)
    assert message.said_at < bench.now
    assert kinds(bench) == ["message"]
    assert f"In the timeline of INC-1: <{SAID.permalink}|the message> of <@{MATE}>" in told(bench)[0]
    assert "rolled back" not in told(bench)[0]
    with bench.db.read() as session:
        assert people.names(session)[MATE] == "ravi"


def test_other_emoji_and_other_channels_mean_nothing(bench, slack):
    """No job, no row, and nobody is told anything."""
    react(bench, emoji="eyes")
    react(bench, channel="C9")
    assert (kept(bench), told(bench), slack.asked) == ([], [], 0)


def test_two_people_mark_it_and_it_stays_until_both_take_it_back(bench, slack):
    """It is in the timeline once, and taken out with the last mark; marked again it comes back."""
    react(bench)
    react(bench, by=MATE, key="inbox/2")
    react(bench, on=False, key="inbox/3")
    assert [one.marked_by for one in kept(bench)] == [(MATE,)]
    react(bench, on=False, by=MATE, key="inbox/4")
    assert kept(bench) == []
    react(bench, key="inbox/5")
    assert len(kept(bench)) == 1
    assert kinds(bench) == ["message", "message_removed", "message"]
    assert len(told(bench)) == 2  # each person once


def test_an_emoji_taken_away_at_once_leaves_nothing(bench, slack):
    """Before Slack was asked: nothing is read."""
    react(bench, work=False)
    react(bench, on=False, key="inbox/2")
    assert (kept(bench), slack.asked) == ([], 0)


def test_the_same_event_twice_is_one_mark(bench, slack):
    """Delivered again under its own key, it changes nothing."""
    react(bench)
    react(bench)
    assert (len(kept(bench)), kinds(bench)) == (1, ["message"])


def test_edits_are_followed(bench, slack):
    """The timeline says what the message says now, and that it was edited; no change is no event."""
    react(bench)
    slack.said = replace(SAID, text="rolled back to v40", edited_at=bench.now)
    alter(bench)
    assert [(one.said.text, one.said.edited_at) for one in kept(bench)] == [("rolled back to v40", bench.now)]
    alter(bench, key="inbox/10")
    assert kinds(bench) == ["message", "message_edited"]


def test_a_deletion_leaves_only_that_it_was_there(bench, slack):
    """Its text and its images are erased; nothing of it is in the database any more."""
    picture = Attachment("F1", "graph.png", "image/png", len(PNG))
    slack.said, slack.images = replace(SAID, attachments=(picture,)), {0: PNG}
    react(bench)
    number = kept(bench)[0].said.attachments[0].image
    with bench.db.read() as session:
        assert marked.image(session, number) == ("image/png", PNG)
    alter(bench, gone=True)
    alter(bench, gone=True, key="inbox/10")
    with bench.db.read() as session:
        (message,) = marked.of_incident(session, 1)
        assert (message.state, message.said.text, message.said.attachments) == (MarkState.DELETED, "", ())
        assert marked.image(session, number) is None
    assert kinds(bench) == ["message", "message_deleted"]


def test_what_is_taken_out_is_no_longer_kept(bench, slack):
    """Nobody follows it any more, so its text and images go; marked again it is read again."""
    picture = Attachment("F1", "graph.png", "image/png", len(PNG))
    slack.said, slack.images = replace(SAID, attachments=(picture,)), {0: PNG}
    react(bench)
    react(bench, on=False, key="inbox/2")
    with bench.db.read() as session:
        (message,) = marked.of_incident(session, 1)
        assert (message.state, message.said.text, message.said.attachments) == (MarkState.REMOVED, "", ())
        assert marked.bytes_kept(session, 1) == 0
    react(bench, key="inbox/3")
    (message,) = kept(bench)
    assert (message.said.text, message.said.attachments[0].image is not None) == (SAID.text, True)


def test_a_message_gone_when_it_is_read_again_is_a_deletion(bench, slack):
    """Events may be lost; what Slack says of the message counts."""
    react(bench)
    slack.said = None
    alter(bench)
    assert (kept(bench), kinds(bench)) == ([], ["message", "message_deleted"])


def test_images_are_kept_once_and_dropped_with_their_file(bench, slack):
    """An edit keeps the image it still has; what cannot be kept says why."""
    graph = Attachment("F1", "graph.png", "image/png", len(PNG))
    log = Attachment("F2", "app.log", "text/plain", 9, None, "only images are kept")
    slack.said, slack.images = replace(SAID, attachments=(graph, log)), {0: PNG}
    react(bench)
    first = kept(bench)[0].said.attachments
    assert "With 1 image." in told(bench)[0]
    assert "Not kept: app.log, only images are kept." in told(bench)[0]
    slack.images = {}  # Slack did not give it this time
    slack.said = replace(slack.said, text="see the graph")
    alter(bench)
    assert kept(bench)[0].said.attachments == first
    slack.said = replace(slack.said, attachments=(log,))
    alter(bench, key="inbox/10")
    with bench.db.read() as session:
        assert marked.bytes_kept(session, 1) == 0


def test_images_of_an_incident_have_a_room(bench, slack):
    """What is kept already leaves less for the next message."""
    slack.said = replace(SAID, attachments=(Attachment("F1", "g", "image/png", len(PNG)),))
    slack.images = {0: PNG}
    react(bench)
    react(bench, by=MATE, key="inbox/2")
    assert slack.rooms == [marking.MOST_BYTES, marking.MOST_BYTES - len(PNG)]


def test_an_image_without_room_is_named_and_not_kept(bench, slack, monkeypatch):
    """Also where the room was thought larger when Slack was asked: in a thread the incident is told late."""
    monkeypatch.setattr(marking, "MOST_BYTES", len(PNG) - 1)
    slack.said = replace(SAID, attachments=(Attachment("F1", "g.png", "image/png", len(PNG)),))
    slack.images = {0: PNG}
    react(bench)
    with bench.db.read() as session:
        assert marked.bytes_kept(session, 1) == 0
    assert "Not kept: g.png, the incident's images fill their room." in told(bench)[0]


def submit(bench, *, fields, value=f"C7/{TS}", by=ENG):
    """Send the form of the shortcut off."""
    with bench.write() as session:
        sent = Submit(by, Place("C7"), MarkAction.FORM, value, fields)
        marking.submit(session, bench.desk, sent, "inbox/7", bench.now)
    bench.work()


def test_the_shortcut_puts_a_message_of_any_channel_into_a_chosen_incident(bench, slack):
    """With why it matters; the person is always told, since nothing else shows it."""
    submit(bench, fields={"incident": "1", "remark": "the first hint"})
    (message,) = kept(bench)
    assert (message.channel, message.remark, message.marks[0].how) == ("C7", "the first hint", "form")
    assert "`/incidents unmark LINK`" in told(bench)[0]


def test_the_form_offers_the_channels_incident_first(bench):
    """Then the open ones, then those closed lately; long titles are cut."""
    with bench.write() as session:
        triage.start(session, bench.desk, title="x" * 150, by=ENG, channel="C2", now=bench.now)
        view = marking.form(session, bench.desk, ENG, f"C1/{TS}", bench.now)
        other = marking.form(session, bench.desk, ENG, f"C9/{TS}", bench.now)
    element = view["blocks"][0]["element"]
    assert element["initial_option"]["text"]["text"] == "INC-1 NDCG fell"
    assert [len(one["text"]["text"]) <= 75 for one in element["options"]] == [True, True]
    assert other["blocks"][0]["element"]["initial_option"]["value"] == "2"
    assert view["private_metadata"] == f"C1/{TS}"


def test_without_an_incident_there_is_no_form(sqlite, clock):
    """It says what to do instead."""
    bench = Bench(sqlite, clock)
    with bench.write() as session, pytest.raises(InputError, match="no incident yet"):
        marking.form(session, bench.desk, ENG, f"C1/{TS}", bench.now)


@pytest.mark.parametrize("fields", [{}, {"incident": "x"}, {"incident": "77"}])
def test_a_form_that_was_tampered_with_changes_nothing(bench, slack, fields):
    """No incident, no such incident, no message."""
    with pytest.raises(InputError):
        submit(bench, fields=fields)
    with pytest.raises(InputError):
        submit(bench, fields={"incident": "1"}, value="C1/yesterday")
    assert slack.asked == 0


def order(bench, verb, text, *, place=None):
    """Type a command."""
    run = {"mark": marking.mark_order, "unmark": marking.unmark_order}[verb]
    with bench.write() as session:
        asked = Order(ENG, place or Place("C1"), "incidents", verb, text)
        run(session, bench.desk, asked, f"inbox/{verb}", bench.now)
    bench.work()


def test_a_link_does_the_same_as_the_menu(bench, slack):
    """With and without the incident's number; and it takes out again what anybody put in."""
    link = f"https://x.slack.com/archives/C7/p{TS.replace('.', '')}?thread_ts=1.2&cid=C7"
    order(bench, "mark", f"INC-1 {link} the first hint", place=Place("C9"))
    (message,) = kept(bench)
    assert (message.channel, message.ts, message.remark) == ("C7", TS, "the first hint")
    order(bench, "unmark", link, place=Place("C9"))
    assert kept(bench) == []
    assert kinds(bench) == ["message", "message_removed"]
    assert "Taken out of the timeline of INC-1" in told(bench)[-1]
    with pytest.raises(InputError, match="in no timeline"):
        order(bench, "unmark", link)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no link"),
        ("https://evil.test/x", "no link"),
        ("INC-9 https://x.slack.com/archives/C7/p1795403400000100", "no incident"),
    ],
)
def test_what_is_no_link_is_told_how_one_looks(bench, slack, text, problem):
    """Nothing is read."""
    with pytest.raises(InputError, match=problem):
        order(bench, "mark", text)
    assert slack.asked == 0


def test_elsewhere_the_incident_has_to_be_named(bench, slack):
    """A channel without an incident has none to be meant."""
    with pytest.raises(InputError, match="Name one first"):
        order(bench, "mark", "https://x.slack.com/archives/C7/p1795403400000100", place=Place("C9"))


def test_where_lookout_may_not_read_the_person_is_told(bench, slack):
    """And what to do about it."""
    slack.closed = True
    submit(bench, fields={"incident": "1"})
    assert "Invite me there" in told(bench)[0]
    slack.closed, slack.said = False, None
    submit_again = Submit(ENG, Place("C7"), MarkAction.FORM, f"C7/{TS}", {"incident": "1"})
    with bench.write() as session:
        marking.submit(session, bench.desk, submit_again, "inbox/8", bench.now)
    bench.work()
    assert "not there any more" in told(bench)[1]
    assert kept(bench) == []


def test_in_the_incidents_channel_a_thread_tells_which_incident(bench, slack):
    """A message in the thread of an incident's notice is that incident's; any other is nobody's."""
    home = bench.desk.settings.channels.incidents
    with bench.write() as session:
        outbox.remember_channel(session, home, "C0INC")
        session.add(MessageRow(key="incident/1/notice", channel="C0INC", ts="1795400000.000001"))
    react(bench, channel="C0INC")
    assert kept(bench) == []
    slack.said = replace(SAID, thread="1795400000.000001")
    react(bench, channel="C0INC", key="inbox/2")
    assert [one.incident for one in kept(bench)] == [1]


def test_marks_outlast_the_incident(bench, slack):
    """What is found out afterwards belongs to its record too."""
    bench.answer("model")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    bench.clock.now += timedelta(days=2)
    react(bench)
    assert len(kept(bench)) == 1
