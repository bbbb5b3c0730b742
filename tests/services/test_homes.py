"""Where a launch lives: it moves with its card, and what an archived channel refuses is said elsewhere."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.core.effect import Effect, Message, Pin, Post, Update, Upload
from bot.core.inbound import Order, Place
from bot.errors import InputError, RefusedError
from bot.store import outbox
from bot.store.database import Database
from bot.store.lanes import Outbox
from bot.store.outbox_rows import OutboxRow
from handlers import slack_verbs
from handlers.switchboard import ORDERS
from tests.services import decision_bench
from tests.services.decision_bench import CHANNEL, ENG, ID, PM
from tests.services.incident_bench import Shown

ELSEWHERE, LAUNCHES, OPS = "C0ELSE", "C0ALL", "C0OPS"
MOMENT = "2026-11-09T09:00:00+00:00"


class Bench(decision_bench.Bench):
    """A launch that lives in a channel of its own, beside those for all launches and for operations."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.lanes = Outbox(db, on_dead=slack_verbs.undeliverable(self.desk))
        with db.write() as session:
            outbox.remember_channel(session, "#launches", LAUNCHES)
            outbox.remember_channel(session, "#lookout-ops", OPS)

    def here(self, text: str = "", by: str = PM, channel: str = ELSEWHERE) -> None:
        """Type `/experiment here` in a channel."""
        order = Order(by, Place(channel), "experiment", "here", text)
        with self.db.write() as session:
            ORDERS["experiment", "here"](session, self.desk, order, "inbox/1", self.now)

    def refused(self, effect: Effect, code: str = "is_archived") -> None:
        """An effect is to be delivered, and Slack refuses it for good."""
        with self.db.write() as session:
            outbox.put(session, effect, now=self.now)
        self.lane(effect.channel, code)

    def lane(self, channel: str, code: str) -> None:
        """Slack refuses whatever waits for a channel."""
        others: list[str] = []
        while claimed := self.lanes.claim(self.now, timedelta(seconds=30), others):
            if claimed.lane == channel:
                self.lanes.dead(claimed, code, self.now)
            else:
                others.append(claimed.lane)

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to be delivered."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).where(OutboxRow.state == "pending")).all()
        return [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]


@pytest.fixture
def lite(sqlite: Database) -> Iterator[Bench]:
    """A bench on SQLite."""
    return Bench(sqlite)  # type: ignore[return-value]  # a fixture that needs no tear-down


@pytest.fixture
def bench(database: Database) -> Bench:
    """A bench on each kind of database."""
    return Bench(database)


def test_a_launch_moves_with_its_card_and_leaves_word_where_it_was(bench: Bench) -> None:
    """A new card, pinned, in the new channel; the old one says where it went."""
    bench.sign()
    bench.here(ID)
    assert bench.launch().channel == ELSEWHERE
    card, came = [e for e in bench.effects("post") if e["channel"] == ELSEWHERE]
    assert card["key"] == bench.launch().card != f"experiment/{ID}/card"
    assert f"Moved here from <#{CHANNEL}> by <@{PM}>" in str(came["message"])
    assert [e["key"] for e in bench.effects("pin")] == [card["key"]]
    left = bench.effects("update")[-1]
    assert (left["key"], left["channel"]) == (f"experiment/{ID}/card", CHANNEL)
    assert f"moved to <#{ELSEWHERE}>" in str(left["message"])


def test_the_only_launch_elsewhere_need_not_be_named_and_it_moves_once(lite: Bench) -> None:
    """Saying it again changes nothing, and it takes a role."""
    lite.sign()
    with pytest.raises(RefusedError, match="takes the role owner"):
        lite.here(by=ENG)
    lite.here()
    with pytest.raises(InputError, match="lives in this channel already"):
        lite.here(ID)
    with pytest.raises(InputError, match="No launch that goes on lives in another channel"):
        lite.here()
    assert lite.kinds().count("moved") == 1


@pytest.mark.parametrize(
    "key",
    [
        f"look/planned/{ID}/1/{MOMENT}/card",
        f"look/{ID}/1/U0PM/1.0/card",
        f"launch/{ID}/decision/1",
        f"experiment/{ID}/card",
    ],
)
def test_what_an_archived_channel_refuses_is_posted_where_all_launches_are(lite: Bench, key: str) -> None:
    """With a line that says why it is there, under its own key, so that edits follow it."""
    lite.sign()
    lite.refused(Post(key, CHANNEL, Message("Look 1 of 4: CONTINUE")))
    said = next(e for e in lite.waiting() if e["key"] == key)
    assert said["channel"] == "#launches"
    shown = Shown(said["message"])
    assert shown.notification == "Look 1 of 4: CONTINUE"
    assert f"Posted here because <#{CHANNEL}> is archived. `/experiment here {ID}`" in shown.text


def test_an_archived_channel_is_told_of_once_however_much_it_refuses(lite: Bench) -> None:
    """Posts, files, edits and pins: one note for the ops channel."""
    lite.sign()
    lite.refused(Post(f"launch/{ID}/9/stage", CHANNEL, Message("At 10 %")))
    lite.refused(Update(f"experiment/{ID}/card", CHANNEL, Message("Running")))
    lite.refused(Pin(f"experiment/{ID}/card", CHANNEL))
    lite.refused(Upload(f"launch/{ID}/9/record", CHANNEL, "x.md", "X", "blob"))
    notes = [e for e in lite.waiting() if e["channel"] == "#lookout-ops"]
    assert len(notes) == 1
    assert f"<#{CHANNEL}> is archived or gone, and `{ID}` lives there" in str(notes[0]["message"])
    assert [e["channel"] for e in lite.waiting() if e["kind"] == "upload"] == ["#launches"]


def test_an_archived_channel_gets_no_more_digests(lite: Bench) -> None:
    """Both schedules end; the ops channel hears of it, nobody else."""
    order = Order(PM, Place(CHANNEL), "digest", "subscribe", "daily 09:00 UTC")
    with lite.db.write() as session:
        ORDERS["digest", "subscribe"](session, lite.desk, order, "inbox/1", lite.now)
    lite.lane(CHANNEL, "is_archived")
    lite.refused(Post(f"digest/{CHANNEL}/daily/x", CHANNEL, Message("Launch health")))
    order = Order(PM, Place(CHANNEL), "digest", "unsubscribe", "daily")
    with lite.db.write() as session, pytest.raises(InputError, match="gets no daily digest"):
        ORDERS["digest", "unsubscribe"](session, lite.desk, order, "inbox/2", lite.now)
    assert "its digests have ended" in str([e for e in lite.waiting() if e["channel"] == "#lookout-ops"])


def test_where_the_launches_channel_itself_is_archived_the_ops_channel_is_told(lite: Bench) -> None:
    """Nothing is sent round in a circle."""
    lite.sign()
    lite.refused(Post(f"launch/{ID}/9/stage", LAUNCHES, Message("At 10 %")))
    (only,) = [e for e in lite.waiting() if e["key"] != f"experiment/{ID}/card"]
    assert only["channel"] == "#lookout-ops"
    assert "Slack said is_archived" in str(only["message"])


def test_another_refusal_is_no_archived_channel(lite: Bench) -> None:
    """A message too long is told to the ops channel as it is."""
    lite.sign()
    lite.refused(Post(f"launch/{ID}/9/stage", CHANNEL, Message("At 10 %")), "msg_too_long")
    assert all(e["channel"] != "#launches" for e in lite.waiting())
    assert "Slack said msg_too_long" in str(lite.waiting())
