"""`/correlation status`: gathered, computed and drawn in a job, then posted where it was asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.correlation import by_harness, rolling
from bot.core.diagnosis import Diagnosis
from bot.core.effect import Post, Upload
from bot.core.harness_declared import Cause
from bot.core.inbound import Order
from bot.core.replay import forward
from bot.errors import InputError
from bot.services import correlation_alarm, deltas, diagnosis_evidence
from bot.services.desk import Desk
from bot.store import blobs, diagnoses, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import correlation as views
from bot.views.text import escape

JOB = "correlation.status"


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/correlation status`."""
    del desk
    if asked.text.strip():
        raise InputError(
            f"Read `status {escape(asked.text, 60)}`, and expected nothing behind it.",
            "`/correlation status`",
        )
    payload = {"channel": asked.place.channel, "thread": asked.place.thread, "key": key}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def _diagnosis(session: Session) -> Diagnosis | None:
    """The one that is open, else the one that the standing alarm led to."""
    newest, standing = diagnoses.newest(session), correlation_alarm.alarm(session)
    if newest is None or newest.conclusion is None:
        return newest
    return newest if standing is not None and newest.opened_at >= standing.at else None


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Compute and draw; what is returned posts the card."""
    from bot.views import chart_correlation as chart

    with db.read() as session:
        pairs = deltas.pairs(session)
        adopted, diagnosis = deltas.adopted(session), _diagnosis(session)
        found = deltas.correlation(session, now)
    rolled = rolling(by_harness(pairs, adopted), now, found.longest.days)
    picture = chart.png(found.longest.inside, rolled)
    key, channel = str(payload["key"]), str(payload["channel"])
    drawn = f"{key}/correlation/chart" if picture is not None else ""
    shown = views.Health(
        found=found,
        kl=diagnosis_evidence.of_cause(desk, desk.playbooks.diagnosis, Cause.SELECTION_BIAS, now),
        adopted=adopted.at if adopted else None,
        forward=None if adopted is None else forward(pairs, adopted.at, now),
        diagnosis=diagnosis,
        chart=drawn,
        alt=chart.alt(found, rolled),
    )
    card = views.card(shown)  # the permutations are computed here, outside of the transaction

    def finish(session: Session) -> None:
        if picture is not None:
            blob = blobs.put(session, picture, "image/png")
            upload = Upload(
                drawn,
                channel,
                "correlation.png",
                "Offline against online",
                blob,
                alt_text=shown.alt,
                share=False,
            )
            outbox.put(session, upload, now=now)
        outbox.put(session, Post(f"{key}/correlation", channel, card, payload["thread"]), now=now)

    return finish
