"""A bench to roll launches out on: a locked launch, people, a metrics server and a flag system that obey."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.core.effect import Message
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.registration import canonical_json, sha256
from bot.core.strict_yaml import parse
from bot.errors import UserError
from bot.limits import check_blocks
from bot.services import advancing, flags, launches, rollout_stages, rollouts
from bot.services.desk import Desk
from bot.services.launch_jobs import launch_jobs
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import experiments, ledger, slots
from bot.store.database import Database
from bot.store.experiments import Registered
from bot.store.outbox_rows import OutboxRow
from bot.views.experiment_actions import Reference
from handlers.switchboard import FORM_BUTTONS, FORMS, ORDERS, PRESSES
from handlers.topic import Opening
from tests.services.incident_bench import Shown

ENG, OWNER, APPROVER, NOBODY = "U0ENG", "U0OWN", "U0APP", "U0NOBODY"
LEASE = timedelta(seconds=120)
HOME = Place("C0LAUNCH")
BASE = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
ROLLOUT = """
rollout_metrics:
  p99_latency_ms: {source: prom, query: "p99"}
  error_rate: {source: prom, query: "errors"}
rollout:
  - {stage: 1%, days: 1, abort_if: ["p99_latency_ms > 1500", "error_rate > 1 %"]}
  - {stage: 10%, days: 2, abort_if: ["p99_latency_ms > 1500"]}
  - {stage: 50% A/B, days: 11}
  - {stage: 100%}
"""


LAUNCH = BASE.replace(", day: day", "") + ROLLOUT
"""Its data say of no day, so that only what is declared is checked."""


class RolloutBench:
    """`clock` is the test's; `prom` is the metrics server's address, `flags` the flag system's."""

    def __init__(self, db: Database, clock: Any, *, prom: str = "", flags: str = "", **more: Any) -> None:
        self.db, self.clock = db, clock
        self.id = "reranker-l12"
        given: dict[str, Any] = {
            "roles": {"engineer": (ENG,), "owner": (OWNER,), "approver": (APPROVER,)},
            "timezone": "Asia/Tokyo",
        }
        if prom:
            given["sources"] = {"prom": {"kind": "prometheus", "url": prom, "timeout_seconds": 1}}
        if flags:
            given |= {"flags": {"url": flags, "timeout_seconds": 1}, "flags_secret": SecretStr("sesame")}
        self.desk: Desk = open_desk(Settings(**given | more))
        self.count = 0

    def lock(self, text: str = LAUNCH) -> Launch:
        """Register and lock, and let the rollout card be posted."""
        data = parse(text, name="launch.yaml").data
        hashed = sha256(data)
        stored = Registered(
            data["id"], hashed, "launch.yaml", text, canonical_json(data), HOME.channel, ENG, self.clock()
        )
        start = data.get("data", {}).get("start")
        body: dict[str, Any] = {
            "sha256": hashed, "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "title": "Reranker L6 to L12", "channel": HOME.channel, "owner": "applied-ml", "signoffs": [],
            "warnings": [], "start": None if start is None else str(start),
        }  # fmt: skip
        with self.db.write() as session:
            assert experiments.add(session, stored)
            launches.note(session, data["id"], Kind.REGISTERED, by=ENG, body=body, now=self.clock())
            locked = {"sha256": hashed}
            launch, _ = launches.note(session, data["id"], Kind.LOCKED, by="", body=locked, now=self.clock())
            rollouts.ready(session, self.desk, launch, self.clock())
        self.id = data["id"]
        return launch

    @property
    def launch(self) -> Launch:
        """The launch as it stands."""
        with self.db.read() as session:
            return launches.read(session, self.id)

    def entries(self, kind: Kind) -> list[Entry]:
        """The ledger's entries of a kind."""
        with self.db.read() as session:
            return [one for one in ledger.of(session, self.id) if one.kind == kind]

    def note(self, kind: Kind, by: str = "", **body: Any) -> Launch:
        """Write an entry, as another part of the product does."""
        with self.db.write() as session:
            return launches.note(session, self.id, kind, by=by, body=body, now=self.clock())[0]

    def decide(self, decision: str = "ship", verdict: str = "ship") -> None:
        """Decide, as the decision card does."""
        launch = self.note(
            Kind.DECIDED, OWNER, decision=decision, verdict=verdict, record=1, look=4, acknowledged=[],
            override=None, reason="",
        )  # fmt: skip
        with self.db.write() as session:
            rollouts.concluded(session, self.desk, launch, self.clock())

    def veto(self, look: int = 1) -> None:
        """Post a look that vetoes, as the look at its hour does."""
        launch = self.note(
            Kind.LOOK,
            record=look,
            look=look,
            day=4,
            planned=True,
            verdict="veto",
            seal="",
            sha256=self.launch.sha256,
        )
        with self.db.write() as session:
            rollouts.hold(session, self.desk, launch, f"look {look} vetoed", self.clock())

    def amend(self, text: str) -> None:
        """Have an amended registration come into force, as the last signature does."""
        data = parse(text, name="launch.yaml").data
        changed = Registered(
            self.id, sha256(data), "launch.yaml", text, canonical_json(data), HOME.channel, ENG, self.clock()
        )
        with self.db.write() as session:
            experiments.amend(session, changed)
        launch = self.note(Kind.AMENDED, sha256=sha256(data), breaking=False)
        with self.db.write() as session:
            rollouts.ready(session, self.desk, launch, self.clock())

    def tellings(self) -> list[slots.Kept]:
        """Every slot of the flag system's."""
        with self.db.read() as session:
            jobs = (flags.TELL_JOB, flags.SETTLED_JOB)
            return [one for job in jobs for one in slots.kept(session, job=job, prefix="")]

    def _key(self) -> str:
        self.count += 1
        return f"delivery/{self.count}"

    def order(self, verb: str, text: str = "", by: str = ENG) -> None:
        """Type a command."""
        with self.db.write() as session:
            asked = Order(by, HOME, "experiment", verb, text)
            ORDERS["experiment", verb](session, self.desk, asked, self._key(), self.clock())

    def press(
        self, label: str, by: str = ENG, *, key: str = "", card: Shown | None = None, **fields: str
    ) -> None:
        """Press a button by the beginning of its label; a form that it opens is filled in and sent off."""
        element = (card or self.card()).element(lambda e: e.get("text", {}).get("text", "").startswith(label))
        action, value = element["action_id"].partition(":")[0], element["value"]
        with self.db.write() as session:
            if action in FORM_BUTTONS:
                form = FORMS[FORM_BUTTONS[action]]
                view = form.view(session, self.desk, Opening(by, HOME, value), self.clock())
                assert check_blocks(view["blocks"], surface="modal") == []
                entered = {
                    block["element"]["action_id"]: "" for block in view["blocks"] if "element" in block
                }
                assert set(fields) <= set(entered), entered
                assert form.check({**entered, **fields}) == {}
                sent = Submit(by, HOME, FORM_BUTTONS[action], value, {**entered, **fields})
                form.submit(session, self.desk, sent, key or self._key(), self.clock())
            else:
                press = Press(by, HOME, action, value)
                PRESSES[action](session, self.desk, press, key or self._key(), self.clock())

    def work(self, *, most: int = 50) -> list[str]:
        """Run every due job, as the slot worker does; returns their names."""
        jobs, done = launch_jobs(self.db, self.desk), list[str]()
        while slot := slots.claim(self.db, now=self.clock(), lease=LEASE):
            finish = jobs[slot.job](slot.payload, self.clock()) if slot.job in jobs else _nothing
            with self.db.write() as session:
                finish(session)
                if not slots.done(session, slot):
                    session.rollback()
            done.append(slot.job)
            assert len(done) < most
        return done

    def waiting(self, job: str) -> list[slots.Kept]:
        """The slots of a job that wait."""
        with self.db.read() as session:
            return [one for one in slots.kept(session, job=job, prefix="") if one.state == "waiting"]

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was put into the outbox, in order, checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]
        found = [{**row.effect, "kind": row.kind, "key": row.key} for row in rows]
        for effect in found:
            blocks = (effect.get("message") or {}).get("blocks") or []
            assert check_blocks(blocks) == [], effect["key"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def card(self) -> Shown:
        """The rollout card as it stands."""
        key = rollout_stages.card_key(self.id)
        return Shown([e["message"] for e in self.effects() if e["key"] == key and "message" in e][-1])

    def said(self, channel: str = HOME.channel) -> list[str]:
        """What was posted in the launch's channel besides cards, in order, notification by notification."""
        posts = [e for e in self.effects("post") if e["channel"] == channel]
        return [e["message"]["text"] for e in posts if e["key"] != rollout_stages.card_key(self.id)]

    def last(self) -> Shown:
        """The newest message in the launch's channel that has blocks, besides the card."""
        key = rollout_stages.card_key(self.id)
        posts = [e for e in self.effects("post") if e["channel"] == HOME.channel and e["key"] != key]
        return Shown([e["message"] for e in posts if e["message"]["blocks"]][-1])


def _nothing(_: Any) -> None:
    """A job of another part."""


class Metrics:
    """What the metrics server answers: by query its series, labels and value, or raw text."""

    def __init__(self) -> None:
        self.series: dict[str, list[tuple[Mapping[str, str], str]]] = {}
        self.raw: str | None = None
        self.asked: list[str] = []
        self.url = ""

    def set(self, query: str, value: float | str, **labels: str) -> None:
        """Let a query have one series."""
        self.series[query] = [(labels, str(value))]


class FlagSystem:
    """What the flag system heard, and what it answers next: statuses in turn, then 200."""

    def __init__(self) -> None:
        self.heard: list[tuple[Mapping[str, str], dict[str, Any], bytes]] = []
        self.answers: list[tuple[int, Mapping[str, str], str]] = []
        self.url = ""

    @property
    def taken(self) -> list[tuple[str, str]]:
        """Events and stages, in the order they came, refused ones too."""
        return [(body["event"], body["stage"]) for _, body, _ in self.heard]


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on this machine; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    """Answers without a word in the log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def metrics_server() -> Iterator[Metrics]:
    """Prometheus' instant query, answering what the test says."""
    from urllib.parse import parse_qs, urlsplit

    told = Metrics()

    class Handler(Quiet):
        def do_GET(self) -> None:  # the name is the base class's
            query = parse_qs(urlsplit(self.path).query)["query"][0]
            told.asked.append(query)
            result = [{"metric": dict(m), "value": [1.0, v]} for m, v in told.series.get(query, [])]
            answer = {"status": "success", "data": {"resultType": "vector", "result": result}}
            self.answer(200, (told.raw or json.dumps(answer)).encode())

    with serving(Handler) as url:
        told.url = url
        yield told


@contextmanager
def flag_server() -> Iterator[FlagSystem]:
    """A flag system that keeps what it hears and answers what the test says."""
    told = FlagSystem()

    class Handler(Quiet):
        def do_POST(self) -> None:  # the name is the base class's
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append((dict(self.headers), json.loads(body), body))
            status, headers, text = told.answers.pop(0) if told.answers else (200, {}, "ok")
            self.answer(status, text.encode(), headers)

    with serving(Handler) as url:
        told.url = f"{url}/hooks/launch"
        yield told


def begun(bench: RolloutBench, text: str = LAUNCH) -> RolloutBench:
    """Lock it, start it and let the first check be made."""
    bench.lock(text)
    bench.press("Start")
    bench.work()
    return bench


def offered(bench: RolloutBench) -> Shown:
    """The card once the first stage's day is over."""
    bench.clock.advance(days=1)
    bench.work()
    return bench.card()


def ask(bench: RolloutBench, stage: int, by: str = ENG) -> None:
    """Press a button that some card may have had."""
    press = Press(by, HOME, "launch.advance", Reference(bench.id, stage).encode())
    with bench.db.write() as session:
        advancing.advance(session, bench.desk, press, "k", bench.clock())


def refused(act: Callable[[], object]) -> str:
    """What a person is told whose wish is refused."""
    with pytest.raises(UserError) as caught:
        act()
    return f"{caught.value.message} {caught.value.hint}".strip()


def events(system: FlagSystem) -> list[tuple[str, str]]:
    """What the flag system was told, with the cause."""
    return [(body["event"], body["cause"]) for _, body, _ in system.heard]


__all__ = ["APPROVER", "ENG", "NOBODY", "OWNER", "FlagSystem", "Message", "Metrics", "RolloutBench"]
