"""What people enter into forms: defaults, checks the Slack client makes itself, and `state.values`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot.limits import interactive, numbers
from bot.workspace.records import Json

Entered: TypeAlias = Mapping[str, Mapping[str, str | Sequence[str]]]
"""block_id -> action_id -> what was entered: a text, the value of an option, an id, or several of them."""

_OPTIONS: Final = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
_MANY_OPTIONS: Final = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})
_ONE: Final = {  # element type -> the field that holds what was chosen
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
}
_MANY: Final = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}


def elements(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with the block it stands in."""
    for block in blocks:
        for _way, element in interactive(block):
            yield block, element


def find(blocks: Sequence[Json], action_id: str, block_id: str = "") -> tuple[Json, Json] | None:
    """The block and element of an action_id."""
    for block, element in elements(blocks):
        if element.get("action_id") == action_id and block_id in ("", block.get("block_id")):
            return block, element
    return None


def options_of(element: Json) -> list[Json]:
    """The options of a menu, those in groups included."""
    groups = element.get("option_groups") or ()
    return [*(element.get("options") or ()), *(option for group in groups for option in group["options"])]


def state_values(blocks: Sequence[Json], entered: Entered) -> dict[str, dict[str, Any]]:
    """`state.values`: what every input holds, as Slack types it; the untouched keep their defaults."""
    values: dict[str, dict[str, Any]] = {}
    for block, element in elements(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        raw = entered.get(block_id, {}).get(action_id)
        values.setdefault(block_id, {})[action_id] = (
            default_value(element) if raw is None else typed(element, raw)
        )
    return values


def default_value(element: Json) -> dict[str, Any]:
    """What an element holds before anyone touches it."""
    kind = element["type"]
    if kind in _OPTIONS:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options") or ())}
    if kind in _MANY:
        return {"type": kind, _MANY[kind]: list(element.get("initial_" + _MANY[kind][9:]) or ())}
    if kind == "datetimepicker":
        return {"type": kind, "selected_date_time": element.get("initial_date_time")}
    if kind == "file_input":
        return {"type": kind, "files": []}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": element.get("initial_value")}
    field = _ONE[kind]
    return {"type": kind, field: element.get("initial_" + field.removeprefix("selected_"))}


def acted(
    blocks: Sequence[Json], action_id: str, block_id: str, value: str | Sequence[str]
) -> dict[str, Any]:
    """The action of a payload: a button clicked, or `value` chosen. ValueError, in words, if it cannot be."""
    found = find(blocks, action_id, block_id)
    if found is None:
        raise ValueError("This button is not there any more.")
    block, element = found
    identity = {"action_id": action_id, "block_id": block["block_id"]}
    if element["type"] != "button":
        return {**identity, **typed(element, value)}
    shown = {"text": element["text"], "style": element.get("style"), "value": element.get("value")}
    return {**identity, "type": "button", **{name: part for name, part in shown.items() if part is not None}}


def typed(element: Json, raw: str | Sequence[str]) -> dict[str, Any]:
    """What was entered into an element, as Slack writes it. ValueError for an option that is not offered."""
    kind = element["type"]
    one = raw if isinstance(raw, str) else (raw[0] if raw else "")
    many = [item for item in ([raw] if isinstance(raw, str) else raw) if item]
    if kind in _OPTIONS:
        return {"type": kind, "selected_option": _option(element, one) if one else None}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, item) for item in many]}
    if kind in _MANY:
        return {"type": kind, _MANY[kind]: many}
    if kind == "datetimepicker":
        return {"type": kind, "selected_date_time": int(one) if one else None}
    if kind == "file_input":
        return {"type": kind, "files": [{"id": item} for item in many]}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": _rich(one) if one else None}
    return {"type": kind, _ONE[kind]: one or None}


def client_errors(blocks: Sequence[Json], values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the Slack client itself finds wrong before it submits: block_id -> message."""
    errors: dict[str, str] = {}
    for block, element in elements(blocks):
        if block["type"] != "input":
            continue
        value = values[block["block_id"]][element["action_id"]]
        held = next((part for name, part in value.items() if name != "type"), None)
        if held in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif message := _wrong(element, held):
            errors[block["block_id"]] = message
    return errors


def _wrong(element: Json, held: Any) -> str:
    if element["type"] == "plain_text_input":
        least = int(element.get("min_length") or 0)
        most = int(element.get("max_length") or numbers.PLAIN_TEXT_INPUT)
        if len(held) < least:
            return f"This needs at least {least} characters; it has {len(held)}."
        if len(held) > most:
            return f"This may have at most {most} characters; it has {len(held)}."
    if element["type"] == "number_input":
        return _wrong_number(element, str(held))
    if element["type"] == "email_text_input" and "@" not in held[1:-1]:
        return "Please enter a valid email address."
    if element["type"] == "url_text_input" and "://" not in held:
        return "Please enter a valid URL."
    return ""


def _wrong_number(element: Json, held: str) -> str:
    try:
        number = float(held)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and "." in held:
        return "Please enter a whole number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and number < float(least):
        return f"Please enter a number that is at least {least}."
    if most is not None and number > float(most):
        return f"Please enter a number that is at most {most}."
    return ""


def _option(element: Json, value: str) -> Json:
    for option in options_of(element):
        if option.get("value") == value:
            return option
    raise ValueError(f"{value!r} is not one of the options of {element.get('action_id')}")


def _rich(text: str) -> dict[str, Any]:
    piece = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [piece]}]}
