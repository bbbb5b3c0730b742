"""A stand-in for the team's Prometheus: the query endpoints, answering for the demo's one story.

Recall@10 stands at 0.91, sinks to 0.62 over the six hours before the alarm and recovers after the re-index.
"""

import math
from collections.abc import Callable
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


class Recall:
    """Recall@10 of the story's service over time; `alarm` and `recovered_at` are set as the story goes."""

    def __init__(self) -> None:
        self.alarm: datetime | None = None
        self.recovered_at: datetime | None = None

    def at(self, moment: datetime) -> float:
        """The value at `moment`: a fraction, with a little deterministic ripple."""
        ripple = 0.004 * math.sin(moment.timestamp() / 600.0)
        if self.recovered_at is not None and moment >= self.recovered_at:
            return RECOVERED + ripple / 2
        gone = (moment - (self.alarm - SLIDE)) / SLIDE if self.alarm else 0.0
        return HEALTHY + (COLLAPSED - HEALTHY) * min(max(gone, 0.0), 1.0) + ripple / 2


def app(recall: Recall, clock: Callable[[], datetime]) -> Starlette:
    """Return the HTTP API: `/api/v1/query` and `/api/v1/query_range`."""

    async def instant(request: Request) -> Response:
        asked = await _arguments(request)
        moment = _moment(asked.get("time"), clock())
        found = [{"metric": _labels(), "value": [moment.timestamp(), f"{recall.at(moment):.4f}"]}]
        return _success("vector", found if METRIC in asked.get("query", "") else [])

    async def ranged(request: Request) -> Response:
        asked = await _arguments(request)
        start, end = _moment(asked.get("start"), clock()), _moment(asked.get("end"), clock())
        step = timedelta(seconds=max(float(asked.get("step", "60")), 1.0))
        moments = [start + step * index for index in range(min(int((end - start) / step) + 1, 11_000))]
        values = [[moment.timestamp(), f"{recall.at(moment):.4f}"] for moment in moments]
        found = [{"metric": _labels(), "values": values}]
        return _success("matrix", found if METRIC in asked.get("query", "") else [])

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


def _labels() -> dict[str, str]:
    return {"__name__": METRIC, "service": "rag-retrieval"}


def _success(kind: str, result: list[dict[str, Any]]) -> JSONResponse:
    return JSONResponse({"status": "success", "data": {"resultType": kind, "result": result}})
