"""A whole small life of an experiment in the record: registered, signed, amended, looked at, decided."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.core.analysis import analyse
from bot.core.launch import Kind, Launch
from bot.core.lint import check_registration
from bot.core.look_json import look_json
from bot.core.registration import Registration, canonical_json, sha256
from bot.core.strict_yaml import parse
from bot.services import launches
from bot.services.verifying import sealed
from bot.sources.samples import observe
from bot.store import experiments
from bot.store.database import Database
from bot.store.experiments import LookRecord, Registered

DATA = Path(__file__).parents[1] / "data"
ASOS = (DATA / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
OFFLINE = "offline: {metric: ndcg, delta: 0.06, eval_set: golden-500, built: 2026-08-01}\n"
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
PM, EM, ML = "U0PM", "U0EM", "U0ML"


def registered(text: str = ASOS, *, by: str = ML, at: datetime = NOW) -> Registered:
    """A registration as it is stored."""
    data = parse(text, name="asos.yaml").data
    return Registered(data["id"], sha256(data), "asos.yaml", text, canonical_json(data), "C0LAUNCH", by, at)


def understood(text: str) -> Registration:
    """The registration that a text is."""
    found, findings = check_registration(text, "asos.yaml")
    assert found is not None, findings
    return found


class Life:
    """Entries one after the other, a minute apart, each with the row it stands for."""

    def __init__(self, session: Session, text: str = ASOS, *, now: datetime = NOW) -> None:
        self.session, self.now = session, now
        self.version = registered(text, at=now)
        self.id = self.version.id
        assert experiments.add(session, self.version)
        known = understood(text)
        body = {
            "sha256": self.version.sha256,
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "title": known.title,
            "channel": "C0LAUNCH",
            "owner": known.owner,
            "signoffs": ["pm"],
            "warnings": [],
            "start": "2026-10-01",
        }
        self.launch: Launch = self.note(Kind.REGISTERED, ML, **body)

    def note(self, kind: Kind, by: str = "", **body: Any) -> Launch:
        """Write an entry."""
        self.now += timedelta(minutes=1)
        self.launch, _ = launches.note(self.session, self.id, kind, by=by, body=body, now=self.now)
        return self.launch

    def lock(self) -> None:
        """Sign and lock."""
        self.note(Kind.SIGNED, PM, sha256=self.version.sha256, role="pm")
        self.note(Kind.LOCKED, sha256=self.version.sha256)

    def amend(self, text: str, *, breaking: bool = False) -> None:
        """Propose a change, sign it and bring it into force."""
        changed = registered(text, by=EM, at=self.now)
        said = {"sha256": changed.sha256, "text_sha256": hashlib.sha256(text.encode()).hexdigest()}
        experiments.propose(self.session, changed)
        self.note(Kind.AMENDMENT, EM, **said, reason="a typing error", breaking=breaking, diff=["title"])
        self.note(Kind.SIGNED, PM, sha256=changed.sha256, role="pm")
        experiments.amend(self.session, changed)
        self.note(Kind.AMENDED, **said, breaking=breaking)
        self.version = changed

    def look(self, number: int, *, day: float | None = None) -> LookRecord:
        """Take a look at the real data; 0 is a peek on `day`."""
        known = understood(self.version.text)
        on = float(known.looks[number - 1] if day is None else day)
        seen = observe(known, day=on, sources={}, root=DATA / "asos")
        earlier = [float(one) for one in known.looks if one < on]
        result = analyse(known, self.version.sha256, seen, look=number, day=on, earlier=earlier)
        return self.keep(number, look_json(result), seen.to_json(), tuple(earlier), result)

    def keep(
        self,
        number: int,
        result: Mapping[str, Any],
        observations: Mapping[str, Any],
        earlier: tuple[float, ...],
        found: Any,
    ) -> LookRecord:
        """Store a look and its entry."""
        record = LookRecord(
            id=0,
            experiment=self.id,
            sha256=self.version.sha256,
            number=number,
            day=found.day,
            planned=found.planned,
            verdict=found.verdict,
            result=result,
            observations=observations,
            earlier=earlier,
            fingerprint=found.data_fingerprint,
            channel="C0LAUNCH",
            asked_by=PM,
            asked_at=self.now,
            taken_at=self.now + timedelta(seconds=1),
        )
        stored = experiments.add_look(self.session, replace(record, seal=sealed(self.version, record)))
        names = ("day", "planned", "verdict", "seal", "sha256")
        body = {"record": stored.id, "look": number} | {name: getattr(stored, name) for name in names}
        self.note(Kind.LOOK if number else Kind.PEEK, PM, **body)
        return stored

    def decide(self, decision: str = "ship") -> None:
        """Decide on the newest look."""
        newest = self.launch.newest
        assert newest is not None
        said = {"verdict": newest.verdict, "record": newest.record, "look": newest.look}
        self.note(Kind.DECIDED, EM, decision=decision, **said, acknowledged=[], override=None, reason="clear")


def live(database: Database) -> None:
    """A whole life: registered, signed, locked, looked at, amended, a peek, another look, decided."""
    with database.write() as session:
        life = Life(session)
        life.lock()
        life.look(1)
        life.amend(ASOS.replace("title: ASOS experiment 0bad33", "title: ASOS 0bad33"))
        life.look(0, day=14)
        life.look(3)
        life.decide("stop")
