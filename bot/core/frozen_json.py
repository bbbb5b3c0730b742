"""Frozen values as JSON and back, by the fields that their types have."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


def as_json(value: Any) -> dict[str, Any]:
    """Return a frozen value as JSON takes it, without what is not said (None)."""
    found: dict[str, Any] = _without(asdict(value))
    return found


def from_json(kind: type[Value], values: Mapping[str, Any]) -> Value:
    """Read it back. What another version of Lookout wrote besides is left out; KeyError for what it lacks."""
    found: Value = _read(kind, dict(values))
    return found


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_without(one) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], one) for one in value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        taken = {}
        for one in fields(kind):
            if one.name in value:
                taken[one.name] = _read(hints[one.name], value[one.name])
            elif one.default is MISSING and one.default_factory is MISSING:
                _require_optional(hints[one.name], one.name)
                taken[one.name] = None
        return kind(**taken)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return float(value) if kind is float else value


def _require_optional(kind: Any, name: str) -> None:
    """None is left out where it was written; anything else is missing."""
    if type(None) not in get_args(kind):
        raise KeyError(name)
