"""The control API under /control/, JSON in and out: faults, time, acting as people, what happened."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.workspace import accounts, manifest, shapes
from bot.workspace.act import act
from bot.workspace.faults import parse
from bot.workspace.hub import Hub
from bot.workspace.people import People
from bot.workspace.records import Message
from bot.workspace.refused import RefusedError

Body = Mapping[str, Any]
Act = Callable[[Hub, People, Body], Awaitable[dict[str, Any]]]


async def faults(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Add a fault (see `faults.Fault`), or {"clear": true}, {"drop_sockets": true}, {"refresh": true}."""
    if body.get("clear"):
        hub.faults.clear()
        return {}
    for name, at_once in (
        ("drop_sockets", hub.socket_mode.drop),
        ("refresh", hub.socket_mode.refresh),
        ("warning", hub.socket_mode.warn),
    ):
        if body.get(name):
            return {"connections": await at_once()}
    hub.faults.add(parse(body))
    return {}


async def rates(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Set the rate limits: enabled, scale, channel_rate, channel_burst (see `rates.Rates`)."""
    hub.rates.configure(**body)
    return {}


async def rules(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Change how patient the workspace is (see `rules.Rules`)."""
    known = {field.name for field in fields(hub.rules)}
    if set(body) - known:
        raise ValueError(f"unknown: {', '.join(sorted(set(body) - known))}")
    for name, value in body.items():
        setattr(hub.rules, name, tuple(value) if isinstance(value, list) else value)
    return asdict(hub.rules)


async def advance(hub: Hub, people: People, body: Body) -> dict[str, Any]:
    """Move the clock forward by {"seconds": n}."""
    people.advance(float(body["seconds"]))
    return {"now": hub.workspace.clock.now(), "offset": hub.workspace.clock.offset}


async def do(_hub: Hub, people: People, body: Body) -> dict[str, Any]:
    """Do something as a person (see `act.act`)."""
    return await act(people, body)


async def commands(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Register slash commands: {"commands": [{name, description, usage_hint}]} or {"manifest": {...}}."""
    if "manifest" in body:
        hub.install(manifest.parse(body["manifest"]))
    else:
        hub.workspace.register([manifest.command(item) for item in body["commands"]])
    return {"commands": sorted(hub.workspace.commands)}


async def suggest(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Offer texts above the composer of a channel: {channel, texts}; no texts take them away."""
    channel = hub.workspace.channels.get(str(body["channel"])) or hub.workspace.named(str(body["channel"]))
    texts = body["texts"]
    if channel is None:
        raise ValueError(f"there is no channel {body['channel']}")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts must be a list of strings")
    hub.workspace.suggest(channel.id, texts)
    return {"channel": channel.id}


async def reset(hub: Hub, _people: People, _body: Body) -> dict[str, Any]:
    """Begin again with the seeded team; the app stays connected."""
    hub.reset()
    return {}


async def settle(hub: Hub, _people: People, _body: Body) -> dict[str, Any]:
    """Answer when nothing is on its way to the app."""
    await hub.delivery.settled()
    return {}


async def verify(hub: Hub, _people: People, _body: Body) -> dict[str, Any]:
    """Ask the request URL to prove itself (url_verification)."""
    return {"verified": await hub.http_mode.verify()}


async def wait(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Answer when a message contains `text` (in its text or blocks): {channel?, user?, after?, timeout?}."""

    def found() -> Message | None:
        for channel in [body["channel"]] if "channel" in body else list(hub.workspace.channels):
            for message in hub.workspace.messages(channel):
                if message.ts > str(body.get("after", "")) and _contains(message, str(body["text"])):
                    return message
        return None

    message = await hub.workspace.until(found, float(body.get("timeout", 5)))
    return {"message": _message(hub, message)}


async def account(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Deactivate somebody's account or activate it again: {"user": id, "deactivated": bool}."""
    person = accounts.set_active(hub, str(body["user"]), active=not body["deactivated"])
    return {"user": shapes.user(hub.workspace, person)}


async def group(hub: Hub, _people: People, body: Body) -> dict[str, Any]:
    """Make or change a user group: {"group": id, "members": [ids], "handle"?}; no members remove it."""
    accounts.set_group(hub, str(body["group"]), body["members"], str(body.get("handle", "")))
    return {"groups": sorted(hub.workspace.groups)}


ACTS: Final[Mapping[str, Act]] = {
    "account": account,
    "act": do,
    "clock/advance": advance,
    "commands": commands,
    "faults": faults,
    "group": group,
    "rates": rates,
    "reset": reset,
    "rules": rules,
    "settle": settle,
    "suggest": suggest,
    "verify": verify,
    "wait": wait,
}


def routes(hub: Hub, people: People) -> list[BaseRoute]:
    """POST /control/<act> for each act, and GET /control/state."""

    async def post(request: Request) -> Response:
        known = ACTS.get(request.path_params["act"])
        if known is None:
            return _no(f"no such act; there are {', '.join(ACTS)}", 404)
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            return JSONResponse({"ok": True, **await known(hub, people, body)})
        except KeyError as error:
            return _no(f"missing: {error}", 400)
        except (ValueError, TypeError, RefusedError) as error:
            return _no(str(error), 400)
        except TimeoutError:
            return _no("timed out", 408)

    async def state(request: Request) -> Response:
        return JSONResponse(state_of(hub, request.query_params.get("channel", "")))

    return [
        Route("/control/state", state, methods=["GET"]),
        Route("/control/{act:path}", post, methods=["POST"]),
    ]


def state_of(hub: Hub, channel: str = "") -> dict[str, Any]:
    """All there is to know, as JSON; with a channel's id, only that channel's messages."""
    workspace = hub.workspace
    return {
        "ok": True,
        "now": workspace.clock.now(),
        "offset": workspace.clock.offset,
        "connections": hub.socket_mode.connections,
        "users": [shapes.user(workspace, user) for user in workspace.users.values()],
        "channels": [shapes.channel(workspace, c, workspace.bot) for c in workspace.channels.values()],
        "messages": {
            id_: [_message(hub, message) for message in workspace.messages(id_)]
            for id_ in workspace.channels
            if channel in ("", id_)
        },
        "views": {
            user: [{**shapes.view(workspace, view), "errors": dict(view.errors)} for view in stack]
            for user, stack in workspace.modals.items()
        },
        "files": [shapes.file(workspace, file, hub.base_url) for file in workspace.files.values()],
        "commands": [asdict(command) for command in workspace.commands.values()],
        "warnings": [asdict(warning) for warning in workspace.warnings],
        "calls": [asdict(call) for call in hub.calls],
        "deliveries": [asdict(delivered) for delivered in hub.delivery.log],
    }


def _message(hub: Hub, message: Message) -> dict[str, Any]:
    private = {"ephemeral_to": message.ephemeral_to} if message.ephemeral_to else {}
    shape = shapes.message(hub.workspace, message, hub.base_url)
    return {**shape, "channel": message.channel, **private}


def _contains(message: Message, text: str) -> bool:
    return text in message.text or text in json.dumps(list(message.blocks), ensure_ascii=False)


def _no(error: str, status: int) -> Response:
    return JSONResponse({"ok": False, "error": error}, status)
