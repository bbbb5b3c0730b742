"""`/changes [since] [service=…]`: the change log, page by page. Reads only."""

import re
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.core.change import ChangeKind
from bot.core.effect import Ephemeral, Message
from bot.core.inbound import Ask, Press
from bot.core.typed_time import moment
from bot.errors import InputError
from bot.services.desk import Desk
from bot.store import change_sources, changes, incidents, outbox
from bot.views import change_log as views
from bot.views.change_log import Asked
from bot.views.text import escape

USUAL = timedelta(hours=24)
_FILTERS = ("service", "kind", "source")
_FILTER = re.compile(r"\b(service|kind|source)\s*[=:]\s*(\"[^\"]*\"|\S+)", re.IGNORECASE)


def answer(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """The first page of what was asked for.

    Raises:
        InputError: a time, a kind or a filter that is not known; with what was read and how to write it.

    """
    return show(session, read(ask.about, desk, now))


def turn(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Older], [Newer]: another page, for whoever turned it."""
    said = show(session, Asked.decode(press.value, desk.settings.zone))
    place = press.place
    outbox.put(session, Ephemeral(f"{key}/changes", place.channel, press.by, said, place.thread), now=now)


def read(text: str, desk: Desk, now: datetime) -> Asked:
    """What is asked for: `2h service=reranker`, `3d kind=prompt`, `2026-11-20`, nothing for a day."""
    named = {found[1].lower(): found[2].strip('"') for found in _FILTER.finditer(text)}
    rest = " ".join(_FILTER.sub(" ", text).split())
    rest = re.sub(r"^(since|from|last)\s+", "", rest, flags=re.IGNORECASE)
    if "=" in rest:
        hint = f"Filters are {', '.join(f'{name}=…' for name in _FILTERS)}."
        raise InputError(f"Read `{escape(rest, 60)}`, which is no filter I know.", hint)
    since = moment(rest, now=now, zone=desk.settings.zone) if rest else now - USUAL
    if since > now:
        raise InputError(
            f"Read `{escape(rest, 60)}`, which is still to come.", "Changes are shown since a time."
        )
    kind = named.get("kind", "").lower().replace("-", "_")
    if kind and kind not in set(ChangeKind):
        known = ", ".join(ChangeKind)
        raise InputError(f"There is no kind of change “{escape(kind, 40)}”.", f"Kinds: {known}.")
    for name in ("service", "source"):
        if len(named.get(name, "")) > 200:
            raise InputError(f"The {name} has more than 200 characters.", "Write its name.")
    return Asked(since, now, named.get("service", ""), kind, named.get("source", ""))


def show(session: Session, asked: Asked) -> Message:
    """A page, with the incidents that began in its time and the sources that cannot be read."""
    kinds = [ChangeKind(asked.kind)] if asked.kind else []
    logged, total = changes.page(
        session,
        start=asked.since.astimezone(UTC),
        end=asked.until.astimezone(UTC),
        service=asked.service,
        kinds=kinds,
        source=asked.source,
        skip=asked.skip,
        most=views.PAGE,
    )
    if asked.service and not total:
        _require_known(session, asked.service)
    began = [one for one in incidents.open_ones(session, limit=20) if not one.drill]
    failing = [one for one in change_sources.readings(session) if one.failing_since is not None]
    return views.page(asked, logged, total, began, failing)


def _require_known(session: Session, service: str) -> None:
    """Raise InputError for a service that no change ever named, with those that were."""
    known = changes.services(session)
    if known and service.lower() not in {name.lower() for name in known}:
        listed = ", ".join(escape(name, 40) for name in known[:15])
        more = f" and {len(known) - 15} more" if len(known) > 15 else ""
        raise InputError(
            f"No change ever named the service “{escape(service, 60)}”.", f"Known: {listed}{more}."
        )
