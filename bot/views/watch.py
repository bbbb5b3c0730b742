"""The people of an incident on its card, and what is said when somebody is called or is on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.effect import Block, Message
from bot.core.incident import Incident, Status
from bot.core.incident_roles import Role
from bot.core.watch import Watch
from bot.views import phones, text
from bot.views.people_actions import PeopleAction, button, control


@dataclass(frozen=True)
class People:
    """What the card shows of people. `lease` is how long "I'm on it" holds; `notes` are ready mrkdwn."""

    watch: Watch
    lease: timedelta = timedelta(minutes=15)
    notes: tuple[str, ...] = ()
    phones: Mapping[str, str] = field(default_factory=dict)


def troubles(people: People, incident: Incident) -> list[Block]:
    """What works no more, and what to do by hand; nothing while everything works."""
    if not people.watch.troubles:
        return []
    lines = [f"⚠ {one}" for one in people.watch.troubles]
    return [text.section(text.fit([*lines, phones.by_hand(people.phones, drill=bool(incident.drill))]))]


def blocks(people: People, incident: Incident, *, now: datetime) -> list[Block]:
    """Who is on it and in which role, and the buttons to be it."""
    found = [text.context(text.fit([_who(people, incident, now), *people.notes], 2000))]
    elements: list[Block] = []
    if not incident.reached(Status.MITIGATED):
        minutes = text.duration(people.lease)
        primary = not people.watch.held(now)
        elements.append(button(f"I'm on it · {minutes}", PeopleAction.ON_IT, incident, primary=primary))
    if not incident.closed:
        elements.append(_take(incident))
        if incident.roles:
            elements.append(button("Hand over…", PeopleAction.ROLES, incident))
    elements.append(button("Write an update…", PeopleAction.UPDATE, incident))
    found.append({"type": "actions", "block_id": "people", "elements": elements})
    if people.phones and not people.watch.troubles and not incident.drill:
        found.append(text.context(phones.small_print(people.phones)))
    return found


def called(incident: Incident, who: str, why: str, *, then: str, due: datetime) -> Message:
    """Somebody is called. `who` and `then` are mentions or names; `then` is called at `due`, "" if nobody."""
    head = f"{incident.number}: {why}"
    following = f"{then} is called" if then else "only the phone tree is left"
    after = f"If nobody is on it at {text.when(due)}, {following}."
    lines = [f"*{head}* {who}: please say that you are on it.", after]
    elements = [button("I'm on it", PeopleAction.ON_IT, incident, primary=True)]
    return Message(
        f"{head} {who}: please say that you are on it.",
        (
            text.section(text.fit(lines)),
            {"type": "actions", "block_id": "called", "elements": elements},
        ),
    )


def answered(incident: Incident, by: str) -> Message:
    """What a call becomes once somebody is on it, or it is over."""
    said = f"{incident.number}: " + (f"✓ {text.person(by)} is on it." if by else "nobody is called any more.")
    return text.message(said)


def unanswered(incident: Incident, called_ones: Sequence[str], tree: Mapping[str, str]) -> Message:
    """Nobody is left to call; `called_ones` are names or mentions."""
    head = f"{incident.number}: nobody on call answers."
    who = f"Called: {', '.join(called_ones) or 'nobody, since nobody is on call'}."
    elements = [button("I'm on it", PeopleAction.ON_IT, incident, primary=True)]
    return Message(
        head,
        (
            text.section(text.fit([f"*{head}* {who}", phones.by_hand(tree, drill=bool(incident.drill))])),
            {"type": "actions", "block_id": "called", "elements": elements},
        ),
    )


def on_it(by: str, until: datetime, *, over_from: str = "", mentioned: bool = True) -> Message:
    """Somebody looks at it, until when; `over_from` held it before."""
    who = text.person(by) if mentioned else text.escape(by, 80)
    over = f", taken over from {text.person(over_from)}" if over_from else ""
    return text.message(
        f"{who} is on it until {text.when(until)}{over}. Whatever they do extends it; "
        "if nothing happens by then, the next in line is called."
    )


def left(incident: Incident, who: str, roles: Sequence[str]) -> Message:
    """Somebody who had a part in it has left; `who` is a mention or a name."""
    was = f", was {' and '.join(roles)}" if roles else ""
    return text.message(f"{incident.number}: ⚠ {who} has left{was}. What they held is free.")


def _who(people: People, incident: Incident, now: datetime) -> str:
    watch, parts = people.watch, []
    if incident.reached(Status.MITIGATED):
        pass
    elif watch.held(now) and watch.until is not None:
        parts.append(f"On it: {text.person(watch.person)} until {text.when(watch.until)}")
    else:
        parts.append("On it: nobody yet" if incident.acknowledged_at is None else "On it: nobody just now")
    taken = [f"{role}: {text.person(incident.roles[role])}" for role in Role if incident.roles.get(role)]
    return " · ".join([*parts, *(taken or ["no role is taken"])])


def _take(incident: Incident) -> Block:
    """The select that takes a role."""
    options = [
        {
            "text": {"type": "plain_text", "text": text.plain(f"{role.capitalize()}: {role.does}", 75)},
            "value": control(incident, role.value),
        }
        for role in Role
    ]
    return {
        "type": "static_select",
        "action_id": str(PeopleAction.ROLE),
        "placeholder": {"type": "plain_text", "text": "Take a role"},
        "options": options,
    }
