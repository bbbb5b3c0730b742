"""Acting as a person by JSON: what `POST /control/act` takes."""

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bot.workspace.people import People

Body = Mapping[str, Any]


async def act(people: People, body: Body) -> dict[str, Any]:
    """Do what {"as": user, "do": verb, ...} says; the other fields are the arguments of `People.<verb>`.

    `do` is one of say, command, click, click_in_view, submit, close, open_home, join, invite_bot, read,
    react, edit, delete, shortcut, archive; a file with `say` is given as {"name": ..., "text": ...} in
    `files`, or with "base64" instead of "text". ValueError if the verb is unknown, KeyError if an argument is
    missing, RefusedError if Slack would not let the person.
    """
    verb, user = str(body["do"]), str(body["as"])
    if verb not in VERBS:
        raise ValueError(f"nobody can {verb}; people can {', '.join(VERBS)}")
    return await VERBS[verb](people, user, body)


async def _say(people: People, user: str, body: Body) -> dict[str, Any]:
    files = [(str(file["name"]), _content(file)) for file in body.get("files", ())]
    message = await people.say(
        user,
        _channel(people, body),
        str(body["text"]),
        thread_ts=str(body.get("thread_ts", "")),
        broadcast=bool(body.get("broadcast")),
        files=files,
    )
    return {"ts": message.ts, "channel": message.channel} if message else {}


async def _command(people: People, user: str, body: Body) -> dict[str, Any]:
    thread_ts = str(body.get("thread_ts", ""))
    await people.command(user, _channel(people, body), str(body["text"]), thread_ts=thread_ts)
    return {}


async def _click(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.click(user, _channel(people, body), str(body["ts"]), **_chosen(body))
    return {}


async def _click_in_view(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.click_in_view(user, str(body["view_id"]), **_chosen(body))
    return {}


async def _submit(people: People, user: str, body: Body) -> dict[str, Any]:
    view_id = str(body["view_id"])
    await people.submit(user, view_id, body.get("values", {}))
    view = people.workspace.view(view_id)
    return {"errors": dict(view.errors), "problem": view.problem} if view else {"errors": {}, "problem": ""}


async def _close(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.close(user, str(body["view_id"]), whole_stack=bool(body.get("whole_stack")))
    return {}


async def _open_home(people: People, user: str, _body: Body) -> dict[str, Any]:
    await people.open_home(user)
    return {}


async def _join(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.join(user, str(body["channel"]))
    return {}


async def _invite_bot(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.invite_bot(user, str(body["channel"]))
    return {}


async def _read(people: People, user: str, body: Body) -> dict[str, Any]:
    people.read(user, str(body["channel"]))
    return {}


async def _react(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.react(user, str(body["channel"]), str(body["ts"]), str(body["name"]))
    return {}


async def _edit(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.edit(user, _channel(people, body), str(body["ts"]), str(body["text"]))
    return {}


async def _delete(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.delete(user, _channel(people, body), str(body["ts"]))
    return {}


async def _shortcut(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.shortcut(user, _channel(people, body), str(body["ts"]), str(body["callback_id"]))
    return {}


async def _archive(people: People, user: str, body: Body) -> dict[str, Any]:
    await people.archive(user, str(body["channel"]))
    return {}


VERBS: Final[Mapping[str, Callable[[People, str, Body], Awaitable[dict[str, Any]]]]] = {
    "say": _say,
    "command": _command,
    "click": _click,
    "click_in_view": _click_in_view,
    "submit": _submit,
    "close": _close,
    "open_home": _open_home,
    "join": _join,
    "invite_bot": _invite_bot,
    "read": _read,
    "react": _react,
    "edit": _edit,
    "delete": _delete,
    "shortcut": _shortcut,
    "archive": _archive,
}


def _channel(people: People, body: Body) -> str:
    named = people.workspace.named(str(body["channel"]))
    return named.id if named else str(body["channel"])


def _content(file: Body) -> bytes:
    if "base64" in file:
        return base64.b64decode(str(file["base64"]), validate=True)
    return str(file["text"]).encode()


def _chosen(body: Body) -> dict[str, Any]:
    return {
        "action_id": str(body["action_id"]),
        "block_id": str(body.get("block_id", "")),
        "value": body.get("value", ""),
        "values": body.get("values", {}),
    }
