"""A bench for offline against online: what is typed or pressed as people do it, jobs as they fall due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from bot.core.effect import Block
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.ledger import Entry
from bot.limits import check_blocks, check_view
from bot.services.correlation_jobs import correlation_jobs
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import ledger, slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from handlers import grammar, needs, switchboard
from handlers.topic import Opening
from tests.services.incident_bench import Shown

ENG, PM, EM = "U0ENG", "U0PM", "U0EM"
CHANNEL = "C0LAUNCH"
JOBS = ("correlation.watch", "correlation.replay", "correlation.evidence", "correlation.status")
AML_04 = [
    ("reranker-l6-prune", "+1.0%", "+0.2%", 80),
    ("query-rewrite-v2", "+5.0%", "0.1%", 70),
    ("jp-synonyms", "+2.0%", "0.8%", 50),
    ("dense-retriever", "+4.0%", "-0.3%", 40),
    ("chunk-512", "+3.0%", "0.6%", 30),
    ("reranker-l12", "+6.0%", "0.4%", 20),
]
"""Six launches: experiment, offline and online delta, days ago."""


class Bench:
    """Everything that is said is checked against Slack's limits."""

    def __init__(self, db: Database, now: datetime, **settings: Any) -> None:
        self.db, self.now = db, now
        roles: dict[Any, Any] = {"engineer": (ENG,), "owner": (PM,), "approver": (EM,)}
        self.desk: Desk = open_desk(Settings(roles=roles, timezone="UTC", **settings))
        self._typed = 0

    def type(self, text: str, *, by: str = ENG, channel: str = CHANNEL) -> Any:
        """Type `/correlation text`; what it opens, where it opens a form."""
        self._typed += 1
        self.now += timedelta(seconds=1)
        place = Place(channel)
        read = grammar.parse("correlation", text, by=by, place=place)
        key = f"typed/{self._typed}"
        with self.db.write() as session:
            if isinstance(read, grammar.OpenForm):
                needs.form(session, self.desk, by, read.form)
                opened = Opening(by, place, read.text)
                return checked(switchboard.FORMS[read.form].view(session, self.desk, opened, self.now))
            if isinstance(read, Submit):
                needs.form(session, self.desk, by, read.form)
                switchboard.FORMS[read.form].submit(session, self.desk, read, key, self.now)
            elif isinstance(read, Order):
                needs.order(session, self.desk, by, read.topic, read.verb)
                verb = switchboard.ORDERS[read.topic, read.verb]
                verb(session, self.desk, read, key, self.now)
        return None

    def press(self, button: Block, *, by: str = ENG, channel: str = CHANNEL) -> None:
        """Press a button that is on a card."""
        self._typed += 1
        self.now += timedelta(seconds=1)
        action = str(button["action_id"]).partition(":")[0]
        pressed = Press(by, Place(channel), action, str(button["value"]), "")
        with self.db.write() as session:
            needs.press(session, self.desk, by, action)
            key = f"pressed/{self._typed}"
            switchboard.PRESSES[action](session, self.desk, pressed, key, self.now)

    def open(self, button: Block, *, by: str = ENG) -> Block:
        """Open the form of a button."""
        action = str(button["action_id"]).partition(":")[0]
        name = switchboard.FORM_BUTTONS[action]
        with self.db.read() as session:
            opened = Opening(by, Place(CHANNEL), str(button["value"]))
            return checked(switchboard.FORMS[name].view(session, self.desk, opened, self.now))

    def submit(self, form: str, value: str, fields: dict[str, str], *, by: str = ENG) -> None:
        """Send a form off, after its check."""
        self._typed += 1
        self.now += timedelta(seconds=1)
        wrong = switchboard.FORMS[form].check(fields)
        assert not wrong, wrong
        sent = Submit(by, Place(CHANNEL), form, value, fields)
        with self.db.write() as session:
            key = f"sent/{self._typed}"
            switchboard.FORMS[form].submit(session, self.desk, sent, key, self.now)

    def work(self) -> None:
        """Do what is due."""
        jobs = correlation_jobs(self.db, self.desk)
        for name in JOBS:
            while slot := slots.claim(self.db, now=self.now, lease=timedelta(minutes=2), job=name):
                finish = jobs[slot.job](slot.payload, self.now)
                with self.db.write() as session:
                    finish(session)
                    assert slots.done(session, slot)

    def recorded(self, given: Sequence[tuple[str, str, str, int]] = AML_04) -> None:
        """Put experiments on record that ran elsewhere."""
        for name, offline, online, ago in given:
            on = (self.now - timedelta(days=ago)).date()
            self.type(f"record {name} offline={offline} online={online} on={on}")
        self.work()

    def effects(self, part: str = "") -> list[dict[str, Any]]:
        """Everything put into the outbox under a key with this in it."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
            found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for one in found:
            if "message" in one:
                assert check_blocks(one["message"]["blocks"]) == [], one["key"]
        return [one for one in found if part in one["key"]]

    def said(self, part: str = "") -> list[Shown]:
        """Messages under such keys, in order."""
        return [Shown(one["message"]) for one in self.effects(part) if "message" in one]

    def entries(self, kind: str) -> list[Entry]:
        """What the ledger has of a kind."""
        with self.db.read() as session:
            return ledger.of_kind(session, kind)


def checked(form: Block) -> Block:
    """A form that Slack would take."""
    assert check_view({**form, "callback_id": "x"}) == []
    return form


def button(shown: Shown, label: str) -> Block:
    """The button of a message with these words on it."""
    for block in shown.message["blocks"]:
        for element in block.get("elements", ()):
            if element.get("text", {}).get("text") == label:
                found: Block = element
                return found
    raise AssertionError(f"no button {label!r}")
