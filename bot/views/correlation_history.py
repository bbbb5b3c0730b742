"""What the ledger says of offline against online, in words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.core.correlation_ledger import Kind
from bot.views.document import markdown

Body = Mapping[str, Any]


def _r(body: Body) -> str:
    if body.get("r") is None:
        return f"no correlation over {body['n']} experiments"
    return f"r {body['r']:.2f} ({body['low']:.2f} to {body['high']:.2f}) over {body['n']} experiments"


def _direction(body: Body) -> str:
    return f"{body['agreeing']} of the last {body['of']} experiments moved the same way offline and online"


def _diagnosis(body: Body) -> str:
    dominant = str(body["dominant"]).replace("_", " ") or "no cause established"
    more = ", ".join(str(one).replace("_", " ") for one in body["secondary"])
    note = f": {markdown(str(body['note']))}" if body.get("note") else ""
    return f"concluded: {markdown(dominant)}{f', contributing {markdown(more)}' if more else ''}{note}"


def _replay(body: Body) -> str:
    old = "" if body.get("r_old") is None else f", the old harness {body['r_old']:.2f}"
    return f"replay: **{markdown(str(body['outcome']))}**, {_r(body)}{old}"


CORRELATION_WORDS: Mapping[str, Callable[[Body], str]] = MappingProxyType(
    {
        Kind.ALARM: lambda body: f"alarm: {_r(body)} in {body['days']} days",
        Kind.RESTORED: lambda body: f"recovered: {_r(body)} in {body['days']} days",
        Kind.DIRECTION: lambda body: f"alert: {_direction(body)}",
        Kind.AGREEING: lambda body: f"recovered: {_direction(body)}",
        Kind.DIAGNOSIS: _diagnosis,
        Kind.REPLAY: _replay,
    }
)
"""By the entry's kind; see `bot.views.ledger_history`."""
