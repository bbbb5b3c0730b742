"""The form of an incident's roles, and what is said when one changes hands."""

from bot.core.effect import Block, Message
from bot.core.incident import Event, Incident
from bot.core.incident_roles import Role
from bot.views import text
from bot.views.decision_forms import field, modal


def form(incident: Incident) -> Block:
    """Who holds each role; whatever is changed is handed over, an empty one is given back."""
    fields = []
    for role in Role:
        element: dict[str, object] = {"type": "users_select"}
        if role in incident.roles:
            element["initial_user"] = incident.roles[role]
        fields.append(field(role.value, role.capitalize(), element, optional=True, hint=role.does))
    said = (
        f"*{incident.number}* · {text.escape(incident.title, 200)}. Whoever gets one is told in the thread."
    )
    return modal(f"Roles of {incident.number}", "Hand over", [text.section(said), *fields])


def given(event: Event, role: str, to: str) -> Message:
    """A role changed hands; `to` is a mention or name, "" where it was given back."""
    who, at = text.person(event.by), text.when(event.at)
    if not to:
        held = str(event.detail.get("from", ""))
        of = f" that {text.person(held)} held" if held not in ("", event.by) else ""
        return text.message(f"{who} gave back the role of {role}{of}; nobody is {role} now · {at}")
    if event.detail.get("to") == event.by:
        return text.message(f"{to} is {role}: {Role(role).does} · {at}")
    return text.message(f"{to} is {role} now, said {who}: {Role(role).does} · {at}")
