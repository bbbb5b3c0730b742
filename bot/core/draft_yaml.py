"""Writes a registration as YAML that people like to read: plain where it may be, quoted where it must be."""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.finding import Path

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_.()=/ -]*[A-Za-z0-9_)])?")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_SHORT = 80
"""Characters up to which a mapping or a list stands on one line."""


def write(data: Mapping[str, Any], comments: Mapping[Path, str]) -> str:
    """The YAML text; `comments` stand above the key at their path, one line each."""
    return "\n".join(_mapping(data, (), comments)) + "\n"


def _mapping(data: Mapping[str, Any], at: Path, comments: Mapping[Path, str]) -> list[str]:
    lines: list[str] = []
    for key, value in data.items():
        path = (*at, key)
        indent = "  " * len(at)
        lines += [f"{indent}# {line}" for line in comments.get(path, "").splitlines()]
        lines += [f"{indent}{line}" for line in _entry(key, value, path, comments)]
    return lines


def _entry(key: str, value: Any, path: Path, comments: Mapping[Path, str]) -> list[str]:
    """`key: value`, on as many lines as it takes, not yet indented."""
    name = scalar(key)
    commented = any(other[: len(path)] == path for other in comments if len(other) > len(path))
    if not commented and _on_one_line(value, len(path)):
        return [f"{name}: {_flow(value)}"]
    if isinstance(value, Mapping):
        inner = _mapping(value, path, comments)
        return [f"{name}:", *(line[2 * (len(path) - 1) :] for line in inner)]
    return [f"{name}:", *(f"  - {_flow(item)}" for item in value)]


def _on_one_line(value: Any, depth: int) -> bool:
    """Figures and names side by side; what is a sentence or has parts of its own, line by line."""
    if isinstance(value, Mapping):
        return (depth > 1 or len(value) <= 2) and len(_flow(value)) <= _SHORT
    if isinstance(value, Sequence) and not isinstance(value, str):
        return not any(isinstance(item, Mapping) or " " in str(item) for item in value)
    return True


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """One value; text is quoted unless every reader of YAML takes it for the same text.

    >>> scalar("MiniLM-L12"), scalar("no"), scalar("1"), scalar("a: b"), scalar(0.05)
    ('MiniLM-L12', '"no"', '"1"', '"a: b"', '0.05')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    return json.dumps(value, ensure_ascii=False)
