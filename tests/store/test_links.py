"""What led to what is kept once and read from both ends."""

from datetime import UTC, datetime

from bot.core.thing import Thing, ThingKind
from bot.store import links
from bot.store.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_pair_is_joined_once_and_found_from_both_ends(database: Database) -> None:
    """The second time nothing is written, and each end leads to the other."""
    incident, candidate = Thing.read("INC-7"), Thing.read("can-3")
    with database.write() as session:
        assert links.join(session, incident, candidate, why="a repeated cause", now=NOW)
        assert not links.join(session, incident, candidate, now=NOW)
    with database.read() as session:
        assert links.before(session, candidate, ThingKind.INCIDENT) == [incident]
        assert links.after(session, incident, ThingKind.CANDIDATE) == [candidate]
        assert links.after(session, candidate, ThingKind.INCIDENT) == []
        assert [link.why for link in links.of(session, candidate)] == ["a repeated cause"]


def test_a_name_says_what_kind_of_thing_it_is() -> None:
    """Numbers of ours and quarters have a form; everything else is an experiment."""
    assert Thing.read("frm-12") == Thing(ThingKind.FRAMING, "FRM-12")
    assert Thing.read(" 2026-q4 ") == Thing(ThingKind.PORTFOLIO, "2026-Q4")
    assert Thing.read("us-mle-02") == Thing(ThingKind.EXPERIMENT, "us-mle-02")
    assert Thing.read("2026-Q5").kind is ThingKind.EXPERIMENT
