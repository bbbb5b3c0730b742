"""What monitors say: the title of a page, tickets, that one is blind or ready, and how all of them stand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.core.effect import Message
from bot.core.monitor import Alarm, Level, Monitor, PlainSums, Seasonal
from bot.views import text
from bot.views.monitor_actions import MonitorAction, Ticket

if TYPE_CHECKING:
    from bot.core.monitor_memory import Learnt
    from bot.store.monitors import KeptAlarm

DATED = "{date_short_pretty} {time}"
_CHARTS = 3


@dataclass(frozen=True)
class Standing:
    """How a monitor stands. weeks: of history; until: the end of its newest hour; highest: its highest charts
    with their scores, each a cell's name; alarms: its newest ones."""

    monitor: Monitor
    learnt: "Learnt | None"
    weeks: float
    until: datetime | None
    trouble: str
    blind_since: datetime | None
    highest: tuple[tuple[str, float], ...]
    going: tuple[str, ...]
    alarms: "tuple[KeptAlarm, ...]"


def title(monitor: Monitor, alarm: Alarm) -> str:
    """The alert's title: what moved, for whom, from where to where."""
    moved = f"{text.number(alarm.baseline)} \N{RIGHTWARDS ARROW} {text.number(alarm.value)}"
    where = f" ({monitor.name_of(alarm.cell)})" if alarm.cell else ""
    return f"{monitor.title} {moved}{where}"


def plain_words(monitor: Monitor, alarm: Alarm) -> str:
    """The alarm in a sentence, for places that show no dates of Slack's."""
    since = alarm.began.strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{monitor.title} of {monitor.name_of(alarm.cell)} is {_change(alarm)} since {since}; "
        f"the chart stands at {alarm.score:.1f} of {alarm.h:.1f}"
    )


def moment(at: datetime) -> str:
    """A date and time in the reader's zone."""
    return text.when(at, style=DATED)


def ticket(monitor: Monitor, alarm: Alarm, number: int) -> Message:
    """A change that is beyond doubt but need not wake anybody, with the button to make it an incident."""
    name, where = text.escape(monitor.title, 120), text.escape(monitor.name_of(alarm.cell), 120)
    moved = f"{text.number(alarm.baseline)} \N{RIGHTWARDS ARROW} {text.number(alarm.value)}"
    said = f"Ticket: {name} {_change(alarm)} for {where}"
    lines = [
        f"*{said}*",
        f"{moved} since {moment(alarm.began)} · chart {alarm.score:.1f}, a ticket from {alarm.h:.1f}",
        "Nobody was paged: look at it when there is time. If it lasts, it becomes usual in some weeks.",
    ]
    button = {
        "type": "button",
        "action_id": MonitorAction.OPEN.value,
        "text": {"type": "plain_text", "text": "Open an incident", "emoji": False},
        "value": Ticket(monitor.id, number).encode(),
    }
    foot = f"monitor {text.escape(monitor.id)} · or `/triage start {text.escape(monitor.metric, 60)}`"
    blocks = (
        text.section(text.fit(lines)),
        {"type": "actions", "elements": [button]},
        text.context(foot),
    )
    return Message(said, blocks)


def blind(monitor: Monitor, trouble: str, since: datetime) -> Message:
    """A monitor has had no numbers for hours."""
    name = text.escape(monitor.title, 120)
    said = f"Monitor {name} is blind since {moment(since)}: {text.escape(trouble, 300)}"
    mend = "Until then it pages nobody. `lookout doctor` says whether its source answers."
    return Message(
        f"Monitor {name} is blind: {text.escape(trouble, 200)}", (text.section(f"{said}\n{mend}"),)
    )


def sees_again(monitor: Monitor, since: datetime) -> Message:
    """It has numbers again, and has caught up."""
    name = text.escape(monitor.title, 120)
    return text.message(f"Monitor {name} sees again; it was blind since {moment(since)} and has caught up.")


def ripe(monitor: Monitor, method: Seasonal, learnt: "Learnt") -> Message:
    """It has its weeks: from now on it pages."""
    name = text.escape(monitor.title, 120)
    judged = int(learnt.baseline.charted[:-1].sum())
    said = f"Monitor {name} has learnt {learnt.baseline.weeks:g} weeks and watches from now on."
    lines = [
        said,
        f"{judged} of {len(learnt.cells)} cohorts and the whole. {threshold(method, learnt)}",
    ]
    return Message(said, (text.section(text.fit(lines)),))


def threshold(method: Seasonal, learnt: "Learnt") -> str:
    """Where the threshold of a page comes from, in a sentence."""
    how = learnt.calibration
    effect = f"a page needs {method.effect * 100:g} % over a day"
    if isinstance(how, str):
        why = "set in its file" if method.h is not None else f"not learnt: {how}"
        return f"Threshold {learnt.h:.1f} ({why}); {effect}."
    return (
        f"Threshold {learnt.h:.1f}: about {how.pages_per_week:.2f} pages a week, from {how.peaks} excursions "
        f"in {how.weeks:g} weeks; {effect}."
    )


def listing(standings: Sequence[Standing]) -> Message:
    """How all monitors stand, a line or two each."""
    if not standings:
        said = "No monitor is configured: name a folder of `kind: monitor` files in `[monitors] path`."
        return text.message(said)
    lines = [f"*{len(standings)} monitor{'' if len(standings) == 1 else 's'}*"]
    lines += [f"{_mark(one)} *{text.escape(one.monitor.id)}* · {state(one)}" for one in standings]
    lines.append("`/incidents monitors NAME` says more; `lookout monitor replay FILE` shows its past.")
    return Message(f"{len(standings)} monitors", (text.section(text.fit(lines)),))


def detail(one: Standing) -> Message:
    """How one monitor stands: its threshold, its charts, what it raised."""
    monitor, method = one.monitor, one.monitor.method
    name = f"{text.escape(monitor.title, 120)} ({text.escape(monitor.id)})"
    lines = [f"*{name}*", f"{_mark(one)} {state(one)}"]
    if isinstance(method, PlainSums):
        lines.append(f"Plain CUSUM: k {method.k:g}, h {method.h:g}, {method.baseline} points as baseline.")
    elif one.learnt is not None:
        lines.append(f"{threshold(method, one.learnt)} A ticket from {method.ticket_h:g}.")
        lines += _unjudged(one)
    if one.highest:
        charts = " · ".join(f"{text.escape(cell, 80)} {score:.1f}" for cell, score in one.highest[:_CHARTS])
        lines.append(f"Highest charts: {charts}")
    lines += [_past(monitor, alarm) for alarm in one.alarms[:5]] or ["It has raised nothing yet."]
    return Message(f"Monitor {text.escape(monitor.title, 120)}", (text.section(text.fit(lines)),))


def state(one: Standing) -> str:
    """Whether it learns, watches, notes, or is blind."""
    if one.trouble:
        since = f" since {moment(one.blind_since)}" if one.blind_since else ""
        return f"blind{since}: {text.escape(one.trouble, 200)}"
    if one.until is None:
        return "begins with its first hour"
    seen = f"up to {moment(one.until)}"
    alarm = f"alarm: {text.escape(', '.join(one.going), 200)} · " if one.going else ""
    if isinstance(one.monitor.method, Seasonal) and (one.learnt is None or one.learnt.baseline.weeks < 4):
        noted = "notes, says nothing" if one.learnt else "learns"
        return f"{noted}: {one.weeks:.1f} of 4 weeks · {alarm}{seen}"
    if one.monitor.shadow:
        return f"only notes, as its file says · {alarm}{seen}"
    return f"{alarm or 'watches · '}{seen}"


def _mark(one: Standing) -> str:
    return "?" if one.trouble or one.until is None else "⚠" if one.going else "✓"


def _unjudged(one: Standing) -> list[str]:
    learnt = one.learnt
    if learnt is None or not learnt.baseline.reasons:
        return []
    named = [
        f"{text.escape(one.monitor.name_of(learnt.charts[number]), 80)}: {text.escape(reason, 120)}"
        for number, reason in learnt.baseline.reasons[:_CHARTS]
    ]
    more = len(learnt.baseline.reasons) - len(named)
    tail = f"; and {more} more" if more > 0 else ""
    return [f"Not judged: {'; '.join(named)}{tail}"]


def _past(monitor: Monitor, alarm: "KeptAlarm") -> str:
    kind = "noted only" if alarm.shadow else Level(alarm.level).value
    effect = "" if alarm.effect is None else f" {text.percent(alarm.effect)}"
    over = f", over {moment(alarm.ended_at)}" if alarm.ended_at else ", goes on"
    if isinstance(monitor.method, PlainSums):
        over = ""  # it begins anew after every alarm
    return f"{moment(alarm.at)} {kind}: {text.escape(monitor.name_of(alarm.cell), 80)}{effect}{over}"


def _change(alarm: Alarm) -> str:
    if not math.isfinite(alarm.effect):
        return "changed"
    return f"{'down' if alarm.effect < 0 else 'up'} {abs(alarm.effect) * 100:.1f} %"
