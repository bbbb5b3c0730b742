"""Lengths of time as people type them."""

import re
from datetime import timedelta

_UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_PART = r"(\d{1,4})(min|m|h|d|w)"


def typed(word: str) -> timedelta | None:
    """The length that a word says, None where it says none.

    >>> typed("90m"), typed("1h30m"), typed("soon")
    (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=5400), None)
    """
    if not re.fullmatch(f"(?:{_PART})+", word.lower()):
        return None
    parts = re.findall(_PART, word.lower())
    return sum((int(count) * _UNITS[unit] for count, unit in parts), timedelta(0))
