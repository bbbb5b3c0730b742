"""What the checks found in a registration: each finding with its line, and how to mend it."""

import re
from collections.abc import Sequence

from bot.core.effect import Block, Message
from bot.core.finding import Finding, errors
from bot.views import text

MOST = 12
"""Findings on one card; `lookout check` shows them all."""

NOT_IMPORTED = "nothing was imported"
"""What did not happen to a portfolio's file."""


def card(name: str, findings: Sequence[Finding], *, done: str, said: str, source: str = "") -> Message:
    """The findings of a file that was not taken.

    done: what did not happen; said: all of it as text; source: the file's text, of which lines are quoted.
    """
    wrong = errors(findings)
    rest = [one for one in findings if one.level != "error"]
    head = f"{re.sub('[<>]', '', name)}: {_count(wrong, 'error')}, so {done}"
    shown = [*wrong, *rest][:MOST]
    left = len(wrong) + len(rest) - len(shown)
    blocks: list[Block] = [text.header(head)]
    lines = source.splitlines()
    blocks += [text.section(_finding(one, lines)) for one in shown]
    small = mend(done)
    if left:
        small = f"{left} more in `lookout check`. {small}"
    if rest:
        small += f" {_count(rest, 'warning')} would have to be acknowledged."
    blocks.append(text.context(small))
    return Message(said, tuple(blocks))


def mend(done: str) -> str:
    """What to do next, by what did not happen."""
    again = "import" if done == NOT_IMPORTED else "register"
    return f"Mend it and {again} again; `lookout check` says the same on your machine."


def _count(findings: Sequence[Finding], noun: str) -> str:
    return f"{len(findings)} {noun}{'' if len(findings) == 1 else 's'}"


def _finding(one: Finding, source: Sequence[str]) -> str:
    mark = {"error": "✗ error", "warning": "⚠ warning"}.get(one.level, "info")
    where = f"line {one.line}" + (f" · {text.escape(one.path, 120)}" if one.path else "")
    quoted = source[one.line - 1].strip() if 0 < one.line <= len(source) else ""
    lines = [f"{mark} *{one.code}* · {where}", *([f"> {text.escape(quoted, 160)}"] if quoted else [])]
    lines.append(text.escape(one.message, 900))
    if one.hint:
        lines.append(f"Mend: {text.escape(one.hint, 600)}")
    return "\n".join([*lines, f"More: `lookout explain {one.code}`"])
