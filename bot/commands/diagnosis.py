"""One thing that `lookout doctor` looked at, as the line it prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at: `ok` True is fine, False is broken, None is worth knowing."""

    what: str
    ok: bool | None
    said: str
    mend: str = ""

    def __str__(self) -> str:
        mark = {True: "✓ fine", False: "✗ broken", None: "⚠ note"}[self.ok]
        return f"{mark:9} {self.what}: {self.said}" + (f"\n{'':10}mend: {self.mend}" if self.mend else "")
