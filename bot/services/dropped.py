"""A YAML file dropped into a channel: where it is a registration, anybody may have it registered.

A portfolio is offered to be imported likewise (`bot.services.quarter_dropped`).

A file that is none is passed over in silence, and so is one that somebody registers by mentioning Lookout
beside it: that says for itself what came of it.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.chat.download import MAX_BYTES, download
from bot.chat.file_info import FileInfo, file_info
from bot.core.effect import Ephemeral, Message, Post, Update
from bot.core.inbound import Dropped, Press
from bot.core.strict_yaml import parse
from bot.errors import InputError, StaleError
from bot.services import amending_form, quarter_dropped, quarter_import, registering
from bot.services.desk import Desk
from bot.services.registering import Checked, FaultyError
from bot.store import blobs, experiments, outbox, slots
from bot.store.slots import Finish
from bot.views import dropped as views
from bot.views import findings_card
from bot.views.dropped import Offered

DROPPED_JOB = "experiment.dropped"
REGISTERED_BY_MENTION = "experiment.file"
"""The job that registers a file attached to a mention; its payload has the file's `url`."""

SETTLES = timedelta(seconds=3)
"""How long a mention beside the file may take to arrive: Slack tells of both, in any order."""

_NAMED = re.compile(r"\.ya?ml$", re.IGNORECASE)
_OURS = (
    re.compile(r"^[\"']?primary[\"']?\s*:", re.MULTILINE),
    re.compile(r"^[\"']?metrics[\"']?\s*:", re.MULTILINE),
)


def noticed(session: Session, seen: Dropped, key: str, now: datetime) -> None:
    """Have the file looked into."""
    payload = {"by": seen.by, "channel": seen.place.channel, "file": seen.file, "key": key}
    slots.at(session, job=DROPPED_JOB, slot=key, due=now + SETTLES, payload=payload)


def look_into(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Ask Slack about the file, read it if it is YAML, and return what is to be said.

    Raises SourceError when Slack cannot be asked; it is tried again.
    """
    settings = desk.settings
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    info = file_info(payload["file"], payload["channel"], token=token, api_url=settings.slack_api_url)
    if info is None or not _NAMED.search(info.name):
        return _nothing
    try:
        text = _text(info, token, settings.slack_api_url)
    except InputError as error:
        reason = f"{error.message} {error.hint}"
        return lambda session: _whisper(session, info, payload, reason, now)
    portfolio = quarter_dropped.seen(text, info.name)
    if portfolio is not None:
        return lambda session: _say_portfolio(session, info, portfolio, payload, now)
    return lambda session: _say(session, desk, info, text, payload, now)


def register(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Register]: put on record what the offer was made for, whatever became of the file since."""
    del key
    offered = Offered.decode(press.value)
    try:
        text = blobs.get(session, offered.blob).decode("utf-8", "surrogatepass")
    except KeyError:
        raise StaleError("What was offered here is no longer kept.", "Drop the file again.") from None
    place = press.place
    registered = registering.register(
        session, desk, text=text, name=offered.name, by=press.by, channel=place.channel, now=now
    )
    said = views.registered(offered.name, registered.registered_by)
    outbox.put(session, Update(offered.key, place.channel, said), now=now)


def leave(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Not now]: the offer goes, and says who waved it away."""
    del desk, key
    offered = Offered.decode(press.value)
    said = views.left(offered.name, press.by)
    outbox.put(session, Update(offered.key, press.place.channel, said), now=now)


def _text(info: FileInfo, token: str, api_url: str) -> str:
    if info.size > MAX_BYTES:
        raise InputError(
            f"it has {info.size // 1024:,} KB, and a registration has at most {MAX_BYTES // 1024}.", ""
        )
    return download(info.url, token=token, api_url=api_url)


def _say(
    session: Session, desk: Desk, info: FileInfo, text: str, payload: Mapping[str, Any], now: datetime
) -> None:
    if (
        _mentioned(session, info)
        or outbox.is_upload(session, info.id)
        or not _is_registration(text, info.name)
    ):
        return
    key = f"dropped/{info.id}/{payload['key']}"
    try:
        checked = registering.check(desk, text, info.name)
    except FaultyError as error:
        said = findings_card.card(
            info.name,
            error.findings,
            done=error.done,
            said=f"{error.message}{error.hint}",
            source=error.text,
        )
    else:
        said = _offer(session, checked, Offered(key, _kept(session, text), info.name))
    thread = info.message or None
    outbox.put(session, Post(key, payload["channel"], said, thread), now=now)


def _say_portfolio(
    session: Session, info: FileInfo, found: quarter_dropped.Seen, payload: Mapping[str, Any], now: datetime
) -> None:
    if _mentioned(session, info) or outbox.is_upload(session, info.id):
        return
    key = f"dropped/{info.id}/{payload['key']}"
    said = quarter_dropped.answer(session, found, key)
    outbox.put(session, Post(key, payload["channel"], said, info.message or None), now=now)


def _mentioned(session: Session, info: FileInfo) -> bool:
    """Whether the file came with a mention that registers, amends or imports with it."""
    every = (
        one
        for job in (REGISTERED_BY_MENTION, amending_form.JOB, quarter_import.JOB)
        for one in slots.kept(session, job=job, prefix="")
    )
    return any(one.payload.get("url") == info.url for one in every)


def _offer(session: Session, checked: Checked, offered: Offered) -> Message:
    registration = checked.registration
    there = experiments.load(session, registration.id)
    if there is not None and there.sha256 == checked.sha256:
        return views.known(registration, checked.sha256)
    if there is not None:
        return views.differs(registration, checked.sha256, there.sha256)
    warnings = [f"{one['code']} {one['message']}" for one in checked.warnings]
    return views.offer(registration, warnings, offered)


def _kept(session: Session, text: str) -> str:
    return blobs.put(session, text.encode("utf-8", "surrogatepass"), "text/yaml")


def _is_registration(text: str, name: str) -> bool:
    """Whether somebody meant it as one: it has a primary and metrics, however faulty the rest is."""
    try:
        data = parse(text, name=name).data
    except InputError:
        return all(pattern.search(text) for pattern in _OURS)
    return isinstance(data, dict) and "primary" in data and "metrics" in data


def _whisper(
    session: Session, info: FileInfo, payload: Mapping[str, Any], reason: str, now: datetime
) -> None:
    """A file nobody can read concerns who dropped it, not the channel."""
    if outbox.is_upload(session, info.id):
        return
    said = views.unreadable(info.name, reason)
    key = f"dropped/{info.id}/{payload['key']}"
    effect = Ephemeral(key, payload["channel"], payload["by"], said, info.message or None)
    outbox.put(session, effect, now=now)


def _nothing(_session: Session) -> None:
    return
