"""What a launch that is decided says to the framing that led to it: stage 1, or stage 2, has its answer."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Post
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.services import framing_record
from bot.store import outbox
from bot.views import framing_reminder as views


def decided(session: Session, launch: Launch, entry: Entry, now: datetime) -> None:
    """Tell in the thread of every framing that led to a launch how it was decided, and what that answers."""
    for framing in framing_record.linked(session, Thing(ThingKind.EXPERIMENT, launch.id)):
        if framing.dropped:
            continue
        key = f"framing/{framing.number}/answered/{entry.number}"
        said = views.answered(framing, launch, entry)
        outbox.put(session, Post(key, framing.channel, said, framing.key), now=now)
