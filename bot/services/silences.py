"""Silences: begun and ended by people, always with an end; what they held back and still fires opens then."""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core import silence_words
from bot.core.effect import Block, Ephemeral, Message, Post, Update
from bot.core.held import Cause, Held
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.incident import Incident
from bot.core.matching import words
from bot.core.silence import Silence
from bot.core.silence_words import MAX_PATTERN, SilenceWish
from bot.errors import InputError, StaleError, UserError
from bot.services import alerts, quiet
from bot.services.desk import Desk
from bot.services.quiet import RELEASE_JOB, Quiet
from bot.store import held_alerts, incident_alerts, incidents, outbox, silences, slots
from bot.views import silences as views
from bot.views.silence_actions import SilenceAction
from bot.views.silences import Ended
from bot.views.text import person, when

AT_ONCE = 200
"""Held alerts let go in one transaction, since others wait for it; the rest follow in the next."""


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/triage silence 2h service=rag why`; in an incident's channel the labels may be left out."""
    del key
    wish = silence_words.read(asked.text)
    if not wish.match:
        there = incidents.in_channel(session, asked.place.channel)
        wish = replace(wish, match=_like(there)) if there is not None and not there.closed else wish
    if not wish.match:
        raise InputError("No label was named, and this would silence everything.", silence_words.EXAMPLE)
    _begin(session, desk, wish, asked.by, asked.place, now)


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form behind an incident's button."""
    del desk, by, now
    incident = incidents.load(session, int(value)) if re.fullmatch(r"\d{1,9}", value) else None
    if incident is None:
        raise InputError("This control cannot be read.", "Use the newest card of the incident.")
    return views.form(incident, words(_like(incident)))


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with the labels that were entered."""
    try:
        if silence_words.labels_in(fields.get(SilenceAction.MATCH, "")):
            return {}
    except UserError as error:
        return {SilenceAction.MATCH: error.message}
    return {SilenceAction.MATCH: "Name at least one label as name=value."}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form was sent off."""
    del key
    typed = sent.fields
    wish = silence_words.read(f"{typed.get(SilenceAction.LENGTH, '')} {typed.get(SilenceAction.MATCH, '')}")
    wish = replace(wish, reason=" ".join(typed.get(SilenceAction.REASON, "").split())[:500])
    _begin(session, desk, wish, sent.by, sent.place, now)


def order_end(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/triage unsilence 3`: it ends now."""
    found = re.fullmatch(r"#?(\d{1,9})", asked.text.strip())
    if found is None:
        raise InputError(
            "Name the silence by its number.", "`/triage silences` shows them; `/triage unsilence 3`."
        )
    ended = _end(session, desk, int(found[1]), asked.by, now)
    said = Message(f"Silence {ended.id} is ended.")
    place = asked.place
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, asked.by, said, place.thread), now=now)


def press_end(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[End it now] on the silence's message."""
    del key
    if not re.fullmatch(r"\d{1,9}", press.value):
        raise InputError("This control cannot be read.", "`/triage silences` shows what is silenced.")
    _end(session, desk, int(press.value), press.by, now)


def listing(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/triage silences`: what is silenced, and the maintenance windows. Reads only."""
    del ask
    held = {cause: held_alerts.counts(session, cause) for cause in (Cause.SILENCE, Cause.WINDOW)}
    lasting = sorted(silences.lasting(session, now), key=lambda one: one.id)
    settings = desk.settings
    return views.listing(
        [(one, held[Cause.SILENCE].get(str(one.id), 0)) for one in lasting],
        [(one, held[Cause.WINDOW].get(one.name, 0)) for one in settings.incidents.windows(settings.timezone)],
        now=now,
    )


def release(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """A silence or window has ended: what it holds and still fires opens or joins an incident now."""
    cause, by = Cause(payload["cause"]), str(payload["by"])
    before = Ended(
        int(payload.get("held", 0)), int(payload.get("fire", 0)), tuple(payload.get("incidents", ()))
    )
    if cause is Cause.WINDOW:
        longer = [one for one in quiet.lasting(session, desk, now) if (one.cause, one.by) == (cause, by)]
        if longer:  # lookout.toml has prolonged it since
            quiet.plan_release(session, longer[0])
            return
        ended = _let_go(session, desk, cause, by, f"held back by maintenance window {by}", before, now)
        if ended is not None and ended.held:
            key = f"maintenance/{by}/{now.isoformat()}"
            channel = desk.settings.channels.incidents
            outbox.put(session, Post(key, channel, views.window_over(by, ended)), now=now)
        return
    silence = silences.load(session, int(by), lock=True)
    if silence is not None:
        _settle(session, desk, silence, before, now)


def _begin(session: Session, desk: Desk, wish: SilenceWish, by: str, place: Place, now: datetime) -> Silence:
    silence = silences.add(
        session,
        Silence(
            id=0,
            match=wish.match,
            by=by,
            since=now,
            until=now + wish.length,
            channel=place.channel,
            reason=wish.reason,
        ),
    )
    quiet.plan_release(session, _quiet(silence))
    said = views.begun(silence)
    for key, channel, thread in _places(session, desk, silence, place.thread):
        outbox.put(session, Post(key, channel, said, thread), now=now)
    return silence


def _end(session: Session, desk: Desk, number: int, by: str, now: datetime) -> Silence:
    silence = silences.load(session, number, lock=True)
    if silence is None:
        raise InputError(f"There is no silence {number}.", "`/triage silences` shows them.")
    if not silence.lasts(now):
        who = f" by {person(silence.ended_by)}" if silence.ended_by else ""
        at = when(silence.ended_at or silence.until, style=views.DATED)
        raise StaleError(f"Silence {number} was ended{who} at {at} already.")
    silence = replace(silence, ended_at=now, ended_by=by)
    silences.save(session, silence)
    slots.cancel(session, job=RELEASE_JOB, prefix=quiet.slot_of(_quiet(silence)))
    _settle(session, desk, silence, Ended(0, 0), now)
    return silence


def _settle(session: Session, desk: Desk, silence: Silence, before: Ended, now: datetime) -> None:
    """Let go what it held, and say in its messages what became of that once all of it is gone."""
    why = f"held back by silence {silence.id}" + (f": {silence.reason}" if silence.reason else "")
    ended = _let_go(session, desk, Cause.SILENCE, str(silence.id), why, before, now)
    if ended is None or silence.held is not None:
        return
    silences.save(session, replace(silence, held=ended.held))
    said = views.over(silence, ended, silence.ended_at or silence.until)
    for key, channel, _ in _places(session, desk, silence, None):
        outbox.put(session, Update(key, channel, said), now=now)


def _let_go(
    session: Session, desk: Desk, cause: Cause, by: str, why: str, before: Ended, now: datetime
) -> Ended | None:
    """Take in again what still fires; the rest is over. None where there is more than may go AT_ONCE.

    `before` is what was let go already; what is left over follows in a slot of its own.
    """
    incident_alerts.alone(session)
    some = held_alerts.held_by(session, cause, by, AT_ONCE)
    firing = [one for one in some if one.alert.firing]
    held_alerts.drop(session, [_key(one) for one in some if not one.alert.firing])
    # It fires as of now: a threshold counts it from the end of what held it back.
    held_alerts.save(session, [replace(one, cause=Cause.RELEASED, fired=(*one.fired, now)) for one in firing])
    numbers = alerts.receive(session, desk, [one.alert for one in firing], now=now, let_go=why)
    opened = dict.fromkeys((*before.incidents, *(f"INC-{number}" for number in numbers)))
    ended = Ended(before.held + len(some), before.fire + len(firing), tuple(opened))
    if len(some) < AT_ONCE:
        return ended
    payload = {"cause": cause.value, "by": by, **asdict(ended)}
    slot = f"{cause}/{by}/{now.isoformat()}/{ended.held}"
    slots.at(session, job=RELEASE_JOB, slot=slot, due=now, payload=payload)
    return None


def _key(held: Held) -> tuple[str, str]:
    return held.alert.source, held.alert.key


def _quiet(silence: Silence) -> Quiet:
    return Quiet(Cause.SILENCE, str(silence.id), silence.match, silence.until)


def _like(incident: Incident) -> Mapping[str, tuple[str, ...]]:
    """What the alerts of an incident have in common: metric and service, else its title."""
    read = {"metric": incident.metric, "service": incident.service}
    known = {name: _pattern(value) for name, value in read.items() if value}
    return known or {"title": _pattern(incident.title)}


def _pattern(value: str) -> tuple[str, ...]:
    """What stands for a value and can be typed."""
    cut = value if len(value) <= MAX_PATTERN else f"{value[: MAX_PATTERN - 1]}*"
    return (re.sub(r'[|"]', "*", cut),)


def _places(
    session: Session, desk: Desk, silence: Silence, thread: str | None
) -> list[tuple[str, str, str | None]]:
    """Where a silence is said: where it was asked for, and in the incidents channel, once if that is one."""
    home = desk.settings.channels.incidents
    there: list[tuple[str, str, str | None]] = [(f"silence/{silence.id}", home, None)]
    same = silence.channel in (home, outbox.channel_id(session, f"#{home.removeprefix('#')}"))
    return there if same else [(f"silence/{silence.id}/there", silence.channel, thread), *there]
