"""What is to be known about the data of a look: named findings, each with its mend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

DataLevel: TypeAlias = Literal["error", "warning"]

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "missing-arm": "Name the arms as the arm column spells them.",
        "sample-ratio-mismatch": "Find what loses or adds units in one arm, mend it, and start again.",
        "cohort-sample-ratio-mismatch": (
            "Find what loses units of that cohort in one arm; a cohort must be known before exposure."
        ),
        "units-in-both-arms": "Assign by a stable id, and analyse the unit that was randomised.",
        "repeated-units": "Name the day column, or give one row per unit and day.",
        "infinite-values": "Mend the division or the sensor that makes them.",
        "null-values": "Find out why values are missing; the effect holds for units that have one.",
        "uneven-nulls": "Find out why one arm has more values missing.",
        "no-variance": "Check the column; a summary table must state the variance.",
        "metric-unavailable": "Name the metric's column in the registration, or add it to the table.",
        "decreasing-counts": "Give cumulative figures, and find what takes units away.",
        "look-before-its-day": (
            "Wait for the data, look as of the day they end on, or declare data.max_lag_days."
        ),
        "stale-data": "Mend what brings the data, and look again.",
        "late-start": "Check the start of the experiment; its first days may be missing.",
        "covariate-after-exposure": "Use a covariate that was frozen before the first day.",
        "covariate-imbalance": (
            "CUPED takes such a difference out on average, but the assignment is suspect: look for units "
            "kept from an earlier experiment, or a broken hash."
        ),
        "undeclared-cohort-values": "Declare them, or map them in the query.",
        "irreconcilable": "Find out who computed the aggregate from what; mend it, or leave it out.",
        "mix-shift": "Trust the cohorts and the post-stratified effect, and find out why the mixes differ.",
        "marginal-rows": "Give rows of the full crossing of the dimensions.",
        "day-from-zero": "Add 1 to the day: day 1 is the first.",
        "rows-before-start": "Check the start of the experiment.",
        "rows-without-unit": "Mend the join or the logging that loses the unit.",
        "rows-without-day": "Mend the day column.",
        "other-arms": "Fine in a test of several arms; otherwise check how the arms are spelt.",
        "young-units": "Wait until the units have had the metric's days.",
        "odd-rows": "",
    }
)
"""How each kind is mended."""


@dataclass(frozen=True)
class DataFinding:
    """One thing to know about the data of a look.

    code: its kind, for programs and for the page about it. level: after an error nothing is judged.
    message: a sentence with the figures. hint: how it is mended. shown: whether people read it among the
    notes; not where a reason of the verdict says the same.
    """

    code: str
    level: DataLevel
    message: str
    hint: str
    shown: bool = True

    def to_json(self) -> dict[str, str]:
        """As `lookout look --json` prints it."""
        return {"code": self.code, "level": self.level, "message": self.message, "hint": self.hint}


def error(code: str, message: str) -> DataFinding:
    """A finding that makes the data unfit."""
    return DataFinding(code, "error", _sentence(message), HINTS.get(code, ""))


def warning(code: str, message: str, *, shown: bool = True) -> DataFinding:
    """A finding that a reader should know of although it forbids no verdict."""
    return DataFinding(code, "warning", message, HINTS.get(code, ""), shown)


def faults(findings: Iterable[DataFinding]) -> list[str]:
    """Why nothing may be judged, worst first; empty when the data are sound."""
    return [one.message for one in findings if one.level == "error"]


def notes(findings: Iterable[DataFinding]) -> list[str]:
    """What a reader should know although it does not forbid a verdict."""
    return [one.message for one in findings if one.level == "warning" and one.shown]


def _sentence(words: str) -> str:
    said = f"{words[0].upper()}{words[1:]}"
    return said if said.endswith(".") else f"{said}."
