"""The tables of the portfolio: candidates as they stand, quarters, and every edition that was worked out."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class CandidateRow(SQLModel, table=True):
    """One candidate, CAN-`number`.

    alias: its id in the file that brought it, "" for none. once: what proposed it, so that the same thing
    proposes it once. state is open or dropped; `why` says why it was proposed, or why it was dropped. body:
    what is known of it (`bot.core.candidate`). edition counts from 1.
    """

    __tablename__ = "candidate"

    number: int | None = Field(default=None, primary_key=True)
    title: str = Field(sa_type=SafeText)
    alias: str = Field(default="", index=True, sa_type=SafeText)
    once: str | None = Field(default=None, unique=True)
    state: str = Field(default="open", index=True)
    why: str = Field(default="", sa_type=SafeText)
    body: dict[str, Any] = Field(sa_type=Json)
    edition: int = 1
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class PortfolioRow(SQLModel, table=True):
    """The portfolio of one quarter, as it stands.

    edition: the newest. setup: what a file said of the quarter besides its candidates.
    gut: the newest pick by gut feel, {by, at, picked [ids], why, seen}.
    locked_edition, locked_entry: what was locked, and the ledger's entry that says so.
    efforts: engineer-weeks that a candidate took, by its id. outcomes: what became of one where no
    launch says so. reviewed_entry: the ledger's entry of the retrospective.
    """

    __tablename__ = "portfolio"

    quarter: str = Field(primary_key=True)
    edition: int = 0
    channel: str
    locked_edition: int | None = None
    locked_entry: int | None = None
    locked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    setup: dict[str, Any] = Field(sa_type=Json)
    gut: dict[str, Any] = Field(sa_type=Json)
    efforts: dict[str, Any] = Field(sa_type=Json)
    outcomes: dict[str, Any] = Field(sa_type=Json)
    reviewed_entry: int | None = None


class PortfolioEditionRow(SQLModel, table=True):
    """One edition: the whole file, its hash, what was worked out of it, the ids that it picks.

    gut: the pick made by gut feel, {by, at, picked [ids], why}, empty where nobody made one.
    """

    __tablename__ = "portfolio_edition"

    quarter: str = Field(primary_key=True)
    edition: int = Field(primary_key=True)
    sha256: str
    file: dict[str, Any] = Field(sa_type=Json)
    result: dict[str, Any] = Field(sa_type=Json)
    picked: list[str] = Field(sa_type=Json)
    gut: dict[str, Any] = Field(sa_type=Json)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
