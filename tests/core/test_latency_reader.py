"""Latency budgets from YAML: what is taken, and one fault at a time with its line and mend."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.core.latency_budget import (
    Budget,
    ColdStart,
    Criterion,
    Fallback,
    HistogramWindow,
    Limit,
    Slo,
    Thresholds,
    critical_path,
    ordered,
)
from bot.core.latency_reader import read_budget
from bot.core.what_if import NewP95, Parallel, TopK, side_by_side
from bot.core.what_if_words import read_words
from bot.errors import InputError

SHIPPED = Path(__file__).parents[2] / "bot" / "demo" / "data" / "latency" / "aml_07.yaml"
GOOD = """kind: latency
id: turn
slo: {ms: 800}
stages:
  - {name: parse, allocated_p95_ms: 30}
  - {name: rerank, allocated_p95_ms: 240}
"""


def read(text: str) -> Budget:
    """Read what has no fault."""
    budget, findings = read_budget(text, name="b.yaml")
    assert budget is not None, findings
    return budget


def faults(text: str) -> list[str]:
    """What is said of it."""
    return [str(finding) for finding in read_budget(text, name="b.yaml")[1]]


def laid_over(part: Mapping[str, Any]) -> str:
    """The good budget with some keys replaced."""
    return yaml.safe_dump({**yaml.safe_load(GOOD), **part}, sort_keys=False)


def test_what_is_not_said_is_serial_with_the_thresholds_of_aml_07() -> None:
    """A stage comes after the one above it; alerts at 7/6 of an allocation, and at the SLO for the turn."""
    budget = read(GOOD)
    assert (budget.title, budget.slo) == ("turn", Slo(0.95, 800.0))
    assert budget.after == {"parse": (), "rerank": ("parse",)}
    assert budget.stages[1].alert_p95_ms == pytest.approx(280)
    assert budget.thresholds == Thresholds(
        Limit(800, 800), Limit(1500, 1800), Limit(0.001, 0.01), Limit(0.0005, 0.005), Limit(0.1, 0.2)
    )
    assert (budget.measured, budget.telemetry, budget.what_if, budget.load_test) == (None, None, (), None)
    assert len(budget.sha256) == 64


def test_the_budget_of_aml_07_is_read_whole() -> None:
    """Six stages of 780 ms, its fallback chain, dashboard and load test."""
    budget = read(SHIPPED.read_text(encoding="utf-8"))
    assert [stage.allocated_p95_ms for stage in budget.stages] == [30, 50, 220, 240, 200, 40]
    assert budget.allocated_ms == 780
    assert budget.stages[3].fallback == Fallback(500, "BM25-only ranking", 5, 280)
    assert budget.thresholds.cold_start == ColdStart("first_token", 500, Limit(0.05, 0.15))
    assert budget.load_test is not None
    assert budget.load_test.criteria == (
        Criterion(2.0, "turn", "p95", 800.0),
        Criterion(1.0, "rerank", "fallback", 0.005),
    )
    assert budget.what_if[1].changes == (NewP95("rerank", 240), Parallel("intent", "retrieval"))
    assert budget.telemetry is not None
    assert budget.telemetry.cohorts == ("locale", "device")


def test_a_graph_may_branch_and_its_file_be_in_any_order() -> None:
    """The longest path decides; `after: []` begins with the turn."""
    budget = read(
        """kind: latency
id: turn
slo: {ms: 500}
stages:
  - {name: join, allocated_p95_ms: 10, after: [slow, quick]}
  - {name: slow, allocated_p95_ms: 200, after: []}
  - {name: quick, allocated_p95_ms: 50, after: []}
"""
    )
    assert [stage.name for stage in budget.stages] == ["slow", "quick", "join"]
    assert budget.allocated_ms == 210
    assert critical_path(budget.after, {"slow": 200, "quick": 50, "join": 10}) == ("slow", "join")


def test_histograms_are_read_by_the_names_of_telemetry() -> None:
    """Of 14 days."""
    more = {"measured": {"prometheus": "prom"}, "telemetry": {"stage": "stage_seconds"}}
    assert read(laid_over(more)).measured == HistogramWindow("prom", 14.0)


STAGES = [{"name": "parse", "allocated_p95_ms": 30}, {"name": "rerank", "allocated_p95_ms": 240}]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"stages": []}, "error missing the file needs a list 'stages'"),
        ({"stages": [STAGES[0], dict(STAGES[0])]}, "L101 'parse' is there twice. Give it another name."),
        ({"stages": [{"name": "turn", "allocated_p95_ms": 3}]}, "L101 'turn' is what the whole is called."),
        ({"stages": [STAGES[0] | {"name": f"s{at}"} for at in range(41)]}, "L101 41 stages are more than"),
        ({"stages": [STAGES[0] | {"after": "x"}]}, "L102 there is no stage 'x'. Stages: parse."),
        ({"stages": [STAGES[0] | {"after": 3}]}, "L102 'after' is 3. Write stages: `after: [intent, ret"),
        (
            {"stages": [STAGES[0] | {"after": "rerank"}, STAGES[1]]},
            "L103 stages that cannot begin: parse, rerank: they wait for each other in a circle.",
        ),
        ({"stages": [STAGES[0] | {"after": "parse"}]}, "L103 stages that cannot begin: parse"),
        ({"stages": [{"name": "parse"}]}, "L104 'allocated_p95_ms' is missing. Write milliseconds, such"),
        ({"stages": [{"name": "parse", "allocated_p95_ms": -1}]}, "L104 'allocated_p95_ms' is -1."),
        ({"stages": [{"name": "parse", "allocated_p95_ms": True}]}, "L104 'allocated_p95_ms' is True."),
        ({"stages": [{"name": "Parse it", "allocated_p95_ms": 3}]}, "bad-id 'Parse it' cannot be an id."),
        ({"stages": ["parse"]}, "playbook-shape stages[0] must be a mapping."),
        ({"slo": {"ms": "800 ms"}}, "L104 'ms' is '800 ms'."),
        ({"slo": {"ms": 800, "quantile": 0.9}}, "L105 'quantile' is 0.9. Write one of 0.5, 0.95, 0.99."),
        ({"slo": 800}, "playbook-shape slo must be a mapping."),
        ({"slo": {"ms": 200}}, "warning L111 the allocations add up to 270 ms, more than 200 ms."),
        ({"measured": {"days": 3}}, "L107 either a file's path or a prometheus source is needed."),
        ({"measured": {"path": "../x.csv"}}, "L107 ../x.csv leads outside the budget's folder."),
        ({"measured": {"path": "x.csv", "turn": "id"}}, "L107 turn alone do not say where a span's duration"),
        ({"measured": {"prometheus": "p"}}, "L107 histograms are read by their name"),
        ({"measured": {"path": "x.csv", "cohorts": ["a", "a"]}}, "L107 cohorts are a, a: each once"),
        ({"telemetry": {"stage": "x{job='y'}"}}, "L107 \"x{job='y'}\" is no name of a Prometheus metric."),
        ({"telemetry": {"turn": "x_bucket"}}, "L107 'x_bucket' ends with _bucket."),
        ({"telemetry": {"label": "a b"}}, "bad-label 'a b' cannot be a label."),
        ({"thresholds": {"errors": {"alert": 2}}}, "L105 'alert' is 2. Write a share: 0.005 for 0.5 %."),
        ({"thresholds": {"fallback": {"target": 0.1, "alert": 0.01}}}, "L112 the alert at 0.01 comes before"),
        ({"thresholds": {"cold_start": {"stage": "x"}}}, "L102 there is no stage 'x'."),
        ({"what_if": [{"id": "a", "do": [{"p95": {"stage": "x", "ms": 3}}]}]}, "L102 there is no stage 'x'."),
        ({"what_if": [{"id": "a", "do": [{"faster": 3}]}]}, "L107 a change has one word that says what"),
        ({"what_if": [{"id": "a", "do": [{"parallel": ["parse"]}]}]}, "L107 two stages are needed."),
        ({"what_if": [{"id": "a", "do": [{"hedge": {"stage": "parse", "shared": 2}}]}]}, "L105 'shared' is"),
        ({"load_test": {"criteria": [{"part": "turn", "p95": 1}], "loads": [0]}}, "L113 loads are [0]."),
        ({"load_test": {"criteria": [{"part": "turn"}]}}, "L113 a criterion limits nothing."),
        ({"load_test": {"criteria": [{"part": "x", "p95": 1}]}}, "L102 there is no stage 'x'."),
        (
            {"load_test": {"criteria": [{"load": 3, "p95": 800}]}},
            "L113 a load of 3 times the peak is not run. Loads: 1, 2, 5.",
        ),
        ({"load_test": {"criteria": [{"p95": 1, "failure": "f"}]}}, "L113 'f' is not induced."),
        ({"slos": 3}, "unknown-key unknown key 'slos' in the file."),
        ({"kind": "latencies"}, "playbook-kind kind is 'latencies', 'latency' was expected."),
    ],
)  # fmt: skip
def test_one_fault_at_a_time_with_its_mend(part: Mapping[str, Any], said: str) -> None:
    """What, which value, what next; with the line."""
    found = faults(laid_over(part))
    assert any(said in one for one in found), found
    assert all(one.startswith("b.yaml:") for one in found)


def test_what_is_no_yaml_or_no_mapping_is_said_as_such() -> None:
    """With its line."""
    assert faults("a: [1") == faults("a: [1")
    assert "playbook-yaml" in faults("a: [1")[0]
    assert "playbook-shape" in faults("- a")[0]


def test_stages_side_by_side_join_before_what_waited_for_the_later_one() -> None:
    """Either may be named first; what cannot be is refused with the reason, however large the graph."""
    after = {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)}
    both = {"a": (), "b": ("a",), "c": ("a",), "d": ("c", "b")}
    assert side_by_side(after, "b", "c") == side_by_side(after, "c", "b") == both
    with pytest.raises(ValueError, match="b stands between a and c"):
        side_by_side(after, "a", "c")
    with pytest.raises(ValueError, match="do not wait for each other as it is"):
        side_by_side(both, "b", "c")
    dense = {f"s{at}": tuple(f"s{one}" for one in range(at)) for at in range(40)}
    with pytest.raises(ValueError, match="stands between"):
        side_by_side(dense, "s0", "s39")
    assert len(ordered(dense)) == 40


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("p95 rerank 240ms", (NewP95("rerank", 240),)),
        ("new_reranker", (NewP95("rerank", 240),)),
        (
            "p95 rerank 240; parallel intent retrieval",
            (NewP95("rerank", 240), Parallel("intent", "retrieval")),
        ),
        ("top-k rerank 25", (TopK("rerank", 30, 25, {20: 190.0, 30: 240.0}),)),
    ],
)
def test_what_ifs_are_typed_as_well(typed: str, changes: tuple[object, ...]) -> None:
    """By words, or by the id that the budget gives them."""
    assert read_words(typed, read(SHIPPED.read_text(encoding="utf-8"))).changes == changes


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" ; ", "Nothing is said to be changed. Write `p95 STAGE MS`"),
        ("p95 foo 3", "There is no stage 'foo'. Stages: parse, intent"),
        ("p95 rerank nan", "'ms' is nan. Write milliseconds"),
        ("hedge rerank 250 3", "'shared' is 3. Write a share"),
        ("hedge rerank", "`hedge rerank` has too few words, or too many."),
        ("parallel parse rerank", "intent stands between parse and rerank. Name two stages"),
        ("parallel intent retrieval; parallel intent retrieval", "do not wait for each other as it is"),
        ("top-k rerank 5", "5 items lie outside those measured, 20 to 30."),
        ("top-k parse 5", "No measured effect of fewer items on 'parse' is in the budget."),
        ("faster please", "'faster' is no change of a pipeline."),
    ],
)
def test_what_cannot_be_typed_is_answered_with_what_can(typed: str, said: str) -> None:
    """What, which, what next."""
    with pytest.raises(InputError) as caught:
        read_words(typed, read(SHIPPED.read_text(encoding="utf-8")))
    assert said in str(caught.value)
