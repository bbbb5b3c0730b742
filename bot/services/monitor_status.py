"""How monitors stand, for whoever asks: `/incidents monitors`, `lookout monitor list`, `lookout doctor`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Message
from bot.core.inbound import Ask
from bot.core.monitor import Monitor, Seasonal
from bot.errors import InputError
from bot.services.desk import Desk
from bot.store import monitors
from bot.views import monitor as views
from bot.views.text import escape

SHOWN = timedelta(days=28)
"""How long alarms are shown."""


def answer(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `/incidents monitors [NAME]`.

    Raises:
        InputError: no monitor is called that.

    """
    wanted = ask.about.strip()
    if not wanted:
        return views.listing([standing(session, one, now) for one in desk.monitors])
    found = next((one for one in desk.monitors if wanted in (one.id, one.metric)), None)
    if found is None:
        known = ", ".join(one.id for one in desk.monitors) or "none is configured"
        raise InputError(f"There is no monitor `{escape(wanted, 60)}`.", f"There is: {known}.")
    return views.detail(standing(session, found, now))


def standing(session: Session, monitor: Monitor, now: datetime) -> views.Standing:
    """How one monitor stands."""
    from bot.core.monitor_memory import Learnt

    kept = monitors.find(session, monitor.id)
    memory: Mapping[str, Any] = (kept.memory if kept else None) or {}
    until = memory.get("until")
    learnt = Learnt.from_json(kept.learnt) if kept and kept.learnt else None
    return views.Standing(
        monitor=monitor,
        learnt=learnt,
        weeks=_weeks(session, monitor, now),
        until=datetime.fromisoformat(until) if until else None,
        trouble=kept.trouble if kept else "",
        blind_since=kept.blind_since if kept else None,
        highest=_highest(monitor, memory, learnt),
        going=tuple(monitor.name_of(tuple(cell)) for cell, _ in memory.get("open", ())),
        alarms=tuple(monitors.alarms(session, monitor.id, since=now - SHOWN)),
    )


def _weeks(session: Session, monitor: Monitor, now: datetime) -> float:
    """Weeks of hours that were seen."""
    if not isinstance(monitor.method, Seasonal):
        return 0.0
    since = now - timedelta(weeks=monitor.method.baseline_weeks)
    return monitors.count_hours(session, monitor.id, since=since) * monitor.step / timedelta(weeks=1)


def _highest(monitor: Monitor, memory: Mapping[str, Any], learnt: Any) -> tuple[tuple[str, float], ...]:
    """The highest charts, above 1: below that is noise."""
    from bot.core.monitor_memory import Memory

    if not memory:
        return ()
    read = Memory.from_json(memory)
    scores: dict[str, float] = {}
    if read.state is not None and learnt is not None:
        sums = read.state.sums.max(axis=0)
        if len(sums) == len(learnt.charts):
            scores = {monitor.name_of(cell): float(sums[learnt.chart(cell)]) for cell in learnt.charts}
    for cell, chart in read.plain.items():
        scores[monitor.name_of(cell)] = max(chart.up, chart.down)
    return tuple(
        sorted(((name, score) for name, score in scores.items() if score > 1), key=lambda one: -one[1])
    )
