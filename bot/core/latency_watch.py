"""What is watched of a budget in operation: a query of Prometheus and its limit for each threshold of AML-07.

The alert rules that Prometheus evaluates and the monitors in the product are both made of these, so that the
two cannot differ: rates over five minutes, and a threshold that must be exceeded for `minutes`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.latency_budget import Budget, Limit, Stage, Telemetry
from bot.errors import InputError

WINDOW = "5m"


@dataclass(frozen=True)
class Watched:
    """One thing that is watched. query: its value, of each cohort where it is split; ms or a share.

    limit: what it is held against; None where any answer to the query is the alarm. metric, stage, severity:
    the labels of the alert. note: what the query needs besides.
    """

    name: str
    query: str
    metric: str
    severity: str
    said: str
    limit: Limit | None = None
    stage: str = ""
    note: str = ""
    share: bool = False

    @property
    def alert(self) -> float:
        """The value above which it alerts."""
        return 0.0 if self.limit is None else self.limit.alert

    @property
    def rule(self) -> str:
        """The query and its threshold, as an alert rule has it."""
        return self.query if self.limit is None else f"{self.query} > {self.limit.alert:g}"


def watched(budget: Budget) -> tuple[Watched, ...]:
    """Everything that the budget's telemetry can show. Raises InputError where it names no metric."""
    known = budget.telemetry
    if known is None:
        raise InputError(
            f"{budget.id} has no telemetry, so there is nothing to alert on.",
            "Write `telemetry: {turn: turn_latency_seconds, stage: stage_latency_seconds}`.",
        )
    found = (*_turn(budget, known), *_stages(budget, known), *_cold_start(budget, known))
    if not found:
        raise InputError(
            f"The telemetry of {budget.id} names no metric.", "Name at least the histogram of the turn."
        )
    return found


def _turn(budget: Budget, known: Telemetry) -> Iterator[Watched]:
    if not known.turn:
        return
    limits = budget.thresholds
    for percent, limit, severity in ((95, limits.turn_p95, "SEV2"), (99, limits.turn_p99, "SEV3")):
        query = _quantile(known, known.turn, percent)
        said = f"Turn p{percent} is over {limit.alert:g} ms (target {limit.target:g} ms)"
        yield Watched(f"TurnP{percent}", query, f"turn_p{percent}_ms", severity, said, limit)
    gone = f"absent({known.turn}_count{_matched(known)})"
    yield Watched("TurnLatencyUnknown", gone, "turn_latency_telemetry", "SEV3",
                  "Nothing measures the turn's latency any more")  # fmt: skip
    if known.cohorts:
        by = ", ".join(known.cohorts)
        whole = _quantile(known, known.turn, 95)
        apart = f"abs(({_quantile(known, known.turn, 95, by)}) / ignoring({by}) group_left() ({whole}) - 1)"
        said = f"A cohort's turn p95 is more than {limits.cohort.alert * 100:g} % off the whole's"
        yield Watched("CohortApart", apart, "turn_p95_cohort_split", "SEV3", said, limits.cohort, share=True)


def _stages(budget: Budget, known: Telemetry) -> Iterator[Watched]:
    limits = budget.thresholds
    for stage in budget.stages:
        chosen = _matched(known, f'{known.label}="{_value(stage)}"')
        name = "".join(word.capitalize() for word in stage.name.split("_"))
        if known.stage:
            said = f"{stage.said}: p95 is over {stage.alert_p95_ms:g} ms"
            said += f" (allocated {stage.allocated_p95_ms:g} ms)"
            yield Watched(
                f"{name}P95", _quantile(known, known.stage, 95, chosen=chosen), "stage_p95_ms", "SEV3", said,
                Limit(stage.allocated_p95_ms, stage.alert_p95_ms), stage.name,
            )  # fmt: skip
        if not known.requests:
            continue
        calls = f"sum(rate({known.requests}{chosen}[{WINDOW}]))"
        shares = [(known.errors, limits.errors, "Errors", "stage_error_rate", "fail")]
        if stage.fallback is not None:
            fell = f"fall back to {stage.fallback.to}"
            shares.append((known.fallbacks, limits.fallback, "Fallback", "stage_fallback_rate", fell))
        for metric, limit, kind, label, verb in shares:
            if metric:
                query = f"sum(rate({metric}{chosen}[{WINDOW}])) / {calls}"
                said = f"{stage.said}: more than {limit.alert * 100:g} % of its calls {verb}"
                yield Watched(f"{name}{kind}", query, label, "SEV2", said, limit, stage.name, share=True)


def _cold_start(budget: Budget, known: Telemetry) -> Iterator[Watched]:
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
    said = f"{stage.said}: more than {cold.limit.alert * 100:g} % of its calls take over {cold.above_ms:g} ms"
    yield Watched(
        "ColdStarts", f"1 - {within} / {calls}", "cold_start_fraction", "SEV3", said, cold.limit, stage.name,
        f"The histogram needs a bucket that ends at {edge:g}.", share=True,
    )  # fmt: skip


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
