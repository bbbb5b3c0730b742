"""Forms: opened at once because a trigger lives three seconds, stored before they are acknowledged."""

import json
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.core.inbound import Place, RegisterExperiment
from handlers import grammar
from handlers.door import Door

REGISTER = "experiment.register"


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
