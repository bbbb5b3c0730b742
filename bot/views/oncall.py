"""What is said of who is on call: whose turn it is, who follows, and how sure that is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.effect import Message
from bot.core.rotation import Turn
from bot.views.people import kind as kind_of
from bot.views.text import escape, people, person, when

_NAMES = {"pagerduty": "PagerDuty", "opsgenie": "Opsgenie", "grafana": "Grafana OnCall"}
_MOST = 5
"""People named in a line; the rest are counted."""


def stale(
    kind: str, read_at: datetime | None, failed_since: datetime | None, reason: str, covered: bool
) -> str:
    """The service does not say who is on call just now, and what counts instead."""
    since = f" since {_at(failed_since)}" if failed_since is not None else ""
    why = f" ({escape(reason, 200)})" if reason else ""
    said = f"⚠ {_NAMES[kind]} has not said{since} who is on call{why}."
    if covered and read_at is not None:
        return f"{said} This is what it said at {_at(read_at)}."
    return f"{said} Called are those whom lookout.toml names."


def answers_again(kind: str) -> Message:
    """The service says again who is on call."""
    return Message(f"✓ {_NAMES[kind]} says again who is on call.")


def empty(kind: str) -> str:
    """The service answers, and names nobody."""
    return f"⚠ {_NAMES[kind]} says that nobody is on call just now."


def unnamed(kind: str, name: str) -> str:
    """The service names somebody in a way that leads to nobody in Slack."""
    called = escape(name, 80) or "somebody without a name"
    return (
        f"⚠ {_NAMES[kind]} names {called} without an address: say who that is under [oncall.source.people]."
    )


def unknown(reference: str) -> str:
    """Somebody whose turn it is leads to nobody in Slack."""
    return (
        f"⚠ {kind_of(reference)} is on call, and Slack does not say who that is; the next in line is called."
    )


def left(who: str) -> str:
    """Somebody whose turn it is has left."""
    return f"⚠ {person(who)} is on call and has left; the next in line is called."


def nobody(fallback: Sequence[str]) -> str:
    """Nothing leads to anybody on call."""
    return (
        f"⚠ Nobody on call is known; called instead: {people(fallback, 'nobody, no engineer is configured')}."
    )


def answer(
    turns: Sequence[Turn], line: Sequence[str], notes: Sequence[str], names: Mapping[str, str], source: str
) -> Message:
    """Who is on call, for the one who asked; nobody is mentioned by it, only named."""
    lines = [_turn(one, names) for one in turns] or ["Nothing says whose turn it is."]
    following = [_name(one, names) for one in line]
    rest = f" and {len(following) - _MOST} more" if len(following) > _MOST else ""
    order = ", then ".join(following[:_MOST]) + rest
    lines.append(f"Called in this order: {order or 'nobody'}.")
    lines += notes
    if source:
        lines.append(source)
    return Message("\n".join(["*On call*", *lines]))


def read(kind: str, read_at: datetime | None) -> str:
    """When the service last said who is on call."""
    return f"{_NAMES[kind]} said so at {_at(read_at)}." if read_at is not None else ""


def _turn(turn: Turn, names: Mapping[str, str]) -> str:
    until = f" until {_at(turn.until)}" if turn.until is not None else ""
    instead = f", instead of {_name(turn.instead_of, names)}" if turn.instead_of else ""
    return f"• {escape(turn.layer, 100)}: {_name(turn.person, names)}{until}{instead}"


def _name(reference: str, names: Mapping[str, str]) -> str:
    return escape(names.get(reference, reference), 100)


def _at(moment: datetime) -> str:
    return when(moment, style="{date_short_pretty} {time}")
