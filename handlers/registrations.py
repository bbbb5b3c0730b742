"""`POST /registrations`: a repository's CI registers a file; checked at once, stored, then worked off."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.core.effect import Message, Post
from bot.errors import SourceError, UserError
from bot.services import channel_ids, registering
from bot.services.desk import Desk
from bot.services.registering import Checked, FaultyError
from bot.store import experiments, outbox
from bot.store.database import Database
from bot.store.writer import Overloaded
from bot.views.text import escape
from handlers import json_body
from handlers.fields import Strict
from handlers.json_body import UnreadableError
from handlers.signatures import bearer
from handlers.webhooks import MAX_BODY, Hall, opened

KIND = "registrations"
SOURCE = f"{KIND}/register"
SECRET = "register"  # noqa: S105 - the name under which the secret is configured
RETRIED_AFTER = timedelta(minutes=1)
"""After so long the same file, still not on record, is tried again: what was in its way may be mended."""

_CHANNEL = re.compile(r"[CG][A-Z0-9]{4,}|#?[\w-]{1,80}")
MAX_TEXT = 262_144


@dataclass(frozen=True)
class Sent:
    """What a program sends: a file's text and name, the channel it is for, and who it says it acts for."""

    text: str
    name: str
    channel: str
    by: str


def routes(hall: Hall, db: Database, desk: Desk) -> list[Route]:
    """Return the route."""

    async def register(request: Request) -> Response:
        body = await request.body()
        if not authentic(hall, request):
            hint = (
                "Configure LOOKOUT_WEBHOOK_SECRET_REGISTER where Lookout runs, and send it as a bearer token."
            )
            return JSONResponse({"error": "unauthorized", "path": "", "hint": hint}, 401)
        try:
            sent = read(body)
        except UnreadableError as error:
            return JSONResponse({"error": error.error, "path": error.path, "hint": error.hint}, 422)
        answer = await asyncio.to_thread(_judged, db, desk, sent)
        return answer if isinstance(answer, JSONResponse) else await _store(hall, answer)

    return [Route("/registrations", register, methods=["POST"], max_body_size=MAX_BODY)]


def authentic(hall: Hall, request: Request) -> bool:
    """`Authorization: Bearer` with the configured token; without one only a demo's loopback may."""
    secret = hall.settings.webhook_secrets.get(SECRET)
    return opened(hall, request) if secret is None else bearer(request.headers, secret.get_secret_value())


def read(body: bytes) -> Sent:
    """Read the body: {text, name, channel?, by?}.

    Raises:
        UnreadableError: with the JSON pointer of what is missing or of the wrong kind.

    """
    payload = json_body.parse(body)
    fields = Strict(payload)
    text = payload.get("text") if isinstance(payload, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise UnreadableError("text is missing or empty", "/text", 'Send the YAML as "text".')
    if len(text) > MAX_TEXT:
        raise UnreadableError(f"text has {len(text)} characters", "/text", f"Send at most {MAX_TEXT}.")
    channel = fields.text("channel")
    if channel and not _CHANNEL.fullmatch(channel):
        raise UnreadableError(f"channel is {channel!r}", "/channel", "Send a channel's id, or its #name.")
    return Sent(text, fields.text("name") or "registration.yaml", channel, fields.text("by"))


def work(session: Session, desk: Desk, payload: Mapping[str, Any], key: str, now: datetime) -> None:
    """Register what was stored; what is wrong by now is said in the channel, since nobody waits for it."""
    channel = str(payload["channel"])
    try:
        checked = registering.check(desk, payload["text"], payload["name"])
        there = experiments.load(session, checked.registration.id)
        if there is not None and there.sha256 == checked.sha256:
            return  # somebody was quicker
        with session.begin_nested():
            registered = registering.register(
                session, desk, text=payload["text"], name=payload["name"], by="", channel=channel, now=now
            )
    except UserError as error:
        said = f"CI could not register {escape(payload['name'], 150)}: {error.message} {error.hint}"
        outbox.put(session, Post(f"{key}/ci", channel, Message(said)), now=now)
        return
    if payload.get("by"):
        said = f"Sent by CI, for {escape(payload['by'], 150)} as it says."
        thread = f"experiment/{registered.id}/card"
        outbox.put(session, Post(f"{key}/ci", channel, Message(said), thread), now=now)


def _judged(db: Database, desk: Desk, sent: Sent) -> JSONResponse | dict[str, Any]:
    """What is known at once: faults, that it is on record already, no such channel; else what to store."""
    try:
        checked = registering.check(desk, sent.text, sent.name)
    except FaultyError as error:
        findings = [one.to_json() for one in error.findings]
        problem = {"error": f"{sent.name} has errors", "path": "/text", "hint": error.hint}
        return JSONResponse(problem | {"findings": findings}, 422)
    with db.read() as session:
        known = _known(session, checked)
    if known is not None:
        return known
    wanted = sent.channel or desk.settings.channels.launches
    reference = wanted if re.fullmatch(r"#.*|[CG][A-Z0-9]{4,}", wanted) else f"#{wanted}"
    try:
        channel = channel_ids.resolve(db, desk, reference)
    except SourceError as error:
        return JSONResponse({"error": f"{error}", "path": "/channel", "hint": "Send it again."}, 503)
    if channel is None:
        hint = "Create it, invite Lookout where it is private, or send another channel."
        return JSONResponse(
            {"error": f"no channel {reference} is there", "path": "/channel", "hint": hint}, 422
        )
    stored = {"text": sent.text, "name": sent.name, "channel": channel, "by": sent.by}
    return {"stored": stored, "id": checked.registration.id, "sha256": checked.sha256}


def _known(session: Session, checked: Checked) -> JSONResponse | None:
    """The answer where the id is on record: the same content is fine, a change is an amendment."""
    name, hashed = checked.registration.id, checked.sha256
    there = experiments.load(session, name)
    if there is None:
        return None
    said = {"experiment": name, "sha256": hashed}
    if there.sha256 == hashed:
        return JSONResponse({**said, "duplicate": True, "registered": True}, 200)
    in_force = f"{name} is registered with other content ({there.sha256[:12]}…, this is {hashed[:12]}…)"
    if experiments.of_hash(session, name, hashed) is not None:
        problem, hint = f"{name} was amended since: this is an earlier version", "Bring the file up to date."
    elif experiments.proposed(session, name, hashed) is not None:
        problem = f"{in_force}; this change is proposed as an amendment"
        hint = "It is in force once it is signed in Slack."
    else:
        problem = in_force
        hint = f"Propose the change with `/experiment amend {name}` in Slack, or give this one a new id."
    return JSONResponse({**said, "error": problem, "path": "/text", "hint": hint}, 409)


async def _store(hall: Hall, judged: dict[str, Any]) -> JSONResponse:
    said = {"experiment": judged["id"], "sha256": judged["sha256"], "registered": False}
    try:
        stored = await hall.writer.put(
            source=SOURCE,
            key=f"{judged['id']}:{judged['sha256']}",
            body=json.dumps(judged["stored"]),
            headers={},
            now=hall.clock(),
            repeat_after=RETRIED_AFTER,
        )
    except Overloaded:
        return JSONResponse({"error": "cannot store now", "path": "", "hint": "Send it again."}, 503)
    hall.wake()
    answer = {"id": stored.id, "duplicate": stored.duplicate, **said}
    return JSONResponse(answer, 200 if stored.duplicate else 202)
