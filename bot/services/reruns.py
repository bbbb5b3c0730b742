"""Re-runs: a new registration that names the run before it, which stays on record as it ended."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Post
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.errors import InputError
from bot.services import decision_cards, launches
from bot.services.desk import Desk
from bot.store import experiments, outbox
from bot.views import decision_notes as notes
from bot.views.text import escape


def refuse(session: Session, registration: Registration) -> None:
    """Raise InputError when a registration names a run before it that is not there, or itself."""
    before = registration.rerun_of
    if before is None:
        return
    if before == registration.id:
        raise InputError(
            f"{before} names itself as the run before it (rerun_of).", "A re-run has an id of its own."
        )
    if experiments.original(session, before) is None:
        raise InputError(
            f"{registration.id} names `{escape(before, 80)}` as the run before it (rerun_of), and no such "
            "experiment is registered.",
            launches.known(session),
        )


def announce(session: Session, desk: Desk, launch: Launch, entry: Entry, now: datetime) -> None:
    """Say in the channel of the run before that its re-run is registered; its cards say so too."""
    before = entry.body.get("rerun_of")
    if not before:
        return
    earlier = launches.read(session, before)
    said = notes.rerun(earlier, launch, entry)
    outbox.put(session, Post(f"launch/{before}/rerun/{launch.id}", earlier.channel, said), now=now)
    decision_cards.draw(session, desk, earlier, now)
