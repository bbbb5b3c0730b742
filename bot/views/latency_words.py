"""What a simulation of a latency budget says, in sentences: plain text, not yet escaped for Slack."""

from typing import TYPE_CHECKING

from bot.core.latency_budget import Budget
from bot.core.latency_result import REST, Fit, Method, Scenario, Simulation, StageResult
from bot.core.what_if import HedgeCall, TopK, WhatIf
from bot.stats.undecided import Undecided

if TYPE_CHECKING:
    from bot.stats.tail import Level, Share

ALWAYS = 0.3
"""Spearman's rho from which on two stages are said to be slow together."""
ALIKE = 0.02
"""How far, as a share, a sum of quantiles may be from the turn's and still be called alike."""


def ms(value: float) -> str:
    """A time: whole milliseconds, or one decimal below ten of them.

    >>> ms(613.4), ms(3.26), ms(1840.0)
    ('613 ms', '3.3 ms', '1,840 ms')
    """
    return f"{_plain(value)} ms"


def _plain(value: float) -> str:
    return f"{value:,.1f}" if 0 < abs(value) < 9.95 else f"{value:,.0f}"


def span(level: "Level", *, first: bool = False) -> str:
    """The interval in brackets, "95 % interval" said the first time."""
    said = "95 % interval " if first else ""
    if level.low is None and level.high is None:
        return "(too few turns for an interval)"
    if level.high is None:
        return f"({said}from {_plain(level.low or 0.0)}, no upper end)"
    if level.low is None:
        return f"({said}up to {_plain(level.high)}, no lower end)"
    return f"({said}{_plain(level.low)} to {_plain(level.high)})"


def part(value: float) -> str:
    """A share of turns, with the digits that tell it from nothing.

    >>> part(0.0118), part(0.00057), part(0.0), part(0.25)
    ('1.2 %', '0.06 %', '0 %', '25 %')
    """
    if value == 0:
        return "0 %"
    digits = 2 if value < 0.001 else 1 if value < 0.0995 else 0
    return f"{value * 100:.{digits}f} %" if value >= 0.00005 else "under 0.01 %"


def part_span(share: "Share") -> str:
    """A share with its interval, all with the digits of its upper end."""
    digits = 2 if share.high < 0.005 else 1 if share.high < 0.0995 else 0
    value, low, high = (
        f"{one * 100:.{digits}f}" if one else "0" for one in (share.value, share.low, share.high)
    )
    return f"{value} % ({low} to {high} %)"


def whole(value: float) -> str:
    """A share without decimals.

    >>> whole(-0.174)
    '17 %'
    """
    return f"{abs(value) * 100:.0f} %"


def q_name(quantile: float) -> str:
    """What a quantile is called: p95."""
    return f"p{quantile * 100:g}"


def headline(found: Simulation) -> str:
    """The verdict on the pipeline as it is, first."""
    return f"{_capital(found.budget.title)}: {_verdict(found.budget, found.now)}"


def answer(found: Simulation, scenario: Scenario) -> str:
    """Does it fit? In a sentence, with what it costs."""
    if scenario.what_if is None:
        return headline(found)
    title = scenario.what_if.title
    subject = _capital(title) + ("," if "," in title else "")
    if scenario.why:
        return f"Nobody can say whether {title} fits: {scenario.why}."
    if scenario.judged is Method.ADDITIVE:
        return (
            f"Nobody can say whether {title} fits without measurements: {_only_sum(found.budget, scenario)}."
        )
    condition = _condition(scenario)
    fit = {
        Fit.FITS: f"{subject} fits{condition}: ",
        Fit.OVER: f"{subject} does not fit{condition}: ",
        Fit.OPEN: f"Whether {title} fits is too close to call{condition}: ",
    }[scenario.fit]
    said = [_becomes(found.budget, scenario, fit), *(_costs(found, scenario, scenario.what_if))]
    return " ".join(said)


def _verdict(budget: Budget, scenario: Scenario) -> str:
    """Of the pipeline as it is, or where only allocations are known."""
    if scenario.judged is Method.ADDITIVE:
        reasons = [str(one.reason) for one in scenario.estimates.values() if isinstance(one, Undecided)]
        return (
            f"whether it keeps its SLO cannot be said: {reasons[0]}. {_capital(_only_sum(budget, scenario))}."
        )
    fit = {
        Fit.FITS: "keeps its SLO",
        Fit.OVER: "does not keep its SLO",
        Fit.OPEN: "is too close to its SLO to call",
    }[scenario.fit]
    return _becomes(budget, scenario, f"{fit}{_condition(scenario)}. ")


def _condition(scenario: Scenario) -> str:
    """What the verdict rests on besides measurements."""
    if scenario.judged is not Method.INDEPENDENT:
        return ""
    taken = [stage.name for stage in scenario.stages if stage.assumed]
    verb = "is" if len(taken) == 1 else "are"
    return " if stages are independent" + (f" and {' and '.join(taken)} {verb} as assumed" if taken else "")


def _only_sum(budget: Budget, scenario: Scenario) -> str:
    """All that allocations say."""
    total = scenario.estimate(Method.ADDITIVE)
    known = ms(total.at(budget.slo.quantile).ms) if total else "nothing"
    name = q_name(budget.slo.quantile)
    return f"the stages' {name}s come to {known} of {ms(budget.slo.ms)}, and they do not add up"


def _becomes(budget: Budget, scenario: Scenario, fit: str) -> str:
    estimate = scenario.estimate(scenario.judged)
    assert estimate is not None  # noqa: S101 - it is what was judged
    level, slo = estimate.at(budget.slo.quantile), budget.slo
    verb = "is" if scenario.what_if is None else "becomes"
    under = level.ms <= slo.ms
    room = f"{ms(abs(slo.ms - level.ms))} {'below' if under else 'above'} the {ms(slo.ms)} of the SLO"
    start = f"the {q_name(slo.quantile)} of a turn {verb} {ms(level.ms)} {span(level, first=True)}, "
    start = start if fit.endswith(": ") else _capital(start)
    longer = f"{_longer(scenario.change)} and " if scenario.change is not None else ""
    over = f" {part_span(estimate.over)} of turns take longer than {ms(slo.ms)}." if estimate.over else ""
    return f"{fit}{start}{longer}{room}.{over}"


def _longer(change: "Level") -> str:
    """How much longer than now; none where the interval holds both signs."""
    if change.low is not None and change.high is not None and change.low < 0 < change.high:
        around = f"{_signed(change.low)} to {_signed(change.high)} ms"
        return f"no more than its error away from now ({around})"
    word = "longer" if change.ms >= 0 else "shorter"
    low, high = change.low, change.high
    if low is None or high is None:
        return f"{ms(abs(change.ms))} {word} than now"
    ends = sorted((abs(low), abs(high)))
    return f"{ms(abs(change.ms))} {word} than now ({_plain(ends[0])} to {_plain(ends[1])})"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{_plain(abs(value))}"  # noqa: RUF001 - a minus sign


def _costs(found: Simulation, scenario: Scenario, what_if: WhatIf) -> list[str]:
    """What else it does: requests given up, sent twice, quality lost."""
    said = []
    for stage in scenario.stages:
        name = _title(found.budget, stage.name)
        before = next((one.given_up for one in found.now.stages if one.name == stage.name), None)
        if stage.given_up is not None and (before is None or before.value != stage.given_up.value):
            said.append(f"{name} falls back in {part_span(stage.given_up)} of turns.")
        if stage.twice is not None:
            said.append(f"{name} is asked {part_span(stage.twice)} more often.")
    for change in what_if.changes:
        if isinstance(change, TopK):
            cost = f", which costs {change.cost}" if change.cost else ""
            said.append(
                f"{_title(found.budget, change.stage)} works on {change.to} and not {change.now}{cost}."
            )
        if isinstance(change, HedgeCall) and not change.shared:
            said.append("That holds where a second request is slow for reasons of its own.")
    return said


def sums(found: Simulation) -> list[str]:
    """Whether quantiles add up, and whether stages are slow together."""
    now, q = found.now, found.budget.slo.quantile
    together, apart, added = (
        now.estimate(method) for method in (Method.WHOLE, Method.INDEPENDENT, Method.ADDITIVE)
    )
    judged = together or apart
    said = []
    if judged and added and added.at(q).ms > 0:
        said.append(_added(q, added.at(q).ms, added.at(q).ms / judged.at(q).ms - 1))
    if together and apart:
        off = apart.at(q).ms / together.at(q).ms - 1
        said.append(_apart(found, apart.at(q), off))
    return said


def _added(quantile: float, value: float, off: float) -> str:
    start = f"Adding {q_name(quantile)}s up says {ms(value)}, "
    if abs(off) < ALIKE:
        return f"{start}about what the turn takes: one stage decides, or stages are slow together."
    if off < 0:
        return f"{start}{whole(off)} less than the turn takes: a few stages are rarely slow, but very."
    return f"{start}{whole(off)} more than the turn takes: stages are seldom all slow in the same turn."


def _apart(found: Simulation, level: "Level", off: float) -> str:
    way = "less" if off < 0 else "more"
    said = f"Independent stages would take {ms(level.ms)}, {whole(off)} {way}"
    if found.pairs and found.pairs[0].rho >= ALWAYS and off < 0:
        pair = found.pairs[0]
        rho = f"{pair.first} and {pair.second}: Spearman's rho {pair.rho:.2f}"
        return f"{said}: stages are slow together ({rho})."
    return f"{said}."


def remarks(found: Simulation) -> list[str]:
    """What is missing, assumed or left out, and how it was computed."""
    said = list(found.notes)
    for method, estimate in found.now.estimates.items():
        if isinstance(estimate, Undecided):
            said.append(f"{_capital(method.value)}: cannot be computed, {estimate.reason}.")
    for stage in found.now.stages:
        if stage.name == REST and stage.levels[0].ms > 0:
            share = f"{ms(stage.levels[0].ms)} at the median"
            said.append(f"{_capital(share)} of a turn stands in no stage; what-ifs leave it as it is.")
    said.append(_method(found))
    return said


def _method(found: Simulation) -> str:
    few = round(found.told)
    as_many = f", as many as {few:,} independent ones" if 0 < few < found.turns else ""
    turns = f"{found.source}{as_many}. " if found.turns else f"{_capital(found.source)}. "
    how = "Intervals of whole turns lie between order statistics. " if found.turns else ""
    drawn = found.now.estimate(Method.INDEPENDENT) is not None
    draws = f"Stages by themselves: {found.draws:,} draws, seed {found.seed}." if drawn else ""
    return f"{turns}{how}{draws}".rstrip()


def cohort_lines(found: Simulation) -> list[str]:
    """Cohorts beyond the alert, then beyond the target; one line that all are close where none is."""
    limit = found.budget.thresholds.cohort
    said = []
    for one in found.cohorts:
        if abs(one.off) < limit.target:
            continue
        word = "longer" if one.off > 0 else "shorter"
        beyond = f"beyond the alert of {whole(limit.alert)}" if one.beyond else "not surely beyond the alert"
        far = abs(one.off) > limit.alert
        said.append(
            f"{one.name}: {ms(one.level.ms)} {span(one.level)}, {whole(one.off)} {word} than the whole, "
            f"{beyond if far else f'the target is {whole(limit.target)}'} ({one.turns:,} turns)"
        )
    if found.cohorts and not said:
        worst = found.cohorts[0]
        said.append(
            f"All {len(found.cohorts)} cohorts are within {whole(limit.target)} of the whole; furthest is "
            f"{worst.name} at {ms(worst.level.ms)} ({whole(worst.off)} off)."
        )
    return said


def stage_note(stage: StageResult) -> str:
    """What else is to be said of a stage: assumed, given up, sent twice."""
    said = ["assumed"] if stage.assumed else []
    if stage.warned is not None and stage.warned.value:
        said.append(f"late {part(stage.warned.value)}")
    if stage.given_up is not None:
        said.append(f"falls back {part(stage.given_up.value)}")
    if stage.twice is not None:
        said.append(f"asked again {part(stage.twice.value)}")
    return ", ".join(said)


def _title(budget: Budget, name: str) -> str:
    stage = budget.stage(name)
    return stage.said if stage else name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
