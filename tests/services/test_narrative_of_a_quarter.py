"""The defence of a quarter that was picked, locked, run and looked back on, as people typed it."""

from datetime import UTC, datetime

import pytest

from bot.core.thing import Thing
from bot.services import narrative
from bot.store.database import Database
from tests.services.portfolio_bench import ENG, PortfolioBench
from tests.services.test_portfolio import TINY


@pytest.fixture
def bench(sqlite: Database) -> PortfolioBench:
    """Two candidates for 2027-Q1, one picked and locked before it began; now its twelve weeks are over."""
    bench = PortfolioBench(sqlite)
    bench.type(f"import {TINY}")
    bench.type("gut CAN-2 because everybody asks for it")
    bench.type("lock")
    bench.now = datetime(2027, 3, 27, tzinfo=UTC)
    return bench


def told(bench: PortfolioBench, part: str) -> str:
    """A part of the quarter's defence."""
    with bench.db.read() as session:
        text = narrative.draft(session, bench.desk, Thing.read("2027-Q1"), bench.now).document.text
    return text.split(f"\n## {part}\n")[1].split("\n## ")[0]


def test_a_quarter_that_was_looked_back_on_says_what_came_of_its_picks(bench: PortfolioBench) -> None:
    """Outcomes as told, with their entries; targets in their units; what gut feel would have brought."""
    bench.type("outcome CAN-1 sustained 0.4 (0.1 to 0.7) https://wiki/reranker", by=ENG)
    bench.type("effort CAN-1 20 weeks", by=ENG)
    entry = bench.entries("2027-Q1")[-1]
    assert entry.kind == "portfolio_reviewed"
    said = told(bench, "Portfolio")
    assert "The quarter was looked back on, on 27 Mar 2027: 3.2M realised of " in said
    assert (
        f"Effort (actual / estimated engineer-weeks) 2.50, target at most 1.3: alert [ledger {entry.number}]"
        in said
    )
    assert "Hit rate (shipped and sustained / picked) 100 % (21 % … 100 %), target at least 60 %: met" in said
    assert " in 90 % of the draws), and learning from it " in said  # what was expected, with its interval
    assert "shipped and lasted, lift 0.4 (0.1 … 0.7), as told: https://wiki/reranker [ledger " in said
    assert "What the pick by gut feeling would have brought is not known: what CAN-2 brought" in said
    assert "Confidences of the next portfolio are multiplied by " in said
    velocity = told(bench, "Velocity")
    assert "No launch shipped in 2027-Q1, and 1 pick elsewhere as told [ledger " in velocity
    assert "What did not ship" not in velocity


def test_a_pick_that_never_ran_is_among_what_did_not_ship(bench: PortfolioBench) -> None:
    """Nobody said what became of it, and the retrospective that was kept says what it lacked."""
    bench.type("record")
    said = told(bench, "Portfolio")
    assert "; it lacked 2 things: CAN-1: what became of it (no experiment is linked) and CAN-1: " in said
    assert "**[gap: hit rate (shipped and sustained / picked) is not known: " in said
    assert "Reranker (CAN-1): picked, and no experiment of it is on record [ledger " in told(
        bench, "Velocity"
    )
    bench.type("outcome CAN-1 no 0.1 (-0.2 to 0.4) https://wiki/reranker", by=ENG)
    assert "Reranker (CAN-1): not shipped, lift 0.1 (\u22120.2 … 0.4), as told: " in told(bench, "Velocity")
