"""A bench to frame on: people with roles, what they type, press and fill in, and what Slack would be told."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlmodel import select

from bot.core.effect import Block
from bot.core.framing import Framing
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.errors import InputError
from bot.limits import check_blocks, check_view
from bot.services.opening import open_desk
from bot.settings import DataSettings, FolderSettings, Settings
from bot.store import blobs, framings, ledger, people, slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from bot.views.framing_actions import PAGES
from handlers import grammar, jobs, slack_verbs, switchboard
from handlers.grammar import OpenForm
from handlers.topic import Opening
from tests.core.framing_bench import YUKI
from tests.services.incident_bench import Shown

ML, PM, EM, NOBODY = "U0ML", "U0PM", "U0EM", "U0NOBODY"
CHANNEL = "C0PLAN"
BEGUN = datetime(2026, 11, 23, 9, tzinfo=UTC)
DATA = Path(__file__).parents[1] / "data" / "decisions"


class Bench:
    """Alma frames, Mia and Emil decide; the zone is Tokyo's."""

    def __init__(self, db: Database) -> None:
        self.db, self.now, self.counter = db, BEGUN, 0
        self.desk = open_desk(
            Settings(
                timezone="Asia/Tokyo",
                roles={"engineer": (ML,), "owner": (PM,), "approver": (EM,)},
                signoffs={"pm": (PM,), "em": (EM,)},
                data=DataSettings(path=DATA),
            )
        )
        with db.write() as session:
            for person, name in ((ML, "Alma"), (PM, "Mia"), (EM, "Emil")):
                people.meet(session, person, name)

    def templates(self, folder: Path) -> None:
        """Templates of one's own."""
        settings = self.desk.settings.model_copy(update={"templates": FolderSettings(path=folder)})
        self.desk = open_desk(settings)

    def later(self, **delta: float) -> Self:
        """Time goes on."""
        self.now += timedelta(**delta)
        return self

    def at(self, year: int, month: int, day: int, hour: int = 0) -> Self:
        """It is another time (UTC)."""
        self.now = datetime(year, month, day, hour, tzinfo=UTC)
        return self

    def type(self, text: str, by: str = ML, *, mention: bool = False) -> Shown | None:
        """Type behind /frame, or mention; a question's answer comes back."""
        place = Place(CHANNEL, "1.0" if mention else None)
        read = grammar.parse("frame", text, by=by, place=place)
        if isinstance(read, OpenForm) and mention:
            assert read.order is not None
            read = Order(by, place, *read.order, read.text)
        assert not isinstance(read, OpenForm), "a form"
        if isinstance(read, Ask):
            with self.db.read() as session:
                found = slack_verbs.answer(session, self.desk, read, self.now)
            assert check_blocks(list(found.blocks)) == []
            return Shown({"text": found.text, "blocks": found.blocks})
        self.handle(read)
        return None

    def refused(self, text: str, by: str = ML) -> str:
        """What somebody is told who types that."""
        try:
            self.type(text, by)
        except Exception as error:  # noqa: BLE001 - which one is what the test looks at
            return f"{type(error).__name__}: {error.message} {error.hint}"  # type: ignore[attr-defined]  # of a UserError
        raise AssertionError("it was done")

    def handle(self, asked: Any) -> None:
        """Something comes in from Slack and is handled as the dispatcher does."""
        self.counter += 1
        with self.db.write() as session:
            slack_verbs.handle(session, self.desk, asked, f"inbox/{self.counter}", self.now)

    def press(self, label: str, by: str = ML, card: Shown | None = None) -> None:
        """Press a button of the card."""
        element = self.element(label, card)
        self.handle(Press(by, Place(CHANNEL), element["action_id"].partition(":")[0], element["value"]))

    def element(self, label: str, card: Shown | None = None) -> Mapping[str, Any]:
        """The button whose label begins so."""
        found: Mapping[str, Any] = (card or self.card()).element(
            lambda e: e["text"]["text"].startswith(label)
        )
        return found

    def open(self, form: str, value: str, by: str = ML) -> Block:
        """Open a form; checked against Slack's limits."""
        with self.db.read() as session:
            opened = Opening(by, Place(CHANNEL), value)
            view = slack_verbs.draw(session, self.desk, form, opened, self.now)
        assert check_view(view) == []
        return view

    def open_by(self, label: str, by: str = ML, card: Shown | None = None) -> Block:
        """Press a button that opens a form."""
        element = self.element(label, card)
        form = switchboard.FORM_BUTTONS[element["action_id"].partition(":")[0]]
        return self.open(form, element["value"], by)

    def sent(self, view: Block, entered: Mapping[str, str], by: str = ML) -> Submit:
        """What comes in when the form is sent off with this entered, and the rest as it stands in it."""
        opened = json.loads(view["private_metadata"])
        fields = {**standing(view), **entered}
        fields = {name: value for name, value in fields.items() if name in standing(view)}
        place = Place(opened["channel"], opened["thread"])
        return Submit(by, place, view["callback_id"], opened["value"], fields)

    def send(self, view: Block, entered: Mapping[str, str], by: str = ML) -> dict[str, str]:
        """Send the form off, unless something is wrong in it, which comes back."""
        sent = self.sent(view, entered, by)
        with self.db.read() as session:
            wrong = dict(slack_verbs.faults(session, sent.form, sent.fields))
        if not wrong:
            self.handle(sent)
        return wrong

    def onward(self, view: Block, entered: Mapping[str, str], by: str = ML, *, action: str = "") -> Any:
        """Send a page off as Slack does: the next page is drawn before what was sent is worked off."""
        sent = self.sent(view, entered, by)
        with self.db.read() as session:
            page = slack_verbs.turned(session, self.desk, sent, action, self.now)
        self.handle(sent)
        self.later(seconds=5)
        assert page is None or check_view(page) == []
        return page

    def framed(self, **changed: str) -> Framing:
        """Yuki's framing is written, page by page."""
        page: Any = self.open(PAGES, "")
        while page is not None:
            page = self.onward(page, YUKI | changed)
        return self.framing()

    def decided(self, **changed: str) -> Framing:
        """And decided by Mia."""
        self.framed(**changed)
        self.type("decide FRM-1", PM)
        return self.framing()

    def framing(self, number: int = 1) -> Framing:
        """The framing as it is on record."""
        with self.db.read() as session:
            found = framings.load(session, number)
        if found is None:
            raise InputError("none")
        return found

    def work(self) -> list[str]:
        """Run every job that is due; their names."""
        every, done = jobs.jobs(self.db, self.desk), []
        while slot := slots.claim(self.db, now=self.now, lease=timedelta(seconds=120)):
            finish = every[slot.job](slot.payload, self.now)
            with self.db.write() as session:
                finish(session)
                assert slots.done(session, slot)
            done.append(slot.job)
        return done

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was put into the outbox, in order, each checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
        found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for effect in found:
            if "message" in effect:
                assert check_blocks(effect["message"]["blocks"]) == [], effect["key"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def card(self, key: str = "framing/1/card") -> Shown:
        """The newest message of a key."""
        return Shown([e["message"] for e in self.effects() if e["key"] == key and "message" in e][-1])

    def answers(self) -> list[str]:
        """What people were told for themselves."""
        return [e["message"]["text"] for e in self.effects("ephemeral")]

    def document(self) -> str:
        """The newest file that was uploaded."""
        with self.db.read() as session:
            return blobs.get(session, self.effects("upload")[-1]["blob"]).decode()

    def entries(self, subject: str = "FRM-1") -> list[Any]:
        """The ledger's entries."""
        with self.db.read() as session:
            return ledger.of(session, subject)


def standing(view: Block) -> dict[str, str]:
    """What stands in the fields of a form."""
    found = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            initial = element.get("initial_value") or element.get("initial_date") or ""
            initial = initial or (element.get("initial_option") or {}).get("value", "")
            found[element["action_id"]] = initial
    return found
