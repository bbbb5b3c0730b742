"""Findings about the data of a look: what each is called, how grave it is, what it says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.core import splits
from bot.core.analysis import analyse
from bot.core.data_finding import HINTS, DataFinding
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import SIDES, Cell, Observations
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample
from bot.stats.srm import srm

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
DAY = 14.0
Counts = Mapping[tuple[str | None, ...], tuple[int, int]]
"""Control and treatment units per cohort."""


def registration(dimensions: Mapping[str, list[str]] | None = None, **data: Any) -> Registration:
    """The good registration on rows by day, with these cohorts and other parts of `data`."""
    shape = parse(GOOD, name="x").data
    shape["data"] = {"path": "x.parquet", "unit": "user", "arm": "arm", "day": "day", **data}
    shape["metrics"]["rate"] = {"kind": "mean"}
    shape["guardrails"] = []
    shape["cohorts"] = {"dimensions": dimensions} if dimensions else {}
    return load(shape)


def seen(counts: Counts, **more: Any) -> Observations:
    """Units whose primary is the same in every cell."""
    cells = [
        Cell(side, cohort, n, {"rate": Sample.summary(n, 0.183, 0.02, "value")})
        for cohort, sizes in counts.items()
        for side, n in zip(SIDES, sizes, strict=True)
    ]
    return Observations(cells=tuple(cells), **{"first_day": 1.0, "last_day": DAY, **more})


def look(found: Observations, plan: Registration | None = None) -> LookResult:
    """The last look at them."""
    return analyse(plan or registration(), "0" * 64, found, look=4)


def findings(found: Observations, plan: Registration | None = None) -> dict[str, DataFinding]:
    """By code."""
    return {one.code: one for one in look(found, plan).findings}


EVEN: Counts = {(): (20_000, 20_000)}


def test_sound_data_have_no_findings() -> None:
    """Nothing to say, in JSON too."""
    assert look_json(look(seen(EVEN)))["findings"] == []


@pytest.mark.parametrize(
    ("found", "code", "level"),
    [
        (seen({(): (0, 20_000)}), "missing-arm", "error"),
        (seen({(): (20_000, 21_000)}), "sample-ratio-mismatch", "error"),
        (seen(EVEN, both_arms=41), "units-in-both-arms", "error"),
        (seen(EVEN, both_arms=40), "units-in-both-arms", "warning"),
        (seen(EVEN, duplicates=1), "repeated-units", "error"),
        (seen(EVEN, infinite={"rate": 1}), "infinite-values", "error"),
        (seen(EVEN, infinite={"csat": 1}), "infinite-values", "warning"),
        (seen(EVEN, nulls={"rate": 5}), "null-values", "warning"),
        (seen(EVEN, broken=("odd",), codes={"odd": "rows-without-day"}), "rows-without-day", "error"),
        (seen(EVEN, remarks=("Something.",)), "odd-rows", "warning"),
        (seen(EVEN, last_day=13.0), "look-before-its-day", "error"),
        (seen(EVEN, first_day=3.0), "late-start", "warning"),
        (seen(EVEN, moving={"rate": 41}), "covariate-after-exposure", "warning"),
        (seen(EVEN, missing={"csat": "x has no column csat"}), "metric-unavailable", "warning"),
        (seen(EVEN, earlier=((4.0, 9_000, 9_000), (11.0, 20_100, 20_000))), "decreasing-counts", "error"),
    ],
)  # fmt: skip
def test_every_fault_has_its_name(found: Observations, code: str, level: str) -> None:
    """Errors make the look invalid and are its reasons; warnings leave the verdict to the rule."""
    result = look(found)
    by_code = {one.code: one for one in result.findings}
    assert by_code[code].level == level
    assert (result.verdict == "invalid") == (level == "error")
    assert by_code[code].hint == HINTS[code]
    if level == "error":
        assert by_code[code].message in result.reasons
        assert by_code[code].message not in result.notes


def test_errors_come_first_and_each_is_a_sentence() -> None:
    """An arm missing, before what is only remarked on."""
    result = look(seen({(): (0, 900)}, nulls={"rate": 5}, remarks=("Something.",)))
    levels = [one.level for one in result.findings]
    assert levels == sorted(levels)
    assert result.findings[0].message == "The control arm `l6` has no units."
    assert all(one.message.endswith(".") for one in result.findings)


def test_a_few_moved_covariates_and_lost_units_are_bearable() -> None:
    """A unit in a thousand."""
    assert findings(seen(EVEN, moving={"rate": 40})) == {}
    assert findings(seen(EVEN, earlier=((11.0, 20_020, 20_000),))) == {}


@pytest.mark.parametrize(
    ("lag", "allowed", "code", "level"),
    [
        (0, 0, None, None),
        (1, 0, "look-before-its-day", "error"),
        (1, 2, "stale-data", "warning"),
        (2, 2, "stale-data", "warning"),
        (3, 2, "stale-data", "error"),
    ],
)
def test_how_far_the_data_may_lie_behind_is_declared(
    lag: int, allowed: int, code: str | None, level: str | None
) -> None:
    """Within the lag the look is judged as of the day the data end; beyond it they are stale."""
    plan = registration(max_lag_days=allowed)
    result = look(seen(EVEN, last_day=DAY - lag), plan)
    assert [(one.code, one.level) for one in result.findings] == ([(code, level)] if code else [])
    assert result.day == (DAY - lag if level == "warning" else DAY)


def test_a_cohort_that_loses_users_in_one_arm_is_found_where_the_whole_looks_fine() -> None:
    """2 % of the units: 1,000 against 800 in jp is made up for by en, and the whole passes."""
    plan = registration({"locale": ["en", "jp"]})
    result = look(seen({("en",): (40_000, 40_200), ("jp",): (1_000, 800)}), plan)
    one, shift = result.findings
    assert (one.code, result.verdict) == ("cohort-sample-ratio-mismatch", "invalid")
    assert (shift.code, shift.level) == ("mix-shift", "warning")
    assert one.message == (
        "Sample-ratio mismatch within 1 of 2 cohorts tested, where 50 % was planned: locale=jp has 1,000 "
        "control and 800 treatment units, a share of 44.44 % (p < 0.001)."
    )


def test_where_the_whole_is_off_cohorts_are_compared_with_the_whole() -> None:
    """A third in every cohort says nothing more; a third in one of them says which."""
    plan = registration({"locale": ["en", "jp"]})
    assert set(findings(seen({("en",): (4_000, 2_000), ("jp",): (2_000, 1_000)}), plan)) == {
        "sample-ratio-mismatch"
    }
    found = findings(seen({("en",): (4_000, 4_000), ("jp",): (2_000, 500)}), plan)
    assert "where 42.86 % is the share of all: locale=jp has" in found["cohort-sample-ratio-mismatch"].message


def test_cohorts_too_small_for_any_finding_are_not_counted() -> None:
    """19 units say nothing, however they are split; 20 do."""
    plan = registration({"locale": ["en", "jp"]})
    assert findings(seen({("en",): (4_000, 4_000), ("jp",): (19, 0)}), plan) == {}
    found = findings(seen({("en",): (4_000, 4_000), ("jp",): (20, 0)}), plan)
    assert "within 1 of 2 cohorts" in found["cohort-sample-ratio-mismatch"].message


def test_the_cohorts_together_keep_their_chance_of_a_false_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """3 x 4 cells, 19 splits tested: the level is that of all of them together."""
    level = 0.1  # the rule of .001, where 400 runs can tell
    monkeypatch.setattr(splits, "THRESHOLD", level)
    rng = np.random.default_rng(20261123)
    plan = registration({"locale": ["en", "jp", "mixed"], "device": ["app", "web", "tv", "car"]})
    cells = [(a, b) for a in ("en", "jp", "mixed") for b in ("app", "web", "tv", "car")]
    runs, found = 400, 0
    for sizes in rng.binomial(600, 0.5, (runs, 12)).tolist():
        data = seen({cell: (600 - n, n) for cell, n in zip(cells, sizes, strict=True)})
        split = srm(data.units("control"), data.units("treatment"))
        found += bool(splits.within_cohorts(plan, data, split))
    assert 0.02 < found / runs <= level + 3 * (level / runs) ** 0.5


def test_a_mix_that_differs_in_no_cohort_for_certain_is_a_warning() -> None:
    """Each of ten cohorts is a little off; all together are, and the cohorts are to be trusted."""
    names = [f"v{number}" for number in range(10)]
    counts = {(name,): (1_000 + 45 * (-1) ** i, 1_000 - 45 * (-1) ** i) for i, name in enumerate(names)}
    found = findings(seen(counts), registration({"shelf": names}))
    assert set(found) == {"mix-shift"}
    assert found["mix-shift"].message.startswith("⚠ The arms have different cohort mixes (p < 0.001): of the")


def covaried(gap: float) -> Observations:
    """Two arms whose covariate's means are `gap` standard errors apart."""
    n, cov = 20_000, np.array([[0.02, 0.01], [0.01, 0.02]])
    half = gap * (0.02 / n) ** 0.5 / 2**0.5
    cells = []
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        mean = np.array([0.183, 0.2 + sign * half])
        cells.append(Cell(side, (), n, {"rate": Sample(n, ("value", "covariate"), mean, cov)}))
    return Observations(cells=tuple(cells), first_day=1.0, last_day=DAY)


def test_arms_that_differed_before_exposure_are_named_with_the_figures() -> None:
    """3.4 standard errors are beyond p .001, 3.2 are not; CUPED is used all the same."""
    shape = parse(GOOD, name="x").data
    shape["metrics"]["rate"] = {"kind": "mean", "covariate": "before"}
    shape |= {
        "data": {"path": "x", "unit": "user", "arm": "arm", "day": "day"},
        "guardrails": [],
        "cohorts": {},
    }
    plan = load(shape)
    assert findings(covaried(3.2), plan) == {}
    found = findings(covaried(3.4), plan)
    assert found["covariate-imbalance"].message == (
        "⚠ The arms differed before the experiment began: the covariate of rate goes from 0.1976 to 0.2024 "
        "(p < 0.001)."
    )
    assert look(covaried(3.4), plan).primary.cuped is not None


def test_a_primary_that_does_not_vary_is_named_once() -> None:
    """The reason of the verdict says it to people; the findings say it to programs."""
    constant = {"rate": Sample.summary(900, 0.2, 0.0, "value")}
    data = Observations(
        cells=tuple(Cell(side, (), 900, constant) for side in SIDES), first_day=1.0, last_day=DAY
    )
    result = look(data)
    assert [one.code for one in result.findings] == ["no-variance"]
    assert result.notes == ()
    assert "no variance in either arm" in result.reasons[0]


def test_the_anytime_p_uses_the_days_before() -> None:
    """A mismatch that has grown over since is still on record; without earlier days it is not seen."""
    days = seen({(): (200_000, 200_300)}, earlier=((2.0, 10_000, 10_700),))
    assert look_json(look(days))["srm"]["anytime_p"] < 0.001
    assert look_json(look(seen({(): (200_000, 200_300)})))["srm"]["anytime_p"] > 0.5
    nobody = look_json(look(seen({(): (0, 0)})))["srm"]
    assert (nobody["anytime_p"], bool(nobody["anytime_p_reason"])) == (None, True)
