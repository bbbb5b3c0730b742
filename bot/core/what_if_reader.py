"""Reads what could be done to a pipeline, from the `what_if` of a latency budget."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bot.core.finding import Path
from bot.core.latency_fields import LatencyFields
from bot.core.what_if import (
    After,
    Cap,
    Change,
    HedgeCall,
    NewDurations,
    NewP95,
    Parallel,
    TopK,
    WhatIf,
    side_by_side,
)

MOST_WHAT_IFS, MOST_CHANGES, MOST_ITEMS = 20, 10, 100_000


def what_ifs(reader: LatencyFields, root: Mapping[str, Any], after: After) -> tuple[WhatIf, ...]:
    """All of them, in the file's order; `after` is the graph they change."""
    if "what_if" not in root:
        return ()
    items = reader.items((), root, "what_if")
    if len(items) > MOST_WHAT_IFS:
        what = f"{len(items)} what-ifs are more than {MOST_WHAT_IFS}."
        reader.find("L101", ("what_if",), what, "Keep those that somebody would decide on.")
    found: list[WhatIf] = []
    for number, item in enumerate(items[:MOST_WHAT_IFS]):
        one = _what_if(reader, ("what_if", number), item, after)
        if any(other.id == one.id for other in found):
            what = f"there are two what-ifs {one.id!r}."
            reader.find("L101", ("what_if", number, "id"), what, "Give one of them another id.")
        found.append(one)
    return tuple(found)


def _what_if(reader: LatencyFields, path: Path, item: object, after: After) -> WhatIf:
    fields = reader.mapping(path, item, ["id", "title", "do"])
    identifier = reader.text(path, fields, "id")
    reader.identifier((*path, "id"), identifier)
    title = reader.text(path, fields, "title", required=False)
    items = reader.items(path, fields, "do")
    if len(items) > MOST_CHANGES:
        what = f"{len(items)} changes are more than {MOST_CHANGES}."
        reader.find("L101", (*path, "do"), what, "Ask about fewer at once.")
    changes = []
    for number, change in enumerate(items[:MOST_CHANGES]):
        one = read_change(reader, (*path, "do", number), change)
        if isinstance(one, Parallel):
            after = _parallel(reader, (*path, "do", number), one, after)
        if one is not None:
            changes.append(one)
    return WhatIf(identifier, title or identifier.replace("_", " "), tuple(changes))


def _parallel(reader: LatencyFields, path: Path, change: Parallel, after: After) -> After:
    if change.first not in after or change.second not in after:
        return after  # said already
    try:
        return side_by_side(after, change.first, change.second)
    except ValueError as error:
        hint = "Name two stages of which one comes directly after the other."
        reader.find("L108", path, f"{error}.", hint)
        return after


Change_: TypeAlias = Change | None
Read: TypeAlias = Callable[[LatencyFields, Path, Any], Change_]


def read_change(reader: LatencyFields, path: Path, item: object) -> Change_:
    """One change, as `{p95: {stage: rerank, ms: 240}}`; None with a finding where it is none."""
    if not isinstance(item, dict) or len(item) != 1 or next(iter(item)) not in _CHANGES:
        hint = f"Write one of: {', '.join(_CHANGES)}."
        reader.find("L107", path, "a change has one word that says what is done.", hint)
        return None
    word = next(iter(item))
    return _CHANGES[word](reader, (*path, word), item[word])


def _side_by_side(reader: LatencyFields, path: Path, item: Any) -> Change_:
    if not isinstance(item, list) or len(item) != 2 or not all(isinstance(one, str) for one in item):
        reader.find("L107", path, "two stages are needed.", "Write `parallel: [intent, retrieval]`.")
        return None
    for name in item:
        if name not in reader.names:
            reader.unknown_stage(path, name)
            return None
    if item[0] == item[1]:
        reader.find("L108", path, f"{item[0]} is named twice.", "Name two stages.")
        return None
    return Parallel(item[0], item[1])


def _fallback(reader: LatencyFields, path: Path, item: Any) -> Change_:
    fields = reader.mapping(path, item, ["stage", "after_ms", "to", "cost_ms"])
    return Cap(
        reader.stage_name(path, fields, "stage"),
        reader.ms(path, fields, "after_ms"),
        reader.text(path, fields, "to", required=False),
        reader.ms(path, fields, "cost_ms", 0.0),
    )


def _hedge(reader: LatencyFields, path: Path, item: Any) -> Change_:
    fields = reader.mapping(path, item, ["stage", "after_ms", "shared"])
    stage = reader.stage_name(path, fields, "stage")
    return HedgeCall(
        stage, reader.ms(path, fields, "after_ms", 0.0), reader.share(path, fields, "shared", 0.0)
    )


def _p95(reader: LatencyFields, path: Path, item: Any) -> Change_:
    fields = reader.mapping(path, item, ["stage", "ms"])
    return NewP95(reader.stage_name(path, fields, "stage"), reader.ms(path, fields, "ms"))


def _durations(reader: LatencyFields, path: Path, item: Any) -> Change_:
    fields = reader.mapping(path, item, ["stage", "path", "column", "unit_ms"])
    return NewDurations(
        reader.stage_name(path, fields, "stage"),
        reader.text(path, fields, "path"),
        reader.text(path, fields, "column"),
        reader.above(path, fields, "unit_ms", 1.0, 1e6),
    )


def _top_k(reader: LatencyFields, path: Path, item: Any) -> Change_:
    fields = reader.mapping(path, item, ["stage", "now", "to", "p95_ms", "cost"])
    change = TopK(
        reader.stage_name(path, fields, "stage"),
        int(reader.above(path, fields, "now", 1, MOST_ITEMS)),
        int(reader.above(path, fields, "to", 1, MOST_ITEMS)),
        _by_items(reader, (*path, "p95_ms"), fields.get("p95_ms")),
        reader.text(path, fields, "cost", required=False),
    )
    known = change.p95_ms
    for key, k in (("now", change.now), ("to", change.to)):
        if known and not min(known) <= k <= max(known):
            what = f"{k} items lie outside those measured, {min(known)} to {max(known)}."
            reader.find(
                "L109", (*path, key), what, "Measure there: a line is not drawn on beyond its points."
            )
    return change


def _by_items(reader: LatencyFields, path: Path, item: Any) -> dict[int, float]:
    hint = "Write the measured p95 by number of items: `p95_ms: {20: 190, 30: 240}`."
    if not isinstance(item, dict) or len(item) < 2:
        reader.find("L109", path, "a smaller top-K needs its measured effect.", hint)
        return {}
    found: dict[int, float] = {}
    for key in item:
        if not str(key).isdecimal() or not 0 < int(key) <= MOST_ITEMS:
            reader.find("L109", (*path, key), f"{key!r} is no number of items.", hint)
        else:
            found[int(key)] = reader.ms(path, item, key)
    return dict(sorted(found.items()))


_CHANGES: Mapping[str, Read] = {
    "parallel": _side_by_side,
    "fallback": _fallback,
    "hedge": _hedge,
    "p95": _p95,
    "durations": _durations,
    "top_k": _top_k,
}
"""What can be done, by the word that says it."""
