"""Grafana OnCall: GET /api/v1/schedules/ID/final_shifts,
https://grafana.com/docs/oncall/latest/oncall-api-reference/schedules/"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.duty import Duty
from bot.sources.oncall_service import MOST_PAGES, Service, moment, objects, part, text

NAME = "Grafana OnCall"


def headers(token: str) -> Mapping[str, str]:
    """Of an API token, which Grafana OnCall takes as it is."""
    return {"Authorization": token}


def duties(service: Service, schedule: str, since: datetime, until: datetime) -> list[Duty]:
    """Who is on call in a schedule from `since` to `until`; whole days are asked for and cut to that."""
    found: dict[Duty, None] = {}
    for page in range(1, MOST_PAGES + 1):
        days = [("start_date", since.date().isoformat()), ("end_date", until.date().isoformat())]
        answer = service.get(f"/api/v1/schedules/{part(schedule)}/final_shifts", [*days, ("page", str(page))])
        for shift in objects(answer.get("results")):
            starts, ends = moment(shift, "shift_start"), moment(shift, "shift_end")
            if starts is not None and ends is not None and ends > since and starts < until:
                person = text(shift, "user_email")
                found[Duty(schedule, person, text(shift, "user_username"), starts, ends)] = None
        if not answer.get("next"):
            break
    return list(found)
