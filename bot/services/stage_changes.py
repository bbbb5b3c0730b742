"""A launch in the change log, for whoever asks "what changed?"; and the incident it is suspected in."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.change import Change, ChangeKind
from bot.core.condition import Reading, Status, reading_of
from bot.core.effect import Post
from bot.core.inbound import Press
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import changes, launches
from bot.services.desk import Desk
from bot.services.incident_opening import Opening, open_incident
from bot.store import incidents, ledger, links, outbox
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.rollout_words import against, bare
from bot.views.text import escape

SOURCE = "lookout"
TITLE = 150


def record(session: Session, launch: Launch, previous: str, by: str, now: datetime) -> None:
    """Put the stage that began into the change log."""
    changes.record(session, [_change(launch, launch.entry, previous, by, launch.stage_at or now)], now=now)


def open_suspect(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Open incident]: open it with this launch as the suspect, and say so in both channels."""
    del key
    reference = Reference.decode(press.value)
    launch = launches.load(session, reference.experiment)
    breach = _breach(ledger.of(session, launch.id), reference.record)
    group = f"launch/{launch.id}/{breach.number}"
    there = incidents.open_in_group(session, group)
    if there is not None:
        raise StaleError(f"{there.number} is open for it already.")
    readings = [reading_of(one) for one in breach.body["conditions"]]
    crossed = [one for one in readings if one.status is Status.BREACHED]
    stage = _name_then(ledger.of(session, launch.id), breach)
    _still_there(session, launch, stage, breach, now)
    title = _title(launch, crossed, stage)
    why = f"opened it: launch {launch.id} at stage {stage} is suspected"
    opening = Opening(title, press.by, None, group=group, started=breach.at, why=why)
    incident = open_incident(session, desk, opening, now=now)
    experiment, came = Thing(ThingKind.EXPERIMENT, launch.id), Thing(ThingKind.INCIDENT, incident.number)
    links.join(session, experiment, came, why=f"suspected at stage {stage}", by=press.by, now=now)
    shown = notes.suspect(launch.id, escape(title, 300), incident.number, incident.channel, stage)
    base = f"launch/{launch.id}/{breach.number}/incident/{incident.id}"
    outbox.put(session, Post(base, launch.channel, shown), now=now)
    told = notes.from_launch(launch.id, launch.channel, stage, readings, breach)
    outbox.put(session, Post(f"{base}/there", incident.channel, told), now=now)


def _change(launch: Launch, entry: int, stage_before: str, by: str, at: datetime) -> Change:
    return Change(
        source=SOURCE,
        id=f"launch/{launch.id}/{entry}",
        kind=ChangeKind.CONFIG,
        title=f"launch {launch.id} at stage {launch.stage_name}",
        at=at,
        by=by,
        version=launch.stage_name,
        previous_version=stage_before,
    )


def _still_there(session: Session, launch: Launch, stage: str, breach: Entry, now: datetime) -> None:
    """A stage that began long ago had an effect until the breach: the log says until when."""
    entries = [one for one in ledger.of(session, launch.id) if one.number < breach.number]
    began = [one for one in entries if one.kind == Kind.STAGE]
    if not began:
        return
    before = began[-2].body["name"] if len(began) > 1 else ""
    last, then = began[-1], replace(launch, stage_name=stage)
    changed = replace(_change(then, last.number, before, last.by, last.at), ended_at=breach.at)
    changes.record(session, [changed], now=now)


def _breach(entries: list[Entry], number: int) -> Entry:
    found = next((one for one in entries if one.number == number and one.kind == Kind.BREACH), None)
    if found is None:
        raise InputError("This button names no breach that is on record.", "Use the newest message.")
    return found


def _name_then(entries: list[Entry], breach: Entry) -> str:
    began = [one for one in entries if one.kind == Kind.STAGE and one.number < breach.number]
    return str(began[-1].body["name"]) if began else "?"


def _title(launch: Launch, crossed: list[Reading], stage: str) -> str:
    what = bare(against(crossed[0])) if crossed else "a condition"
    return f"launch {launch.id}: {what} at stage {stage}"[:TITLE]
