"""A launch that was measured, decided and left alone: rows before and after, the hour of its check."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlmodel import select

from bot.core.analysis import analyse
from bot.core.launch import Kind, Launch
from bot.core.registration import canonical_json, sha256
from bot.core.strict_yaml import parse
from bot.limits import check_blocks
from bot.services import after_launch, deltas, launches
from bot.services.desk import Desk
from bot.services.launch_jobs import launch_jobs
from bot.services.look_record import registration_of
from bot.services.looking import Taken
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.sources.samples import observe
from bot.store import blobs, experiments, people, slots
from bot.store.database import Database
from bot.store.experiments import Registered
from bot.store.outbox_rows import OutboxRow
from tests.services.incident_bench import Shown

ID, CHANNEL, PM, EM, ML = "shorter-answers", "C0LAUNCH", "U0PM", "U0EM", "U0ML"
START = date(2026, 11, 2)
LOOKED = datetime(2026, 11, 16, 9, tzinfo=UTC)
DECIDED = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
TEXT = """id: shorter-answers
title: Shorter answers
owner: applied-ml
hypothesis:
  intervention: do(answers = short)
  h1: The rating rises by 3 % or more.
  prior_probability: 0.6
offline: {metric: judge_score, delta: 0.06, eval_set: golden-500, built: 2026-08-01}
arms: {control: long, treatment: short}
horizon_days: 14
data: {path: rows.parquet, unit: user, arm: arm, date: on, start: 2026-11-02}
metrics:
  rating: {kind: mean, column: rating}
  seconds: {kind: mean, column: seconds}
primary: {metric: rating, baseline: 10, sd: 2, mde: {relative: 0.03}}
sequential: {looks: [14], spending: none}
guardrails:
  - {metric: seconds, max_relative_increase: 0.05}
schedule: {zone: Asia/Tokyo, at: "09:00"}
signoffs: [pm]
"""


def rows(
    folder: Path,
    *,
    lift: float = 0.6,
    after: float = 0.6,
    fades: float = 0.0,
    stay: float = 0.2,
    until: int = 42,
    slow: float = 0.0,
    season: float = 0.0,
    seed: int = 3,
    units: int = 1500,
) -> None:
    """Write the table.

    lift, after: what the treatment adds before and after the decision on day 15; fades: what it loses as
    log(1 + days since exposure) grows by 1. stay: the share of the control that stays after the decision.
    slow: what the treatment adds to the seconds after it. season: what everybody's rating gains after it.
    """
    chosen = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), until)
    day = np.tile(np.arange(1, until + 1), units)
    first = np.repeat(chosen.integers(1, 6, units), until)
    shown = (day >= first) & ((day == first) | (chosen.random(units * until) < 0.35))
    launched = day > 15
    kept = np.repeat(chosen.random(units) < stay, until)
    treated = (unit % 2 == 1) | (launched & ~kept)
    level = np.repeat(chosen.normal(10, 1, units), until)
    effect = np.where(launched, after, lift) - fades * np.log1p(np.maximum(day - first, 0))
    rating = level + chosen.normal(0, 1, units * until) + treated * effect + launched * season
    seconds = chosen.normal(100, 20, units * until) + treated * launched * slow
    table = {
        "user": unit,
        "arm": np.where(treated, "short", "long"),
        "on": [START + timedelta(days=int(one) - 1) for one in day],
        "rating": rating,
        "seconds": seconds,
    }
    pq.write_table(pa.table(table).filter(pa.array(shown)), folder / "rows.parquet")


class Bench:
    """Locked, looked at on day 14, and decided on the morning after."""

    def __init__(self, db: Database, folder: Path, *, text: str = TEXT, decision: str = "ship") -> None:
        self.db, self.folder, self.now = db, folder, LOOKED
        roles: dict[Any, Any] = {"owner": (PM,), "approver": (EM,), "engineer": (ML,)}
        self.desk: Desk = open_desk(
            Settings(roles=roles, signoffs={"pm": (PM,)}, data=DataSettings(path=folder))
        )
        data = parse(text, name="short.yaml").data
        begun = datetime(2026, 10, 30, 9, tzinfo=UTC)
        self.registered = Registered(
            data["id"], sha256(data), "short.yaml", text, canonical_json(data), CHANNEL, ML, begun
        )
        with db.write() as session:
            for person, name in ((PM, "Mia"), (EM, "Emil"), (ML, "Alma")):
                people.meet(session, person, name)
            assert experiments.add(session, self.registered)
        sha = self.registered.sha256
        body = {
            "sha256": sha, "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "title": data["title"], "channel": CHANNEL, "warnings": [],
            "owner": data["owner"], "signoffs": ["pm"], "start": START.isoformat(),
        }  # fmt: skip
        self.write(Kind.REGISTERED, body, ML, begun)
        self.write(Kind.SIGNED, {"sha256": sha, "role": "pm"}, PM, begun)
        self.write(Kind.LOCKED, {"sha256": sha}, "", begun)
        self.record = self._look()
        self._decide(decision)

    def _look(self) -> int:
        registration = registration_of(self.registered)
        seen = observe(registration, day=14, sources={}, root=self.folder, held=[])
        result = analyse(registration, self.registered.sha256, seen, look=1, day=14, earlier=[])
        taken = Taken(self.registered, registration, result, seen, (), (), b"", "")
        payload = {"channel": CHANNEL, "by": "", "asked_at": LOOKED.isoformat()}
        with self.db.write() as session:
            record = experiments.add_look(session, taken.record(payload, LOOKED))
        names = ("day", "planned", "verdict", "seal", "sha256")
        body = {"record": record.id, "look": 1} | {name: getattr(record, name) for name in names}
        self.write(Kind.LOOK, body, "", LOOKED)
        self.verdict = record.verdict
        return record.id

    def _decide(self, decision: str) -> None:
        body = {
            "decision": decision, "verdict": self.verdict, "record": self.record, "look": 1,
            "acknowledged": [], "override": None, "reason": "clear", "sha256": self.registered.sha256,
        }  # fmt: skip
        self.now = DECIDED
        self.write(Kind.DECIDED, body, EM, DECIDED)
        with self.db.write() as session:
            deltas.record(session, self.desk, launches.read(session, ID), DECIDED)
            after_launch.plan_check(session, self.desk, launches.read(session, ID), DECIDED)

    def write(self, kind: Kind, body: dict[str, Any], by: str = "", at: datetime | None = None) -> None:
        """Put an entry into the ledger."""
        with self.db.write() as session:
            launches.note(session, ID, kind, by=by, body=body, now=at or self.now)

    def launch(self) -> Launch:
        """The launch as it is."""
        with self.db.read() as session:
            return launches.read(session, ID)

    def due(self) -> list[datetime]:
        """When a check waits to be made."""
        with self.db.read() as session:
            found = slots.kept(session, job=after_launch.CHECK_JOB, prefix=ID)
        return [one.due for one in found if one.state == "waiting"]

    def at(self, moment: datetime) -> Self:
        """It is another time, and what is due is done."""
        self.now = moment
        jobs = launch_jobs(self.db, self.desk)
        while slot := slots.claim(self.db, now=self.now, lease=timedelta(seconds=120)):
            finish = jobs[slot.job](slot.payload, self.now)
            with self.db.write() as session:
                finish(session)
                assert slots.done(session, slot)
        return self

    def effects(self, part: str = "") -> list[dict[str, Any]]:
        """What was put into the outbox under a key with this in it, each checked against Slack's limits."""
        with self.db.read() as session:
            found = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
            effects = [{**row.effect, "kind": row.kind, "key": row.key} for row in found]
        for effect in effects:
            if "message" in effect:
                assert check_blocks(effect["message"]["blocks"]) == [], effect["key"]
        return [effect for effect in effects if part in effect["key"]]

    def posts(self) -> list[Shown]:
        """Messages posted about the check, in order."""
        return [Shown(one["message"]) for one in self.effects("/after") if one["kind"] == "post"]

    def documents(self) -> list[str]:
        """Retrospectives uploaded, in order."""
        with self.db.read() as session:
            return [blobs.get(session, one["blob"]).decode() for one in self.effects("/retrospective")]
