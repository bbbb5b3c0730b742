"""What is said about a look that has no card: too early, already there, still waiting for data, given up."""

from datetime import datetime, tzinfo

from bot.core.effect import Block, Message
from bot.core.figures import local, look_at
from bot.core.launch import Launch
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.store.experiments import LookRecord
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button

BROKE = "Lookout itself failed at it, time and again; its log says why"
"""The reason where no data were missing."""


def early(registration: Registration, number: int, calendar: Calendar, opens: datetime) -> Message:
    """A look asked for before its day is over: the rule, the moment, and the way for who insists."""
    rule = registration.sequential.spending
    said = (
        f"Look {number} of {text.escape(registration.id)} waits until its day is over: "
        f"{look_at(registration, number, calendar)} by itself, and can be asked for from "
        f"{local(opens, calendar.zone)}. The plan ({rule}) grants this look its alpha then and not before; "
        "an earlier one is a peek, goes on record as one and may cost alpha."
    )
    press = button("Look anyway…", ExperimentAction.PEEK, Reference(registration.id, number))
    return Message(said, (text.section(said), _actions("early", press)))


def computing(registration: Registration, number: int, since: datetime, now: datetime) -> Message:
    """A look asked for while it is being computed."""
    ago = text.duration(now - since)
    return Message(
        f"Look {number} of {text.escape(registration.id)} is being computed since {ago}; its card comes by "
        "itself. Nothing more was started."
    )


def on_record(launch: Launch, record: LookRecord, *, same: bool = True) -> Message:
    """The same look asked for again; same: the data are what they were."""
    name = f"Look {record.number}" if record.number else f"The peek on day {record.day:g}"
    moment = text.when(record.taken_at, style="{date_short_pretty} {time}")
    verdict = record.verdict.replace("-", " ").upper()
    data = "on the same data" if same else "and the data have changed since"
    once = "" if same else " A look is held once; the next one counts what is there then."
    said = (
        f"{name} of {text.escape(launch.id)} is on record already, {data}: {verdict} "
        f"(record {record.id}, {moment}). Nothing was recorded again.{once}"
    )
    reference = Reference(launch.id, record.id)
    buttons = (
        button("Why?", ExperimentAction.WHY, reference),
        button("Matrix", ExperimentAction.MATRIX, reference),
    )
    return Message(said, (text.section(said), _actions("on-record", *buttons)))


def not_taken(launch: Launch, record: LookRecord, why: str) -> Message:
    """A look that came too late to count; `why` is safe for mrkdwn."""
    name = f"Look {record.number}" if record.number else "The peek"
    return Message(f"{name} of {text.escape(launch.id)} was not recorded: {why}.")


def failed(registration: Registration, look: int, reason: str) -> Message:
    """A look that was asked for and could not be taken: what is missing, and what to do."""
    name = f"Look {look} of {len(registration.looks)}" if look else "Peek"
    broke = reason == BROKE
    head = f"{name}: not taken, {'Lookout failed at it' if broke else 'the data could not be read'}"
    said = text.escape(reason, 1000)
    again = f"look {registration.id} {look}" if look else f"peek {registration.id} REASON"
    first = "Have an admin read the log." if broke else mend(registration, reason) or "Mend the source."
    advice = f"Nothing was recorded. {first} Then ask again: `/experiment {again}`."
    blocks = (text.header(head), text.section(f"{said}\n{advice}"))
    return Message(f"{head} · {text.escape(registration.name, 200)}: {said}", blocks)


def mend(registration: Registration, reason: str) -> str:
    """What to do about a column that is gone; empty where the reason is another one."""
    if "no column" not in reason:
        return ""
    return (
        "If it was renamed, give it back under its old name (a view will do), or amend the registration: "
        f"`/experiment amend {registration.id}`; after a look that breaks the plan, and every later card "
        "says so."
    )


def waiting(
    registration: Registration, number: int, reason: str, zone: tzinfo, again: datetime, until: datetime
) -> Message:
    """A look on schedule whose data are not there: what is missing, when it tries again, and until when."""
    total = len(registration.looks)
    tries = f"It tries again {local(again, zone)}, until {local(until, zone)}; then its owner is called."
    head = f"Look {number} of {total} waits for its data"
    why = text.escape(reason, 1000)
    nothing = "Nothing is recorded until the data are there."
    lines = [f"{why}.", tries, mend(registration, reason), nothing]
    blocks = (text.header(head), text.section(text.fit([line for line in lines if line])))
    return Message(f"{head} · {text.escape(registration.name, 200)}: {why}. {tries}", blocks)


def came(registration: Registration, number: int, now: datetime, zone: tzinfo) -> Message:
    """The data came after all: the card follows."""
    total = len(registration.looks)
    said = f"Look {number} of {total}: its data came by {local(now, zone)}, and its card follows."
    return Message(f"{text.escape(registration.name, 200)} · {said}", (text.section(said),))


def ended(registration: Registration, number: int, why: str) -> Message:
    """Nothing is waited for any more; `why` is safe for mrkdwn."""
    said = f"Look {number} of {len(registration.looks)} no longer waits for its data: {why}."
    return Message(f"{text.escape(registration.name, 200)} · {said}", (text.section(said),))


def gave_up(registration: Registration, number: int, reason: str, until: str) -> Message:
    """The message that told of the wait, once the deadline has passed."""
    head = f"Look {number} of {len(registration.looks)}: no data by the deadline"
    why = text.escape(reason, 1000)
    said = f"{why}.\nIt was tried until {until}. Nothing was recorded; its owner was called."
    blocks = (text.header(head), text.section(said))
    return Message(f"{head} · {text.escape(registration.name, 200)}: {why}", blocks)


def page(
    registration: Registration, number: int, reason: str, until: str, called: str, witness: str
) -> Message:
    """The call to the owner: what is missing, and what to do by hand."""
    why = text.escape(reason, 1000)
    what, find = "its data did not come", "find out where the data are"
    if reason == BROKE:
        what, find = "Lookout failed at it", "have an admin read the log"
    head = f"Look {number} of {len(registration.looks)} was not taken: {what}"
    do = (
        f"{called}: {find}, then ask by hand: "
        f"`/experiment look {registration.id} {number}`. Nothing was recorded, and no decision was lost."
    )
    blocks = (
        text.header(head),
        text.section(do),
        text.section(f"{why}.\nIt was tried until {until}. {mend(registration, reason)}".rstrip()),
        text.context(f"`{registration.id}` · {witness}"),
    )
    return Message(f"{head} · {text.escape(registration.name, 200)}. {called}: {why}", blocks)


def peek_form(registration: Registration, day: int, cost: str, warning: str) -> Block:
    """The form of a peek: the cost first, then the reason that goes on record."""
    said = (
        f"*A peek at {text.escape(registration.name, 200)} on day {day}*\n{text.escape(cost, 1200)}\n"
        "It goes on record with your name, this reason and the cost, and nothing that it shows is a decision."
    )
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Look before its day"},
        "submit": {"type": "plain_text", "text": "Look anyway"},
        "close": {"type": "plain_text", "text": "Wait"},
        "blocks": [
            text.section(said),
            *([text.section(warning)] if warning else []),
            {
                "type": "input",
                "block_id": REASON,
                "label": {"type": "plain_text", "text": "Why can this not wait for its day?"},
                "hint": {"type": "plain_text", "text": f"At least {LEAST_REASON} characters."},
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "min_length": LEAST_REASON,
                    "max_length": MOST_REASON,
                },
            },
        ],
    }


REASON = "reason"
LEAST_REASON = 20
MOST_REASON = 1000
"""Characters of a peek's reason."""


def _actions(block: str, *buttons: Block) -> Block:
    return {"type": "actions", "block_id": block, "elements": list(buttons)}
