"""Reads what could be done to a pipeline as people type it: `p95 rerank 240; parallel intent retrieval`."""

from bot.core.finding import errors
from bot.core.latency_budget import Budget
from bot.core.latency_fields import LatencyFields
from bot.core.strict_yaml import Document
from bot.core.what_if import After, Change, Parallel, TopK, WhatIf, side_by_side
from bot.core.what_if_reader import MOST_CHANGES, read_change
from bot.errors import InputError

TYPED = "typed"
"""The id of a what-if that no file has."""

USAGE = (
    "`p95 STAGE MS`, `parallel STAGE STAGE`, `fallback STAGE AFTER_MS [COST_MS]`, "
    "`hedge STAGE AFTER_MS [SHARED]`, `top-k STAGE TO` for a stage whose measured effect the budget has, "
    "or the id of a what-if of the budget; several with `;` between them"
)
"""What can be typed."""

_SHORTEST = {"p95": 2, "parallel": 2, "fallback": 2, "hedge": 2, "top-k": 2}
_KEYS = {
    "p95": ("stage", "ms"),
    "fallback": ("stage", "after_ms", "cost_ms"),
    "hedge": ("stage", "after_ms", "shared"),
}


def read_words(text: str, budget: Budget) -> WhatIf:
    """Read changes, or the names of what-ifs that the budget has, together in their order.

    Raises:
        InputError: with the first thing that is wrong, and what can be typed.

    """
    parts = [part.split() for part in text.split(";") if part.strip()]
    if not parts:
        raise InputError("Nothing is said to be changed.", f"Write {USAGE}.")
    changes: list[Change] = []
    after = budget.after
    for words in parts:
        for change in _changes(words, budget):
            after = _kept(change, after, words)
            changes.append(change)
    if len(changes) > MOST_CHANGES:
        raise InputError(f"{len(changes)} changes are more than {MOST_CHANGES}.", "Ask about fewer at once.")
    known = next((one for one in budget.what_if if one.changes == tuple(changes)), None)
    return known or WhatIf(TYPED, f"“{'; '.join(' '.join(words) for words in parts)}”", tuple(changes))


def _changes(words: list[str], budget: Budget) -> tuple[Change, ...]:
    named = next((one for one in budget.what_if if [one.id] == words), None)
    if named is not None:
        return named.changes
    word, rest = words[0].lower().replace("_", "-"), words[1:]
    if word not in _SHORTEST:
        ids = ", ".join(one.id for one in budget.what_if)
        known = f" What-ifs of {budget.id}: {ids}." if ids else ""
        raise InputError(f"{words[0][:60]!r} is no change of a pipeline.", f"Write {USAGE}.{known}")
    most = len(_KEYS.get(word, ("", "")))
    if not _SHORTEST[word] <= len(rest) <= most:
        raise InputError(f"`{' '.join(words)[:100]}` has too few words, or too many.", f"Write {USAGE}.")
    if word == "top-k":
        return (_top_k(rest, budget),)
    item: object = rest
    if word in _KEYS:
        pairs = zip(_KEYS[word], rest, strict=False)
        item = {key: value if key == "stage" else _number(value) for key, value in pairs}
    return (_read(word, item, budget),)


def _read(word: str, item: object, budget: Budget) -> Change:
    reader = LatencyFields(Document(TYPED, {}, {}))
    reader.names = tuple(stage.name for stage in budget.stages)
    change = read_change(reader, (), {word: item})
    wrong = errors(reader.findings)
    if change is None or wrong:
        raise InputError(f"{wrong[0].message[:1].upper()}{wrong[0].message[1:]}", wrong[0].hint)
    return change


def _top_k(rest: list[str], budget: Budget) -> Change:
    """The measured effect is the budget's; only the number of items is typed."""
    stage, to = rest[0], _number(rest[1])
    found = next(
        (
            change
            for one in budget.what_if
            for change in one.changes
            if isinstance(change, TopK) and change.stage == stage
        ),
        None,
    )
    if found is None:
        what = f"No measured effect of fewer items on {stage[:60]!r} is in the budget."
        raise InputError(what, "Add a what-if with `top_k` to it: its p95 by number of items.")
    item = {
        "stage": stage,
        "now": found.now,
        "to": to,
        "p95_ms": {str(k): ms for k, ms in found.p95_ms.items()},
    }
    return _read("top_k", item, budget)


def _kept(change: Change, after: After, words: list[str]) -> After:
    if not isinstance(change, Parallel):
        return after
    try:
        return side_by_side(after, change.first, change.second)
    except ValueError as error:
        said = str(error)
        hint = "Name two stages of which one comes directly after the other."
        raise InputError(f"`{' '.join(words)[:100]}`: {said}.", hint) from None


def _number(word: str) -> object:
    """A number, as YAML would take it; else the word, which is then refused by name."""
    try:
        value = float(word.removesuffix("ms"))
    except ValueError:
        return word
    return int(value) if value.is_integer() and abs(value) < 1e12 else value
