"""A launch whose looks have dates: a table of statistics by day, a clock, the due slots worked off."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from bot.core.inbound import Ask, Order, Place, Submit
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.limits import check_blocks
from bot.services import amending, experiments, launches
from bot.services.desk import Desk
from bot.services.launch_jobs import launch_jobs
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.store import experiments as records
from bot.store import ledger, people, slots
from bot.store.database import Database
from bot.store.experiments import LookRecord
from bot.store.outbox_rows import OutboxRow
from tests.services.incident_bench import Shown

ASOS = (Path(__file__).parents[1] / "data" / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
ID, CHANNEL, OPS = "asos-0bad33", "C0LAUNCH", "C0OPS"
ML, PM, EM, VIEWER = "U0ML", "U0PM", "U0EM", "U0VIEWER"
LOCKED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TEXT = (
    ASOS.replace("0bad33.csv", "daily.csv")
    .replace("[2, 14, 26, 35, 43]", "[4, 7, 11, 14]")
    .replace("horizon_days: 43", "horizon_days: 14")
    .replace("kind: summary", "kind: summary\n  start: 2026-11-21")
)
"""Day 1 is Sat 21 Nov; looks after days 4, 7, 11 and 14: Wed 25 Nov, Sat 28 Nov, Wed 2 Dec, Sat 5 Dec."""

REASON = "The board meets tomorrow and asks for a first figure"


class LookBench:
    """Roles: ML is engineer, PM owner, EM approver; the channel's zone is Berlin's."""

    def __init__(self, db: Database, folder: Path, text: str = TEXT, **settings: Any) -> None:
        self.db, self.folder, self.now = db, folder, LOCKED
        given: dict[str, Any] = {
            "roles": {"engineer": (ML,), "owner": (PM,), "approver": (EM,)},
            "channels": {"ops": OPS},
            "data": DataSettings(path=folder),
            "launches": {"zones": {CHANNEL: "Europe/Berlin"}, "retry_minutes": 30, "deadline_hours": 2},
        }
        self.desk: Desk = open_desk(Settings(**given | settings))
        self.data(range(1, 15))
        self.register(text)

    def data(self, days: Iterable[int], lift: float = 0.0008, spoilt: str = "") -> None:
        """Write the table with statistics of these days; `spoilt` renames the column of means."""
        rows = [f"time_since_start,arm,metric,count,{spoilt or 'mean'},variance"]
        for day in days:
            for arm, mean in (("c", 0.07), ("t", 0.07 + lift)):
                rows += [
                    f"{day},{arm},{metric},{day * 30_000},{mean},0.065" for metric in ("m1", "m2", "m3", "m4")
                ]
        (self.folder / "daily.csv").write_text("\n".join(rows), encoding="utf-8")

    def register(self, text: str) -> None:
        """Register and lock."""
        with self.db.write() as session:
            experiments.register(
                session, self.desk, text=text, name="daily.yaml", by=ML, channel=CHANNEL, now=self.now
            )
            for person in (ML, PM, EM, VIEWER):
                people.meet(session, person, person.lower())

    def at(self, moment: datetime) -> "LookBench":
        """It is then, and everything due by then is done, each thing at its own time."""
        while True:
            with self.db.read() as session:
                due = slots.next_due(session)
            if due is None or due > moment:
                break
            self.now = max(self.now, due)
            self.work()
        self.now = moment
        return self

    def sleep_until(self, moment: datetime) -> "LookBench":
        """Nothing is done until then: the process is down."""
        self.now = moment
        return self

    def work(self) -> int:
        """Do every slot that is due now; how many."""
        jobs = {
            **launch_jobs(self.db, self.desk),
            experiments.LOOK_JOB: lambda payload, now: experiments.run_look(self.db, self.desk, payload, now),
        }
        done = 0
        while (slot := slots.claim(self.db, now=self.now, lease=timedelta(minutes=2))) is not None:
            finish = jobs[slot.job](slot.payload, self.now)
            with self.db.write() as session:
                finish(session)
                assert slots.done(session, slot)
            done += 1
        return done

    def ask(self, look: int, by: str = PM, experiment: str | None = None) -> str:
        """Ask for a look by hand."""
        with self.db.write() as session:
            return experiments.ask_look(
                session, self.desk, experiment=experiment, look=look, by=by, channel=CHANNEL, now=self.now
            )

    def amend(self, text: str, *, breaking: bool = False) -> None:
        """An amendment comes into force."""
        proposal = amending.Proposal(ML, text, "daily.yaml", "the traffic halved since", breaking)
        with self.db.write() as session:
            amending.propose(session, self.desk, ID, proposal, self.now)

    def note(self, kind: Kind, by: str = "", **body: Any) -> None:
        """Something happens to the launch."""
        with self.db.write() as session:
            launches.note(session, ID, kind, by=by, body=body, now=self.now)

    @property
    def launch(self) -> Launch:
        """The launch as it is."""
        with self.db.read() as session:
            return launches.read(session, ID)

    @property
    def records(self) -> tuple[LookRecord, ...]:
        """The looks on record."""
        with self.db.read() as session:
            return records.looks(session, ID)

    def entries(self, kind: Kind) -> list[Entry]:
        """The ledger's entries of a kind."""
        with self.db.read() as session:
            return ledger.of_kind(session, kind)

    def effects(self, kind: str, key: str = "") -> list[dict[str, Any]]:
        """What is to be sent, in order, whose key begins so; each checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).where(OutboxRow.kind == kind).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
        for row in rows:
            if "message" in row.effect:
                assert check_blocks(row.effect["message"]["blocks"]) == []
        return [row.effect for row in rows if row.effect["key"].startswith(key)]

    def cards(self) -> list[Shown]:
        """The cards of looks, in order."""
        posts = [one for one in self.effects("post", "look/") if one["key"].endswith("/card")]
        return [Shown(one["message"]) for one in posts]

    def waits(self) -> list[Shown]:
        """The message that tells of a wait for data, and what became of it, in order."""
        every = [*self.effects("post"), *self.effects("update")]
        return [Shown(one["message"]) for one in every if one["key"].endswith("/waiting")]

    def told(self) -> Shown:
        """What was said last to one person alone."""
        return Shown(self.effects("ephemeral")[-1]["message"])


def ask(text: str, question: str = "why", by: str = PM) -> Ask:
    """A question as typed in the channel."""
    return Ask(by, Place(CHANNEL), "experiment", question, text)


def order(text: str, by: str = ML, verb: str = "peek") -> Order:
    """An order as typed in the channel."""
    return Order(by, Place(CHANNEL), "experiment", verb, text)


def submit(form: str, value: str, by: str = ML, **fields: str) -> Submit:
    """A form sent off."""
    return Submit(by, Place(CHANNEL), form, value, fields)


def berlin(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """An hour of a November day (31 is 1 December) as clocks in Berlin show it, which is CET."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour - 1, minutes=minute)
