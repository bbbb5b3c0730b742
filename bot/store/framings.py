"""Framings as they stand, and their editions, which only come to be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.framing import Edition, Framing, Touch
from bot.store.columns import Json, SafeText, UtcDateTime


class FramingRow(SQLModel, table=True):
    """See `bot.core.framing.Framing`."""

    __tablename__ = "framing"

    number: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    author: str
    channel: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    fields: dict[str, str] = Field(sa_type=Json)
    touched: dict[str, dict[str, str]] = Field(sa_type=Json)
    dropped: str = Field(sa_type=SafeText)
    questioned: str = Field(sa_type=SafeText)


class EditionRow(SQLModel, table=True):
    """See `bot.core.framing.Edition`."""

    __tablename__ = "framing_edition"

    framing: int = Field(primary_key=True, foreign_key="framing.number")
    number: int = Field(primary_key=True)
    fields: dict[str, str] = Field(sa_type=Json)
    sha256: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    entry: int
    head: str
    why: str = Field(sa_type=SafeText)


def add(session: Session, framing: Framing) -> Framing:
    """Store a new framing and return it with its number; the given number is ignored."""
    row = FramingRow(**_values(framing))
    session.add(row)
    session.flush()
    assert row.number is not None  # noqa: S101 - the database has just given it
    return replace(framing, number=row.number)


def save(session: Session, framing: Framing) -> None:
    """Store a framing as it stands; its editions are stored by `add_edition`."""
    row = session.get_one(FramingRow, framing.number)
    for name, value in _values(framing).items():
        setattr(row, name, value)
    session.flush()


def add_edition(session: Session, framing: Framing, edition: Edition) -> None:
    """Store a decision on it."""
    values = {name: getattr(edition, name) for name in EditionRow.model_fields if name != "framing"}
    session.add(EditionRow(framing=framing.number, **values | {"fields": dict(edition.fields)}))
    session.flush()


def load(session: Session, number: int, *, lock: bool = False) -> Framing | None:
    """The framing of that number; `lock` keeps others from changing it in this transaction."""
    row = session.get(FramingRow, number, with_for_update=lock or None, populate_existing=lock)
    return _framing(session, row) if row else None


def of_token(session: Session, token: str, *, lock: bool = False) -> Framing | None:
    """The framing whose form was opened with that token, once its first page is stored."""
    query = select(FramingRow).where(FramingRow.token == token)
    row = session.exec(query.with_for_update() if lock else query).first()
    return _framing(session, row) if row else None


def every(session: Session) -> list[Framing]:
    """Every framing, the newest first."""
    rows = session.exec(select(FramingRow).order_by(col(FramingRow.number).desc())).all()
    editions: dict[int, list[EditionRow]] = {}
    for one in session.exec(select(EditionRow).order_by(col(EditionRow.number))):
        editions.setdefault(one.framing, []).append(one)
    return [_made(row, editions.get(row.number or 0, [])) for row in rows]


def _values(framing: Framing) -> dict[str, Any]:
    names = ("token", "author", "channel", "created_at", "changed_at", "dropped", "questioned")
    values: dict[str, Any] = {name: getattr(framing, name) for name in names}
    values["fields"] = {str(name): value for name, value in framing.fields.items()}
    values["touched"] = {
        str(step): {"by": one.by, "at": one.at.isoformat()} for step, one in framing.touched.items()
    }
    return values


def _framing(session: Session, row: FramingRow) -> Framing:
    editions = session.exec(
        select(EditionRow).where(EditionRow.framing == row.number).order_by(col(EditionRow.number))
    )
    return _made(row, editions.all())


def _made(row: FramingRow, editions: Sequence[EditionRow]) -> Framing:
    names = (
        "number", "token", "author", "channel", "created_at", "changed_at", "fields", "dropped", "questioned",
    )  # fmt: skip
    return Framing(
        **{name: getattr(row, name) for name in names},
        touched={
            step: Touch(one["by"], datetime.fromisoformat(one["at"])) for step, one in row.touched.items()
        },
        editions=tuple(_edition(one) for one in editions),
    )


def _edition(row: EditionRow) -> Edition:
    return Edition(**{name: getattr(row, name) for name in EditionRow.model_fields if name != "framing"})
