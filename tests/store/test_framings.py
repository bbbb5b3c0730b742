"""Framings as rows: what was decided on stays as it was."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.core.framing import Edition, Framing
from bot.store import framings
from bot.store.database import Database

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def test_an_edition_is_neither_changed_nor_taken_away(database: Database) -> None:
    """By the database itself, whatever is tried; another edition, and another framing's, are added."""
    edition = Edition(1, {"title": "x"}, "0" * 64, "U0PM", NOW, 1, "1" * 64, "")
    with database.write() as session:
        first, second = (
            framings.add(session, Framing(0, token, "U0ML", "C0", NOW, NOW, {"title": "x"})) for token in "ab"
        )
        framings.add_edition(session, first, edition)
        framings.add_edition(session, second, edition)
        framings.add_edition(session, first, Edition(2, {}, "2" * 64, "U0PM", NOW, 3, "3" * 64, "it moved"))
    attempts = ["UPDATE framing_edition SET why = 'x'", "DELETE FROM framing_edition"]
    if database.sqlite:
        attempts.append("INSERT OR REPLACE INTO framing_edition SELECT * FROM framing_edition")
    else:
        attempts.append("TRUNCATE framing_edition")
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="is append-only"), database.write() as session:
            session.connection().execute(text(attempt))
    with database.read() as session:
        found = framings.load(session, first.number)
    assert found is not None
    assert [one.number for one in found.editions] == [1, 2]
