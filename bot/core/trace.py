"""The chain a thing stands in: everything that led to it and everything it led to, and what happened to each.

A chain may come back to where it began: an incident updates the framing that its experiment came from. Such
links are kept and known to lead back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.core.thing import Link, Thing, ThingKind

MOST = 40
"""Things of a chain that are followed; of what lies beyond it is said how much there is."""

Neighbours: TypeAlias = Callable[[Thing], Sequence[Link]]
"""Every link that begins or ends at a thing."""


@dataclass(frozen=True)
class Chain:
    """What led to `start` and what it led to.

    things: what led to others first; links: those between them, the oldest first; rank: the row of each
    thing, 0 for what nothing led to; back: the links that lead back to something earlier; left_out: how
    many things lie beyond those that were followed.
    """

    start: Thing
    things: tuple[Thing, ...]
    links: tuple[Link, ...]
    rank: Mapping[Thing, int]
    back: frozenset[Link] = frozenset()
    left_out: int = 0

    def before(self, thing: Thing) -> tuple[Link, ...]:
        """The links that lead to a thing."""
        return tuple(link for link in self.links if link.later == thing)

    def after(self, thing: Thing) -> tuple[Link, ...]:
        """The links that begin at a thing."""
        return tuple(link for link in self.links if link.earlier == thing)


@dataclass(frozen=True)
class Happening:
    """Something that happened to a thing; `by` a Slack id or empty for Lookout itself.

    what: plain text; record: as people type it, "ledger 88"; milestone: whether a card shows it.
    """

    at: datetime
    thing: Thing
    what: str
    by: str = ""
    record: str = ""
    milestone: bool = True


@dataclass(frozen=True)
class Known:
    """What is on record of a thing: its title, where it stands in a few words, and what happened to it.

    state is empty where nothing is kept under that name; channel is where its card lives.
    """

    thing: Thing
    title: str
    state: str
    happenings: tuple[Happening, ...] = ()
    channel: str = ""


def walk(start: Thing, neighbours: Neighbours, most: int = MOST) -> Chain:
    """Follow the links from `start` both ways, to any depth, until so many things are known.

    What led to what led to it is followed, and what comes of what it led to; not what else came of the
    former. A quarter's portfolio is shown beside its candidates and followed only where one starts at it,
    since through it all candidates hang together.
    """
    known: dict[Thing, Sequence[Link]] = {}

    def of(thing: Thing) -> Sequence[Link]:
        if thing not in known:
            known[thing] = neighbours(thing)
        return known[thing]

    seeds = [start]
    if start.kind is ThingKind.PORTFOLIO:
        seeds += [link.earlier for link in of(start) if link.later == start][: most - 1]
    found, beyond = dict.fromkeys(seeds), set[Thing]()
    beyond |= _follow(seeds, found, lambda thing: _led_to(thing, of(thing)), most)
    beyond |= _follow(seeds, found, lambda thing: _came_of(thing, of(thing)), most)
    _with_quarters(found, of, most)
    links = {link: None for thing in found for link in of(thing) if {link.earlier, link.later} <= set(found)}
    ordered = sorted(links, key=lambda link: (link.at, link.earlier, link.later))
    rank, back = _ranked(list(found), ordered)
    things = sorted(found, key=lambda thing: (rank[thing], thing))
    return Chain(start, tuple(things), tuple(ordered), rank, back, len(beyond - set(found)))


def _led_to(thing: Thing, links: Sequence[Link]) -> list[Thing]:
    return [link.earlier for link in links if link.later == thing]


def _came_of(thing: Thing, links: Sequence[Link]) -> list[Thing]:
    return [link.later for link in links if link.earlier == thing]


def _follow(
    seeds: Sequence[Thing], found: dict[Thing, None], onward: Callable[[Thing], list[Thing]], most: int
) -> set[Thing]:
    """Put what lies this way of the seeds into `found`; what there was no room for."""
    queue, seen, beyond = list(seeds), set(seeds), set[Thing]()
    while queue:
        for there in onward(queue.pop(0)):
            if there in seen:
                continue
            seen.add(there)
            if there not in found and len(found) >= most:
                beyond.add(there)
                continue
            found[there] = None
            if there.kind is not ThingKind.PORTFOLIO:
                queue.append(there)
    return beyond


def _with_quarters(found: dict[Thing, None], of: Neighbours, most: int) -> None:
    """Put the quarters beside the candidates that are there."""
    for thing in [one for one in found if one.kind is ThingKind.CANDIDATE]:
        for link in of(thing):
            if link.later.kind is ThingKind.PORTFOLIO and len(found) < most:
                found.setdefault(link.later, None)


def _ranked(things: Sequence[Thing], links: Sequence[Link]) -> tuple[Mapping[Thing, int], frozenset[Link]]:
    """The row of each thing below all that led to it; links that would close a circle lead back.

    Links are taken as they came about, so it is the newest of a circle that leads back.
    """
    forward: list[Link] = []
    back = set()
    for link in links:
        if link.earlier == link.later or _leads(link.later, link.earlier, forward):
            back.add(link)
        else:
            forward.append(link)
    rank = dict.fromkeys(things, 0)
    for _ in things:  # a chain has no more rows than things
        moved = False
        for link in forward:
            if rank[link.later] <= rank[link.earlier]:
                rank[link.later], moved = rank[link.earlier] + 1, True
        if not moved:
            break
    for thing in set(rank) - {link.later for link in forward}:  # what nothing led to stands just above
        below = [rank[link.later] for link in forward if link.earlier == thing]
        rank[thing] = min(below, default=1) - 1
    return rank, frozenset(back)


def _leads(earlier: Thing, later: Thing, links: Sequence[Link]) -> bool:
    """Whether one thing leads to another by some of these links."""
    reached, queue = {earlier}, [earlier]
    while queue:
        thing = queue.pop()
        for link in links:
            if link.earlier == thing and link.later not in reached:
                reached.add(link.later)
                queue.append(link.later)
    return later in reached
