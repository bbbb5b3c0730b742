"""How silences and maintenance windows are shown: what is silenced, until when, by whom, what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.core.matching import Match, words
from bot.core.silence import Silence
from bot.core.window import Window
from bot.views import text
from bot.views.silence_actions import SilenceAction

DATED = "{date_short_pretty} {time}"
NAMED = 20
"""Incidents that are named where a silence ends; more are counted."""
LENGTHS = {"30m": "30 minutes", "2h": "2 hours", "8h": "8 hours", "1d": "a day", "7d": "a week"}
"""What the form offers, by what it would be typed as."""


@dataclass(frozen=True)
class Ended:
    """What became of what was held: how many alerts, how many still fired, the incidents they are in."""

    held: int
    fire: int
    incidents: tuple[str, ...] = ()


def begun(silence: Silence) -> Message:
    """The message that a silence has, with the button that ends it."""
    lines = [
        f"*Silence {silence.id}*: alerts with {_what(silence.match)} open no incident until "
        f"{text.when(silence.until, style=DATED)}, says {text.person(silence.by)}"
        f"{_because(silence.reason)}.",
        "Resolves pass, open incidents stay open, and what still fires at its end opens an incident then.",
    ]
    return Message(
        f"Silence {silence.id} for {text.duration(silence.until - silence.since)}: {_what(silence.match)}",
        (
            text.section("\n".join(lines)),
            {"type": "actions", "block_id": "silence", "elements": [_end(silence)]},
        ),
    )


def over(silence: Silence, ended: Ended, at: datetime) -> Message:
    """The same message once it has ended."""
    how = f"ended by {text.person(silence.ended_by)}" if silence.ended_by else "has ended"
    return text.message(
        f"Silence {silence.id} ({_what(silence.match)}) {how} at {text.when(at, style=DATED)}. {_held(ended)}"
    )


def window_over(name: str, ended: Ended) -> Message:
    """A maintenance window ended while alerts that it held still fired."""
    return text.message(f"Maintenance window “{text.escape(name, 80)}” has ended. {_held(ended)}")


def listing(
    silences: Sequence[tuple[Silence, int]],
    windows: Sequence[tuple[Window, int]],
    *,
    now: datetime,
) -> Message:
    """What is silenced now, with how many alerts each holds; the windows that are open, and those to come."""
    lines = [
        f"• *{silence.id}*: {_what(silence.match)} until {text.when(silence.until, style=DATED)}, by "
        f"{text.person(silence.by)}{_because(silence.reason)} · {_count(held)}"
        for silence, held in silences
    ]
    head = f"{len(lines)} silence{'' if len(lines) == 1 else 's'}:" if lines else "Nothing is silenced."
    lines += [line for window, held in windows if (line := _window(window, held, now))]
    tail = "`/triage silence 2h service=rag reason` begins one; `/triage unsilence N` ends it."
    return Message(head, (text.section(text.fit([head, *lines, tail])),))


def control(incident: Incident) -> list[Block]:
    """The button on an incident's card; none once it is closed, or where no alert is to be silenced."""
    if incident.closed or not incident.alerts:
        return []
    button = {
        "type": "button",
        "action_id": SilenceAction.OPEN.value,
        "text": {"type": "plain_text", "text": "Silence these alerts", "emoji": False},
        "value": str(incident.id),
    }
    return [{"type": "actions", "block_id": "silence", "elements": [button]}]


def form(incident: Incident, match: str) -> Block:
    """The form behind that button, filled in with what its alerts have in common."""
    options = [
        {"text": {"type": "plain_text", "text": label}, "value": value} for value, label in LENGTHS.items()
    ]
    blocks = [
        text.section(
            f"Alerts like those of {incident.number} open and join no incident for a while. "
            "What still fires at the end opens one then."
        ),
        _input(
            "For",
            {
                "type": "static_select",
                "action_id": SilenceAction.LENGTH.value,
                "options": options,
                "initial_option": options[1],
            },
        ),
        _input(
            "Which alerts",
            {
                "type": "plain_text_input",
                "action_id": SilenceAction.MATCH.value,
                "initial_value": match[:2000],
            },
            hint="Labels as name=value; * stands for anything, | for or: service=rag-* locale=jp|en",
        ),
        _input(
            "Why",
            {"type": "plain_text_input", "action_id": SilenceAction.REASON.value, "max_length": 500},
            optional=True,
        ),
    ]
    return {
        "title": {"type": "plain_text", "text": "Silence alerts"},
        "submit": {"type": "plain_text", "text": "Silence"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": blocks,
    }


def _input(label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    block: dict[str, object] = {
        "type": "input",
        "label": {"type": "plain_text", "text": label},
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": {"type": "plain_text", "text": hint}} if hint else {})


def _end(silence: Silence) -> Block:
    return {
        "type": "button",
        "action_id": SilenceAction.END.value,
        "text": {"type": "plain_text", "text": "End it now", "emoji": False},
        "value": str(silence.id),
    }


def _window(window: Window, held: int, now: datetime) -> str:
    """A line of a window that is open or comes again; nothing of one that is past."""
    name = f"maintenance “{text.escape(window.name, 80)}”, {_what(window.match)}{_because(window.why)}"
    ends, starts = window.ends(now), window.next_start(now)
    if ends is not None:
        return f"• {name}: open until {text.when(ends, style=DATED)} · {_count(held)}"
    return f"• {name}: opens {text.when(starts, style=DATED)}" if starts is not None else ""


def _what(match: Match) -> str:
    return text.escape(words(match), 400)


def _because(reason: str) -> str:
    return f": {text.escape(reason, 500)}" if reason else ""


def _count(held: int) -> str:
    return f"holds {held} alert{'' if held == 1 else 's'}" if held else "holds nothing yet"


def _held(ended: Ended) -> str:
    if not ended.held:
        return "It held nothing back."
    said = f"It held {ended.held} alert{'' if ended.held == 1 else 's'} back; "
    if not ended.fire:
        return f"{said}none of them still fires."
    named, more = ", ".join(ended.incidents[:NAMED]), len(ended.incidents) - NAMED
    where = f": {named}{f' and {more} more' if more > 0 else ''}" if named else ", held back otherwise"
    return f"{said}{ended.fire} still fire{'s' if ended.fire == 1 else ''}{where}."
