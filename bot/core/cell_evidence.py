"""What cohorts and shards say, in one line and a small chart."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from bot.core import chart_spec
from bot.core.cells import Judged, common, everywhere, worst_first
from bot.core.chart_spec import Bar
from bot.core.figures import MINUS
from bot.core.found import Found, clear, suspect, unknown

DRAWN = 6
"""Cells drawn: on a phone each takes a finger's breadth."""


def read_cells(judged: Sequence[Judged], *, noun: str, some: str, usual: str, **more: Any) -> Found:
    """The line: how many are off, what they share, the worst of them.

    `noun` is "cohort" or "shard"; `some` is the finding where single ones are off, "all" where nearly all
    are; `usual` says what they are held against. `more` is given on: source, query.
    """
    known = [one for one in judged if one.off is not None]
    blind = len(judged) - len(known)
    if not known:
        return unknown(
            f"{_count(len(judged), noun)}, none with a value now and a past to hold it against", **more
        )
    ranked = worst_first(judged)
    off = [one for one in known if one.off]
    tail = f"; of {blind} nothing is known" if blind else ""
    chart = chart_spec.bars(
        f"{noun}s, now beside usual".capitalize(), [_bar(one) for one in ranked], most=DRAWN
    )
    if not off:
        far = f", furthest {_moved(ranked[0])}" if ranked[0].change is not None else ""
        line = f"none of {_count(len(known), noun)} is off {usual}{far}{tail}"
        return clear(line, chart=chart, **more)
    head = f"{len(off)} of {_count(len(known), noun)} off {usual}"
    if everywhere(judged):
        changes = [one.change for one in off if one.change is not None]
        by = f", by {_percent(median(changes))} in the middle" if changes else ""
        return suspect(
            f"{head}{by}: it is everywhere. Worst: {_moved(ranked[0])}{tail}", "all", chart=chart, **more
        )
    shared = common(judged)
    where = (
        f", all in {shared.dimension}={shared.value} ({shared.off} of its {shared.cells})" if shared else ""
    )
    return suspect(f"{head}{where}. Worst: {_moved(ranked[0])}{tail}", some, chart=chart, **more)


def _bar(one: Judged) -> Bar:
    return Bar(one.cell.name, one.cell.now, usual=one.usual, off=bool(one.off))


def _moved(one: Judged) -> str:
    change = f" ({_percent(one.change)})" if one.change is not None else ""
    return f"{one.cell.name} {one.usual:.4g} → {one.cell.now:.4g}{change}"


def _percent(change: float) -> str:
    return f"{MINUS if change < 0 else '+'}{abs(change) * 100:.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
