"""What an experiment moved offline and online, kept for the correlation of both."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

from sqlmodel import Session

from bot.core.correlation import Adopted, Correlation, Pair, standing
from bot.core.correlation import correlation as correlate
from bot.core.correlation_ledger import ELSEWHERE, SUBJECT
from bot.core.correlation_ledger import Kind as CorrelationKind
from bot.core.delta_words import Recorded
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.replay import Outcome
from bot.services import home_news, launches
from bot.services.desk import Desk
from bot.store import experiments, ledger, slots

WATCH_JOB = "correlation.watch"
"""What looks at the correlation after every delta, and every day."""


def record(session: Session, desk: Desk, launch: Launch, now: datetime) -> Entry | None:
    """Write both deltas into the ledger, once for each look they rest on; the entry, None when there is none.

    There is none where no offline delta is declared, no planned look was sound, or the newest one could not
    say a relative effect.
    """
    del desk
    registration = launches.registration(session, launch)
    offline, newest = registration.offline, launch.newest
    if offline is None or newest is None:
        return None
    look = experiments.look(session, newest.record)
    online = look.result["primary"].get("effect_rel") if look else None
    if online is None or _known(session, launch, newest.record):
        return None
    body = {
        "offline": offline.delta,
        "online": online,
        "ci_online": look.result["primary"].get("ci_rel") if look else None,
        "direction": registration.primary.direction,
        "offline_metric": offline.metric,
        "online_metric": registration.primary.metric,
        "eval_set": offline.eval_set,
        "eval_set_built": offline.built.isoformat() if offline.built else None,
        "record": newest.record,
        "look": newest.look,
    }
    entry = launches.note(session, launch.id, Kind.DELTA, by="", body=body, now=now)[1]
    watch_soon(session, entry, now)
    return entry


def add(session: Session, recorded: Recorded, by: str, now: datetime) -> Entry:
    """Write the deltas of an experiment into the ledger that somebody knows, or corrects; the entry."""
    ours = experiments.original(session, recorded.experiment) is not None
    body = {
        "experiment": recorded.experiment,
        "offline": recorded.offline,
        "online": recorded.online,
        "ci_online": list(recorded.ci) if recorded.ci else None,
        "direction": recorded.direction,
        "offline_metric": recorded.offline_metric,
        "online_metric": recorded.online_metric,
        "eval_set": recorded.eval_set,
        "eval_set_built": recorded.built.isoformat() if recorded.built else None,
        "on": recorded.on.isoformat() if recorded.on else None,
    }
    subject = recorded.experiment if ours else f"{ELSEWHERE}{recorded.experiment}"
    entry = ledger.append(session, kind=Kind.DELTA, subject=subject, by=by, body=body, now=now)
    home_news.changed(session, now)
    watch_soon(session, entry, now)
    return entry


def watch_soon(session: Session, entry: Entry, now: datetime) -> None:
    """Have the correlation looked at because of this entry."""
    slots.at(session, job=WATCH_JOB, slot=f"entry/{entry.number}", due=now)


def pairs(session: Session) -> tuple[Pair, ...]:
    """Every pair on record, corrected ones included, in the order they were written."""
    return tuple(pair(entry) for entry in ledger.of_kind(session, Kind.DELTA))


def correlation(session: Session, now: datetime) -> Correlation:
    """How well offline deltas of the harness in use have predicted online ones up to now."""
    return correlate(pairs(session), now, adopted(session))


def adopted(session: Session) -> Adopted | None:
    """The harness in use, where a replay had one adopted."""
    return adopted_of(ledger.of(session, SUBJECT))


def adopted_of(entries: Iterable[Entry]) -> Adopted | None:
    """The last that was adopted; a replay that says iterate is of another one and leaves it in use."""
    found = None
    for one in entries:
        if one.kind == CorrelationKind.REPLAY and one.body.get("outcome") == Outcome.ADOPT:
            found = Adopted(one.at, one.number, one.body["scores"])
    return found


def counted(session: Session, now: datetime) -> Sequence[Pair]:
    """Of each experiment the pair that counts, the newest first."""
    return standing(pairs(session), now)


def pair(entry: Entry) -> Pair:
    """The pair that an entry puts on record: finished on the day it names, else when it was written."""
    body = entry.body
    better = -1.0 if body.get("direction") == "decrease" else 1.0
    built, on = body.get("eval_set_built"), body.get("on")
    return Pair(
        experiment=body.get("experiment") or entry.subject,
        at=_finished(date.fromisoformat(on), entry.at) if on else entry.at,
        offline=float(body["offline"]),
        online=better * float(body["online"]),
        eval_set=body.get("eval_set") or "",
        eval_set_built=date.fromisoformat(built) if built else None,
        entry=entry.number,
        by=entry.by,
    )


def _finished(day: date, written: datetime) -> datetime:
    """Noon of that day in UTC, which is that day nearly everywhere, and no later than it was written."""
    return min(datetime.combine(day, time(12), UTC), written)


def _known(session: Session, launch: Launch, record: int) -> bool:
    entries = ledger.of(session, launch.id)
    return any(one.kind == Kind.DELTA and one.body.get("record") == record for one in entries)
