"""A quarter's portfolio worked out: scores and pick in a job, kept as an edition, shown on living cards."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Update
from bot.core.inbound import Order, Place, Press
from bot.core.portfolio import Portfolio
from bot.core.quarter import Quarter
from bot.core.quarterly import Edition, Quarterly
from bot.errors import InputError, StaleError, UserError
from bot.services import candidate_joins, quarter_files
from bot.services.desk import Desk
from bot.store import outbox, portfolios, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import quarter_pick as pick_views
from bot.views import quarter_scores as score_views
from bot.views.text import channel as channel_link

WORK_JOB = "portfolio.work"
SCORE, PICK = "score", "pick"


def score(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio score [2026-Q4]`."""
    _order(session, desk, SCORE, asked, key, now)


def pick(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio pick [2026-Q4]`."""
    _order(session, desk, PICK, asked, key, now)


def press_score(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Score]."""
    quarter = quarter_of(session, desk, press.value, now)
    ask(session, quarter, SCORE, by=press.by, place=press.place, key=key, now=now)


def press_pick(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Pick], [Pick again]."""
    quarter = quarter_of(session, desk, press.value, now)
    ask(session, quarter, PICK, by=press.by, place=press.place, key=key, now=now)


def ask(
    session: Session, quarter: Quarter, what: str, *, by: str, place: Place, key: str, now: datetime
) -> None:
    """Have scores or pick worked out and shown."""
    payload: dict[str, Any] = {"quarter": str(quarter), "what": what, "by": by, "key": key}
    payload |= {"channel": place.channel, "thread": place.thread}
    slots.at(session, job=WORK_JOB, slot=key, due=now, payload=payload)


def read_quarter(session: Session, desk: Desk, text: str, now: datetime) -> tuple[Quarter, str]:
    """The quarter that a text begins with, else the one that is picked for now; and the rest of the text."""
    word, _, rest = text.strip().partition(" ")
    try:
        return Quarter.read(word), rest.strip()
    except InputError:
        return quarter_of(session, desk, "", now), text.strip()


def quarter_of(session: Session, desk: Desk, text: str, now: datetime) -> Quarter:
    """The quarter of a name; without one the next to begin. Raises InputError for another text."""
    del session
    return Quarter.read(text) if text.strip() else quarter_files.upcoming(desk, now)


def portfolio_of(session: Session, desk: Desk, quarter: Quarter) -> Portfolio:
    """What a pick for the quarter is worked out from now: the backlog, and the gut feel on record."""
    built = quarter_files.build(session, desk, quarter)
    kept = portfolios.load(session, str(quarter))
    if kept is None or not kept.gut:
        return built
    known = {one.id for one in built.candidates}
    return replace(built, gut_feel=tuple(name for name in kept.gut["picked"] if name in known))


def work(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Work a portfolio out; what is returned keeps it as an edition and shows it."""
    quarter = Quarter.read(str(payload["quarter"]))
    try:
        with db.read() as session:
            portfolio = portfolio_of(session, desk, quarter)
    except UserError as error:
        said = f"{error.message} {error.hint}"
        return lambda session: _tell(session, payload, said, now)
    result, picked = worked_out(portfolio)

    def finish(session: Session) -> None:
        try:
            with session.begin_nested():
                kept = quarter_files.opened(session, desk, quarter, str(payload["channel"]))
                if kept.locked:
                    where = f"`/portfolio pick {quarter.following}` works on the next one."
                    raise StaleError(
                        f"The portfolio of {quarter} is locked (ledger {kept.locked_entry}).", where
                    )
                if (
                    portfolio_of(session, desk, quarter) != portfolio
                ):  # somebody was faster: work that out instead
                    slot = f"{payload['key']}/{now.isoformat()}"
                    slots.at(session, job=WORK_JOB, slot=slot, due=now, payload=payload)
                    return
                kept, edition = _keep(session, kept, portfolio, result, picked, payload, now)
        except UserError as error:
            _tell(session, payload, f"{error.message} {error.hint}", now)
            return
        _show(session, desk, kept, edition, payload, now)

    return finish


def worked_out(portfolio: Portfolio) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The result as `lookout portfolio --json` prints it, and the ids picked. Slow: for jobs."""
    from bot.core.portfolio_beside import beside
    from bot.core.portfolio_json import shape
    from bot.core.portfolio_pick import pick as best
    from bot.core.portfolio_score import score as scores_of

    scored = scores_of(portfolio)
    found = best(scored)
    return shape(scored, found, beside(scored, found)), found.picked


def cards(kept: Quarterly) -> tuple[str, str]:
    """The keys of the cards of scores and pick."""
    return f"portfolio/{kept.quarter}/scores", f"portfolio/{kept.quarter}/card"


def draw(session: Session, desk: Desk, kept: Quarterly, now: datetime) -> None:
    """Bring the cards that were posted up to date."""
    edition = portfolios.edition(session, kept.quarter, kept.locked_edition or kept.edition)
    if edition is None:
        return
    for key, message in zip(cards(kept), _messages(session, desk, kept, edition), strict=True):
        if key in outbox.posted(session, key):
            outbox.put(session, Update(key, kept.channel, message), now=now)


def _order(session: Session, desk: Desk, what: str, asked: Order, key: str, now: datetime) -> None:
    ask(
        session,
        quarter_of(session, desk, asked.text, now),
        what,
        by=asked.by,
        place=asked.place,
        key=key,
        now=now,
    )


def _keep(
    session: Session,
    kept: Quarterly,
    portfolio: Portfolio,
    result: Mapping[str, Any],
    picked: tuple[str, ...],
    payload: Mapping[str, Any],
    now: datetime,
) -> tuple[Quarterly, Edition]:
    """Keep it as a new edition, unless the newest one is the same."""
    file, sha = quarter_files.sealed(portfolio)
    newest = portfolios.edition(session, kept.quarter, kept.edition) if kept.edition else None
    gut = portfolios.gut_of(kept.gut)
    if newest is not None and (newest.sha256, newest.gut) == (sha, gut):
        return kept, newest
    number = kept.edition + 1
    by = str(payload["by"])
    edition = Edition(kept.quarter, number, sha, file, result, picked, gut, by, now)
    portfolios.add_edition(session, edition)
    kept = replace(kept, edition=number)
    portfolios.save(session, kept)
    return kept, edition


def _show(
    session: Session, desk: Desk, kept: Quarterly, edition: Edition, payload: Mapping[str, Any], now: datetime
) -> None:
    """Post the card that was asked for, or edit it in place and say so; the other one is kept up to date."""
    what = SCORE if payload["what"] == SCORE else PICK
    key = cards(kept)[0 if what == SCORE else 1]
    there = key in outbox.posted(session, key)
    message = _messages(session, desk, kept, edition)[0 if what == SCORE else 1]
    if not there:
        outbox.put(session, Post(key, kept.channel, message), now=now)
    draw(session, desk, kept, now)
    elsewhere = payload["channel"] != kept.channel
    if there or elsewhere:
        where = f" in {channel_link(kept.channel)}" if elsewhere else ""
        _tell(session, payload, f"The card{where} shows edition {edition.number} of {kept.quarter}.", now)


def _messages(session: Session, desk: Desk, kept: Quarterly, edition: Edition) -> tuple[Message, Message]:
    del desk
    experiments = {
        name: candidate_joins.experiments_of(session, name)
        for name in (edition.picked if kept.locked else ())
    }
    return score_views.card(kept, edition), pick_views.card(kept, edition, experiments)


def _tell(session: Session, payload: Mapping[str, Any], said: str, now: datetime) -> None:
    key, channel, by = f"{payload['key']}/told", str(payload["channel"]), str(payload["by"])
    outbox.put(session, Ephemeral(key, channel, by, Message(said), payload["thread"]), now=now)
