"""Who is on call, asked of the service that keeps the schedules; one adapter a kind of service."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from bot.core.duty import Duty
from bot.errors import SourceError
from bot.settings.oncall import OnCallSource
from bot.sources import oncall_grafana, oncall_opsgenie, oncall_pagerduty
from bot.sources.oncall_service import Service

AHEAD = timedelta(hours=48)
"""How far ahead shifts are asked for: they count when the service does not answer at the handoff."""
MOST_DUTIES = 200


class Adapter(Protocol):
    """What a module of a kind of service offers."""

    NAME: str

    def headers(self, token: str) -> Mapping[str, str]:
        """What proves who asks."""
        ...

    def duties(self, service: Service, schedule: str, since: datetime, until: datetime) -> list[Duty]:
        """Who is on call in a schedule. Raises SourceError."""
        ...


ADAPTERS: Mapping[str, Adapter] = {
    "pagerduty": oncall_pagerduty,
    "opsgenie": oncall_opsgenie,
    "grafana": oncall_grafana,
}


def name(kind: str) -> str:
    """What people call a kind of service."""
    return ADAPTERS[kind].NAME


def ask(
    source: OnCallSource, token: str, *, now: datetime, transport: httpx.BaseTransport | None = None
) -> tuple[Duty, ...]:
    """Ask for every schedule, in order; a person's address is translated as configured.

    Raises:
        SourceError: one of them cannot be had: then none counts, since half a line is no line.

    """
    adapter = ADAPTERS[source.kind]
    if not token:
        raise SourceError("LOOKOUT_ONCALL_TOKEN is not set")
    if not (token.isascii() and token.isprintable()):
        raise SourceError("LOOKOUT_ONCALL_TOKEN has a character that no token has: copy it again")
    found: list[Duty] = []
    with Service(
        adapter.NAME,
        source.address,
        adapter.headers(token),
        timeout=source.timeout_seconds,
        transport=transport,
    ) as service:
        for schedule in source.schedules:
            found += adapter.duties(service, schedule, now, now + AHEAD)[:MOST_DUTIES]
    known = {one.lower(): reference for one, reference in source.people.items()}
    return tuple(
        replace(one, person=known.get(one.person.lower(), known.get(one.name.lower(), one.person)))
        for one in found
    )
