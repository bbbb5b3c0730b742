"""What `lookout check` has to say about a file: one finding, one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["error", "warning", "info"]
Path: TypeAlias = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """A path as people write it: `guardrails[0].metric`.

    >>> dotted(("guardrails", 0, "metric"))
    'guardrails[0].metric'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Finding:
    """One thing to know about a file.

    `level` error means that the file cannot be used as it is; `path` is dotted (`primary.mde`), `line`
    counts from 1, `hint` says how to mend it.
    """

    code: str
    level: Level
    file: str
    path: str
    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        tail = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {self.level} {self.code} {self.message}{tail}"

    def to_json(self) -> dict[str, object]:
        """The shape that `lookout plan --json` and `lookout check --json` print."""
        return {
            "code": self.code,
            "level": self.level,
            "file": self.file,
            "path": self.path,
            "line": self.line,
            "message": self.message,
            "hint": self.hint,
        }


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those that forbid the use of the file."""
    return [finding for finding in findings if finding.level == "error"]
