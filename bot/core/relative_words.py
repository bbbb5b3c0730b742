"""Relative changes as people type them: `+3.3 %` or `0.033`."""

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
HINT = "Write a relative change as `+3.3 %` or `0.033`."


def relative(text: str) -> float:
    """A relative change as a fraction. Raises ValueError that says what is wrong with it.

    >>> relative("+3.3 %"), relative("0.033"), relative("-1%")
    (0.033, 0.033, -0.01)
    """
    said = text.strip().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-").replace("\u00a0", " ")
    if said.lower().endswith(("pp", "points")):
        raise ValueError(f"“{text.strip()[:40]}” is in percentage points, and a relative change is wanted")
    percent = said.endswith("%")
    number = said.removesuffix("%").strip()
    if not _NUMBER.fullmatch(number):
        comma = ", write it with a point" if _NUMBER.fullmatch(number.replace(",", ".")) else ""
        raise ValueError(f"“{text.strip()[:40]}” is no number{comma}")
    value = float(f"{number}e-2") if percent and "e" not in number.lower() else float(number)
    if percent and "e" in number.lower():
        value /= 100
    if not math.isfinite(value):
        raise ValueError(f"“{text.strip()[:40]}” is not finite")
    if not percent and abs(value) > 1:
        raise ValueError(
            f"“{text.strip()[:40]}” would be {value * 100:+g} %; if percent is meant, write it so"
        )
    return value
