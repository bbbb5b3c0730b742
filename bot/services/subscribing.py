"""Subscriptions by which alerts come: confirmed once, by a durable job, and said in the ops channel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post
from bot.core.sns import Subscription
from bot.services.desk import Desk
from bot.store import outbox, slots
from bot.store.slots import Finish
from bot.views import text

CONFIRM_JOB = "alerts.confirm"


def heard(session: Session, desk: Desk, said: Subscription, key: str, now: datetime) -> None:
    """SNS asks to confirm a subscription, or says that one has ended; `key` names the delivery."""
    topic = text.escape(said.topic, 300)
    if said.ended:
        _tell(session, desk, key, f"⚠ {topic} sends no more alarms: its subscription has ended.", now)
    elif not said.url:
        what = f"⚠ {topic} asks to be confirmed at an address that is not Amazon's; nobody was asked."
        _tell(session, desk, key, what, now)
    else:
        payload = {"url": said.url, "topic": said.topic, "key": key}
        slots.at(session, job=CONFIRM_JOB, slot=key, due=now, payload=payload)


def confirm(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Confirm a subscription; raises SourceError, and is then tried again, where SNS does not answer."""
    from bot.sources import sns

    sns.confirm(str(payload["url"]))
    said = f"Alarms of {text.escape(str(payload['topic']), 300)} come to Lookout from now on."
    return lambda session: _tell(session, desk, str(payload["key"]), said, now)


def _tell(session: Session, desk: Desk, key: str, said: str, now: datetime) -> None:
    outbox.put(session, Post(f"{key}/subscription", desk.settings.channels.ops, text.message(said)), now=now)
