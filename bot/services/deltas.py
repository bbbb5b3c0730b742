"""What an experiment moved offline and online, kept for the correlation of both."""

from datetime import date, datetime

from sqlmodel import Session

from bot.core.correlation import Correlation, Pair
from bot.core.correlation import correlation as correlate
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.services import launches
from bot.services.desk import Desk
from bot.store import experiments, ledger


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
    return launches.note(session, launch.id, Kind.DELTA, by="", body=body, now=now)[1]


def correlation(session: Session, now: datetime) -> Correlation:
    """How well offline deltas have predicted online ones up to now."""
    return correlate([_pair(entry) for entry in ledger.of_kind(session, Kind.DELTA)], now)


def _known(session: Session, launch: Launch, record: int) -> bool:
    entries = ledger.of(session, launch.id)
    return any(one.kind == Kind.DELTA and one.body.get("record") == record for one in entries)


def _pair(entry: Entry) -> Pair:
    body = entry.body
    better = -1.0 if body.get("direction") == "decrease" else 1.0
    built = body.get("eval_set_built")
    return Pair(
        experiment=entry.subject,
        at=entry.at,
        offline=float(body["offline"]),
        online=better * float(body["online"]),
        eval_set=body.get("eval_set") or "",
        eval_set_built=date.fromisoformat(built) if built else None,
    )
