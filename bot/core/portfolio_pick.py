"""Picks the candidates of a quarter: the most expected value and learning that there is room for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.candidate import Kind
from bot.core.candidate_value import Estimate
from bot.core.portfolio_rules import Rule
from bot.core.portfolio_score import Score, Scored
from bot.stats.knapsack import Item, Room, Selection, Shortfall, closed, select, with_needs

MOST_WEIGHED = 40
"""Candidates for which it is worked out what picking or leaving each would change."""


@dataclass(frozen=True)
class Swing:
    """What the total would lose (never negative) by deciding otherwise about one candidate.

    loses: expected and learning value in the portfolio's unit, None where it cannot be decided otherwise.
    instead: who would leave for it, or come in its place.
    """

    loses: float | None
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binding:
    """A limit that costs value: what it is, what the pick would gain without it, and who would come in."""

    limit: str
    gains: float
    enters: tuple[str, ...]


@dataclass(frozen=True)
class Pick:
    """The best pick, exactly, or why there is none.

    picked: ids in the portfolio's order; weeks: engineer-weeks at the expected cost, shared infrastructure
    once; shared: what of it is paid. swings: by id. without_learning: the best pick by expected value alone;
    holds_from: the part of the learning value from which on it is this pick, 0 where it is so without any.
    infeasible: the limits that forbid any pick, in words, empty where there is one.
    """

    picked: tuple[str, ...]
    value: float
    expected: float
    learning: float
    weeks: float
    slots: float
    shared: tuple[str, ...] = ()
    swings: Mapping[str, Swing] = field(default_factory=dict)
    bindings: tuple[Binding, ...] = ()
    without_learning: tuple[str, ...] = ()
    holds_from: float = 0.0
    infeasible: tuple[str, ...] = ()


def pick(scored: Scored) -> Pick:
    """Pick by integer programming, and weigh every other decision against it."""
    items, room = items_of(scored), room_of(scored)
    if barred := _barred_musts(scored):
        return Pick((), 0.0, 0.0, 0.0, 0.0, 0.0, infeasible=barred)
    found = select(items, room)
    if isinstance(found, Shortfall):
        return Pick((), 0.0, 0.0, 0.0, 0.0, 0.0, infeasible=_why_not(scored, found))
    chosen = [scored.score(name) for name in found.names]
    plain = select(items_of(scored, learning=0.0), room)
    alone = plain.names if isinstance(plain, Selection) else ()
    tags = {tag for one in chosen for tag in one.candidate.infrastructure}
    return Pick(
        picked=found.names,
        value=found.value,
        expected=math.fsum(one.expected for one in chosen),
        learning=math.fsum(one.learning for one in chosen),
        weeks=found.weeks,
        slots=found.slots,
        shared=tuple(one.name for one in scored.portfolio.infrastructure if one.name in tags and one.cost),
        swings=_swings(items, room, found),
        bindings=_bindings(scored, room, found),
        without_learning=alone,
        holds_from=0.0 if alone == found.names else _holds_from(scored, room, found),
        infeasible=() if found.names else _nothing(scored),
    )


def tied(scored: Scored, name: str, swing: Swing) -> bool:
    """Whether what deciding otherwise about it loses may be the draws': within two errors of the means."""
    gains = [scored.score(one).value.gain for one in (name, *swing.instead)]
    error = math.hypot(*(gain.error for gain in gains if isinstance(gain, Estimate)))
    return swing.loses is not None and bool(swing.instead) and swing.loses <= 2 * error


def items_of(scored: Scored, *, learning: float | None = None, ignoring: Rule | None = None) -> list[Item]:
    """What may be picked, as the solver takes it; `ignoring` one rule, or with another weight of learning."""
    weight = scored.portfolio.learning if learning is None else learning
    done = {one.id for one in scored.portfolio.candidates if one.done}
    return [
        item_of(one, weight, done, needs=ignoring is not Rule.AFTER)
        for one in scored.scores
        if all(bar.rule is ignoring for bar in one.bars)
    ]


def item_of(score: Score, learning: float, done: set[str], *, needs: bool = True) -> Item:
    """One candidate as the solver takes it: its expected cost, one slot for an experiment."""
    one = score.candidate
    return Item(
        name=one.id,
        value=score.expected + learning * score.learning,
        weeks=weeks_of(score),
        slots=1.0 if one.kind is Kind.EXPERIMENT else 0.0,
        needs=tuple(name for name in one.depends_on if name not in done) if needs else (),
        tags=one.infrastructure,
        forced=bool(one.must),
    )


def weeks_of(score: Score) -> float:
    """The expected engineer-weeks, 0 where no effort is given."""
    return 0.0 if score.value.weeks is None else score.value.weeks.mean


def room_of(scored: Scored) -> Room:
    """The capacity as the solver takes it."""
    capacity = scored.portfolio.capacity
    shared = {one.name: one.cost for one in scored.portfolio.infrastructure}
    return Room(float(capacity.slots), capacity.engineer_weeks, shared)


def _holds_from(scored: Scored, room: Room, found: Selection) -> float:
    """The smallest part of the learning value with which the pick is this one, to a hundredth, by halving.

    One threshold: as learning counts more, the learning value of the best pick never falls, so a pick that is
    best at two weights is best between them.
    """
    low, high = 0.0, 1.0
    while high - low > 0.01:
        middle = (low + high) / 2
        other = select(items_of(scored, learning=middle * scored.portfolio.learning), room)
        if isinstance(other, Selection) and other.names == found.names:
            high = middle
        else:
            low = middle
    return high


def _swings(items: Sequence[Item], room: Room, found: Selection) -> dict[str, Swing]:
    """For each that could be picked: what deciding otherwise about it would lose."""
    if len(items) > MOST_WEIGHED:
        return {}
    swings = {}
    for item in items:
        if item.name in found.names:
            others = [one for one in items if one.name != item.name]
            other = None if item.forced else select(closed(others), room)
        else:
            needed = with_needs([item.name], items)
            other = select([_forced(one) if one.name in needed else one for one in items], room)
        swings[item.name] = _swing(found, other, item.name)
    return swings


def _swing(found: Selection, other: Selection | Shortfall | None, name: str) -> Swing:
    if not isinstance(other, Selection):
        return Swing(None)
    before, after = set(found.names), set(other.names)
    changed = (after - before) if name in before else (before - after)
    order = [*found.names, *other.names]
    instead = tuple(dict.fromkeys(one for one in order if one in changed and one != name))
    return Swing(max(0.0, found.value - other.value), instead)


def _forced(item: Item) -> Item:
    return Item(item.name, item.value, item.weeks, item.slots, item.needs, item.tags, forced=True)


def _bindings(scored: Scored, room: Room, found: Selection) -> tuple[Binding, ...]:
    """Each limit that costs something, the dearest first: one slot more, more weeks, one rule less."""
    items = items_of(scored)
    trials: list[tuple[str, Sequence[Item], Room]] = []
    if room.slots is not None:
        trials.append(("one slot more", items, Room(room.slots + 1, room.weeks, room.shared)))
    if room.weeks is not None:
        trials.append(("engineer-weeks", items, Room(room.slots, None, room.shared)))
    free = [_unbound(item) for item in items_of(scored, ignoring=Rule.AFTER)]
    trials.append(("dependencies not kept", free, room))
    trials += [
        (f"the {rule.value} rule waived", items_of(scored, ignoring=rule), room)
        for rule in (Rule.SCOPE, Rule.PRE_MORTEM, Rule.DETECTABLE)
        if any(bar.rule is rule for one in scored.scores for bar in one.bars)
    ]
    if room.slots is not None and room.weeks is not None:
        trials.append(("engineer-weeks and one slot", items, Room(room.slots + 1, None, room.shared)))
    bindings: list[Binding] = []
    for what, more, wider in trials:
        limit, other = what, select(more, wider)
        if isinstance(other, Selection) and other.value > found.value * (1 + 1e-9) + 1e-12:
            enters = tuple(name for name in other.names if name not in found.names)
            if limit.startswith("engineer-weeks") and room.weeks is not None:
                if limit != "engineer-weeks" and bindings:
                    continue  # one of them alone is enough
                more_weeks = math.ceil(other.weeks - room.weeks)
                limit = limit.replace("engineer-weeks", f"{more_weeks} engineer-weeks") + " more"
            bindings.append(Binding(limit, other.value - found.value, enters))
    return tuple(sorted(bindings, key=lambda one: -one.gains))


def _unbound(item: Item) -> Item:
    return Item(item.name, item.value, item.weeks, item.slots, (), item.tags, item.forced)


def _barred_musts(scored: Scored) -> tuple[str, ...]:
    """Who must be picked and may not be."""
    return tuple(
        f"{bar.rule.value}: {one.candidate.id} must be picked ({one.candidate.must.rstrip('.')}), "
        f"and {bar.reason}"
        for one in scored.scores
        if one.candidate.must and not one.candidate.done
        for bar in one.bars
    )


def _why_not(scored: Scored, short: Shortfall) -> tuple[str, ...]:
    """Which limit what must be picked runs against."""
    capacity = scored.portfolio.capacity
    must = f"{_and(short.forced)} must be picked"
    said = []
    for name in short.missing:
        bars = scored.score(name).bars
        why = "; ".join(bar.reason for bar in bars) or "it needs what cannot be picked"
        said.append(f"{must} and {'needs' if len(short.forced) == 1 else 'need'} {name}, barred: {why}")
    if short.slots > 0:
        said.append(f"slots: {must}, which takes {short.slots:g} more than the {capacity.slots} there are")
    if short.weeks > 0 and capacity.engineer_weeks is not None:
        said.append(
            f"engineer-weeks: {must}, which takes {short.weeks:.1f} more than the "
            f"{capacity.engineer_weeks:g} there are"
        )
    return tuple(said)


def _nothing(scored: Scored) -> tuple[str, ...]:
    """Why nobody can be picked: the rules, with whom they bar, or room for none."""
    capacity = scored.portfolio.capacity
    by_rule: dict[Rule, list[str]] = {}
    for one in scored.scores:
        for bar in one.bars:
            by_rule.setdefault(bar.rule, []).append(one.candidate.id)
    said = [f"{rule.value}: bars {_and(names)}" for rule, names in by_rule.items()]
    free = [one for one in scored.scores if not one.bars]
    worthless = [one.candidate.id for one in free if one.expected + one.learning <= 0]
    if worthless:
        said.append(f"value: none is known of {_and(worthless)}")
    if capacity.slots < 1 and any(one.candidate.kind is Kind.EXPERIMENT for one in free):
        said.append("slots: there is none")
    weeks = capacity.engineer_weeks
    if weeks is not None:
        least = [(weeks_of(one), one.candidate.id) for one in free if one.expected + one.learning > 0]
        if least and min(least)[0] > weeks:
            said.append(f"engineer-weeks: {min(least)[1]} alone takes {min(least)[0]:.1f} of {weeks:g}")
    return tuple(said) or ("every candidate is barred by another's dependency",)


def _and(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
