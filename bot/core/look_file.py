"""A look as a file of its own: enough to compute its verdict again, bit for bit, on another machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot import __version__
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Observations
from bot.core.recomputing import Kept, disagreement, seal
from bot.errors import InputError

KIND = "lookout-look"
"""What such a file says it is."""


@dataclass(frozen=True)
class LookFile:
    """A record read from a file; look: None for a peek; reason: why it does not hold, empty when it does."""

    experiment: str
    look: int | None
    reason: str


def write(
    text: str, name: str, seen: Observations, result: LookResult, earlier: Sequence[float] | None
) -> str:
    """The file's content: JSON with the registration, what was seen, the result, and a seal over it all."""
    content = {
        "kind": KIND,
        "lookout": __version__,
        "registration": {
            "id": result.registration,
            "sha256": result.sha256,
            "name": name,
            "text": text,
        },
        "look": result.look or None,
        "day": result.asked,
        "earlier": None if earlier is None else list(earlier),
        "engine": seen.engine,
        "query_sha256": seen.query_sha256,
        "data_fingerprint": result.data_fingerprint,
        "observations": seen.to_json(),
        "result": look_json(result),
    }
    return _text(content | {"seal": seal(content)})


def check(text: str, name: str) -> LookFile:
    """Whether a file's look can be computed again; raises InputError when it is no record of a look."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(
            f"{name} is no JSON ({error}).", "Give a file that `lookout look --record` wrote."
        ) from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{name} is no record of a look.", "Give a file that `lookout look --record` wrote.")
    registration = content.get("registration")
    known = registration.get("id") if isinstance(registration, dict) else None
    look = content.get("look")
    return LookFile(str(known or name), look if isinstance(look, int) else None, _reason(content, text))


def _reason(content: Mapping[str, Any], text: str) -> str:
    """Why the record does not hold: what is most telling first, and the seal last."""
    try:
        registration = content["registration"]
        kept = Kept(
            text=registration["text"],
            name=registration["name"],
            sha256=registration["sha256"],
            number=content["look"] or 0,
            day=content["day"],
            earlier=None if content["earlier"] is None else tuple(content["earlier"]),
            observations=content["observations"],
            result=content["result"],
            fingerprint=content["data_fingerprint"],
        )
    except (KeyError, TypeError) as error:
        return f"it has no field {error}: restore the file"
    found = disagreement(kept)
    if found:
        return found
    rest = {key: value for key, value in content.items() if key != "seal"}
    if seal(rest) != content.get("seal") or _text(content) != text:
        return "its seal does not fit what it says: a part that the verdict does not need was changed"
    return ""


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
