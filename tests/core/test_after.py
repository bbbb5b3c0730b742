"""The check after a launch: which finding follows from which figures, and how often it alarms for nothing."""

import math
from typing import Any

import numpy as np
import pytest

from bot.core.after import After, AtLaunch, judge
from bot.core.observation import Cell, Observations, Side
from bot.core.registration import Registration, load
from bot.stats.novelty import Exposed, Point
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

SHAPE: dict[str, Any] = {
    "id": "after-1",
    "hypothesis": {"intervention": "do(x = 1)"},
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": 14,
    "data": {"path": "rows.csv", "unit": "user", "arm": "arm", "day": "day"},
    "metrics": {"rate": {"kind": "mean"}, "did": {"kind": "proportion"}},
    "primary": {"metric": "rate"},
    "sequential": {"looks": [14]},
}
SIDES: tuple[Side, Side] = ("control", "treatment")
NOTHING = Undecided("no rows by day")


def registration(**changes: Any) -> Registration:
    """The registration."""
    return load(SHAPE | changes)


def seen(control: float, treatment: float, *, se: float = 0.01, n: int = 10_000, **more: Any) -> Observations:
    """Observations with these means, whose difference has this standard error; n: of each arm."""
    holdout = more.pop("holdout", n)
    cells = tuple(
        Cell(
            side,
            (),
            units,
            {more.get("metric", "rate"): Sample.summary(units, mean, se**2 * units / 2, "value")},
        )
        for side, mean, units in zip(SIDES, (control, treatment), (holdout, n), strict=True)
        if units
    )
    more.pop("metric", None)
    return Observations(cells=cells, **({"first_day": 1.0, "last_day": 27.0} | more))


def at_launch(effect: float | None = 0.05, half: float = 0.02, look: int = 1) -> AtLaunch:
    """What the last look measured."""
    ends = None if effect is None else (effect - half, effect + half)
    return AtLaunch(7, look, 14.0, effect, ends)


def found(after: Observations | None, launch: AtLaunch | None = None, **more: Any) -> After:
    """What is found after a look that saw the treatment at 1.05."""
    known = more.pop("plan", None) or registration()
    exposed = more.pop("exposed", NOTHING)
    then = more.pop("then", seen(1.0, 1.05, last_day=14.0))
    return judge(known, launch or at_launch(), then, after, exposed, since=15, **more)


@pytest.mark.parametrize(
    ("treatment", "finding"),
    [(1.05, "sustained"), (1.04, "sustained"), (1.021, "faded"), (1.0, "gone"), (0.95, "gone")],
)
def test_against_a_holdout_the_effect_lasted_shrank_or_is_gone(treatment: float, finding: str) -> None:
    """Intervals of two points either way; the look measured 5 %, give or take 2."""
    result = found(seen(1.0, treatment))
    assert (result.finding, result.against) == (finding, "holdout")
    assert result.days == (16.0, 42.0)
    assert result.ratio == pytest.approx((treatment - 1) / 0.05)


def test_a_metric_that_should_fall_is_judged_the_other_way() -> None:
    """The same figures, mirrored."""
    plan = registration(primary={"metric": "rate", "direction": "decrease"})
    assert found(seen(1.0, 0.95), at_launch(-0.05), plan=plan).finding == "sustained"
    assert found(seen(1.0, 0.979), at_launch(-0.05), plan=plan).finding == "faded"
    assert found(seen(1.0, 1.02), at_launch(-0.05), plan=plan).finding == "gone"


def test_what_neither_excludes_nothing_nor_the_launchs_effect_is_unknown() -> None:
    """A small holdout: never called sustained, and never called gone."""
    result = found(seen(1.0, 1.03, se=0.04))
    assert result.finding == "unknown"
    assert result.because.endswith("neither nothing nor the +5.0 % at look 1 can be excluded")


@pytest.mark.parametrize(
    ("effect", "said"), [(None, "had no effect to compare it with"), (-0.01, "no gain that")]
)
def test_without_a_gain_at_launch_nothing_can_have_lasted(effect: float | None, said: str) -> None:
    """Shipped by override, say."""
    result = found(seen(1.0, 1.05), at_launch(effect))
    assert result.finding == "unknown"
    assert said in result.because


def test_a_holdout_that_mostly_went_over_is_none() -> None:
    """Those who did not come back are no control."""
    assert found(seen(1.0, 1.05, holdout=400, both_arms=4_600)).against == "launch"
    kept = found(seen(1.0, 1.05, holdout=4_600, both_arms=400))
    assert kept.against == "holdout"
    assert kept.remarks == ("400 units of the holdout went over to the treatment and are left out",)


@pytest.mark.parametrize(("treatment", "finding"), [(1.06, "held"), (1.05, "held"), (1.02, "fell")])
def test_without_a_holdout_treatment_now_is_held_against_treatment_then(
    treatment: float, finding: str
) -> None:
    """And it says what mixes in."""
    result = found(seen(1.0, treatment, holdout=0))
    assert (result.finding, result.against, result.ratio) == (finding, "launch", None)
    assert (
        "no unit was kept on the control after the launch, so seasons and other changes mix in"
        in result.because
    )
    assert result.guardrails == ()


def test_no_fall_is_not_said_to_be_shown_where_all_of_the_gain_may_be_lost() -> None:
    """Absence of evidence is none."""
    result = found(seen(1.0, 1.04, se=0.05, holdout=0), then=seen(1.0, 1.05, se=0.05, last_day=14.0))
    assert result.finding == "unknown"
    assert "so a fall by all that was gained cannot be excluded" in result.because


def test_a_share_that_grows_with_the_days_is_not_compared_over_other_days() -> None:
    """Who did it in 27 days are more than in 14."""
    plan = registration(primary={"metric": "did"})
    after = seen(0.3, 0.32, holdout=0, metric="did")
    then = seen(0.3, 0.31, metric="did", last_day=14.0)
    result = found(after, plan=plan, then=then)
    assert result.finding == "unknown"
    assert "did grows with the days it is counted over: 14 days then, 27 days now" in result.because


def test_broken_data_and_no_data_are_unknown_with_the_reason() -> None:
    """Never gone."""
    assert "column day begins at 0" in found(seen(1.0, 1.05, broken=("column day begins at 0",))).because
    nothing = found(None, unseen="the data end on day 15")
    assert (nothing.finding, nothing.because, nothing.days) == ("unknown", "the data end on day 15", None)
    assert nothing.to_json()["p"] is None


def test_an_effect_that_wears_off_is_seen_in_either_direction() -> None:
    """Smaller, whichever way it points; one that grows is not."""

    def exposed(slope: float) -> Exposed:
        points = tuple(Point(day, 0.05 + slope * math.log1p(day), 1e-6) for day in range(20))
        return Exposed(points, 1e-6, 500)

    assert found(seen(1.0, 1.05), exposed=exposed(-0.01)).fades
    assert not found(seen(1.0, 1.05), exposed=exposed(0.01)).fades
    assert found(seen(1.0, 0.95), at_launch(-0.05), exposed=exposed(0.01)).fades
    kept = found(seen(1.0, 1.05), exposed=exposed(-0.01)).to_json()
    assert (kept["fades"], kept["novelty"]["days"], len(kept["points"])) == (True, [0, 19], 20)


def test_an_effect_that_lasts_is_called_less_no_oftener_than_in_a_fortieth() -> None:
    """2,000 launches whose effect is the same before and after, each measured with its own error. Seed 11.

    As often with a holdout as precise as the look, and with one a tenth of its size; 3 standard errors of
    2.5 % are 1 point. Held against the launch's figure alone, as if it were exact, 8 in 100 would be.
    """
    chosen = np.random.default_rng(11)
    for se in (0.01, 0.03):
        less = naive = 0
        for _ in range(1000):
            was, now = chosen.normal(0.1, 0.01), chosen.normal(0.1, se)
            result = found(seen(1.0, 1 + now, se=se), at_launch(was, 1.96 * 0.01))
            less += result.finding in ("faded", "gone")
            naive += 1.96 * se < was - now
        assert less / 1000 <= 0.025 + 0.015
        assert se > 0.01 or naive / 1000 > 0.06


def test_the_launchs_effect_is_the_one_that_allows_for_the_looks() -> None:
    """What ships looks larger than it is; where no such estimate is known, the plain one."""
    primary = {
        "effect_rel": 0.08,
        "ci_rel": [0.04, 0.12],
        "adjusted": {"estimate_rel": 0.06, "ci_rel": [0.01, 0.1]},
    }
    fair = AtLaunch.of(1, 2, 7.0, {"primary": primary})
    assert (fair.effect_rel, fair.ci_rel, fair.adjusted) == (0.06, (0.01, 0.1), True)
    plain = AtLaunch.of(1, 2, 7.0, {"primary": primary | {"adjusted": None}})
    assert (plain.effect_rel, plain.ci_rel, plain.adjusted) == (0.08, (0.04, 0.12), False)
