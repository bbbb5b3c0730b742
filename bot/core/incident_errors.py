"""Why an incident does not move: somebody was faster, or the metric says otherwise."""

from datetime import UTC

from bot.core.incident import Incident, Moved
from bot.core.recovery import NotRecovered
from bot.errors import InputError, StaleError


class MovedOnError(StaleError):
    """The card was drawn before the incident moved; `moved` says who did what and when."""

    def __init__(self, incident: Incident, moved: Moved) -> None:
        at = f"{moved.at.astimezone(UTC):%H:%M} UTC"
        who = moved.by or "Lookout"
        super().__init__(
            f"{incident.number} has moved on: {who} {moved.what} at {at}.",
            "Nothing was changed. The card shows where it stands now.",
        )
        self.number = incident.number
        self.moved = moved


class NotRecoveredError(InputError):
    """It was to be mitigated, and the metric says that it is not; `recovery` says which cohorts."""

    def __init__(self, incident: Incident, recovery: NotRecovered) -> None:
        super().__init__(
            f"{incident.number}: the metric has not recovered: {recovery.lines[0]}.",
            "Where it is mitigated all the same, say `mitigated anyway`; that goes on record.",
        )
        self.number = incident.number
        self.recovery = recovery
