"""What is said about an incident's onset: on the card, in the thread, and the form that corrects it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.views import text
from bot.views.decision_forms import field, modal
from bot.views.incident_button import encode
from bot.views.onset_actions import OnsetAction

BEGAN, NOTE = "onset.began", "onset.note"
NOTE_MOST = 300
EARLIEST = timedelta(days=30)
"""How long before its detection an incident can have begun; no change further back is looked at."""


def words(incident: Incident) -> str:
    """The onset with its bounds, and who says so, for the card's small print."""
    at = text.when(incident.started)
    if incident.onset_by == "history":
        return f"Onset about {at}{_bounds(incident)}, by the metric's history"
    if incident.onset_by not in ("", "alert"):
        return f"Onset {at}{_bounds(incident)}, says {text.person(incident.onset_by)}"
    return f"Onset about {at}" if incident.alerts else "Opened by hand"


def dated(incident: Incident, *, metric: str, before: float, after: float, ramp: bool) -> Message:
    """The history told when it began."""
    moved = "slid" if ramp else "went"
    said = (
        f"Onset about {_at(incident.started, incident)}{_bounds(incident)}: {text.escape(metric, 120)} "
        f"{moved} from {text.number(before)} to {text.number(after)}"
        f"{'' if ramp else ' at once'}, {_before(incident)}. "
        "Changes between these bounds come first in the evidence."
    )
    return _with_button(incident, said)


def kept(incident: Incident, reason: str) -> Message:
    """The history told nothing; the alert's own start stays."""
    at = _at(incident.started, incident)
    said = f"The onset stays the alert's own start, {at}: {text.escape(reason, 300)}."
    return _with_button(incident, said)


def corrected(incident: Incident, *, by: str, before: datetime, note: str) -> Message:
    """A person said when it began."""
    apart = incident.started - before
    way = "earlier" if apart < timedelta(0) else "later"
    if abs(apart) < timedelta(minutes=1):  # a form knows minutes only
        way = "as was thought"
    said = (
        f"{text.person(by)} says that it began {_at(incident.started, incident)}{_bounds(incident)}, {way} "
        f"({_at(before, incident)} until now), {_before(incident)}."
    )
    return _with_button(incident, said + (f" {text.escape(note, NOTE_MOST)}" if note else ""))


def form(incident: Incident) -> Block:
    """The form; its field's name holds between which times the answer may lie, so that it checks itself."""
    first, last = incident.detected_at - EARLIEST, incident.detected_at
    said = (
        f"*{incident.number}* was detected {text.when(last)}. {words(incident)}.\n"
        "Times are shown in your own zone. What is entered counts for the time to detect, and changes before "
        "it are looked at again."
    )
    began = f"{BEGAN}:{int(first.timestamp())}:{int(last.timestamp())}"
    picker = {"type": "datetimepicker", "initial_date_time": int(incident.started.timestamp())}
    note = {"type": "plain_text_input", "multiline": False, "max_length": NOTE_MOST}
    return modal(
        "When did it begin?",
        "Correct",
        [
            text.section(said),
            field(began, "It began", picker),
            field(NOTE, "How do you know", note, optional=True),
        ],
    )


def faults(fields: Mapping[str, str]) -> dict[str, str]:
    """A time that does not lie where its field says it may, by the field's name."""
    for name, value in fields.items():
        kind, _, bounds = name.partition(":")
        if kind != BEGAN:
            continue
        first, _, last = bounds.partition(":")
        if not value.isdigit():
            return {name: "Choose a day and a time."}
        if int(value) > int(last) + 59:  # a minute is chosen, and seconds are not
            return {name: "It cannot have begun after it was detected. Choose an earlier time."}
        if int(value) < int(first):
            return {name: f"Choose a time at most {EARLIEST.days} days before it was detected."}
    return {}


def entered(fields: Mapping[str, str]) -> int:
    """The time entered, in seconds since 1970."""
    return next(int(value) for name, value in fields.items() if name.partition(":")[0] == BEGAN)


def _bounds(incident: Incident) -> str:
    low, high = incident.onset_from, incident.onset_to
    if low is None or high is None or high <= low:
        return ""
    return f" ({_at(low, incident)} to {_at(high, incident)})"


def _at(moment: datetime, incident: Incident) -> str:
    """A time, with its day where that is not the day of the detection."""
    far = abs(incident.detected_at - moment) > timedelta(hours=20)
    return text.when(moment, style="{date_short_pretty} {time}" if far else "{time}")


def _before(incident: Incident) -> str:
    span = incident.detected_at - incident.started
    if span < timedelta(minutes=1):
        return "when it was detected"
    return f"{text.duration(span)} before it was detected"


def _with_button(incident: Incident, said: str) -> Message:
    button: Block = {
        "type": "button",
        "action_id": OnsetAction.CORRECT.value,
        "text": {"type": "plain_text", "text": "It began earlier or later…", "emoji": False},
        "value": encode(incident.id),
    }
    actions: Block = {"type": "actions", "block_id": f"onset-{incident.id}", "elements": [button]}
    return Message(said, (text.section(said), actions))
