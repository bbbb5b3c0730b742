"""`lookout latency rules`: Prometheus alert rules for a budget, checked by promtool where it is."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.commands.registration_file import complain, text_of
from bot.core.latency_reader import read_budget
from bot.core.latency_rules import written
from bot.errors import InputError

PROMTOOL_SECONDS = 20


def rules(file: Path, *, out: Path | None = None) -> int:
    """Print the rules or write them to `out`; 1 when the budget has an error, or promtool refuses them.

    Raises InputError: the file cannot be read, names no metric, or `out` cannot be written.
    """
    budget, findings = read_budget(text_of(file), name=str(file))
    if findings:
        complain(list(findings))
    if budget is None:
        return 1
    text = written(budget)
    if out is None:
        print(text, end="")
    else:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{out} cannot be written: {error.strerror}.", "Name another with --out."
            ) from None
    refused = promtool(text)
    if refused is None:
        print("promtool is not here, so the rules were not checked by it.", file=sys.stderr)
        return 0
    print(refused or "promtool: the rules are fine.", file=sys.stderr)
    return int(bool(refused))


def promtool(text: str) -> str | None:
    """What promtool has against the rules, "" for nothing; None where it is not here or does not answer."""
    program = shutil.which("promtool")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yml"
        file.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 - a program of this machine, without a shell, on our own file
                [program, "check", "rules", str(file)],
                capture_output=True, text=True, timeout=PROMTOOL_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
    return "" if done.returncode == 0 else f"promtool: {(done.stderr or done.stdout).strip()[:2000]}"
