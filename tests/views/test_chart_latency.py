"""Pictures and sentences of a simulated budget, where there is something to draw and where there is not."""

from pathlib import Path

import numpy as np

from bot.core.latency_reader import read_budget
from bot.core.latency_result import Simulation
from bot.core.latency_simulation import simulate
from bot.core.measurements import Measurements
from bot.stats.tail import Level
from bot.stats.turns import Turns
from bot.views.chart_latency import alt, compared, distribution, waterfall
from bot.views.latency_words import answer, ms, span

SHIPPED = Path(__file__).parents[2] / "bot" / "demo" / "data" / "latency" / "aml_07.yaml"


def found(measured: bool = True) -> Simulation:
    """The shipped budget with a few turns of its own, or with none."""
    budget, _ = read_budget(SHIPPED.read_text(encoding="utf-8"), name="b.yaml")
    assert budget is not None
    rng = np.random.default_rng(1)
    ms = {stage.name: stage.allocated_p95_ms * rng.uniform(0.3, 1, 400) for stage in budget.stages}
    return simulate(budget, Measurements("turns", Turns(ms)) if measured else Measurements(), draws=2000)


def test_the_what_ifs_are_drawn_beside_what_is() -> None:
    """The same facts give the same bytes; all is said in words too, within Slack's limit."""
    one = found()
    picture = compared(one)
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert len(alt(one)) <= 1000
    assert "In turns around the p95: parse" in alt(one)


def test_without_turns_there_is_nothing_to_draw() -> None:
    """None, and not an empty picture."""
    nothing = found(measured=False)
    assert (waterfall(nothing), distribution(nothing), compared(nothing)) == (None, None, None)
    assert alt(nothing).startswith("Chatbot turn")


def test_a_stage_that_is_asked_twice_says_under_which_condition() -> None:
    """The extra load with its interval, and that replicas must be slow for reasons of their own."""
    one = found()
    said = answer(one, next(s for s in one.what_ifs if s.what_if and s.what_if.id == "hedged"))
    assert "Reranker is asked" in said
    assert said.endswith("That holds where a second request is slow for reasons of its own.")


def test_an_interval_says_which_end_it_does_not_have() -> None:
    """Never an end that nobody knows."""
    assert span(Level(0.95, 5.0, 4.0, None)) == "(from 4.0, no upper end)"
    assert span(Level(0.95, 500.0, None, 600.0)) == "(up to 600, no lower end)"
    assert span(Level(0.95, 5.0, None, None)) == "(too few turns for an interval)"
    assert ms(1840.0) == "1,840 ms"
