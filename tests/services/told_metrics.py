"""A Prometheus that answers what a test tells it: values over time, by a part of the query."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx

from bot.services.desk import Desk
from bot.sources.prometheus import Prometheus

Value: TypeAlias = "float | Callable[[datetime], float | None]"


class Told:
    """`series` are (part of the query, labels, value or what gives it at a moment); `asked` keeps queries."""

    def __init__(self, *series: tuple[str, Mapping[str, str], Value]) -> None:
        self.series = list(series)
        self.asked: list[str] = []
        self.instead: dict[str, Callable[[], httpx.Response]] = {}

    def give(self, bench: Any, **more: float) -> "Told":
        """Put it on the bench's desk."""
        client = httpx.Client(transport=httpx.MockTransport(self))
        source = Prometheus("http://prometheus", name="prom", client=client, **more)
        old = bench.desk
        bench.desk = Desk(old.settings, old.playbooks, old.templates, {"prom": source})
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a query."""
        params = request.url.params
        query = params["query"]
        self.asked.append(query)
        for part, answer in self.instead.items():
            if part in query:
                return answer()
        if not request.url.path.endswith("query_range"):
            at = datetime.fromtimestamp(float(params["time"]), UTC)
            found = [(labels, self._at(value, at)) for part, labels, value in self.series if part in query]
            result = [{"metric": labels, "value": [at.timestamp(), said]} for labels, said in found if said]
            return _success("vector", result)
        start, end = (datetime.fromtimestamp(float(params[key]), UTC) for key in ("start", "end"))
        step = timedelta(seconds=float(params["step"]))
        moments = [start + step * place for place in range(int((end - start) / step) + 1)]
        result = []
        for part, labels, value in self.series:
            if part in query:
                told = [[at.timestamp(), said] for at in moments if (said := self._at(value, at))]
                result.append({"metric": labels, "values": told})
        return _success("matrix", result)

    def _at(self, value: Value, at: datetime) -> str:
        found = value(at) if callable(value) else value
        return "" if found is None else f"{found}"


def hanging(release: threading.Event) -> httpx.Response:
    """No answer until it is released, and none then."""
    release.wait(20)
    raise httpx.ReadTimeout("too slow")


def _success(kind: str, result: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})
