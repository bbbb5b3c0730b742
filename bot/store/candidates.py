"""Candidates as rows: numbered when they come, changed edition by edition, found by what proposed them."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.core.backlog import Item, Standing
from bot.core.candidate import Candidate
from bot.core.frozen_json import as_json, from_json
from bot.store.insert import insert_new
from bot.store.portfolio_rows import CandidateRow


def add(
    session: Session,
    candidate: Candidate,
    *,
    why: str,
    by: str,
    once: str = "",
    alias: str = "",
    now: datetime,
) -> Item | None:
    """Keep a new candidate under a number of its own; None where `once` has brought one already."""
    values: dict[str, Any] = {
        "title": candidate.title,
        "alias": alias,
        "once": once or None,
        "state": Standing.OPEN.value,
        "why": why,
        "body": as_json(candidate),
        "edition": 1,
        "by": by,
        "at": now,
        "changed_at": now,
    }
    number = insert_new(session, CandidateRow, values, unique=("once",))
    return None if number is None else load(session, int(number))


def load(session: Session, number: int, *, lock: bool = False) -> Item | None:
    """The candidate of that number; `lock` keeps others from changing it in this transaction."""
    row = session.get(CandidateRow, number, with_for_update=lock or None, populate_existing=True)
    return None if row is None else _item(row)


def find(session: Session, name: str, *, lock: bool = False) -> Item | None:
    """The candidate that a name means: CAN-7, 7, #7, or its id in the file that brought it."""
    name = name.strip()
    found = re.fullmatch(r"(?:CAN-|#)?(\d{1,9})", name, re.IGNORECASE | re.ASCII)
    item = load(session, int(found[1]), lock=lock) if found else None
    return item or by_alias(session, name, lock=lock)


def by_alias(session: Session, alias: str, *, lock: bool = False) -> Item | None:
    """The newest candidate that came under that id in a file."""
    if not alias:
        return None
    rows = (
        select(CandidateRow.number)
        .where(CandidateRow.alias == alias)
        .order_by(col(CandidateRow.number).desc())
    )
    number = session.exec(rows.limit(1)).first()
    return None if number is None else load(session, number, lock=lock)


def once(session: Session, key: str) -> Item | None:
    """The candidate that this key brought."""
    row = session.exec(select(CandidateRow).where(CandidateRow.once == key)).first()
    return None if row is None else _item(row)


def every(session: Session, standing: Standing | None = Standing.OPEN) -> tuple[Item, ...]:
    """The candidates of a standing, or all of them with None, by number."""
    rows = select(CandidateRow).order_by(col(CandidateRow.number))
    if standing is not None:
        rows = rows.where(CandidateRow.state == standing.value)
    return tuple(_item(row) for row in session.exec(rows))


def save(session: Session, item: Item) -> None:
    """Store a candidate as it stands now."""
    row = session.get_one(CandidateRow, item.number)
    row.title, row.alias, row.body = item.candidate.title, item.alias, as_json(item.candidate)
    row.state, row.why, row.edition = item.standing.value, item.why, item.edition
    row.changed_at = item.changed_at
    session.flush()


def _item(row: CandidateRow) -> Item:
    candidate = replace(from_json(Candidate, row.body), id=f"CAN-{row.number}", title=row.title)
    return Item(
        candidate, Standing(row.state), row.why, row.by, row.at, row.changed_at, row.edition, row.alias
    )
