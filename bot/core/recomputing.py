"""A look from its record alone: computed again, and held against what was written down."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.analysis import analyse
from bot.core.lint import check_document
from bot.core.look_json import look_json
from bot.core.observation import Observations
from bot.core.registration import sha256
from bot.core.strict_yaml import parse
from bot.errors import LookoutError

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookoutError)
"""What computing from a spoilt record may raise."""


@dataclass(frozen=True)
class Kept:
    """What a record says, wherever it is kept.

    text, name: the registration as given and its file's name; sha256: its hash. number: of the look, 0 for a
    peek; day: when it was held; earlier: days of the looks before, None for the planned ones. observations,
    result: as JSON. fingerprint: of the observations.
    """

    text: str
    name: str
    sha256: str
    number: int
    day: float
    earlier: tuple[float, ...] | None
    observations: Mapping[str, Any]
    result: Mapping[str, Any]
    fingerprint: str


def disagreement(kept: Kept) -> str:
    """The first thing of a record that does not hold: what, which value, what next. Empty when all does."""
    try:
        return _disagreement(kept)
    except UNREADABLE as error:
        said = str(error) or type(error).__name__
        return f"it cannot be computed again ({said}): restore the record, or run the version that wrote it"


def _disagreement(kept: Kept) -> str:
    document = parse(kept.text, name=kept.name)
    registration, findings = check_document(document)
    found = sha256(document.data)
    if found != kept.sha256:
        return (
            f"the registration's text has SHA-256 {found[:12]}…, and the record says {_short(kept.sha256)}: "
            "one of them was changed, so ask whoever registered it for the file"
        )
    if registration is None:
        return f"the registration cannot be read ({findings[0]}): run the version of Lookout that wrote it"
    seen = Observations.from_json(kept.observations)
    if seen.fingerprint() != kept.fingerprint:
        return (
            f"the data have fingerprint {_short(seen.fingerprint())}, and the record says "
            f"{_short(kept.fingerprint)}: one of them was changed, so take the look again from the source"
        )
    result = analyse(registration, kept.sha256, seen, look=kept.number, day=kept.day, earlier=kept.earlier)
    return difference(kept.result, plain(look_json(result)))


def difference(stored: Any, computed: Any, where: str = "") -> str:
    """The first field stored that is not computed the same, bit for bit; empty when there is none.

    Fields that only the computed one has are no difference: a newer version may know more.
    """
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        for name, value in stored.items():
            path = f"{where}.{name}" if where else str(name)
            if name not in computed:
                return f"{path} is {_shown(value)} in the record, and is not computed at all: {_NEXT}"
            if found := difference(value, computed[name], path):
                return found
        return ""
    if isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        pairs = enumerate(zip(stored, computed, strict=True))
        return next((found for at, pair in pairs if (found := difference(*pair, f"{where}[{at}]"))), "")
    if json.dumps(stored) == json.dumps(computed):  # as text, so that 1, 1.0 and True differ
        return ""
    what = f"{where or 'the result'} is {_shown(stored)} in the record"
    return f"{what}, and {_shown(computed)} computed: {_NEXT}"


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of everything a record has; a changed byte anywhere changes it."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """A value as it comes back from JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


_NEXT = "the record was changed, or another version of Lookout wrote it"


def _short(value: object) -> str:
    return f"{str(value)[:12]}…"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
