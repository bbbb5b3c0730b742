"""A scored portfolio as plain text, for a terminal."""

from bot.core.candidate_trial import Trial
from bot.core.candidate_value import Estimate
from bot.core.portfolio_beside import Beside
from bot.core.portfolio_outcome import Retrospective
from bot.core.portfolio_pick import Pick
from bot.core.portfolio_score import Score, Scored
from bot.stats.undecided import Undecided
from bot.views import portfolio_words as words

_HEAD = (
    "", "RICE", "rank", "exists (90 %)", "power", "gain this quarter (90 %)", "EVOI", "weeks (90 %)",
    "in time",
)  # fmt: skip


def lines(scored: Scored, found: Pick, other: Beside) -> list[str]:
    """Verdict, table, reasons, what stands beside it and what was assumed."""
    said = [words.verdict(scored, found)]
    if not found.infeasible:
        said.append(words.takes(scored, found, other))
    said += ["", *_table(scored, found), "", *_reasons(scored, found), ""]
    taught = [(one.candidate.id, line) for one in scored.scores for line in words.lessons(one)]
    said += [f"{name} informs {line}." for name, line in taught]
    said += [f"Limits: {'; '.join(map(words.binding, found.bindings))}."] if found.bindings else []
    said += [words.plain(other), words.gut(other), words.agreement(other)]
    said += [_blindly(scored, other)] if found.picked else []
    if other.undersized:
        said.append(words.saved(other))
    said += [words.haircut(scored.haircut), _overruns(scored), *_assumed(scored)]
    said.append(f"{scored.draws:,} draws of each, seed {scored.seed}; gains in {scored.unit}.")
    return said


def retrospective_lines(found: Retrospective) -> list[str]:
    """A quarter looked back on."""
    return ["Looking back:", *(f"  {line}" for line in words.looked_back(found))]


def _table(scored: Scored, found: Pick) -> list[str]:
    """One row a candidate, by unit, in order of RICE; the picked ones marked."""
    ranked = [one for one in scored.scores if words.is_ranked(one)]
    units = sorted({one.unit for one in ranked if one.unit}, key=lambda unit: (unit != scored.unit, unit))
    rows: list[tuple[str, ...]] = []
    for unit in units:
        rows.append((f"{unit}:",))
        mine = [one for one in ranked if one.unit == unit]
        rows += [_row(one, found) for one in sorted(mine, key=lambda one: one.rank or 0)]
    widths = [max(len(row[place]) for row in [_HEAD, *rows] if len(row) > 1) for place in range(len(_HEAD))]
    return [
        row[0]
        if len(row) == 1
        else "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in ([_HEAD, *rows] if rows else [])
    ]


def _row(one: Score, found: Pick) -> tuple[str, ...]:
    value = one.value
    mark = "✓" if one.candidate.id in found.picked else " "
    rice = "" if isinstance(one.rice, Undecided) else words.amount(one.rice)
    if not isinstance(one.corrected, Undecided) and one.corrected != one.rice:
        rice += f" ({words.amount(one.corrected)} corrected)"
    weeks, exists = value.weeks, value.exists
    return (
        f"{mark} {one.candidate.id}",
        rice,
        str(one.rank or ""),
        "?" if exists is None else f"{exists.mean:.2f} ({exists.low:.2f} to {exists.high:.2f})",
        f"{value.trial.power:.2f}" if isinstance(value.trial, Trial) else "?",
        words.interval(value.gain) if isinstance(value.gain, Estimate) else "?",
        words.amount(one.learning) if one.learning else "0",
        "?" if weeks is None else f"{weeks.mean:.1f} ({weeks.low:.1f} to {weeks.high:.1f})",
        "?" if value.finished is None else f"{value.finished:.2f}",
    )


def _reasons(scored: Scored, found: Pick) -> list[str]:
    chosen = [one for one in scored.scores if one.candidate.id in found.picked]
    left = [one for one in scored.scores if one.candidate.id not in found.picked]
    return [
        f"{'✓' if one in chosen else '✗'} {one.candidate.id} {one.candidate.title}: "
        f"{words.reason(scored, found, one)}"
        for one in [*chosen, *left]
    ]


def _blindly(scored: Scored, other: Beside) -> str:
    """What chance would pick, of those that may be picked."""
    free = sum(not one.bars for one in scored.scores)
    return f"As many drawn blindly of all {free} that may be picked would gain {words.amount(other.random)}."


def _overruns(scored: Scored) -> str:
    team = scored.overruns[""]
    if not team.projects:
        return "No past costs are on record: estimates are taken for right, give or take a third."
    said = ", ".join(
        f"{scope or 'the team'} {one.median:.2f}x ({one.projects})" for scope, one in scored.overruns.items()
    )
    return f"Costs ran over by (median, projects): {said}."


def _assumed(scored: Scored) -> list[str]:
    of: dict[str, list[str]] = {}
    for one in scored.scores:
        for what in one.value.assumed:
            of.setdefault(what, []).append(one.candidate.id)
    return [f"Assumed for {words.listed(names, 12)}: {what}." for what, names in of.items()]
