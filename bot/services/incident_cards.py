"""Draws incidents: the living card, its thread, the notice. Every drawing is an effect in the transaction."""

from datetime import datetime
from functools import lru_cache

from sqlmodel import Session

from bot.core.checks import METRIC
from bot.core.effect import CreateChannel, Message, Pin, Post, Update
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.finding import Finding
from bot.core.found import not_set_up
from bot.core.incident import Event, Incident, Status
from bot.core.playbook import Playbook
from bot.core.playbook_reader import read_kept
from bot.core.roll_back import RollBack, roll_back
from bot.errors import InputError
from bot.services import call_list, home_news
from bot.services.desk import Desk
from bot.store import blobs, incidents, outbox
from bot.views import incident as views
from bot.views import incident_notes as notes

EVIDENCE_JOB = "incident.evidence"
LADDER_JOB = "incident.ladder"
RECOVERY_STEP = "recovery.watch"
"""Where the watch over the recovery keeps its lines; no step of a tree can be called so."""


def card_key(incident_id: int) -> str:
    """The key of the living card."""
    return f"incident/{incident_id}/card"


def notice_key(incident_id: int) -> str:
    """The key of the line in the incidents channel."""
    return f"incident/{incident_id}/notice"


def playbook_of(session: Session, desk: Desk, incident: Incident) -> Playbook:
    """The tree the incident walks: the one it began with, even when the file was edited since."""
    current = desk.playbooks.tree(incident.playbook)
    if current is not None:
        return current
    playbook, findings = _as_it_was(blobs.get(session, incident.playbook).decode())
    if playbook is None:
        raise InputError(
            f"{incident.number} walks a playbook this version of Lookout cannot read: {findings[0]}.",
            "Close it and start a new one.",
        )
    return playbook


@lru_cache(maxsize=8)
def _as_it_was(text: str) -> tuple[Playbook | None, tuple[Finding, ...]]:
    """A tree that is not in use any more but by incidents that began with it."""
    return read_kept(text)


def post_first(session: Session, desk: Desk, incident: Incident, *, new_channel: bool, now: datetime) -> None:
    """Create the channel, post and pin the card, and tell the incidents channel."""
    playbook = playbook_of(session, desk, incident)
    if new_channel:
        topic, invited = notes.topic(incident), call_list.invited(session, desk, incident, now)
        outbox.put(session, CreateChannel(incident.channel, topic, invited), now=now)
    key = card_key(incident.id)
    outbox.put(session, Post(key, incident.channel, _card(session, desk, incident, playbook, now)), now=now)
    outbox.put(session, Pin(key, incident.channel), now=now)
    if not _is_there(session, desk, incident):
        message = notes.notice(incident, playbook)
        channel = desk.settings.channels.incidents
        outbox.put(session, Post(notice_key(incident.id), channel, message), now=now)


def draw(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Bring the card and the notice up to date."""
    playbook = playbook_of(session, desk, incident)
    card = _card(session, desk, incident, playbook, now)
    outbox.put(session, Update(card_key(incident.id), incident.channel, card), now=now)
    home_news.changed(session, now)


def _is_there(session: Session, desk: Desk, incident: Incident) -> bool:
    """Whether its card is notice enough: it lives in the incidents channel, by name or id; or is a drill."""
    if incident.drill:
        return True
    home = desk.settings.channels.incidents
    return incident.channel in (home, outbox.channel_id(session, f"#{home.removeprefix('#')}"))


def draw_notice(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Bring the line in the incidents channel up to date."""
    channel = desk.settings.channels.incidents
    if not _is_there(session, desk, incident):
        message = notes.notice(incident, playbook_of(session, desk, incident))
        outbox.put(session, Update(notice_key(incident.id), channel, message), now=now)


def record(session: Session, incident: Incident, event: Event, message: Message, *, now: datetime) -> int:
    """Write a line of the timeline and say it in the card's thread; returns the line's number."""
    number = incidents.append(session, incident.id, event)
    thread = card_key(incident.id)
    key = f"incident/{incident.id}/event/{number}"
    outbox.put(session, Post(key, incident.channel, message, thread=thread), now=now)
    return number


def incident_roll_back(
    session: Session, incident: Incident, playbook: Playbook, *, here: bool = False
) -> RollBack | None:
    """The roll-back that the evidence of another question speaks for, while the incident is not localized.

    `here` asks the question it stands at as well, whose own answers say so already on the card.
    """
    if incident.status is not Status.TRIAGING:
        return None
    asking = [step for step in playbook.questions.values() if here or step.id != incident.position]
    gathered = {
        step.id: incidents.evidence(session, incident.id, step.id)
        for step in asking
        if any(playbook.rolls_back(choice.to) for choice in step.choices)
    }
    return roll_back(incident, playbook, gathered, here=here)


def recovery_lines(session: Session, incident: Incident) -> tuple[Evidence, ...]:
    """What is known of the recovery: as watched, else what the metric said when the evidence was gathered.

    What else the leaf has looked at that says what is seen follows: the cohorts that nobody alerted on.
    """
    watched = incidents.evidence(session, incident.id, RECOVERY_STEP)
    gathered = [line for line in incidents.evidence(session, incident.id, incident.position) if line.seen]
    metric = watched or tuple(line for line in gathered if line.check == METRIC)
    known = [line for line in gathered if watched or line.status is not EvidenceStatus.UNKNOWN]
    return (*metric, *(line for line in known if line.check != METRIC and not not_set_up(line)))


def _card(session: Session, desk: Desk, incident: Incident, playbook: Playbook, now: datetime) -> Message:
    evidence = incidents.evidence(session, incident.id, incident.position)
    scene = views.Scene(
        incident=incident,
        playbook=playbook,
        ladder=desk.playbooks.escalation,
        evidence=evidence,
        gathering=not evidence and bool(playbook.at(incident.position).checks),
        on_call=call_list.on_call(session, desk, incident, now),
        recovery=recovery_lines(session, incident),
        roll_back=incident_roll_back(session, incident, playbook),
        trees=desk.playbooks.trees,
        people=call_list.shown(session, desk, incident, now),
    )
    return views.card(scene, now=now)
