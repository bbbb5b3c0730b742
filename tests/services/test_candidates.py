"""The backlog: what proposes a candidate, once; its card; waivers, pre-mortems and drops on record."""

from datetime import UTC, datetime

import pytest

from bot.core.backlog import Standing
from bot.core.candidate import (
    Candidate,
    Choice,
    Effort,
    Impact,
    Kind,
    PreMortem,
    Proposal,
    Reach,
    Risk,
    Test,
)
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import candidates
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import candidates as store
from bot.store import ledger, links
from bot.store.database import Database
from tests.services.portfolio_bench import messages

NOW = datetime(2026, 9, 21, 9, tzinfo=UTC)
INCIDENT = Thing(ThingKind.INCIDENT, "INC-7")
RERANKER = Candidate(
    "", "Reranker MiniLM-L6 to L12", team="chatbot", reach=Reach(8_000_000, "sessions"),
    impact=Impact(0.5, "points", "useful_answer_rate", baseline=0.183, sd=0.142), confidence=0.6,
    effort=Effort(12), test=Test(units=2_000_000, unit="users", weeks=2),
    choices=(Choice("go on with rerankers", 4, 0.2),), infrastructure=("ab",), depends_on=("CAN-9",),
)  # fmt: skip


def test_what_is_kept_is_what_was_given(sqlite: Database) -> None:
    """Every part of a candidate comes back from its row, under its number."""
    with sqlite.write() as session:
        item = store.add(session, RERANKER, why="", by="U0ENG", alias="#1", now=NOW)
        assert item is not None
        kept = store.find(session, "#1")
    assert kept is not None
    assert kept.id == "CAN-1"
    assert kept.candidate.reach == RERANKER.reach
    assert kept.candidate.choices == RERANKER.choices
    assert kept.candidate.test == RERANKER.test
    assert kept.candidate.infrastructure == ("ab",)


def test_the_same_thing_proposes_once_and_each_source_is_joined(database: Database) -> None:
    """A key brings one candidate with one card, however often; sources are joined to it."""
    desk = open_desk(Settings(timezone="UTC"))
    wanted = Candidate("", "Feature drift monitor", kind=Kind.TOOLING)
    with database.write() as session:
        first = candidates.propose(
            session, desk, Proposal(wanted, INCIDENT, "cause/5", "Twice in 40 days."), now=NOW
        )
        other = Thing(ThingKind.INCIDENT, "INC-9")
        again = candidates.propose(
            session, desk, Proposal(wanted, other, "cause/5", "Twice in 40 days."), now=NOW
        )
        assert (first.id, again.id) == ("CAN-1", "CAN-1")
        assert len(store.every(session)) == 1
        joined = links.before(session, Thing(ThingKind.CANDIDATE, "CAN-1"), ThingKind.INCIDENT)
    assert [one.id for one in joined] == ["INC-7", "INC-9"]
    shown = messages(database)
    assert [key for key, _ in shown if key.endswith("/card")].count("candidate/CAN-1/card") >= 1
    card = shown[-1][1]
    assert "lacks effort" in card.text
    assert "from INC-7, INC-9" in card.text


def test_a_waiver_and_a_pre_mortem_are_by_name_and_on_record(sqlite: Database) -> None:
    """Both are entries of the ledger under the candidate, and stand on its card."""
    desk = open_desk(Settings(timezone="UTC"))
    with sqlite.write() as session:
        item = candidates.add(session, desk, RERANKER, by="U0ENG", now=NOW)
        item = candidates.supply(
            session, desk, item, PreMortem((Risk("serving cost", 3),), "stop at week 8"), by="U0ENG", now=NOW
        )
        candidates.waive(session, desk, item, by="U0APP", why="A replay shows it sooner.", now=NOW)
        entries = ledger.of(session, "CAN-1")
    assert [one.kind for one in entries] == ["candidate_pre_mortem", "candidate_waived"]
    card = dict(messages(sqlite))["candidate/CAN-1/card"]
    assert "✓ Pre-mortem: serving cost (+3 weeks). Then: stop at week 8" in card.text
    assert "⚠ Waived by <@U0APP>: A replay shows it sooner." in card.text


def test_dropped_candidates_keep_their_reason_and_can_come_back(sqlite: Database) -> None:
    """Dropping twice is stale, taking up brings it back, and neither loses the reason."""
    desk = open_desk(Settings(timezone="UTC"))
    with sqlite.write() as session:
        item = candidates.add(session, desk, RERANKER, by="U0ENG", now=NOW)
        gone = candidates.drop(session, desk, item, by="U0APP", why="nobody can build it", now=NOW)
        assert store.every(session) == ()
        with pytest.raises(StaleError, match="nobody can build it"):
            candidates.drop(session, desk, gone, by="U0APP", why="again", now=NOW)
        back = candidates.take_up(session, desk, gone, by="U0APP", now=NOW)
        assert back.standing is Standing.OPEN
        assert "nobody can build it" in back.why


def test_a_name_that_means_nothing_is_told_what_there_is(sqlite: Database) -> None:
    """With the ids of the backlog, or how to begin one."""
    desk = open_desk(Settings(timezone="UTC"))
    with sqlite.write() as session:
        with pytest.raises(InputError, match="The backlog is empty"):
            candidates.meant(session, "CAN-3")
        candidates.add(session, desk, RERANKER, by="U0ENG", now=NOW)
        with pytest.raises(InputError, match="In the backlog: `CAN-1`"):
            candidates.meant(session, "<!channel>")
