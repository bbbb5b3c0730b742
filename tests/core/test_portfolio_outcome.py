"""A quarter looked back on: predicted and realised, targets and alerts, calibration, the next haircut."""

from dataclasses import replace

import pytest

from bot.core.candidate_value import Estimate
from bot.core.portfolio import Outcome, Portfolio
from bot.core.portfolio_outcome import Retrospective, Standing, look_back
from bot.core.portfolio_score import overruns_of, score
from bot.stats.calibration import Brier, Judged
from bot.stats.undecided import Undecided
from tests.core.portfolio_bench import DRAWS, twelve

PICKED = ("#1", "#2", "#3")
WON = Outcome("#1", shipped=True, sustained=True, lift=0.4, low=0.3, high=0.5, significant=True, weeks=13)
SMALL = Outcome("#2", shipped=True, sustained=True, lift=0.6, low=0.2, high=1.0, significant=True, weeks=8)
LOST = Outcome("#3", shipped=False, lift=-0.2, weeks=22, note="A regression in the JP cohort.")


def back(*outcomes: Outcome, **other: object) -> Retrospective:
    """What a quarter with these outcomes comes to."""
    portfolio = replace(twelve(), outcomes=outcomes, **other)  # type: ignore[arg-type]
    return look_back(score(portfolio, draws=DRAWS), PICKED)


def standing(found: Retrospective) -> list[Standing]:
    """How the four targets stand."""
    return [one.standing for one in found.targets]


def test_a_good_quarter_meets_all_targets() -> None:
    """8M x .4 + 1.2M x .6 = 3.92M; 2 of 3 sustained; 43 of 38 weeks; a record of 21 in 28."""
    found = back(WON, SMALL, LOST)
    assert found.realised == pytest.approx(8e6 * 0.4 + 1.2e6 * 0.6)
    assert standing(found) == [Standing.MET] * 4
    lift, hits, effort, calibration = found.targets
    assert lift.value == pytest.approx(3.92e6 / found.predicted)
    assert hits.value == pytest.approx(2 / 3)
    # Wilson's interval of 2 in 3: statsmodels proportion_confint(2, 3, method="wilson")
    assert (hits.low, hits.high) == pytest.approx((0.20766, 0.93851), abs=1e-4)
    assert effort.value == pytest.approx(43 / 38)
    stated = (25 * 0.8 + 0.6 + 0.43 + 0.28) / 28
    assert calibration.value == pytest.approx(21 / 28 - stated)


def test_what_was_predicted_is_what_was_kept_then() -> None:
    """Not what the same file comes to today; nothing is made up for one that nobody could predict."""
    portfolio = replace(twelve(), outcomes=(WON, SMALL, LOST))
    then = {"#1": Estimate(5e6, 1e6, 9e6), "#2": None}
    found = look_back(score(portfolio, draws=DRAWS), PICKED, then)
    assert [row.predicted for row in found.rows] == [then["#1"], None, None]
    assert found.predicted == 5e6
    assert found.targets[0].value == pytest.approx(3.92 / 5)


def test_the_quarter_of_the_vignette_raises_its_alerts() -> None:
    """AML-02: an abandoned pick that overran 2.4 times, and nothing shipped: each alert, with the haircut."""
    lost = [Outcome(name, shipped=False, weeks=weeks) for name, weeks in (("#1", 30), ("#2", 20), ("#3", 43))]
    found = back(*lost, confidences=(Judged(0.8, 12, 5),))
    assert found.realised == 0
    assert standing(found) == [Standing.ALERT] * 4
    assert found.targets[2].value == pytest.approx(93 / 38)
    assert found.after.factor < found.before.factor < 1
    assert [(one.confidence, one.succeeded) for one in found.judged] == [(0.6, 0), (0.43, 0), (0.28, 0)]


def test_between_target_and_alert_it_is_missed() -> None:
    """Half to seven tenths of the lift, 40 to 60 % of hits, 1.3 to 2 times the weeks."""
    found = back(
        replace(WON, lift=0.12, weeks=20),
        replace(SMALL, sustained=False, weeks=15),
        replace(LOST, weeks=25),
        confidences=(Judged(0.75, 20, 12),),
    )
    lift, hits, effort, calibration = found.targets
    assert lift.standing is Standing.MISSED
    assert hits.standing is Standing.ALERT  # one of three
    assert effort.standing is Standing.MISSED
    assert calibration.standing is Standing.MISSED


def test_what_nobody_knows_yet_is_unknown_not_nothing() -> None:
    """No outcome, no lift of a shipped one, no weeks, not yet known to last."""
    found = back(WON, replace(SMALL, lift=None, sustained=None, weeks=None))
    assert standing(found)[:3] == [Standing.UNKNOWN] * 3
    reasons = [one.value.reason for one in found.targets[:3] if isinstance(one.value, Undecided)]
    assert reasons == [
        "what #2, #3 brought is not on record",
        "nobody knows yet of #2, #3",
        "nobody has said what #2, #3 took",
    ]
    assert [one.confidence for one in found.judged] == [0.6]
    assert [one.title for one in found.projects] == ["Reranker MiniLM-L6 to L12 (US-MLE-02)"]


def test_what_was_not_significant_brought_nothing_even_if_shipped() -> None:
    """Observed lift x significance."""
    found = back(replace(WON, significant=False), SMALL, LOST)
    assert found.realised == pytest.approx(1.2e6 * 0.6)
    assert found.rows[0].realised == 0


def test_the_gut_feel_pick_is_told_where_it_is_known() -> None:
    """#11, #1, #4: only #1 was run; once the others are on record too, so is their sum."""
    found = back(WON, SMALL, LOST)
    assert isinstance(found.gut_realised, Undecided)
    assert found.gut_realised.reason == "what #11, #4 brought is not on record"
    other = back(
        WON,
        SMALL,
        LOST,
        Outcome("#11", shipped=False),
        Outcome("#4", shipped=True, lift=0.1, significant=True),
    )
    assert other.gut_realised == pytest.approx(8e6 * 0.4 + 8e6 * 0.1)
    assert isinstance(back(WON, SMALL, LOST, gut_feel=()).gut_realised, Undecided)


def test_a_quarter_teaches_the_next_one() -> None:
    """Its confidences go into the curve, the Brier score and the haircut, its costs into the overruns."""
    found = back(WON, SMALL, LOST)
    assert sum(one.tried for one in found.curve) == 28
    assert isinstance(found.score, Brier)
    squares = 25 * (0.76 * 0.04 + 0.24 * 0.64) + 0.4**2 + 0.57**2 + 0.28**2
    assert found.score.score == pytest.approx(squares / 28)
    assert found.after.tried == 28
    assert [one.ratio for one in found.projects] == pytest.approx([13 / 12, 1.0, 22 / 18])
    before = Portfolio(candidates=twelve().candidates, projects=twelve().projects)
    learnt = overruns_of(replace(before, projects=(*before.projects, *found.projects)))
    assert learnt["recsys"].median > overruns_of(before)["recsys"].median


def test_nothing_picked_is_nothing_to_look_back_on() -> None:
    """No rate of nothing."""
    found = look_back(score(twelve(), draws=100), ())
    assert standing(found)[:3] == [Standing.UNKNOWN] * 3
    assert found.realised == 0
