"""A bench to decide on: a launch that is locked, looks with the verdict a story needs, people with roles."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from scipy import stats
from sqlmodel import select

from bot.core.analysis import analyse
from bot.core.effect import Block
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.launch import Kind, Launch
from bot.core.observation import Cell, Observations, Side
from bot.core.registration import canonical_json, sha256
from bot.core.strict_yaml import parse
from bot.limits import check_blocks, check_view
from bot.services import deciding, launches
from bot.services.desk import Desk
from bot.services.launch_jobs import launch_jobs
from bot.services.look_record import registration_of
from bot.services.looking import Taken
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.stats.sample import Sample
from bot.store import blobs, experiments, ledger, people, slots
from bot.store.database import Database
from bot.store.experiments import Registered
from bot.store.outbox_rows import OutboxRow
from handlers import switchboard
from handlers.topic import Opening
from tests.services.incident_bench import Shown

DATA = Path(__file__).parents[1] / "data" / "decisions"
TEXT = (DATA / "reranker.yaml").read_text(encoding="utf-8")
ID, CHANNEL = "us-mle-02-reranker", "C0LAUNCH"
ENG, PM, EM, ML, DIRECTOR, BOSS, NOBODY = "U0ENG", "U0PM", "U0EM", "U0ML", "U0DIR", "U0BOSS", "U0NOBODY"
LOCKED = datetime(2026, 11, 3, 9, tzinfo=UTC)
LOOKED = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)

Arms = Mapping[str, tuple[float, float, float]]
"""Per metric: control mean, treatment mean, and the two-sided p that they are to have."""

AML_05: Arms = {
    "useful_answer_rate": (0.183, 0.194, 1e-6),
    "turn_latency_ms": (720.0, 740.0, 0.3),
    "csat": (4.21, 4.15, 0.02),
    "retention_28d": (0.512, 0.509, 0.18),
    "spam_flag_rate": (0.0041, 0.0041, 1.0),
}
"""The five-guardrail matrix: CSAT vetoes, retention nearly does."""
CLEAN: Arms = {**AML_05, "csat": (4.21, 4.20, 0.7), "retention_28d": (0.512, 0.513, 0.7)}
NEAR: Arms = {**AML_05, "csat": (4.21, 4.20, 0.7)}
FLAT: Arms = {**CLEAN, "useful_answer_rate": (0.183, 0.1832, 0.6)}
JP: Mapping[str, tuple[float, float]] = {"en": (0.183, 0.195), "jp": (0.196, 0.180), "mixed": (0.178, 0.183)}
"""AML-06: the aggregate holds and JP falls by 8 %."""

REVIEW = {
    "what_happened": "CSAT fell by 1.43 % at look 4, past its line of 1 %, declared on 3 November by all.",
    "customer_impact": "If the rule is right, one user in seventy is less satisfied for as long as it runs.",
    "evidence_against": "The survey was sent twice to the treated group from day 5 to 9, see the mail log.",
    "why_not_rerun": "The campaign it is made for ends in three weeks, a re-run takes six.",
    "rollback": "Rolled back when weekly CSAT falls below 4.10; U0PM looks every Monday.",
    "consulted": "U0EM agreed; U0ML did not.",
}


class Bench:
    """Locked on 3 November by pm, em and applied_ml; readiness rows are waived unless asked otherwise."""

    def __init__(self, db: Database, *, ready: bool = True, text: str = TEXT, **settings: Any) -> None:
        self.db, self.now, self.counter = db, LOCKED, 0
        given: dict[str, Any] = {
            "roles": {
                "engineer": (ENG, ML), "owner": (PM,), "approver": (EM,), "director": (DIRECTOR, BOSS),
            },
            "signoffs": {"pm": (PM,), "em": (EM,), "applied_ml": (ML,)},
            "data": DataSettings(path=DATA),
        }  # fmt: skip
        self.desk: Desk = open_desk(Settings(**given | settings))
        self._register(text)
        if ready:
            for row in ("AML-01", "AML-02", "AML-03", "AML-04", "AML-07", "AML-08"):
                self.write(Kind.WAIVED, {"row": row, "reason": "a small change"}, EM)
        self.now = LOOKED

    def _register(self, text: str) -> None:
        data = parse(text, name="reranker.yaml").data
        self.registered = Registered(
            data["id"], sha256(data), "reranker.yaml", text, canonical_json(data), CHANNEL, ML, self.now
        )
        with self.db.write() as session:
            for person, name in ((PM, "Mia"), (EM, "Emil"), (ML, "Alma"), (DIRECTOR, "Dora"), (BOSS, "Bo")):
                people.meet(session, person, name)
            assert experiments.add(session, self.registered)
            body = {
                "sha256": self.registered.sha256, "text_sha256": "", "title": data["title"],
                "channel": CHANNEL, "owner": data["owner"], "signoffs": data["signoffs"], "warnings": [],
                "start": "2026-11-05",
            }  # fmt: skip
            launches.note(session, ID, Kind.REGISTERED, by=ML, body=body, now=self.now)
        self.start = self.launch()

    def sign(self) -> Self:
        """All sign, and it is locked."""
        sha = self.registered.sha256
        for role, by in (("pm", PM), ("em", EM), ("applied_ml", ML)):
            self.write(Kind.SIGNED, {"sha256": sha, "role": role}, by, LOCKED)
        self.write(Kind.LOCKED, {"sha256": sha}, "", LOCKED)
        return self

    def stage(self, name: str = "50 %") -> Self:
        """It is rolled out so far."""
        self.write(Kind.STAGE, {"stage": 1, "name": name, "check": {}}, ENG, LOCKED)
        return self

    def look(
        self,
        arms: Arms = AML_05,
        *,
        number: int = 4,
        n: int = 20_000,
        locales: Mapping[str, Any] | None = None,
    ) -> int:
        """A planned look at such data goes on record, as the look job stores it; its record."""
        with self.db.read() as session:
            registered = experiments.load(session, ID)
        assert registered is not None
        registration = registration_of(registered)
        seen = observed(arms, n, locales or {})
        held = [float(day) for day in registration.looks[: number - 1]]
        result = analyse(
            registration, registered.sha256, seen, look=number,
            day=float(registration.looks[number - 1]), earlier=held,
        )  # fmt: skip
        taken = Taken(registered, registration, result, seen, (), tuple(held), b"", "")
        payload = {"channel": CHANNEL, "by": "", "asked_at": self.now.isoformat()}
        with self.db.write() as session:
            record = experiments.add_look(session, taken.record(payload, self.now))
            body = {
                "record": record.id, "look": number, "day": record.day, "planned": True,
                "verdict": record.verdict, "seal": record.seal, "sha256": record.sha256,
            }  # fmt: skip
            launch, _ = launches.note(session, ID, Kind.LOOK, by="", body=body, now=self.now)
            deciding.judged(session, self.desk, launch, record, self.now)
        return record.id

    def launch(self) -> Launch:
        """The launch as it is."""
        with self.db.read() as session:
            return launches.read(session, ID)

    def write(self, kind: Kind, body: dict[str, Any], by: str = "", at: datetime | None = None) -> None:
        """Put an entry into the ledger."""
        with self.db.write() as session:
            launches.note(session, ID, kind, by=by, body=body, now=at or self.now)

    def order(self, verb: str, text: str = "", by: str = PM) -> None:
        """Type a command."""
        order = Order(by, Place(CHANNEL), "experiment", verb, text)
        with self.db.write() as session:
            switchboard.ORDERS["experiment", verb](session, self.desk, order, self._key(), self.now)

    def press(self, label: str, by: str, card: Shown | None = None, *, key: str = "") -> None:
        """Press the button of a card whose label begins so."""
        element = (card or self.card(key)).element(lambda e: e["text"]["text"].startswith(label))
        action = element["action_id"].partition(":")[0]
        press = Press(by, Place(CHANNEL), action, element["value"])
        with self.db.write() as session:
            switchboard.PRESSES[action](session, self.desk, press, self._key(), self.now)

    def open(
        self, label: str, by: str, card: Shown | None = None, *, key: str = ""
    ) -> tuple[str, str, Block]:
        """Press a button that opens a form: the form's name, its value and the view."""
        element = (card or self.card(key)).element(lambda e: e["text"]["text"].startswith(label))
        name = switchboard.FORM_BUTTONS[element["action_id"].partition(":")[0]]
        with self.db.read() as session:
            opened = Opening(by, Place(CHANNEL), element["value"])
            view = switchboard.FORMS[name].view(session, self.desk, opened, self.now)
        shown = {**view, "callback_id": name}
        assert check_view(shown) == []
        return name, element["value"], view

    def fill(
        self, label: str, by: str, entered: Mapping[str, str], card: Shown | None = None, *, key: str = ""
    ) -> dict[str, str]:
        """Open a form, enter by the beginning of the fields' names, send it off; what is wrong in it."""
        name, value, view = self.open(label, by, card, key=key)
        fields = {block["block_id"]: "" for block in view["blocks"] if block["type"] == "input"}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                initial = element.get("initial_date") or element.get("initial_value") or ""
                fields[block["block_id"]] = entered.get(block["block_id"].rpartition(":")[0] or "", initial)
        for name_, said in entered.items():
            for field in fields:
                if field == name_ or field.startswith((f"{name_}:", f"review:{name_}:")):
                    fields[field] = said
        wrong = dict(switchboard.FORMS[name].check(fields))
        if not wrong:
            self.submit(name, value, fields, by)
        return wrong

    def submit(self, name: str, value: str, fields: Mapping[str, str], by: str) -> None:
        """A form arrives, whatever its client checked."""
        submit = Submit(by, Place(CHANNEL), name, value, fields)
        with self.db.write() as session:
            switchboard.FORMS[name].submit(session, self.desk, submit, self._key(), self.now)

    def work(self) -> list[str]:
        """Run every job that is due; their names."""
        jobs, done = launch_jobs(self.db, self.desk), []
        while slot := slots.claim(self.db, now=self.now, lease=timedelta(seconds=120)):
            if slot.job in jobs:
                finish: Callable[..., Any] = jobs[slot.job](slot.payload, self.now)
                with self.db.write() as session:
                    finish(session)
                    assert slots.done(session, slot)
                done.append(slot.job)
            else:
                with self.db.write() as session:
                    assert slots.done(session, slot)
        return done

    def at(self, year: int, month: int, day: int, hour: int = 10) -> Self:
        """It is another time (UTC)."""
        self.now = datetime(year, month, day, hour, tzinfo=UTC)
        return self

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was put into the outbox, in order, each checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
        found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for effect in found:
            if "message" in effect:
                assert check_blocks(effect["message"]["blocks"]) == [], effect["key"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def card(self, key: str = "") -> Shown:
        """The newest message of a key; without one, the decision card of the newest look."""
        if not key:
            newest = self.launch().newest
            assert newest is not None
            key = f"launch/{ID}/decision/{newest.record}"
        return Shown([e["message"] for e in self.effects() if e["key"] == key and "message" in e][-1])

    def posted(self, part: str) -> list[Shown]:
        """Posts whose key has this in it."""
        return [Shown(e["message"]) for e in self.effects("post") if part in e["key"]]

    def documents(self) -> list[str]:
        """The records of decisions uploaded, in order."""
        with self.db.read() as session:
            uploads = [e for e in self.effects("upload") if "/record" in e["key"]]
            return [blobs.get(session, e["blob"]).decode() for e in uploads]

    def kinds(self) -> list[str]:
        """The kinds of the ledger's entries since the lock."""
        with self.db.read() as session:
            return [entry.kind for entry in ledger.of(session, ID)]

    def _key(self) -> str:
        self.counter += 1
        return f"inbox/{self.counter}"


def plain(said: str) -> str:
    """A text of a card with plain blanks and minus signs."""
    return said.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


def observed(arms: Arms, n: int, locales: Mapping[str, tuple[float, float]]) -> Observations:
    """Observations whose metrics have these means and p-values; `locales`: other means of the primary."""
    shares: Sequence[tuple[str, float]] = (("en", 0.55), ("jp", 0.30), ("mixed", 0.15))
    cells = []
    sides: tuple[Side, Side] = ("control", "treatment")
    for at, side in enumerate(sides):
        for locale, share in shares:
            units = round(n * share)
            samples = {}
            for name, (control, treatment, p) in arms.items():
                gap = abs(treatment - control) or 1e-9
                se = gap / -stats.t.ppf(p / 2, 2 * n - 2) if p < 1 else 0.05 * control
                mean = (control, treatment)[at]
                if name == "useful_answer_rate" and locale in locales:
                    mean, se = locales[locale][at], 0.142 * (2 / n) ** 0.5
                samples[name] = Sample.summary(units, mean, se**2 / (2 / n), "value")
            cells.append(Cell(side, (locale,), units, samples))
    return Observations(cells=tuple(cells), summary=True)
