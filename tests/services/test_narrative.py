"""`/narrative`: golden documents of launch, quarter and incident, and what is said where records lack."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlmodel import select

from bot.core.candidate import Candidate
from bot.core.framing import Edition as Decided
from bot.core.framing import F, Framing, FramingKind, sha256_of
from bot.core.inbound import Ask, Order, Place
from bot.core.launch import Kind
from bot.core.load_reader import read
from bot.core.quarterly import Edition, Gut, Quarterly
from bot.core.quarterly import Kind as Locked
from bot.core.review import Check, Outcome
from bot.core.thing import Thing, ThingKind
from bot.errors import ConfigError, InputError
from bot.limits import check_blocks
from bot.services import latency_budgets, latency_testing, narrative, review_changes
from bot.services.narrative_document import render
from bot.services.narrative_jobs import narrative_jobs
from bot.store import blobs, candidates, framings, ledger, links, outbox, portfolios, slots
from bot.store.outbox_rows import OutboxRow
from bot.views.triage_actions import TriageAction
from handlers import grammar, slack_verbs
from tests.services import incident_bench
from tests.services.decision_bench import CHANNEL, EM, ID, JP, PM, Bench
from tests.services.incident_bench import ENG, MATE, Shown

GOLDEN = Path(__file__).parents[1] / "data" / "narratives"
FRAMED = datetime(2026, 10, 2, 9, tzinfo=UTC)
LETTER = {
    F.TITLE: "New JP readers leave in week 2",
    F.WHO: "Yuki, 24, new in the JP catalogue",
    F.WORDS: "None of the three it showed me felt like my thing",
    F.WORDS_FROM: "support ticket 4711",
    F.STAY: "slow-burn psychological stories on day 1",
    F.LAGGING: "week-2 retention, 38 % to 31 %",
    F.LEADING: "taste-matched titles in the first session",
    F.HEURISTIC: "a five-question quiz",
    F.HEURISTIC_VALUE: "+4 points",
    F.HEURISTIC_WEEKS: "3",
    F.ML: "a cold-start model",
    F.ML_VALUE: "+6 to 7 points",
    F.ML_WEEKS: "12",
    F.RECOMMENDATION: "heuristic_first",
    F.WHY: "the quiz shows within 5 weeks whether any cold start moves it",
    F.TENET: "We ship the simplest intervention that moves what customers do",
}


def frame(session):
    """A decided framing, FRM-1."""
    fields = {str(name): said for name, said in LETTER.items()}
    draft = Framing(0, "t", PM, CHANNEL, FRAMED, FRAMED, fields)
    stored = framings.add(session, draft)
    body = {
        "edition": 1, "sha256": sha256_of(fields), "title": LETTER[F.TITLE], "do": "do(cold_start = quiz)",
        "recommendation": "heuristic_first", "prior": 0.55, "revisit": None, "why": "", "fields": fields,
    }  # fmt: skip
    entry = ledger.append(
        session, kind=FramingKind.DECIDED, subject=stored.id, by=PM, body=body, now=FRAMED + timedelta(days=1)
    )
    edition = Decided(1, fields, sha256_of(fields), PM, entry.at, entry.number, entry.hash)
    framings.add_edition(session, stored, edition)
    return stored.id


def pick(session):
    """CAN-1 and CAN-2, of which CAN-1 is picked and locked before the quarter; by feel it was CAN-2."""
    for title in ("Reranker L12", "Cold-start model"):
        candidates.add(session, Candidate("x", title), why="", by=PM, now=FRAMED)
    at, quarter = datetime(2026, 9, 24, 9, tzinfo=UTC), "2026-Q4"
    body = {
        "edition": 1, "sha256": "5d1e" * 16, "picked": ["CAN-1"], "rice": ["CAN-2", "CAN-1"],
        "gut": {"picked": ["CAN-2"]}, "rho": -1.0, "seed": 7, "late": False,
    }  # fmt: skip
    entry = ledger.append(session, kind=Locked.LOCKED, subject=quarter, by=PM, body=body, now=at)
    portfolios.save(
        session,
        Quarterly(quarter, CHANNEL, edition=1, locked_edition=1, locked_entry=entry.number, locked_at=at),
    )
    barred = {"rule": "pre-mortem", "reason": "24 weeks without a pre-mortem", "mend": ""}
    result = {
        "unit": {"reach": "sessions", "impact": "points"},
        "pick": {"learning": 1234.5},
        "beside": {"pick": {"gain": {"mean": 65_432.1, "low": 0.0, "high": 123_456.7}}},
        "candidates": [{"id": "CAN-2", "title": "Cold-start model", "barred": [barred]}],
    }
    file = {"candidates": [{}] * 12}
    gut = Gut(PM, at, ("CAN-2",))
    portfolios.add_edition(session, Edition(quarter, 1, "5d1e" * 16, file, result, ("CAN-1",), gut, PM, at))


@pytest.fixture
def bench(sqlite):
    """A launch from a framing and a candidate that a cohort vetoed, with a redesign and tasks."""
    bench = Bench(sqlite, ready=False).sign().stage()
    bench.write(Kind.SUPPLIED, {"row": "load_test", "artefact": "https://wiki.example/load"}, PM)
    bench.write(Kind.WAIVED, {"row": "AML-08", "reason": "the playbook is enough here"}, EM)
    bench.look(locales=JP)
    bench.write(
        Kind.REDESIGN,
        {"option": bench.desk.playbooks.cohort_redesign.options[0].id, "title": "JP head", "record": 1},
        PM,
    )
    bench.write(
        Kind.INVESTIGATION,
        {"playbook": "veto", "tasks": [
            {"id": "t1", "title": "CSAT drill-down", "owner": PM, "due": "2026-12-06", "by_role": ""}
        ]}, PM,
    )  # fmt: skip
    bench.order("stop", "JP readers would be worse off, and we do not ship that", PM)
    with bench.db.write() as session:
        name = frame(session)
        pick(session)
        for earlier, later in ((name, "CAN-1"), ("CAN-1", "2026-Q4"), ("CAN-1", ID), (name, ID)):
            links.join(session, Thing.read(earlier), Thing.read(later), by=PM, now=FRAMED)
    return bench


def drafted(bench, name):
    """The document of a thing."""
    with bench.db.read() as session:
        return narrative.draft(session, bench.desk, Thing.read(name), bench.now)


def golden(name, text):
    """Compare with a golden file; set LOOKOUT_GOLDEN=write to accept what changed, and read it."""
    file = GOLDEN / f"{name}.md"
    if os.environ.get("LOOKOUT_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def work(bench):
    """Draft what is waiting."""
    jobs = narrative_jobs(bench.db, bench.desk)
    while slot := slots.claim(bench.db, now=bench.now, lease=timedelta(seconds=60)):
        with bench.db.write() as session:
            if slot.job in jobs:
                jobs[slot.job](slot.payload, bench.now)(session)
            assert slots.done(session, slot)


def typed(bench, text, by=PM):
    """Type `/narrative TEXT`, and have it done; what was put of it."""
    with bench.db.read() as session:
        before = len(session.exec(select(OutboxRow)).all())
    read = grammar.parse("narrative", text, by=by, place=Place(CHANNEL))
    with bench.db.write() as session:
        slack_verbs.handle(session, bench.desk, read, f"inbox/{before}", bench.now)
    work(bench)
    with bench.db.read() as session:
        rows = session.exec(select(OutboxRow).order_by(OutboxRow.id))
        return [{**row.effect, "kind": row.kind} for row in rows][before:]


def test_a_launch_as_a_six_pager(bench):
    """From the customer's letter to what is next; gaps where there is no record."""
    golden("launch", drafted(bench, ID).document.text)


def test_a_quarter_as_its_defence(bench):
    """Composition 3: tenets, portfolio, rigour, quality, fairness, production, on-call, velocity."""
    golden("quarter", drafted(bench, "2026-Q4").document.text)


def test_an_incident_as_a_paragraph(sqlite, clock):
    """Composition 2's steps behind it, with the candidate that it proposed."""
    bench = incident_bench.Bench(sqlite, clock)
    bench.receive(bench.alert("jp", cohort={"locale": "jp"}), bench.alert("en", cohort={"locale": "en"}))
    bench.work()
    clock.advance(minutes=18)
    bench.answer("nothing", "healthy", "drifted", by=MATE)
    clock.advance(minutes=27)
    bench.press(TriageAction.MITIGATED)
    clock.advance(hours=2)
    bench.press(TriageAction.RESOLVED)
    with bench.db.write() as session:
        for part, said in (
            ("cause", "a silent upgrade re-indexed one shard only"),
            ("impact", "one in nine JP sessions for 45 minutes"),
        ):
            review_changes.write(session, bench.desk, 1, {part: said}, by=ENG, now=bench.now)
        line = "a monitor of feature drift would have paged 40 minutes earlier"
        review_changes.check(
            session, bench.desk, 1, Check.FRAMING, Outcome.FINE, line="it was the feed, not the problem",
            by=ENG, now=bench.now,
        )  # fmt: skip
        review_changes.check(
            session, bench.desk, 1, Check.RECOVERY, Outcome.FINE, line=line, by=ENG, now=bench.now
        )
        links.join(session, Thing.read("INC-1"), Thing.read("CAN-9"), by=ENG, now=bench.now)
    found = drafted(bench, "INC-1")
    golden("incident", found.document.text)
    assert found.summary.startswith("INC-1 (SEV2) was detected after 6 min")


def test_the_card_and_both_files_come_into_the_channel(bench):
    """The card says how many gaps there are; the files are in its thread."""
    card, text, html = typed(bench, f"launch {ID}")
    shown = Shown(card["message"])
    assert check_blocks(card["message"]["blocks"]) == []
    assert shown.header == "Draft · Reranker MiniLM-L6 to L12: the launch"
    assert shown.notification.startswith("Draft · Reranker MiniLM-L6 to L12: the launch. ⚠ ")
    assert "gaps to fill before it goes anywhere. It rests on " in shown.text
    assert "decided to stop [ledger " in shown.text
    assert shown.buttons == [f"Trace {ID}", "Draft it again"]
    assert [one["thread"] for one in (text, html)] == [card["key"]] * 2
    assert [one["filename"] for one in (text, html)] == [f"{ID}-narrative.md", f"{ID}-narrative.html"]
    with bench.db.read() as session:
        page = blobs.get(session, html["blob"]).decode()
    assert "<h2>The decision</h2>" in page
    assert '<a class="record" href="#record-1">[record 1]</a>' in page
    assert '<strong class="gap">[gap: ' in page


def test_the_quarter_that_runs_is_meant_where_none_is_named(bench):
    """And any other by its name; what is none is told."""
    assert Shown(typed(bench, "quarter")[0]["message"]).header == "Draft · 2026-Q4: the quarter"
    assert Shown(typed(bench, "quarter 2031q2")[0]["message"]).header == "Draft · 2031-Q2: the quarter"
    with pytest.raises(InputError, match="names no quarter"):
        typed(bench, "quarter next")


def test_a_quarter_of_which_nothing_is_on_record_is_all_gaps(bench):
    """No figure is invented, and no sentence says nothing happened that nobody looked at."""
    text = drafted(bench, "2031-Q2").document.text
    assert "**[gap: no experiment of 2031-Q2 on record; `/experiment new` registers one]**" in text
    assert "**[gap: no locked pick of 2031-Q2 on record; `/portfolio pick 2031-Q2` locks one]**" in text
    assert "0 of 0" not in text


def test_the_decision_alone_is_for_whoever_asks(bench):
    """One paragraph to be copied."""
    ask = Ask(PM, Place(CHANNEL), "narrative", "decision", ID)
    with bench.db.read() as session:
        said = slack_verbs.answer(session, bench.desk, ask, bench.now).text
    assert said.startswith("On 23 Nov 2026 it was decided to stop [ledger ")
    assert "locked on 3 Nov 2026" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("launch ghost-01", "Read `launch us-mle-02-reranker ghost-01`"),
        ("incident INC-99", "There is no incident “INC-99”."),
        ("incident", "No incident has its card in this channel."),
        ("novel", "Read `novel`, which /narrative does not know."),
    ],
)
def test_what_cannot_be_told_of_is_said(bench, text, said):
    """Nothing is drafted of what is not there."""
    with pytest.raises(InputError) as caught:
        typed(bench, text)
    assert caught.value.message.startswith(said)


def templates(folder, source):
    """A template of a team's own."""
    (folder / "x.md.j2").write_text(source, encoding="utf-8")
    return ImmutableSandboxedEnvironment(loader=FileSystemLoader(folder), undefined=StrictUndefined)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "a\n{{ launch.teenet }}",
            "x.md.j2:2 cannot be used: FramingTold has no field `teenet`; `tenet` is near.",
        ),
        ("{{ lunch }}", "The template x.md.j2:1 cannot be used: 'lunch' is undefined."),
        ("{% if %}", "The template x.md.j2:1 cannot be used: "),
        ("{{ say('{} of', 3) }}", "say() takes figures and gaps, and was given int."),
        ("{% include 'y.md.j2' %}", "x.md.j2:1 cannot be used: there is no template y.md.j2."),
        ("{{ launch.__class__ }}", "cannot be used: "),
    ],
)
def test_a_template_that_names_what_does_not_exist_is_told_with_its_line(tmp_path, source, said):
    """Nothing is left empty in silence."""
    with pytest.raises(ConfigError) as caught:
        render(templates(tmp_path, source), "x.md.j2", launch=nothing())
    assert said in caught.value.message


def nothing():
    """A framing of which nothing is known, to be told of."""
    from bot.core.citation import Gap
    from bot.core.narrative import FramingTold, missing

    return missing(FramingTold, Gap("nothing"))


def test_a_faulty_template_of_ones_own_is_told_to_who_asked(bench, tmp_path):
    """The job does not fail for ever: the person reads what is wrong with it, and where."""
    (tmp_path / "narrative_launch.md.j2").write_text("\n{{ launch.reslt }}\n", encoding="utf-8")
    settings = bench.desk.settings
    folder = settings.templates.model_copy(update={"path": tmp_path})
    from bot.services.opening import open_desk

    bench.desk = open_desk(settings.model_copy(update={"templates": folder}))
    (told,) = typed(bench, f"launch {ID}")
    assert told["kind"] == "ephemeral"
    assert "narrative_launch.md.j2:2 cannot be used" in told["message"]["text"]
    assert "reslt" in told["message"]["text"]


def test_a_press_on_an_unknown_kind_is_told(bench):
    """A narrative is drafted of a launch, an incident or a quarter."""
    from bot.core.inbound import Press
    from bot.views.trace_actions import About

    pressed = Press(PM, Place(CHANNEL), "narrative.draft", About(Thing.read("FRM-1")).encode())
    with pytest.raises(InputError, match="No narrative is drafted of FRM-1"), bench.db.write() as session:
        narrative.press(session, bench.desk, pressed, "inbox/1", bench.now)


def test_an_order_is_drafted_once_however_often_it_arrives(bench):
    """The slot and the messages have the delivery's key."""
    order = Order(PM, Place(CHANNEL), "narrative", "launch", ID)
    with bench.db.write() as session:
        narrative.launch(session, bench.desk, order, "inbox/9", bench.now)
        narrative.launch(session, bench.desk, order, "inbox/9", bench.now)
    work(bench)
    with bench.db.read() as session:
        assert outbox.posted(session, "inbox/9/narrative") == ["inbox/9/narrative"]


BUDGET = """kind: latency
id: turn_800
title: Chat turn
slo: {ms: 800}
stages:
  - {name: retrieval, allocated_p95_ms: 220}
  - {name: rerank, allocated_p95_ms: 240, fallback: {after_ms: 500, to: BM25-only ranking}}
load_test:
  loads: [1]
  minutes: 0.15
  criteria:
    - {load: 1, part: turn, p95: 900}
    - {load: 1, part: rerank, fallback: 0.02}
"""


def test_a_latency_budget_and_its_load_test_are_told_with_their_figures(bench):
    """The budget, its fallback, the test locked and then judged, each with its entry of the ledger."""
    with bench.db.write() as session:
        budget = latency_budgets.register(session, BUDGET, "b.yaml", by=PM, channel=CHANNEL, now=bench.now)
        links.join(session, Thing(ThingKind.BUDGET, "turn_800"), Thing.read(ID), by=PM, now=bench.now)
        latency_testing.lock(session, budget, "", by=PM, now=bench.now)
    text = drafted(bench, ID).document.text
    assert "Latency budget: Chat turn, edition 1: p95 at most 800 ms over 2 stages [ledger 15]." in text
    assert "Fallback: rerank after 500 ms to BM25-only ranking [ledger 15]." in text
    assert "Load test: linked [ledger 7](https://wiki.example/load)." in text  # judged by nobody yet
    with bench.db.write() as session:
        result = read((Path(__file__).parents[1] / "data/loadtest/k6_summary.json").read_bytes())
        latency_testing.record(
            session, latency_testing.RunOf("turn_800", "1x", ""), result, by=PM, now=bench.now
        )
    told = drafted(bench, ID).document.text
    said = "Load test: load test 1 passed, its criteria locked on 23 Nov 2026: turn p95"
    assert said in told
    assert "at most 900 ms at 1 times the peak" in told
    assert "[ledger 16, 17]" in told
    quarter = drafted(bench, "2026-Q4").document.text
    assert "1 of 1 launch with a latency budget [ledger 15]." in quarter
    assert "- us-mle-02-reranker: load test 1 passed" in quarter
