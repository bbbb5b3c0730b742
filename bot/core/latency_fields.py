"""What the parts of a latency budget's file are read with: times, shares, counts and the names of stages."""

from collections.abc import Mapping
from typing import Any

from bot.core.finding import Finding, Path, dotted
from bot.core.latency_budget import TURN, Limit
from bot.core.strict_yaml import Document
from bot.core.yaml_fields import Fields

MOST_MS = 3_600_000.0
"""An hour: a turn that takes longer is a mistake of units."""


class LatencyFields(Fields):
    """Reads typed fields; `names` are the stages, once they are known."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.names: tuple[str, ...] = ()

    def warn(self, code: str, path: Path, message: str, hint: str) -> None:
        """Note what forbids nothing."""
        name, line = self.document.name, self.document.line(path)
        self.findings.append(Finding(code, "warning", name, dotted(path), line, message, hint))

    def ms(
        self, path: Path, fields: Mapping[str, Any], key: str, default: float | None = None, low: float = 0.0
    ) -> float:
        """A time in milliseconds; more than 0 where it must be given."""
        value = fields.get(key, default)
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        if wrong or not low <= value <= MOST_MS or (default is None and value <= 0):
            what = f"{key!r} is missing." if value is None else f"{key!r} is {value!r}."
            self.find("L104", (*path, key), what, "Write milliseconds, such as 240.")
            return 1.0 if default is None else default
        return float(value)

    def share(self, path: Path, fields: Mapping[str, Any], key: str, default: float) -> float:
        """A share from 0 to 1."""
        value = fields.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.find("L105", (*path, key), f"{key!r} is {value!r}.", "Write a share: 0.005 for 0.5 %.")
            return default
        return float(value)

    def above(
        self, path: Path, fields: Mapping[str, Any], key: str, default: float, most: float = 1000.0
    ) -> float:
        """A number that is more than 0, such as days or a multiple of a load."""
        value = fields.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            hint = f"Write a number above 0, of at most {most:g}."
            self.find("L105", (*path, key), f"{key!r} is {value!r}.", hint)
            return default
        return float(value)

    def limit(self, path: Path, fields: Mapping[str, Any], usual: Limit, *, shares: bool) -> Limit:
        """A target and an alert; the alert lies no lower than the target."""
        read = self.share if shares else self.ms
        found = Limit(
            read(path, fields, "target", min(usual.target, _number(fields.get("alert"), usual.target))),
            read(path, fields, "alert", max(usual.alert, _number(fields.get("target"), usual.alert))),
        )
        if found.alert < found.target:
            what = f"the alert at {found.alert:g} comes before the target of {found.target:g} is missed."
            self.find("L112", path, what, "An alert lies at the target or above it.")
            return usual
        return found

    def stage_name(self, path: Path, fields: Mapping[str, Any], key: str, *, turn: bool = False) -> str:
        """The name of a stage that exists, or, where it may be, of the turn; "" with a finding."""
        name = self.text(path, fields, key)
        if name and name not in self.names and not (turn and name == TURN):
            self.unknown_stage((*path, key), name)
            return ""
        return name

    def unknown_stage(self, path: Path, name: str) -> None:
        """Note a stage that is none."""
        self.find("L102", path, f"there is no stage {name!r}.", f"Stages: {', '.join(self.names)}.")


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
