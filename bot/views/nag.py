"""A rung of the ladder as it speaks: who acts, who is told, what comes next and when, how to put it off."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.incident import Incident, Status
from bot.core.playbook import Rung
from bot.views import text
from bot.views.people_actions import PeopleAction, button


@dataclass(frozen=True)
class Nag:
    """What a rung says. `acts` and `notifies` are rendered, the latter "" where they were told before.

    `again` is when it speaks next, None where it does not; `following` is the rung that comes after it;
    `held` says that somebody is on the incident.
    """

    rung: Rung
    number: int
    acts: str
    notifies: str
    again: datetime | None
    following: Rung | None
    asked_by: str = ""
    late_since: datetime | None = None
    held: bool = False


def nag(incident: Incident, said: Nag) -> Message:
    """The message of a rung, with its buttons where it comes again."""
    rung = said.rung
    title = f"{incident.number}: {text.escape(rung.title, 200)}"
    if said.asked_by:
        title += f" (asked for by {text.person(said.asked_by)})"
    if said.late_since is not None:
        title += f" (late: this was due {text.when(said.late_since)})"
    told = f" · notified: {said.notifies}" if said.notifies else ""
    lines = [f"*{title}*", f"Acts: {said.acts}{told}", f"{text.escape(rung.expects)}.", _then(incident, said)]
    blocks: list[Block] = [text.section(text.fit(lines))]
    elements = _buttons(incident, said)
    if elements:
        blocks.append({"type": "actions", "block_id": "nag", "elements": elements})
    return Message(f"{incident.number}: {text.escape(rung.title, 200)}", tuple(blocks))


def snoozed(rung: Rung, by: str, until: datetime) -> Message:
    """Somebody put it off."""
    return text.message(
        f"{text.person(by)} snoozed “{text.escape(rung.title, 200)}”; it comes next at {text.when(until)}, "
        f"unless it is {rung.until.words} by then."
    )


def dismissed(incident: Incident, rung: Rung, by: str, following: Rung | None) -> Message:
    """Somebody ended it; what still comes is said."""
    rest = "No reminder comes any more."
    if following is not None:
        due = text.when(incident.detected_at + following.after)
        rest = f"Next: {due}, unless it is {following.until.words} by then: {text.escape(following.title)}."
    head = f"{incident.number}: {text.person(by)} dismissed “{text.escape(rung.title, 200)}”."
    return text.message(f"{head} {rest}")


def settled(incident: Incident, rung: Rung) -> Message:
    """The incident got past it."""
    state = "a false alarm" if incident.status is Status.FALSE_ALARM else incident.status.words
    return text.message(f"{incident.number} is {state}. This was: {text.escape(rung.title, 200)}.")


def followed(incident: Incident, rung: Rung) -> Message:
    """It was said again, or a later rung spoke."""
    return text.message(
        f"{incident.number}: {text.escape(rung.title, 200)}. There is a newer reminder below."
    )


def told_later(incident: Incident, rung: Rung, who: str) -> Message:
    """Those who slept are told; they need not act."""
    where = text.escape(incident.title, 200)
    said = f"{incident.number}: {who}, in the night: {text.escape(rung.title, 200)} ({where})."
    return text.message(f"{said} It is {incident.status.words} now. Nothing is expected of you here.")


def _then(incident: Incident, said: Nag) -> str:
    """What comes next and when, were nothing to change."""
    of = f"Reminder {said.number} of {said.rung.most}. " if said.rung.most > 1 else ""
    if said.again is not None:
        return f"{of}It comes again at {text.when(said.again)}, unless it is {said.rung.until.words} by then."
    if said.following is None:
        return f"{of}This is the last reminder."
    following = said.following
    due = text.when(incident.detected_at + following.after)
    return f"{of}Next: {due}, unless it is {following.until.words} by then: {text.escape(following.title)}."


def _buttons(incident: Incident, said: Nag) -> list[Block]:
    elements: list[Block] = []
    if not said.held and not incident.reached(Status.MITIGATED):
        elements.append(button("I'm on it", PeopleAction.ON_IT, incident, primary=True))
    if said.again is not None:
        every = text.duration(said.rung.every)
        elements.append(button(f"Snooze {every}", PeopleAction.SNOOZE, incident, said.rung.id))
        elements.append(button("Dismiss this one", PeopleAction.DISMISS, incident, said.rung.id))
    return elements
