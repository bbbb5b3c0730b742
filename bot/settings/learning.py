"""What of an incident is kept and learned from: emoji that mark messages, and how long a review may take."""

import re
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.settings.frozen import ClockTime, Frozen, clock_time


def _emoji(name: str) -> str:
    bare = name.strip().strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]{1,100}", bare):
        raise ValueError(f"{name!r} is not the name of an emoji; write one such as pushpin")
    return bare


class TimelineSettings(Frozen):
    """Emoji under a message that put it into its incident's timeline, by name, with or without colons."""

    emoji: tuple[Annotated[str, AfterValidator(_emoji)], ...] = ("pushpin", "memo")


class ReviewSettings(Frozen):
    """How long an incident's review may take, and the local time of its reminders."""

    within_days: Annotated[float, Field(gt=0, le=90)] = 5.0
    remind_at: ClockTime = "09:00"

    @property
    def within(self) -> timedelta:
        """From the end of the incident to the published page."""
        return timedelta(days=self.within_days)

    @property
    def reminds(self) -> time:
        """The local time of its reminders."""
        return clock_time(self.remind_at)
