"""Portfolios by quarter, and every edition that was worked out of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.core.quarterly import Edition, Gut, Quarterly
from bot.store.portfolio_rows import PortfolioEditionRow, PortfolioRow


def load(session: Session, quarter: str, *, lock: bool = False) -> Quarterly | None:
    """The portfolio of a quarter; `lock` keeps others from changing it in this transaction."""
    row = session.get(PortfolioRow, quarter, with_for_update=lock or None, populate_existing=True)
    return None if row is None else _quarterly(row)


def every(session: Session) -> tuple[Quarterly, ...]:
    """All of them, the newest quarter first."""
    rows = session.exec(select(PortfolioRow).order_by(col(PortfolioRow.quarter).desc()))
    return tuple(_quarterly(row) for row in rows)


def save(session: Session, portfolio: Quarterly) -> None:
    """Store it as it stands now."""
    values = {name: getattr(portfolio, name) for name in PortfolioRow.model_fields}
    values |= {name: dict(values[name]) for name in ("setup", "gut", "efforts", "outcomes")}
    row = session.get(PortfolioRow, portfolio.quarter)
    if row is None:
        session.add(PortfolioRow(**values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()


def add_edition(session: Session, edition: Edition) -> None:
    """Keep one more edition; its number must be new."""
    session.add(PortfolioEditionRow(**_values(edition)))
    session.flush()


def set_picked(session: Session, quarter: str, number: int, picked: Sequence[str]) -> None:
    """Write what is picked of an edition, where people decide otherwise than was computed."""
    row = session.get_one(PortfolioEditionRow, (quarter, number))
    row.picked = list(picked)
    session.flush()


def gut_of(values: Mapping[str, Any]) -> Gut | None:
    """A pick by gut feel from its JSON; None for none."""
    if not values:
        return None
    at = datetime.fromisoformat(values["at"])
    why, seen = str(values.get("why", "")), bool(values.get("seen"))
    return Gut(values["by"], at, tuple(values["picked"]), why, seen)


def edition(session: Session, quarter: str, number: int) -> Edition | None:
    """One edition."""
    row = session.get(PortfolioEditionRow, (quarter, number), populate_existing=True)
    return None if row is None else _edition(row)


def newest(session: Session, quarter: str) -> Edition | None:
    """The newest edition."""
    found = load(session, quarter)
    return None if found is None else edition(session, quarter, found.edition)


def locked(session: Session, quarter: str) -> Edition | None:
    """The edition that was locked."""
    found = load(session, quarter)
    if found is None or found.locked_edition is None:
        return None
    return edition(session, quarter, found.locked_edition)


def picked_in(session: Session, candidate: str) -> str:
    """The newest quarter whose locked portfolio picks a candidate; "" for none."""
    for portfolio in every(session):
        found = None
        if portfolio.locked_edition is not None:
            found = edition(session, portfolio.quarter, portfolio.locked_edition)
        if found is not None and candidate in found.picked:
            return portfolio.quarter
    return ""


def _quarterly(row: PortfolioRow) -> Quarterly:
    return Quarterly(**{name: getattr(row, name) for name in PortfolioRow.model_fields})


def _values(edition: Edition) -> dict[str, Any]:
    return {
        "quarter": edition.quarter,
        "edition": edition.number,
        "sha256": edition.sha256,
        "file": dict(edition.file),
        "result": dict(edition.result),
        "picked": list(edition.picked),
        "gut": {} if edition.gut is None else _gut_json(edition.gut),
        "by": edition.by,
        "at": edition.at,
    }


def _gut_json(gut: Gut) -> dict[str, Any]:
    known = {"by": gut.by, "at": gut.at.isoformat(), "picked": list(gut.picked)}
    return known | {"why": gut.why, "seen": gut.seen}


def _edition(row: PortfolioEditionRow) -> Edition:
    gut = gut_of(row.gut)
    return Edition(
        row.quarter, row.edition, row.sha256, row.file, row.result, tuple(row.picked), gut, row.by, row.at
    )
