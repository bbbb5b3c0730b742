"""What the shares of click positions and traffic sources say: whether they moved more than by the day."""

from collections.abc import Sequence

from bot.core.change import Change
from bot.core.drift_evidence import Moved, bars_of, describe, judge, nearest
from bot.core.figures import weekday
from bot.core.found import Found, clear, suspect, unknown
from bot.core.histogram import Histograms
from bot.stats.undecided import Undecided


def read_shares(
    seen: Histograms, *, noun: str, finding: str, least: float, by: str, when: str, source: str
) -> Found:
    """The one line about the shares of one column; `noun` is what they are of, in the plural."""
    more = {"source": source, "query": seen.text}
    if seen.missing:
        column, reason = next(iter(seen.missing.items()))
        return unknown(f"{noun}: {column}: {reason}", **more)
    one: Moved = judge(seen, least=least)[0]
    if one.drifted or one.drifted_cells:
        line = f"{noun} shifted: {describe(one, by)}; {when}"
        return suspect(line, finding, chart=bars_of(one, by), **more)
    if isinstance(one.whole, Undecided):
        return unknown(f"{noun}: {one.whole.reason}, {when}", **more)
    return clear(f"{noun} as usual: {nearest(one)}; {when}", chart=bars_of(one, by), **more)


def calendar(campaigns: Sequence[Change], events: Sequence[Change]) -> str:
    """The campaigns and events that ran when it began, in words; nothing where there were none."""
    told = [f"{change.kind.words} “{change.title}” {_span(change)}" for change in (*campaigns, *events)]
    return "; ".join(told)


def _span(change: Change) -> str:
    start = f"{weekday(change.at.date())} {change.at:%H:%M}"
    if change.ended_at is None:
        return f"since {start} UTC"
    return f"{start} to {weekday(change.ended_at.date())} {change.ended_at:%H:%M} UTC"
