"""The outbox: in order per channel, each key once, updates coalesced."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from bot.core.claimed import Claimed, StoreUnavailable
from bot.core.effect import CreateChannel, Effect, Ephemeral, Message, Pin, Post, Update, Upload
from bot.store import blobs, outbox
from bot.store.database import Database
from bot.store.effects import dump, kind_of, load
from bot.store.lanes import Outbox
from tests.conftest import ManualClock

LEASE = timedelta(seconds=30)


def put(db: Database, clock: ManualClock, *effects: Effect) -> None:
    """Put effects in one transaction."""
    with db.write() as session:
        for effect in effects:
            outbox.put(session, effect, now=clock())


def post(key: str, channel: str = "#a", text: str = "") -> Post:
    """A post whose text is its key."""
    return Post(key, channel, Message(text or key))


def said(effect: Effect) -> str:
    """The text of a message effect."""
    assert isinstance(effect, (Post, Update, Ephemeral))
    return effect.message.text


def take(box: Outbox, clock: ManualClock) -> Claimed:
    """The next effect, which must be there."""
    claimed = box.claim(clock(), LEASE)
    assert claimed is not None
    return claimed


def deliver_all(box: Outbox, clock: ManualClock) -> list[str]:
    """Deliver everything; the texts in order."""
    texts = []
    while (claimed := box.claim(clock(), LEASE)) is not None:
        texts.append(said(claimed.effect))
        assert box.sent(claimed, {"channel": "C1", "ts": f"{claimed.id}.0"}, clock())
    return texts


EVERY_KIND: list[Effect] = [
    CreateChannel("#a", "topic", ("U1", "U2")),
    Post("p", "#a", Message("hi", ({"type": "divider"},)), thread="q", broadcast=True),
    Update("p", "#a", Message("hi")),
    Ephemeral("e", "#a", "U1", Message("psst"), "1.2"),
    Upload("f", "#a", "x.png", "X", "0" * 64, "alt", "comment", "p", share=False),
    Pin("p", "#a"),
]


@pytest.mark.parametrize("effect", EVERY_KIND, ids=kind_of)
def test_every_effect_comes_out_as_it_went_in(sqlite: Database, clock: ManualClock, effect: Effect) -> None:
    """Claimed effects are equal to what was put."""
    put(sqlite, clock, effect)
    assert take(Outbox(sqlite), clock).effect == effect


def test_unstorable_characters_are_replaced() -> None:
    """No effect can become a poison message by its text."""
    effect = Post("p", "#a", Message("a\x00b", ({"text": {"text": "\ud800"}},)))
    assert load("post", dump(effect)) == Post("p", "#a", Message("a\ufffdb", ({"text": {"text": "\ufffd"}},)))


def test_a_lane_is_delivered_in_order(database: Database, clock: ManualClock) -> None:
    """One at a time in the order put, while other lanes go on."""
    box = Outbox(database)
    put(database, clock, post("1"), post("2"), post("3", "#b"))
    first, other = take(box, clock), take(box, clock)
    assert (said(first.effect), said(other.effect)) == ("1", "3")
    assert box.claim(clock(), LEASE) is None
    box.sent(first, {"channel": "C1", "ts": "1.0"}, clock())
    assert said(take(box, clock).effect) == "2"


def test_a_lane_waits_whole(database: Database, clock: ManualClock) -> None:
    """While its head waits for Retry-After, what is behind it waits too; other lanes do not."""
    box = Outbox(database)
    put(database, clock, post("1"), post("2"), post("3", "#b"))
    box.retry(take(box, clock), clock() + timedelta(seconds=30), "ratelimited", doubt=False)
    assert said(take(box, clock).effect) == "3"
    clock.advance(seconds=29)
    assert box.claim(clock(), LEASE) is None
    clock.advance(seconds=1)
    assert deliver_all(box, clock)[:2] == ["1", "2"]


def test_busy_lanes_can_be_left_out(database: Database, clock: ManualClock) -> None:
    """A worker does not take a lane twice, even when its clock leapt over the lease."""
    box = Outbox(database)
    put(database, clock, post("1"), post("2", "#b"))
    take(box, clock)
    clock.advance(hours=1)
    claimed = box.claim(clock(), LEASE, ("#a",))
    assert claimed is not None
    assert claimed.lane == "#b"


def test_the_same_key_is_said_once(database: Database, clock: ManualClock) -> None:
    """A second put of a post, whisper, upload, pin or channel is nothing, also after delivery."""
    box = Outbox(database)
    effects = [effect for effect in EVERY_KIND if not isinstance(effect, Update)]
    put(database, clock, *effects, *effects)
    for _ in effects:
        assert box.sent(take(box, clock), {"channel": "C1", "ts": "1.0", "file": "F1"}, clock())
    put(database, clock, *effects)
    assert box.claim(clock(), LEASE) is None


def test_waiting_updates_of_one_message_become_the_newest(database: Database, clock: ManualClock) -> None:
    """Three edits before delivery are one, in the place of the first; other messages' edits are untouched."""
    put(
        database,
        clock,
        post("card"),
        Update("card", "#a", Message("v1")),
        Update("other", "#a", Message("o1")),
        Update("card", "#a", Message("v2")),
    )
    put(database, clock, Update("card", "#a", Message("v3")))
    assert deliver_all(Outbox(database), clock) == ["card", "v3", "o1"]
    with database.read() as session:
        assert outbox.counts(session) == outbox.Counts(pending=0, oldest=None, dead=0)


def test_of_two_messages_edited_faster_than_slack_takes_edits_both_are(
    database: Database, clock: ManualClock
) -> None:
    """Neither goes to the end of the line each time."""
    box, said = Outbox(database), []
    for number in range(4):
        put(database, clock, *(Update(key, "#a", Message(f"{key}{number}")) for key in ("card", "note")))
        sending = take(box, clock)
        said.append(sending.effect.message.text)  # type: ignore[union-attr]
        assert box.sent(sending, {}, clock())
    assert said == ["card0", "note1", "card2", "note3"]


def test_an_update_that_may_show_a_file_put_meanwhile_comes_after_it(
    database: Database, clock: ManualClock
) -> None:
    """In its older place it would wait for what is behind it."""
    file = Upload("chart", "#a", "c.png", "Chart", "blob", share=False)
    put(database, clock, Update("card", "#a", Message("v1")), file, Update("card", "#a", Message("v2")))
    box = Outbox(database)
    assert take(box, clock).effect == file


def test_an_update_on_its_way_is_followed_not_replaced(database: Database, clock: ManualClock) -> None:
    """An edit being sent ends first, then the newest follows; never both at once."""
    box = Outbox(database)
    put(database, clock, Update("card", "#a", Message("v1")))
    sending = take(box, clock)
    put(database, clock, Update("card", "#a", Message("v2")), Update("card", "#a", Message("v3")))
    assert box.claim(clock(), LEASE) is None
    assert box.sent(sending, {}, clock())
    assert deliver_all(box, clock) == ["v3"]


def test_a_newer_update_does_not_jump_the_pause(database: Database, clock: ManualClock) -> None:
    """It takes over Retry-After from the edit it replaces."""
    box = Outbox(database)
    put(database, clock, Update("card", "#a", Message("v1")))
    sending = take(box, clock)
    box.retry(sending, clock() + timedelta(seconds=30), "ratelimited", doubt=False)
    put(database, clock, Update("card", "#a", Message("v2")))
    assert box.claim(clock(), LEASE) is None
    assert not box.sent(sending, {}, clock())
    clock.advance(seconds=30)
    assert deliver_all(box, clock) == ["v2"]


def test_nothing_is_put_by_a_transaction_that_fails(database: Database, clock: ManualClock) -> None:
    """State and effects are committed together or not at all."""
    with pytest.raises(KeyError), database.write() as session:
        outbox.put(session, post(blobs.get(session, "no such blob").decode()), now=clock())
    with pytest.raises(ZeroDivisionError), database.write() as session:
        assert outbox.put(session, post("1"), now=clock()) or 1 / 0
    assert Outbox(database).claim(clock(), LEASE) is None


def test_a_dead_worker_s_effect_is_taken_over_in_doubt(database: Database, clock: ManualClock) -> None:
    """After the lease another worker has it, knows of the doubt, and the first can record nothing."""
    box = Outbox(database)
    put(database, clock, post("1"))
    first = take(box, clock)
    assert (first.tries, first.doubt) == (1, False)
    clock.advance(seconds=30)
    second = take(box, clock)
    assert (second.tries, second.doubt, second.first_try) == (2, True, first.first_try)
    late = {"channel": "C1", "ts": "1.0"}
    assert not box.sent(first, late, clock())
    assert not box.retry(first, clock(), "late")
    assert not box.dead(first, "late", clock())
    assert not box.note(first, {"a": 1})
    assert box.message("1") is None
    assert box.sent(second, {"channel": "C1", "ts": "2.0"}, clock())
    assert box.message("1") == ("C1", "2.0")


def test_doubt_is_known_only_where_there_is_any(database: Database, clock: ManualClock) -> None:
    """A refusal for the rate leaves no doubt; a time-out does, and a later refusal does not clear it."""
    box = Outbox(database)
    put(database, clock, post("1"))
    doubts = []
    for doubt in (False, True, False, False):
        claimed = take(box, clock)
        doubts.append(claimed.doubt)
        box.retry(claimed, clock(), "reason", doubt=doubt)
    assert doubts == [False, False, True, True]


def test_results_are_remembered(database: Database, clock: ManualClock) -> None:
    """Message, channel and file ids are there for the effects that need them."""
    box = Outbox(database)
    put(database, clock, CreateChannel("#a"), post("1"), Upload("f", "#a", "x", "X", "0" * 64))
    for result in ({"channel": "C1"}, {"channel": "C1", "ts": "1.0"}, {"file": "F1"}):
        assert box.sent(take(box, clock), result, clock())
    assert (box.channel("#a"), box.message("1"), box.upload("f")) == ("C1", ("C1", "1.0"), "F1")
    with database.read() as session:
        assert outbox.message_ts(session, "1") == "1.0"
        assert outbox.channel_id(session, "#a") == "C1"
    box.remember_channel("#a", "C2")
    assert box.channel("#a") == "C2"
    box.forget_channel("#a")
    assert box.channel("#a") is None


def test_only_what_comes_earlier_is_worth_waiting_for(database: Database, clock: ManualClock) -> None:
    """An effect behind in the same lane, delivered or given up is not awaited."""
    box = Outbox(database)
    put(database, clock, post("before"), post("me"), post("behind"), post("elsewhere", "#b"))
    before = take(box, clock)
    box.sent(before, {"channel": "C1", "ts": "1.0"}, clock())
    elsewhere_first = take(box, clock)
    me = elsewhere_first if said(elsewhere_first.effect) == "me" else take(box, clock)
    awaited = {key: box.awaited(me, "post", key) for key in ("before", "behind", "elsewhere", "never")}
    assert awaited == {"before": False, "behind": False, "elsewhere": True, "never": False}


def test_giving_up_is_told_in_the_same_transaction(database: Database, clock: ManualClock) -> None:
    """The news about a dead effect is put exactly when it dies, and its lane goes on."""

    def tell(session: Session, claimed: Claimed, error: str, now: datetime) -> None:
        outbox.put(session, post(f"dead/{claimed.id}", "#ops", error), now=now)

    box = Outbox(database, on_dead=tell)
    put(database, clock, post("1"), post("2"))
    dying = take(box, clock)
    assert box.dead(dying, "is_archived", clock())
    assert not box.dead(dying, "is_archived", clock())
    assert sorted(deliver_all(box, clock)) == ["2", "is_archived"]
    with database.read() as session:
        assert outbox.counts(session).dead == 1


def test_notes_survive_the_worker(database: Database, clock: ManualClock) -> None:
    """What one attempt wrote down, the next one reads."""
    box = Outbox(database)
    put(database, clock, Upload("f", "#a", "x", "X", "0" * 64))
    assert box.note(take(box, clock), {"file": "F1"})
    clock.advance(seconds=30)
    assert take(box, clock).note == {"file": "F1"}


def test_counts_show_the_backlog(database: Database, clock: ManualClock) -> None:
    """How many wait, and since when."""
    put(database, clock, post("1"))
    since = clock()
    clock.advance(minutes=5)
    put(database, clock, post("2"))
    with database.read() as session:
        assert outbox.counts(session) == outbox.Counts(pending=2, oldest=since, dead=0)


def test_settled_effects_are_purged_but_not_where_messages_are(
    database: Database, clock: ManualClock
) -> None:
    """After 90 days the row goes; the message can be edited and is not posted again; what waits stays."""
    box = Outbox(database)
    put(database, clock, post("1"))
    deliver_all(box, clock)
    put(database, clock, post("2"))
    clock.advance(days=90, seconds=1)
    with database.write() as session:
        assert outbox.purge(session, now=clock()) == 1
    assert box.message("1") is not None
    put(database, clock, post("1"))
    assert deliver_all(box, clock) == ["2"]


def test_a_broken_database_is_named(sqlite: Database, clock: ManualClock) -> None:
    """Whatever the driver raises arrives as StoreUnavailable."""
    with sqlite.write() as session:
        session.connection().execute(text("DROP TABLE outbox"))
    with pytest.raises(StoreUnavailable):
        Outbox(sqlite).claim(clock(), LEASE)
