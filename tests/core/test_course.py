"""Looks that are not as planned: peeks, other days, more or fewer units; each held against rpact."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.analysis import analyse
from bot.core.course import PEEK, Course, course
from bot.core.information import fraction, planned_units
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Cell, Observations, Side
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

TESTS = Path(__file__).parents[1]
GOOD = (TESTS / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
RPACT = json.loads((TESTS / "oracles" / "realised.json").read_text(encoding="utf-8"))
SIX = 1e-6
PLANNED = 100_000

Earlier = tuple[tuple[float, int, int], ...]


def registration(**sequential: Any) -> Registration:
    """The good registration (looks on days 4, 7, 11, 14) on a summary table, without cohorts."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["sequential"] = {"looks": [4, 7, 11, 14], "spending": "obrien-fleming"} | sequential
    data["guardrails"] = []
    data["metrics"] = {"rate": {"kind": "mean"}}
    del data["cohorts"]
    return load(data)


def seen(units: int = 40_000, mean: float = 0.187, earlier: Earlier = ()) -> Observations:
    """So many units in two equal arms, with what looks before saw."""
    half = units // 2
    means: dict[Side, float] = {"control": 0.183, "treatment": mean}
    cells = [
        Cell(side, (), half, {"rate": Sample.summary(half, value, 0.02, "value")})
        for side, value in means.items()
    ]
    return Observations(cells=tuple(cells), summary=True, earlier=earlier)


def at(plan: Registration, number: int, day: float, **more: Any) -> Course:
    """The course of a look that saw 40,000 units."""
    return course(plan, more.pop("saw", seen()), number=number, day=day, **more)


def look(plan: Registration, number: int | None, **more: Any) -> LookResult:
    """A whole look."""
    return analyse(plan, "0" * 64, more.pop("saw", seen()), look=number, **more)


def test_a_peek_spends_by_the_plans_function_and_later_looks_have_less() -> None:
    """Day 9 among days 4, 7, 11, 14: every boundary as rpact's for those five looks."""
    found = at(registration(), PEEK, 9)
    assert (found.numbers, found.days, found.at) == ((1, 2, PEEK, 3, 4), (4, 7, 9, 11, 14), 2)
    assert found.plan.z == pytest.approx(RPACT["peek"]["z"], abs=SIX)
    assert found.plan.cumulative_alpha == pytest.approx(RPACT["peek"]["spent"], abs=SIX)
    assert (found.following, found.last) == (3, False)


def test_a_peek_on_record_is_counted_by_the_looks_after_it() -> None:
    """Look 3 after looks on days 4, 7 and 9 asks what the same five looks ask there."""
    found = at(registration(), 3, 11, earlier=[4, 7, 9])
    assert found.numbers == (1, 2, PEEK, 3, 4)
    assert found.plan.z == pytest.approx(RPACT["peek"]["z"], abs=SIX)
    assert look(registration(), 3, earlier=[4, 7, 9]).notes == (
        "Counted as well: the unplanned look on day 9.",
    )


def test_a_look_nobody_held_spends_nothing() -> None:
    """Look 1 left out: look 2 spends what both would have, so it asks for less than the plan's z."""
    found = at(registration(), 2, 7, earlier=[])
    assert (found.numbers, found.days) == ((2, 3, 4), (7, 11, 14))
    assert found.plan.cumulative_alpha[0] == pytest.approx(RPACT["peek"]["spent"][1], abs=SIX)


def test_a_peek_is_reported_with_what_it_costs() -> None:
    """JSON: no number, not planned, what it spends, and each later boundary beside the registered one."""
    result = look(registration(), None, day=9, saw=seen(mean=0.1855))
    found = look_json(result)
    assert (found["look"], found["planned"], found["peek"], found["verdict"]) == (
        None,
        False,
        True,
        "continue",
    )
    assert found["alpha_at_look"] == pytest.approx(0.0103632475752 - 0.003050645454848, abs=SIX)
    assert found["alpha_spent"] == pytest.approx(0.0103632475752, abs=SIX)
    (third, fourth) = found["remaining"]
    assert (third["look"], third["day"], fourth["look"]) == (3, 11, 4)
    assert third["boundary_z"] == pytest.approx(RPACT["peek"]["z"][3], abs=SIX)
    assert third["boundary_p"] < third["boundary_p_registered"]
    assert (
        result.reasons
        == (
            "p = 0.077, and this peek stops only below 0.0094.",
            "Nothing to decide before look 3 on day 11.",
        )
        or result.primary.significant
    )
    assert result.notes == (
        "⚠ A peek: the plan has no look on day 9. It spends 0.0073 of alpha. "
        "With it, look 3 stops only below 0.020 (0.022 as registered).",
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"spending": "none"},
        {"spending": "nominal", "alphas": [0.001, 0.01, 0.02, 0.03]},
        {"spending": "exact-pocock"},
        {"spending": "exact-obrien-fleming"},
        {"spending": "haybittle-peto"},
    ],
)
def test_a_peek_at_a_plan_without_a_function_has_figures_and_no_verdict(rule: dict[str, Any]) -> None:
    """Null with its reason; nothing is spent, nothing judged, and later looks stand as registered."""
    result = look(registration(**rule), None, day=9, saw=seen(mean=0.25))
    found = look_json(result)
    primary = found["primary"]
    assert (found["verdict"], found["alpha_at_look"]) == (None, 0.0)
    assert found["verdict_reason"] == "the plan's rule does not say what an unplanned look may spend"
    assert primary["p"] < 1e-9
    for name in ("significant", "boundary_z", "boundary_p", "conditional_power", "predictive_power"):
        assert (primary[name], primary["reasons"][name]) == (None, found["verdict_reason"])
    assert primary["adjusted"]["reason"] == found["verdict_reason"]
    assert all(one["boundary_p"] == one["boundary_p_registered"] for one in found["remaining"])
    assert "the figures are shown, and nothing follows from them" in result.reasons[0]


def test_a_rule_without_a_function_refuses_to_count_a_peek() -> None:
    """Its boundaries are for its own looks: a peek, which decided nothing, is to be left out."""
    with pytest.raises(ValueError, match="the rule exact-pocock cannot count a peek nor leave out a look"):
        at(registration(spending="exact-pocock"), 3, 11, earlier=[4, 7, 9])


def test_a_peek_on_the_day_of_a_look_is_that_look() -> None:
    """Who names day 11 and no look means look 3."""
    result = look(registration(), None, day=11)
    assert (result.look, result.planned, result.peek) == (3, True, False)


@pytest.mark.parametrize("day", [None, 0, -1, 15])
def test_a_peek_lies_within_the_plan(day: float | None) -> None:
    """Not before its first day, and not after its last look, which spends what is left."""
    with pytest.raises(ValueError, match="a peek lies on a day before the last look, day 14"):
        look(registration(), None, day=day)


@pytest.mark.parametrize(
    ("earlier", "said"), [([7, 4], "7, 4, do not rise"), ([4, 9], "does not come after")]
)
def test_looks_follow_each_other(earlier: list[float], said: str) -> None:
    """Days that do not rise, or do not lie before this one, are refused."""
    with pytest.raises(ValueError, match=said):
        at(registration(), PEEK, 9, earlier=earlier)


BEFORE: Earlier = ((4, 10_000, 10_000), (7, 20_000, 20_000), (11, 37_500, 37_500))


def units(number: int, day: int, saw: int, before: Earlier = BEFORE) -> Course:
    """A look of a plan that counts units, 100,000 in all."""
    plan = registration(information="units", planned_units=PLANNED)
    return at(plan, number, day, saw=seen(saw, earlier=before))


@pytest.mark.parametrize(("number", "day", "saw"), [(1, 4, 20_000), (2, 7, 40_000), (3, 11, 75_000)])
def test_units_give_the_boundary_of_the_information_there_is(number: int, day: int, saw: int) -> None:
    """Fractions .2, .4, .75 instead of the 4/14, 7/14, 11/14 that days would give."""
    found = units(number, day, saw)
    assert found.information.fractions[-1] == pytest.approx(saw / PLANNED)
    assert found.plan.z[number - 1] == pytest.approx(RPACT["under"][number - 1], abs=SIX)
    assert (found.numbers, found.days) == ((1, 2, 3, 4), (4, 7, 11, 14))
    assert found.plan.fractions[-1] == pytest.approx(1)


@pytest.mark.parametrize(("case", "saw"), [("under", 90_000), ("over", 110_000)])
def test_the_last_look_spends_what_is_left_with_fewer_or_more_units(case: str, saw: int) -> None:
    """90 or 110 % of the planned units at the last look: the whole of alpha is spent either way."""
    found = units(4, 14, saw)
    assert found.plan.z == pytest.approx(RPACT[case], abs=SIX)
    assert found.plan.cumulative_alpha[-1] == pytest.approx(0.05, abs=1e-9)


def test_a_look_with_all_planned_units_is_the_last() -> None:
    """Look 3 has them already: it spends everything, no look follows, and not shown is no ship."""
    plan = registration(information="units", planned_units=PLANNED)
    before: Earlier = ((4, 10_000, 10_000), (7, 20_000, 20_000))
    result = look(plan, 3, saw=seen(100_000, mean=0.1831, earlier=before))
    assert (result.verdict, result.course.last) == ("no-ship", True)
    assert result.reasons[-1].startswith("All of the planned information is there")
    assert look_json(result)["remaining"] == []


@pytest.mark.parametrize(
    ("changes", "before", "said"),
    [
        ({"planned_units": 1e5}, ((4, 10_000, 10_000),), "the units seen by day 7 are not known"),
        ({"planned_units": 1e5}, ((4, 1, 1), (7, 30_000, 30_000)), "by day 11 are no more than those before"),
    ],
)
def test_without_units_days_stand_in_and_say_so(changes: dict[str, Any], before: Earlier, said: str) -> None:
    """The boundary is that of days, the note why."""
    plan = registration(information="units", **changes)
    rows = Observations(cells=seen().cells, earlier=before)
    result = look(plan, 3, saw=rows)
    assert result.plan == at(registration(), 3, 11).plan
    assert said in result.notes[0]
    assert look_json(result)["information"] == {"fraction": 11 / 14, "counted_in": "days"}


def test_planned_units_are_the_plans_own_size_when_none_are_declared() -> None:
    """10,735 an arm, inflation and all; without a size none."""
    plan = registration(information="units")
    found = planned_units(plan)
    assert not isinstance(found, Undecided)
    assert found == 2 * 10_735
    bare = load(parse(GOOD.replace("  sd: 0.142\n", ""), name="x").data)
    assert isinstance(planned_units(bare), Undecided)


@settings(max_examples=50, deadline=None)
@given(control=st.integers(1, 10**7), treatment=st.integers(1, 10**7))
def test_uneven_arms_have_less_information_than_even_ones(control: int, treatment: int) -> None:
    """4 n_c n_t / (n_c + n_t) over the planned total, at most what an even split of the units has."""
    plan = registration()
    found = fraction(plan, PLANNED, control, treatment)
    assert found == pytest.approx(4 * control * treatment / (control + treatment) / PLANNED)
    assert found <= (control + treatment) / PLANNED * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(
    days=st.lists(st.integers(1, 13), min_size=1, max_size=6, unique=True).map(sorted),
)
def test_whatever_was_held_alpha_is_spent_once(days: list[int]) -> None:
    """Any days of looks and peeks: the plan as it stands spends alpha in all, never more by any look."""
    plan = registration()
    found = course(plan, seen(), number=PEEK, day=float(days[-1]), earlier=[float(d) for d in days[:-1]])
    assert found.at == len(days) - 1
    assert found.days[found.at] == days[-1]
    assert found.plan.cumulative_alpha[-1] == pytest.approx(0.05, abs=1e-9)
    assert all(n > 0 or day in days for n, day in zip(found.numbers, found.days, strict=True))


@pytest.mark.parametrize(("direction", "treatment"), [("increase", 0.1858), ("decrease", 0.1802)])
def test_a_one_sided_look_is_held_against_the_p_of_its_direction(direction: str, treatment: float) -> None:
    """z 1.98 the declared way at the last look: p .024 one-sided, where .05 is spent on one side."""
    plan = registration(sided=1)
    plan = plan.model_copy(update={"primary": plan.primary.model_copy(update={"direction": direction})})
    result = look(plan, 4, saw=seen(mean=treatment))
    primary = look_json(result)["primary"]
    assert (primary["sided"], primary["significant"], result.verdict) == (1, True, "ship")
    assert primary["p_judged"] == pytest.approx(primary["p"] / 2)
    assert 0.023 < primary["p_judged"] < primary["boundary_p"] < 0.05
    assert ": one-sided p = 0.024, below the 0.04" in result.reasons[0]


def test_a_one_sided_look_never_crosses_the_other_way() -> None:
    """However far it falls: nothing is shown, and the p of the declared direction is near 1."""
    result = look(registration(sided=1), 4, saw=seen(mean=0.17))
    assert (result.primary.significant, result.verdict) == (False, "no-ship")
    assert result.primary.p_judged == pytest.approx(1)


def test_powers_and_the_futility_bound_of_a_look_are_in_its_json() -> None:
    """Conditional and predictive power before the last look, null with the reason at it."""
    plan = registration(futility={"spending": "obrien-fleming"})
    third, last = (look_json(look(plan, n, saw=seen(mean=0.1855)))["primary"] for n in (3, 4))
    assert 0 < min(third["predictive_power"], third["conditional_power"]) < 1
    assert third["predictive_power"] != third["conditional_power"]
    assert 0 < third["futility_z"] < third["boundary_z"]
    assert (last["conditional_power"], last["predictive_power"]) == (None, None)
    assert last["reasons"]["predictive_power"] == "this is the last look"
