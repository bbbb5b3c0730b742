"""Latency budgets in operation: what Prometheus says becomes alerts, and their end; silence is said once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from sqlmodel import select

from bot.core.latency_reader import read_budget
from bot.core.latency_rules import rules
from bot.core.latency_watch import watched
from bot.limits import check_blocks
from bot.services import latency_budgets, latency_watching
from bot.services.latency_jobs import latency_jobs
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.sources.prometheus import Prometheus
from bot.store import incident_alerts, incidents, slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BUDGET = """kind: latency
id: chat
title: Chat turn
slo: {ms: 800}
stages:
  - name: rerank
    allocated_p95_ms: 240
    fallback: {after_ms: 500, to: BM25-only ranking}
  - {name: first_token, allocated_p95_ms: 200}
telemetry:
  source: prom
  service: chatbot
  turn: turn_seconds
  stage: stage_seconds
  requests: stage_requests_total
  fallbacks: stage_fallbacks_total
  errors: stage_errors_total
  cohorts: [locale]
thresholds: {cold_start: {stage: first_token}}
"""
THINGS = {one.name: one for one in watched(read_budget(BUDGET, name="chat")[0])}  # type: ignore[arg-type]


class Bench:
    """`says` maps a query to its series, each (labels, value from the window's begin, value at its end)."""

    def __init__(self, db: Database, text: str = BUDGET) -> None:
        self.db, self.now, self.asked = db, NOW, list[str]()
        self.says: dict[str, list[tuple[dict[str, str], float, float]]] = {}
        self.silent = False
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        desk = open_desk(Settings(timezone="UTC"))
        self.desk = replace(
            desk, prometheus={"prom": Prometheus("http://p.test", name="prom", client=client)}
        )
        with db.write() as session:
            latency_budgets.register(session, text, "chat.yaml", by="U0ENG", channel="C0HOME", now=NOW)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = {key: value[0] for key, value in parse_qs(request.url.query.decode()).items()}
        self.asked.append(asked["query"])
        if self.silent:
            raise httpx.ConnectError("refused")
        start, end, step = (float(asked[key]) for key in ("start", "end", "step"))
        times = [start + step * at for at in range(round((end - start) / step) + 1)]
        half = (start + end) / 2
        result = [
            {"metric": labels, "values": [[at, str(first if at < half else last)] for at in times]}
            for labels, first, last in self.says.get(asked["query"], [])
        ]
        data = {"resultType": "matrix", "result": result}
        return httpx.Response(200, text=json.dumps({"status": "success", "data": data}))

    def say(self, name: str, first: float, last: float | None = None, **labels: str) -> None:
        """Let Prometheus answer what is watched by this name."""
        self.says[THINGS[name].query] = [(labels, first, first if last is None else last)]

    def look(self, minutes: float = 2) -> None:
        """Time passes, and the budgets are tended."""
        self.now += timedelta(minutes=minutes)
        with self.db.write() as session:
            latency_watching.tend(session, self.now)
        jobs = latency_jobs(self.db, self.desk)
        while (slot := slots.claim(self.db, now=self.now, lease=timedelta(minutes=1))) is not None:
            if slot.job not in jobs:
                continue
            finish = jobs[slot.job](slot.payload, self.now)
            with self.db.write() as session:
                finish(session)
                slots.done(session, slot)

    def status(self) -> str:
        """The card's text."""
        with self.db.read() as session:
            card = latency_budgets.card(session, latency_budgets.load(session, "chat"))
        assert not check_blocks(card.blocks)
        said = "\n".join(str((block.get("text") or {}).get("text", "")) for block in card.blocks)
        return said.replace("\u00a0", " ")

    def alerts(self) -> list[tuple[str, str, str]]:
        """Alerts of all incidents: metric, status, stage."""
        with self.db.read() as session:
            found = [one for at in range(1, 5) for one in incident_alerts.of(session, at)]
        return [(one.metric, one.status, dict(one.labels).get("stage", "")) for one in found]

    def posts(self, prefix: str) -> list[str]:
        """Keys of what was put, of this prefix."""
        with self.db.read() as session:
            return [row.key for row in session.exec(select(OutboxRow)) if row.key.startswith(prefix)]


@pytest.fixture
def bench(sqlite: Database) -> Bench:
    """A bench with the budget on record."""
    return Bench(sqlite)


def test_fallbacks_alert_after_the_declared_minutes_and_end_once_back(database: Database) -> None:
    """2 % for a while is high; for five minutes it is an incident of the latency tree; then it ends."""
    bench = Bench(database)
    bench.say("TurnP95", 613.0)
    bench.say("RerankFallback", 0.0, 0.02)
    bench.look()
    assert bench.alerts() == []
    assert "⚠ high · rerank fallback: 2.0 %, target 0.1 %, alert above 1 %" in bench.status()
    bench.say("RerankFallback", 0.02)
    bench.look()
    bench.look()
    assert bench.alerts() == [("stage_fallback_rate", "firing", "rerank")]
    with bench.db.read() as session:
        incident = incidents.load(session, 1)
    assert incident is not None
    tree = bench.desk.playbooks.tree(incident.playbook)
    assert tree is not None
    assert tree.id == "the-turn-got-slow"
    assert "✗ alert · rerank fallback" in bench.status()
    bench.say("RerankFallback", 0.02, 0.0)
    bench.look()
    assert bench.alerts() == [("stage_fallback_rate", "resolved", "rerank")]
    assert "✓ fine · rerank fallback: 0 %" in bench.status()


def test_a_cohort_apart_is_named(bench: Bench) -> None:
    """More than 20 % off the whole, for one cohort."""
    bench.say("CohortApart", 0.3, locale="jp")
    bench.look()
    assert bench.alerts() == [("turn_p95_cohort_split", "firing", "")]
    assert "turn p95 off the whole (jp): 30 %" in bench.status()


def test_silence_is_said_once_and_ends_no_alert(bench: Bench) -> None:
    """Told after the declared minutes, and again when Prometheus answers; what fired goes on firing."""
    bench.say("TurnP95", 900.0)
    bench.look()
    bench.silent = True
    for _ in range(6):
        bench.look()
    assert len(bench.posts("latency/chat/blind/")) == 1
    assert bench.alerts() == [("turn_p95_ms", "firing", "")]
    assert "? unknown since" in bench.status()
    bench.silent = False
    bench.look()
    assert len(bench.posts("latency/chat/seen/")) == 1


def test_what_an_edition_no_longer_watches_is_over(bench: Bench) -> None:
    """Nobody else would end its alert."""
    bench.say("RerankErrors", 0.01)
    bench.look()
    text = BUDGET.replace("  errors: stage_errors_total\n", "")
    with bench.db.write() as session:
        latency_budgets.register(session, text, "chat.yaml", by="U0ENG", channel="C0HOME", now=NOW)
    bench.look()
    assert bench.alerts() == [("stage_error_rate", "resolved", "rerank")]


def test_rules_and_monitors_ask_the_same(bench: Bench) -> None:
    """Each rule is a query that was asked, and its threshold."""
    bench.look()
    budget, _ = read_budget(BUDGET, name="chat")
    assert budget is not None
    written = [one["expr"].partition(" > ")[0] for one in rules(budget)["groups"][0]["rules"]]
    assert written == bench.asked


def test_a_budget_without_a_source_is_left_to_the_rules(sqlite: Database) -> None:
    """Nobody is asked."""
    bench = Bench(sqlite, BUDGET.replace("  source: prom\n", ""))
    bench.look()
    assert bench.asked == []
    assert "In operation" not in bench.status()
