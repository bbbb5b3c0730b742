"""Forms: opened at once because a trigger lives three seconds, stored before they are acknowledged."""

import json
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.core.effect import Block
from bot.core.inbound import Place, RegisterExperiment, Submit
from bot.errors import UserError
from bot.views.experiment import REGISTER
from handlers import grammar
from handlers.door import Door
from handlers.switchboard import FORMS


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear every form sent off."""

    @app.view(REGISTER)
    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        view, by = body["view"], body["user"]["id"]
        try:
            read = _registration(view, by)
        except _FormError as error:
            await ack(response_action="errors", errors=error.by_block)
            return
        key = f"view:{view['id']}:{view.get('hash', '')}"
        await door.store(key, read, name=body["user"].get("username") or body["user"].get("name", ""))
        await ack()

    for name in FORMS:
        _hear(app, door, name)


def _hear(app: AsyncApp, door: Door, name: str) -> None:
    @app.view(name)
    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        view = body["view"]
        read = submitted_of(name, view, body["user"]["id"])
        wrong = await door.faults(name, read.fields)
        if wrong:
            blocks = {action: block for action, (block, _) in _inputs(view)}
            errors = {blocks.get(action, next(iter(blocks.values()))): said for action, said in wrong.items()}
            await ack(response_action="errors", errors=errors)
            return
        key = f"view:{view['id']}:{view.get('hash', '')}"
        await door.store(key, read, name=body["user"].get("username") or body["user"].get("name", ""))
        page = await _following(door, read)
        if page is None:
            await ack()
        else:
            await ack(response_action="update", view=dict(page))


async def _following(door: Door, read: Submit) -> Block | None:
    """The next page of a form that has several; what it cannot be drawn for is told when it is stored."""
    if FORMS[read.form].then is None:
        return None
    try:
        return await door.turned(read)
    except UserError:
        return None


def submitted_of(name: str, view: Mapping[str, Any], by: str) -> Submit:
    """The form as it was sent off."""
    opened = json.loads(view["private_metadata"])
    fields = {action: entered(element) for action, (_, element) in _inputs(view)}
    place = Place(opened["channel"], opened.get("thread"))
    return Submit(by, place, name, opened.get("value", ""), fields)


def entered(element: Mapping[str, Any]) -> str:
    """What was entered into a field: text, a choice, choices one a line, a file's address and name.

    A moment is seconds since the epoch.
    """
    kind = element.get("type", "")
    if kind in ("checkboxes", "multi_static_select"):
        return "\n".join(str(one["value"]) for one in element.get("selected_options") or [])
    if kind == "file_input":
        files = element.get("files") or []
        return "\n".join(f"{one.get('url_private', '')}\n{one.get('name', '')}" for one in files[:1])
    if kind == "multi_users_select":
        return "\n".join(str(one) for one in element.get("selected_users") or [])
    selected = element.get("selected_option") or {}
    for found in (element.get("value"), selected.get("value"), element.get("selected_date")):
        if found:
            return str(found)
    places = ("selected_user", "selected_conversation", "selected_channel", "selected_time")
    for name in (*places, "selected_date_time"):
        if element.get(name):
            return str(element[name])
    return ""


class _FormError(Exception):
    """What is wrong in a form, by the block it stands under."""

    def __init__(self, by_block: Mapping[str, str]) -> None:
        super().__init__(str(by_block))
        self.by_block = dict(by_block)


def _registration(view: Mapping[str, Any], by: str) -> RegisterExperiment:
    channel = json.loads(view["private_metadata"])["channel"]
    inputs = dict(_inputs(view))
    yaml = str((inputs.get("yaml") or ("", {}))[1].get("value") or "")
    block, element = inputs.get("file") or ("", {})
    files = element.get("files") or []
    if bool(yaml.strip()) == bool(files):
        problem = "Give one of the two: the YAML pasted here, or a file below."
        raise _FormError({inputs["yaml"][0]: problem} if "yaml" in inputs else {block: problem})
    if files:
        file = files[0]
        if not file.get("url_private"):
            problem = "Slack gave no address for this file. Paste the YAML above instead."
            raise _FormError({block: problem})
        return RegisterExperiment(by, Place(channel), file_url=file["url_private"], file_name=file["name"])
    return grammar.registration(yaml.strip(), by, Place(channel))


def _inputs(view: Mapping[str, Any]) -> list[tuple[str, tuple[str, Mapping[str, Any]]]]:
    """Every input of the form: its action id, and (its block's id, what Slack says of it)."""
    blocks: Mapping[str, Mapping[str, Any]] = view["state"]["values"]
    return [
        (action, (block, element))
        for block, by_action in blocks.items()
        for action, element in by_action.items()
    ]
