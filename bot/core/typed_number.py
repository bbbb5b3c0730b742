"""Numbers and lists of names as people type them: 8M, 1.2k, 18.3 %."""

import re
from typing import Final

NUMBER: Final = r"(?:[+\-\u2212]?\d[\d,\u00a0]*(?:\.\d+)?(?:e[+-]?\d+)?|[+\-\u2212]?\.\d+)"
_SCALES: Final = {
    "": 1.0,
    "k": 1e3,
    "m": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
}


def number(text: str) -> float:
    """Read a number as people write it: 8,000,000, 8M, 1.2k, 18.3 % (as 0.183). Raises ValueError.

    >>> number("8M"), number("18.3 %"), number("-0.5")
    (8000000.0, 0.183, -0.5)
    """
    found = re.fullmatch(rf"({NUMBER})\s*(%|[a-z]*)", text.strip(), re.IGNORECASE)
    scale = 0.01 if found and found[2] == "%" else _SCALES.get(found[2].lower() if found else "?")
    if found is None or scale is None:
        raise ValueError(f"“{text.strip()[:40]}” is no number")
    digits = re.sub(r"[,\u00a0]", "", found[1]).replace("\u2212", "-")
    value = round(float(digits) * scale, 12)
    if abs(value) > 1e15:
        raise ValueError(f"“{text.strip()[:40]}” is too large")
    return value


def names(text: str) -> tuple[str, ...]:
    """Read names parted by commas or blanks, each once."""
    return tuple(dict.fromkeys(one.strip("#`") for one in re.split(r"[,\s]+", text) if one.strip("#`")))
