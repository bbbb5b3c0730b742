"""A statistic that could not be computed, said as a value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undecided:
    """Stands where a result would stand; it is neither 0 nor p = 1, and it never compares with a number.

    reason: what is missing, naming the value, in words a reader of the look understands.
    """

    reason: str

    def __str__(self) -> str:
        return f"undecided: {self.reason}"
