"""Permalinks: from the address `chat.getPermalink` gives to the message in the page."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.workspace.hub import Hub

_MICROS = 6  # digits of a ts after its point


def follow(hub: Hub, request: Request) -> Response:
    """Lead to the message's channel, or to its thread, as who one acts as; 404 if it is not there."""
    channel, digits = request.path_params["channel"], request.path_params["digits"]
    ts = f"{digits[:-_MICROS]}.{digits[-_MICROS:]}"
    message = hub.workspace.message(channel, ts)
    if message is None:
        return PlainTextResponse("This message is not there (any more).", 404)
    persons = [user.id for user in hub.workspace.users.values() if not user.is_bot]
    acting = request.cookies.get("acting", "")
    address = f"/client/{acting if acting in persons else persons[0]}/{channel}"
    return RedirectResponse(f"{address}/thread/{message.thread_ts}" if message.thread_ts else address, 303)
