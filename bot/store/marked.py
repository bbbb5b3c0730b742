"""Marked messages and their images: rows that change, because people edit and delete what they said."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.core.marked import Attachment, Mark, Marked, MarkState, Said
from bot.store.columns import Json, SafeText, UtcDateTime


class MarkedRow(SQLModel, table=True):
    """A message of an incident's timeline."""

    __tablename__ = "marked_message"
    __table_args__ = (UniqueConstraint("incident", "channel", "ts"),)

    id: int | None = Field(default=None, primary_key=True)
    incident: int = Field(foreign_key="incident.id")
    channel: str
    ts: str = Field(index=True)
    state: str
    author: str = Field(sa_type=SafeText)
    text: str = Field(sa_type=SafeText)
    thread: str
    permalink: str = Field(sa_type=SafeText)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attachments: list[dict[str, Any]] = Field(sa_type=Json)
    marks: list[dict[str, Any]] = Field(sa_type=Json)
    remark: str = Field(sa_type=SafeText)
    marked_at: datetime = Field(sa_type=UtcDateTime)


class MarkedImageRow(SQLModel, table=True):
    """The bytes of an image of a marked message; they go when it is taken out, or its author deletes it."""

    __tablename__ = "marked_image"

    id: int | None = Field(default=None, primary_key=True)
    message: int = Field(foreign_key="marked_message.id", index=True)
    media_type: str
    content: bytes = Field(sa_type=LargeBinary)


def put(session: Session, message: Marked) -> Marked:
    """Store it; returns it with its number. An `id` of 0 is a new one."""
    if message.id == 0:
        row = MarkedRow(**_values(message))
        session.add(row)
    else:
        row = session.get_one(MarkedRow, message.id)
        for name, value in _values(message).items():
            setattr(row, name, value)
    session.flush()
    assert row.id is not None  # noqa: S101 - the database numbered it in the flush
    return replace(message, id=row.id)


def find(session: Session, incident: int, channel: str, ts: str) -> Marked | None:
    """The message in this incident's timeline, in whatever state."""
    row = session.exec(
        select(MarkedRow).where(
            MarkedRow.incident == incident, MarkedRow.channel == channel, MarkedRow.ts == ts
        )
    ).first()
    return _marked(row) if row else None


def of_message(session: Session, channel: str, ts: str) -> tuple[Marked, ...]:
    """The message in every timeline that has it."""
    rows = session.exec(
        select(MarkedRow)
        .where(MarkedRow.ts == ts, MarkedRow.channel == channel)
        .order_by(col(MarkedRow.incident))
    )
    return tuple(_marked(row) for row in rows)


def is_marked(session: Session, channel: str, ts: str) -> bool:
    """Whether the message is in any timeline now."""
    return any(one.state is MarkState.KEPT for one in of_message(session, channel, ts))


def of_incident(session: Session, incident: int) -> tuple[Marked, ...]:
    """Every message that is or was in the incident's timeline, in the order they were said."""
    rows = session.exec(select(MarkedRow).where(MarkedRow.incident == incident))
    return tuple(sorted((_marked(row) for row in rows), key=lambda one: (one.said_at, one.id)))


def keep_image(session: Session, message: int, media_type: str, content: bytes) -> int:
    """Keep an image; returns its number."""
    row = MarkedImageRow(message=message, media_type=media_type, content=content)
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - the database numbered it in the flush
    return row.id


def image(session: Session, number: int) -> tuple[str, bytes] | None:
    """The media type and the bytes of an image; None where it is gone."""
    row = session.get(MarkedImageRow, number)
    return (row.media_type, bytes(row.content)) if row else None


def drop_images(session: Session, message: int, *, but: Iterable[int] = ()) -> None:
    """Delete the images of a message, except those numbered in `but`."""
    session.exec(
        delete(MarkedImageRow).where(
            col(MarkedImageRow.message) == message, col(MarkedImageRow.id).not_in(list(but))
        )
    )


def bytes_kept(session: Session, incident: int) -> int:
    """How many bytes of images are kept for the incident."""
    held = (
        select(func.coalesce(func.sum(func.length(MarkedImageRow.content)), 0))
        .join(MarkedRow, col(MarkedRow.id) == col(MarkedImageRow.message))
        .where(MarkedRow.incident == incident)
    )
    return int(session.exec(held).one())


def _values(message: Marked) -> dict[str, Any]:
    said = message.said
    return {
        "incident": message.incident,
        "channel": message.channel,
        "ts": message.ts,
        "state": message.state.value,
        "author": said.author,
        "text": said.text,
        "thread": said.thread,
        "permalink": said.permalink,
        "edited_at": said.edited_at,
        "attachments": [asdict(one) for one in said.attachments],
        "marks": [asdict(one) for one in message.marks],
        "remark": message.remark,
        "marked_at": message.marked_at,
    }


def _marked(row: MarkedRow) -> Marked:
    said = Said(
        author=row.author,
        text=row.text,
        thread=row.thread,
        permalink=row.permalink,
        edited_at=row.edited_at,
        attachments=tuple(Attachment(**one) for one in row.attachments),
    )
    return Marked(
        id=row.id or 0,
        incident=row.incident,
        channel=row.channel,
        ts=row.ts,
        state=MarkState(row.state),
        said=said,
        marks=tuple(Mark(**one) for one in row.marks),
        remark=row.remark,
        marked_at=row.marked_at,
    )
