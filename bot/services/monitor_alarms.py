"""What monitors raise: a page becomes an alert like any other, a ticket a message among incidents."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.core.alert import Alert
from bot.core.effect import Post
from bot.core.inbound import Press
from bot.core.monitor import Alarm, History, Level, Monitor, Recovery, Seasonal
from bot.errors import StaleError
from bot.services import alerts
from bot.services.desk import Desk
from bot.store import monitors, outbox
from bot.views import monitor as views
from bot.views.monitor_actions import Ticket

if TYPE_CHECKING:
    from bot.core.monitor_memory import Learnt
    from bot.core.monitor_watch import Watched

SOURCE = "monitor"
"""What incidents call where such an alert comes from."""
BLIND_AFTER = timedelta(hours=3)
"""Without numbers for so long people are told: one hour may be late."""
CRITICAL = 0.10
"""A change of everything by as much is critical; it is a label, and decides nothing else."""


def say(
    session: Session, desk: Desk, monitor: Monitor, watched: "Watched", *, ripe: bool, now: datetime
) -> None:
    """Keep alarms and recoveries and tell of them; what began and ended in one go is only kept."""
    over = {one.cell: one.at for one in watched.recoveries}
    pages: list[Alert] = []
    paged = set()
    for alarm in watched.alarms:
        number = _keep(session, monitor, alarm, shadow=not ripe)
        if not ripe or over.get(alarm.cell, alarm.at) > alarm.at:
            continue
        if alarm.level is Level.PAGE:
            pages.append(alert_of(monitor, alarm))
            paged.add(alarm.cell)
        else:
            key = f"monitor/{monitor.id}/ticket/{number}"
            said = views.ticket(monitor, alarm, number)
            outbox.put(session, Post(key, desk.settings.channels.incidents, said), now=now)
    for recovery in watched.recoveries:
        if recovery.level is Level.PAGE and ripe and recovery.cell not in paged:
            pages.append(_resolved(monitor, recovery))
        monitors.end_alarms(session, monitor.id, recovery.cell, recovery.at)
    if pages:
        alerts.receive(session, desk, pages, now=now)


def end_all(session: Session, desk: Desk, monitor: Monitor, kept: monitors.Kept, now: datetime) -> None:
    """End every alarm that goes on: the monitor counts something else from now on, and cannot follow them."""
    from bot.core.monitor_memory import Memory

    going = Memory.from_json(kept.memory).open if kept.memory else {}
    over = [Recovery(cell, alarm.level, now) for cell, alarm in going.items()]
    for one in over:
        monitors.end_alarms(session, monitor.id, one.cell, now)
    pages = [_resolved(monitor, one) for one in over if one.level is Level.PAGE]
    if pages:
        alerts.receive(session, desk, pages, now=now)


def alert_of(monitor: Monitor, alarm: Alarm) -> Alert:
    """The alert that a page is."""
    whole = not alarm.cell
    severity = "critical" if whole and abs(alarm.effect) >= CRITICAL else "page"
    return Alert(
        source=SOURCE,
        key=_key(monitor, alarm.cell),
        title=views.title(monitor, alarm),
        status="firing",
        severity=severity,
        metric=monitor.metric,
        service=monitor.service,
        value=alarm.value,
        baseline=alarm.baseline,
        cohort=monitor.cohort_of(alarm.cell),
        started_at=alarm.began,
        url=monitor.url,
        labels=_labels(monitor, alarm.cell),
        annotations={"summary": views.plain_words(monitor, alarm)},
    )


def open_ticket(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Open an incident] on a ticket: from here on it is a page.

    Raises:
        StaleError: the ticket is of a monitor that is gone, or is over.

    """
    del key
    ticket = Ticket.decode(press.value)
    monitor = next((one for one in desk.monitors if one.id == ticket.monitor), None)
    kept = next((one for one in monitors.alarms(session, ticket.monitor) if one.id == ticket.number), None)
    if monitor is None or kept is None:
        raise StaleError(
            "The monitor of this ticket is no longer there.", "`/triage start` opens an incident."
        )
    if kept.ended_at is not None:
        what = f"This is over: {monitor.name_of(kept.cell)} is back since {views.moment(kept.ended_at)}."
        raise StaleError(what, "`/triage start` opens an incident all the same.")
    alerts.receive(session, desk, [alert_of(monitor, alarm_of(kept))], now=now)


def alarm_of(kept: monitors.KeptAlarm) -> Alarm:
    """An alarm as it was raised."""
    return Alarm(
        cell=kept.cell,
        level=Level(kept.level),
        sign=kept.sign,
        at=kept.at,
        began=kept.began,
        effect=math.nan if kept.effect is None else kept.effect,
        value=kept.value,
        baseline=kept.baseline,
        score=kept.score,
        h=kept.h,
    )


def without_alarms(session: Session, monitor: Monitor, history: History) -> History:
    """The history without the hours that were paged for: what is wrong must not be learnt as usual."""
    found = [one for one in monitors.alarms(session, monitor.id) if one.level == Level.PAGE]
    if not found or not len(history):
        return history
    n = history.n.copy()
    for alarm in found:
        first = max(int((alarm.began - history.start) / history.step), 0)
        end = len(history) if alarm.ended_at is None else int((alarm.ended_at - history.start) / history.step)
        if end <= 0 or first >= len(history):
            continue
        if not alarm.cell:
            n[first:end] = 0
        elif alarm.cell in history.cells:
            n[first:end, history.cells.index(alarm.cell)] = 0
    return replace(history, n=n)


def sight(
    session: Session, desk: Desk, monitor: Monitor, kept: monitors.Kept, trouble: str, now: datetime
) -> None:
    """Note whether the monitor sees; tell the ops channel when it has not for hours, or does again."""
    ops = desk.settings.channels.ops
    if not trouble:
        if kept.told_at is not None and kept.blind_since is not None:
            said = views.sees_again(monitor, kept.blind_since)
            outbox.put(session, Post(f"monitor/{monitor.id}/seen/{now.isoformat()}", ops, said), now=now)
        if kept.trouble or kept.blind_since is not None:
            monitors.save(session, monitor.id, trouble="", blind_since=None, told_at=None)
        return
    since = kept.blind_since or now
    told = kept.told_at
    if told is None and now - since >= BLIND_AFTER:
        said, told = views.blind(monitor, trouble, since), now
        outbox.put(session, Post(f"monitor/{monitor.id}/blind/{since.isoformat()}", ops, said), now=now)
    monitors.save(session, monitor.id, trouble=trouble[:500], blind_since=since, told_at=told)


def say_ripe(session: Session, desk: Desk, monitor: Monitor, learnt: "Learnt", now: datetime) -> None:
    """Say once that the monitor has its weeks, and by what it will page from now on."""
    if isinstance(monitor.method, Seasonal):
        said = views.ripe(monitor, monitor.method, learnt)
        key = f"monitor/{monitor.id}/ripe/{monitor.numbers}"
        outbox.put(session, Post(key, desk.settings.channels.incidents, said), now=now)


def _keep(session: Session, monitor: Monitor, alarm: Alarm, *, shadow: bool) -> int:
    return monitors.add_alarm(
        session,
        monitor=monitor.id,
        cell=alarm.cell,
        level=alarm.level.value,
        sign=alarm.sign,
        at=alarm.at,
        began=alarm.began,
        effect=alarm.effect if math.isfinite(alarm.effect) else None,
        value=alarm.value,
        baseline=alarm.baseline,
        score=alarm.score,
        h=alarm.h,
        shadow=shadow,
        # The chart of a plain CUSUM begins anew after its alarm, so nothing would ever end it.
        ended_at=None if isinstance(monitor.method, Seasonal) else alarm.at,
    )


def _resolved(monitor: Monitor, recovery: Recovery) -> Alert:
    return Alert(
        source=SOURCE,
        key=_key(monitor, recovery.cell),
        title=f"{monitor.title} ({monitor.name_of(recovery.cell)})",
        status="resolved",
        metric=monitor.metric,
        service=monitor.service,
        cohort=monitor.cohort_of(recovery.cell),
        ended_at=recovery.at,
        labels=_labels(monitor, recovery.cell),
    )


def _key(monitor: Monitor, cell: Sequence[str]) -> str:
    return f"{monitor.id}/{monitor.name_of(tuple(cell))}"


def _labels(monitor: Monitor, cell: Sequence[str]) -> dict[str, str]:
    return {**monitor.labels, **monitor.cohort_of(tuple(cell)), "monitor": monitor.id}
