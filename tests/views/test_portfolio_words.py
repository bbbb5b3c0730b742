"""The sentences about a portfolio, where the reference's twelve do not lead."""

from dataclasses import replace

import pytest

from bot.core.candidate import Kind
from bot.core.portfolio import Capacity, Portfolio
from bot.core.portfolio_beside import beside
from bot.core.portfolio_pick import pick
from bot.core.portfolio_score import Scored, score
from bot.stats.calibration import Judged, haircut
from bot.views import portfolio_words as words
from bot.views.portfolio_text import lines
from tests.core.portfolio_bench import candidate, twelve


def scored(portfolio: Portfolio) -> Scored:
    """Scored with few draws."""
    return score(portfolio, draws=500)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (0.1234, "0.12"), (12.34, "12.3"), (999.6, "1K"), (1_690_909, "1.69M"), (2.5e9, "2.5B")],
)
def test_amounts_have_three_digits(value: float, said: str) -> None:
    """With K, M and B."""
    assert words.amount(value) == said


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "No past confidences are on record: no haircut is applied."),
        ([Judged(0.8, 12, 6)], "over-confident, confidences are multiplied by 0.72 (0.62 before shrinking)."),
        (
            [Judged(0.8, 40, 39)],
            "under-confident, confidences are multiplied by 1.20 (1.22 before shrinking).",
        ),
        ([Judged(0.8, 25, 19)], "succeeded at 0.76 (0.57 to 0.89): well calibrated, no haircut."),
    ],
)
def test_a_haircut_says_what_it_comes_from(record: list[Judged], said: str) -> None:
    """The record, the rate with its interval, and the factor before and after shrinking."""
    assert words.haircut(haircut(record)).endswith(said)


def test_gut_feel_that_follows_rice_is_told_that_the_framework_adds_little() -> None:
    """Above 0.7, in words."""
    found = scored(replace(twelve(), gut_feel=("#1", "#11", "#2", "#3")))
    other = beside(found, pick(found))
    assert "gut feel already follows RICE, and the framework adds little" in words.agreement(other)
    none = scored(replace(twelve(), gut_feel=()))
    silent = beside(none, pick(none))
    assert words.gut(silent).startswith("No gut-feel pick is on record")
    assert "undecided, no gut-feel pick is on record" in words.agreement(silent)


def test_a_gut_feel_pick_of_unknown_gain_is_no_defeat() -> None:
    """What cannot be compared is not compared."""
    found = scored(replace(twelve(), gut_feel=("#6", "#1", "#2")))
    told = words.gut(beside(found, pick(found)))
    assert "How much better the pick is cannot be said: what #6 of the gut-feel pick would bring" in told


def test_reasons_for_what_must_be_what_depends_and_what_nobody_knows_of() -> None:
    """Each candidate has its sentence."""
    harness = candidate("h", kind=Kind.TOOLING, reach=None, impact=None, must="The correlation fell to 0.41.")
    blocked = candidate("b", depends_on=("other",))
    other = candidate("other", team="theirs")
    idle = candidate("i", kind=Kind.TOOLING, reach=None, impact=None)
    portfolio = Portfolio(
        (candidate("a"), harness, blocked, other, idle), capacity=Capacity(1, teams=("ours",))
    )
    found = scored(portfolio)
    chosen = pick(found)
    told = {one.candidate.id: words.reason(found, chosen, one) for one in found.scores}
    assert "must be picked: The correlation fell to 0.41." in told["h"]
    assert told["b"] == "It needs other, which cannot be picked."
    assert told["i"] == "Nothing is known that it would bring: no reach and no impact is given."
    assert told["other"].startswith("It belongs to theirs, and this pick is for ours.")
    assert "even with" not in told["a"]


def test_no_feasible_pick_is_the_first_thing_said() -> None:
    """Verdict first, then what would help."""
    found = scored(replace(twelve(), capacity=Capacity(0, 48, ("chatbot", "recsys"))))
    chosen = pick(found)
    told = lines(found, chosen, beside(found, chosen))
    assert told[0].startswith("2026-Q3: no pick is feasible: ")
    assert any(line.startswith("Limits: one slot more would add") for line in told)


def test_a_list_of_names_stops_somewhere() -> None:
    """Two hundred ids are no sentence."""
    assert words.listed([str(n) for n in range(200)], 3) == "0, 1, 2 and 197 more"
