"""What the ledger says of latency budgets and load tests, in words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.core.latency_record import Kind
from bot.views.document import markdown

Body = Mapping[str, Any]


def _result(body: Body) -> str:
    under = f" with {markdown(body['failure'])}" if body["failure"] else ""
    off = "" if body["counts"] else f"; it does not count: {markdown(body['why'])}"
    return f"result of load test {body['test']} at {body['load']:g}x{under}, {markdown(body['tool'])}{off}"


LATENCY_WORDS: Mapping[str, Callable[[Body], str]] = MappingProxyType(
    {
        Kind.BUDGET: lambda body: f"budget {markdown(body['title'])}, edition {body['edition']}",
        Kind.LOCKED: lambda body: (
            f"locked {len(body['criteria'])} criteria of load test {body['test']}, {body['sha256'][:12]}"
        ),
        Kind.RESULT: _result,
    }
)
"""By the entry's kind; see `bot.views.ledger_history`."""
