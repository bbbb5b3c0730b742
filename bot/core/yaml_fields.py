"""Takes a YAML document apart field by field; what is missing or wrong becomes a finding and a stand-in."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.core.finding import Finding, Path, dotted, errors
from bot.core.strict_yaml import Document, parse_quickly
from bot.errors import InputError

MAX_TEXT = 500
_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


Taken = TypeVar("Taken")
Reader = TypeVar("Reader", bound="Fields")


class Fields:
    """Reads typed fields and collects findings, all of level error."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def is_mapping(self, kind: str) -> bool:
        """Whether the file is a mapping at all; where not, all that can be said is what it should be."""
        if not isinstance(self.document.data, dict):
            self.find("playbook-shape", (), "the file is not a mapping.", f"Begin with `kind: {kind}`.")
        return not self.findings

    def kind(self, root: Mapping[str, Any], expected: str) -> None:
        """Check that this is the kind of playbook it should be."""
        if root.get("kind") != expected:
            what = f"kind is {root.get('kind')!r}, {expected!r} was expected."
            self.find("playbook-kind", ("kind",), what, f"Write `kind: {expected}`.")

    def identifier(self, path: Path, text: str) -> None:
        """Check an id: it goes into buttons and records."""
        if text and not _ID.fullmatch(text):
            hint = "Use at most 32 lower-case letters, digits and underscores."
            self.find("bad-id", path, f"{text!r} cannot be an id.", hint)

    def mapping(self, path: Path, item: object, known: list[str]) -> Mapping[str, Any]:
        """A mapping with no other keys than the known ones."""
        if not isinstance(item, dict):
            self.find(
                "playbook-shape", path, f"{_where(path)} must be a mapping.", f"Keys: {', '.join(known)}."
            )
            return {}
        for key in item:
            if key not in known:
                hint = f"Known keys: {', '.join(known)}."
                self.find("unknown-key", (*path, key), f"unknown key {key!r} in {_where(path)}.", hint)
        return item

    def table(self, path: Path, fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A mapping of names to mappings, not empty."""
        value = fields.get(key)
        if isinstance(value, dict) and value:
            return value
        self.find(
            "missing", (*path, key), f"{_where(path)} needs {key!r} with at least one entry.", "Add it."
        )
        return {}

    def items(self, path: Path, fields: Mapping[str, Any], key: str) -> list[Any]:
        """A list, not empty."""
        value = fields.get(key)
        if isinstance(value, list) and value:
            return value
        self.find("missing", (*path, key), f"{_where(path)} needs a list {key!r}.", "Add it.")
        return []

    def text(self, path: Path, fields: Mapping[str, Any], key: str, *, required: bool = True) -> str:
        """A text of at most 500 characters."""
        value = fields.get(key)
        if value is None and not required:
            return ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            self.find("missing", (*path, key), f"{_where(path)} needs a text for {key!r}.", f"Add `{key}:`.")
            return ""
        if len(value) > 500:
            self.find("too-long", (*path, key), f"{key!r} has {len(value)} characters.", "Keep it under 500.")
        return " ".join(value.split())

    def words(
        self, path: Path, fields: Mapping[str, Any], key: str, *, required: bool = True
    ) -> tuple[str, ...]:
        """A list of texts."""
        value = fields.get(key)
        if value is None and not required:
            return ()
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            self.find("missing", (*path, key), f"{_where(path)} needs a list of texts {key!r}.", "Add it.")
            return ()
        return tuple(value)

    def flag(self, path: Path, fields: Mapping[str, Any], key: str) -> bool:
        """True or false; false where absent."""
        value = fields.get(key, False)
        if not isinstance(value, bool):
            self.find("not-a-flag", (*path, key), f"{key!r} is {value!r}.", "Write true or false.")
        return value is True

    def fraction(self, path: Path, fields: Mapping[str, Any], key: str) -> float:
        """A number between 0 and 1; .025 where absent."""
        value = fields.get(key, 0.025)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            self.find("not-a-fraction", (*path, key), f"{key!r} is {value!r}.", "Write for example 0.025.")
            return 0.025
        return float(value)

    def label(self, path: Path, text: str) -> None:
        """Check the name of a label or column: it goes into queries."""
        if not _LABEL.fullmatch(text):
            hint = "Use letters, digits and underscores, beginning with no digit."
            self.find("bad-label", path, f"{text!r} cannot be a label.", hint)

    def number(
        self, path: Path, fields: Mapping[str, Any], key: str, default: float, *, low: float, high: float
    ) -> float:
        """A number from `low` to `high`; `default` where absent."""
        value = fields.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            hint = f"Write a number from {low:g} to {high:g}."
            self.find("not-a-number", (*path, key), f"{key!r} is {value!r}.", hint)
            return default
        return float(value)

    def find(self, code: str, path: Path, message: str, hint: str) -> None:
        """Note an error."""
        self.findings.append(
            Finding(code, "error", self.document.name, dotted(path), self.document.line(path), message, hint)
        )


def read_whole(
    text: str, name: str, kind: str, reader: Callable[[Document], Reader], take: Callable[[Reader], Taken]
) -> tuple[Taken | None, tuple[Finding, ...]]:
    """Read a file whole: what `take` made of it, None where a finding is an error; all findings by line."""
    try:
        document = parse_quickly(text, name=name)
    except InputError as error:
        return None, (unreadable(error, name),)
    opened = reader(document)
    if not opened.is_mapping(kind):
        return None, tuple(opened.findings)
    taken = take(opened)
    findings = tuple(sorted(opened.findings, key=lambda finding: finding.line))
    return (None if errors(findings) else taken), findings


def unreadable(error: InputError, name: str) -> Finding:
    """The finding for a document that is not YAML as we take it."""
    match = re.match(rf"{re.escape(name)}:(\d+): (.*)", error.message, re.DOTALL)
    line, message = (int(match[1]), match[2]) if match else (1, error.message)
    return Finding("playbook-yaml", "error", name, "", line, message, error.hint)


def _where(path: Path) -> str:
    return dotted(path) or "the file"
