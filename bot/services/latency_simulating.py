"""`/latency simulate [ID] [WHAT IF]`: how long a turn takes, and whether it fits, worked out in a job."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.what_if_words import read_words
from bot.errors import LookoutError, SourceError
from bot.services import latency_budgets
from bot.services.desk import Desk
from bot.store import blobs, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import latency_forms as forms
from bot.views.text import escape

JOB = "latency.simulate"
SEED = 1


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """Have it simulated; the card comes into the channel."""
    del desk
    found, words = latency_budgets.named(session, asked.text)
    _ask(session, found.id, words, by=asked.by, place=asked.place, key=key, now=now)


def press(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Simulate]: with the what-ifs of the file."""
    del desk
    _ask(session, pressed.value, "", by=pressed.by, place=pressed.place, key=key, now=now)


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """What was written into the form of [What if…]."""
    del desk
    _ask(
        session,
        sent.fields.get(forms.BUDGET, ""),
        forms.words_of(sent.fields),
        by=sent.by,
        place=sent.place,
        key=key,
        now=now,
    )


def _ask(session: Session, name: str, words: str, *, by: str, place: Place, key: str, now: datetime) -> None:
    """Raises InputError where the budget or the change cannot be read, before anything is worked out."""
    found = latency_budgets.load(session, name)
    if words:
        read_words(words, latency_budgets.file_of(session, found))
    payload: dict[str, Any] = {"by": by, "channel": place.channel, "thread": place.thread, "key": key}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload | {"budget": found.id, "what_if": words})


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Simulate; what is returned posts the sentence, the table and the charts."""
    from bot.core.latency_simulation import simulate
    from bot.sources.turns import measured
    from bot.views import chart_latency, latency_simulated

    channel, thread, key = str(payload["channel"]), payload["thread"], str(payload["key"])
    with db.read() as session:
        standing = latency_budgets.load(session, str(payload["budget"]))
        budget = latency_budgets.file_of(session, standing)
    data = desk.settings.data
    words = str(payload.get("what_if", ""))
    try:
        typed = (read_words(words, budget),) if words else None
        root = data.path if data is not None else Path("/nonexistent")
        turns = measured(budget, root=root, sources=desk.settings.sources, now=now, what_ifs=typed)
        found = simulate(budget, turns, what_ifs=typed, seed=SEED)
    except (LookoutError, SourceError) as error:
        said = Message(f"`{budget.id}` was not simulated. {escape(str(error), 1500)}")
        effect = Ephemeral(f"{key}/told", channel, str(payload["by"]), said, thread)
        return lambda session: outbox.put(session, effect, now=now)
    shown = found.what_ifs[0] if words and found.what_ifs else None
    drawn = {
        "waterfall": chart_latency.waterfall(found, shown),
        "what-if": chart_latency.compared(found),
        "distribution": chart_latency.distribution(found),
    }
    pictures = {name: picture for name, picture in drawn.items() if picture is not None}
    alt = chart_latency.alt(found)
    said = latency_simulated.card(
        found,
        asked=bool(words),
        charts=[(f"{key}/{name}", f"{name}: {alt}") for name in pictures],
        edition=f"`{budget.id}` edition {standing.edition.number}",
    )

    def finish(session: Session) -> None:
        for name, picture in pictures.items():
            blob = blobs.put(session, picture, "image/png")
            file, title = f"{budget.id}-{name}.png", f"{budget.title}: {name}"
            upload = Upload(
                f"{key}/{name}", channel, file, title, blob, alt_text=alt[:1000], thread=thread, share=False
            )
            outbox.put(session, upload, now=now)
        outbox.put(session, Post(f"{key}/simulated", channel, said, thread), now=now)

    return finish
