"""A bench for portfolios: people who type and press, jobs that run, and what Slack would be told."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from bot.core.effect import Block, Message
from bot.core.inbound import Ask, Place, Press, Submit
from bot.core.ledger import Entry
from bot.demo.data import PORTFOLIOS
from bot.limits import check_blocks, check_view
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.services.quarter_jobs import quarter_jobs
from bot.settings import Settings
from bot.store import blobs, ledger, slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from handlers import grammar, slack_verbs, switchboard
from handlers.topic import Opening
from tests.services.incident_bench import Shown

AML_02 = (PORTFOLIOS / "aml_02.yaml").read_text(encoding="utf-8")
ENG, OWNER, APPROVER, DIRECTOR, NOBODY = "U0ENG", "U0OWN", "U0APP", "U0DIR", "U0NOBODY"
HOME = Place("C0HOME")
SPRING = datetime(2026, 12, 14, 9, tzinfo=UTC)
"""Two weeks before 2027-Q1."""


class PortfolioBench:
    """It is `now`; what is typed is read as a slash command and done at once."""

    def __init__(self, db: Database, now: datetime = SPRING, **settings: Any) -> None:
        roles = {"engineer": (ENG,), "owner": (OWNER,), "approver": (APPROVER,), "director": (DIRECTOR,)}
        self.desk: Desk = open_desk(Settings(**{"roles": roles, "timezone": "UTC"} | settings))
        self.db, self.now, self.count = db, now, 0

    def type(self, text: str, by: str = OWNER) -> Message | None:
        """`/portfolio TEXT`; the answer of a question. What a mention does where the slash opens a form."""
        read = grammar.parse("portfolio", text, by=by, place=HOME)
        if isinstance(read, grammar.OpenForm) and read.order is not None:
            read = slack_verbs.Order(by, HOME, *read.order, read.text)
        if isinstance(read, Ask):
            with self.db.read() as session:
                return slack_verbs.answer(session, self.desk, read, self.now)
        self._handle(read)
        self.work()
        return None

    def press(self, action: str, value: str, by: str = OWNER) -> None:
        """Press a button."""
        self._handle(Press(by, HOME, action, value))
        self.work()

    def open(self, action: str, value: str, by: str = OWNER) -> Block:
        """Open the form behind a button."""
        form = switchboard.FORM_BUTTONS[action]
        with self.db.read() as session:
            view = slack_verbs.draw(session, self.desk, form, Opening(by, HOME, value), self.now)
        assert check_view(dict(view)) == []
        return view

    def send(self, form: str, value: str, fields: Mapping[str, str], by: str = OWNER) -> None:
        """Send a form off."""
        with self.db.read() as session:
            assert slack_verbs.faults(session, form, fields) == {}
        self._handle(Submit(by, HOME, form, value, fields))
        self.work()

    def work(self) -> list[str]:
        """Run every due job of portfolios, as the slot worker does."""
        jobs, done = quarter_jobs(self.db, self.desk), []
        for _ in range(30):
            slot = slots.claim(self.db, now=self.now, lease=timedelta(minutes=5))
            if slot is None:
                break
            if slot.job in jobs:
                finish = jobs[slot.job](slot.payload, self.now)
                with self.db.write() as session:
                    finish(session)
                    assert slots.done(session, slot)
                done.append(slot.job)
        return done

    def until(self, now: datetime) -> list[str]:
        """Let time pass, and what is due be done."""
        self.now = now
        return self.work()

    def card(self, key: str) -> Shown:
        """The newest message of a key."""
        return [shown for name, shown in messages(self.db) if name == key][-1]

    def said(self) -> str:
        """The newest answer to a person alone."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).where(OutboxRow.kind == "ephemeral").order_by(OutboxRow.id))
            return str(list(rows)[-1].effect["message"]["text"])

    def entries(self, subject: str) -> list[Entry]:
        """The ledger's entries of a subject."""
        with self.db.read() as session:
            return ledger.of(session, subject)

    def file(self, key: str) -> str:
        """The content of an upload."""
        with self.db.read() as session:
            row = session.exec(
                select(OutboxRow).where(OutboxRow.key == key, OutboxRow.kind == "upload")
            ).one()
            return blobs.get(session, row.effect["blob"]).decode()

    def _handle(self, asked: Any) -> None:
        self.count += 1
        with self.db.write() as session:
            slack_verbs.handle(session, self.desk, asked, f"inbox/{self.count}", self.now)


def messages(db: Database) -> list[tuple[str, Shown]]:
    """Key and message of everything that was said, in order."""
    with db.read() as session:
        rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()
        found = [(row.key, row.effect["message"]) for row in rows if "message" in row.effect]
    for key, message in found:
        assert check_blocks(message.get("blocks") or []) == [], key
    return [(key, Shown(message)) for key, message in found]
