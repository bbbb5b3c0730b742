"""A load test's results: p50, p95 and p99 of the turn and its stages at every load, beside what is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.effect import Block
from bot.core.latency_budget import TURN, Budget, Criterion
from bot.core.load_parts import share, timed
from bot.core.load_verdict import LEVELS_BY_NAME, Judged, Outcome, Run, Verdict
from bot.stats.undecided import Undecided
from bot.views.latency_text import aligned
from bot.views.text import SECTION, escape, section

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNDECIDED: "?"}
MOST_FAILURES = 4
NAME = 14
"""Characters of a part's name in the table: a phone shows about 45 of a line."""
_TABLE = SECTION - 100


@dataclass(frozen=True)
class Tested:
    """A load test: the budget's edition that it was locked with, what it shows, and its runs."""

    budget: Budget
    verdict: Verdict
    runs: Sequence[Run]


def tables(found: Tested) -> list[Block]:
    """Sections: times at each load, then under each induced failure; only of runs that count."""
    runs = {(one.load, one.failure): one for one in found.runs if one.counts}
    asked = found.budget.load_test
    if asked is None or not runs:
        return []
    loads = [one for one in asked.loads if any(load == one and not under for load, under in runs)]
    blocks = []
    if loads:
        columns = [(f"{one:g}x", runs[one, ""]) for one in loads]
        blocks.append(_fenced("*At each load*, ms", found, columns, ""))
    failures = [one for one in asked.failures if any(under == one for _, under in runs)]
    for failure in failures[:MOST_FAILURES]:
        columns = [(f"{load:g}x", run) for (load, under), run in sorted(runs.items()) if under == failure]
        blocks.append(_fenced(f"*With {escape(failure, 80)}*, ms", found, columns, failure))
    return blocks


def _fenced(head: str, found: Tested, columns: Sequence[tuple[str, Run]], failure: str) -> Block:
    rows = list(_rows(found, columns, failure))
    text = "\n".join(aligned([["", "", *(name for name, _ in columns), "at most"], *rows]))
    lines = (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'").splitlines()
    )
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) > _TABLE:
            break
        kept.append(line)
    return section(f"{head}\n```" + "\n".join(kept) + "```")


def _rows(found: Tested, columns: Sequence[tuple[str, Run]], failure: str) -> Iterator[list[str]]:
    """A row a part and percentile; shares where something is asked of them, or a failure is induced."""
    budget, asked = found.budget, found.budget.load_test
    names: Mapping[str, str] = {} if asked is None else asked.names
    alone = sum(stage.fallback is not None for stage in budget.stages) == 1
    judged = [one for one in found.verdict.criteria if one.criterion.failure == failure]
    for part in (TURN, *(stage.name for stage in budget.stages)):
        named = part
        for statistic in (*LEVELS_BY_NAME, "fallback", "errors"):
            own = [
                one for one in judged if (one.criterion.part, one.criterion.statistic) == (part, statistic)
            ]
            cells = [_cell(run, part, statistic, names, alone=alone) for _, run in columns]
            if not own and (set(cells) == {"-"} or _idle(statistic, cells, failure)):
                continue
            label = {"fallback": "fall", "errors": "err"}.get(statistic, statistic)
            yield [
                _short(named),
                label,
                *cells,
                ", ".join(_limit(one, [run.load for _, run in columns]) for one in own),
            ]
            named = ""


def _idle(statistic: str, cells: Sequence[str], failure: str) -> bool:
    """Whether nobody asked for a share: without a failure, or of errors that there were none of."""
    return statistic not in LEVELS_BY_NAME and (
        not failure or (statistic == "errors" and set(cells) <= {"0%", "-"})
    )


def _cell(run: Run, part: str, statistic: str, names: Mapping[str, str], *, alone: bool) -> str:
    if statistic in LEVELS_BY_NAME:
        series = timed(run.result, part, names)
        point = None if isinstance(series, Undecided) else series.at(LEVELS_BY_NAME[statistic])
        return "-" if point is None else f"{point.ms:,.0f}"
    counted = share(run.result, part, statistic, names, alone=alone)
    return "-" if isinstance(counted, Undecided) else percent(counted[0] / counted[1])


def _limit(one: Judged, loads: Sequence[float]) -> str:
    """A criterion in the table: its mark, its limit, and its load unless that is the only one there."""
    value = limit(one.criterion)
    return f"{MARKS[one.outcome]} {value}" + (
        f" at {one.criterion.load:g}x" if list(loads) != [one.criterion.load] else ""
    )


def limit(one: Criterion) -> str:
    """The limit: ms without the unit, or a share."""
    return percent(one.most) if one.statistic in ("fallback", "errors") else f"{one.most:,.0f}"


def percent(value: float) -> str:
    """A share in percent, of three figures.

    >>> percent(0.005), percent(0.98123)
    ('0.5%', '98.1%')
    """
    return f"{value * 100:.3g}%"


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"
