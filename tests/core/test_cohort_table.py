"""Cohorts: marginals, crossings, adequacy, and whether they add up to the aggregate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Cell, Observations, Side
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")


def registration(dimensions: dict[str, list[str]], **more: Any) -> Registration:
    """A registration with these cohort dimensions."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["guardrails"] = []
    data["cohorts"] = {"dimensions": dimensions, "max_relative_regression": 0.03, **more}
    return load(data)


def cell(side: Side, cohort: tuple[str | None, ...], n: int, mean: float, sd: float = 0.142) -> Cell:
    """One arm in one crossing."""
    return Cell(side, cohort, n, {"rate": Sample.summary(n, mean, sd**2, "value")})


def look(plan: Registration, *cells: Cell, number: int = 4) -> LookResult:
    """A look at these cells."""
    return analyse(plan, "0" * 64, Observations(cells=cells, summary=True), look=number)


def test_a_cohort_that_falls_vetoes_whatever_the_aggregate_says() -> None:
    """AML-06: JP falls by 8.2 % while all together rise."""
    plan = registration({"locale": ["en", "jp"]})
    cells = [cell("control", ("en",), 70_000, 0.183), cell("treatment", ("en",), 70_000, 0.1965)]
    cells += [cell("control", ("jp",), 30_000, 0.196), cell("treatment", ("jp",), 30_000, 0.180)]
    result = look(plan, *cells)
    assert result.primary.good
    assert result.verdict == "veto"
    assert [(one.cohort, str(one.judgement.status)) for one in result.cohorts] == [
        ("locale=en", "clear"),
        ("locale=jp", "veto"),
    ]
    assert result.reasons[0].startswith("rate in locale=jp fell 8.16 % (")
    assert look_json(result)["heterogeneity"]["p"] < 1e-6
    assert look_json(result)["reconciliation"]["ok"] is True


def test_an_underpowered_cohort_is_shown_and_never_evidence() -> None:
    """Half of the units needed and -8 %: no veto, and the adequacy beside it."""
    plan = registration({"locale": ["en", "jp"]})
    cells = [cell("control", ("en",), 70_000, 0.183), cell("treatment", ("en",), 70_000, 0.19)]
    cells += [cell("control", ("jp",), 5_000, 0.196), cell("treatment", ("jp",), 5_000, 0.180)]
    result = look(plan, *cells)
    assert result.verdict == "ship"
    jp = look_json(result)["cohorts"][1]
    assert (jp["cohort"], jp["status"], jp["n"]) == ("locale=jp", "underpowered", 10_000)
    assert jp["adequacy"] == pytest.approx(5_000 / 10_735)
    assert jp["share"] == pytest.approx(10_000 / 150_000)


def test_crossings_are_named_in_declared_order_and_marginals_are_merges() -> None:
    """Two dimensions: values of each, then the crossing; an undeclared value counts in the aggregate."""
    plan = registration({"tenure": ["new", "old"], "device": ["app"]})
    cells = [
        cell(side, (tenure, device), 15_000, 0.18)
        for side in ("control", "treatment")
        for tenure in ("new", "old")
        for device in ("app", None)
    ]
    result = look(plan, *cells)
    assert [(one.cohort, one.n) for one in result.cohorts] == [
        ("tenure=new", 60_000),
        ("tenure=old", 60_000),
        ("device=app", 60_000),
        ("tenure=new,device=app", 30_000),
        ("tenure=old,device=app", 30_000),
    ]
    assert result.units == (60_000, 60_000)


def test_a_shift_of_the_mix_between_the_arms_is_made_explicit() -> None:
    """Simpson: no cohort moves, the aggregate does; the look says which is to be trusted."""
    plan = registration({"locale": ["en", "jp"]})
    cells = [cell("control", ("en",), 60_000, 0.10), cell("treatment", ("en",), 40_000, 0.10)]
    cells += [cell("control", ("jp",), 40_000, 0.30), cell("treatment", ("jp",), 60_000, 0.30)]
    found = look_json(look(plan, *cells))["reconciliation"]
    assert found["ok"] is False
    assert found["cohort_weighted_rel"] == pytest.approx(0, abs=1e-12)
    assert found["mix_shift"] == pytest.approx(0.04 / 0.18)
    assert "different cohort mixes" in found["reason"]


def test_without_a_floor_cohorts_are_shown_but_not_judged() -> None:
    """No threshold declared: undecided, with that reason."""
    plan = registration({"locale": ["en"]})
    cohorts = plan.cohorts.model_copy(update={"max_relative_regression": None})
    plan = plan.model_copy(update={"cohorts": cohorts})
    result = look(plan, cell("control", ("en",), 100, 0.1), cell("treatment", ("en",), 100, 0.1))
    assert look_json(result)["cohorts"][0]["reason"] == "no cohort threshold was declared"


def crossed(*rates: float, n: int = 30_000) -> list[Cell]:
    """Four crossings of two dimensions, control at .18 and the treatment at these rates."""
    cohorts = [(tenure, device) for tenure in ("new", "old") for device in ("app", "web")]
    cells = [cell("control", cohort, n, 0.18) for cohort in cohorts]
    return [
        *cells,
        *(cell("treatment", cohort, n, rate) for cohort, rate in zip(cohorts, rates, strict=True)),
    ]


TWO = {"tenure": ["new", "old"], "device": ["app", "web"]}


def test_cohorts_of_the_crossing_have_a_shrunk_estimate_and_marginals_a_reason() -> None:
    """Towards the mean of all, less where the cohort knows more; the spread between them is what is left."""
    found = look_json(look(registration(TWO), *crossed(0.18, 0.184, 0.186, 0.19)))
    marginals, crossings = found["cohorts"][:4], found["cohorts"][4:]
    assert all(one["shrunk_rel"] is None and "one dimension" in one["shrunk_rel_reason"] for one in marginals)
    mean = found["heterogeneity"]["mean_rel"]
    assert mean == pytest.approx(0.185 / 0.18 - 1, abs=2e-4)
    low, high = found["heterogeneity"]["mean_ci_rel"]
    assert low < mean < high
    for one in crossings:
        assert abs(one["shrunk_rel"] - mean) < abs(one["effect_rel"] - mean)
        half = (one["ci_rel"][1] - one["ci_rel"][0]) / 2
        assert 0 < one["shrunk_sd"] < half / 1.95


def test_the_correction_goes_over_all_adequate_cohorts_and_its_level_is_shown() -> None:
    """Four marginals and four crossings of 30,000: Bonferroni judges each at an eighth of alpha."""
    cells = crossed(0.18, 0.184, 0.186, 0.1735)
    plain = look_json(look(registration(TWO), *cells))
    corrected = look_json(look(registration(TWO, correction="bonferroni"), *cells))
    holm = look_json(look(registration(TWO, correction="holm"), *cells))
    assert {one["adjusted_alpha"] for one in plain["cohorts"]} == {0.05}
    assert {one["adjusted_alpha"] for one in corrected["cohorts"]} == {0.05 / 8}
    assert [one["status"] for one in plain["cohorts"]][-1] == "veto"
    levels = sorted(one["adjusted_alpha"] for one in holm["cohorts"])
    assert levels[0] == 0.05 / 8
    assert levels[-1] > 0.05 / 8
    assert plain["worst_cohort"]["cohort"] == "tenure=old,device=web"


def test_a_floor_that_is_crossed_by_chance_among_many_cohorts_vetoes_only_without_a_correction() -> None:
    """p = .02 in one of eight: a veto at .05, a near-veto at .05/8."""
    se = 0.142 * (2 / 30_000) ** 0.5
    cells = crossed(0.18, 0.184, 0.186, 0.18 - 2.326 * se)
    plan = registration(TWO, max_relative_regression=0.01)
    strict = registration(TWO, max_relative_regression=0.01, correction="bonferroni")
    assert look(plan, *cells).verdict == "veto"
    found = look(strict, *cells)
    assert found.verdict != "veto"
    assert str(found.cohorts[-1].judgement.status) == "near-veto"


def test_underpowered_cohorts_share_no_level_and_are_not_the_worst() -> None:
    """Crossings of 4,000 are no evidence, so four marginals share alpha, and the worst is one of these."""
    cells = crossed(0.18, 0.184, 0.186, 0.14, n=4_500)
    found = look_json(look(registration(TWO, correction="bonferroni", min_adequacy=0.8), *cells))
    assert [one["status"] for one in found["cohorts"]][4:] == ["underpowered"] * 4
    assert {one["adjusted_alpha"] for one in found["cohorts"][:4]} == {0.05 / 4}
    assert {one["adjusted_alpha"] for one in found["cohorts"][4:]} == {0.05}
    assert "," not in found["worst_cohort"]["cohort"]


def test_the_crossing_is_raked_to_the_declared_shares_of_a_dimension() -> None:
    """Declared 80 % new: the post-stratified effect leans on the new, and says whose shares these are."""
    cells = crossed(0.18, 0.18, 0.19, 0.19)
    found = look_json(look(registration(TWO, shares={"tenure": {"new": 0.8, "old": 0.2}}), *cells))
    assert found["post_stratified"]["effect_abs"] == pytest.approx(0.2 * 0.01)
    assert (found["post_stratified"]["shares"], found["post_stratified"]["over"]) == (
        "declared",
        ["tenure", "device"],
    )
    assert found["primary"]["effect_abs"] == pytest.approx(0.5 * 0.01)


def test_a_crossing_with_an_empty_arm_is_stratified_by_one_dimension() -> None:
    """No treated user of old and web: the finest strata that have an effect are used."""
    cells = [
        one
        for one in crossed(0.18, 0.18, 0.19, 0.19)
        if one.cohort != ("old", "web") or one.side == "control"
    ]
    found = look(
        registration(TWO), *(replace(one, units=3) if one.cohort == ("old", "web") else one for one in cells)
    )
    stratified = found.post_stratified
    assert not isinstance(stratified, Undecided)
    assert stratified.over == ("tenure",)


def test_without_cohorts_nothing_is_stratified_and_no_cohort_is_the_worst() -> None:
    """Null, and the reason."""
    found = look_json(
        look(registration({}), cell("control", (), 900, 0.18), cell("treatment", (), 900, 0.18))
    )
    assert (found["post_stratified"], found["post_stratified_reason"]) == (None, "no cohorts were declared")
    assert (found["worst_cohort"], found["worst_cohort_reason"]) == (None, "no cohorts were declared")


def test_a_metric_that_should_fall_is_worst_where_it_rises() -> None:
    """direction: decrease turns the harmful side and the distance."""
    plan = registration({"locale": ["en", "jp"]})
    primary = plan.primary.model_copy(update={"direction": "decrease"})
    plan = plan.model_copy(update={"primary": primary})
    cells = [cell("control", (name,), 40_000, 0.18) for name in ("en", "jp")]
    cells += [cell("treatment", ("en",), 40_000, 0.17), cell("treatment", ("jp",), 40_000, 0.1818)]
    worst = look_json(look(plan, *cells))["worst_cohort"]
    assert worst["cohort"] == "locale=jp"
    assert worst["distance"] == pytest.approx(0.03 - 0.01)
