"""The job behind `/experiment look N`: reads the data outside any transaction, then stores and posts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlmodel import Session

from bot.core.analysis import analyse
from bot.core.course import PEEK
from bot.core.effect import Post, Upload
from bot.core.launch import Kind
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.errors import InputError, SourceError
from bot.services import launches
from bot.services.desk import Desk
from bot.services.look_record import again, before_look, counted, days_before, registration_of
from bot.services.verifying import sealed
from bot.sources.samples import observe
from bot.stats.undecided import Undecided
from bot.store import blobs, experiments, outbox
from bot.store.database import Database
from bot.store.experiments import LookRecord, Registered
from bot.views import chart
from bot.views import look as views

Finish = Callable[[Session], None]


def warm() -> None:
    """Import what a look needs (2 s, 6 s without compiled files), so that the first one need not wait."""
    for module in ("ibis.backends.duckdb", "matplotlib.backends.backend_agg", "pyarrow.parquet"):
        import_module(module)


def run_look(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Take the look that `ask_look` asked for; the function returned stores it and posts the card.

    A peek has look 0 and its `day` in the payload.
    """
    number = int(payload["look"])
    with db.read() as session:
        registered = experiments.load(session, payload["experiment"])
        taken = experiments.looks(session, payload["experiment"])
    if registered is None:
        raise InputError(f"No experiment {payload['experiment']} is registered.")
    registration = registration_of(registered)
    day = float(payload["day"] if number == PEEK else registration.looks[number - 1])
    before = before_look(registration, taken, number, day)
    earlier = days_before(registration, before, number, day)
    try:
        root = desk.settings.data.path if desk.settings.data else None
        found = observe(registration, day=day, sources=desk.settings.sources, root=root)
        seen = counted(found, before)
        result = analyse(registration, registered.sha256, seen, look=number, day=day, earlier=earlier)
    except (SourceError, ValueError) as error:
        return _failed(registration, payload, str(error), now)
    history = _history(registration, before, result)
    picture = chart.png(registration, result, history)
    alt = chart.alt(registration, result, history)
    record = _record(registered, result, seen, earlier, payload, now)

    def finish(session: Session) -> None:
        stored = experiments.add_look(session, record)
        _enter(session, stored, payload, now)
        _post(session, registration, result, stored.id, (picture, alt), payload, now)

    return finish


def _enter(session: Session, stored: LookRecord, payload: Mapping[str, Any], now: datetime) -> None:
    """Into the ledger, once for each record."""
    if any(one.record == stored.id for one in launches.load(session, stored.experiment).looks):
        return
    body = {
        "record": stored.id,
        "look": stored.number,
        "day": stored.day,
        "planned": stored.planned,
        "verdict": stored.verdict,
        "seal": stored.seal,
        "sha256": stored.sha256,
    }
    if stored.number == PEEK:
        body |= {"reason": payload.get("reason", ""), "cost": payload.get("cost", "")}
    kind = Kind.PEEK if stored.number == PEEK else Kind.LOOK
    launches.note(session, stored.experiment, kind, by=payload["by"], body=body, now=now)


def _post(
    session: Session,
    registration: Registration,
    result: LookResult,
    record: int,
    drawn: tuple[bytes, str],
    payload: Mapping[str, Any],
    now: datetime,
) -> None:
    picture, alt = drawn
    key, channel = f"look/{payload['slot']}", payload["channel"]
    upload = Upload(
        key=f"{key}/chart",
        channel=channel,
        filename=f"{registration.id}-look-{result.look}.png",
        title=f"{registration.id}, look {result.look}",
        blob=blobs.put(session, picture, "image/png"),
        alt_text=alt,
        share=False,
    )
    outbox.put(session, upload, now=now)
    card = views.card(views.Shown(registration, result, record, upload.key, alt))
    outbox.put(session, Post(f"{key}/card", channel, card, payload.get("thread")), now=now)


def _failed(registration: Registration, payload: Mapping[str, Any], reason: str, now: datetime) -> Finish:
    card = views.failed(registration, int(payload["look"]), reason)
    post = Post(f"look/{payload['slot']}/card", payload["channel"], card, payload.get("thread"))

    def finish(session: Session) -> None:
        outbox.put(session, post, now=now)

    return finish


def _record(
    registered: Registered,
    result: LookResult,
    seen: Observations,
    earlier: Sequence[float],
    payload: Mapping[str, Any],
    now: datetime,
) -> LookRecord:
    record = LookRecord(
        id=0,
        experiment=registered.id,
        sha256=registered.sha256,
        number=result.look,
        day=result.day,
        planned=result.planned,
        verdict=result.verdict,
        result=look_json(result),
        observations=seen.to_json(),
        earlier=tuple(earlier),
        fingerprint=result.data_fingerprint,
        channel=payload["channel"],
        asked_by=payload["by"],
        asked_at=datetime.fromisoformat(payload["asked_at"]),
        taken_at=now,
    )
    return replace(record, seal=sealed(registered, record))


def _history(
    registration: Registration, before: Sequence[LookRecord], result: LookResult
) -> list[chart.Seen]:
    seen = []
    for one in before:
        effect = again(registration, one).primary.effect
        if not isinstance(effect, Undecided):
            seen.append(chart.Seen(one.number, one.day, effect.z))
    effect = result.primary.effect
    if not isinstance(effect, Undecided) and result.verdict != "invalid":
        seen.append(chart.Seen(result.look, result.day, effect.z))
    return seen
