"""A bench to register, sign and amend on: a database, people with roles, what Slack would be told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from bot.core.course import PEEK
from bot.core.inbound import Place, Press
from bot.core.launch import Kind, Launch
from bot.limits import check_blocks
from bot.services import amending, launches, registering, signing
from bot.services.amending import Proposal
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.store import people
from bot.store.database import Database
from bot.store.experiments import Registered
from bot.store.outbox_rows import OutboxRow
from tests.services.incident_bench import Shown

DATA = Path(__file__).parents[1] / "data"
ID = "asos-0bad33"
PLAIN = (DATA / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
SIGNED = PLAIN + "signoffs: [pm, em, applied-ml]\n"
AUTHOR, PM, EM, ML, DEPUTY, STRANGER = "U0AUTHOR", "U0PM", "U0EM", "U0ML", "U0DEPUTY", "U0STRANGER"
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


class Bench:
    """Roles: the author and ML are engineers, PM owns; sign-offs: pm, em, applied-ml (also the author)."""

    def __init__(self, db: Database, **settings: Any) -> None:
        self.db, self.now = db, NOW
        given: dict[str, Any] = {
            "roles": {"engineer": (AUTHOR, ML), "owner": (PM,), "approver": (EM,)},
            "signoffs": {"pm": (PM, AUTHOR), "em": (EM, DEPUTY), "applied-ml": (ML, AUTHOR, PM)},
            "data": DataSettings(path=DATA / "asos"),
        }
        self.desk: Desk = open_desk(Settings(**given | settings))

    def later(self, **delta: float) -> "Bench":
        """Some time passes."""
        self.now += timedelta(**delta)
        return self

    def register(self, text: str = SIGNED, by: str = AUTHOR) -> Registered:
        """Register a text in the launches channel."""
        with self.db.write() as session:
            return registering.register(
                session, self.desk, text=text, name="asos.yaml", by=by, channel="C0LAUNCH", now=self.now
            )

    def launch(self) -> Launch:
        """The launch as it is."""
        with self.db.read() as session:
            return launches.read(session, ID)

    def press(self, label: str, by: str, *, card: Shown | None = None) -> None:
        """Press the button of the newest card that begins so, or of an older `card`."""
        shown = card or self.card()
        button = shown.element(lambda e: e["text"]["text"].startswith(label))
        action = button["action_id"].partition(":")[0]
        verbs = {
            "launch.sign": signing.sign,
            "launch.acknowledge": signing.acknowledge,
            "launch.withdraw": amending.withdraw,
        }
        press = Press(by, Place("C0LAUNCH"), action, button["value"])
        with self.db.write() as session:
            verbs[action](session, self.desk, press, "inbox/1", self.now)

    def sign(self, role: str, by: str) -> None:
        """Press [Sign as …] on the newest card."""
        self.press(f"Sign as {role}", by)

    def sign_all(self) -> None:
        """Everybody signs what is on the newest card."""
        for role, by in (("pm", PM), ("em", EM), ("applied-ml", ML)):
            self.later(minutes=1).sign(role, by)

    def propose(self, text: str, reason: str = "the traffic halved", by: str = ML, **more: Any) -> Launch:
        """Propose an amendment."""
        proposal = Proposal(by, text, "asos.yaml", reason, **{"breaking": False, **more})
        with self.db.write() as session:
            return amending.propose(session, self.desk, ID, proposal, self.now)

    def looked(self, verdict: str = "continue", look: int = 1, record: int = 1) -> None:
        """Put a look into the ledger, as if it had been taken; 0 is a peek."""
        kind = Kind.LOOK if look != PEEK else Kind.PEEK
        body: dict[str, Any] = {"record": record, "look": look, "day": 2.0, "planned": look != PEEK}
        body |= {"verdict": verdict, "seal": "", "sha256": self.launch().sha256}
        with self.db.write() as session:
            launches.note(session, ID, kind, by="", body=body, now=self.now)

    def leaves(self, person: str, *, gone: bool = True) -> None:
        """An account is deactivated."""
        with self.db.write() as session:
            people.left(session, person, gone=gone)

    def write(self, kind: Kind, body: dict[str, Any], by: str = PM) -> None:
        """Put any entry into the ledger."""
        with self.db.write() as session:
            launches.note(session, ID, kind, by=by, body=body, now=self.now)

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was put into the outbox, in order, each checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
        found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for effect in found:
            if "message" in effect:
                assert check_blocks(effect["message"]["blocks"]) == [], effect["key"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def card(self) -> Shown:
        """The newest card that has buttons: the launch's, or of an amendment waiting for signatures."""
        launch = self.launch()
        if launch.amendment is not None:
            return self.shown(f"launch/{ID}/{launch.amendment.entry}/amendment")
        return self.shown(launch.card)

    def shown(self, key: str) -> Shown:
        """The newest message of this key."""
        return Shown([e["message"] for e in self.effects() if e["key"] == key and "message" in e][-1])

    def said(self, end: str) -> list[Shown]:
        """What was posted under keys that end so."""
        return [Shown(e["message"]) for e in self.effects("post") if e["key"].endswith(end)]
