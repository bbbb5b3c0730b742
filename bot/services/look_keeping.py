"""A look that was computed goes on record: once, while the world is still as it was, with its card."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.course import PEEK
from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.launch import Kind, Launch, State
from bot.core.ledger import Entry
from bot.core.verdict_words import cost_of_peek
from bot.services import deciding, launch_cards, launches
from bot.services.desk import Desk
from bot.services.look_record import before_look
from bot.services.looking import Taken
from bot.services.scheduled_looks import calendar
from bot.store import blobs, experiments, outbox
from bot.store.experiments import LookRecord
from bot.views import look as views
from bot.views import look_notes as notes
from bot.views.look_shown import Shown
from bot.views.text import person, when

UNJUDGED = ("invalid", "unjudged")
"""Verdicts of a look that judged nothing, so that it may be taken again."""


def over(launch: Launch) -> str:
    """Why no look is taken any more; empty while looks go on."""
    decision = launch.decision
    if decision is not None:
        moment = when(decision.at, style="{date_short_pretty} {time}")
        return f"it was decided {moment} by {person(decision.by)}: {decision.decision}"
    if launch.closed_at is not None:
        return f"it was closed {when(launch.closed_at, style='{date_short_pretty} {time}')}"
    if launch.state is State.VETOED and launch.veto is not None:
        moment = when(launch.veto.at, style="{date_short_pretty} {time}")
        return f"look {launch.veto.look} vetoed {moment}, and no later look outweighs a veto"
    return ""


def keep(
    session: Session, desk: Desk, taken: Taken, payload: Mapping[str, Any], now: datetime
) -> LookRecord | None:
    """Store a look, enter it in the ledger and post its card; None when it must be computed anew.

    It must where the registration was amended, or another look went on record, since it was computed.
    A planned look that could be judged is on record once, whatever became of the data since, and so is a peek
    at the same data: whoever asked is told, and no second card is posted.
    payload: channel, thread, by (empty for the schedule), asked_at, slot, reason (of a peek), due (when it
    is late).
    """
    launch = launches.load(session, taken.registered.id)
    if _moved_on(session, launch, taken):
        return None
    record = taken.record(payload, now)
    known = {one.record for one in launch.looks}
    if why := over(launch):
        _tell(session, payload, notes.not_taken(launch, record, why), now)
        return record
    if held := _held(session, record):
        _tell(
            session, payload, notes.on_record(launch, held, same=held.fingerprint == record.fingerprint), now
        )
        return held
    stored = experiments.add_look(session, record)
    if stored.id in known:
        _tell(session, payload, notes.on_record(launch, stored), now)
        return stored
    launch, entry = _enter(session, taken, stored, payload, now)
    _post(session, desk, launch, taken, stored, entry, payload, now)
    launch_cards.draw(session, desk, launch, now=now)
    if stored.number != PEEK:
        deciding.judged(session, desk, launch, stored, now)
    return stored


def _held(session: Session, record: LookRecord) -> LookRecord | None:
    """The same planned look by the same rule as it was judged before: its alpha is spent."""
    if record.number == PEEK:
        return None
    of_it = [one for one in experiments.looks(session, record.experiment) if one.number == record.number]
    judged = (one for one in of_it if one.sha256 == record.sha256 and one.verdict not in UNJUDGED)
    return next(judged, None)


def _moved_on(session: Session, launch: Launch, taken: Taken) -> bool:
    if launch.sha256 != taken.registered.sha256:
        return True
    result = taken.result
    looks = experiments.looks(session, launch.id)
    before = before_look(taken.registration, looks, result.look, result.asked)
    return [one.id for one in before] != [one.id for one in taken.before]


def _enter(
    session: Session, taken: Taken, stored: LookRecord, payload: Mapping[str, Any], now: datetime
) -> tuple[Launch, Entry]:
    body = {
        "record": stored.id,
        "look": stored.number,
        "day": stored.day,
        "planned": stored.planned,
        "verdict": stored.verdict,
        "seal": stored.seal,
        "sha256": stored.sha256,
    }
    kind = Kind.PEEK if stored.number == PEEK else Kind.LOOK
    if stored.number == PEEK:
        cost = cost_of_peek(taken.registration, taken.result.course)
        body |= {"reason": payload.get("reason", ""), "cost": cost}
    return launches.note(session, stored.experiment, kind, by=payload["by"], body=body, now=now)


def _post(
    session: Session,
    desk: Desk,
    launch: Launch,
    taken: Taken,
    stored: LookRecord,
    entry: Entry,
    payload: Mapping[str, Any],
    now: datetime,
) -> None:
    key, channel, result = f"look/{payload['slot']}", payload["channel"], taken.result
    upload = Upload(
        key=f"{key}/chart",
        channel=channel,
        filename=f"{launch.id}-look-{result.look}.png" if result.look else f"{launch.id}-peek.png",
        title=f"{launch.id}, {'look ' + str(result.look) if result.look else 'peek'}",
        blob=blobs.put(session, taken.picture, "image/png"),
        alt_text=taken.alt,
        share=False,
    )
    outbox.put(session, upload, now=now)
    due = payload.get("due")
    shown = Shown(
        taken.registration,
        result,
        stored.id,
        upload.key,
        taken.alt,
        calendar=calendar(session, desk, launch, taken.registration),
        launch=launch,
        entry=entry,
        due=None if due is None else datetime.fromisoformat(due),
    )
    outbox.put(session, Post(f"{key}/card", channel, views.card(shown), payload.get("thread")), now=now)


def _tell(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    """Tell whoever asked, and nobody where the schedule did."""
    if payload["by"]:
        key = f"look/{payload['slot']}/told"
        effect = Ephemeral(key, payload["channel"], payload["by"], said, payload.get("thread"))
        outbox.put(session, effect, now=now)
