"""How a quarter's picked candidates do: which experiment each became, and what says to stop early."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.early_abort import Course, course, unlinked
from bot.core.effect import Block, Message, Post
from bot.core.inbound import Ask, Order, Submit
from bot.core.launch import Launch
from bot.core.permission import Act
from bot.core.quarter import RETRO_WEEK, Quarter
from bot.core.quarterly import Edition, Quarterly
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError
from bot.services import candidate_joins, candidates, launches, permissions, quarter_locking, quarter_working
from bot.services.desk import Desk
from bot.store import experiments, links, outbox, portfolios
from bot.views import quarter_course as views
from bot.views import quarter_forms as forms
from bot.views.text import escape


def status(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/portfolio status [2026-Q4]`: for whoever asks."""
    kept, edition = locked(session, desk, ask.about, now)
    return shown(session, desk, kept, edition, now)


def post(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Six weeks of the quarter are over: say how it does, in the channel of its card."""
    quarter = Quarter.read(str(payload["quarter"]))
    kept, edition = portfolios.load(session, str(quarter)), portfolios.locked(session, str(quarter))
    if kept is None or edition is None:
        return
    said = shown(session, desk, kept, edition, now)
    key = f"portfolio/{quarter}/status/{kept.locked_entry}"
    outbox.put(session, Post(key, kept.channel, said), now=now)


def shown(session: Session, desk: Desk, kept: Quarterly, edition: Edition, now: datetime) -> Message:
    """The card of where each stands."""
    term = desk.settings.portfolio.term(Quarter.read(kept.quarter))
    today = now.astimezone(desk.settings.zone).date()
    return views.card(kept, term, today, courses(session, desk, edition, now))


def courses(session: Session, desk: Desk, edition: Edition, now: datetime) -> tuple[Course, ...]:
    """How each of the picked does, in the order of the pick."""
    term = desk.settings.portfolio.term(Quarter.read(edition.quarter))
    today = now.astimezone(desk.settings.zone).date()
    titles, kept = quarter_locking.titles_of(edition), portfolios.load(session, edition.quarter)
    found = []
    for name in edition.picked:
        title = titles.get(name, name)
        launch = launch_of(session, name)
        said = {} if kept is None or launch is not None else kept.outcomes.get(name, {})
        if said:
            found.append(Course(name, title, state=_became(said), record=f"ledger {said['entry']}"))
            continue
        if launch is None:
            week = min(RETRO_WEEK, term.week(today))
            found.append(unlinked(name, title, week=week, weeks=RETRO_WEEK))
            continue
        newest = launch.newest
        look = None if newest is None else experiments.look(session, newest.record)
        result = None if look is None else look.result
        registration = launches.registration(session, launch)
        found.append(course(name, title, launch, registration, result, today))
    return tuple(found)


def launch_of(session: Session, candidate: str) -> Launch | None:
    """The newest experiment that a candidate became; one that was only planned is none."""
    every = candidate_joins.experiments_of(session, candidate)
    known = [one for one in every if experiments.original(session, one) is not None]
    return launches.read(session, known[-1]) if known else None


def locked(session: Session, desk: Desk, text: str, now: datetime) -> tuple[Quarterly, Edition]:
    """The locked portfolio that is meant: the named quarter's, else the one that runs, else the newest.

    Raises InputError where there is none.
    """
    quarter = Quarter.read(text) if text.strip() else _current(session, desk, now)
    kept, edition = portfolios.load(session, str(quarter)), portfolios.locked(session, str(quarter))
    if kept is None or edition is None:
        known = [one.quarter for one in portfolios.every(session) if one.locked]
        hint = f"Locked: {', '.join(known)}." if known else f"`/portfolio pick {quarter}`, then [Lock…]."
        raise InputError(f"No portfolio of {quarter} is locked.", hint)
    return kept, edition


def link(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio link CAN-7 us-mle-02-reranker`."""
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    name, _, experiment = asked.text.strip().partition(" ")
    said = _link(session, desk, name, experiment.strip().strip("`"), asked.by, now)
    quarter_locking.told(session, asked.by, asked.place, key, said, now)


def link_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Link…] on the card of a pick."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    item = candidates.meant(session, value, lock=False)
    known = {one.id: "" for one in experiments.everywhere(session)}
    if not known:
        raise InputError("No experiment is registered yet.", "`/experiment register` registers one.")
    return {**forms.link(item.id, item.candidate.title, known), "private_metadata": item.id}


def link_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of [Link…] was sent off."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    said = _link(session, desk, sent.value, sent.fields.get(forms.EXPERIMENT, ""), sent.by, now)
    quarter_locking.told(session, sent.by, sent.place, key, said, now)


def _link(session: Session, desk: Desk, name: str, experiment: str, by: str, now: datetime) -> str:
    item = candidates.meant(session, name)
    if not experiment:
        raise InputError(f"Nothing was named to link {item.id} with.", launches.known(session))
    if experiments.original(session, experiment) is None:
        raise InputError(f"No experiment `{escape(experiment, 80)}` is registered.", launches.known(session))
    earlier = Thing(ThingKind.CANDIDATE, item.id)
    later = Thing(ThingKind.EXPERIMENT, experiment)
    new = links.join(session, earlier, later, why="tested by", by=by, now=now)
    candidates.draw(session, desk, item, now)
    quarter = portfolios.picked_in(session, item.id)
    kept = portfolios.load(session, quarter) if quarter else None
    if kept is not None:
        quarter_working.draw(session, desk, kept, now)
    return (
        f"{item.id} is tested by `{experiment}`."
        if new
        else f"{item.id} and `{experiment}` were linked already."
    )


def _became(said: Mapping[str, Any]) -> str:
    """What became of a candidate that no launch tells of, in a word or three."""
    if said.get("sustained"):
        return "shipped, still there"
    return "shipped" if said["shipped"] else "not shipped"


def _current(session: Session, desk: Desk, now: datetime) -> Quarter:
    """The quarter that runs, where it has a locked portfolio; else the newest that has one."""
    today = now.astimezone(desk.settings.zone).date()
    running = desk.settings.portfolio.running(today).quarter
    every = [one for one in portfolios.every(session) if one.locked]
    if any(one.quarter == str(running) for one in every) or not every:
        return running
    return Quarter.read(every[0].quarter)
