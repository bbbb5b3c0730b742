"""PagerDuty: GET /oncalls, https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.duty import Duty
from bot.sources.oncall_service import MOST_PAGES, Service, inner, moment, objects, text

NAME = "PagerDuty"


def headers(token: str) -> Mapping[str, str]:
    """Of a REST API token."""
    return {"Authorization": f"Token token={token}", "Accept": "application/vnd.pagerduty+json;version=2"}


def duties(service: Service, schedule: str, since: datetime, until: datetime) -> list[Duty]:
    """Who is on call in a schedule from `since` to `until`: one entry a person and stretch.

    The same stretch comes once for every escalation policy that uses the schedule.
    """
    found: dict[Duty, None] = {}
    for page in range(MOST_PAGES):
        answer = service.get(
            "/oncalls",
            [
                ("schedule_ids[]", schedule),
                ("include[]", "users"),
                ("since", since.isoformat()),
                ("until", until.isoformat()),
                ("limit", "100"),
                ("offset", str(100 * page)),
            ],
        )
        for entry in objects(answer.get("oncalls")):
            user = inner(entry, "user")
            person, name = text(user, "email"), text(user, "name") or text(user, "summary")
            found[Duty(schedule, person, name, moment(entry, "start"), moment(entry, "end"))] = None
        if answer.get("more") is not True:
            break
    return list(found)
