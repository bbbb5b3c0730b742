"""How narratives say what is on record: days, people, hashes and changes as figures with their records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.citation import Cited, Figure, Gap, entries
from bot.core.figures import interval, signed
from bot.core.launch import Task
from bot.core.ledger import Entry
from bot.services.desk import Desk
from bot.store.people import names
from bot.views.document import People

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Teller:
    """Says what is on record, in the configured zone and with people's names."""

    session: Session
    desk: Desk
    people: People
    zone: ZoneInfo
    now: datetime

    @classmethod
    def of(cls, session: Session, desk: Desk, now: datetime) -> "Teller":
        """Return one for this moment."""
        roles = {str(role): who for role, who in desk.settings.roles.items()}
        people = People(names(session), roles, as_markdown=False)
        return cls(session, desk, people, desk.settings.zone, now)

    def day(self, moment: datetime | None, record: str, missing: str = "no day is on record") -> Cited:
        """A moment's day: `23 Nov 2026`."""
        if moment is None:
            return Gap(missing)
        return Figure(dated(moment.astimezone(self.zone).date()), record)

    def task(self, task: Task) -> str:
        """An open task with its owner and its day: due, or since when it is late."""
        late = task.due < self.now.astimezone(self.zone).date()
        when = f"overdue since {dated(task.due)}" if late else f"by {dated(task.due)}"
        return f"{task.title} ({self.people.called(task.owner)}, {when})"

    def who(self, references: Iterable[str], record: str, missing: str) -> Cited:
        """People by name, each once; Lookout itself is nobody."""
        called = [self.people.called(one) for one in dict.fromkeys(references) if one]
        return Figure(listed(called), record) if called else Gap(missing)


def dated(day: date) -> str:
    """`23 Nov 2026`, in English whatever the locale.

    >>> dated(date(2026, 11, 3))
    '3 Nov 2026'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def listed(words: Sequence[str], most: int = 8) -> str:
    """`a, b and c`; of many the first ones and how many more there are.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed(["a", "b", "c"], most=1)
    ('a, b and c', 'a', 'a and 2 more')
    """
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 look`, `3 looks`, `no look`.

    >>> counted(0, "look"), counted(1, "look"), counted(2, "veto", "vetoes")
    ('no look', '1 look', '2 vetoes')
    """
    return f"no {one}" if number == 0 else f"{number} {one if number == 1 else many or f'{one}s'}"


def change(value: float | None, ends: Sequence[float] | None) -> str:
    """A relative change with its interval: `+2.1 % (+0.1 … +4.3)`; empty for none."""
    if value is None:
        return ""
    return signed(value) + (f" {interval((ends[0], ends[1]))}" if ends else "")


def of_entries(said: str, found: Sequence[Entry], otherwise: str) -> Figure:
    """A figure that entries of the ledger show; where there are none, `otherwise` names what was read."""
    return Figure(said, entries(one.number for one in found) if found else otherwise)
