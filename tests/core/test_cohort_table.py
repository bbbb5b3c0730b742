"""Cohorts: marginals, crossings, adequacy, and whether they add up to the aggregate."""

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
