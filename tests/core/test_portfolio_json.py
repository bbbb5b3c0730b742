"""A scored portfolio as JSON: whatever numbers went in, only finite ones come out."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.candidate import Candidate, Choice, Effort, Impact, Kind, Reach, Test
from bot.core.portfolio import Capacity, Outcome, Portfolio, Project
from bot.core.portfolio_beside import beside
from bot.core.portfolio_json import retrospective_shape, shape
from bot.core.portfolio_outcome import look_back
from bot.core.portfolio_pick import pick
from bot.core.portfolio_score import score
from bot.stats.calibration import Judged
from bot.views.portfolio_text import lines, retrospective_lines

SIZES = st.floats(-9, 9).map(lambda power: 10**power)
RATES = st.sampled_from([0.0, 1e-9, 0.3, 0.5, 1.0])


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """It, or nothing."""
    return st.none() | strategy


CANDIDATES = st.builds(
    Candidate,
    id=st.just(""),
    title=st.just("A change"),
    kind=st.sampled_from(Kind),
    reach=maybe(st.builds(Reach, SIZES, st.sampled_from(["sessions", "images"]))),
    impact=maybe(
        st.builds(
            Impact,
            SIZES,
            st.sampled_from(["points", "percent", "clicks"]),
            baseline=maybe(RATES),
            sd=maybe(SIZES),
            spread=maybe(st.just(0.0) | SIZES),
            heuristic=maybe(SIZES),
        )
    ),
    confidence=maybe(RATES),
    effort=maybe(st.builds(Effort, st.floats(0.01, 1000), maybe(st.floats(0.01, 1000)))),
    test=st.builds(Test, units=maybe(SIZES), weeks=maybe(st.floats(0.1, 30))),
    choices=st.lists(
        st.builds(Choice, st.just("which way"), st.floats(0.1, 40), SIZES, maybe(SIZES)), max_size=1
    ).map(tuple),
)


@settings(max_examples=8, deadline=None)
@given(st.lists(CANDIDATES, min_size=1, max_size=4), st.sampled_from([None, 0.0, 10.0]))
def test_every_number_is_finite_or_null_with_a_reason(found: list[Candidate], weeks: float | None) -> None:
    """Scores, pick, comparison, retrospective and text, none of which raises."""
    named = tuple(replace(one, id=f"c{number}") for number, one in enumerate(found))
    portfolio = Portfolio(
        named,
        capacity=Capacity(2, weeks),
        confidences=(Judged(0.8, 5, 2),),
        projects=(Project("Past", 2, 5),),
        gut_feel=tuple(one.id for one in named),
        outcomes=(Outcome("c0", shipped=True, sustained=True, lift=0.1, significant=True, weeks=3),),
    )
    scored = score(portfolio, draws=40)
    chosen = pick(scored)
    other = beside(scored, chosen)
    back = look_back(scored, chosen.picked)
    told = json.loads(json.dumps(shape(scored, chosen, other) | retrospective_shape(back), allow_nan=False))
    for one in told["candidates"]:
        assert (one["rice"] is None) == bool(one["rice_reason"])
        assert (one["power"] is None) == bool(one["power_reason"])
        assert (one["expected_gain"] is None) == bool(one["expected_gain_reason"])
    assert lines(scored, chosen, other)[0]
    assert retrospective_lines(back)
