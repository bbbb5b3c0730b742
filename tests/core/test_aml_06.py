"""AML-06 as a user meets it: the table in a file, with its aggregate row, through `observe` and `analyse`."""

from pathlib import Path
from typing import Any

import pytest

from bot.commands.look import text
from bot.core.analysis import analyse
from bot.core.figures import MINUS
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.registration import Registration, load
from bot.sources.samples import observe
from bot.stats.undecided import Undecided

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

LOCALES = (("EN", 55_000, 0.183, 0.190), ("JP", 30_000, 0.196, 0.180), ("mixed", 15_000, 0.178, 0.183))
"""applied-ml-deep-dive, AML-06: share of traffic in units of an arm, pre and post primary."""
AGGREGATE = (100_000, 0.184, 0.189)
"""The same table's last row, said to be +2.8 %."""


def registration(**more: Any) -> Registration:
    """The cohorts of AML-06 with their floor of -3 %."""
    locales = [name for name, *_ in LOCALES]
    cohorts = {"dimensions": {"locale": locales}, "max_relative_regression": 0.03}
    return load(
        {
            "id": "aml-06",
            "arms": {"control": "pre", "treatment": "post"},
            "horizon_days": 14,
            "data": {"kind": "summary", "path": "table.csv"},
            "metrics": {"ctr": {"kind": "mean"}},
            "primary": {"metric": "ctr", "baseline": 0.183, "sd": 0.142, "mde": {"relative": 0.03}},
            "sequential": {"looks": [14]},
            "cohorts": cohorts | more,
        }
    )


def look(folder: Path, plan: Registration, *extra: tuple[str, int, float, float]) -> LookResult:
    """A look at the table with some rows more."""
    lines = ["day,arm,metric,locale,n,mean,variance"]
    for locale, n, pre, post in (*LOCALES, *extra):
        lines += [f"14,pre,ctr,{locale},{n},{pre},0.020164", f"14,post,ctr,{locale},{n},{post},0.020164"]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    seen = observe(plan, day=14, sources={}, root=folder)
    return analyse(plan, "0" * 64, seen, look=1)


@pytest.mark.parametrize("word", ["ALL", "all", "total", "AGGREGATE", ""])
def test_the_table_is_not_reconcilable_and_a_reader_sees_the_figures(tmp_path: Path, word: str) -> None:
    """recomputed.md: the aggregate says +2.7 % (0.184 to 0.189), the cohorts 0.18615 to 0.18595, -0.11 %."""
    plan = registration()
    result = look(tmp_path, plan, (word, *AGGREGATE))
    assert result.verdict == "invalid"
    assert result.reasons[0] == (
        "Not reconcilable: the aggregate of ctr says +2.72 % (0.184 to 0.189), its cohorts add up to "
        f"{MINUS}0.11 % (0.18615 to 0.18595) and the mix shift to ±0.00 %: +2.82 % is in no cohort."
    )
    assert result.reasons[0] in text(plan, result)
    (finding,) = look_json(result)["findings"]
    assert (finding["code"], finding["level"]) == ("irreconcilable", "error")
    found = look_json(result)["reconciliation"]
    assert found["ok"] is False
    assert found["aggregate_rel"] == pytest.approx(0.189 / 0.184 - 1)
    assert found["cohort_weighted_rel"] == pytest.approx(0.18595 / 0.18615 - 1)
    assert found["mix_shift"] == pytest.approx(0, abs=1e-12)


def test_without_its_aggregate_row_the_table_vetoes(tmp_path: Path) -> None:
    """EN +3.83 %, JP -8.16 %, mixed +2.81 %; -0.11 % over all, and JP is the worst, 5.2 points too low."""
    found = look_json(look(tmp_path, registration()))
    assert found["verdict"] == "veto"
    cohorts = {one["cohort"]: one for one in found["cohorts"]}
    effects = [cohorts[f"locale={name}"]["effect_rel"] for name, *_ in LOCALES]
    assert effects == pytest.approx([0.0383, -0.0816, 0.0281], abs=5e-5)
    assert found["primary"]["effect_rel"] == pytest.approx(-0.0011, abs=5e-5)
    assert found["worst_cohort"] == {
        "cohort": "locale=JP",
        "effect_rel": pytest.approx(0.180 / 0.196 - 1),
        "distance": pytest.approx(0.180 / 0.196 - 1 + 0.03),
        "status": "veto",
    }
    assert found["reconciliation"]["ok"] is True
    assert found["findings"] == []


def test_an_aggregate_that_is_right_but_for_its_rounding_is_fine(tmp_path: Path) -> None:
    """0.186 on both arms is what the cohorts come to in three decimals; the effect is the cohorts' own."""
    result = look(tmp_path, registration(), ("all", 100_000, 0.186, 0.186))
    assert (result.verdict, result.units) == ("veto", (100_000, 100_000))
    assert not isinstance(result.reconciliation, Undecided)
    assert result.reconciliation.ok
    assert look_json(result)["primary"]["effect_rel"] == pytest.approx(-0.0011, abs=5e-5)


def test_an_aggregate_with_more_decimals_is_held_to_them(tmp_path: Path) -> None:
    """0.186150 and 0.185950 agree; 0.186150 and 0.186950 do not, though both round to such figures."""
    assert look(tmp_path, registration(), ("all", 100_000, 0.18615, 0.18595)).verdict == "veto"
    assert look(tmp_path, registration(), ("all", 100_000, 0.18615, 0.18695)).verdict == "invalid"


def test_an_aggregate_of_fewer_units_than_its_cohorts_contradicts_them(tmp_path: Path) -> None:
    """The same means of 90,000 units: both counts are named."""
    result = look(tmp_path, registration(), ("all", 90_000, 0.186, 0.186))
    assert result.reasons[0] == (
        "Not reconcilable: the aggregate has 90,000 control units, and its cohorts have 100,000."
    )


def test_units_of_the_aggregate_that_are_in_no_cohort_count_in_the_whole(tmp_path: Path) -> None:
    """A tenth of the units has another locale; the whole is what is stated, to the last digit."""
    result = look(tmp_path, registration(), ("all", 110_000, 0.187, 0.188))
    assert result.units == (110_000, 110_000)
    primary = look_json(result)["primary"]
    assert primary["control"]["mean"] == pytest.approx(0.187, rel=1e-12)
    assert primary["treatment"]["mean"] == pytest.approx(0.188, rel=1e-12)
    assert primary["control"]["sd"] == pytest.approx(0.142, rel=1e-9)
    assert [one.code for one in result.findings] == ["undeclared-cohort-values"]


def test_the_post_stratified_effect_stands_beside_the_primary_and_decides_nothing(tmp_path: Path) -> None:
    """Declared shares of 40, 40 and 20 %: the effect in that population, with the shares' origin."""
    shares = {"EN": 0.4, "JP": 0.4, "mixed": 0.2}
    found = look_json(look(tmp_path, registration(shares={"locale": shares})))
    pre = 0.4 * 0.183 + 0.4 * 0.196 + 0.2 * 0.178
    post = 0.4 * 0.190 + 0.4 * 0.180 + 0.2 * 0.183
    beside = found["post_stratified"]
    assert (beside["shares"], beside["over"]) == ("declared", ["locale"])
    assert beside["effect_rel"] == pytest.approx(post / pre - 1)
    assert found["primary"]["effect_rel"] == pytest.approx(-0.0011, abs=5e-5)
    assert look_json(look(tmp_path, registration()))["post_stratified"]["shares"] == "observed"


def test_the_words_below_the_cohorts_say_what_they_come_to(tmp_path: Path) -> None:
    """The worst and its distance, the post-stratified effect, the spread; how a fault is mended."""
    plan = registration()
    said = text(plan, look(tmp_path, plan))
    assert f"worst with units enough: locale=JP {MINUS}8.16 %, 5.16 points beyond the floor" in said
    assert f"post-stratified by locale, observed shares: {MINUS}0.11 %" in said
    assert "(shown beside the primary, which decides)" in said
    assert "cohorts differ by a standard deviation of 6.63 % beyond chance (p < 0.001, I2 99 %)" in said
    assert "split p = 1.000 (however often it is asked: p = 1.000)" in said
    broken = text(plan, look(tmp_path, plan, ("all", *AGGREGATE)))
    assert "irreconcilable: Find out who computed the aggregate from what" in broken
    assert "worst with" not in broken
