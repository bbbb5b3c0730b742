"""The jobs of alerts: what is held is let go, notes of a storm are settled, subscriptions confirmed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import alert_news, silences, subscribing
from bot.services.desk import Desk
from bot.services.quiet import RELEASE_JOB
from bot.store.slots import Finish, Job


def alert_jobs(desk: Desk) -> Mapping[str, Job]:
    """Return the jobs by name."""

    def release(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: silences.release(session, desk, payload, now)

    def settle(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: alert_news.settle(session, payload, now)

    def confirm(payload: Mapping[str, Any], now: datetime) -> Finish:
        return subscribing.confirm(desk, payload, now)

    return {RELEASE_JOB: release, alert_news.NEWS_JOB: settle, subscribing.CONFIRM_JOB: confirm}
