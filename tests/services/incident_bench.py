"""A bench to walk incidents on: a database, a desk, people, and what Slack would be told."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from bot.core.alert import Alert
from bot.limits import check_blocks
from bot.services import alerts, triage
from bot.services.desk import Desk
from bot.services.incident_jobs import incident_jobs
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from bot.views.triage_actions import Control, TriageAction

ROOT = Path(__file__).parents[2]
ENG, MATE, EM, DIRECTOR = "U0ENG", "U0MATE", "U0EM", "U0DIR"


class Bench:
    """`clock` is the test's; every message that was put is checked against Slack's limits."""

    def __init__(self, db: Database, clock: Any, **settings: Any) -> None:
        self.db = db
        self.clock = clock
        roles = {"engineer": (ENG, "S0ML"), "approver": (EM,), "director": (DIRECTOR,)}
        given = {"roles": roles, "timezone": "Asia/Tokyo", "channels": {"incidents": "ml-incidents"}}
        self.desk: Desk = open_desk(Settings(**given | settings))

    @property
    def now(self) -> datetime:
        """The time it is."""
        return self.clock()

    def write(self) -> AbstractContextManager[Session]:
        """A transaction."""
        return self.db.write()

    def alert(self, key: str = "k1", **fields: Any) -> Alert:
        """An alert of the reranker's NDCG that began six minutes ago."""
        return Alert(
            **{
                "source": "generic", "key": key, "title": "reranker NDCG@10 0.78 → 0.61", "status": "firing",
                "severity": "page", "metric": "ndcg", "service": "reranker", "value": 0.61, "baseline": 0.78,
                "started_at": self.now - timedelta(minutes=6), **fields,
            }
        )  # fmt: skip

    def receive(self, *given: Alert) -> tuple[int, ...]:
        """Deliver alerts together."""
        with self.write() as session:
            return alerts.receive(session, self.desk, given, now=self.now)

    def press(
        self, action: TriageAction, *, choice: str = "", version: int | None = None, by: str = ENG
    ) -> Any:
        """Press a control of the newest card of incident 1, or of one that showed `version`."""
        with self.write() as session:
            shown = triage.find(session, 1).version if version is None else version
            control = Control.decode(Control(1, shown, choice).encode())
            return triage.press(session, self.desk, action=action, control=control, by=by, now=self.now)

    def answer(self, *choices: str, by: str = ENG) -> Any:
        """Give answers one after the other."""
        incident = None
        for choice in choices:
            incident = self.press(TriageAction.ANSWER, choice=choice, by=by)
        return incident

    def work(self) -> list[str]:
        """Run every due job, as the slot worker does; returns their names."""
        jobs, done = incident_jobs(self.db, self.desk), []
        while slot := slots.claim(self.db, now=self.now, lease=timedelta(seconds=120)):
            finish = jobs[slot.job](slot.payload, self.now)
            with self.write() as session:
                finish(session)
                assert slots.done(session, slot)
            done.append(slot.job)
        return done

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was put into the outbox, in order."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()
        found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for effect in found:
            blocks = (effect.get("message") or {}).get("blocks") or []
            assert check_blocks(blocks) == [], effect["key"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def card(self, incident: int = 1) -> "Shown":
        """The card as it stands."""
        return Shown(self.last(f"incident/{incident}/card"))

    def notice(self, incident: int = 1) -> "Shown":
        """The line in the incidents channel as it stands."""
        return Shown(self.last(f"incident/{incident}/notice"))

    def last(self, key: str) -> dict[str, Any]:
        """The newest message of this key."""
        return [e["message"] for e in self.effects() if e["key"] == key and "message" in e][-1]

    def notes(self) -> list[str]:
        """What was said besides cards and notices."""
        posts = [e for e in self.effects("post") if "/event/" in e["key"]]
        return [Shown(post["message"]).text for post in posts]


class Shown:
    """A message as a reader sees it."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.message = message
        self.notification: str = message["text"]
        self.blocks = message["blocks"]

    @property
    def header(self) -> str:
        """The header's text."""
        return next(block["text"]["text"] for block in self.blocks if block["type"] == "header")

    @property
    def text(self) -> str:
        """All text, block by block."""
        parts = []
        for block in self.blocks:
            texts = [block["text"]] if "text" in block else []
            texts += [e for e in block.get("elements", ()) if e.get("type") == "mrkdwn"]
            parts += [item["text"] for item in texts]
        return "\n".join(parts)

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons, the primary one in brackets."""
        return [
            f"[{e['text']['text']}]" if e.get("style") == "primary" else e["text"]["text"]
            for e in self.elements
            if e["type"] == "button"
        ]

    @property
    def elements(self) -> list[dict[str, Any]]:
        """Every interactive element."""
        return [e for block in self.blocks if block["type"] == "actions" for e in block["elements"]]

    def element(self, want: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first element that fits."""
        return next(e for e in self.elements if want(e))

    def __str__(self) -> str:
        return json.dumps(self.message, ensure_ascii=False)
