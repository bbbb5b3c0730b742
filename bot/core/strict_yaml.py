"""YAML as data from people: strict, bounded, with the line of everything.

Refused: anchors and aliases (bombs), tags, merge keys, duplicate keys, several documents, more than 256 KB,
nesting deeper than 50, characters that no database takes. `true` and `false` are the only booleans (`no` is
text, as Norway wishes), `1e3` is a number, dates stay text.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from bot.core.finding import Path, dotted
from bot.errors import InputError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 50
MAX_DIGITS = 18

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Events: TypeAlias = Iterator[yaml.Event]


@dataclass(frozen=True)
class Document:
    """Parsed YAML and where each part of it stands."""

    name: str
    data: Any
    lines: Mapping[Path, int] = field(repr=False)

    def line(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of the part at `path`, or of the nearest part around it that exists."""
        parts = tuple(path)
        while parts and parts not in self.lines:
            parts = parts[:-1]
        return self.lines.get(parts, 1)


@dataclass
class _Open:
    """A mapping or sequence whose end has not been read yet."""

    path: Path
    value: dict[str, Any] | list[Any]
    key: str | None = None


QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, five times as fast, where PyYAML was built with it."""


def parse_quickly(text: str, *, name: str) -> Document:
    """Read a document whose content is not hashed, such as a playbook: as `parse`, and faster.

    Parsers differ in what they say and, at the edges, in what they take; so what libyaml refuses is read by
    the other one, whose word counts, and registrations, whose content is hashed, never come here.
    """
    try:
        return _parse(text, name, QUICK)
    except InputError:
        return parse(text, name=name)


def parse(text: str, *, name: str) -> Document:
    """Read one YAML document; raises InputError as `name:line: what. hint`."""
    return _parse(text, name, yaml.SafeLoader)


def _parse(text: str, name: str, loader: type[yaml.SafeLoader]) -> Document:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _refusal(name, 1, f"{size // 1024} KB is more than 256 KB.", "Split the file.")
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = error.problem or error.context or "not YAML"
        where = f" (column {mark.column + 1})" if mark else ""
        raise _refusal(
            name, line, f"{what}{where}.", "Is the indentation right, and is every quote closed?"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refusal(name, line, "a character that may not stand in text.", "Remove it.") from error
    return Document(name, builder.data, builder.lines)


def _line(event: yaml.Event) -> int:
    """Where the event begins, from 1; the parser marks every event it makes."""
    return event.start_mark.line + 1 if event.start_mark else 1


def _refusal(name: str, line: int, what: str, hint: str) -> InputError:
    return InputError(f"{name}:{line}: {what}", hint)


class _Builder:
    """Builds values from parser events without recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: Any = None
        self.lines: dict[Path, int] = {}
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "a second document begins.", "Keep one document to a file.")
        elif isinstance(event, yaml.AliasEvent):
            raise self._error(event, f"alias *{event.anchor} is not allowed.", "Write the value out.")
        elif isinstance(event, yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._refuse_decoration(event)
            self._node(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()

    def _refuse_decoration(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._error(event, f"anchor &{event.anchor} is not allowed.", "Write the value out.")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._error(event, f"tag {tag} is not allowed.", "Write plain YAML.")

    def _node(self, event: yaml.Event) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._take_key(parent, event)
            return
        path = self._path(parent)
        self.lines.setdefault(path, _line(event))
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        else:
            if len(self._stack) >= MAX_DEPTH:
                raise self._error(event, f"nested deeper than {MAX_DEPTH} levels.", "Flatten it.")
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._attach(parent, value)
        if isinstance(value, dict | list):
            self._stack.append(_Open(path, value))

    def _take_key(self, parent: _Open, event: yaml.Event) -> None:
        if not isinstance(event, yaml.ScalarEvent) or not event.value:
            raise self._error(event, "a key must be a word.", "Write `name: value`.")
        key = self._clean(event)
        if key in parent.value:
            first = self.lines[(*parent.path, key)]
            where = dotted((*parent.path, key))
            raise self._error(event, f"{where} is given twice, first in line {first}.", "Keep one of them.")
        parent.key = key
        self.lines[(*parent.path, key)] = _line(event)

    def _path(self, parent: _Open | None) -> Path:
        if parent is None:
            return ()
        if isinstance(parent.value, list):
            return (*parent.path, len(parent.value))
        return (*parent.path, parent.key or "")

    def _attach(self, parent: _Open | None, value: Any) -> None:
        if parent is None:
            self.data = value
        elif isinstance(parent.value, list):
            parent.value.append(value)
        else:
            parent.value[parent.key or ""] = value
            parent.key = None

    def _scalar(self, event: yaml.ScalarEvent) -> str | int | float | bool | None:
        text = self._clean(event)
        if event.style:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if len(text) > MAX_DIGITS + 8 or not _NUMBER.fullmatch(text) or _LEADING_ZERO.match(text):
            return text
        if _INTEGER.fullmatch(text):
            if len(text.lstrip("+-")) > MAX_DIGITS:
                raise self._error(event, f"{text} is too large a number.", "Quote it if it is a name.")
            return int(text)
        number = float(text)
        if not math.isfinite(number):
            raise self._error(event, f"{text} is too large a number.", "Quote it if it is a name.")
        return number

    def _clean(self, event: yaml.ScalarEvent) -> str:
        text: str = event.value
        if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
            raise self._error(event, "text holds NUL or half a surrogate pair.", "Remove the escape.")
        return text

    def _error(self, event: yaml.Event, what: str, hint: str) -> InputError:
        return _refusal(self.name, _line(event), what, hint)
