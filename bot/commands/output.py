"""Where a command's result goes: standard output, or the file that --out names."""

import sys
from pathlib import Path

from bot.errors import InputError


def write(content: bytes, out: Path | None) -> None:
    """Write the bytes to `out`, or to standard output where it is None.

    Raises:
        InputError: the file cannot be written.

    """
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", "Name another file.") from None
