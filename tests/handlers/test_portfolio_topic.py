"""`/portfolio`: what is open to everybody, and every form drawn within Slack's limits."""

import json

import pytest

from bot.store.database import Database
from bot.views.portfolio_actions import PortfolioAction
from handlers.quarter.portfolio import TOPIC
from handlers.topic import Everybody
from tests.services.portfolio_bench import PortfolioBench
from tests.services.test_portfolio import TINY


def test_what_is_open_to_everybody_is_this_and_no_more() -> None:
    """Writing candidates, asking, and putting off reminders; the rest takes a role."""
    everything = {**TOPIC.orders, **TOPIC.presses, **TOPIC.forms}
    assert [str(name) for name, (_, needed) in everything.items() if isinstance(needed, Everybody)] == [
        "add", "edit", "pre-mortem", "score", "pick", "retro", "update", "snooze", "dismiss",
        "portfolio.score", "portfolio.pick", "portfolio.snooze", "portfolio.dismiss",
        "portfolio.leave_file",
        "portfolio.candidate", "portfolio.pre_mortem",
    ]  # fmt: skip


@pytest.fixture
def bench(sqlite: Database) -> PortfolioBench:
    """A locked portfolio of 2027-Q1 that picks CAN-1, and CAN-2 in the backlog."""
    bench = PortfolioBench(sqlite)
    bench.type(f"import {TINY}")
    return bench


@pytest.mark.parametrize(
    ("action", "value"),
    [
        (PortfolioAction.EDIT, "CAN-1"),
        (PortfolioAction.PRE_MORTEM, "CAN-1"),
        (PortfolioAction.WAIVE, "CAN-1"),
        (PortfolioAction.DROP, "CAN-1"),
        (PortfolioAction.GUT, "2027-Q1"),
    ],
)
def test_every_form_of_the_backlog_is_drawn(bench: PortfolioBench, action: str, value: str) -> None:
    """For somebody who holds the roles."""
    by = "U0APP"
    view = bench.open(action, value, by=by)
    assert json.loads(view["private_metadata"])["value"].startswith(value)


def test_the_forms_of_a_locked_quarter_are_drawn_and_taken(bench: PortfolioBench) -> None:
    """Efforts and outcomes, from the buttons of the retrospective's card."""
    bench.type("gut CAN-2")
    bench.type("lock")
    bench.open(PortfolioAction.EFFORTS, "2027-Q1")
    bench.send("portfolio.efforts", "2027-Q1", {"weeks_CAN-1": "12 weeks"})
    assert "1.5 times the weeks estimated" not in bench.card("portfolio/2027-Q1/retro").text
    bench.open(PortfolioAction.OUTCOME, "2027-Q1 CAN-1")
    bench.send("portfolio.outcome", "2027-Q1 CAN-1", {"shipped": "no", "lift": "", "note": "https://wiki/x"})
    assert "1.5 times the weeks estimated" in bench.card("portfolio/2027-Q1/retro").text
    assert bench.entries("2027-Q1")[-1].kind == "portfolio_reviewed"


def test_a_candidate_is_written_edited_and_guarded_by_its_form(bench: PortfolioBench) -> None:
    """What is wrong is shown at its field; who edits what another changed meanwhile is told so."""
    from bot.errors import InputError
    from handlers.switchboard import FORMS

    form = FORMS["portfolio.candidate"]
    assert "no probability" in form.check({"title": "x", "confidence": "60"})["confidence"]
    bench.send("portfolio.candidate", "", {"title": "Distillation", "kind": "tooling", "effort": "4 weeks"})
    assert "4 engineer-weeks" in bench.card("candidate/CAN-3/card").text
    bench.send("portfolio.candidate", "CAN-3@1", {"title": "Distillation", "effort": "14 weeks"})
    card = bench.card("candidate/CAN-3/card")
    assert "it cannot be picked without a pre-mortem" in card.text
    assert card.buttons == ["Edit…", "[Pre-mortem…]", "Waive detectability…", "Drop…"]
    with pytest.raises(InputError, match="changed by somebody else"):
        bench.send("portfolio.candidate", "CAN-3@1", {"title": "Distillation 2"})
    fields = {"risks": "two on-calls: 2 weeks", "contingency": "stop at week 8"}
    bench.send("portfolio.pre_mortem", "CAN-3", fields)
    assert "✓ Pre-mortem: two on-calls (+2 weeks)" in bench.card("candidate/CAN-3/card").text
    bench.press(PortfolioAction.PICK, "2027-Q1")
    assert "CAN-3" in bench.card("portfolio/2027-Q1/card").text
