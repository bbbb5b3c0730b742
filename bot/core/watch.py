"""Who looks at an incident just now: a lease, whom it was passed to, and what works no more."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Watch:
    """The watch over one incident.

    `person` said that they look at it and holds it from `since` to `until`, unless they do nothing; "" while
    nobody does. `called` are those who were called because nobody did, in order. `exhausted_at` is when there
    was nobody left to call. `troubles` say what does not work just now, in words for the card.
    """

    incident: int
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None
    called: tuple[str, ...] = ()
    exhausted_at: datetime | None = None
    troubles: tuple[str, ...] = ()

    def held(self, at: datetime) -> bool:
        """Whether somebody holds it."""
        return bool(self.person) and self.until is not None and at < self.until
