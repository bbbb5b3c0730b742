"""The alarm when offline gains stop predicting online ones: told once, with what to do, until they do."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlmodel import Session

from bot.core.candidate import Candidate, Proposal
from bot.core.candidate import Kind as CandidateKind
from bot.core.correlation import FLOOR, Correlation
from bot.core.correlation_ledger import SUBJECT, Kind
from bot.core.effect import Post
from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.services import candidates, correlation_direction, deltas, home_news
from bot.services.desk import Desk
from bot.stats.correlation import Pearson
from bot.store import ledger, links, outbox, slots
from bot.store.schedule import Daily
from bot.views import correlation as views
from bot.views.correlation import coefficient

TITLE = "Rebuild the offline harness"
DAILY_JOB = "correlation.daily"
AT = time(7, 40)
"""Before the morning's digests: pairs leave the window by themselves."""


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have it looked at every day."""
    slots.every(session, job=DAILY_JOB, rule=Daily(AT, desk.settings.timezone, latest_only=True), now=now)


def watch(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Tell of an alarm once, and of its end once; so of directions that differ."""
    del payload
    ledger.lock(session)
    found, standing = deltas.correlation(session, now), alarm(session)
    if found.alarm and standing is None:
        _raise(session, desk, found, now)
    elif standing is not None and not found.alarm and found.gate != "unknown":
        entry = _note(session, Kind.RESTORED, found, now)
        said = views.restored(found, entry)
        key = f"correlation/restored/{entry.number}"
        outbox.put(session, Post(key, desk.settings.channels.launches, said), now=now)
    correlation_direction.watch(session, desk, found, now)


def alarm(session: Session) -> Entry | None:
    """The alarm that stands; None while there is none, or once it has ended."""
    told = [one for one in ledger.of(session, SUBJECT) if one.kind in (Kind.ALARM, Kind.RESTORED)]
    return told[-1] if told and told[-1].kind == Kind.ALARM else None


def key_of(entry: Entry) -> str:
    """What an alarm's candidate is proposed by, for ever the same."""
    return f"correlation/alarm/{entry.number}"


def _raise(session: Session, desk: Desk, found: Correlation, now: datetime) -> None:
    entry = _note(session, Kind.ALARM, found, now)
    item = propose(session, desk, entry, found, now)
    said = views.alarm(found, entry, item)
    post = Post(f"correlation/alarm/{entry.number}", desk.settings.channels.launches, said)
    outbox.put(session, post, now=now)


def propose(session: Session, desk: Desk, entry: Entry, found: Correlation, now: datetime) -> str:
    """Put rebuilding the harness into the backlog, joined to what did not predict; the candidate's id."""
    r = f"r {coefficient(found.r)}" if found.r is not None else "no correlation"
    why = (
        f"Offline gains do not predict online ones: {r} over {found.longest.pairs} experiments in "
        f"{found.longest.days} days, the floor is {FLOOR:g} (ledger {entry.number})."
    )
    off = [one for one in found.longest.inside if not one.agrees]
    source = next((Thing(ThingKind.EXPERIMENT, one.experiment) for one in off), None)
    candidate = Candidate(id="", title=TITLE, kind=CandidateKind.TOOLING, notes=why)
    proposal = Proposal(candidate, why=why, by="", source=source, key=key_of(entry))
    item = candidates.propose(session, desk, proposal, now=now)
    for one in off:
        earlier, later = Thing(ThingKind.EXPERIMENT, one.experiment), Thing(ThingKind.CANDIDATE, item.id)
        links.join(session, earlier, later, why="its offline gain did not come", now=now)
    return item.id


def _note(session: Session, kind: Kind, found: Correlation, now: datetime) -> Entry:
    longest = found.longest
    known = longest.found if isinstance(longest.found, Pearson) else None
    body = {
        "r": known.r if known else None,
        "low": known.low if known else None,
        "high": known.high if known else None,
        "n": longest.pairs,
        "days": longest.days,
        "pairs": sorted(one.entry for one in longest.inside),
    }
    entry = ledger.append(session, kind=kind, subject=SUBJECT, by="", body=body, now=now)
    home_news.changed(session, now)
    return entry
