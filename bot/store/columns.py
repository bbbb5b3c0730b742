"""Column types that mean the same on SQLite and PostgreSQL."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` with NUL and lone surrogates as U+FFFD: PostgreSQL refuses the one, both refuse the other."""
    return _UNSTORABLE.sub("\ufffd", text)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored and returned in UTC; a naive one is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite, which has no zones, gets the bare UTC value, so that text order is time order."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Back as aware UTC, whatever zone the server's session speaks."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value as ASCII text: NUL and lone surrogates survive as escapes; NaN raises ValueError."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Compact JSON; None is SQL NULL."""
        return None if value is None else json.dumps(value, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """The value as plain dicts, lists, strings, numbers."""
        return None if value is None else json.loads(value)


class RawText(TypeDecorator[str]):
    """Text from outside, kept exactly, as bytes.

    Any Python string comes back as it was, with NUL, lone surrogates and bytes decoded by
    `surrogateescape`, none of which a text column of PostgreSQL would take.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """UTF-8, surrogates included."""
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """The same string."""
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")


class SafeText(TypeDecorator[str]):
    """Text for people (an error, a title from an alert), made storable by `clean`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """With unstorable characters replaced."""
        return None if value is None else clean(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """As stored."""
        return value
