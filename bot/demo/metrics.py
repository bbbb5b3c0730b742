"""A stand-in for the team's Prometheus: the query endpoints, answering for the demo's stories.

Recall@10 stands at 0.91, sinks to 0.62 over the six hours before the alarm and recovers after the re-index.
The p99 of a turn stands at 1,240 ms and its error rate at 0.2 %; in a spike they are 1,720 ms and 0.4 %.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

METRIC = "rag_recall_at_10"
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
    series: Mapping[str, tuple[Callable[[datetime], float], dict[str, str]]] = {
        METRIC: (recall.at, {"__name__": METRIC, "service": "rag-retrieval"}),
        "turn_latency_ms_bucket": (recall.p99, {}),
        "turn_errors_total": (recall.errors, {}),
    }

    def asked_for(query: str) -> tuple[Callable[[datetime], float], dict[str, str]] | None:
        return next((found for name, found in series.items() if name in query), None)

    async def instant(request: Request) -> Response:
        asked = await _arguments(request)
        moment, found = _moment(asked.get("time"), clock()), asked_for(asked.get("query", ""))
        if found is None:
            return _success("vector", [])
        value, labels = found
        return _success("vector", [{"metric": labels, "value": [moment.timestamp(), f"{value(moment):.4f}"]}])

    async def ranged(request: Request) -> Response:
        asked = await _arguments(request)
        found = asked_for(asked.get("query", ""))
        if found is None:
            return _success("matrix", [])
        value, labels = found
        start, end = _moment(asked.get("start"), clock()), _moment(asked.get("end"), clock())
        step = timedelta(seconds=max(float(asked.get("step", "60")), 1.0))
        moments = [start + step * index for index in range(min(int((end - start) / step) + 1, 11_000))]
        values = [[moment.timestamp(), f"{value(moment):.4f}"] for moment in moments]
        return _success("matrix", [{"metric": labels, "values": values}])

    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/api/v1/query", instant, methods=both),
            Route("/api/v1/query_range", ranged, methods=both),
        ]
    )


async def _arguments(request: Request) -> dict[str, str]:
    form = await request.form() if request.method == "POST" else {}
    return {**request.query_params, **{name: str(value) for name, value in form.items()}}


def _moment(text: str | None, now: datetime) -> datetime:
    return datetime.fromtimestamp(float(text), UTC) if text else now


def _success(kind: str, result: list[dict[str, Any]]) -> JSONResponse:
    return JSONResponse({"status": "success", "data": {"resultType": kind, "result": result}})
