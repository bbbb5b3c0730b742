"""`POST /slack/events`: everything Slack sends in HTTP mode, its signature verified before Bolt reads it.

Verified here because Bolt answers 500 to a timestamp or signature that is not ASCII digits and hex, and to a
body that is not what its content type says, and logs the body of a request that fails.
"""

import hmac
import json
from hashlib import sha256
from urllib.parse import parse_qs

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.clock import Clock

MAX_BODY = 1_048_576
MAX_AGE_SECONDS = 300


def routes(app: AsyncApp, signing_secret: str, clock: Clock) -> list[Route]:
    """Return the route; `app` must not verify again."""
    handler = AsyncSlackRequestHandler(app)

    async def slack(request: Request) -> Response:
        body = await request.body()
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not verified(signing_secret, stamp, signature, body, clock().timestamp()):
            return JSONResponse({"error": "unauthorized", "hint": "Check SLACK_SIGNING_SECRET."}, 401)
        if not readable(request.headers.get("content-type", ""), body):
            return JSONResponse({"error": "not a request of Slack's", "hint": "Send what Slack sends."}, 400)
        return await handler.handle(request)

    return [Route("/slack/events", slack, methods=["POST"], max_body_size=MAX_BODY)]


def verified(secret: str, stamp: str, signature: str, body: bytes, now: float) -> bool:
    """Whether `signature` is Slack's for `body`, and `stamp` (unix seconds) at most five minutes from `now`.

    Source: Slack, "Verifying requests from Slack": v0= HMAC-SHA256 over v0:timestamp:body.
    """
    if not (stamp.isascii() and stamp.isdigit() and signature.isascii()):
        return False
    if len(stamp) > 12 or abs(now - int(stamp)) > MAX_AGE_SECONDS:
        return False
    digest = hmac.new(secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), sha256).hexdigest()
    return hmac.compare_digest(f"v0={digest}", signature)


def readable(kind: str, body: bytes) -> bool:
    """Whether `body` is a JSON object, or a form whose `payload`, if there is one, holds a JSON object."""
    try:
        text = body.decode("utf-8")
        if kind.startswith("application/json") or text.startswith("{"):
            return isinstance(json.loads(text), dict)
        form = parse_qs(text)
        return isinstance(json.loads(form["payload"][0]), dict) if "payload" in form else bool(form)
    except (ValueError, RecursionError):
        return False
