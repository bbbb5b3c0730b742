"""An incident whose channel was archived goes on in the incidents channel, which is told so once."""

import re
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.claimed import Claimed
from bot.core.effect import CreateChannel, Effect, Ephemeral, Pin, Post, Update, Upload
from bot.core.incident import Event, Incident
from bot.services import dashboard
from bot.services.desk import Desk
from bot.services.homes import REFUSALS
from bot.services.incident_cards import card_key, notice_key, playbook_of, post_first
from bot.store import incidents, outbox
from bot.views import incident_notes as notes
from bot.views import text


def elsewhere(session: Session, desk: Desk, claimed: Claimed, reason: str, now: datetime) -> bool:
    """Say in the incidents channel what an incident's archived one refused; whether that was enough.

    Called when an effect is given up. The card and the dashboard are posted anew there; edits of what stays
    behind in the archived channel are let go. A drill stays where it is: it bothers nobody else.
    """
    if reason not in REFUSALS:
        return False
    incident = _incident(session, claimed.effect)
    home = desk.settings.channels.incidents
    if incident is None or incident.drill:
        return False
    if _same(session, claimed.lane, home):
        return isinstance(claimed.effect, Update) and _same(session, incident.channel, home)
    if _same(session, incident.channel, claimed.lane):
        incident = _move(session, desk, incident, home, now)
    effect = claimed.effect
    if isinstance(effect, Post | Upload | Ephemeral) and effect.key not in _anew(incident):
        outbox.redirect(session, claimed, _redirected(effect, incident), now=now)
    return isinstance(effect, Post | Upload | Ephemeral | Update | Pin | CreateChannel)


def _move(session: Session, desk: Desk, incident: Incident, home: str, now: datetime) -> Incident:
    """The incident lives in the incidents channel from now on: its card and dashboard are posted there."""
    archived, moved = incident.channel, replace(incident, channel=home)
    incidents.save(session, moved)
    for key in _anew(moved):
        outbox.forget(session, key)
    post_first(session, desk, moved, new_channel=False, now=now)
    dashboard.post(session, desk, moved, now=now)
    dashboard.draw(session, desk, moved, now=now)
    said = f"goes on in the incidents channel: {archived} is archived"
    incidents.append(session, moved.id, Event(now, "moved", said))
    where = f"{moved.number} goes on here: its channel {text.channel(archived)} is archived."
    key = f"incident/{moved.id}/moved"
    outbox.put(session, Post(key, home, text.message(where), card_key(moved.id), broadcast=True), now=now)
    notice = notes.notice(moved, playbook_of(session, desk, moved))
    outbox.put(session, Update(notice_key(moved.id), home, notice), now=now)
    return moved


def _anew(incident: Incident) -> tuple[str, ...]:
    """The messages that are posted again where the incident goes on."""
    return card_key(incident.id), dashboard.key_of(incident.id)


def _redirected(effect: Post | Upload | Ephemeral, incident: Incident) -> Effect:
    if isinstance(effect, Post):
        return replace(effect, channel=incident.channel, thread=card_key(incident.id))
    return replace(effect, channel=incident.channel, thread=None)


def _incident(session: Session, effect: Effect) -> Incident | None:
    """The incident that an effect is about, locked."""
    if isinstance(effect, CreateChannel):
        return incidents.of_channel(session, effect.channel)
    found = re.match(r"incident/(\d{1,9})/", str(getattr(effect, "key", "")))
    return incidents.load(session, int(found[1]), lock=True) if found else None


def _same(session: Session, one: str, other: str) -> bool:
    return one == other or (outbox.channel_id(session, one) or one) == (
        outbox.channel_id(session, other) or other
    )
