"""A silence as it is typed: for how long, which alerts, and why."""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.core.duration_words import typed
from bot.core.matching import Match
from bot.errors import InputError

LONGEST = timedelta(days=30)
MAX_REASON = 500
MOST_LABELS = 10
MAX_PATTERN = 200
EXAMPLE = "For example `/triage silence 2h service=rag locale=jp reindex under way`."

_LABEL = re.compile(r"(?<!\S)([A-Za-z_][\w.:/-]{0,199})=(?:\"([^\"]*)\"|“([^”]*)”|(\S*))")


@dataclass(frozen=True)
class SilenceWish:
    """What was typed; `match` is empty where no label was named."""

    length: timedelta
    match: Match
    reason: str


def read(text: str) -> SilenceWish:
    """Read "2h service=rag locale=jp|en the reason"; the length first, labels and words in any order.

    Raises:
        InputError: what was read, what was expected, and an example.

    """
    first, _, rest = text.strip().partition(" ")
    length = typed(first)
    if length is None:
        what = (
            f"Read `{_quoted(first)}`, which is no length of time."
            if first
            else "No length of time was given."
        )
        raise InputError(what, f"A silence has an end: write 30m, 2h or 1d first. {EXAMPLE}")
    if not timedelta(0) < length <= LONGEST:
        raise InputError(
            f"Read `{_quoted(first)}`; a silence lasts from a minute to {LONGEST.days} days.",
            "What is to be quiet for longer belongs into [[incidents.maintenance]] of lookout.toml.",
        )
    match = labels_in(rest)
    reason = " ".join(_LABEL.sub(" ", rest).split())
    if len(reason) > MAX_REASON:
        raise InputError(f"The reason has {len(reason)} characters; {MAX_REASON} is the most.", "Be shorter.")
    return SilenceWish(length, match, reason)


def labels_in(text: str) -> Match:
    """The labels in a text, each with its patterns; `|` stands between several, `*` for anything.

    Raises InputError for a label without a value, one that means everything, one that is too long, or too
    many of them.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, *values in _LABEL.findall(text):
        patterns = tuple(one for one in "".join(values).split("|") if one)
        if not patterns or any(not one.strip("*") for one in patterns):
            raise InputError(
                f"Read `{_quoted(name)}=` with a value that means everything or nothing.", EXAMPLE
            )
        longest = max(map(len, patterns))
        if longest > MAX_PATTERN:
            what = f"Read `{_quoted(name)}=` with a value of {longest} characters; {MAX_PATTERN} is the most."
            raise InputError(what, "Write its beginning and * for the rest.")
        found[name] = patterns
    if len(found) > MOST_LABELS:
        raise InputError(f"Read {len(found)} labels; {MOST_LABELS} is the most.", "Name fewer.")
    return found


def _quoted(text: str) -> str:
    clean = re.sub(r"[`<>&\s]+", " ", text).strip()
    return clean[:60] + ("…" if len(clean) > 60 else "") if clean else "nothing"
