"""Gathers evidence of the five root causes from the data that a team has named. Slow: only in a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from bot.core import cause_evidence
from bot.core.found import Found, unknown
from bot.core.harness_declared import Cause, Declared, Goodhart, Leakage, Proxy, Selection, Shift
from bot.core.logged import Ranking
from bot.core.offline_metrics import Score
from bot.errors import SourceError
from bot.services.harness import Place, ranked
from bot.stats.moments import Estimate, Sums, estimate
from bot.stats.ranking import metric
from bot.stats.undecided import Undecided

if TYPE_CHECKING:
    from bot.services.desk import Desk

EXACTLY = 1e-9
"""How close to none or all of a gain rounding may come."""
PARTS: Mapping[Cause, str] = {
    Cause.SELECTION_BIAS: "selection",
    Cause.LABEL_LEAKAGE: "leakage",
    Cause.DISTRIBUTION_SHIFT: "shift",
    Cause.METRIC_PROXY: "proxy",
    Cause.GOODHARTING: "goodhart",
}
"""What of a declaration speaks for each cause."""


def evidence(desk: Desk, declared: Declared, cause: Cause, *, now: datetime) -> tuple[Found, ...]:
    """What the data say of a cause; one line that says so where none are named."""
    folder = desk.settings.data
    return gathered(declared, cause, Place(desk.settings.sources, folder.path if folder else None), now)


def gathered(declared: Declared, cause: Cause, place: Place, now: datetime) -> tuple[Found, ...]:
    """The same without a desk. What cannot be had is unknown, with the reason."""
    asked = getattr(declared, PARTS[cause])
    if asked is None:
        return (unknown(f"no data are named: fill in `{cause.value}` under `evidence`"),)
    try:
        return _GATHER[cause](asked, place, now)
    except SourceError as error:
        return (unknown(str(error)),)


def _selection(asked: Selection, place: Place, now: datetime) -> tuple[Found, ...]:
    from bot.sources import eval_sets

    with place.table(asked.eval_set.rows) as table:
        evaluated = eval_sets.segments(table, asked.eval_set.segment, asked.eval_set.rows.name)
    where = asked.production
    with place.table(where.rows) as table:
        if where.time:
            zone = ZoneInfo(where.zone or "UTC")
            table = eval_sets.lately(table, where.time, now, asked.days, zone, where.rows.name)
        produced = eval_sets.segments(table, where.segment, where.rows.name)
    lines = cause_evidence.selection(evaluated, produced, asked)
    query = f"rows by {asked.eval_set.segment} of {asked.eval_set.rows.name} and {where.rows.name}"
    return tuple(replace(one, source=where.rows.source, query=query) for one in lines)


def _leakage(asked: Leakage, place: Place, now: datetime) -> tuple[Found, ...]:
    del now
    gains: list[Estimate | float] = []
    name = "offline"
    for side in (asked.ordinary, asked.time_strict):
        if isinstance(side, Ranking):
            found = _difference(side, place)
            if isinstance(found, Undecided):
                return (unknown(f"{side.rows.name}: {found.reason}"),)
            name = side.metrics[0].name
            gains.append(found)
        else:
            gains.append(side)
    return (cause_evidence.leakage(gains[0], gains[1], asked, name),)


def _difference(ranking: Ranking, place: Place) -> Estimate | Undecided:
    """The gain of a ranking's first metric, over all devices."""
    found = ranked(replace(ranking, metrics=ranking.metrics[:1]), place).scores
    if isinstance(found, Undecided):
        return found
    whole = next((one for one in found if not one.device), None)
    if whole is None or whole.difference is None:
        return Undecided("there is nothing to compare")
    return whole.difference


def _shift(asked: Shift, place: Place, now: datetime) -> tuple[Found, ...]:
    from bot.sources import eval_sets

    zone = ZoneInfo(asked.zone or "UTC")
    with place.table(asked.eval_set) as table:
        built, _ = eval_sets.built(table, asked.built, zone, asked.eval_set.name)
    items, newer = 0, 0
    if built is not None and built <= now:
        with place.table(asked.catalog) as table:
            items, newer = eval_sets.turnover(table, asked.added, built, zone, asked.catalog.name)
    query = f"{asked.added} of {asked.catalog.name} after the newest {asked.built} of {asked.eval_set.name}"
    found = cause_evidence.shift(built, items, newer, asked, now)
    return (replace(found, source=asked.catalog.source, query=query),)


def _proxy(asked: Proxy, place: Place, now: datetime) -> tuple[Found, ...]:
    del now
    from bot.sources import gain_positions

    with place.table(asked.clicks.rows) as table:
        clicks = gain_positions.clicked(table, asked.clicks, asked.clicks.rows.name)
    if not sum(clicks[""].values()):
        return (unknown(f"{asked.clicks.rows.name} has no clicks"),)
    ranking = asked.ranking
    seen = {
        name: cause_evidence.last_seen(places, asked.seen)
        for name, places in clicks.items()
        if sum(places.values()) and (not name or ranking.device)
    }
    with place.table(ranking.rows) as table:
        gains = gain_positions.gains(table, ranking, ranking.metrics[0], ranking.rows.name, seen)
    wrong = next((f"{many:,} {what}" for what, many in gains.bad.items() if many), "")
    if wrong:
        return (unknown(f"{ranking.rows.name} has {wrong}"),)
    if "" not in gains.sums:
        return (unknown(f"{ranking.rows.name}: no query has a relevant result"),)
    inside = {name: _inside(sums) for name, sums in gains.sums.items()}
    whole = _whole(gains.sums[""])
    found = cause_evidence.proxy(clicks, seen, inside, whole, gains.by_position, asked)
    query = f"{asked.clicks.position} of {asked.clicks.rows.name} beside {ranking.rows.name}"
    return (replace(found, source=ranking.rows.source, query=query),)


def _inside(sums: Sums) -> Estimate | Undecided:
    """The share of the whole difference that is at positions people look at.

    Where it is none of it in every query, or all of it, that is no estimate, and its interval has no width.
    """
    _, inside, whole = (float(one) for one in sums.mean)
    if not whole > 0:
        return Undecided("there is no gain")
    for exact in (0.0, 1.0):
        if sums.variance(np.array([0.0, 1.0, -exact])) == 0 and abs(inside / whole - exact) < EXACTLY:
            return Estimate(exact, exact, exact, 0.0, sums.n)
    return estimate(sums, inside / whole, [0.0, 1 / whole, -inside / whole**2])


def _whole(sums: Sums) -> Estimate | Undecided:
    weight, _, whole = (float(one) for one in sums.mean)
    if not weight > 0:
        return Undecided("no query has a weight")
    return estimate(sums, whole / weight, [-whole / weight**2, 0.0, 1 / weight])


def _goodhart(asked: Goodhart, place: Place, now: datetime) -> tuple[Found, ...]:
    del now
    scores: dict[str, Score] = {}
    if asked.ranking is not None:
        named = [one for word in (asked.metric, *asked.others) if (one := metric(word)) is not None]
        found = ranked(replace(asked.ranking, metrics=tuple(dict.fromkeys(named))), place).scores
        if isinstance(found, Undecided):
            return (unknown(f"{asked.ranking.rows.name}: {found.reason}"),)
        scores = {one.metric.key: one for one in found if not one.device}
    return (cause_evidence.goodhart(asked, scores),)


Gather: TypeAlias = Callable[..., tuple[Found, ...]]

_GATHER: Mapping[Cause, Gather] = {
    Cause.SELECTION_BIAS: _selection,
    Cause.LABEL_LEAKAGE: _leakage,
    Cause.DISTRIBUTION_SHIFT: _shift,
    Cause.METRIC_PROXY: _proxy,
    Cause.GOODHARTING: _goodhart,
}
