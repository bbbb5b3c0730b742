"""The demo's experiments tell the stories they are there for, at every run."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.core.analysis import analyse
from bot.core.lint import check_document
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.registration import sha256
from bot.core.strict_yaml import parse
from bot.demo.data import TABLES, DemoData, write
from bot.demo.data.reranker import columns
from bot.sources.samples import observe
from bot.stats.undecided import Undecided

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    """The reranker's files, written once."""
    return write(tmp_path_factory.mktemp("demo"))


def look(demo: DemoData, number: int) -> LookResult:
    """One look at an experiment of the demo."""
    document = parse(demo.registration.read_text(encoding="utf-8"), name=demo.registration.name)
    registration, _ = check_document(document)
    assert registration is not None
    seen = observe(registration, day=registration.looks[number - 1], sources={}, root=demo.data.parent)
    return analyse(registration, sha256(document.data), seen, look=number)


def test_look_2_tempts_and_must_continue(demo: DemoData) -> None:
    """p = 0.040 on day 7, where the plan stops only below 0.0030."""
    result = look(demo, 2)
    assert result.verdict == "continue"
    assert result.reasons == (
        "p = 0.040, and look 2 stops only below 0.0030.",
        "Nothing to decide before look 3 on day 11 (Thu 12 Nov).",
    )
    assert result.primary.cuped is not None
    assert result.primary.cuped.variance_reduction == pytest.approx(0.5, abs=0.02)
    assert {str(one.judgement.status) for one in result.cohorts} <= {"clear", "underpowered"}


def test_look_4_ships_with_guardrails_and_cohorts_clear(demo: DemoData) -> None:
    """p < 0.001 on day 14; CSAT about -0.6 % within -1 %; p95 below 800 ms; every cohort holds."""
    result = look(demo, 4)
    assert result.verdict == "ship"
    assert sum(result.units) == 200_000
    assert look_json(result)["primary"]["p"] < 0.001
    guardrails = {one.metric: one.judgement for one in result.guardrails}
    assert {str(one.status) for one in guardrails.values()} == {"clear"}
    assert guardrails["csat"].measured == pytest.approx(-0.006, abs=0.0005)
    assert guardrails["turn_latency_ms"].measured == pytest.approx(740, abs=10)
    marginals = [one for one in result.cohorts if "," not in one.cohort]
    assert {str(one.judgement.status) for one in marginals} == {"clear"}
    assert not [one for one in result.cohorts if str(one.judgement.status) in ("veto", "near-veto")]


def test_looks_1_and_3_continue(demo: DemoData) -> None:
    """Whoever asks for the looks between gets the same answer."""
    assert [look(demo, number).verdict for number in (1, 3)] == ["continue", "continue"]


def test_the_users_are_those_of_the_reference() -> None:
    """Baseline .183, sd .142, half in each arm, 14 days, and the same numbers every time."""
    users, again = columns(), columns()
    control = users["arm"].to_numpy() == "l6"
    rate = users["useful_answer_rate"].to_numpy()[control]
    assert np.nanmean(rate) == pytest.approx(0.183, abs=0.002)
    assert np.nanstd(rate) == pytest.approx(0.142, abs=0.003)
    assert control.mean() == pytest.approx(0.5, abs=0.005)
    assert set(np.asarray(users["day"])) == set(range(1, 15))
    assert users.equals(again)


WARNINGS = {
    "reranker": [],
    "satisfaction": [],
    "rerun": [],
    "japanese": ["R123"],
    "mixed": ["R142", "R123", "R123"],
}


@pytest.mark.parametrize("name", TABLES)
def test_the_registrations_are_complete_and_warn_of_what_the_story_needs(name: str, tmp_path: Path) -> None:
    """No error, and no warning but where somebody takes one on; a start is put in where one is given."""
    files = write(tmp_path, name, start=date(2027, 1, 5))
    document = parse(files.registration.read_text(encoding="utf-8"), name=files.registration.name)
    registration, findings = check_document(document)
    assert registration is not None
    assert registration.id == files.id
    assert [one.code for one in findings] == WARNINGS[name]
    assert registration.data.start == (date(2027, 1, 5) if name in ("reranker", "mixed") else None)
    assert registration.signoffs == ("pm", "em", "applied_ml")


def test_users_who_click_more_and_are_less_satisfied_are_a_veto(tmp_path: Path) -> None:
    """The guardrail matrix of the reference: CSAT vetoes, retention nearly, Japanese users gain."""
    result = look(write(tmp_path, "satisfaction"), 1)
    assert result.verdict == "veto"
    assert result.reasons[0] == (
        "csat fell 1.43 % (−2.62 … −0.24), and its line is −1 %. "  # noqa: RUF001 - as people read it
        "Chance does not explain it (p = 0.020, judged at 0.05): veto."
    )
    shown = look_json(result)
    assert shown["primary"]["effect_rel"] == pytest.approx(0.06, abs=1e-6)
    assert shown["primary"]["p"] < 0.001
    rows = {one["metric"]: one for one in shown["guardrails"]}
    assert {name: one["status"] for name, one in rows.items()} == {
        "turn_latency_ms": "clear",
        "csat": "veto",
        "retention_28d": "near-veto",
        "spam_flag_rate": "clear",
    }
    means = {one.metric: one.effect for one in result.guardrails}
    assert not isinstance(means["turn_latency_ms"], Undecided)
    assert means["turn_latency_ms"].control.mean == pytest.approx(720, abs=0.1)
    assert means["turn_latency_ms"].treatment.mean == pytest.approx(740, abs=0.1)
    assert not isinstance(means["csat"], Undecided)
    assert (round(means["csat"].control.mean, 2), round(means["csat"].treatment.mean, 2)) == (4.21, 4.15)
    assert rows["csat"]["p"] == pytest.approx(0.02, abs=0.0005)
    assert rows["retention_28d"]["effect_rel"] == pytest.approx(-0.0059, abs=0.0001)
    assert rows["retention_28d"]["p"] == pytest.approx(0.18, abs=0.005)
    assert rows["spam_flag_rate"]["effect_rel"] == pytest.approx(0, abs=1e-6)
    japanese = next(one for one in shown["cohorts"] if one["cohort"] == "locale=jp")
    assert japanese["effect_rel"] == pytest.approx(0.018, abs=1e-6)
    assert japanese["p"] == pytest.approx(0.04, abs=0.005)


def test_the_run_after_it_ships(tmp_path: Path) -> None:
    """Useful answers +5.2 %, CSAT -0.3 % with a survey wide enough to exclude -1 %."""
    result = look(write(tmp_path, "rerun"), 1)
    shown = look_json(result)
    assert result.verdict == "ship"
    assert shown["primary"]["effect_rel"] == pytest.approx(0.052, abs=1e-6)
    csat = next(one for one in shown["guardrails"] if one["metric"] == "csat")
    assert csat["effect_rel"] == pytest.approx(-0.003, abs=0.0001)
    assert {one["status"] for one in shown["guardrails"]} == {"clear"}


def test_a_significant_aggregate_does_not_hide_a_cohort(tmp_path: Path) -> None:
    """At look 1 too few Japanese users to count; at look 2 +1.3 % in all, and theirs, -8.2 %, vetoes."""
    files = write(tmp_path, "japanese")
    first, second = look(files, 1), look(files, 2)
    assert first.verdict == "continue"
    assert _cohorts(first)["locale=jp"][1] == "underpowered"
    assert second.verdict == "veto"
    assert second.primary.significant
    shown = look_json(second)
    assert 0.01 < shown["primary"]["effect_rel"] < 0.02
    assert shown["reconciliation"]["ok"] is True
    found = _cohorts(second)
    assert found["locale=en"] == (pytest.approx(0.041, abs=1e-6), "clear")
    assert found["locale=jp"] == (pytest.approx(-0.082, abs=1e-6), "veto")
    assert found["locale=mixed"] == (pytest.approx(0.025, abs=1e-6), "underpowered")


def test_a_claim_with_too_few_users_stays_inconclusive(tmp_path: Path) -> None:
    """63 % of the units that the plan needs: neither shown nor ruled out."""
    files = write(tmp_path, "mixed")
    assert look(files, 1).verdict == "continue"
    result = look(files, 2)
    assert result.verdict == "inconclusive"
    assert "63 % of the units the plan needs" in " ".join(result.reasons)
    assert {status for _, status in _cohorts(result).values()} == {"underpowered"}


def _cohorts(result: LookResult) -> dict[str, tuple[object, str]]:
    """Relative effect and status of each cohort."""
    return {one["cohort"]: (one["effect_rel"], one["status"]) for one in look_json(result)["cohorts"]}
