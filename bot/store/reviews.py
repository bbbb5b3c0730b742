"""Reviews of incidents and their action items, as they stand; who changed what when is in the timeline."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.review import ActionItem, Checked, Given, Outcome, Review
from bot.store.columns import Json, SafeText, UtcDateTime


class ReviewRow(SQLModel, table=True):
    """The review of one incident."""

    __tablename__ = "incident_review"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    owner: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due: datetime = Field(sa_type=UtcDateTime)
    reviewers: dict[str, str | None] = Field(sa_type=Json)
    given: dict[str, dict[str, str]] = Field(sa_type=Json)
    written: dict[str, str] = Field(sa_type=Json)
    checks: dict[str, dict[str, str]] = Field(sa_type=Json)
    edition: int
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_by: str
    link: str = Field(sa_type=SafeText)
    closed: bool


class ActionItemRow(SQLModel, table=True):
    """One action item."""

    __tablename__ = "incident_action"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    number: int = Field(primary_key=True)
    title: str = Field(sa_type=SafeText)
    owner: str
    due: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str
    dropped: str = Field(sa_type=SafeText)
    remind_on: str | None = Field(default=None)
    reminded: int


def put(session: Session, review: Review) -> None:
    """Store the review as it stands."""
    row = session.get(ReviewRow, review.incident)
    values = _values(review)
    if row is None:
        session.add(ReviewRow(**values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()


def load(session: Session, incident: int, *, lock: bool = False) -> Review | None:
    """The review of that incident; `lock` keeps others from changing it in this transaction."""
    row = session.get(ReviewRow, incident, with_for_update=lock or None, populate_existing=lock)
    return _review(row) if row else None


def unpublished(session: Session) -> tuple[Review, ...]:
    """The reviews that wait for their page, the one due first first."""
    rows = session.exec(
        select(ReviewRow)
        .where(col(ReviewRow.published_at).is_(None), col(ReviewRow.closed).is_(False))
        .order_by(col(ReviewRow.due))
    )
    return tuple(_review(row) for row in rows)


def add_item(session: Session, item: ActionItem) -> ActionItem:
    """Store a new action item and return it with its number; the given number is ignored."""
    last = session.exec(
        select(func.max(ActionItemRow.number)).where(ActionItemRow.incident == item.incident)
    ).one()
    row = ActionItemRow(**_item_values(item) | {"number": (last or 0) + 1})
    session.add(row)
    session.flush()
    return _item(row)


def save_item(session: Session, item: ActionItem) -> None:
    """Store an action item as it stands now."""
    row = session.get_one(ActionItemRow, (item.incident, item.number))
    for name, value in _item_values(item).items():
        setattr(row, name, value)
    session.flush()


def items(session: Session, incident: int) -> tuple[ActionItem, ...]:
    """The action items of an incident by number."""
    rows = session.exec(
        select(ActionItemRow).where(ActionItemRow.incident == incident).order_by(col(ActionItemRow.number))
    )
    return tuple(_item(row) for row in rows)


def item(session: Session, incident: int, number: int) -> ActionItem | None:
    """One action item."""
    row = session.get(ActionItemRow, (incident, number))
    return _item(row) if row else None


def open_items(session: Session, owner: str = "") -> tuple[ActionItem, ...]:
    """The action items still to be done, of everybody or of one owner, the one due first first."""
    query = select(ActionItemRow).where(col(ActionItemRow.done_at).is_(None), ActionItemRow.dropped == "")
    if owner:
        query = query.where(ActionItemRow.owner == owner)
    return tuple(_item(row) for row in session.exec(query.order_by(col(ActionItemRow.due))))


def _values(review: Review) -> dict[str, Any]:
    values = {name: getattr(review, name) for name in ReviewRow.model_fields}
    values["reviewers"] = {who: at.isoformat() if at else None for who, at in review.reviewers.items()}
    values["given"] = {name: _json(asdict(one)) for name, one in review.given.items()}
    values["written"] = dict(review.written)
    values["checks"] = {name: _json(asdict(one)) for name, one in review.checks.items()}
    return values


def _json(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in values.items()
    }


def _review(row: ReviewRow) -> Review:
    values = {name: getattr(row, name) for name in ReviewRow.model_fields}
    moment = datetime.fromisoformat
    values["reviewers"] = {who: moment(at) if at else None for who, at in row.reviewers.items()}
    values["given"] = {
        name: Given(moment(one["at"]), one["reason"], one["by"], moment(one["given_at"]))
        for name, one in row.given.items()
    }
    values["checks"] = {
        name: Checked(Outcome(one["outcome"]), one["line"], moment(one["at"]), one["by"])
        for name, one in row.checks.items()
    }
    return Review(**values)


def _item_values(item: ActionItem) -> dict[str, Any]:
    remind_on = item.remind_on.isoformat() if item.remind_on else None
    return asdict(item) | {"due": item.due.isoformat(), "remind_on": remind_on}


def _item(row: ActionItemRow) -> ActionItem:
    values = {name: getattr(row, name) for name in ActionItemRow.model_fields}
    remind_on = date.fromisoformat(row.remind_on) if row.remind_on else None
    return ActionItem(**values | {"due": date.fromisoformat(row.due), "remind_on": remind_on})
