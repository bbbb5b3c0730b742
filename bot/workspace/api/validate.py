"""blocks.validate: what Slack would say, without saying it to anyone."""

from dataclasses import replace
from typing import Any

from bot.limits import Problem, check_blocks, check_view
from bot.workspace.api.call import ApiError, Call, Shape, bad_arguments, bad_blocks
from bot.workspace.incoming import BlocksError


def validate(call: Call) -> Shape:
    """blocks.validate: exactly one of `blocks`, `message` and `view`."""
    given = {name: call.json(name, "invalid_arguments") for name in ("blocks", "message", "view")}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise bad_arguments("provide exactly one of blocks, view, or message")
    (name,) = named
    problems = _problems(name, given[name])
    if problems:
        refused: ApiError = bad_blocks(BlocksError(f"invalid_{name}", problems))
        raise refused
    return {}


def _problems(name: str, value: Any) -> list[Problem]:
    if name == "blocks":
        return [replace(p, pointer=p.pointer.removeprefix("/blocks")) for p in check_blocks(value)]
    if not isinstance(value, dict):
        return [Problem("", "invalid_type", "must provide an object", {"type": "object"})]
    return check_view(value) if name == "view" else check_blocks(value.get("blocks", ()))
