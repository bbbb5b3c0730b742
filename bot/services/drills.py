"""Drills: `/triage drill NAME` opens a past incident again, plays its evidence back, and scores the walk."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core import triage as core
from bot.core.drill import Drill, playback
from bot.core.drill_score import Score, score
from bot.core.effect import Ephemeral, Post
from bot.core.evidence import Evidence
from bot.core.inbound import Order
from bot.core.incident import UNKNOWN, Incident, severity_of
from bot.core.playbook import Playbook
from bot.errors import InputError
from bot.services.desk import Desk
from bot.services.incident_cards import draw, draw_notice, playbook_of, record
from bot.services.incident_opening import Opening, open_incident
from bot.store import drill_runs, incidents, outbox, slots
from bot.views import drill as views
from bot.views import incident_notes as notes
from bot.views.text import escape

END_JOB = "drill.end"
LONGEST = timedelta(hours=4)
"""A drill that nobody ends is stopped then, as the ladder ends."""
STOP = "stop"


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/triage drill`: which there are; `drill NAME` begins one; `drill stop` ends the one that runs here."""
    word = asked.text.strip().lower()
    if not word:
        _list(session, desk, asked, key, now)
    elif word == STOP:
        _stop(session, desk, asked, now)
    else:
        incident = begin(session, desk, word, by=asked.by, now=now)
        said, place = views.begun(incident, asked.by), asked.place
        outbox.put(session, Post(f"{key}/drill", place.channel, said, place.thread), now=now)


def begin(session: Session, desk: Desk, name: str, *, by: str, now: datetime) -> Incident:
    """Open the drill's incident in the drill channel, with its alert.

    Raises:
        InputError: there is no drill of that name, or one runs already.

    """
    drill = desk.drills.get(name)
    if drill is None:
        known = ", ".join(desk.drills) or "none: put some into the playbooks' folder drills"
        raise InputError(f"There is no drill `{escape(name, 40)}`.", f"Known: {known}.")
    running = _running(session)
    if running is not None:
        raise InputError(
            f"{running.number} is a drill that still runs.",
            "Resolve it, or end it with `/triage drill stop`.",
        )
    alert = drill.alert(now)
    opening = Opening(
        title=f"{views.PREFIX}{alert.title}",
        by=by,
        channel=desk.settings.channels.drills,
        severity=severity_of(alert.severity),
        started=alert.started_at,
        alerts=(alert,),
        why="began the drill",
        labels=alert.labels,
        onset_by="alert",
        tree=drill.tree,
        drill=drill.id,
    )
    incident = open_incident(session, desk, opening, now=now)
    drill_runs.begin(session, incident.id, drill.id, by=by, now=now)
    payload = {"incident": incident.id}
    slots.at(session, job=END_JOB, slot=str(incident.id), due=now + LONGEST, payload=payload)
    return incident


def evidence(
    desk: Desk, incident: Incident, playbook: Playbook, *, now: datetime
) -> Mapping[str, list[Evidence]]:
    """What the checks of a drill's incident say now, by step; nothing where its drill is no longer there."""
    drill = desk.drills.get(incident.drill)
    if drill is None:
        return {}
    return playback(drill, incident, playbook, window=desk.settings.incidents.change_window, now=now)


def ended(
    session: Session, desk: Desk, incident: Incident, *, now: datetime, stopped: bool = False
) -> Score | None:
    """Score a drill whose incident was closed, say so, and keep it; the first end counts."""
    drill = desk.drills.get(incident.drill)
    if drill is None:
        return None
    playbook = playbook_of(session, desk, incident)
    timeline = incidents.timeline(session, incident.id)
    went = score(drill, incident, playbook, timeline, now=now, stopped=stopped)
    if not drill_runs.end(session, incident.id, went):
        return None
    leaf = playbook.leaves.get(drill.leaf)
    category = playbook.category_name(leaf.category if leaf else UNKNOWN)
    said = views.result(went, drill, incident, category)
    outbox.put(session, Post(f"incident/{incident.id}/drill", incident.channel, said), now=now)
    return went


def overdue(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Stop a drill that nobody ended; of one that was ended there is nothing to do."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    if incident is not None and not incident.closed:
        _close(session, desk, incident, "", now)


def _list(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    drills = list(desk.drills.values())
    runs = [(drill.id, run) for drill in drills if (run := drill_runs.last(session, drill.id)) is not None]
    said = views.listing(drills, {name: (run.begun_at, run.score) for name, run in runs})
    place = asked.place
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, asked.by, said, place.thread), now=now)


def _running(session: Session) -> Incident | None:
    return next((incident for incident in incidents.open_ones(session) if incident.drill), None)


def _stop(session: Session, desk: Desk, asked: Order, now: datetime) -> None:
    running = _running(session)
    if running is None:
        raise InputError("No drill runs.", "`/triage drill` lists them.")
    incident = incidents.load(session, running.id, lock=True)
    if incident is not None:
        _close(session, desk, incident, asked.by, now)


def _close(session: Session, desk: Desk, incident: Incident, by: str, now: datetime) -> None:
    step = core.false_alarm(incident, version=None, by=by, at=now)
    incidents.save(session, step.incident)
    record(session, step.incident, step.event, notes.happened(step.event), now=now)
    draw(session, desk, step.incident, now=now)
    draw_notice(session, desk, step.incident, now=now)
    ended(session, desk, step.incident, now=now, stopped=True)


def named(desk: Desk, incident: Incident) -> Drill | None:
    """The drill an incident plays, None for what is real."""
    return desk.drills.get(incident.drill) if incident.drill else None
