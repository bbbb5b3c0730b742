"""`lookout plan`: sample size, boundaries, true error, cohorts, runtime."""

import json as to_json
from pathlib import Path

from bot.commands.registration_file import complain, read
from bot.core.figures import bound, plain, share, weekday
from bot.core.finding import Finding
from bot.core.plan import LaunchPlan, work_out
from bot.stats.undecided import Undecided


def run(file: Path, *, json: bool = False) -> int:
    """Work out one registration; 1 when it has a finding of level error."""
    found = read(file)
    plan = None
    if found.registration is not None and not _broken_looks(found.findings):
        plan = work_out(found.registration, found.sha256, found.findings)
    if json:
        findings = [finding.to_json() for finding in found.findings]
        print(to_json.dumps(plan.to_json() if plan else {"findings": findings}, indent=2))
    elif plan is not None:
        print(text(plan))
    if not json or plan is None:
        complain(found.findings)
    return 0 if found.usable else 1


def _broken_looks(findings: list[Finding]) -> bool:
    """Whether no plan can be computed: looks out of order, spending not given, power below the error."""
    return any(one.code in ("R130", "R133", "R134", "R135", "R137") for one in findings)


def _head(plan: LaunchPlan) -> list[str]:
    registration, sizing = plan.registration, plan.sizing
    lines = [
        f"{registration.id}: {registration.title}".rstrip(": "),
        f"registration sha256 {plan.sha256}",
        "",
        f"Primary {registration.primary.metric}, {registration.primary.direction}, "
        f"alpha {registration.alpha:g} two-sided, power {registration.power:g}",
    ]
    if isinstance(sizing.n_fixed, Undecided):
        lines.append(f"  units per arm: unknown, {sizing.n_fixed.reason}")
    else:
        lines += [
            f"  units per arm, one look:               {sizing.n_fixed:>12,.2f}",
            f"  with the sequential plan (x {sizing.inflation:.6f}): {sizing.n or 0:>9,}",
        ]
        if registration.primary.cuped is not None:
            lines.append(f"  and with CUPED:                        {sizing.n_cuped or 0:>9,}")
        if sizing.runtime_days is not None:
            lines.append(f"  days of traffic until then:            {sizing.runtime_days:>12,.2f}")
    return lines


def text(plan: LaunchPlan) -> str:
    """The plan as a person reads it."""
    registration, sizing = plan.registration, plan.sizing
    lines = _head(plan)
    lines += ["", "Look  Day  Information       z    stops below p  alpha spent"]
    for one in plan.looks:
        date = f"  {weekday(one.date)}" if one.date else ""
        z = f"{one.z:8.4f}" if one.z < 1e300 else "   never"
        lines.append(
            f"{one.look:>4} {one.day:>4}  {one.fraction:>11.4f} {z}  {bound(one.nominal_p):>13}  "
            f"{plain(one.alpha_spent):>11}{date}"
        )
    lines.append(f"True type-I error of the plan as written: {plan.type1_error:.7f}")
    if registration.guardrails:
        lines.append(
            f"Probability of a false veto by any of {len(registration.guardrails)} guardrails "
            f"({registration.correction}): {share(plan.false_veto_probability)}"
        )
    if sizing.cohorts:
        lines += ["", "Cohort                 share  n per arm  total needed   days"]
    for need in sizing.cohorts:
        days = "?" if need.days is None else f"{need.days:.1f}"
        mark = "" if need.powered is not False else "  under-powered: never evidence"
        lines.append(
            f"{need.cohort:<22} {share(need.share, 0):>5} {need.n_per_arm:>10,} {need.total_needed:>13,} "
            f"{days:>6}{mark}"
        )
    return "\n".join(lines)
