"""Histograms of stages and of the turn from Prometheus: one query each, over the whole window.

A histogram says how long each stage took, never which stages were slow in the same turn.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from bot.core.latency_budget import Budget, HistogramWindow, Telemetry
from bot.core.measurements import Measurements
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.prometheus import Prometheus, Series, selector

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.turns import Buckets


def from_prometheus(
    budget: Budget, window: HistogramWindow, sources: Mapping[str, SourceSettings], now: datetime
) -> Measurements:
    """The histograms that the budget's telemetry names, of the window's days up to `now`.

    Raises:
        SourceError: there is no such source, it does not answer, or it knows none of the stages.

    """
    source = sources.get(window.source)
    if source is None or source.kind != "prometheus":
        known = ", ".join(name for name, one in sources.items() if one.kind == "prometheus")
        raise SourceError(f"there is no prometheus source {window.source}; configured: {known or 'none'}")
    server = Prometheus(source.url.get_secret_value(), name=window.source, timeout=source.timeout_seconds)
    try:
        return gathered(budget, window, server, now)
    finally:
        server.close()


def gathered(budget: Budget, window: HistogramWindow, server: Prometheus, now: datetime) -> Measurements:
    """The same from a server."""
    telemetry = budget.telemetry
    if telemetry is None or not telemetry.stage:
        raise SourceError("telemetry names no histogram of stages")
    over = f"[{max(round(window.days * 86_400), 60)}s]"
    by_stage = _by(
        server.instant(_query(telemetry, telemetry.stage, over, telemetry.label), at=now), telemetry
    )
    found, missing = {}, {}
    for stage in budget.stages:
        value = stage.column or stage.name
        buckets = _buckets(by_stage.get(value, {}), telemetry.unit_ms)
        if isinstance(buckets, str):
            missing[stage.name] = (
                f"has no histogram {telemetry.stage}{{{telemetry.label}={value}}}: {buckets}"
            )
        else:
            found[stage.name] = buckets
    if not found:
        raise SourceError(f"{server.name} knows {telemetry.stage}_bucket of none of the stages")
    turn = None
    if telemetry.turn:
        whole = _by(server.instant(_query(telemetry, telemetry.turn, over, ""), at=now), telemetry).get(
            "", {}
        )
        buckets = _buckets(whole, telemetry.unit_ms)
        turn = None if isinstance(buckets, str) else buckets
    source = f"the histograms of {server.name} over {window.days:g} days"
    return Measurements(source, histograms=found, turn=turn, missing=missing)


def _query(telemetry: Telemetry, name: str, over: str, label: str) -> str:
    by = f"le, {label}" if label else "le"
    return f"sum by ({by}) (increase({selector(f'{name}_bucket', telemetry.matchers)}{over}))"


def _by(series: tuple[Series, ...], telemetry: Telemetry) -> Mapping[str, Mapping[float, float]]:
    """Cumulative counts by edge, by stage; "" where there is no such label."""
    found: dict[str, dict[float, float]] = defaultdict(dict)
    for one in series:
        try:
            edge = float(one.labels.get("le", ""))
        except ValueError:
            continue
        if one.points and not math.isnan(edge):
            found[one.labels.get(telemetry.label, "")][edge] = one.points[-1][1]
    return found


def _buckets(cumulative: Mapping[float, float], unit_ms: float) -> "Buckets | str":
    """The histogram, or why there is none; counts that fall, as extrapolated ones may, are held level."""
    import numpy as np

    from bot.stats.turns import Buckets

    edges = sorted(edge for edge in cumulative if edge > 0)
    if len(edges) < 2 or edges[-1] != math.inf:
        return "no buckets up to +Inf" if edges else "nothing was counted"
    counts = np.maximum.accumulate([cumulative[edge] for edge in edges])
    if counts[-1] < 1:
        return "nothing was counted"
    return Buckets(np.array(edges[:-1]) * unit_ms, np.diff(counts, prepend=0.0))
