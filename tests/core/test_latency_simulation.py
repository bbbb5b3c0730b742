"""Simulations of a latency budget: three methods side by side, what-ifs, and what cannot be computed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from bot.core.latency_budget import Assumed, Budget, Hedge
from bot.core.latency_json import shape
from bot.core.latency_reader import read_budget
from bot.core.latency_result import REST, Estimate, Fit, Method, Scenario, Simulation
from bot.core.latency_simulation import simulate
from bot.core.measurements import Measurements
from bot.core.pipeline import between
from bot.core.what_if import Cap, HedgeCall, NewDurations, NewP95, Parallel, TopK, WhatIf
from bot.core.what_if_words import read_words
from bot.stats.tail import Level
from bot.stats.turns import Buckets, Turns, clusters
from bot.stats.undecided import Undecided

P95 = {"parse": 30, "intent": 50, "retrieval": 220, "rerank": 240, "model": 200, "format": 40}
"""AML-07's stages, ms."""
DRAWS = 20_000


def budget(more: str = "", slo: float = 800) -> Budget:
    """AML-07's budget, serial."""
    stages = "".join(f"  - {{name: {name}, allocated_p95_ms: {ms}}}\n" for name, ms in P95.items())
    text = f"kind: latency\nid: turn\nslo: {{ms: {slo}}}\nstages:\n{stages}{more}"
    found, findings = read_budget(text, name="b.yaml")
    assert found is not None, findings
    return found


def lognormal(rho: float, n: int = 4000, seed: int = 1) -> dict[str, np.ndarray]:
    """Turns whose stages have AML-07's p95s and normal scores that are correlated by rho."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    found = {}
    for name, p95 in P95.items():
        z = np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.standard_normal(n)
        found[name] = p95 * np.exp(0.5 * (z - stats.norm.ppf(0.95)))
    return found


def run(
    ms: Mapping[str, np.ndarray], *what_ifs: str, on: Budget | None = None, **turns: object
) -> Simulation:
    """Simulate turns, with what-ifs as they are typed."""
    on = on or budget()
    asked = tuple(read_words(one, on) for one in what_ifs)
    return simulate(on, Measurements("turns", Turns(ms, **turns)), asked, draws=DRAWS)  # type: ignore[arg-type]


def p95(scenario: Scenario, method: Method = Method.WHOLE) -> Level:
    """The turn's p95 by a method."""
    found = scenario.estimate(method)
    assert isinstance(found, Estimate)
    return found.at(0.95)


def test_the_six_stages_of_aml_07_by_three_methods() -> None:
    """Added up 780 ms, independent 0.74 of it; the more stages are slow together, the closer to the sum."""
    ratios = []
    for rho in (0.0, 0.5, 1.0):
        now = run(lognormal(rho)).now
        assert p95(now, Method.ADDITIVE).ms == pytest.approx(780, rel=0.03)
        assert p95(now, Method.INDEPENDENT).ms == pytest.approx(0.74 * 780, rel=0.03)
        ratios.append(p95(now).ms / p95(now, Method.ADDITIVE).ms)
    assert ratios == sorted(ratios)
    assert ratios[0] == pytest.approx(0.74, abs=0.02)
    assert ratios[2] == pytest.approx(1.0, abs=1e-6)


def test_what_is_true_lies_in_the_intervals() -> None:
    """Of 40 samples of independent stages, at least 36 hold the p95 of 2,000,000 turns, by both methods."""
    truth = float(np.quantile(sum(lognormal(0.0, 500_000, seed=9).values()), 0.95))
    held = {Method.WHOLE: 0, Method.INDEPENDENT: 0}
    for seed in range(40):
        now = run(lognormal(0.0, 1000, seed=seed + 10)).now
        for method in held:
            level = p95(now, method)
            held[method] += (
                level.low is not None and level.high is not None and level.low <= truth <= level.high
            )
    assert min(held.values()) >= 36


def test_the_same_seed_says_the_same_and_another_nearly() -> None:
    """Whole turns are not drawn at all."""
    ms, on = lognormal(0.3), budget()
    first, again, other = (
        simulate(on, Measurements("turns", Turns(ms)), (), seed=seed, draws=DRAWS) for seed in (1, 1, 2)
    )
    assert shape(first) == shape(again)
    assert p95(first.now) == p95(other.now)
    assert p95(first.now, Method.INDEPENDENT).ms != p95(other.now, Method.INDEPENDENT).ms
    assert p95(other.now, Method.INDEPENDENT).ms == pytest.approx(
        p95(first.now, Method.INDEPENDENT).ms, rel=0.02
    )


def test_a_new_p95_scales_the_stage_and_the_difference_is_surer_than_its_ends() -> None:
    """Every turn is longer by 1/3 of its reranking: what both have in common is taken out."""
    ms = lognormal(0.4)
    found = run(ms, "p95 rerank 320", on=budget(slo=900))
    scenario = found.what_ifs[0]
    at = {stage.name: stage for stage in scenario.stages}
    assert at["rerank"].levels[1].ms == pytest.approx(320)
    assert scenario.change is not None
    factor = 320 / np.quantile(ms["rerank"], 0.95, method="inverted_cdf")
    truth = np.quantile(sum(ms.values()) + (factor - 1) * ms["rerank"], 0.95, method="inverted_cdf")
    assert p95(scenario).ms == pytest.approx(truth)
    assert scenario.change.ms == pytest.approx(p95(scenario).ms - p95(found.now).ms)
    width = (scenario.change.high or 0) - (scenario.change.low or 0)
    assert 0 < width < 0.7 * ((p95(scenario).high or 0) - (p95(scenario).low or 0))


@pytest.mark.parametrize(("slo", "fit"), [(900, Fit.FITS), (400, Fit.OVER)])
def test_a_turn_fits_where_its_whole_interval_does(slo: float, fit: Fit) -> None:
    """And does not where the whole of it lies beyond."""
    assert run(lognormal(0.4), on=budget(slo=slo)).now.fit is fit


def test_an_interval_around_the_slo_is_too_close_to_call() -> None:
    """Neither yes nor no."""
    ms = lognormal(0.4)
    slo = float(np.quantile(sum(ms.values()), 0.95))
    assert run(ms, on=budget(slo=round(slo))).now.fit is Fit.OPEN


def test_two_stages_side_by_side_take_as_long_as_the_longer() -> None:
    """Turn by turn; the path leaves the shorter one out."""
    ms = lognormal(0.2)
    scenario = run(ms, "parallel intent retrieval").what_ifs[0]
    rest = sum(one for name, one in ms.items() if name not in ("intent", "retrieval"))
    truth = np.quantile(rest + np.maximum(ms["intent"], ms["retrieval"]), 0.95, method="inverted_cdf")
    assert p95(scenario).ms == pytest.approx(truth)
    assert "intent" not in scenario.path


def test_a_fallback_caps_its_stage_and_says_how_often() -> None:
    """Given up after 240 ms in about 5 % of turns."""
    scenario = run(lognormal(0.2), "fallback rerank 240 5").what_ifs[0]
    stage = next(one for one in scenario.stages if one.name == "rerank")
    assert stage.given_up is not None
    assert stage.given_up.value == pytest.approx(0.05, abs=0.01)
    assert stage.given_up.low < stage.given_up.value < stage.given_up.high
    assert stage.levels[2].ms == 245


def test_a_hedge_says_its_extra_load_and_one_that_was_measured_is_not_done_again() -> None:
    """Asked twice in as many turns as are beyond the delay."""
    ms = lognormal(0.2)
    scenario = run(ms, "hedge rerank 150").what_ifs[0]
    stage = next(one for one in scenario.stages if one.name == "rerank")
    assert stage.twice is not None
    assert stage.twice.value == pytest.approx(float((ms["rerank"] > 150).mean()))
    assert scenario.change is not None
    assert scenario.change.ms < 0
    on = budget()
    hedged = tuple(replace(one, hedge=Hedge(100, measured=True)) for one in on.stages)
    assert p95(run(ms, on=replace(on, stages=hedged)).now) == p95(run(ms).now)


def test_a_smaller_top_k_has_its_measured_effect_and_none_beyond_what_was_measured() -> None:
    """Off the line between two measurements."""
    assert between({20: 190.0, 30: 240.0}, 24) == pytest.approx(210)
    with pytest.raises(ValueError, match="5 items lie outside"):
        between({20: 190.0, 30: 240.0}, 5)
    what_if = WhatIf("k", "k", (TopK("rerank", 30, 20, {20: 190.0, 30: 240.0}),))
    found = simulate(budget(), Measurements("t", Turns(lognormal(0.2))), (what_if,), draws=DRAWS)
    levels = [
        next(s for s in one.stages if s.name == "rerank").levels[1].ms
        for one in (found.now, found.what_ifs[0])
    ]
    assert levels[1] / levels[0] == pytest.approx(190 / 240)


def test_durations_of_another_file_keep_which_turns_are_slow() -> None:
    """Rank by rank; without the file nothing is said of that what-if alone."""
    ms = lognormal(0.5)
    change = NewDurations("rerank", "new.parquet", "ms")
    what_if = WhatIf("new", "the new one", (change,))
    others = {change: ms["rerank"][::-1] * 2}
    known = Measurements("t", Turns(ms), others=others)
    scenario = simulate(budget(slo=900), known, (what_if,), draws=DRAWS).what_ifs[0]
    assert p95(scenario).ms == pytest.approx(
        np.quantile(sum(ms.values()) + ms["rerank"], 0.95, method="inverted_cdf")
    )
    unknown = Measurements("t", Turns(ms), missing={"new.parquet": "no file matches it"})
    scenario = simulate(
        budget(), unknown, (what_if, WhatIf("n", "n", (NewP95("parse", 20),))), draws=DRAWS
    ).what_ifs
    assert scenario[0].why == "the durations of new.parquet cannot be had: no file matches it"
    assert scenario[0].fit is Fit.OPEN
    assert scenario[1].why == ""


def test_a_stage_without_measurements_is_taken_at_its_allocation_and_whole_turns_are_refused() -> None:
    """With the reason; an expected median makes it a distribution."""
    ms = lognormal(0.3)
    del ms["rerank"]
    missing = {"rerank": "has no column rerank"}
    on = budget()
    found = simulate(on, Measurements("t", Turns(ms), missing=missing), (), draws=DRAWS)
    whole = found.now.estimates[Method.WHOLE]
    assert isinstance(whole, Undecided)
    assert whole.reason == "rerank stood in no measured turn"
    assert found.now.judged is Method.INDEPENDENT
    assert found.notes == ("rerank has no column rerank: taken to be 240 ms always, its allocation.",)
    stage = next(one for one in found.now.stages if one.name == "rerank")
    assert (stage.levels[0].ms, stage.levels[1].ms) == (240, 240)
    assert stage.assumed


def test_an_expected_median_makes_a_stage_lognormal() -> None:
    """Through that median and the allocated p95."""
    ms = lognormal(0.3)
    del ms["rerank"]
    on = budget()
    stages = (replace(one, assumed=Assumed(120) if one.name == "rerank" else None) for one in on.stages)
    on = replace(on, stages=tuple(stages))
    found = simulate(on, Measurements("t", Turns(ms), missing={"rerank": "has none"}), (), draws=DRAWS)
    stage = next(one for one in found.now.stages if one.name == "rerank")
    assert stage.levels[0].ms == pytest.approx(120, rel=0.01)
    assert stage.levels[1].ms == pytest.approx(240, rel=0.01)
    assert "lognormal, half of it above 120 ms" in stage.assumed


def test_without_any_measurement_p95s_are_added_up_and_nothing_is_judged() -> None:
    """Neither yes nor no, with the reasons."""
    found = simulate(budget(), Measurements(), (), draws=DRAWS)
    assert p95(found.now, Method.ADDITIVE).ms == 780
    assert found.now.judged is Method.ADDITIVE
    assert found.now.fit is Fit.OPEN
    reasons = [one.reason for one in found.now.estimates.values() if isinstance(one, Undecided)]
    assert reasons == [
        "there are no measured turns", "no stage is measured, and none has an assumed median",
    ]  # fmt: skip
    assert shape(found)["now"]["fit"] is None


def histograms(ms: Mapping[str, np.ndarray], edges: np.ndarray) -> dict[str, Buckets]:
    """The durations as counts up to each edge and beyond."""
    counts = {name: np.histogram(one, [0, *edges, np.inf])[0].astype(float) for name, one in ms.items()}
    return {name: Buckets(edges, one) for name, one in counts.items()}


def test_histograms_give_bounds_and_never_whole_turns() -> None:
    """Independent stages alone, between the least and the most that buckets allow: the finer, the closer."""
    ms = lognormal(0.0, 50_000)
    truth = float(np.quantile(sum(ms.values()), 0.95))
    coarse, fine = np.array([5.0, 10, 25, 50, 100, 250, 500, 1000]), np.geomspace(1, 2000, 80)
    widths = []
    for edges in (coarse, fine):
        found = simulate(budget(), Measurements("h", histograms=histograms(ms, edges)), (), draws=DRAWS)
        level = p95(found.now, Method.INDEPENDENT)
        assert level.low is not None
        assert level.high is not None
        assert level.low < truth < level.high
        widths.append(level.high - level.low)
    assert widths[1] < widths[0] / 4
    assert level.ms == pytest.approx(truth, rel=0.03)
    whole = found.now.estimates[Method.WHOLE]
    assert isinstance(whole, Undecided)
    assert whole.reason == "histograms do not say which stages were slow in the same turn"


def test_the_turns_own_histogram_stands_beside_them() -> None:
    """600 ms, and 5 of the 9 in the bucket up to 800; what was measured is what is judged."""
    turn = Buckets(np.array([400.0, 600, 800]), np.array([70.0, 20, 9, 1]))
    known = histograms(lognormal(0.0), np.geomspace(1, 2000, 40))
    found = simulate(budget(), Measurements("h", histograms=known, turn=turn), (), draws=DRAWS)
    assert p95(found.now, Method.HISTOGRAM).ms == pytest.approx(600 + 200 * 5 / 9, rel=0.01)
    assert found.now.judged is Method.HISTOGRAM
    assert shape(found)["now"]["judged_by"] == "own_histogram"


def test_what_lies_beyond_the_last_bucket_has_no_upper_end() -> None:
    """Where it is more than the quantile leaves out."""
    known = {name: Buckets(np.array([10.0, 20]), np.array([50.0, 40, 10])) for name in P95}
    found = simulate(budget(), Measurements("h", histograms=known), (), draws=DRAWS)
    assert p95(found.now, Method.INDEPENDENT).high is None
    assert found.now.fit is Fit.OPEN
    assert json.dumps(shape(found), allow_nan=False)


def test_what_of_a_turn_stands_in_no_stage_stays_in_it() -> None:
    """The measured turn is the truth; stages that take longer than it leave a doubt about the graph."""
    ms = lognormal(0.3)
    total = sum(ms.values()) + 25.0
    found = run(ms, "p95 rerank 300", total=total)
    assert found.now.stages[-1].name == REST
    assert p95(found.now).ms == pytest.approx(np.quantile(total, 0.95, method="inverted_cdf"))
    assert p95(found.what_ifs[0]).ms > p95(found.now).ms
    doubted = run(ms, total=sum(ms.values()) - ms["intent"])
    assert "the stages take longer than the turn did: some run side by side" in doubted.notes[0]


def test_turns_of_a_session_widen_the_interval() -> None:
    """As many as they count for are said."""
    ms = {name: np.repeat(one[:1000], 4) for name, one in lognormal(0.3).items()}
    alone, grouped = run(ms), run(ms, cluster=clusters(np.repeat(np.arange(1000), 4)))
    assert grouped.told == pytest.approx(1000, rel=0.05)
    widths = [(p95(one.now).high or 0) - (p95(one.now).low or 0) for one in (alone, grouped)]
    assert widths[1] > 1.6 * widths[0]


def test_cohorts_are_compared_with_the_whole_and_one_surely_beyond_is_marked() -> None:
    """AML-07: more than 20 % off."""
    ms = lognormal(0.3, 6000)
    slow = np.arange(6000) % 10 == 0
    ms = {name: np.where(slow, one * 1.6, one) for name, one in ms.items()}
    found = run(ms, cohorts=slow.astype(np.int64), cohort_names=("locale=en", "locale=jp")).cohorts
    assert [(one.name, one.turns, one.beyond) for one in found] == [
        ("locale=jp", 600, True), ("locale=en", 5400, False),
    ]  # fmt: skip
    assert found[0].off > 0.2


def test_stages_that_are_slow_together_are_named_by_their_rank_correlation() -> None:
    """The closest first; one that never varies is in no pair."""
    ms = lognormal(0.5)
    ms["parse"] = np.full(len(ms["parse"]), 12.0)
    found = run(ms).pairs
    assert len(found) == 10
    assert found[0].rho == pytest.approx(0.48, abs=0.06)  # 6/pi asin(rho/2) of a normal copula
    assert all(abs(one.rho) >= abs(two.rho) for one, two in pairwise(found))


def test_a_slow_turn_is_shared_out_among_its_stages() -> None:
    """Their means in turns around the p95 add up to it, and each begins where the one before ends."""
    found = run(lognormal(0.4)).now
    assert sum(stage.near or 0 for stage in found.stages) == pytest.approx(p95(found).ms, rel=0.01)
    for one, two in pairwise(found.stages):
        assert (one.begins or 0) + (one.near or 0) == pytest.approx(two.begins)


def test_few_turns_are_too_few_to_call() -> None:
    """Eight of them have no upper end for a p95: 0.95^8 is more than a half."""
    found = run(lognormal(0.3, 8))
    assert p95(found.now).high is None
    assert found.now.fit is Fit.OPEN
    assert json.dumps(shape(found), allow_nan=False)
    assert run(lognormal(0.3, 1)).now.fit is Fit.OPEN


def test_stages_that_never_vary_are_exactly_as_long_as_they_are() -> None:
    """No interval is invented, and nothing divides by zero."""
    found = run({name: np.full(200, float(ms)) for name, ms in P95.items()}, "hedge rerank 10")
    assert p95(found.now) == Level(0.95, 780, 780, 780)
    assert found.now.fit is Fit.FITS
    assert found.pairs == ()
    zero = run({name: np.zeros(200) for name in P95}, "p95 rerank 20")
    assert zero.what_ifs[0].why == "rerank takes no time now, so that it cannot be scaled to a p95"


def test_json_has_a_reason_beside_every_null() -> None:
    """And no number that JSON does not have."""
    found = simulate(
        budget(),
        Measurements(),
        (WhatIf("a", "a", (Cap("rerank", 100), HedgeCall("parse", 5), Parallel("parse", "intent"))),),
    )
    said = shape(found)
    json.dumps(said, allow_nan=False)
    assert said["now"]["turn"]["whole_turns"] == {
        "p50": None, "p95": None, "p99": None, "over_slo": None, "reason": "there are no measured turns",
    }  # fmt: skip
    assert said["what_if"][0]["critical_path"][:2] == ["intent", "retrieval"]
    assert said["slo"] == {"quantile": 0.95, "ms": 800.0}
