"""Alert rules of a budget: what they watch, and that Prometheus's own tool takes and fires them."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.commands.latency_rules import promtool, rules
from bot.core.latency_reader import read_budget
from bot.core.latency_rules import written
from bot.errors import InputError

BUDGET = """
kind: latency
id: chat
slo: {ms: 800}
stages:
  - {name: intent, allocated_p95_ms: 50}
  - name: rerank
    allocated_p95_ms: 240
    alert_p95_ms: 280
    fallback: {after_ms: 500, to: BM25-only ranking}
  - {name: first_token, allocated_p95_ms: 200}
telemetry:
  service: chatbot
  turn: turn_seconds
  stage: stage_seconds
  requests: stage_requests_total
  fallbacks: stage_fallbacks_total
  errors: stage_errors_total
  cohorts: [locale, device]
  matchers: {pipeline: main}
thresholds: {cold_start: {stage: first_token}}
"""

FIRES = """
rule_files: [rules.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - {series: 'turn_seconds_bucket{pipeline="main",locale="en",device="app",le="0.5"}', values: '0+100x60'}
      - {series: 'turn_seconds_bucket{pipeline="main",locale="en",device="app",le="2"}', values: '0+200x60'}
      - {series: 'turn_seconds_bucket{pipeline="main",locale="en",device="app",le="+Inf"}',
         values: '0+200x60'}
      - {series: 'turn_seconds_count{pipeline="main",locale="en",device="app"}', values: '0+200x60'}
      - {series: 'stage_requests_total{pipeline="main",stage="rerank"}', values: '0+200x60'}
      - {series: 'stage_fallbacks_total{pipeline="main",stage="rerank"}', values: '0+4x60'}
      - {series: 'stage_errors_total{pipeline="main",stage="rerank"}', values: '0+0x60'}
      - {series: 'stage_seconds_bucket{pipeline="main",stage="first_token",le="0.5"}', values: '0+160x60'}
      - {series: 'stage_seconds_count{pipeline="main",stage="first_token"}', values: '0+200x60'}
    promql_expr_test: []
    alert_rule_test:
      - eval_time: 4m
        alertname: ChatTurnP95
        exp_alerts: []
      - eval_time: 15m
        alertname: ChatTurnP95
        exp_alerts:
          - exp_labels: {severity: SEV2, metric: turn_p95_ms, budget: chat, service: chatbot}
            exp_annotations:
              {summary: Turn p95 is over 800 ms (target 800 ms), value: "1850", baseline: "800"}
      - eval_time: 15m
        alertname: ChatRerankErrors
        exp_alerts: []
      - eval_time: 15m
        alertname: ChatRerankFallback
        exp_alerts:
          - exp_labels:
              {severity: SEV2, metric: stage_fallback_rate, budget: chat, service: chatbot, stage: rerank}
            exp_annotations:
              summary: "rerank: more than 1 % of its calls fall back to BM25-only ranking"
              value: "0.02"
              baseline: "0.001"
      - eval_time: 15m
        alertname: ChatCohortApart
        exp_alerts: []
"""


def text(of: str = BUDGET) -> str:
    """The rules of a budget's file."""
    budget, findings = read_budget(of, name="chat.yaml")
    assert budget is not None, findings
    return written(budget)


def test_every_threshold_of_the_procedure_has_its_rule() -> None:
    """AML-07: 800, 1800, 280 ms, 1 %, 0.5 %, 20 %, 15 %, for five minutes."""
    found = {one["alert"]: one for one in yaml.safe_load(text())["groups"][0]["rules"]}
    ends = {name: one["expr"].rpartition(" > ")[2] for name, one in found.items()}
    assert ends["ChatTurnP95"] == "800"
    assert ends["ChatTurnP99"] == "1800"
    assert ends["ChatRerankP95"] == "280"
    assert (ends["ChatRerankFallback"], ends["ChatRerankErrors"]) == ("0.01", "0.005")
    assert (ends["ChatCohortApart"], ends["ChatColdStarts"]) == ("0.2", "0.15")
    assert "ChatIntentFallback" not in found
    assert {one["for"] for one in found.values()} == {"300s"}


def test_a_budget_without_telemetry_is_told_what_to_write() -> None:
    """Nothing is made up."""
    with pytest.raises(InputError) as caught:
        text(BUDGET[: BUDGET.index("telemetry:")])
    assert caught.value.message == "chat has no telemetry, so there is nothing to alert on."


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_rules_and_they_fire(tmp_path: Path) -> None:
    """Slow turns and fallbacks of 2 % raise alerts after five minutes; healthy stages raise none."""
    assert promtool(text()) == ""
    (tmp_path / "rules.yml").write_text(text())
    (tmp_path / "test.yml").write_text(FIRES)
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_writes_a_file_and_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    """Exit codes 0 and 1; a place that cannot be written is said in one line."""
    file = tmp_path / "chat.yaml"
    file.write_text(BUDGET)
    assert rules(file, out=tmp_path / "rules.yml") == 0
    assert (tmp_path / "rules.yml").read_text() == text()
    file.write_text("kind: latency\nid: chat\n")
    assert rules(file) == 1
    file.write_text(BUDGET)
    with pytest.raises(InputError):
        rules(file, out=tmp_path / "no" / "rules.yml")


SHIPPED = Path(__file__).parents[2] / "bot/demo/data/latency/aml_07.yaml"
SLOW = """
rule_files: [rules.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - {series: 'chatbot_stage_latency_seconds_bucket{stage="rerank",le="0.25"}', values: '0+100x60'}
      - {series: 'chatbot_stage_latency_seconds_bucket{stage="rerank",le="0.5"}', values: '0+200x60'}
      - {series: 'chatbot_stage_latency_seconds_bucket{stage="rerank",le="+Inf"}', values: '0+200x60'}
    alert_rule_test:
      - eval_time: 4m
        alertname: ChatbotTurnRerankP95
        exp_alerts: []
      - eval_time: 15m
        alertname: ChatbotTurnRerankP95
        exp_alerts:
          - exp_labels:
              {severity: SEV3, metric: stage_p95_ms, budget: chatbot_turn, service: chatbot, stage: rerank}
            exp_annotations:
              {summary: "Reranker: p95 is over 280 ms (allocated 240 ms)", value: "475", baseline: "240"}
      - eval_time: 15m
        alertname: ChatbotTurnTurnLatencyUnknown
        exp_alerts:
          - exp_labels:
              {severity: SEV3, metric: turn_latency_telemetry, budget: chatbot_turn, service: chatbot}
            exp_annotations: {summary: Nothing measures the turn's latency any more}
"""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_rules_of_the_shipped_budget(tmp_path: Path) -> None:
    """All 18 of them; a reranker over 280 ms and a turn that nobody measures are told after five minutes."""
    shipped = text(SHIPPED.read_text(encoding="utf-8"))
    assert promtool(shipped) == ""
    (tmp_path / "rules.yml").write_text(shipped)
    (tmp_path / "test.yml").write_text(SLOW)
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
