"""Numbers and names as people type them: 8.0M, 500k, 0.35; what is wrong becomes a finding."""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from bot.core.finding import Finding, Path, dotted
from bot.core.yaml_fields import Fields

MOST = 1e15
"""The largest number that is taken."""
_AMOUNT = re.compile(r"([-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*([kKmM]?)")
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6}

Word = TypeVar("Word", bound=StrEnum)


class AmountFields(Fields):
    """Reads amounts, words and names."""

    def word(self, path: Path, fields: Mapping[str, Any], key: str, words: type[Word], usual: Word) -> Word:
        """One of several words."""
        value = fields.get(key)
        if value is None:
            return usual
        try:
            return words(str(value).strip().lower())
        except ValueError:
            what, hint = f"{key!r} is {value!r}.", f"Use {', '.join(words)}."
            self.find("Q107", (*path, key), what, hint)
            return usual

    def names(self, path: Path, fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """A list of names, each once; numbers are taken for names."""
        value = fields.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str | int) and one != "" for one in value):
            self.find("Q107", (*path, key), f"{key!r} must be a list of names.", f"Write `{key}: [CAN-7]`.")
            return ()
        return tuple(dict.fromkeys(str(one).strip() for one in value))

    def needed(
        self, path: Path, fields: Mapping[str, Any], key: str, *, low: float, high: float = MOST,
        positive: bool = True,
    ) -> float:  # fmt: skip
        """A number that has to be there, above `low` where positive, else from it; 1 stands in for it."""
        value = self.amount(path, fields, key, None, low=low, high=high)
        if value is None:
            if fields.get(key) is None:
                self.find("missing", (*path, key), f"{dotted(path)} needs {key!r}.", f"Add `{key}:`.")
            return 1.0
        if positive and value <= low:
            self.find("Q108", (*path, key), f"{key!r} is {value:g}.", f"Write a number above {low:g}.")
            return 1.0
        return value

    def amount(
        self, path: Path, fields: Mapping[str, Any], key: str, usual: float | None, *, low: float, high: float
    ) -> float | None:
        """A number, maybe as `8.0M` or `500k`, from `low` to `high`; `usual` where none is given."""
        value = fields.get(key)
        if value is None:
            return usual
        number = amount_in(value)
        if number is None or not low <= number <= high:
            what = f"{key!r} is {value!r}, a number from {low:g} to {high:g} was expected."
            hint = "Write plain digits with a point, such as 1200000, 1.2M or 0.35."
            self.find("Q108", (*path, key), what, hint)
            return usual
        return number

    def warn(self, code: str, path: Path, message: str, hint: str) -> None:
        """Note what may be meant, and costs something."""
        line = self.document.line(path)
        self.findings.append(Finding(code, "warning", self.document.name, dotted(path), line, message, hint))


def amount_in(value: object) -> float | None:
    """The number that is meant; None for none, NaN and infinities.

    >>> amount_in("8.0M"), amount_in(0.5), amount_in("1,2")
    (8000000.0, 0.5, None)
    """
    if isinstance(value, str):
        found = _AMOUNT.fullmatch(value.strip())
        value = float(found[1].replace("_", "")) * _TIMES[found[2].lower()] if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
