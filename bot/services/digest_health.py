"""What a digest says of launches: how each stands, what it waits for, and what happened meanwhile."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.digest import Health, News, Overdue, Seen, worst
from bot.core.launch import Kind, Launch, State
from bot.core.ledger import Entry
from bot.core.look import relative
from bot.core.registration import Registration
from bot.services import launches, scheduled_looks, tasks
from bot.services.desk import Desk
from bot.services.look_record import again, registration_then
from bot.stats.undecided import Undecided
from bot.store import experiments, ledger
from bot.views.text import duration

GRACE = timedelta(minutes=15)
"""A look this much after its moment is late: data are read and judged in minutes."""

SIGN_WITHIN = timedelta(days=2)
"""A signature outstanding longer than this is overdue."""

_CHANGES: tuple[Kind, ...] = (
    *(Kind.LOCKED, Kind.STARTED, Kind.STAGE, Kind.AMENDED, Kind.PAUSED, Kind.RESUMED),
    *(Kind.LOOK, Kind.PEEK, Kind.LATE, Kind.AFTER, Kind.CLOSED),
)


def in_scope(session: Session, channel: str, *, everywhere: bool) -> list[Launch]:
    """The launches that a digest of this channel covers, the newest first; those that ended included."""
    if not everywhere:
        return launches.in_channel(session, channel)
    every = [launches.read(session, one) for one in ledger.subjects(session, Kind.REGISTERED)]
    return sorted(every, key=lambda one: one.registered_at, reverse=True)


def health(session: Session, desk: Desk, launch: Launch, now: datetime) -> Health:
    """How one launch stands at this moment, from its newest look on record."""
    registration = launches.registration(session, launch)
    calendar = scheduled_looks.calendar(session, desk, launch, registration)
    following = scheduled_looks.next_look(launch, registration, calendar.zone, calendar.at)
    seen = _seen(session, launch)
    return Health(
        id=launch.id,
        title=launch.title,
        channel=launch.channel,
        state=launch.state,
        day=_day(launch, registration, calendar.zone, now),
        horizon=registration.horizon_days,
        alpha=registration.alpha,
        next_look=following,
        seen=seen,
        needs=tuple(_needs(launch, following, seen, now)),
    )


def overdue(session: Session, launch: Launch, now: datetime, zone: ZoneInfo) -> list[Overdue]:
    """Tasks past their day, and signatures that have been waited for too long."""
    today = now.astimezone(zone).date()
    late = [
        Overdue(one.title, (one.owner,), launch.id, one.due) for one in tasks.overdue(session, launch, today)
    ]
    if not launch.open:
        return late
    waiting = [(launch.missing_signoffs if launch.locked_at is None else (), launch.registered_at)]
    amendment = launch.amendment
    if amendment is not None:
        missing = tuple(role for role in launch.signoffs if role not in amendment.signatures)
        waiting.append((missing, amendment.at))
    late += [
        Overdue(f"sign-off {role}", (), launch.id, since.astimezone(zone).date())
        for roles, since in waiting
        for role in roles
        if now - since > SIGN_WITHIN
    ]
    return late


def decisions(
    session: Session, scope: Sequence[Launch], since: datetime, until: datetime
) -> tuple[News, ...]:
    """What was decided, with the effect that the look measured."""
    return _news(session, scope, since, until, (Kind.DECIDED,))


def changes(session: Session, scope: Sequence[Launch], since: datetime, until: datetime) -> tuple[News, ...]:
    """Looks taken with their verdicts and lifts, and how launches went on."""
    return _news(session, scope, since, until, _CHANGES)


def _news(
    session: Session, scope: Sequence[Launch], since: datetime, until: datetime, kinds: tuple[Kind, ...]
) -> tuple[News, ...]:
    broken = {launch.id: _broken_at(session, launch) for launch in scope}
    entries = ledger.since(session, since, tuple(str(kind) for kind in kinds))
    found = [one for one in entries if one.subject in broken and one.at <= until]
    return tuple(_of(session, one, broken=0 < broken[one.subject] < one.number) for one in found)


def _broken_at(session: Session, launch: Launch) -> int:
    """The first entry that changed the plan after a look; 0 where none did."""
    entries = ledger.of(session, launch.id) if launch.broken else ()
    breaking = (one.number for one in entries if one.kind == Kind.AMENDED and one.body.get("breaking"))
    return next(breaking, 0)


def _of(session: Session, entry: Entry, *, broken: bool) -> News:
    body = entry.body
    effect = interval = None
    if "record" in body:
        record = experiments.look(session, int(body["record"]))
        primary = record.result["primary"] if record else {}
        effect = primary.get("effect_rel")
        span = primary.get("ci_rel")
        interval = (float(span[0]), float(span[1])) if span else None
    said = _said(entry)
    if broken and entry.kind in (Kind.LOOK, Kind.DECIDED):
        said += " (under a plan changed after a look)"
    return News(entry.subject, entry.kind, said, entry.by, entry.at, effect, interval)


def _said(entry: Entry) -> str:
    """What an entry says, in a few words."""
    body = entry.body
    match entry.kind:
        case Kind.DECIDED:
            return str(body["decision"])
        case Kind.LOOK:
            return f"look {body['look']}: {str(body['verdict']).upper()}"
        case Kind.PEEK:
            return f"a peek on day {float(body['day']):g}"
        case Kind.STAGE:
            return f"at stage {body['name']}"
        case Kind.PAUSED | Kind.RESUMED:
            return f"{entry.kind}: {body['why']}"
        case Kind.LATE:
            return f"look {body['look']} had no data"
        case Kind.AFTER:
            return f"checked on day {body['day']} after the decision"
        case Kind.AMENDED:
            return "amended, breaking the plan" if body.get("breaking") else "amended"
        case _:
            return str(entry.kind)


def _day(launch: Launch, registration: Registration, zone: ZoneInfo, now: datetime) -> int | None:
    start: date | None = registration.data.start or launch.start
    return None if start is None else (now.astimezone(zone).date() - start).days + 1


def _seen(session: Session, launch: Launch) -> Seen | None:
    planned = [one for one in launch.looks if one.look]
    if not planned:
        return None
    record = experiments.look(session, max(planned, key=lambda one: one.record).record)
    if record is None:
        return None
    result = again(registration_then(session, record), record)
    effect, interval = relative(result.primary.effect)
    return Seen(
        look=result.look,
        day=result.day,
        verdict=result.verdict,
        taken=record.taken_at,
        alpha_spent=result.alpha_spent,
        split_ok=None if isinstance(result.srm, Undecided) else result.srm.ok,
        data_to=result.last_day,
        worst=worst(result.guardrails),
        effect=effect,
        interval=interval,
    )


def _needs(
    launch: Launch, following: tuple[int, datetime] | None, seen: Seen | None, now: datetime
) -> list[str]:
    """What a person is to do about a launch, the weightiest first."""
    if launch.state is State.SIGNING:
        return _to_sign(launch, now)
    needs = []
    if launch.state is State.VETOED:
        needs.append(_vetoed(launch))
    elif launch.newest is not None and launch.newest.verdict not in ("continue", "invalid", "veto"):
        needs.append(f"look {launch.newest.look} says {launch.newest.verdict.upper()}: decide")
    if seen is not None and seen.verdict == "invalid":
        needs.append(f"look {seen.look} could not be judged: its data are broken")
    if launch.paused is not None:
        needs.append(f"paused for {duration(now - launch.paused.at)}: {launch.paused_why}")
    if following is not None and launch.locked_at is not None and now - following[1] > GRACE:
        needs.append(f"data late: look {following[0]} was due {duration(now - following[1])} ago")
    needs += [f"look {number} was never taken: its data did not come" for number in launch.late]
    if any(one.pending for one in launch.overrides):
        needs.append("an override waits for a director")
    if launch.amendment is not None:
        needs.append("an amendment waits for signatures")
    return needs


def _vetoed(launch: Launch) -> str:
    veto = launch.newest
    tasks = [one for one in launch.tasks if veto is not None and one.id.endswith(f".{veto.record}")]
    if not tasks:
        return "vetoed: open the investigation, or stop it"
    left = sum(one.done is None for one in tasks)
    return f"vetoed: {left} of {len(tasks)} tasks of the investigation are left; stop it, or run it again"


def _to_sign(launch: Launch, now: datetime) -> list[str]:
    waited = duration(now - launch.registered_at)
    needs = []
    if launch.missing_acknowledgements:
        count = len(launch.missing_acknowledgements)
        needs.append(f"{count} warning{'' if count == 1 else 's'} to take on")
    if launch.missing_signoffs:
        needs.append(f"waits for the signature of {', '.join(launch.missing_signoffs)} for {waited}")
    return needs
