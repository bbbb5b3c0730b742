"""`/latency simulate [ID]`: how long a turn takes, and what would become of it, worked out in a job."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.inbound import Order
from bot.errors import LookoutError, SourceError
from bot.services import latency_budgets
from bot.services.desk import Desk
from bot.store import blobs, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views.text import context, escape, fit, section

JOB = "latency.simulate"
SEED = 1


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """Have it simulated; the card comes into the channel."""
    del desk
    found, _ = latency_budgets.named(session, asked.text)
    place = asked.place
    payload = {
        "by": asked.by,
        "channel": place.channel,
        "thread": place.thread,
        "key": key,
        "budget": found.id,
    }
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Simulate; what is returned posts the sentence, the table and the charts."""
    from bot.core.latency_simulation import simulate
    from bot.sources.turns import measured
    from bot.views import chart_latency, latency_text, latency_words

    channel, thread, key = str(payload["channel"]), payload["thread"], str(payload["key"])
    with db.read() as session:
        standing = latency_budgets.load(session, str(payload["budget"]))
        budget = latency_budgets.file_of(session, standing)
    data = desk.settings.data
    try:
        root = data.path if data is not None else Path("/nonexistent")
        turns = measured(budget, root=root, sources=desk.settings.sources, now=now)
        found = simulate(budget, turns, seed=SEED)
    except (LookoutError, SourceError) as error:
        said = Message(f"`{budget.id}` was not simulated. {escape(str(error), 1500)}")
        effect = Ephemeral(f"{key}/told", channel, str(payload["by"]), said, thread)
        return lambda session: outbox.put(session, effect, now=now)
    answers = [latency_words.answer(found, one) for one in (found.now, *found.what_ifs)]
    table = "\n".join(latency_text.turn_table(found))
    pictures = {
        "waterfall": chart_latency.waterfall(found), "distribution": chart_latency.distribution(found)
    }  # fmt: skip
    blocks = [
        section(
            fit([f"*{escape(latency_words.headline(found), 300)}*", *(escape(one, 500) for one in answers)])
        ),
        section(f"```{escape_table(table)}```"),
        context(f"`{budget.id}` edition {standing.edition.number} · seed {SEED}"),
    ]

    def finish(session: Session) -> None:
        said = Message(escape(answers[0], 500), tuple(blocks))
        outbox.put(session, Post(f"{key}/simulated", channel, said, thread), now=now)
        for name, picture in pictures.items():
            if picture is not None:
                blob = blobs.put(session, picture, "image/png")
                upload = Upload(
                    f"{key}/{name}", channel, f"{budget.id}-{name}.png", f"{budget.title}: {name}", blob,
                    alt_text=chart_latency.alt(found)[:1000], thread=thread or f"{key}/simulated",
                )  # fmt: skip
                outbox.put(session, upload, now=now)

    return finish


def escape_table(table: str) -> str:
    """A table of figures for a code block of at most 2,800 characters, line by line."""
    clean = table.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return clean[:2800]
