"""Reading JSON that strangers send: bounded and unambiguous. Its texts are cleaned where they are kept."""

import json
from typing import Any

from bot.core.outside import kept

MAX_DEPTH = 50
MAX_SAID = 300
"""Characters of what was read that an answer repeats."""


class UnreadableError(Exception):
    """The body cannot be understood: what is wrong, where (a JSON pointer), what to send instead.

    What was read stands in them cleaned and cut, so that the answer can always be sent.
    """

    def __init__(self, error: str, path: str = "", hint: str = "") -> None:
        self.error = kept(error, MAX_SAID)
        self.path = kept(path, MAX_SAID)
        self.hint = hint
        super().__init__(self.error)


def parse(body: bytes) -> Any:
    """Return the JSON value in `body`.

    Raises:
        UnreadableError: not UTF-8, not JSON, NaN or Infinity, a number of thousands of digits, a repeated
            key, or nested deeper than 50.

    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not UTF-8 from byte {error.start}", hint="Send UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise UnreadableError(f"not JSON: {error.msg} at {where}", hint="Send one JSON object.") from None
    except ValueError:
        raise UnreadableError("a number of thousands of digits", hint="Send a shorter number.") from None
    except RecursionError:
        raise UnreadableError(f"nested deeper than {MAX_DEPTH}", hint="Send a flatter object.") from None
    _check(value, "", 0)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UnreadableError(f"the key {twice!r} stands twice in one object", hint="Send each key once.")
    return dict(pairs)


def _constant(name: str) -> float:
    raise UnreadableError(f"{name} is not JSON", hint="Leave the field out, or send null.")


def _check(value: Any, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise UnreadableError(f"nested deeper than {MAX_DEPTH}", path, "Send a flatter object.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(inner, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}/{index}", depth + 1)
