"""A stand-in for the team's Prometheus: the query endpoints, answering for the demo's stories.

Recall@10 stands at 0.91, sinks to 0.62 over the six hours before the alarm and recovers after the re-index.
It sinks in the cohorts of one locale, whose titles lie on shard 3; the stages of a turn are as always.
The p99 of a turn stands at 1,240 ms and its error rate at 0.2 %; in a spike they are 1,720 ms and 0.4 %.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

METRIC = "rag_recall_at_10"
BY_COHORT, BY_SHARD = f"{METRIC}:by_cohort", f"{METRIC}:by_shard"
STAGE_P95, STAGE_ERRORS, STAGE_FALLBACKS = "stage_p95_ms", "stage_error_ratio", "stage_fallback_ratio"
TURN_P95 = "turn_p95_ms"
COHORTS = tuple(product(("en", "jp", "mixed"), ("mobile", "app", "desktop"), ("new", "returning")))
SHARDS, BROKEN = 8, 3
STAGES_MS = {"parse": 24, "intent": 41, "retrieval": 188, "rerank": 221, "fm": 176, "format": 33}
"""What each stage of a turn takes at p95, in ms: within what AML-07 gives it."""

HEALTHY, COLLAPSED, RECOVERED = 0.91, 0.62, 0.90
SLIDE = timedelta(hours=6)
"""The time the collapse took, as in the story it is taken from."""

P99_MS, P99_IN_SPIKE = 1240.0, 1720.0
ERRORS, ERRORS_IN_SPIKE = 0.002, 0.004


class Recall:
    """What the services' metrics are over time; people of the story set when what happened.

    alarm, recovered_at: of Recall@10. spike: since when turns are slow, spike_over: since when no longer.
    """

    def __init__(self) -> None:
        self.alarm: datetime | None = None
        self.recovered_at: datetime | None = None
        self.spike: datetime | None = None
        self.spike_over: datetime | None = None

    def at(self, moment: datetime) -> float:
        """Recall@10 at `moment`: a fraction, with a little deterministic ripple."""
        ripple = 0.004 * math.sin(moment.timestamp() / 600.0)
        if self.recovered_at is not None and moment >= self.recovered_at:
            return RECOVERED + ripple / 2
        gone = (moment - (self.alarm - SLIDE)) / SLIDE if self.alarm else 0.0
        return HEALTHY + (COLLAPSED - HEALTHY) * min(max(gone, 0.0), 1.0) + ripple / 2

    def of_cohort(self, locale: str, salt: int, moment: datetime) -> float:
        """Recall@10 of a cohort: all of the fall is in one locale."""
        lost = HEALTHY - self.at(moment)
        return HEALTHY - lost * (1.0 if locale == "jp" else 0.03) + 0.002 * math.sin(salt)

    def of_shard(self, shard: int, moment: datetime) -> float:
        """Recall@10 of what lies on a shard; the broken one falls further than the whole."""
        lost = HEALTHY - self.at(moment)
        return HEALTHY - lost * (1.6 if shard == BROKEN else 0.02) + 0.002 * math.sin(shard)

    def p99(self, moment: datetime) -> float:
        """The p99 of a turn, in ms."""
        return (P99_IN_SPIKE if self._slow(moment) else P99_MS) + 8 * math.sin(moment.timestamp() / 900.0)

    def errors(self, moment: datetime) -> float:
        """Share of turns that end in an error."""
        return ERRORS_IN_SPIKE if self._slow(moment) else ERRORS

    def _slow(self, moment: datetime) -> bool:
        return (
            self.spike is not None
            and moment >= self.spike
            and (self.spike_over is None or moment < self.spike_over)
        )


def app(recall: Recall, clock: Callable[[], datetime]) -> Starlette:
    """Return the HTTP API: `/api/v1/query` and `/api/v1/query_range`."""
    series = _series(recall)

    def asked_for(query: str) -> list[_Series]:
        """All series of the metric the query names; of one name within another the longer."""
        named = [name for name in series if name in query]
        return series[max(named, key=len)] if named else []

    async def instant(request: Request) -> Response:
        asked = await _arguments(request)
        moment, found = _moment(asked.get("time"), clock()), asked_for(asked.get("query", ""))
        at = moment.timestamp()
        return _success(
            "vector",
            [{"metric": labels, "value": [at, f"{value(moment):.4f}"]} for value, labels in found],
        )

    async def ranged(request: Request) -> Response:
        asked = await _arguments(request)
        found = asked_for(asked.get("query", ""))
        start, end = _moment(asked.get("start"), clock()), _moment(asked.get("end"), clock())
        step = timedelta(seconds=max(float(asked.get("step", "60")), 1.0))
        moments = [start + step * index for index in range(min(int((end - start) / step) + 1, 11_000))]
        return _success(
            "matrix",
            [
                {"metric": labels, "values": [[m.timestamp(), f"{value(m):.4f}"] for m in moments]}
                for value, labels in found
            ],
        )

    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/api/v1/query", instant, methods=both),
            Route("/api/v1/query_range", ranged, methods=both),
        ]
    )


_Series: TypeAlias = tuple[Callable[[datetime], float], dict[str, str]]


def _series(recall: Recall) -> Mapping[str, list[_Series]]:
    """Every series by its metric's name: what it is at a moment, and its labels."""

    def steady(value: float, moment: datetime) -> float:
        return value * (1 + 0.01 * math.sin(moment.timestamp() / 700.0))

    def by_stage(values: Mapping[str, float]) -> Iterator[_Series]:
        return ((partial(steady, value), {"stage": stage}) for stage, value in values.items())

    return {
        METRIC: [(recall.at, {"__name__": METRIC, "service": "rag-retrieval"})],
        BY_COHORT: [
            (partial(recall.of_cohort, locale, salt), {"locale": locale, "device": device, "tenure": tenure})
            for salt, (locale, device, tenure) in enumerate(COHORTS)
        ],
        BY_SHARD: [(partial(recall.of_shard, shard), {"shard": f"shard-{shard}"}) for shard in range(SHARDS)],
        STAGE_P95: list(by_stage(STAGES_MS)),
        STAGE_ERRORS: list(by_stage(dict.fromkeys(STAGES_MS, 0.0002))),
        STAGE_FALLBACKS: list(by_stage({"rerank": 0.001})),
        TURN_P95: [(partial(steady, 712.0), {})],
        "turn_latency_ms_bucket": [(recall.p99, {})],
        "turn_errors_total": [(recall.errors, {})],
    }


async def _arguments(request: Request) -> dict[str, str]:
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{name: str(value) for name, value in form.items()}}


def _moment(text: str | None, now: datetime) -> datetime:
    return datetime.fromtimestamp(float(text), UTC) if text else now


def _success(kind: str, result: list[dict[str, Any]]) -> JSONResponse:
    return JSONResponse({"status": "success", "data": {"resultType": kind, "result": result}})
