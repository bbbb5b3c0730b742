"""A candidate or a whole portfolio as the fields of its YAML form: for storing, hashing and reading again."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from bot.core.candidate import Candidate
from bot.core.portfolio import Portfolio

_NAMES = {"choices": "evoi"}
"""What a field is called in YAML where it has another name."""


def fields_of(candidate: Candidate) -> dict[str, Any]:
    """The fields that `candidate_reader` reads; what is as usual is left out."""
    return _given(candidate)


def fields_of_portfolio(portfolio: Portfolio) -> dict[str, Any]:
    """The fields that `portfolio_reader` reads, `kind` first; what is as usual is left out."""
    found: dict[str, Any] = {"kind": "portfolio"}
    found |= _given(portfolio)
    history = {key: found.pop(key) for key in ("confidences", "projects") if key in found}
    if history:
        found["history"] = history
    found["worths"] = [{**one.pop("unit"), **one} for one in found.pop("worths", [])]
    if not found["worths"]:
        del found["worths"]
    return found


def sha256_of(portfolio: Portfolio) -> str:
    """The hash of everything that a pick is computed from, of the canonical JSON of its fields."""
    from bot.core.registration import sha256  # takes pydantic, which nothing else here needs

    return sha256(fields_of_portfolio(portfolio))


def _given(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not what they are by default."""
    found = {}
    for one in fields(value):
        content = getattr(value, one.name)
        if content != one.default:
            found[_NAMES.get(one.name, one.name)] = _plain(content)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _given(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value
