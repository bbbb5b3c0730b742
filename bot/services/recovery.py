"""Watches whether the metric recovers, cohort by cohort, from the leaf on until the incident is closed.

Every minute at first the last minutes of each cohort are read anew, so nothing depends on how often the bot
was there to look; what only a warehouse knows is read by whole hours, and seldom. What it sees stands on the
card; that the metric came back, or fell again after it was called mitigated, is said once each time, three
times at most.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from bot.core import recovery as core
from bot.core.checks import METRIC
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Event, Incident, IncidentAlert, Status
from bot.core.metric_evidence import NO_SOURCE, named
from bot.core.monitor import Monitor
from bot.core.playbook import HELD, Leaf, Playbook
from bot.core.recovery import NotRecovered, Recovered, Recovery, Target, Unknown, judge
from bot.errors import SourceError
from bot.services import monitor_now
from bot.services.desk import Desk
from bot.services.incident_cards import RECOVERY_STEP, draw, playbook_of, record, recovery_lines
from bot.services.incident_opening import search
from bot.services.metric_now import own, queries, usual
from bot.sources.prometheus import Prometheus
from bot.store import incidents, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import recovery as views

log = structlog.get_logger()

JOB = "incident.recovery"
OFTEN, SELDOM = timedelta(minutes=1), timedelta(minutes=10)
"""How often it is looked at: in the first two hours, and later or where only a warehouse is asked."""
SOON, LAST = timedelta(hours=2), timedelta(days=3)
"""Until when it is looked at often, and at all, counted from the last move of the incident."""
MOST = 24
"""Cohorts asked for; of more it is said that they are not."""
DEADLINE = 8.0
"""Seconds that all cohorts together may take."""
FRESH = timedelta(minutes=30)
"""What was seen longer ago says nothing of now."""
MOST_SAID = 3
"""How often it is said that the metric came back, and how often that it fell again."""


def seen(session: Session, incident: Incident, *, now: datetime) -> Recovery:
    """Whether the metric recovered, by what was seen last."""
    lines = [
        line for line in recovery_lines(session, incident) if line.check == METRIC or now - line.at <= FRESH
    ]
    if lines and now - min(line.at for line in lines) > FRESH:
        return Unknown(("it was last looked at more than half an hour ago",))
    return core.of(lines)


def plan(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Watch from now on, or no longer, by where the incident stands; said again at every move of it."""
    slots.cancel(session, job=JOB, prefix=f"{incident.id}/")
    if incident.status is not Status.MITIGATED and not incident.closed:
        incidents.keep_evidence(session, incident.id, {RECOVERY_STEP: []})
    if _watched(desk, incident):
        _next(session, desk, incident, 1, now, {})


def watch(db: Database, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> Finish:
    """Ask for every cohort; the closure returned keeps what was seen, says what changed, and plans the next.

    A cohort that cannot be asked, or is late, is unknown with its reason.
    """
    with db.read() as session:
        incident = incidents.load(session, int(payload["incident"]))
        playbook = playbook_of(session, desk, incident) if incident else None
    if incident is None or playbook is None or not _current(desk, incident, payload):
        return lambda _: None
    known = {str(name): float(value) for name, value in payload["baselines"].items()}
    found = _ask_all(desk, incident, _leaf(playbook, incident), known, now)

    def finish(session: Session) -> None:
        latest = incidents.load(session, incident.id, lock=True)
        if latest is None or not _current(desk, latest, payload):
            return
        before = incidents.evidence(session, latest.id, RECOVERY_STEP)
        incidents.keep_evidence(session, latest.id, {RECOVERY_STEP: found})
        _say(session, latest, core.of(before), core.of(found), now)
        if [(one.status, one.line) for one in before] != [(one.status, one.line) for one in found]:
            draw(session, desk, latest, now=now)
        _next(session, desk, latest, int(payload["number"]) + 1, now, known)

    return finish


def _watched(desk: Desk, incident: Incident) -> bool:
    """Whether there is something to watch; a drill's metric is played back with its evidence."""
    there = incident.status in {Status.LOCALIZED, Status.MITIGATED}
    return there and not incident.drill and any(_asked(desk, alert) for alert in incident.alerts)


def _asked(desk: Desk, alert: IncidentAlert) -> bool:
    """Whether anything can say where the alert's metric stands: a Prometheus, or the monitor that sent it."""
    return bool(desk.prometheus) or _monitor(desk, alert) is not None


def _monitor(desk: Desk, alert: IncidentAlert) -> Monitor | None:
    """The monitor to ask; None where none sent the alert, or it did not say from where the metric fell."""
    return monitor_now.monitor_of(desk, alert) if alert.baseline is not None else None


def _often(desk: Desk, incident: Incident) -> bool:
    """Whether there is news every minute: a warehouse has it by the hour, and may charge for each answer."""
    monitors = [_monitor(desk, alert) for alert in incident.alerts]
    return any(bool(desk.prometheus) if one is None else not one.feed.in_warehouse for one in monitors)


def _current(desk: Desk, incident: Incident, payload: Mapping[str, Any]) -> bool:
    return incident.version == payload["version"] and _watched(desk, incident)


def _next(
    session: Session, desk: Desk, incident: Incident, number: int, now: datetime, known: Mapping[str, float]
) -> None:
    since = now - (incident.moved.at if incident.moved else incident.opened_at)
    if since > LAST:
        return
    often = since < SOON and _often(desk, incident)
    due = now if number == 1 else now + (OFTEN if often else SELDOM)
    payload = {
        "incident": incident.id,
        "version": incident.version,
        "number": number,
        "baselines": dict(known),
    }
    slot = f"{incident.id}/{incident.version}/{number}"
    slots.at(session, job=JOB, slot=slot, due=due, payload=payload)


def _leaf(playbook: Playbook, incident: Incident) -> Leaf | None:
    return playbook.leaves.get(incident.position)


def _ask_all(
    desk: Desk, incident: Incident, leaf: Leaf | None, known: dict[str, float], now: datetime
) -> list[Evidence]:
    """A line for each cohort, the worst first; baselines found on the way are put into `known`."""
    source = next(iter(desk.prometheus.values()), None)
    cohorts: dict[str, IncidentAlert] = {}
    for alert in sorted(incident.alerts, key=lambda one: one.status != "firing"):
        cohorts.setdefault(named(alert), alert)
    asked = list(cohorts.values())[:MOST]
    runs = [
        _of_monitor(desk, alert, leaf, known, now)
        or _question(source, alert, incident.started, leaf, known, now)
        for alert in asked
    ]
    pool = ThreadPoolExecutor(max_workers=min(8, len(runs)), thread_name_prefix="recovery")
    futures = [pool.submit(run) for run in runs]
    wait(futures, timeout=DEADLINE)
    pool.shutdown(wait=False, cancel_futures=True)
    lines = [_line(alert, future, now) for alert, future in zip(asked, futures, strict=True)]
    if len(cohorts) > MOST:
        left = len(cohorts) - MOST
        which = "1 more cohort is" if left == 1 else f"{left} more cohorts are"
        lines.append(_unknown(f"{which} not asked for: look by hand", now))
    order = {EvidenceStatus.SUSPECT: 0, EvidenceStatus.UNKNOWN: 1, EvidenceStatus.CLEAR: 2}
    return sorted(lines, key=lambda line: order[line.status])


def _of_monitor(
    desk: Desk, alert: IncidentAlert, leaf: Leaf | None, known: dict[str, float], now: datetime
) -> Callable[[], Evidence] | None:
    """The question to the monitor that sent the alert, by its own queries; None where none did."""
    monitor, baseline = _monitor(desk, alert), alert.baseline
    if monitor is None or baseline is None:
        return None
    held, within = (leaf.held, leaf.within) if leaf is not None else (HELD, 0.0)
    target = Target(named(alert), baseline, alert.value, within)
    if monitor.feed.in_warehouse:
        return _whole_hours(desk, monitor, alert, target, held, now)
    step = max(timedelta(minutes=1), held / 60)

    def ask() -> Evidence:
        seen = monitor_now.points(desk, monitor, alert, now - held, now, step)
        known[named(alert)] = baseline
        query, source = f"monitor {monitor.id}", monitor.feed.source
        return judge(target, seen, held=held, at=now, step=step, source=source, query=query)

    return ask


def _whole_hours(
    desk: Desk, monitor: Monitor, alert: IncidentAlert, target: Target, held: timedelta, now: datetime
) -> Callable[[], Evidence]:
    """The question to a warehouse, which has means of whole hours (or days): the newest two at least.

    One of them alone may lie before the fall, or be chance.
    """
    step = monitor.step
    end, held = monitor.newest(now) + step, max(held, step)
    what = "hour" if step < timedelta(days=1) else "day"

    def ask() -> Evidence:
        seen = monitor_now.points(desk, monitor, alert, end - held - step, now, step)
        if seen[-1][0] < end:
            raise SourceError(f"{monitor.feed.source} has nothing of its newest {what}")
        query, source = f"monitor {monitor.id}", monitor.feed.source
        line = judge(target, seen, held=held, at=end, step=step, source=source, query=query)
        return replace(line, at=now, line=f"{line.line}; its newest {what} ended at {end:%H:%M} UTC")

    return ask


def _question(
    source: Prometheus | None,
    alert: IncidentAlert,
    onset: datetime,
    leaf: Leaf | None,
    known: dict[str, float],
    now: datetime,
) -> Callable[[], Evidence]:
    held, within = (leaf.held, leaf.within) if leaf is not None else (HELD, 0.0)
    step = max(timedelta(minutes=1), held / 60)

    def ask() -> Evidence:
        if source is None:
            raise SourceError(NO_SOURCE)
        for query in queries(alert):
            found = [one for one in source.range(query, start=now - held, end=now, step=step) if one.points]
            if not found:
                continue
            series = own(found, alert, query)
            baseline = alert.baseline if alert.baseline is not None else known.get(named(alert))
            if baseline is None:
                baseline = usual(source, query, series, onset)
            if baseline is None:
                return _unknown(f"{named(alert)} has no baseline to come back to", now)
            known[named(alert)] = baseline
            target = Target(named(alert), baseline, alert.value, within)
            return judge(target, series.points, held=held, at=now, step=step, source=source.name, query=query)
        raise SourceError(f"{source.name} has no value in that time")

    return ask


def _line(alert: IncidentAlert, future: Future[Evidence], now: datetime) -> Evidence:
    if not future.done() or future.cancelled():
        return _unknown(f"{named(alert)}: no answer in {DEADLINE:g} s", now)
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, SourceError):
        return _unknown(f"{named(alert)}: {error}", now)
    log.error("recovery_failed", exc_info=error)
    return _unknown(f"{named(alert)}: the check itself failed ({type(error).__name__}); see the log", now)


def _unknown(reason: str, now: datetime) -> Evidence:
    return Evidence(METRIC, EvidenceStatus.UNKNOWN, reason, now)


def _say(session: Session, incident: Incident, before: Recovery, after: Recovery, now: datetime) -> None:
    """Say that the metric came back at a leaf, or fell again after it was called mitigated."""
    mitigated = incident.status is Status.MITIGATED
    if isinstance(after, Recovered) and not isinstance(before, Recovered):
        kind, text = "recovered", f"the metric recovered: {after.lines[0]}{_more(after.lines)}"
    elif mitigated and isinstance(after, NotRecovered) and isinstance(before, Recovered):
        kind, text = "relapsed", f"the metric fell again: {after.lines[0]}{_more(after.lines)}"
    else:
        return
    if kind == "recovered":  # what else the leaf looks at is asked again: it was seen before the recovery
        search(session, incident, f"recovery/{now.timestamp():.0f}", now=now, fresh=True)
    said = sum(1 for event in incidents.timeline(session, incident.id) if event.kind == kind)
    if said >= MOST_SAID:
        return
    event = Event(now, kind, text, "", {"lines": list(after.lines)})
    message = views.changed(incident, event, last=said + 1 == MOST_SAID)
    record(session, incident, event, message, now=now)


def _more(lines: Sequence[str]) -> str:
    return f", and {len(lines) - 1} more" if len(lines) > 1 else ""
