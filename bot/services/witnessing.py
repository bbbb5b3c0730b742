"""What the ledger keeps of rows in other tables: a seal over each, so that a change of either shows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from bot.core.launch import Kind
from bot.core.recomputing import seal
from bot.store import experiments

TABLES: Mapping[str, str] = MappingProxyType(
    {str(Kind.REGISTERED): "experiment", str(Kind.AMENDMENT): "amendment", str(Kind.AMENDED): "revision"}
)
"""The kinds of entries that stand for a row, and its table."""


def seal_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over all that a row has but a number of its own, comments in a registration's text and all."""
    content = {name: _plain(value) for name, value in row.items() if name != "id" or isinstance(value, str)}
    return seal(content)


def witnessed(session: Session, experiment: str, kind: str) -> dict[str, Any]:
    """What an entry of this kind says of the row that was stored for it just now; empty for other kinds."""
    table = TABLES.get(kind)
    row = experiments.newest(session, experiment, table) if table else None
    return {} if row is None else {"row": row["id"], "seal": seal_of(row)}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
