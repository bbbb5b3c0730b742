"""How a quarter's picks do: what their launches say, the readiness row, and what is realised of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.core.candidate import Candidate, Impact
from bot.core.early_abort import Signal, course, unlinked
from bot.core.inbound import Order, Place
from bot.core.launch import Kind
from bot.core.quarterly import Quarterly
from bot.core.thing import Thing, ThingKind
from bot.services import candidate_joins, candidates, launches, quarter_course, quarter_outcomes, readiness
from bot.store import experiments, links, portfolios
from bot.store.database import Database
from tests.services.decision_bench import CLEAN, ENG, FLAT, ID, LOOKED, Bench
from tests.services.portfolio_bench import messages

TODAY = date(2026, 11, 24)
RERANKER = Candidate(
    "",
    "Reranker",
    impact=Impact(0.5, "points", "useful-answer rate", baseline=0.183, sd=0.142),
    confidence=0.6,
)


@pytest.fixture
def bench(sqlite: Database) -> Bench:
    """A launch at 50 %, and CAN-1 that led to it."""
    bench = Bench(sqlite, ready=False).sign().stage()
    with sqlite.write() as session:
        candidates.add(session, bench.desk, RERANKER, by=ENG, now=LOOKED)
        order = Order("U0ENG", Place("C0"), "portfolio", "link", f"CAN-1 {ID}")
        quarter_course.link(session, bench.desk, order, "inbox/1", LOOKED)
    return bench


def signs(bench: Bench, result: dict[str, Any] | None = None, today: date = TODAY) -> dict[Signal, str]:
    """The signals of the launch as it stands, with `result` as its newest look."""
    with bench.db.read() as session:
        launch = launches.read(session, ID)
        registration = launches.registration(session, launch)
        found = course("CAN-1", "Reranker", launch, registration, result, today)
    return {one.signal: one.why for one in found.signs}


def test_a_candidate_and_its_experiment_are_joined_both_ways(bench: Bench) -> None:
    """Linking again changes nothing; the candidate's card says it."""
    with bench.db.read() as session:
        thing = Thing(ThingKind.EXPERIMENT, ID)
        assert [one.id for one in links.before(session, thing, ThingKind.CANDIDATE)] == ["CAN-1"]
        assert quarter_course.launch_of(session, "CAN-1") is not None
    assert f"led to {ID}" in dict(messages(bench.db))["candidate/CAN-1/card"].text


def test_a_framing_that_led_to_both_joins_them(sqlite: Database) -> None:
    """Nobody has to link by hand what one decision brought about."""
    bench = Bench(sqlite, ready=False).sign()
    framing = Thing(ThingKind.FRAMING, "FRM-1")
    with sqlite.write() as session:
        candidates.add(session, bench.desk, RERANKER, by=ENG, now=LOOKED)
        links.join(session, framing, Thing(ThingKind.CANDIDATE, "CAN-1"), now=LOOKED)
        links.join(session, framing, Thing(ThingKind.EXPERIMENT, ID), now=LOOKED)
        launch = quarter_course.launch_of(session, "CAN-1")
        assert launch is not None
        assert launch.id == ID
        assert candidate_joins.candidates_of(session, ID) == ["CAN-1"]


def test_a_veto_says_to_stop_early(bench: Bench) -> None:
    """With its look."""
    bench.look(number=3)
    assert signs(bench)[Signal.VETO] == "look 3 vetoed"


def test_little_conditional_power_and_a_slow_pace_are_signals(bench: Bench) -> None:
    """With the threshold beside the figure."""
    bench.look(FLAT, number=2)
    split = {"n_control": 300, "n_treatment": 310}
    found = signs(bench, {"primary": {"conditional_power": 0.04}, "srm": split})
    assert found[Signal.FUTILITY] == "conditional power 0.04 at look 2, below 0.10"
    assert "units per arm by day" in found[Signal.UNDERSIZED]
    assert "needed" in found[Signal.UNDERSIZED]
    fine = signs(
        bench, {"primary": {"conditional_power": 0.7}, "srm": {"n_control": 10**6, "n_treatment": 10**6}}
    )
    assert fine == {}


def test_a_first_look_that_never_came_is_no_data(bench: Bench) -> None:
    """Two days after it was due."""
    assert Signal.NO_DATA not in signs(bench, today=date(2026, 11, 9))
    assert signs(bench)[Signal.NO_DATA].startswith("day 19, and no look is on record")


def test_a_decided_launch_shows_no_signals(bench: Bench) -> None:
    """There is nothing left to stop."""
    bench.look(number=4)
    bench.write(Kind.DECIDED, {
        "decision": "stop", "verdict": "veto", "record": 1, "look": 4, "acknowledged": [], "override": None,
        "reason": "",
    }, "U0PM")  # fmt: skip
    assert signs(bench) == {}


def test_without_an_experiment_it_is_a_signal_from_the_third_week_on() -> None:
    """Before that it is only said."""
    assert unlinked("CAN-1", "x", week=2, weeks=12).signs == ()
    assert unlinked("CAN-1", "x", week=3, weeks=12).signs[0].signal is Signal.NOT_STARTED


def test_a_locked_pick_is_what_the_launch_check_asks_for(bench: Bench) -> None:
    """Without it the row says that the candidate is in no portfolio."""

    def row() -> Any:
        with bench.db.read() as session:
            return readiness.rows(session, bench.desk, launches.read(session, ID), LOOKED)[1]

    assert not row().present
    assert row().why == "CAN-1 led to it, and no locked portfolio picks that; no portfolio linked"
    lock(bench)
    assert row().present
    assert row().artefact == "CAN-1, picked for 2026-Q4 (ledger 7)"


def test_what_is_realised_comes_from_the_look_that_was_decided_on(bench: Bench) -> None:
    """In the unit of the impact, with its interval; of a metric that was not predicted nothing is said."""
    kept = lock(bench)
    record = bench.look(CLEAN, number=4)
    bench.write(Kind.DECIDED, {
        "decision": "ship", "verdict": "ship", "record": record, "look": 4, "acknowledged": [],
        "override": None, "reason": "",
    }, "U0PM")  # fmt: skip
    with bench.db.read() as session:
        (found,) = quarter_outcomes.outcomes(session, kept, ["CAN-1"])
    assert (found.shipped, found.significant, found.sustained) == (True, True, None)
    assert found.record == f"record {record}"
    with bench.db.read() as session:
        look = experiments.look(session, record)
    assert look is not None
    primary = look.result["primary"]
    allowing = primary["adjusted"]["estimate_rel"]  # what shipped after looks is not as large as it looks
    assert found.lift == pytest.approx(100 * allowing * primary["control"]["mean"])
    assert 0 < found.lift < 100 * primary["effect_abs"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.lift < found.high
    bench.write(Kind.AFTER, {"day": 42.0, "result": {"finding": "sustained"}}, "")
    with bench.db.read() as session:
        (found,) = quarter_outcomes.outcomes(session, kept, ["CAN-1"])
    assert found.succeeded is True  # as the check after the launch found it
    with bench.db.write() as session:
        item = candidates.meant(session, "CAN-1")
        other = Candidate(item.id, item.candidate.title, impact=Impact(0.5, "points", "csat"))
        candidates.change(session, bench.desk, item, other, LOOKED)
        (found,) = quarter_outcomes.outcomes(session, kept, ["CAN-1"])
    assert found.lift is None
    assert found.note == "measured on useful_answer_rate, and predicted on csat"
    with bench.db.read() as session:
        (as_locked,) = quarter_outcomes.outcomes(session, kept, ["CAN-1"], {"CAN-1": RERANKER})
    assert as_locked.lift is not None


def lock(bench: Bench) -> Quarterly:
    """A portfolio of 2026-Q4 that picks CAN-1 is locked."""
    from bot.core.quarterly import Edition

    kept = Quarterly("2026-Q4", "C0LAUNCH", 1, 1, 7, datetime(2026, 9, 28, tzinfo=UTC))
    at = LOOKED - timedelta(days=60)
    edition = Edition("2026-Q4", 1, "0" * 64, {"candidates": []}, {}, ("CAN-1",), None, ENG, at)
    with bench.db.write() as session:
        portfolios.save(session, kept)
        portfolios.add_edition(session, edition)
    return kept
