"""The best set of things for a quarter, exactly: an integer programme, by HiGHS (`scipy.optimize.milp`)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

_SCALE = 1e4
"""What the largest value is scaled to, so that HiGHS's absolute gap of 1e-6 is 1e-10 of it."""
_THRIFT = 1e-7
"""Of the largest value, for all of the weeks: between equal picks the cheaper one."""
_PATIENCE = 30.0
"""Seconds after which the solver gives up; two hundred candidates take a hundredth of one."""
_ROUND = 1e-6
"""How far a sum of weeks may pass the room by rounding."""


@dataclass(frozen=True)
class Item:
    """Something to pick or leave.

    value: any unit, the same for all, negative for a loss; weeks and slots: what it takes (>= 0); needs:
    names that must be picked with it; tags: shared things it uses; forced: it must be picked.
    """

    name: str
    value: float
    weeks: float
    slots: float = 1.0
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    forced: bool = False


@dataclass(frozen=True)
class Room:
    """What there is: slots and weeks, None for without limit; shared: the weeks of each tag, paid once."""

    slots: float | None = None
    weeks: float | None = None
    shared: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """A pick: names in the order given, its value, and the weeks (shared ones once) and slots it takes."""

    names: tuple[str, ...]
    value: float
    weeks: float
    slots: float


@dataclass(frozen=True)
class Shortfall:
    """What must be picked does not fit: slots and weeks that it takes beyond the room, 0 for enough.

    missing: names that are needed by what must be picked, and cannot be.
    """

    forced: tuple[str, ...]
    slots: float
    weeks: float
    missing: tuple[str, ...] = ()


def select(items: Sequence[Item], room: Room) -> Selection | Shortfall:
    """Pick the set of the highest total value that fits the room, with everything that it needs.

    maximise sum v_i x_i, x_i in {0, 1}, subject to sum s_i x_i <= slots, sum w_i x_i + sum W_t y_t <= weeks,
    x_i <= x_j for each j that i needs, x_i <= y_t for each tag t of i. What needs a name that is not among
    the items cannot be picked. Items without value are left. Raises RuntimeError where the solver gives up.
    """
    possible = closed(items)
    short = _short(items, room)
    if short is not None:
        return short
    if not possible:
        return Selection((), 0.0, 0.0, 0.0)
    chosen = _solve(possible, room)
    return measure([item for item, taken in zip(possible, chosen, strict=True) if taken], room)


def measure(items: Sequence[Item], room: Room) -> Selection:
    """Return what a set of items brings and takes, whether it fits or not."""
    tags = {tag for item in items for tag in item.tags}
    weeks = math.fsum([item.weeks for item in items] + [room.shared.get(tag, 0.0) for tag in tags])
    return Selection(
        tuple(item.name for item in items),
        math.fsum(item.value for item in items),
        weeks,
        math.fsum(item.slots for item in items),
    )


def fits(items: Sequence[Item], room: Room) -> bool:
    """Whether a set of items has everything that it needs, and room."""
    names, taken = {item.name for item in items}, measure(items, room)
    return (
        all(need in names for item in items for need in item.needs)
        and taken.slots <= (math.inf if room.slots is None else room.slots) + _ROUND
        and taken.weeks <= (math.inf if room.weeks is None else room.weeks) + _ROUND
    )


def closed(items: Sequence[Item]) -> list[Item]:
    """The items whose needs, and the needs of those, are all among the items."""
    left = list(items)
    while True:
        names = {item.name for item in left}
        kept = [item for item in left if names.issuperset(item.needs)]
        if len(kept) == len(left):
            return kept
        left = kept


def with_needs(names: Sequence[str], items: Sequence[Item]) -> set[str]:
    """These names and all that they need, directly or not."""
    by_name = {item.name: item for item in items}
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += by_name[name].needs if name in by_name else ()
    return found


def _short(items: Sequence[Item], room: Room) -> Shortfall | None:
    """What is missing to what is forced with all that it needs, which is the least that any pick takes."""
    forced = [item.name for item in items if item.forced]
    least = with_needs(forced, items)
    taken = measure([item for item in items if item.name in least], room)
    slots = 0.0 if room.slots is None else max(0.0, taken.slots - room.slots)
    weeks = 0.0 if room.weeks is None else max(0.0, taken.weeks - room.weeks)
    missing = tuple(sorted(least - {item.name for item in items}))
    if missing or slots > _ROUND or weeks > _ROUND:
        return Shortfall(tuple(forced), slots, weeks, missing)
    return None


def _solve(items: Sequence[Item], room: Room) -> list[bool]:
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    place = {item.name: number for number, item in enumerate(items)}
    tags = sorted({tag for item in items for tag in item.tags})
    n = len(items)
    rows, tops = _rows(items, room, place, tags)
    values = np.array([item.value for item in items])
    largest = float(np.abs(values).max()) or 1.0
    weeks = np.array([item.weeks for item in items])
    thrift = _THRIFT * weeks / (float(weeks.sum()) or 1.0)
    cost = np.concatenate([(thrift - values / largest) * _SCALE, np.zeros(len(tags))])
    low = np.concatenate([[float(item.forced) for item in items], np.zeros(len(tags))])
    found = milp(
        cost,
        integrality=np.concatenate([np.ones(n), np.zeros(len(tags))]),
        bounds=Bounds(low, np.ones(n + len(tags))),
        constraints=LinearConstraint(sparse.csr_array(rows), -np.inf, tops) if len(tops) else (),
        options={"mip_rel_gap": 0.0, "time_limit": _PATIENCE},
    )
    if found.status != 0 or found.x is None:
        raise RuntimeError(f"the solver gave up: {found.message}")
    return [bool(taken > 0.5) for taken in found.x[:n]]


def _rows(
    items: Sequence[Item], room: Room, place: Mapping[str, int], tags: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The left sides, one row a constraint, and their upper ends."""
    n, width = len(items), len(items) + len(tags)
    rows: list[np.ndarray] = []
    tops: list[float] = []

    def limit(entries: Mapping[int, float], top: float) -> None:
        row = np.zeros(width)
        for where, value in entries.items():
            row[where] = value
        rows.append(row)
        tops.append(top)

    if room.slots is not None:
        limit({place[item.name]: item.slots for item in items}, room.slots)
    if room.weeks is not None:
        shared = {n + number: room.shared.get(tag, 0.0) for number, tag in enumerate(tags)}
        limit({place[item.name]: item.weeks for item in items} | shared, room.weeks)
    for number, item in enumerate(items):
        for need in item.needs:
            if need != item.name:
                limit({number: 1.0, place[need]: -1.0}, 0.0)
        for tag in item.tags:
            limit({number: 1.0, n + tags.index(tag): -1.0}, 0.0)
    return np.array(rows).reshape(len(tops), width), np.array(tops)
