"""The quarterly reminder: on a Monday morning, once a quarter, while nobody has practised for 90 days."""

from datetime import datetime, time, timedelta

from sqlmodel import Session

from bot.core.effect import Post
from bot.core.figures import weekday
from bot.services.desk import Desk
from bot.store import drill_runs, outbox, slots
from bot.store.schedule import Daily
from bot.views import drill as views

JOB = "drill.reminder"
AT, MONDAY = time(10), 0


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Look every Monday morning; saying it again at every start changes nothing."""
    if desk.settings.drills.remind_after_days == 0:
        slots.stop(session, job=JOB)
        return
    rule = Daily(AT, desk.settings.timezone, weekdays=(MONDAY,), latest_only=True)
    slots.every(session, job=JOB, rule=rule, now=now)


def remind(session: Session, desk: Desk, now: datetime) -> None:
    """Say that a drill is due, in the incidents channel; a quarter in which it was said is left in peace."""
    drills, after = list(desk.drills.values()), desk.settings.drills.remind_after_days
    last = drill_runs.last(session)
    if not drills or not after or (last is not None and now - last.begun_at < timedelta(days=after)):
        return
    local = now.astimezone(desk.settings.zone)
    quarter = (local.month - 1) // 3 + 1
    key = f"drill/reminder/{local.year}-Q{quarter}"
    channel = desk.settings.channels.incidents
    if outbox.posted(session, key):
        return
    begun = {drill.id: run.begun_at for drill in drills if (run := drill_runs.last(session, drill.id))}
    longest = sorted(drills, key=lambda drill: (drill.id in begun, begun.get(drill.id, now), drill.id))
    following = local.replace(year=local.year + quarter // 4, month=(3 * quarter) % 12 + 1, day=1).date()
    first = following + timedelta(days=(MONDAY - following.weekday()) % 7)
    said = views.due(longest, last.begun_at if last else None, weekday(first))
    outbox.put(session, Post(key, channel, said), now=now)
