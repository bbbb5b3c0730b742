"""What a feed's schema says, by since when it is known."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.checks.options import Table
from bot.core.checks.upstream import Upstream
from bot.core.evidence import EvidenceStatus
from bot.core.feed import Feed, SchemaSeen
from bot.core.feed_evidence import schema

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
COLUMNS = {"title_id": "int64", "price": "float64"}


@pytest.mark.parametrize(
    ("known_for", "status"),
    [(timedelta(days=3), EvidenceStatus.CLEAR), (timedelta(minutes=5), EvidenceStatus.UNKNOWN)],
)
def test_a_schema_first_seen_after_the_onset_says_nothing_of_before(known_for, status):
    """Lookout came later: that it is the same since is no comfort."""
    feed = Feed("titles", NOW.date(), 0, False, {}, COLUMNS)
    seen = SchemaSeen(COLUMNS, NOW - known_for, NOW)
    found = schema(feed, Upstream(Table(table="titles")), seen, NOW - timedelta(hours=1))
    assert found.status is status
    assert ("after the onset" in found.line) is (status is EvidenceStatus.UNKNOWN)
