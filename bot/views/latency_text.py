"""A simulation of a latency budget as `lookout latency` prints it: verdict, table, stages, what-ifs."""

from typing import TYPE_CHECKING

from bot.core.latency_result import REST, Estimate, Method, Simulation, StageResult
from bot.views.latency_words import (
    answer,
    cohort_lines,
    headline,
    ms,
    part,
    q_name,
    remarks,
    span,
    stage_note,
    sums,
    whole,
)

if TYPE_CHECKING:
    from bot.stats.tail import Level


def lines(found: Simulation) -> list[str]:
    """All of it, a line each."""
    said = [headline(found), "", *turn_table(found), ""]
    said += sums(found) or ["Nothing was simulated: p95s added up are no p95 of the turn."]
    said += ["", *stage_table(found)]
    if found.cohorts:
        said += ["", "Cohorts", *(f"  {line}" for line in cohort_lines(found))]
    if found.what_ifs:
        said += ["", "What if", *(f"  {answer(found, one)}" for one in found.what_ifs)]
    return [*said, "", *remarks(found)]


def turn_table(found: Simulation) -> list[str]:
    """The turn by each method, side by side."""
    over = f"over {ms(found.budget.slo.ms)}"
    rows = [["turn", "p50", "p95", "p99", over]]
    for method in Method:
        estimate = found.now.estimates.get(method)
        if isinstance(estimate, Estimate):
            beyond = part(estimate.over.value) if estimate.over else "-"
            rows.append([method.value, *(_cell(one) for one in estimate.levels), beyond])
        elif estimate is not None:
            rows.append([method.value, "-", "-", "-", "-"])
    return aligned(rows)


def stage_table(found: Simulation) -> list[str]:
    """Each stage against its allocation, and what it takes in turns as long as the SLO's quantile."""
    near = f"near the turn's {q_name(found.budget.slo.quantile)}"
    rows = [["stage", "p50", "p95", "p99", "allocated p95", "of it", near, ""]]
    return aligned([*rows, *(_stage(found, stage) for stage in found.now.stages)])


def _stage(found: Simulation, stage: StageResult) -> list[str]:
    budget = found.budget.stage(stage.name)
    p50, p95, p99 = stage.levels
    allocated = budget.allocated_p95_ms if budget else 0.0
    return [
        "in no stage" if stage.name == REST else stage.name,
        ms(p50.ms),
        _cell(p95),
        ms(p99.ms),
        ms(allocated) if budget else "-",
        whole(p95.ms / allocated) if budget and not stage.assumed else "-",
        "-" if stage.near is None else ms(stage.near),
        stage_note(stage),
    ]


def _cell(level: "Level") -> str:
    return ms(level.ms) if level.low == level.high == level.ms else f"{ms(level.ms)} {span(level)}"


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows as lines, the first column to the left and figures to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 or at == len(row) - 1 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
