"""The HTTP face of the Web API: reading calls, faults, limits, and writing Slack's answers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.workspace.api import METHODS
from bot.workspace.api.call import ApiError, Call
from bot.workspace.bodies import body_of, parts_of
from bot.workspace.faults import Fault
from bot.workspace.hub import Called, Hub
from bot.workspace.permalink import follow
from bot.workspace.uploads import download, receive_upload, respond

LARGEST_CALL: Final = 4 * 1024 * 1024  # bytes of a Web API call


@dataclass(frozen=True)
class Outcome:
    """What a call comes to."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def routes(hub: Hub) -> list[BaseRoute]:
    """The Web API, the upload and download URLs, response_urls, permalinks and Socket Mode."""

    async def api(request: Request) -> Response:
        return await _serve(hub, request)

    async def upload(request: Request) -> Response:
        return await with_fault(hub, request, "upload", receive_upload)

    async def response_url(request: Request) -> Response:
        return await with_fault(hub, request, "response_url", respond)

    async def file(request: Request) -> Response:
        return download(hub, request)

    async def archive(request: Request) -> Response:
        return follow(hub, request)

    return [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/upload/{file_id}", upload, methods=["POST", "PUT"]),
        Route("/response/{key}", response_url, methods=["POST"]),
        Route("/files/{file_id}/{name:path}", file, methods=["GET"]),
        Route("/archives/{channel}/p{digits}", archive, methods=["GET"]),
        WebSocketRoute("/link", hub.socket_mode.link),
    ]


async def with_fault(hub: Hub, request: Request, name: str, serve: Any) -> Response:
    """Serve something that is not a Web API method, with its faults."""
    fault = hub.faults.take(name)
    refused = await _before(fault)
    if refused is not None:
        return _response(refused)
    response: Response = await serve(hub, request)
    return _lost(hub, request) if fault is not None and fault.then_fail else response


async def _serve(hub: Hub, request: Request) -> Response:
    method = request.path_params["method"]
    try:
        args, token = await _arguments(request)
    except ApiError as refused:
        return _response(_refusal(refused))
    fault = hub.faults.take(method)
    outcome = await _before(fault)
    if outcome is None:
        outcome = answer(hub, method, args, token)
    error = str(outcome.body.get("error", ""))
    status = outcome.status
    lost = fault is not None and fault.then_fail
    hub.calls.append(Called(hub.workspace.clock.now(), method, dict(args), 0 if lost else status, error))
    return _lost(hub, request) if lost else _response(outcome)


def answer(hub: Hub, method: str, args: Mapping[str, Any], token: str) -> Outcome:
    """What Slack answers to a call."""
    try:
        return Outcome({"ok": True, **_run(hub, method, args, token)})
    except ApiError as error:
        return _refusal(error)


def _run(hub: Hub, method: str, args: Mapping[str, Any], token: str) -> dict[str, Any]:
    known = METHODS.get(method)
    if known is None:
        hub.workspace.warn(f"The app called {method}, which this workspace does not know.")
        raise ApiError("unknown_method", req_method=method)
    if method != "api.test":
        _authenticate(hub, method, token)
    wait = hub.rates.call(method, known.tier, token)
    if wait:
        hub.workspace.warn(f"{method} is called too often; the app must wait {wait} s.")
        raise ApiError("ratelimited", retry_after=wait)
    manifest = hub.installation.manifest
    if not manifest.allows(*known.scopes):
        hub.workspace.warn(f"{method} needs the scope {known.scopes[0]}.")
        provided = ",".join(sorted(manifest.scopes or ()))
        raise ApiError("missing_scope", needed=known.scopes[0], provided=provided)
    return known.run(Call(hub, method, args, token))


def _authenticate(hub: Hub, method: str, token: str) -> None:
    if not token:
        raise ApiError("not_authed")
    kind = hub.installation.kind_of(token)
    if kind is None:
        raise ApiError("invalid_auth")
    if kind != ("app" if method == "apps.connections.open" else "bot"):
        raise ApiError("not_allowed_token_type")


def _refusal(error: ApiError) -> Outcome:
    if error.code == "ratelimited":
        wait = str(error.more["retry_after"])
        return Outcome({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": wait})
    return Outcome({"ok": False, "error": error.code, **error.more})


async def _before(fault: Fault | None) -> Outcome | None:
    if fault is None:
        return None
    if fault.slow:
        await asyncio.sleep(fault.slow)
    if fault.status:
        return Outcome({}, fault.status)
    if fault.retry_after is not None:
        return _refusal(ApiError("ratelimited", retry_after=fault.retry_after))
    return _refusal(ApiError(fault.error)) if fault.error else None


def _response(outcome: Outcome) -> Response:
    headers = dict(outcome.headers)
    if not outcome.body:
        return Response(b"", outcome.status, headers, media_type="text/html")
    return JSONResponse(outcome.body, outcome.status, headers, media_type="application/json; charset=utf-8")


def _lost(hub: Hub, request: Request) -> Response:
    if request.client is not None:
        hub.abort((request.client.host, request.client.port))
    return Response(b"", 502)


async def _arguments(request: Request) -> tuple[dict[str, Any], str]:
    args: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    from_header = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if kind == "application/json":
        args.update(_json_object(await body_of(request, LARGEST_CALL)))
        return {name: value for name, value in args.items() if name != "token"}, from_header
    if kind == "multipart/form-data":
        args.update(await parts_of(request, LARGEST_CALL))
    else:
        body = (await body_of(request, LARGEST_CALL)).decode("utf-8", "replace")
        args.update(parse_qsl(body, keep_blank_values=True))
    token = from_header or str(args.get("token", ""))
    return {name: value for name, value in args.items() if name != "token"}, token


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiError("invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError("json_not_object")
    return value
