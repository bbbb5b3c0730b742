"""What can be pressed about the people of an incident: the action ids, which also name the forms."""

from enum import StrEnum
from typing import Any

from bot.core.effect import Block
from bot.core.incident import Incident
from bot.views import text
from bot.views.triage_actions import Control


class PeopleAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart. The comment says what they open."""

    ON_IT = "incident.on_it"
    ROLE = "incident.role"
    ROLES = "incident.roles"  # a form
    SNOOZE = "incident.snooze"
    DISMISS = "incident.dismiss"
    UPDATE = "incident.update"  # a form
    UPDATE_SNOOZE = "incident.update_snooze"
    UPDATE_DISMISS = "incident.update_dismiss"


def control(incident: Incident, choice: str = "") -> str:
    """The value of a control: the incident, and what it is about."""
    return Control(incident.id, incident.version, choice).encode()


def button(
    label: str, action: PeopleAction, incident: Incident, choice: str = "", *, primary: bool = False
) -> Block:
    """A button of an incident's people."""
    shape: dict[str, Any] = {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": text.plain(label, text.BUTTON), "emoji": False},
        "value": control(incident, choice),
    }
    return shape | ({"style": "primary"} if primary else {})
