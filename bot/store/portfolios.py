"""Portfolios by quarter, and every edition that was worked out of them."""

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
    values |= {name: dict(values[name]) for name in ("setup", "efforts", "outcomes")}
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


def set_gut(session: Session, quarter: str, number: int, gut: Gut) -> None:
    """Write the pick by gut feel beside an edition."""
    row = session.get_one(PortfolioEditionRow, (quarter, number))
    row.gut = _gut_json(gut)
    session.flush()


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
    return {"by": gut.by, "at": gut.at.isoformat(), "picked": list(gut.picked), "why": gut.why}


def _edition(row: PortfolioEditionRow) -> Edition:
    gut = None
    if row.gut:
        at = datetime.fromisoformat(row.gut["at"])
        gut = Gut(row.gut["by"], at, tuple(row.gut["picked"]), row.gut.get("why", ""))
    return Edition(
        row.quarter, row.edition, row.sha256, row.file, row.result, tuple(row.picked), gut, row.by, row.at
    )
