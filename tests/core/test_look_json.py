"""The JSON of a look and of a plan: whatever is null has its reason beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.analysis import analyse
from bot.core.lint import check_registration
from bot.core.look_json import look_json
from bot.core.observation import Cell, Observations
from bot.core.plan import work_out
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")

Arm = tuple[int, float, float | None]
"""Units, mean and variance of one arm in the one cohort there is data for."""


def registration(**changes: Any) -> Registration:
    """The good registration on a summary table."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    return load(data | changes)


def taken(control: Arm, treatment: Arm, number: int = 2, **changes: Any) -> dict[str, Any]:
    """The JSON of a look at English users with these statistics for every metric."""
    plan = registration(**changes)
    cells = []
    for side, (n, mean, variance) in (("control", control), ("treatment", treatment)):
        sample = Sample.summary(n, mean, variance, "value")
        samples = {metric: sample for metric in plan.metrics if plan.metrics[metric].kind == "mean"}
        cells.append(Cell(side, ("en",), n, samples))  # type: ignore[arg-type]  # the two sides
    result = analyse(plan, "0" * 64, Observations(cells=tuple(cells), summary=True), look=number)
    return json.loads(json.dumps(look_json(result), allow_nan=False))  # type: ignore[no-any-return]  # a mapping


def unexplained(value: Any, where: str = "") -> Iterator[str]:
    """The paths of nulls that nothing beside them explains."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from unexplained(item, f"{where}[{number}]")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        said = value.get("reasons")
        why = said.get(key) if isinstance(said, dict) else None
        if item is None and not (why or value.get("reason") or value.get(f"{key}_reason")):
            yield f"{where}.{key}"
        yield from unexplained(item, f"{where}.{key}")


CASES = {
    "continue": ((20_000, 0.183, 0.02), (20_000, 0.187, 0.02)),
    "no variance known": ((20_000, 0.183, None), (20_000, 0.187, None)),
    "no units": ((0, 0.0, None), (0, 0.0, None)),
    "a single unit": ((1, 0.2, None), (1, 0.3, None)),
    "a constant": ((9_000, 0.2, 0.0), (9_000, 0.2, 0.0)),
    "mismatch": ((20_000, 0.183, 0.02), (10_000, 0.187, 0.02)),
    "control at 0": ((20_000, 0.0, 0.02), (20_000, 0.187, 0.02)),
    "control near 0": ((20_000, 1e-5, 0.02), (20_000, 0.187, 0.02)),
    "control below 0": ((20_000, -5.0, 0.02), (20_000, -4.9, 0.02)),
    "enormous": ((10**9, 1e9, 1.0), (10**9, 1e9 + 1, 1.0)),
}


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("case", CASES)
def test_every_null_of_a_look_has_its_reason(case: str, number: int) -> None:
    """Whatever the data, at an early look and at the last; `data_last_day` is null without days."""
    found = taken(*CASES[case], number)
    del found["data_last_day"]
    assert list(unexplained(found)) == []


@pytest.mark.parametrize("case", ["control at 0", "control near 0", "control below 0"])
def test_no_relative_effect_where_its_sign_or_size_would_mislead(case: str) -> None:
    """The absolute effect, z and p stand; relative figures are null, and cohorts are not judged by them."""
    found = taken(*CASES[case], 4)
    primary = found["primary"]
    assert {primary["effect_rel"], primary["ci_rel"], primary["adjusted"]["estimate_rel"]} == {None}
    assert primary["effect_abs"] == pytest.approx(CASES[case][1][1] - CASES[case][0][1])
    assert primary["z"] > 5
    assert "%" not in found["reasons"][0]
    assert found["reconciliation"]["ok"] is None or case == "control near 0"


def test_an_invalid_look_adjusts_and_promises_nothing() -> None:
    """The figures stay for whoever hunts the fault; nothing is judged from them."""
    primary = taken(*CASES["mismatch"])["primary"]
    assert primary["p"] is not None
    assert {primary["significant"], primary["conditional_power"], primary["adjusted"]["p"]} == {None}
    assert primary["reasons"]["significant"] == "the data are invalid"


@pytest.mark.parametrize(
    "change",
    [
        ("", ""),
        ("traffic: {eligible_per_day: 20000}\n", ""),
        ("  sd: 0.142\n", ""),
        ("looks: [4, 7, 11, 14]", "looks: [1, 14]"),
    ],
)
def test_every_null_of_a_plan_has_its_reason(change: tuple[str, str]) -> None:
    """Without traffic, without sd, with a look too early to spend anything."""
    plan, findings = check_registration(GOOD.replace(*change), "x.yaml")
    assert plan is not None
    assert list(unexplained(work_out(plan, "0" * 64, findings).to_json())) == []


def test_a_cohort_without_a_line_asks_for_no_acknowledgement() -> None:
    """Dimensions declared for the table alone: shown as undecided, and a launch is not held up."""
    found = taken(*CASES["enormous"], 4, cohorts={"dimensions": {"locale": ["en", "jp"]}}, guardrails=[])
    assert found["cohorts"][0]["status"] == "undecided"
    assert not any("cohort" in reason or "locale" in reason for reason in found["reasons"])


def test_a_lift_below_the_declared_minimum_ships_with_a_word_about_it() -> None:
    """+1.6 % where 3 % was the minimum: significant by the rule, and nobody signs unaware."""
    found = taken((200_000, 0.183, 0.02), (200_000, 0.186, 0.02), 4, guardrails=[], cohorts={})
    assert found["verdict"] == "ship"
    assert found["reasons"][1] == (
        "+1.6 % is less than the declared minimum of 3 %: "
        "the rule ships it all the same, and whoever signs should know."
    )
