"""`lookout plan`: sample size, boundaries, true error, guardrails, cohorts, runtime."""

import json as to_json
from collections.abc import Sequence
from pathlib import Path

from bot.commands.registration_file import Read, complain, read
from bot.core.figures import bound, level, plain, share, signed, weekday
from bot.core.guardrail_plan import GuardrailPlan
from bot.core.horizon import Horizon, Shown
from bot.core.plan import LaunchPlan, work_out
from bot.errors import InputError
from bot.stats.undecided import Undecided

WIDTH = 41
"""Where the figures of the primary begin."""


def run(file: Path, *, days: int | None = None, json: bool = False) -> int:
    """Work out one registration; 1 when it has a finding of level error.

    days: of traffic, to say what they show. Raises InputError for days that cannot be.
    """
    if days is not None and not 1 <= days <= 3660:
        raise InputError(f"--days is {days}.", "Give the days of traffic, from 1 to 3660.")
    found = read(file)
    plan = _worked_out(found, days)
    if json:
        findings = [finding.to_json() for finding in found.findings]
        print(to_json.dumps(plan.to_json() if plan else {"findings": findings}, indent=2))
    elif plan is not None:
        print(text(plan))
    if not json or plan is None:
        complain(found.findings)
    return 0 if found.usable else 1


def _worked_out(found: Read, days: int | None) -> LaunchPlan | None:
    """None when a finding says why nothing can be computed: looks out of order, spending not given."""
    if found.registration is None:
        return None
    try:
        return work_out(found.registration, found.sha256, found.findings, days=days)
    except ValueError:
        if found.usable:
            raise
        return None


def text(plan: LaunchPlan) -> str:
    """The plan as a person reads it."""
    parts = [_head(plan), _looks(plan), _guardrails(plan), _cohorts(plan)]
    if plan.at_days is not None:
        parts.append(_at_days(plan.at_days))
    return "\n\n".join("\n".join(map(str.rstrip, lines)) for lines in parts if lines)


def _head(plan: LaunchPlan) -> list[str]:
    registration, sizing = plan.registration, plan.sizing
    sides = "two-sided" if registration.sequential.sided == 2 else "one-sided"
    lines = [
        f"{registration.id}: {registration.title}".rstrip(": "),
        f"registration sha256 {plan.sha256}",
        "",
        f"Primary {registration.primary.metric}, {registration.primary.direction}, "
        f"alpha {registration.alpha:g} {sides}, power {registration.power:g}",
    ]
    if isinstance(sizing.n_fixed, Undecided):
        lines.append(f"  units per arm: unknown, {sizing.n_fixed.reason}")
        return [*lines, *_reach(plan)]
    lines += [
        _line("units per arm, one look:", f"{sizing.n_fixed:,.2f}"),
        _line(f"with the sequential plan (x {sizing.inflation:.6f}):", f"{sizing.n or 0:,}   "),
    ]
    if registration.primary.cuped is not None:
        lines.append(_line("and with CUPED:", f"{sizing.n_cuped or 0:,}   "))
    if sizing.arms is not None and sizing.arms[0] != sizing.arms[1]:
        lines.append(
            f"  that is {sizing.arms[0]:,} control and {sizing.arms[1]:,} treatment units: what counts is "
            "their harmonic mean"
        )
    if sizing.expected is not None and len(plan.looks) > 1:
        means = sizing.expected
        lines.append(
            f"  on average it stops with {means.h0:,.0f} under no effect, {means.midway:,.0f} under half the "
            f"declared one, {means.h1:,.0f} under all of it"
        )
    if sizing.runtime_days is not None:
        lines.append(_line("days of traffic until then:", f"{sizing.runtime_days:,.2f}"))
    return [*lines, *_reach(plan)]


def _line(what: str, figure: str) -> str:
    return f"  {what:<{WIDTH - 3}} {figure:>12}"


def _reach(plan: LaunchPlan) -> list[str]:
    if isinstance(plan.horizon, Undecided):
        return [f"  what {plan.registration.horizon_days} days show: unknown, {plan.horizon.reason}"]
    return [f"  {plan.horizon.days} days of traffic show: {_shown(plan.horizon.primary)}"]


def _shown(shown: Shown) -> str:
    if isinstance(shown.mde_abs, Undecided):
        return f"unknown, {shown.mde_abs.reason}"
    rel = "" if isinstance(shown.mde_rel, Undecided) else f" ({share(shown.mde_rel, 2)})"
    found = f"an effect from {level(shown.mde_abs)}{rel}"
    if isinstance(shown.power, Undecided):
        return found
    return f"{found}; the declared one with power {share(shown.power)}"


def _looks(plan: LaunchPlan) -> list[str]:
    futile = any(one.futility_z is not None for one in plan.looks)
    head = "Look  Day  Information       z    stops below p  alpha spent"
    lines = [f"{head}  futile below z" if futile else head]
    for one in plan.looks:
        date = f"  {weekday(one.date)}" if one.date else ""
        z = f"{one.z:8.4f}" if one.z < 1e300 else "   never"
        floor = "" if one.futility_z is None else f"{one.futility_z:.4f}"
        lines.append(
            f"{one.look:>4} {one.day:>4}  {one.fraction:>11.4f} {z}  {bound(one.nominal_p):>13}  "
            f"{plain(one.alpha_spent):>11}{f'  {floor:>14}' if futile else ''}{date}"
        )
    return [*lines, f"True type-I error of the plan as written: {plan.type1_error:.7f}"]


def _guardrails(plan: LaunchPlan) -> list[str]:
    found, count = plan.guardrails, len(plan.looks)
    if not found.each:
        return []
    most = "at most " if found.upper_bound else ""
    looks = "at one look" if count == 1 else f"watched at {count} looks"
    lines = [
        f"Guardrails ({plan.registration.correction}), {looks}: a change that harms nothing is vetoed with "
        f"probability {most}{share(found.false_veto)}",
        f"{'':<30} {'spending':<16} false veto  clears  vetoes",
    ]
    for one in found.each:
        lines += _guardrail(one, alone=count == 1)
    bare = any(isinstance(one.chance.clears, Undecided) for one in found.each)
    if count > 1 and (bare or len(found.each) > 1):
        for name, p in found.choices.items():
            head = "any of them, if all were" if name == "none" else ""
            lines.append(f"{head:<30} {name:<16} {_percent(p, most=found.upper_bound):>10}")
    lines.append("clears: at the last look, when nothing has changed. vetoes: a harm of twice the threshold.")
    if found.upper_bound:
        lines.append(
            "≤: a veto needs the threshold crossed too, and how far away it lies is not known in full."
        )
    return [*lines, *_unknown(found.each)]


def _unknown(each: Sequence[GuardrailPlan]) -> list[str]:
    """Why figures are missing, one line a reason."""
    names: dict[str, list[str]] = {}
    for one in each:
        for reason in {v.reason for v in (one.chance.clears, one.chance.vetoes) if isinstance(v, Undecided)}:
            names.setdefault(reason, []).append(one.metric)
    return [f"?: {reason} ({', '.join(metrics)})." for reason, metrics in names.items()]


def _guardrail(one: GuardrailPlan, *, alone: bool) -> list[str]:
    """A line for each spending there is to choose from, the declared one marked."""
    limit = one.threshold.limit
    shown = signed(limit) if one.threshold.relative else f"{one.threshold.kind} {limit:g}"
    bare = isinstance(one.chance.clears, Undecided)
    lines: list[str] = []
    for name, chance in one.chances.items():
        if (alone or bare) and name != one.spending:
            continue
        mark = "> " if name == one.spending else "  "
        head = f"{one.metric}, {shown}" if not lines else ""
        lines.append(
            f"{head:<28} {mark}{name:<16} {_percent(chance.false_veto, most=one.upper_bound):>10} "
            f"{_percent(chance.clears):>7} {_percent(chance.vetoes):>7}"
        )
    return lines


def _percent(value: float | Undecided, *, most: bool = False) -> str:
    if isinstance(value, Undecided):
        return "?"
    shown = "< 0.1 %" if 0 < value < 0.0005 else f"{value * 100:.1f} %"
    return f"≤ {shown}" if most and not shown.startswith("<") else shown


def _cohorts(plan: LaunchPlan) -> list[str]:
    if not plan.sizing.cohorts:
        return []
    horizon = None if isinstance(plan.horizon, Undecided) else plan.horizon
    shown = dict(horizon.cohorts) if horizon else {}
    lines = ["Cohort                 share  n per arm  total needed   days"]
    if horizon:
        lines[0] += f"   power at day {horizon.days}   finds"
    for need in plan.sizing.cohorts:
        days = "?" if need.days is None else f"{need.days:.1f}"
        mark = "" if need.powered is not False else "  under-powered: never evidence"
        lines.append(
            f"{need.cohort:<22} {share(need.share, 0):>5} {need.n_per_arm:>10,} {need.total_needed:>13,} "
            f"{days:>6}{_cohort_reach(shown.get(need.cohort))}{mark}"
        )
    return lines


def _cohort_reach(shown: Shown | None) -> str:
    if shown is None:
        return ""
    found = "?" if isinstance(shown.mde_rel, Undecided) else share(shown.mde_rel, 2)
    return f" {_percent(shown.power):>17} {found:>7}"


def _at_days(found: Horizon | Undecided) -> list[str]:
    if isinstance(found, Undecided):
        return [f"With other days: unknown, {found.reason}"]
    lines = [
        f"With {found.days} day{'s' if found.days > 1 else ''} of traffic, {found.units:,.0f} units, the "
        "looks at the same shares of it:",
        f"  {'all':<22} {_shown(found.primary)}",
    ]
    return [*lines, *(f"  {name:<22} {_shown(shown)}" for name, shown in found.cohorts)]
