"""Portfolios for tests: the reference's twelve, and small ones made of a few candidates."""

from dataclasses import replace
from typing import Any

from bot.core.candidate import Candidate, Effort, Impact, PreMortem, Reach, Risk, Test
from bot.core.portfolio import Portfolio
from bot.core.portfolio_reader import read_portfolio
from bot.demo.data import PORTFOLIOS

TWELVE = PORTFOLIOS / "aml_02.yaml"
DRAWS = 2_000
"""Enough for a test; the command takes 20,000."""


def twelve() -> Portfolio:
    """The candidates of AML-02."""
    portfolio, findings = read_portfolio(TWELVE.read_text(encoding="utf-8"), name="aml_02.yaml")
    assert portfolio is not None, findings
    return portfolio


def candidate(name: str = "one", **other: Any) -> Candidate:
    """A candidate that may be picked, and is expected to gain about 240K."""
    usual: dict[str, Any] = {
        "reach": Reach(1e6, "sessions"),
        "impact": Impact(0.5, "points", metric="rate", baseline=0.2),
        "confidence": 0.5,
        "effort": Effort(6, engineers=2),
        "test": Test(units=8e6, weeks=2),
    }
    return Candidate(id=name, title=f"Change {name}", **{**usual, **other})


def with_one(portfolio: Portfolio, name: str, **other: Any) -> Portfolio:
    """The portfolio with one candidate changed."""
    changed = [replace(one, **other) if one.id == name else one for one in portfolio.candidates]
    return replace(portfolio, candidates=tuple(changed))


WRITTEN = PreMortem((Risk("the index must be rebuilt", 3),), "Stop at week 8.")
