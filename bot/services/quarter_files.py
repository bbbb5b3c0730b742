"""A quarter's portfolio as a file: put together from the backlog, and the backlog filled from a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.backlog import Item
from bot.core.candidate import Candidate
from bot.core.candidate_fields import fields_of_portfolio, sha256_of
from bot.core.dependencies import circle
from bot.core.frozen_json import as_json, from_json
from bot.core.permission import Act
from bot.core.portfolio import Capacity, Portfolio, Project, Shared
from bot.core.quarter import Quarter
from bot.core.quarterly import Kind, Quarterly
from bot.errors import InputError, StaleError
from bot.services import candidates, permissions
from bot.services.desk import Desk
from bot.stats.calibration import Judged
from bot.store import candidates as backlog
from bot.store import ledger, portfolios
from bot.views.text import escape

_RENAMED = ("gut_feel", "claimed_top")


@dataclass(frozen=True)
class Taken:
    """What a file brought: ids of candidates that are new, changed, and as they were.

    unwaived: those whose waiver in the file counts for nothing, since who imported it may not waive.
    """

    quarter: Quarter
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    unwaived: tuple[str, ...] = ()


def upcoming(desk: Desk, now: datetime) -> Quarter:
    """The quarter that is picked for now: the next one to begin."""
    today = now.astimezone(desk.settings.zone).date()
    return desk.settings.portfolio.running(today).quarter.following


def opened(session: Session, desk: Desk, quarter: Quarter, channel: str) -> Quarterly:
    """The portfolio of a quarter, locked until the transaction ends; begun in this channel if it is new."""
    found = portfolios.load(session, str(quarter), lock=True)
    if found is None:
        found = Quarterly(str(quarter), channel or desk.settings.channels.launches)
        portfolios.save(session, found)
    return found


def build(session: Session, desk: Desk, quarter: Quarter) -> Portfolio:
    """Put a quarter's portfolio together: the backlog, what there is room for, how the past went.

    Raises InputError where there is nothing to pick from, or what a candidate needs is not there.
    """
    earlier = _picked_elsewhere(session, quarter)
    items = [one for one in backlog.every(session) if one.id not in earlier]
    if not items:
        hint = "`/portfolio add` writes one, `/portfolio import` reads a file."
        raise InputError("The backlog has no candidate to pick from.", hint)
    chosen = [one.candidate for one in _with_what_they_need(session, items, earlier)]
    found = circle(chosen)
    if found:
        hint = "Take one dependency away with `/portfolio edit`: whichever can begin without the other."
        raise InputError(f"Candidates need each other in a circle: {' needs '.join(found)}.", hint)
    setup = _setup(session, desk, quarter)
    tags = {one.name for one in setup.infrastructure}
    used = dict.fromkeys(tag for one in chosen for tag in one.infrastructure if tag not in tags)
    judged, projects = _past(session, quarter)
    return replace(
        setup,
        quarter=str(quarter),
        candidates=tuple(chosen),
        infrastructure=(*setup.infrastructure, *(Shared(tag) for tag in used)),
        confidences=(*setup.confidences, *judged),
        projects=(*setup.projects, *projects),
        gut_feel=tuple(name for name in setup.gut_feel if any(one.id == name for one in chosen)),
    )


def sealed(portfolio: Portfolio) -> tuple[dict[str, Any], str]:
    """The whole portfolio as `lookout portfolio` reads it, and the SHA-256 of its canonical form."""
    return fields_of_portfolio(portfolio), sha256_of(portfolio)


def take(
    session: Session, desk: Desk, portfolio: Portfolio, *, by: str, channel: str, now: datetime
) -> Taken:
    """Fill the backlog from a file: new candidates, changed ones, and what it says of its quarter.

    A candidate that came under the same id before is the same one. Raises StaleError where the quarter's
    portfolio is locked.
    """
    quarter = Quarter.read(portfolio.quarter) if portfolio.quarter else upcoming(desk, now)
    kept = opened(session, desk, quarter, channel)
    if kept.locked:
        hint = f"Write `quarter: {quarter.following}` into the file, or leave the quarter out."
        raise StaleError(f"The portfolio of {quarter} is locked (ledger {kept.locked_entry}).", hint)
    names, new = _named(session, portfolio.candidates, by, now)
    waives = permissions.may(session, desk, by, Act.WAIVE)
    changed, same = [], []
    for one in portfolio.candidates:
        item = candidates.meant(session, names[one.id])
        wanted = _renamed(one, item, names, waives=waives)
        if wanted == item.candidate:
            same.append(item.id)
            continue
        if wanted.waiver is not None and wanted.waiver != item.candidate.waiver:
            candidates.note_waiver(session, item, wanted.waiver, by=by, now=now)
        fresh = item.id in new
        after = replace(item, candidate=wanted, edition=item.edition + (not fresh), changed_at=now)
        backlog.save(session, after)
        candidates.draw(session, desk, after, now)
        changed += [] if fresh else [item.id]
    same = [name for name in same if name not in new]
    setup = as_json(replace(portfolio, candidates=(), quarter=str(quarter)))
    for key in _RENAMED:
        setup[key] = [names[name] for name in setup.get(key, [])]
    for outcome in setup.get("outcomes", []):
        outcome["candidate"] = names[outcome["candidate"]]
    portfolios.save(session, replace(kept, setup=setup))
    unwaived = () if waives else tuple(names[one.id] for one in portfolio.candidates if one.waiver)
    return Taken(quarter, tuple(new), tuple(changed), tuple(same), unwaived)


def _named(
    session: Session, found: Iterable[Candidate], by: str, now: datetime
) -> tuple[dict[str, str], list[str]]:
    """The backlog's id of each candidate of a file, and those that are new."""
    names, new = {}, []
    for one in found:
        item = backlog.find(session, one.id, lock=True) if one.id.startswith("CAN-") else None
        item = item or backlog.by_alias(session, one.id, lock=True)
        if item is None:
            bare = replace(one, depends_on=(), after=(), waiver=None)
            item = backlog.add(session, bare, why="", by=by, alias=one.id, now=now)
            if item is None:  # only what has a key can be there already
                raise InputError(f"{one.id} could not be kept.", "Import the file again.")
            new.append(item.id)
        names[one.id] = item.id
    return names, new


def _renamed(one: Candidate, item: Item, names: Mapping[str, str], *, waives: bool) -> Candidate:
    """A file's candidate under the backlog's ids; a waiver or pre-mortem on record stays.

    A waiver that the file brings counts only where who imports it may waive.
    """
    before = item.candidate
    return replace(
        one,
        id=item.id,
        title=one.title[: candidates.TITLE_MOST],
        depends_on=tuple(names.get(name, name) for name in one.depends_on),
        after=tuple(names.get(name, name) for name in one.after),
        waiver=(one.waiver if waives else None) or before.waiver,
        pre_mortem=one.pre_mortem or before.pre_mortem,
    )


def _setup(session: Session, desk: Desk, quarter: Quarter) -> Portfolio:
    """What is known besides candidates: the quarter's file, else the one before it, else lookout.toml."""
    given = portfolios.load(session, str(quarter))
    if given is not None and given.setup:
        return from_json(Portfolio, {**given.setup, "candidates": []})
    settings = desk.settings.portfolio
    teams = (settings.team,) if settings.team else ()
    usual = Portfolio(
        (), weeks=settings.weeks, capacity=Capacity(settings.slots, settings.engineer_weeks, teams)
    )
    before = next(
        (one for one in portfolios.every(session) if one.quarter < str(quarter) and one.setup), None
    )
    if before is None:
        return usual
    known = from_json(Portfolio, {**before.setup, "candidates": []})
    return replace(
        usual, unit=known.unit, worths=known.worths, infrastructure=known.infrastructure,
        learning=known.learning,
        detectable=known.detectable, confidences=known.confidences, projects=known.projects,
    )  # fmt: skip


def _picked_elsewhere(session: Session, quarter: Quarter) -> dict[str, str]:
    """Candidates that the locked portfolio of another quarter picks, and which."""
    found: dict[str, str] = {}
    for portfolio in portfolios.every(session):
        edition = portfolios.locked(session, portfolio.quarter)
        if edition is not None and portfolio.quarter != str(quarter):
            found |= dict.fromkeys(edition.picked, portfolio.quarter)
    return found


def _with_what_they_need(session: Session, items: Sequence[Item], earlier: Mapping[str, str]) -> list[Item]:
    """The items and all that they need: what another quarter picked counts as done."""
    found = {one.id: replace(one, candidate=_named_fully(session, one)) for one in items}
    for one in list(found.values()):
        for name in (*one.candidate.depends_on, *one.candidate.after):
            if name in found:
                continue
            if name not in earlier:
                hint = (
                    f"`/portfolio edit {one.id} needs=` takes that away, `take-up` brings a candidate back."
                )
                raise InputError(f"{one.id} needs {escape(name, 60)}, which is not in the backlog.", hint)
            needed = candidates.meant(session, name, lock=False)
            found[name] = replace(
                needed, candidate=replace(needed.candidate, done=True, depends_on=(), after=())
            )
    return list(found.values())


def _named_fully(session: Session, item: Item) -> Candidate:
    """Its needs by the backlog's ids, where somebody typed another name."""

    def full(names: Iterable[str]) -> tuple[str, ...]:
        known = [(name, backlog.find(session, name)) for name in names]
        return tuple(name if one is None else one.id for name, one in known)

    one = item.candidate
    return replace(one, depends_on=full(one.depends_on), after=full(one.after))


def _past(session: Session, quarter: Quarter) -> tuple[list[Judged], list[Project]]:
    """How often confidences came true in the quarters looked back on, and what their projects cost."""
    judged: list[Judged] = []
    projects: list[Project] = []
    newest: dict[str, Mapping[str, Any]] = {}
    for entry in ledger.of_kind(session, Kind.REVIEWED):
        if entry.subject < str(quarter):
            newest[entry.subject] = entry.body
    for body in newest.values():
        judged += [from_json(Judged, one) for one in body.get("confidences", ())]
        projects += [from_json(Project, one) for one in body.get("projects", ())]
    return judged, projects
