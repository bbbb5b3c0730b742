"""The only place that reads the clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]


def system() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


def rehearsal(offset_file: Path) -> Clock:
    """A clock moved forward by the seconds written in `offset_file`, for drills and demos.

    The file is read at every call, so that whoever runs the rehearsal can advance the time; an absent,
    empty or unreadable file means no offset.
    """

    def now() -> datetime:
        try:
            seconds = float(offset_file.read_text() or 0)
        except (OSError, ValueError):
            seconds = 0.0
        return system() + timedelta(seconds=seconds)

    return now
