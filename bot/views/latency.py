"""Latency budgets in Slack: the living card, what was locked, and what a load test shows."""

from collections.abc import Sequence

from bot.core.effect import Message
from bot.core.latency_budget import TURN, Budget, Criterion, LoadTest
from bot.core.latency_record import Result, Standing, Test
from bot.core.ledger import Entry
from bot.core.load_result import LoadResult
from bot.core.load_verdict import Judged, Outcome, Verdict
from bot.views.latency_actions import LatencyAction, row
from bot.views.latency_words import ms
from bot.views.ledger import witness
from bot.views.load_test import MARKS, Tested, tables
from bot.views.text import context, escape, fit, header, section, when

HEADS = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.UNDECIDED: "undecided"}


def _so_far(verdict: Verdict) -> str:
    """How the load test stands; while nothing was measured, that it is locked."""
    empty = not any(one.run for one in verdict.criteria)
    return "locked, no result yet" if empty else HEADS[verdict.outcome]


def card(
    found: Standing, budget: Budget, tested: Tested | None, joined: Sequence[str], watched: Sequence[str] = ()
) -> Message:
    """The living card of a budget. watched: what is seen of it in operation, a line each."""
    verdict = None if tested is None else tested.verdict
    stands = "no load test locked" if verdict is None else f"load test {_so_far(verdict)}"
    title = f"{found.title} · p{budget.slo.quantile * 100:g} ≤ {ms(budget.slo.ms)} · {stands}"
    blocks = [header(title)]
    if tested is not None and verdict is not None:
        blocks.append(section(fit(_criteria(verdict))))
        blocks += tables(tested)
    if watched:
        blocks.append(section(fit(list(watched))))
    head = f"*Stages*, allocated p95; the longest path takes {ms(budget.allocated_ms)} if they add up"
    blocks.append(section(fit([head, *(_stage(budget, number) for number in range(len(budget.stages)))])))
    if joined:
        blocks.append(section("For " + ", ".join(f"`{escape(one, 80)}`" for one in joined)))
    said, primary = _next(found, budget, verdict)
    blocks += [section(said), row(found.id, _buttons(budget, found), primary)]
    edition = found.edition
    small = f"`{found.id}` edition {edition.number} · {edition.sha256[:12]}… · ledger {edition.entry}"
    return Message(escape(title, 300), (*blocks, context(small)))


def _buttons(budget: Budget, found: Standing) -> list[LatencyAction]:
    """Those that can do something."""
    shown = [LatencyAction.SIMULATE, LatencyAction.WHAT_IF]
    if budget.load_test is not None:
        shown.append(LatencyAction.LOCK)
    if found.test is not None:
        shown.append(LatencyAction.RESULT)
    shown.append(LatencyAction.JOIN)
    return [*shown, LatencyAction.RULES] if budget.telemetry is not None else shown


def listing(every: Sequence[Standing]) -> Message:
    """The budgets there are."""
    lines = [
        f"• `{one.id}` {escape(one.title, 100)}, edition {one.edition.number}, {len(one.results)} results"
        for one in every
    ]
    return Message(f"{len(every)} latency budgets", (section(fit(["*Latency budgets*", *lines])),))


def edition(found: Standing, budget: Budget, entry: Entry) -> Message:
    """A new edition came."""
    said = f"Edition {found.edition.number} of {escape(budget.title, 150)} is on record."
    return Message(said, (section(said), context(witness(entry))))


def locked(found: Standing, test: LoadTest, entry: Entry) -> Message:
    """The criteria are locked."""
    newest = found.tests[-1]
    said = f"Load test {newest.number} of {escape(found.title, 150)}: {len(test.criteria)} criteria locked"
    lines = [f"• {asked(one)}" for one in test.criteria]
    lines.append(f"Each load for {test.minutes:g} min. Results that began before this do not count.")
    if newest.seen:
        lines.append(f"⚠ {newest.seen} earlier results were on record by then: {escape(newest.reason, 500)}")
    return Message(
        said, (section(fit([f"*{said}*", *lines])), context(f"{newest.sha256[:12]}… · {witness(entry)}"))
    )


def judged(
    found: Standing, test: Test, result: Result, read: LoadResult, tested: Tested, entry: Entry
) -> Message:
    """A result came; what the test shows by now."""
    whole = tested.verdict
    what = f"{result.load:g}x{f' with {escape(result.failure, 80)}' if result.failure else ''}"
    said = (
        f"Load test {test.number} of {escape(found.title, 150)} {HEADS[whole.outcome]}, by the run at {what}"
    )
    lines = [f"*{said}*", *_criteria(whole)]
    if not result.counts:
        lines.append(f"⚠ This run does not count: {escape(result.why, 200)}.")
    notes = " ".join(escape(one, 300) for one in read.remarks)
    small = f"{escape(read.tool, 60)} · file {result.file[:12]}… · {witness(entry)}"
    return Message(said, (section(fit(lines)), *tables(tested), context(f"{notes} {small}".strip())))


def asked(one: Criterion) -> str:
    """A criterion in words."""
    under = f" with {escape(one.failure, 80)}" if one.failure else ""
    part = "turn" if one.part == TURN else escape(one.part, 60)
    return f"{part} {one.statistic} ≤ {_value(one, one.most)} at {one.load:g}x{under}"


def _criteria(whole: Verdict) -> list[str]:
    order = (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS)
    return [_line(one) for outcome in order for one in whole.criteria if one.outcome is outcome]


def _line(one: Judged) -> str:
    seen = "" if one.measured is None else f": {_value(one.criterion, one.measured)}"
    if one.low is not None and one.high is not None:
        seen += f" ({_value(one.criterion, one.low)} … {_value(one.criterion, one.high)})"
    why = f", {escape(one.why, 300)}" if one.why else ""
    return f"{MARKS[one.outcome]} {HEADS[one.outcome]} · {asked(one.criterion)}{seen}{why}"


def _value(one: Criterion, value: float) -> str:
    return f"{value * 100:.3g} %" if one.statistic in ("fallback", "errors") else ms(value)


def _stage(budget: Budget, number: int) -> str:
    stage = budget.stages[number]
    fallback = stage.fallback
    after = f", after {ms(fallback.after_ms)} {escape(fallback.to, 80)}" if fallback else ""
    return f"• {escape(stage.said, 100)}: p95 {ms(stage.allocated_p95_ms)}{after}"


def _next(found: Standing, budget: Budget, judged: Verdict | None) -> tuple[str, LatencyAction]:
    """What comes next, and the button for it."""
    if budget.load_test is None:
        said = "Next: add `load_test:` with its criteria to the file, before anybody runs one."
        return said, LatencyAction.SIMULATE
    test = found.test
    if judged is None or test is None or test.edition != found.edition.number:
        said = f"Next: [Lock load test…] or `/latency loadtest lock {found.id}`, before the test is run."
        return said, LatencyAction.LOCK
    if judged.waits:
        runs = ", ".join(
            f"{load:g}x{f' with {escape(failure, 60)}' if failure else ''}" for load, failure in judged.waits
        )
        said = f"Next: results of {runs}: [Give a result…], or `@lookout latency loadtest {found.id} LOAD`"
        return f"{said} with the file.", LatencyAction.RESULT
    last = test.results[-1]
    said = f"Judged {when(last.at, style='{date_short_pretty} {time}')}, ledger {last.entry}."
    if judged.outcome == Outcome.PASS:
        return f"{said} Next: [Join…] it to its launch.", LatencyAction.JOIN
    return f"{said} After a change: a new test, locked with its reason.", LatencyAction.LOCK
