"""Where a launch lives: it moves to another channel, and what an archived one refuses is said elsewhere."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.claimed import Claimed
from bot.core.effect import Effect, Message, Pin, Post, Update, Upload
from bot.core.inbound import Order
from bot.core.launch import Kind, Launch
from bot.core.permission import Act
from bot.errors import InputError
from bot.services import digests, launch_cards, launches, permissions
from bot.services.desk import Desk
from bot.store import experiments, outbox
from bot.views import homes as views
from bot.views.text import escape

REFUSALS = frozenset({"is_archived", "channel_not_found", "channel_is_archived"})
"""What Slack says where nothing can be posted any more."""

PLANNED = ["look", "planned"]
"""How the keys of planned looks begin: the experiment comes after it. In all others it comes second."""


def here(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/experiment here [ID]`: the launch's home is this channel from now on."""
    del key
    permissions.require(session, desk, order.by, Act.CONFIGURE)
    before = _meant(session, order.place.channel, order.text)
    channel = order.place.channel
    if before.channel == channel:
        raise InputError(f"`{before.id}` lives in this channel already.", "Nothing was changed.")
    launch, entry = launches.note(
        session, before.id, Kind.MOVED, by=order.by, body={"channel": channel}, now=now
    )
    shown = launch_cards.card(session, desk, launch, now=now)
    outbox.put(session, Post(launch.card, channel, shown), now=now)
    if launch.locked_at is not None:
        outbox.put(session, Pin(launch.card, channel), now=now)
    outbox.put(
        session,
        Post(f"launch/{launch.id}/{entry.number}/moved", channel, views.arrived(before, entry), launch.card),
        now=now,
    )
    outbox.put(session, Update(before.card, before.channel, views.moved(before, channel, entry)), now=now)


def elsewhere(session: Session, desk: Desk, claimed: Claimed, reason: str, now: datetime) -> bool:
    """Say in the launches' channel what a launch's archived one refused; whether that, or less, was enough.

    Called when an effect is given up. An edit or a pin has nothing to be said elsewhere. One note tells the
    ops channel of each archived channel, however much it refuses.
    """
    effect, settings = claimed.effect, desk.settings.channels
    if reason not in REFUSALS or _same(session, claimed.lane, settings.launches):
        return False
    if _digest_of(session, effect):
        return _note(session, desk, views.unsubscribed(claimed.lane, settings.launches), claimed, now)
    experiment = _experiment(session, effect)
    if not experiment:
        return False
    if isinstance(effect, Post | Upload):
        outbox.redirect(
            session, claimed, _redirected(effect, settings.launches, claimed.lane, experiment), now=now
        )
    elif not isinstance(effect, Update | Pin):
        return False
    return _note(session, desk, views.archived(claimed.lane, settings.launches, experiment), claimed, now)


def _redirected(effect: Post | Upload, channel: str, archived: str, experiment: str) -> Effect:
    if isinstance(effect, Upload):
        return replace(effect, channel=channel, thread=None)
    said = views.instead_of(effect.message, archived, experiment)
    return replace(effect, channel=channel, thread=None, broadcast=False, message=said)


def _note(session: Session, desk: Desk, said: Message, claimed: Claimed, now: datetime) -> bool:
    ops = desk.settings.channels.ops
    if not _same(session, claimed.lane, ops):
        outbox.put(session, Post(f"archived/{claimed.lane}", ops, said), now=now)
    return True


def _experiment(session: Session, effect: Effect) -> str:
    """The experiment that an effect's key names; empty where it is about none."""
    parts = str(getattr(effect, "key", "")).split("/")
    name = next(iter(parts[2 if parts[:2] == PLANNED else 1 :]), "")
    return name if name and experiments.original(session, name) is not None else ""


def _digest_of(session: Session, effect: Effect) -> bool:
    """Whether it is a digest; its channel gets no more of them."""
    if not isinstance(effect, Post) or not effect.key.startswith("digest/"):
        return False
    for digest in ("daily", "weekly"):
        digests.end(session, effect.channel, digest)
    return True


def _same(session: Session, one: str, other: str) -> bool:
    return one == other or (outbox.channel_id(session, one) or one) == (
        outbox.channel_id(session, other) or other
    )


def _meant(session: Session, channel: str, typed: str) -> Launch:
    """The launch of that id, else the only one that goes on in another channel."""
    word = typed.strip()
    if word:
        return launches.load(session, word)
    others = [one for one in launches.running(session) if one.channel != channel]
    if len(others) == 1:
        return launches.load(session, others[0].id)
    if not others:
        raise InputError("No launch that goes on lives in another channel.", launches.known(session))
    names = ", ".join(f"`{escape(one.id, 80)}`" for one in others[:20])
    raise InputError(
        f"{len(others)} launches live elsewhere: {names}.", "Name the one: `/experiment here ID`."
    )
