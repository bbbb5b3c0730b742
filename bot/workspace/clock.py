"""The workspace's own clock: real time plus an offset that a rehearsal can move forward.

Message timestamps come from here. What Slack measures on its own wall (ack deadlines, trigger ids,
response_url lifetimes, signatures) uses `monotonic` and `wall`, which no rehearsal moves.
"""

import os
import time
from pathlib import Path


class Clock:
    """Seconds since the epoch, moved forward by `advance`.

    With `offset_file`, the offset in seconds is written there atomically at every advance, so that a program
    under rehearsal can follow; an offset already in the file is taken over at the start.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._last_micros = 0
        self.offset = _read(offset_file)

    def now(self) -> float:
        """Seconds since the epoch as the workspace sees them."""
        return wall() + self.offset

    def ts(self) -> str:
        """A Slack message timestamp, strictly later than every one given before."""
        micros = max(int(self.now() * 1_000_000), self._last_micros + 1)
        self._last_micros = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def advance(self, seconds: float) -> float:
        """Move the time forward; the new offset in seconds. ValueError if it would go back."""
        if not seconds >= 0:
            raise ValueError(f"the clock only moves forward: {seconds} seconds")
        self.offset += seconds
        if self._file is not None:
            scratch = self._file.with_name(self._file.name + ".new")
            scratch.write_text(f"{self.offset:.6f}\n")
            os.replace(scratch, self._file)
        return self.offset


def wall() -> float:
    """Seconds since the epoch, never moved by a rehearsal."""
    return time.time()  # noqa: TID251 - the local Slack is a program of its own, with a wall of its own


def monotonic() -> float:
    """Seconds that only pass, for deadlines."""
    return time.monotonic()


def _read(path: Path | None) -> float:
    try:
        return float(path.read_text() or 0) if path is not None else 0.0
    except (OSError, ValueError):
        return 0.0
