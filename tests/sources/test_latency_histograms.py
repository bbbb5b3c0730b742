"""Histograms of stages from Prometheus: what is asked, what comes of it, and every gap a reason."""

from datetime import UTC, datetime

import httpx
import pytest

from bot.core.latency_budget import Budget, HistogramWindow
from bot.core.latency_reader import read_budget
from bot.core.measurements import Measurements
from bot.errors import SourceError
from bot.sources.latency_histograms import from_prometheus, gathered
from bot.sources.prometheus import Prometheus

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
BUDGET = """kind: latency
id: turn
slo: {ms: 800}
stages:
  - {name: parse, allocated_p95_ms: 30}
  - {name: rerank, allocated_p95_ms: 240, column: reranker}
measured: {prometheus: prom, days: 7}
telemetry: {stage: stage_seconds, turn: turn_seconds, label: step, matchers: {service: chat}}
"""


def budget() -> Budget:
    """Two stages, in histograms."""
    found, findings = read_budget(BUDGET, name="b.yaml")
    assert found is not None, findings
    return found


def ask(stages: dict[str, dict[str, float]], turn: dict[str, float]) -> tuple[Measurements, list[str]]:
    """What is gathered from a server that counts so, and what it was asked."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["query"])
        if "turn_seconds" in asked[-1]:
            rows = [({"le": le}, count) for le, count in turn.items()]
        else:
            rows = [
                ({"le": le, "step": step}, count) for step, one in stages.items() for le, count in one.items()
            ]
        result = [{"metric": labels, "value": [0, str(count)]} for labels, count in rows]
        return httpx.Response(
            200, json={"status": "success", "data": {"resultType": "vector", "result": result}}
        )

    server = Prometheus("http://prom", client=httpx.Client(transport=httpx.MockTransport(handler)))
    return gathered(budget(), HistogramWindow("prom", 7), server, NOW), asked


PARSE = {"0.01": 10, "0.05": 90, "+Inf": 100}
RERANK = {"0.1": 50, "0.5": 99, "+Inf": 100}


def test_one_query_each_for_the_stages_and_the_turn() -> None:
    """Over the whole window, with the labels that choose this pipeline; counts by bucket in ms."""
    found, asked = ask({"parse": PARSE, "reranker": RERANK}, {"0.8": 190, "+Inf": 200})
    assert asked == [
        'sum by (le, step) (increase(stage_seconds_bucket{service="chat"}[604800s]))',
        'sum by (le) (increase(turn_seconds_bucket{service="chat"}[604800s]))',
    ]
    assert found.histograms["parse"].edges.tolist() == [10, 50]
    assert found.histograms["parse"].counts.tolist() == [10, 80, 10]
    assert found.histograms["rerank"].counts.tolist() == [50, 49, 1]
    assert found.turn is not None
    assert found.turn.counts.tolist() == [190, 10]
    assert (found.missing, found.source) == ({}, "the histograms of prometheus over 7 days")


def test_a_stage_without_a_histogram_is_missing_with_the_reason() -> None:
    """None at all, none beyond its last bucket, or nothing counted; the others remain."""
    for rerank, reason in (
        ({}, "nothing was counted"),
        ({"0.1": 4, "0.5": 5}, "no buckets up to +Inf"),
        ({"0.1": 0, "+Inf": 0}, "nothing was counted"),
    ):
        found, _ = ask({"parse": PARSE, "reranker": rerank}, {})
        assert found.missing == {"rerank": f"has no histogram stage_seconds{{step=reranker}}: {reason}"}
        assert set(found.histograms) == {"parse"}
        assert found.turn is None


def test_counts_that_fall_from_bucket_to_bucket_are_held_level() -> None:
    """As extrapolation may leave them."""
    found, _ = ask({"parse": {"0.01": 50.2, "0.05": 50.1, "+Inf": 60}}, {})
    assert found.histograms["parse"].counts.tolist() == pytest.approx([50.2, 0, 9.8])


def test_a_server_that_knows_no_stage_or_is_not_configured_is_said_so() -> None:
    """A reason that can be shown."""
    with pytest.raises(SourceError, match="prometheus knows stage_seconds_bucket of none of the stages"):
        ask({}, {})
    with pytest.raises(SourceError, match="there is no prometheus source prom; configured: none"):
        from_prometheus(budget(), HistogramWindow("prom"), {}, NOW)
