"""The queries of a look at a table of units: a glance at its head, what is odd, and the one aggregate.

A table with one row per unit is aggregated as it is; one with days is rolled up to units first. A second
aggregate is asked only for metrics whose sums will not do (`bot.sources.moments`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.registration import Registration
from bot.sources import cells, oddities, rollup, winsorising
from bot.sources.cells import Found, Question
from bot.sources.files import DATA
from bot.sources.oddities import Counts
from bot.sources.parts import beside, count_rows, gapless, gather
from bot.sources.rollup import Asked, Wanted
from bot.sources.units import Units, rolled_up, single

HEAD_ROWS = 1000
"""Rows whose mean is the shift: any constant near the mean will do."""
MANY_LABELS = 64
"""Different labels among these rows from which a column is taken for free text."""


@dataclass(frozen=True)
class Answer:
    """What was found. rows: those that count; limits: of winsorised metrics; text: of the aggregate query."""

    found: Found
    counts: Counts
    rows: Any
    text: str
    duplicates: int = 0
    repeats: int = 0
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def ask(
    table: Any, registration: Registration, day: float, metrics: Sequence[Wanted], held: Sequence[int] = ()
) -> Answer:
    """Ask the engine that holds the table. Raises what the engine raises.

    held: days of which the units are counted too, beside those of the planned looks.
    """
    if rollup.daily(registration):
        return _daily(table, registration, day, metrics, held)
    return _single(table, registration, metrics)


def _single(table: Any, registration: Registration, metrics: Sequence[Wanted]) -> Answer:
    backend = table.get_backend()
    sample = count_rows(table) > oddities.EXACT_ROWS
    with beside(backend, oddities.units_query(table, registration, sample=sample)) as told:
        asked = _limited(_asked(table, registration, metrics), table, registration, metrics)
        question = Question(metrics, asked)
        found, text = _aggregate(table, registration, question)
        odd = told()[0]
    no_unit = int(odd["rows"]) - int(odd["units"])
    rows = rollup.rows_until(table, registration, math.inf)
    if no_unit:
        found, text = _aggregate(rows, registration, question)
    while found.doubtful:
        question = _carefully(question, found)
        found, text = _aggregate(rows if no_unit else table, registration, question)
    if sample and odd["units"] != odd["different"]:
        odd = oddities.units_query(table, registration, sample=False).to_pyarrow().to_pylist()[0]
    counts = Counts(sum(cell.units for cell in found.cells) + found.strangers + no_unit, no_unit)
    duplicates = int(odd["units"]) - int(odd["different"])
    return Answer(found, counts, rows, text, duplicates, limits=asked.limits)


def _aggregate(rows: Any, registration: Registration, question: Question) -> tuple[Found, str]:
    """The cells of a table with one row per unit, and the text of the query."""
    units = single(rows, registration, question.asked)
    gathered = gather(rows.get_backend(), cells.query(units, question), name=DATA)
    return cells.read(gathered.parts, units, question), gathered.text


def _daily(
    table: Any, registration: Registration, day: float, metrics: Sequence[Wanted], held: Sequence[int]
) -> Answer:
    backend = table.get_backend()
    counts = oddities.count_days(table, registration, day)
    rows = rollup.rows_until(table, registration, day)
    asked = _asked(rows, registration, metrics)
    asked = _limited(replace(asked, newest=counts.newest), rows, registration, metrics)
    bits = backend.name == "duckdb"
    earlier = tuple(sorted({one for one in (*registration.looks, *held) if one < day}))
    question = Question(metrics, asked, earlier=earlier, waits=rollup.waits(registration))
    while True:
        units = rolled_up(rows, registration, question.asked, bits=bits)
        gathered = gather(backend, cells.query(units, question))
        found = cells.read(gathered.parts, units, question)
        if not found.doubtful:
            break
        question = _carefully(question, found)
    repeats = oddities.repeats_of_days(table, registration, day) if found.again or not bits else 0
    return Answer(found, counts, rows, gathered.text, repeats=repeats, limits=asked.limits)


def _carefully(question: Question, found: Found) -> Question:
    """The same question, with care for the metrics that were doubtful."""
    doubtful = [one for one in question.metrics if one.name in found.doubtful]
    gaps = {name for one in doubtful for name in question.asked.names(one)}
    return replace(
        question,
        careful=question.careful | found.doubtful,
        asked=replace(question.asked, gaps=question.asked.gaps | gaps),
    )


def _limited(asked: Asked, rows: Any, registration: Registration, metrics: Sequence[Wanted]) -> Asked:
    """With the limits of winsorised metrics, which take a query of their own."""
    if not winsorising.declared(metrics):
        return asked
    known = replace(asked, gaps=frozenset(asked.values.values()))
    return replace(asked, limits=winsorising.limits(_units(rows, registration, known), metrics, asked))


def _units(rows: Any, registration: Registration, asked: Asked) -> Units:
    if rollup.daily(registration):
        return rolled_up(rows, registration, asked, bits=False)
    return single(rows, registration, asked)


def _asked(rows: Any, registration: Registration, metrics: Sequence[Wanted]) -> Asked:
    """Values, a shift for each, and whether the labels are few, from the first rows."""
    values, days = rollup.numbered(metrics), rollup.daily(registration)
    # A sum over days has as many shifts in it as days, so it goes without.
    shifted = [(value, name) for value, name in values.items() if not (days and value.how == "sum")]
    texts = {} if days else rollup.labels(rows, registration)
    columns = {name: rollup.number(rows, value.column) for value, name in shifted} | texts
    if not columns:
        return Asked(values)
    head = rows.select(**columns).limit(HEAD_ROWS)
    outputs = {f"l_{name}": head[name].nunique() for name in texts}
    for _, name in shifted:
        outputs |= {f"m_{name}": head[name].mean(), f"t_{name}": head[name].max()}
        outputs |= {f"s_{name}": head[name].var(how="sample")}
    row = gather(rows.get_backend(), head.aggregate(**outputs)).parts[0][0]
    shifts = {name: _round_shift(row[f"m_{name}"], row[f"s_{name}"], row[f"t_{name}"]) for _, name in shifted}
    mapped = any(row[f"l_{name}"] > MANY_LABELS for name in texts)
    known = frozenset() if days else gapless(rows.get_backend())
    full = frozenset(name for value, name in values.items() if value.column in known)
    return Asked(values, shifts, mapped=mapped, full=full)


def _round_shift(mean: float | None, variance: float | None, top: float | None) -> float:
    """A number near the mean with few binary digits, so that taking it off and adding up is mostly exact."""
    if mean is None or top is None or not abs(mean) < 1e300:
        return 0.0
    if variance is None or not 0 < variance < math.inf:
        return float(top)  # all the same, so far
    step = 2.0 ** math.floor(math.log2(math.sqrt(variance)))
    return round(mean / step) * step
