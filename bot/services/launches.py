"""Launches from the ledger: read with its lock held, added to, and found by what a person typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.launch import Kind, Launch
from bot.core.launch_steps import so_far
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.errors import InputError
from bot.services import home_news
from bot.services.look_record import registration_of
from bot.services.witnessing import witnessed
from bot.store import experiments, ledger
from bot.views.text import escape


def load(session: Session, experiment: str) -> Launch:
    """The launch, with the ledger locked until the transaction ends: what it says stays true in it.

    Raises InputError when there is none of that id.
    """
    ledger.lock(session)
    return read(session, experiment)


def read(session: Session, experiment: str) -> Launch:
    """The launch as it is now, for showing only. Raises InputError when there is none of that id."""
    entries = ledger.of(session, experiment)
    if not entries or entries[0].kind != Kind.REGISTERED:
        raise InputError(f"No experiment `{escape(experiment, 80)}` is registered.", known(session))
    return so_far(entries)


def note(
    session: Session, experiment: str, kind: Kind, *, by: str, body: Mapping[str, Any], now: datetime
) -> tuple[Launch, Entry]:
    """Write an entry; the launch after it, and the entry.

    One that stands for a registration, an amendment or a revision stored just before seals that row.
    """
    body = {**body, **witnessed(session, experiment, kind)}
    entry = ledger.append(session, kind=kind, subject=experiment, by=by, body=body, now=now)
    home_news.changed(session, now)
    return so_far(ledger.of(session, experiment)), entry


def registration(session: Session, launch: Launch) -> Registration:
    """The registration in force."""
    registered = experiments.load(session, launch.id)
    if registered is None:
        raise InputError(f"No experiment `{escape(launch.id, 80)}` is registered.", known(session))
    return registration_of(registered)


def running(session: Session) -> list[Launch]:
    """Every launch that still goes on, by id."""
    every = (so_far(ledger.of(session, one)) for one in ledger.subjects(session, Kind.REGISTERED))
    return [launch for launch in every if launch.open]


def meant(session: Session, channel: str, text: str) -> tuple[Launch, str]:
    """The launch that a person means, and the rest of what was typed.

    The first word, where it is an experiment's id; else the only one of the channel that goes on, else the
    only one of the channel. Raises InputError when none or several can be meant.
    """
    word, _, rest = text.strip().partition(" ")
    if word and experiments.original(session, word) is not None:
        return load(session, word), rest.strip()
    ledger.lock(session)
    here = in_channel(session, channel)
    candidates = [one for one in here if one.open] or here
    if len(candidates) == 1:
        return candidates[0], text.strip()
    if not candidates:
        raise InputError("No experiment is registered in this channel.", known(session))
    names = ", ".join(f"`{one.id}`" for one in candidates)
    raise InputError(f"This channel has {len(candidates)} experiments: {names}.", "Name the one you mean.")


def in_channel(session: Session, channel: str) -> list[Launch]:
    """The launches whose home is this channel, newest first."""
    registered = [one.id for one in experiments.in_channel(session, channel)]
    moved = [one.subject for one in ledger.of_kind(session, Kind.MOVED) if one.body["channel"] == channel]
    every = [read(session, one) for one in dict.fromkeys([*registered, *moved])]
    here = [one for one in every if one.channel == channel]
    return sorted(here, key=lambda one: one.registered_at, reverse=True)


def known(session: Session) -> str:
    """The experiments there are, for an error's hint."""
    names = ", ".join(f"`{one.id}`" for one in experiments.everywhere(session))
    return f"Registered: {names}." if names else "Nothing is registered yet: `/experiment register`."
