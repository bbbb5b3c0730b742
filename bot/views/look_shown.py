"""What a card of a look, or an answer about one, is drawn from."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.figures import local
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.core.verdict_words import next_look
from bot.views.launch_words import broken_plan


@dataclass(frozen=True)
class Shown:
    """A look and its place in the record; `chart` is the key of the uploaded chart, with its alt text.

    calendar: when the looks of the plan are. launch, entry: the launch as it was after the look, and the
    look's entry in the ledger. due: when it was to be posted, where it is late.
    """

    registration: Registration
    result: LookResult
    record: int
    chart: str = ""
    alt: str = ""
    calendar: Calendar | None = None
    launch: Launch | None = None
    entry: Entry | None = None
    due: datetime | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why this verdict, the last one until when there is nothing to decide, with the hour."""
        *others, last = self.result.reasons
        if last == next_look(self.registration, self.result.course):
            last = self._next() or last
        return (*others, last)

    @property
    def broken(self) -> str:
        """That the plan was changed after a look, for mrkdwn; empty where it was not, or nobody knows."""
        return "" if self.launch is None else broken_plan(self.launch)

    @property
    def declared(self) -> str:
        """When what the plan asks was registered: `before any data`, where that is so."""
        if self.broken:
            return "in a plan that was changed after a look"
        launch, calendar = self.launch, self.calendar
        if launch is None or launch.locked_at is None:
            return "before any data"
        first = None if calendar is None else calendar.over(0)
        return "before any data" if first is not None and launch.locked_at < first else "before any look"

    def _next(self) -> str:
        """Until when there is nothing to decide, with the hour; empty where no calendar says it."""
        following, calendar = self.result.course.following, self.calendar
        if following is None or calendar is None:
            return ""
        day = self.registration.looks[following - 1]
        moment = calendar.posted(day)
        if moment is None:
            return f"Nothing to decide before look {following}, after day {day}."
        return f"Nothing to decide before {local(moment, calendar.zone)} (look {following}, after day {day})."
