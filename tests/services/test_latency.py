"""Latency budgets in Slack: registered, locked before the test, judged by what the tools wrote."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.core.effect import Message
from bot.core.inbound import Ask, Inbound, Place, Press, Submit
from bot.core.load_reader import read
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, RefusedError, StaleError
from bot.limits import check_blocks, check_view
from bot.services import latency_budgets, latency_testing, registering
from bot.services.latency_jobs import latency_jobs
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import ledger, links, slots
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from bot.views.latency_actions import LatencyAction, LatencyForm
from handlers import grammar, slack_verbs, switchboard
from handlers.grammar import OpenForm
from handlers.topic import Opening
from tests.services.signing_bench import ID, SIGNED

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ENG, HOME = "U0ENG", Place("C0HOME")
BUDGET = """kind: latency
id: chat
title: Chat <turn>
slo: {ms: 800}
stages:
  - {name: retrieval, allocated_p95_ms: 220, assumed: {p50_ms: 110}}
  - name: rerank
    allocated_p95_ms: 240
    assumed: {p50_ms: 120}
    fallback: {after_ms: 500, to: BM25-only ranking}
load_test:
  loads: [1, 2]
  minutes: 0.15
  failures: [rerank timeout]
  criteria:
    - {load: 2, part: turn, p95: 800}
    - {load: 1, part: rerank, fallback: 0.005}
"""


LOADED = """kind: latency
id: chat
title: Chat turn
slo: {ms: 800}
stages:
  - {name: retrieval, allocated_p95_ms: 220}
  - name: rerank
    allocated_p95_ms: 240
    fallback: {after_ms: 500, to: BM25-only ranking}
load_test:
  loads: [1, 2, 5]
  minutes: 0.15
  failures: [rerank timeout]
  criteria:
    - {load: 1, part: turn, p95: 800}
    - {load: 2, part: rerank, p95: 200}
    - {load: 5, part: turn, p95: 800}
    - {load: 1, part: turn, p95: 1200, failure: rerank timeout}
"""


class Bench:
    """What is typed is read as a slash command and done at once."""

    def __init__(self, db: Database, **settings: Any) -> None:
        self.db, self.now, self.count = db, NOW, 0
        self.desk = open_desk(Settings(roles={"engineer": (ENG,)}, timezone="UTC", **settings))

    def type(self, text: str, by: str = ENG) -> Message | None:
        """`/latency TEXT`."""
        asked = grammar.parse("latency", text, by=by, place=HOME)
        assert not isinstance(asked, OpenForm)
        return self.do(asked)

    def sent(self, form: LatencyForm, value: str, **fields: str) -> dict[str, str]:
        """A form is opened, filled in and sent off: the faults, or it is done."""
        with self.db.read() as session:
            opened = Opening(ENG, HOME, value)
            view = switchboard.FORMS[form].view(session, self.desk, opened, self.now)
            assert not check_view({**view, "callback_id": str(form)})
            names = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            assert set(fields) <= names
            faults = {**switchboard.FORMS[form].check(fields)}
            faults = faults or {**switchboard.FORMS[form].known(session, fields)}
        if not faults:
            self.do(Submit(ENG, HOME, str(form), value, fields))
        return faults

    def do(self, asked: Inbound) -> Message | None:
        """Do it, and what it has worked out."""
        if isinstance(asked, Ask):
            with self.db.read() as session:
                return slack_verbs.answer(session, self.desk, asked, self.now)
        self.count += 1
        with self.db.write() as session:
            slack_verbs.handle(session, self.desk, asked, f"key/{self.count}", self.now)
        jobs = latency_jobs(self.db, self.desk)
        while (slot := slots.claim(self.db, now=self.now, lease=timedelta(minutes=1))) is not None:
            finish = jobs[slot.job](slot.payload, self.now)
            with self.db.write() as session:
                finish(session)
                slots.done(session, slot)
        return None

    def result(self, text: str, file: str, began: datetime | None = None) -> str:
        """A result file comes; the verdict."""
        found = read((Path("tests/data/loadtest") / file).read_bytes())
        if began is not None:
            found = replace(found, began=began)
        name, _, run = text.partition(" ")
        load, _, failure = run.partition(" ")
        with self.db.write() as session:
            run_of = latency_testing.RunOf(name, load, failure)
            standing = latency_testing.record(session, run_of, found, by=ENG, now=self.now)
            test = standing.test
            assert test is not None
            return str(latency_budgets.verdict(session, standing, test).outcome)

    def kinds(self) -> list[str]:
        """The ledger's entries of the budget."""
        with self.db.read() as session:
            return [one.kind for one in ledger.of(session, "chat")]

    def check_messages(self) -> list[str]:
        """Every effect as JSON, its blocks within Slack's limits."""
        with self.db.read() as session:
            rows = list(session.exec(select(OutboxRow)))
        for row in rows:
            blocks = (row.effect.get("message") or {}).get("blocks") or []
            assert not check_blocks(blocks), row.effect
        return [str(row.effect) for row in rows]


def golden(name: str, text: str) -> None:
    """Compare with a golden file; set LOOKOUT_GOLDEN=write to accept what changed, and read it."""
    path = Path("tests/data/latency") / name
    if os.environ.get("LOOKOUT_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture
def bench(sqlite: Database) -> Bench:
    """A bench on an empty database."""
    return Bench(sqlite)


def test_a_load_test_is_locked_judged_and_kept(bench: Bench) -> None:
    """Budget, lock, two runs: each is an entry, and the card says what the test shows."""
    bench.type(f"budget {BUDGET}")
    bench.type("loadtest lock chat")
    assert bench.result("chat 2x", "k6_summary.json") == "undecided"  # the run at 1x is still to come
    assert bench.result("chat 1x", "locust_stats.csv") == "undecided"  # 2.0x the turns were not reached
    assert bench.kinds() == ["latency_budget", "loadtest_locked", "loadtest_result", "loadtest_result"]
    shown = bench.type("status chat")
    assert shown is not None
    assert "p95 ≤ 800 ms" in shown.text
    assert "load was not reached" in str(shown.blocks)
    assert any("Chat &lt;turn&gt;" in said for said in bench.check_messages())


def test_three_loads_and_an_induced_failure_are_judged(database: Database) -> None:
    """Pasted as the tools wrote them: a table of each load beside what is asked, and of the failure."""
    bench = Bench(database)
    bench.type(f"budget {LOADED}")
    bench.type("loadtest lock chat")
    runs = {
        "1x": "k6_summary.json",
        "2x": "locust.json",
        "5x": "locust_stats.csv",
        "1x rerank timeout": "k6_export.json",
    }
    for run, file in runs.items():
        bench.type(f"loadtest chat {run}\n{(Path('tests/data/loadtest') / file).read_text()}")
    shown = bench.type("status chat")
    assert shown is not None
    card = "\n\n".join(str((block.get("text") or {}).get("text", "")) for block in shown.blocks)
    said = [line for line in card.splitlines() if line.startswith(("✓", "✗", "?"))]
    assert [line[:1] for line in said] == ["✗", "?", "✓", "✓"]
    assert "load was not reached" in said[1]
    golden("load_test.txt", card.partition("Next:")[0].partition("Judged")[0].rstrip() + "\n")
    bench.check_messages()


def test_forms_say_what_is_wrong_at_its_field(bench: Bench) -> None:
    """Budget, what-if, lock, result and join: read before they are sent off."""
    known = bench.sent(LatencyForm.BUDGET, "", yaml="kind: latency\nid: chat")
    assert "slo" in known["yaml"]
    assert "one of the two" in bench.sent(LatencyForm.BUDGET, "", yaml="")["yaml"]
    assert bench.sent(LatencyForm.BUDGET, "", yaml=BUDGET) == {}
    assert "edition 1" in bench.sent(LatencyForm.BUDGET, "", yaml=BUDGET)["yaml"]
    wrong = bench.sent(LatencyForm.WHAT_IF, "chat", budget="chat", changes="faster rerank")
    assert "'faster' is no change" in wrong["changes"]
    result = {"budget": "chat", "load": "1x", "file": "https://files.test/x\nx.json"}
    assert "No criteria are locked" in bench.sent(LatencyForm.RESULT, "chat", **result)["budget"]
    assert bench.sent(LatencyForm.LOCK, "chat", budget="chat") == {}
    assert "locked already" in bench.sent(LatencyForm.LOCK, "chat", budget="chat")["reason"]
    assert "expected the load" in bench.sent(LatencyForm.RESULT, "chat", **result | {"load": "7x"})["load"]
    fire = result | {"failure": "fire"}
    assert "no failure that is induced" in bench.sent(LatencyForm.RESULT, "chat", **fire)["failure"]
    bench.result("chat 1x", "k6_summary.json")
    assert "on record already" in bench.sent(LatencyForm.RESULT, "chat", **result)["load"]
    assert "needs a reason" in bench.sent(LatencyForm.LOCK, "chat", budget="chat", reason=" ")["reason"]
    joined = bench.sent(LatencyForm.JOIN, "chat", budget="chat", experiment="nothing")
    assert joined["experiment"]


def test_the_rules_come_as_a_file(bench: Bench) -> None:
    """Typed, or by the button of a card whose budget has telemetry."""
    bench.type(f"budget {BUDGET}telemetry: {{turn: turn_seconds}}\n")
    bench.type("rules chat")
    bench.do(Press(ENG, HOME, str(LatencyAction.RULES), "chat"))
    assert sum("chat-alerts.yaml" in said for said in bench.check_messages()) == 2
    shown = bench.type("status")
    assert shown is not None
    labels = [one["text"]["text"] for block in shown.blocks for one in block.get("elements", ())
              if one["type"] == "button"]  # fmt: skip
    assert labels == ["Simulate", "What if…", "Lock load test…", "Join…", "Alert rules"]


def test_an_experiment_cannot_take_the_id_of_a_budget(sqlite: Database) -> None:
    """The ledger's entries of both would be one story."""
    bench = Bench(sqlite, data={"path": "tests/data"})
    bench.type("budget " + BUDGET.replace("id: chat", "id: reranker"))
    text = SIGNED.replace(ID, "reranker")
    with bench.db.write() as session, pytest.raises(InputError, match="is a latency budget"):
        registering.register(session, bench.desk, text=text, name="x", by=ENG, channel="C0HOME", now=NOW)


def test_a_what_if_in_words_is_answered_first(sqlite: Database) -> None:
    """The sentence on it, both tables, three charts in the card."""
    bench = Bench(sqlite, data={"path": "bot/demo/data/latency"})
    shipped = Path("bot/demo/data/latency/aml_07.yaml").read_text()
    bench.type(f"budget {shipped}")
    with pytest.raises(InputError, match="is no change of a pipeline"):
        bench.type("simulate chatbot_turn faster rerank")
    bench.sent(
        LatencyForm.WHAT_IF, "chatbot_turn", budget="chatbot_turn", changes="p95 rerank 240\ntop-k rerank 20"
    )
    with bench.db.read() as session:
        rows = [row.effect for row in session.exec(select(OutboxRow)) if "/simulated" in row.key]
    blocks = rows[0]["message"]["blocks"]
    assert [block["type"] for block in blocks].count("image") == 3
    said = [(block.get("text") or {}).get("text", "") for block in blocks]
    golden("simulated.txt", "\n\n".join(one for one in said if one) + "\n")
    bench.check_messages()


def test_a_result_before_its_criteria_shows_nothing(bench: Bench) -> None:
    """Refused without a lock; kept, but not counted, where the run began before it."""
    bench.type(f"budget {BUDGET}")
    with pytest.raises(RefusedError, match="No criteria are locked"):
        bench.result("chat 1x", "k6_summary.json")
    bench.type("loadtest lock chat")
    assert bench.result("chat 1x", "locust.json", NOW - timedelta(hours=1)) == "undecided"
    with bench.db.read() as session:
        kept = latency_budgets.load(session, "chat").results[0]
    assert (kept.counts, kept.why) == (False, "it began before the criteria were locked")


def test_the_first_result_counts_and_a_new_test_needs_a_reason(bench: Bench) -> None:
    """No run is repeated until it passes."""
    bench.type(f"budget {BUDGET}")
    bench.type("loadtest lock chat")
    bench.result("chat 1x", "k6_summary.json")
    with pytest.raises(StaleError, match="This file is on record already"):
        bench.result("chat 1x", "k6_summary.json")
    with pytest.raises(StaleError, match="1x is on record already"):
        bench.result("chat 1x", "k6_export.json")
    with pytest.raises(InputError, match="a new test needs a reason"):
        bench.type("loadtest lock chat")
    bench.type("loadtest lock chat because the replicas were doubled")
    assert bench.kinds()[-1] == "loadtest_locked"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("budget kind: latency", "The budget was not registered."),
        ("loadtest lock nowhere", "There is no latency budget"),
        ("simulate", "There is no latency budget `(none named)`"),
    ],
)
def test_what_cannot_be_done_is_said(bench: Bench, typed: str, says: str) -> None:
    """What was read, and what to do."""
    with pytest.raises(InputError) as caught:
        bench.type(typed)
    assert says in caught.value.message


def test_loads_and_failures_are_those_that_were_declared(bench: Bench) -> None:
    """Another load is no run of this test."""
    bench.type(f"budget {BUDGET}")
    bench.type("loadtest lock chat")
    for text in ("chat 5x", "chat", "chat 2x fire"):
        with pytest.raises(InputError):
            bench.result(text, "k6_summary.json")


def test_a_fallback_and_a_passed_test_are_shown_to_the_launch(bench: Bench) -> None:
    """Readiness reads them from the budget that is joined to the experiment; a failed test shows nothing."""
    lax = BUDGET.replace("p95: 800", "p95: 900").replace("load: 2, part", "load: 1, part")
    bench.type(f"budget {lax.replace('0.005', '0.02')}")
    bench.type("loadtest lock chat")
    with bench.db.write() as session:
        earlier, later = Thing(ThingKind.BUDGET, "chat"), Thing(ThingKind.EXPERIMENT, "reranker-l12")
        links.join(session, earlier, later, now=NOW)
        assert list(latency_budgets.shown(session, "reranker-l12")) == ["fallback"]
    assert bench.result("chat 1x", "k6_summary.json") == "pass"
    with bench.db.read() as session:
        shown = latency_budgets.shown(session, "reranker-l12")
    assert shown["load_test"] == "passed (budget chat, ledger 3)"
    assert shown["fallback"] == "rerank after 500 ms (budget chat, edition 1)"


def test_a_simulation_is_posted_with_its_answer(bench: Bench) -> None:
    """The sentence, the table, the charts."""
    bench.type(f"budget {BUDGET}")
    bench.type("simulate chat")
    assert any("seed 1. `chat` edition 1" in said for said in bench.check_messages())
