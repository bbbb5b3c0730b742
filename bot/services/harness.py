"""Computes a harness: opens its data, has it added up there, and makes metrics and estimates of the sums.

Slow: from the command line, or in a job. What cannot be computed is Undecided with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.core.harness import Harness
from bot.core.logged import Clicks, Counted, Logged, Ranking, Rows, Tabled
from bot.core.offline_metrics import Counterfactual, Measured, Ranked, against, remarks, scored
from bot.core.registration import Data
from bot.errors import SourceError
from bot.stats.moments import estimate
from bot.stats.off_policy import off_policy
from bot.stats.undecided import Undecided

if TYPE_CHECKING:
    from bot.settings import SourceSettings
    from bot.sources.policy import Policy


class Place:
    """Where a harness may read: sources by name; the folder below which a path may lead, None for none."""

    def __init__(self, sources: Mapping[str, SourceSettings], root: Path | None) -> None:
        self.sources, self.root = sources, root

    @contextmanager
    def table(self, rows: Rows) -> Iterator[Any]:
        """The Ibis table of rows. Raises SourceError with the reason."""
        from bot.sources.warehouse import table_of

        data = Data(
            source=rows.source or None, table=rows.table or None, sql=rows.sql or None, path=rows.path or None
        )
        with table_of(data, sources=self.sources, root=self.root) as found:
            yield found


def measure(harness: Harness, place: Place) -> Measured:
    """Compute all that a harness names."""
    return Measured(
        harness,
        None if harness.ranking is None else _or_reason(ranked, harness.ranking, place),
        None if harness.logged is None else _or_reason(counterfactual, harness.logged, place),
    )


def _or_reason(compute: Any, asked: Any, place: Place) -> Any:
    try:
        return compute(asked, place)
    except SourceError as error:
        return Undecided(str(error))


def ranked(ranking: Ranking, place: Place) -> Ranked:
    """The metrics of graded rankings. Raises SourceError."""
    from bot.sources import rankings

    shares = None if ranking.clicks is None else click_shares(ranking.clicks, place)
    with place.table(ranking.rows) as table:
        found = rankings.score(table, ranking, ranking.rows.name, shares)
    wrong = next((f"{many:,} {what}" for what, many in found.bad.items() if many), "")
    if wrong:
        return Ranked(found.queries, Undecided(f"{ranking.rows.name} has {wrong}"))
    compared = bool(ranking.treatment)
    scores = [
        scored(one, device, sums, found.scored[one.key].get(device, 0), compared=compared)
        for one in ranking.metrics
        for device, sums in sorted(found.sums.get(one.key, {}).items())
    ]
    return Ranked(found.queries, tuple(scores))


def click_shares(clicks: Clicks, place: Place) -> dict[str, dict[int, float]]:
    """The share of clicks by position, by device and under "". Raises SourceError."""
    from bot.sources import gain_positions

    with place.table(clicks.rows) as table:
        counts = gain_positions.clicked(table, clicks, clicks.rows.name)
    if not sum(counts[""].values()):
        raise SourceError(f"{clicks.rows.name} has no clicks")
    totals = {group: sum(places.values()) for group, places in counts.items()}
    return {
        group: {at: many / totals[group] for at, many in places.items()}
        for group, places in counts.items()
        if totals[group] > 0
    }


def counterfactual(logged: Logged, place: Place) -> Counterfactual:
    """What the target policy would have earned. Raises SourceError."""
    from bot.sources import logged as source

    policy, said = _policy(logged, place)
    own = None
    if logged.own_log is not None:
        with place.table(logged.own_log.rows) as table:
            sums = source.mean(table, logged.own_log.reward, logged.own_log.rows.name)
        own = estimate(sums, float(sums.mean[0]), [1.0])
    with place.table(logged.rows) as table:
        groups = source.gather(table, logged, policy, logged.rows.name)
    found = {name: off_policy(one.sums, one.weights, policy=one.policy) for name, one in groups.items()}
    whole, uncovered = found[""], groups[""].uncovered
    return Counterfactual(
        found,
        own,
        {} if own is None else against(whole, own),
        uncovered,
        remarks(whole, uncovered, said),
    )


def _policy(logged: Logged, place: Place) -> tuple[Policy | None, list[str]]:
    """The target policy where it stands elsewhere, and what is to be known of it."""
    from bot.sources import policy as source

    target = logged.target
    if not isinstance(target, Tabled | Counted):
        return None, []
    with place.table(target.rows) as table:
        found = source.read(table, target, target.rows.name)
    if isinstance(target, Tabled):
        return found, []
    rows, by = sum(found.counted.values()), f" by {', '.join(target.context)}" if target.context else ""
    return found, [
        f"the target policy is the shares{by} of {rows:,.0f} rows of {target.rows.name}: where it changed "
        "over time this is its average; the chance in these shares is in the intervals"
    ]
