"""The demo's experiment tells the story it is there for, at every run."""

import numpy as np
import pytest

from bot.core.analysis import analyse
from bot.core.lint import check_document
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.registration import sha256
from bot.core.strict_yaml import parse
from bot.demo.data import DemoData, columns, write
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    """The files, written once."""
    return write(tmp_path_factory.mktemp("demo"))


def look(demo: DemoData, number: int) -> LookResult:
    """One look at the demo's experiment."""
    document = parse(demo.registration.read_text(encoding="utf-8"), name="reranker.yaml")
    registration, findings = check_document(document)
    assert registration is not None
    assert findings == []
    seen = observe(registration, day=registration.looks[number - 1], sources={}, root=demo.data.parent)
    return analyse(registration, sha256(document.data), seen, look=number)


def test_look_2_tempts_and_must_continue(demo: DemoData) -> None:
    """p = 0.040 on day 7, where the plan stops only below 0.0030."""
    result = look(demo, 2)
    assert result.verdict == "continue"
    assert result.reasons == (
        "p = 0.040, and look 2 stops only below 0.0030.",
        "Nothing to decide before look 3 on day 11.",
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
