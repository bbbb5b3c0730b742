"""Marked messages, reviews and action items come back from both databases as they were put."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.core.incident import Incident, Status
from bot.core.marked import Attachment, Mark, Marked, MarkState, Said
from bot.core.review import ActionItem, Checked, Given, Outcome, Review
from bot.store import incidents, marked, reviews
from bot.store.database import Database

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TS = "1795403400.000100"


def incident(session: Session) -> int:
    """An incident to hang them on."""
    one = Incident(
        id=0, title="x", severity="SEV2", status=Status.TRIAGING, channel="C1", group="", playbook="p",
        position="q", opened_at=NOW, started=NOW, detected_at=NOW,
    )  # fmt: skip
    return incidents.add(session, one, open_group=None).id


def message(number: int, ts: str = TS) -> Marked:
    """A message with two files, hostile text and two marks."""
    files = (Attachment("F1", "g", "image/png", 3, 7), Attachment("F2", "x", "text/plain", 1, None, "why"))
    said = Said("U1", "a\x00b \ud800", "1.2", "https://x", NOW, attachments=files)
    marks = (Mark("U1", "emoji", "pushpin"), Mark("U2", "form"))
    return Marked(0, number, "C1", ts, MarkState.KEPT, said, marks, "why", NOW)


def test_a_message_comes_back(database: Database) -> None:
    """But for the characters that a database cannot hold; once a message and incident."""
    with database.write() as session:
        number = incident(session)
        kept = marked.put(session, message(number))
        marked.put(session, message(number, "1795403300.000100"))
    with database.read() as session:
        found = marked.find(session, number, "C1", TS)
        assert found is not None
        assert found.said.text == "a\ufffdb \ufffd"
        assert replace(found, said=kept.said) == kept
        assert [one.ts for one in marked.of_incident(session, number)] == ["1795403300.000100", TS]
        assert marked.is_marked(session, "C1", TS)
        assert not marked.is_marked(session, "C2", TS)
    with database.write() as session:
        marked.put(session, replace(kept, state=MarkState.REMOVED))
    with database.read() as session:
        assert not marked.is_marked(session, "C1", TS)
    with pytest.raises(IntegrityError), database.write() as session:
        marked.put(session, message(number))


def test_images_are_counted_and_dropped(database: Database) -> None:
    """Bytes as they came; of a message only those it still has are left."""
    with database.write() as session:
        number = incident(session)
        kept = marked.put(session, message(number))
        first, second = (marked.keep_image(session, kept.id, "image/png", b"\x00\xff" * n) for n in (1, 2))
        assert marked.bytes_kept(session, number) == 6
        marked.drop_images(session, kept.id, but=[second])
    with database.read() as session:
        assert marked.image(session, first) is None
        assert marked.image(session, second) == ("image/png", b"\x00\xff" * 2)
        assert marked.bytes_kept(session, number) == 4


def test_a_review_comes_back(database: Database) -> None:
    """With what people gave, wrote and checked; those without a page come the one due first first."""
    with database.write() as session:
        first, second = incident(session), incident(session)
        review = Review(
            first, "U1", NOW, NOW + timedelta(days=5),
            reviewers={"U2": None, "U3": NOW},
            given={"started": Given(NOW, "the graph", "U1", NOW)},
            written={"summary": "It fell."},
            checks={"framing": Checked(Outcome.GAP, "it was", NOW, "U1")},
        )  # fmt: skip
        reviews.put(session, review)
        reviews.put(session, Review(second, "", NOW, NOW + timedelta(days=1)))
    with database.write() as session:
        assert reviews.load(session, first, lock=True) == review
        assert [one.incident for one in reviews.unpublished(session)] == [second, first]
        published = replace(review, edition=1, published_at=NOW, published_by="U1", link="https://x")
        reviews.put(session, published)
    with database.read() as session:
        assert reviews.load(session, first) == published
        assert [one.incident for one in reviews.unpublished(session)] == [second]
        assert reviews.load(session, 99) is None


def test_items_are_numbered_within_their_incident(database: Database) -> None:
    """And what is done or dropped is open no more."""
    with database.write() as session:
        first, second = incident(session), incident(session)
        for number, day in ((first, 9), (first, 7), (second, 8)):
            item = ActionItem(
                number, 0, "do it", "U1", date(2026, 12, day), NOW, remind_on=date(2026, 12, day)
            )
            reviews.add_item(session, item)
    with database.write() as session:
        assert [one.number for one in reviews.items(session, first)] == [1, 2]
        assert [(o.incident, o.number) for o in reviews.open_items(session, "U1")] == [
            (first, 2), (second, 1), (first, 1),
        ]  # fmt: skip
        one = reviews.item(session, first, 1)
        assert one is not None
        reviews.save_item(session, replace(one, done_at=NOW, done_by="U2", remind_on=None, reminded=2))
        two = reviews.item(session, first, 2)
        assert two is not None
        reviews.save_item(session, replace(two, dropped="no"))
    with database.read() as session:
        assert [one.incident for one in reviews.open_items(session)] == [second]
        assert reviews.open_items(session, "U9") == ()
        assert reviews.item(session, first, 9) is None
