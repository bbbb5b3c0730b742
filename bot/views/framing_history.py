"""What the ledger's history says of framings."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bot.core.framing import FramingKind
from bot.views.document import markdown
from bot.views.framing_words import date as day_of


def _decided(body: Mapping[str, Any]) -> str:
    chosen = markdown(str(body["recommendation"]).replace("_", " "))
    again = f"; looked at again on {day_of(date.fromisoformat(body['revisit']))}" if body["revisit"] else ""
    why = f": {markdown(body['why'])}" if body["why"] else ""
    return (
        f"decided **{chosen}** on {markdown(body['title'])}, edition {body['edition']} as "
        f"{body['sha256'][:12]}, {markdown(body['do'])}, prior {body['prior']:g}{again}{why}"
    )


FRAMINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        FramingKind.DECIDED: _decided,
        FramingKind.DROPPED: lambda body: f"gave it up: {markdown(body['why'])}",
        FramingKind.QUESTIONED: lambda body: f"is to be looked at again: {markdown(body['line'])}",
    }
)
"""By the entry's kind."""
