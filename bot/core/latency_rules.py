"""Prometheus alert rules for a latency budget: what its telemetry can show, at the thresholds it declares.

Every alert carries what incidents are grouped by and trees are chosen by: metric, service, stage, severity.
The window is five minutes, as AML-07 has it, and the threshold must be exceeded for `minutes`.
"""

import re
from collections.abc import Iterator
from typing import Any

from bot.core.latency_budget import Budget, Stage, Telemetry
from bot.errors import InputError

WINDOW = "5m"


def rules(budget: Budget) -> dict[str, Any]:
    """The rule file as Prometheus reads it. Raises InputError where the budget names no metric to watch."""
    known = budget.telemetry
    if known is None:
        raise InputError(
            f"{budget.id} has no telemetry, so there is nothing to alert on.",
            "Write `telemetry: {turn: turn_latency_seconds, stage: stage_latency_seconds}`.",
        )
    found = [*_turn(budget, known), *_stages(budget, known), *_cold_start(budget, known)]
    if not found:
        raise InputError(
            f"The telemetry of {budget.id} names no metric.", "Name at least the histogram of the turn."
        )
    return {"groups": [{"name": f"latency_{budget.id}", "interval": "30s", "rules": found}]}


def written(budget: Budget) -> str:
    """The rules as YAML."""
    import yaml

    head = f"# Alert rules of the latency budget {budget.id}, written from its file {budget.sha256[:12]}.\n"
    return head + yaml.safe_dump(rules(budget), sort_keys=False, width=10_000, allow_unicode=True)


def _turn(budget: Budget, known: Telemetry) -> Iterator[dict[str, Any]]:
    if not known.turn:
        return
    limits = budget.thresholds
    for quantile, limit, severity in ((95, limits.turn_p95, "SEV2"), (99, limits.turn_p99, "SEV3")):
        expr = f"{_quantile(known, known.turn, quantile)} > {limit.alert:g}"
        said = f"Turn p{quantile} is over {limit.alert:g} ms (target {limit.target:g} ms)"
        yield _rule(
            budget, known, f"TurnP{quantile}", expr, f"turn_p{quantile}_ms", severity, said, limit.target
        )
    gone = f"absent({known.turn}_count{_matched(known)})"
    yield _rule(budget, known, "TurnLatencyUnknown", gone, "turn_latency_telemetry", "SEV3",
                "Nothing measures the turn's latency any more", None)  # fmt: skip
    if known.cohorts:
        by = ", ".join(known.cohorts)
        whole = _quantile(known, known.turn, 95)
        apart = f"abs(({_quantile(known, known.turn, 95, by)}) / ignoring({by}) group_left() ({whole}) - 1)"
        apart += f" > {limits.cohort.alert:g}"
        said = f"A cohort's turn p95 is more than {limits.cohort.alert * 100:g} % off the whole's"
        yield _rule(
            budget, known, "CohortApart", apart, "turn_p95_cohort_split", "SEV3", said, limits.cohort.target
        )


def _stages(budget: Budget, known: Telemetry) -> Iterator[dict[str, Any]]:
    limits = budget.thresholds
    for stage in budget.stages:
        chosen = _matched(known, f'{known.label}="{_value(stage)}"')
        name = "".join(word.capitalize() for word in stage.name.split("_"))
        if known.stage:
            expr = f"{_quantile(known, known.stage, 95, chosen=chosen)} > {stage.alert_p95_ms:g}"
            said = f"{stage.said}: p95 is over {stage.alert_p95_ms:g} ms"
            said += f" (allocated {stage.allocated_p95_ms:g} ms)"
            yield _rule(budget, known, f"{name}P95", expr, "stage_p95_ms", "SEV3", said,
                        stage.allocated_p95_ms, stage)  # fmt: skip
        if not known.requests:
            continue
        calls = f"sum(rate({known.requests}{chosen}[{WINDOW}]))"
        shares = [(known.errors, limits.errors, "Errors", "stage_error_rate", "fail")]
        if stage.fallback is not None:
            fell = f"fall back to {stage.fallback.to}"
            shares.append((known.fallbacks, limits.fallback, "Fallback", "stage_fallback_rate", fell))
        for metric, limit, kind, label, verb in shares:
            if metric:
                expr = f"sum(rate({metric}{chosen}[{WINDOW}])) / {calls} > {limit.alert:g}"
                said = f"{stage.said}: more than {limit.alert * 100:g} % of its calls {verb}"
                yield _rule(budget, known, f"{name}{kind}", expr, label, "SEV2", said, limit.target, stage)


def _cold_start(budget: Budget, known: Telemetry) -> Iterator[dict[str, Any]]:
    cold = budget.thresholds.cold_start
    stage = None if cold is None else budget.stage(cold.stage)
    if cold is None or stage is None or not known.stage:
        return
    own = f'{known.label}="{_value(stage)}"'
    edge = cold.above_ms / known.unit_ms
    fast = _matched(known, own, f'le=~"{_edges(edge)}"')
    total = _matched(known, own)
    within = f"sum(rate({known.stage}_bucket{fast}[{WINDOW}]))"
    calls = f"sum(rate({known.stage}_count{total}[{WINDOW}]))"
    expr = f"1 - {within} / {calls} > {cold.limit.alert:g}"
    said = f"{stage.said}: more than {cold.limit.alert * 100:g} % of its calls take over {cold.above_ms:g} ms"
    rule = _rule(
        budget, known, "ColdStarts", expr, "cold_start_fraction", "SEV3", said, cold.limit.target, stage
    )
    rule["annotations"]["description"] = f"The histogram needs a bucket that ends at {edge:g}."
    yield rule


def _rule(
    budget: Budget, known: Telemetry, name: str, expr: str, metric: str, severity: str, said: str,
    baseline: float | None, stage: Stage | None = None,
) -> dict[str, Any]:  # fmt: skip
    labels = {"severity": severity, "metric": metric, "budget": budget.id}
    labels |= {"service": known.service} if known.service else {}
    labels |= {"stage": stage.name} if stage is not None else {}
    notes = {"summary": said}
    if baseline is not None:
        notes |= {"value": '{{ printf "%.4g" $value }}', "baseline": f"{baseline:g}"}
    prefix = "".join(word.capitalize() for word in budget.id.split("_"))
    minutes = f"{budget.thresholds.minutes * 60:.0f}s"
    return {"alert": f"{prefix}{name}", "expr": expr, "for": minutes, "labels": labels, "annotations": notes}


def _quantile(known: Telemetry, metric: str, percent: int, by: str = "", chosen: str | None = None) -> str:
    """A quantile in ms, of a classic histogram."""
    chosen = _matched(known) if chosen is None else chosen
    groups = f"le, {by}" if by else "le"
    rate = f"sum by ({groups}) (rate({metric}_bucket{chosen}[{WINDOW}]))"
    return f"{known.unit_ms:g} * histogram_quantile({percent / 100:g}, {rate})"


def _matched(known: Telemetry, *more: str) -> str:
    wanted = [f'{name}="{_quoted(value)}"' for name, value in known.matchers.items()]
    found = ", ".join([*wanted, *more])
    return f"{{{found}}}" if found else ""


def _value(stage: Stage) -> str:
    return _quoted(stage.column or stage.name)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _edges(edge: float) -> str:
    """A bucket's end as clients write it: 1, 1.0 or 0.5."""
    plain = re.escape(f"{edge:g}").replace("\\", "\\\\")
    return plain if "." in f"{edge:g}" else f"{plain}|{plain}\\\\.0"
