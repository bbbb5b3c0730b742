"""Tables of ready statistics: cumulative (n, mean, variance) per day, arm and metric.

Rows may also name cohorts, and the aggregate may be stated beside them (see `bot.sources.stated`). The look
computes the whole from the cohorts; what is stated is kept apart, to be reconciled with it.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.observation import SIDES, Cell, Observations, Side
from bot.core.registration import SUMMARY_COLUMNS, Registration
from bot.errors import SourceError
from bot.sources.engine import name_of
from bot.sources.stated import SHORT, Cohort, Kinds, Reader, Row
from bot.sources.warehouse import columns_missing
from bot.stats.sample import Sample

MOST = 1e15
"""Units beyond which a count is taken for a mistake; floats hold all whole numbers up to here."""


FAR = 3.0
"""Standard deviations of a unit beyond which units in no cohort cannot be what makes up the difference."""

Samples = dict[str, Sample]


def observe(table: Any, registration: Registration, day: float, what: str) -> Observations:
    """The rows of the largest day not above `day`, as one sample per arm, cohort cell and metric."""
    import ibis

    data = registration.data
    named = {part: data.column(part) for part in (*SUMMARY_COLUMNS, *registration.cohorts.dimensions)}
    missing = columns_missing(table, {column: part for part, column in named.items()}, what)
    if missing:
        raise SourceError(missing)
    days = table[named["day"]].cast("float64")
    known = table.filter((days > 0) & (days <= day))
    seen = known[named["day"]].cast("float64")
    edges = known.aggregate(first=seen.min(), newest=seen.max()).to_pyarrow().to_pylist()[0]
    newest = edges["newest"]
    if newest is None:
        raise SourceError(f"{what} has no rows of the days from 1 to {day:g}")
    arms = registration.arms
    ours = known.filter(
        known[named["arm"]].cast("string").isin((arms.control, arms.treatment))
        & known[named["metric"]].cast("string").isin(list(registration.metrics))
    )
    wanted = ours.filter(ours[named["day"]].cast("float64") == newest)
    query = wanted.select(**_typed(wanted, named))
    rows = query.to_pyarrow().to_pylist()
    reader = Reader(registration.cohorts.dimensions, rows)
    kinds = reader.sort(rows)
    found = _cells(kinds, registration, what)
    counts = _counts(ours, named, reader)
    broken, remarks = _shrinking(counts, registration, newest), _marginals(kinds)
    return Observations(
        cells=found.cells(registration),
        first_day=float(edges["first"]),
        last_day=float(newest),
        aggregate=found.stated(),
        earlier=_earlier(counts, registration, newest),
        summary=True,
        source=what,
        missing=_absent(rows, registration),
        broken=tuple(broken),
        remarks=tuple(remarks),
        codes=broken | remarks,
        query_sha256=hashlib.sha256(str(ibis.to_sql(query)).encode()).hexdigest(),
        engine=name_of(table),
    )


_TYPES = {"day": "float64", "n": "float64", "mean": "float64", "variance": "float64"}


def _typed(table: Any, named: Mapping[str, str]) -> dict[str, Any]:
    return {part: table[column].cast(_TYPES.get(part, "string")) for part, column in named.items()}


Counts = Mapping[tuple[float, str, str], float]
"""Units per day, arm and metric."""


def _counts(ours: Any, named: Mapping[str, str], reader: Reader) -> Counts:
    """The larger of what the cohorts have and what is stated of all, on every day so far."""
    kept = {part: column for part, column in named.items() if part not in ("mean", "variance")}
    rows = ours.select(**_typed(ours, kept)).to_pyarrow().to_pylist()
    kinds = reader.sort([row for row in rows if row["n"] is not None])
    totals: list[defaultdict[tuple[float, str, str], float]] = [defaultdict(float), defaultdict(float)]
    for total, some in zip(totals, ([row for _, row in kinds.cells], kinds.aggregate), strict=True):
        for row in some:
            total[row["day"], row["arm"], row["metric"]] += row["n"]
    return {key: max(total[key] for total in totals) for key in [*totals[0], *totals[1]]}


def _shrinking(counts: Counts, registration: Registration, newest: float) -> dict[str, str]:
    """The first metric with fewer units on the newest day than on a day before: that is not cumulative."""
    order = list(registration.metrics)
    for (day, arm, metric), then in sorted(counts.items(), key=lambda one: (order.index(one[0][2]), one[0])):
        left = counts.get((newest, arm, metric))
        if left is not None and then > left:
            fall = f"from {then:,.0f} on day {day:g} to {left:,.0f} on day {newest:g}"
            said = f"the n of {metric} in arm {arm} falls {fall}: the statistics are not cumulative"
            return {said: "decreasing-counts"}
    return {}


def _earlier(counts: Counts, registration: Registration, newest: float) -> tuple[tuple[float, int, int], ...]:
    """Both arms' units of the primary on every day before the newest."""
    arms, primary = registration.arms, registration.primary.metric
    days = sorted({day for day, _, metric in counts if metric == primary and day < newest})
    sizes = [[counts.get((day, arm, primary), 0) for arm in (arms.control, arms.treatment)] for day in days]
    return tuple((day, int(c), int(t)) for day, (c, t) in zip(days, sizes, strict=True))


def _marginals(kinds: Kinds) -> dict[str, str]:
    count = len(kinds.marginal)
    if not count:
        return {}
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    return {
        f"{rows} of some dimensions only were left out: marginals are computed from the full crossing.": (
            "marginal-rows"
        )
    }


@dataclass
class _Found:
    """Samples as they are read: of the cells, and of everybody where that is stated."""

    what: str
    cohorts: dict[tuple[Side, Cohort], Samples] = field(default_factory=dict)
    everybody: dict[Side, Samples] = field(default_factory=lambda: {side: {} for side in SIDES})

    def of(self, side: Side, metric: str) -> Sample | None:
        """All cohorts of one arm together."""
        parts = [
            samples[metric] for (at, _), samples in self.cohorts.items() if at == side and metric in samples
        ]
        return Sample.merge_all(parts) if parts else None

    def add(self, side: Side, cohort: Cohort, metric: str, sample: Sample) -> None:
        """Into a cell; values that were not declared share one."""
        cell = self.cohorts.setdefault((side, cohort), {})
        cell[metric] = cell[metric].merge(sample) if metric in cell else sample

    def stated(self) -> dict[str, Samples]:
        """What is stated of everybody beside cohorts of the same metric; empty when nothing is."""
        beside = {
            side: {name: sample for name, sample in samples.items() if self.of(side, name) is not None}
            for side, samples in self.everybody.items()
        }
        return {side: samples for side, samples in beside.items() if samples}

    def cells(self, registration: Registration) -> tuple[Cell, ...]:
        """All cells; what is stated of everybody and is in no cohort is in a cell without values."""
        nowhere: Cohort = (None,) * len(registration.cohorts.dimensions)
        rests = [
            (side, metric, rest)
            for side, samples in self.everybody.items()
            for metric, sample in samples.items()
            if (rest := _rest(sample, self.of(side, metric))) is not None
        ]
        whole = _Found(self.what, {key: dict(samples) for key, samples in self.cohorts.items()})
        for side, metric, rest in rests:
            whole.add(side, nowhere, metric, rest)
        primary = registration.primary.metric
        measured = {side for (side, _), samples in whole.cohorts.items() if primary in samples}
        return tuple(
            Cell(side, cohort, _size(samples, primary, side in measured), samples)
            for (side, cohort), samples in sorted(whole.cohorts.items(), key=lambda item: str(item[0]))
        )


def _size(samples: Samples, primary: str, measured: bool) -> int:
    """Units of a cell: the primary's; where the arm has no primary at all, the largest of the others."""
    if primary in samples:
        return samples[primary].n
    return 0 if measured else max((sample.n for sample in samples.values()), default=0)


def _rest(stated: Sample, cohorts: Sample | None) -> Sample | None:
    """Who is in what is stated of everybody and in no cohort; None when there is nobody, or cannot be."""
    if cohorts is None:
        return stated
    n = stated.n - cohorts.n
    if n <= SHORT * stated.n or n < 2:
        return None
    (name,) = stated.columns
    here, there = stated.mean_of(name), cohorts.mean_of(name)
    mean = here + (here - there) * cohorts.n / n
    squares = (stated.n - 1) * stated.variance(name) - (cohorts.n - 1) * cohorts.variance(name)
    apart = mean - there
    variance = (squares - cohorts.n * n / stated.n * apart * apart) / (n - 1)
    possible = variance >= 0 and abs(apart) <= FAR * math.sqrt(stated.variance(name))
    return Sample.summary(n, mean, variance, name) if possible else None


def _cells(kinds: Kinds, registration: Registration, what: str) -> _Found:
    arms = registration.arms
    side_of: Mapping[str, Side] = {arms.control: "control", arms.treatment: "treatment"}
    dimensions = list(registration.cohorts.dimensions)
    _twice([*(row for _, row in kinds.cells), *kinds.aggregate], dimensions, side_of, what)
    found = _Found(what)
    if not dimensions:
        found.cohorts |= {(side, ()): {} for side in SIDES}
    for cohort, row in kinds.cells:
        found.add(side_of[row["arm"]], cohort, row["metric"], _sample(row, what))
    for row in kinds.aggregate:
        side = found.everybody[side_of[row["arm"]]]
        if row["metric"] in side:
            raise SourceError(f"{what} states {row['metric']} of all in arm {row['arm']} twice")
        side[row["metric"]] = _sample(row, what)
    return found


def _twice(rows: Iterable[Row], dimensions: Sequence[str], side_of: Mapping[str, Side], what: str) -> None:
    """Raise SourceError when two rows speak of the same thing."""
    known = set()
    for row in rows:
        key = row["arm"], row["metric"], tuple(row[name] for name in dimensions)
        if key in known:
            where = ", ".join(str(part) for part in (*key[2], side_of[row["arm"]]) if part is not None)
            raise SourceError(f"{what} has two rows for {row['metric']} in {where} on day {row['day']:g}")
        known.add(key)


def _sample(row: Row, what: str) -> Sample:
    n, mean = row["n"], row["mean"]
    where = f"{what}, {row['metric']} in arm {row['arm']} on day {row['day']:g}"
    if n is None or not 0 <= n <= MOST or n != int(n):
        raise SourceError(f"{where}: n is {'empty' if n is None else f'{n:g}'}, not a count")
    variance = row["variance"]
    if variance is not None and math.isnan(variance):
        variance = None
    return Sample.summary(int(n), math.nan if mean is None else mean, variance, "value")


def _absent(rows: list[dict[str, Any]], registration: Registration) -> dict[str, str]:
    seen = {row["metric"] for row in rows}
    return {name: f"the table has no rows for {name}" for name in registration.metrics if name not in seen}
