"""Opsgenie: GET /v2/schedules/ID/on-calls, https://docs.opsgenie.com/docs/who-is-on-call-api"""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.core.duty import Duty
from bot.sources.oncall_service import Service, inner, part

NAME = "Opsgenie"


def headers(token: str) -> Mapping[str, str]:
    """Of an API integration's key."""
    return {"Authorization": f"GenieKey {token}"}


def duties(service: Service, schedule: str, since: datetime, until: datetime) -> list[Duty]:
    """Who is on call in a schedule at `since`, by id or name; Opsgenie does not say until when."""
    del until
    kind = "id" if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", schedule) else "name"
    query = [
        ("scheduleIdentifierType", kind),
        ("flat", "true"),
        ("date", since.isoformat(timespec="seconds")),
    ]
    answer = service.get(f"/v2/schedules/{part(schedule)}/on-calls", query)
    recipients = inner(answer, "data").get("onCallRecipients")
    named = recipients if isinstance(recipients, list) else []
    people = [one.strip()[:200] for one in named if isinstance(one, str) and one.strip()]
    return [Duty(schedule, one if "@" in one else "", one) for one in dict.fromkeys(people)]
