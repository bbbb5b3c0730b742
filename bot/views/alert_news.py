"""What the thread of an incident is told of its alerts: one note a kind, which counts while more come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.effect import Message
from bot.core.held import Held
from bot.core.incident import IncidentAlert
from bot.views import text

NAMED = 5
"""Alerts named in one note; the rest are counted."""


@dataclass(frozen=True)
class News:
    """What one note says: `named` are its first alerts, as lines; `count` is of all of them.

    `since` is when it began to count, None while it tells of one delivery only. `left_out` are alerts that
    senders did not put into their deliveries; `firing` how many of the incident's alerts fire.
    """

    kind: str
    count: int
    named: tuple[str, ...]
    since: datetime | None = None
    left_out: int = 0
    firing: int = 0


def note(news: News) -> Message:
    """The note as of now; the notification is its first line."""
    lines = [_HEADS[news.kind](news)] if news.count else []
    lines += news.named
    if news.count > len(news.named):
        lines.append(f"• and {news.count - len(news.named)} more")
    if news.left_out:
        lines.append(f"{left_out_text(news.left_out).capitalize()}.")
    return Message(lines[0], (text.section(text.fit(lines)),))


def event_text(kind: str, count: int, titles: str) -> str:
    """The line of the timeline."""
    if kind == "joined":
        return f"{count} more alert{'' if count == 1 else 's'} joined: {titles}"
    said = "no longer seen by the monitor" if kind == "alert_resolved" else "fires again"
    return f"{said}: {titles}"


def left_out_text(count: int) -> str:
    """What is said of alerts that a sender did not put into its delivery."""
    return f"the sender left {count} further alert{'' if count == 1 else 's'} out of its delivery"


def more_text(kind: str, count: int, span: str) -> str:
    """The line of the timeline that ends what a note has counted since."""
    what = {"joined": "joined", "alert_resolved": "were no longer seen", "alert_again": "fired again"}[kind]
    return f"{count} more alert{'' if count == 1 else 's'} {what} in the {span} after that"


def held_back(held: Sequence[Held], why: str) -> Message:
    """The alerts that were held before an incident was opened for them, oldest first."""
    lines = [f"Held back until now ({text.escape(why, 300)}):"]
    for one in held[:NAMED]:
        times = f", {len(one.fired)} times" if len(one.fired) > 1 else ""
        over = "" if one.alert.firing else ", no longer seen"
        lines.append(
            f"• {text.escape(one.alert.title, 200)}{_cohort(one.alert.cohort_name)} · first heard "
            f"{text.when(one.first_at)}{times}{over}"
        )
    if len(held) > NAMED:
        lines.append(f"• and {len(held) - NAMED} more")
    return Message(lines[0], (text.section(text.fit(lines)),))


def lines_of(alerts: Sequence[IncidentAlert]) -> list[str]:
    """The first of the alerts, a line each."""
    lines = []
    for alert in alerts[:NAMED]:
        value = f" · {text.number(alert.value)}" if alert.value is not None else ""
        lines.append(f"• {text.escape(alert.title, 200)}{_cohort(alert.cohort_name)}{value}")
    return lines


def _cohort(name: str) -> str:
    return f" · cohort {text.escape(name, 80)}" if name else ""


def _joined(news: News) -> str:
    noun = "alert" if news.count == 1 else "alerts"
    return f"{news.count} more {noun} joined this incident{_since(news)}:"


def _resolved(news: News) -> str:
    what = "this" if news.since is None else f"{news.count} alerts{_since(news)}"
    return (
        f"The monitor no longer sees {what}; this may only mean that the monitor died. "
        f"The incident stays open, {news.firing} still firing:"
    )


def _again(news: News) -> str:
    if news.since is None:
        return "⚠ fires again after a resolve:"
    return f"⚠ {news.count} alerts fire again after a resolve{_since(news)}:"


def _since(news: News) -> str:
    return f" since {text.when(news.since)}" if news.since is not None else ""


_HEADS = {"joined": _joined, "alert_resolved": _resolved, "alert_again": _again}
"""By the kind of the event."""
