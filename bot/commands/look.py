"""`lookout look`: the analysis of one look, offline."""

import json as to_json
import os
from collections.abc import Sequence
from pathlib import Path

from bot import settings
from bot.commands.registration_file import complain, read
from bot.core.analysis import analyse
from bot.core.figures import bound, level, p_is, plain, share, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult, relative
from bot.core.look_json import look_json
from bot.core.registration import Registration
from bot.errors import InputError
from bot.sources.samples import observe
from bot.stats.effect import Effect
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided


def run(file: Path, *, look: int, day: int | None = None, json: bool = False) -> int:
    """Take one look at the data the registration names; 1 when the registration has an error.

    Raises InputError when the look is not in the plan, SourceError when the data cannot be had.
    """
    found = read(file)
    if found.registration is None or not found.usable:
        complain(found.findings)
        return 1
    registration = found.registration
    check_number(registration, look)
    at = float(registration.looks[look - 1] if day is None else day)
    sources = settings.load(os.environ).sources if registration.data.source else {}
    seen = observe(registration, day=at, sources=sources, root=file.resolve().parent)
    try:
        result = analyse(registration, found.sha256, seen, look=look, day=at)
    except ValueError as error:
        said = str(error)
        hint = "Wait for newer data, or name a later day."
        raise InputError(f"{said[0].upper()}{said[1:]}.", hint) from error
    print(to_json.dumps(look_json(result), indent=2) if json else text(registration, result))
    return 0


def check_number(registration: Registration, look: int) -> None:
    """Raise InputError when the plan has no such look."""
    if not 1 <= look <= len(registration.looks):
        planned = ", ".join(f"{n} (day {day})" for n, day in enumerate(registration.looks, start=1))
        raise InputError(f"Look {look} is not in the plan of {registration.id}.", f"It has looks {planned}.")


def text(registration: Registration, result: LookResult) -> str:
    """The look as a person reads it."""
    lines = [
        f"{registration.name}: look {result.look} of {result.looks}, day {result.day:g}: "
        f"{result.verdict.upper()}",
        *(f"  {reason}" for reason in (*result.reasons, *result.notes)),
        "",
        *_primary(result),
    ]
    control, treatment = result.units
    split = "" if isinstance(result.srm, Undecided) else f", split {p_is(result.srm.p)}"
    lines.append(f"  units {control:,} control, {treatment:,} treatment{split}")
    lines.append(f"  alpha spent {plain(result.alpha_spent)} of {registration.alpha:g}")
    if result.guardrails:
        lines += ["", "Guardrails", *(_guardrail(one) for one in result.guardrails)]
    if result.cohorts:
        lines += ["", "Cohorts", *_cohorts(result.cohorts)]
    if not isinstance(result.reconciliation, Undecided):
        lines += ["", f"Reconciliation: {result.reconciliation.reason}"]
    lines += ["", f"registration {result.sha256[:12]}… data {result.data_fingerprint[:12]}…"]
    return "\n".join(lines)


def _primary(result: LookResult) -> list[str]:
    primary = result.primary
    if result.verdict == "invalid":
        return [f"{primary.metric}: not judged, figures from broken data mislead"]
    if isinstance(primary.effect, Undecided):
        return [f"{primary.metric}: undecided, {primary.effect.reason}"]
    effect = primary.effect
    lines = [
        f"{primary.metric}: {_effect(effect)}, {p_is(effect.p)} (boundary {bound(primary.boundary_p)}), "
        f"z {effect.z:.3f} (boundary {primary.boundary_z:.3f})"
    ]
    if primary.cuped is not None:
        lines.append(f"  CUPED saves {share(primary.cuped.variance_reduction, 0)} of the variance")
    if primary.note:
        lines.append(f"  {primary.note}")
    if primary.conditional_power is not None:
        lines.append(
            f"  chance of crossing later if this is the effect: {share(primary.conditional_power, 0)}"
        )
    return lines


def _effect(effect: Effect | Undecided) -> str:
    rel, ci = relative(effect)
    if rel is None:
        return "no relative effect"
    return f"{signed(rel, 2)} [{signed(ci[0], 2)}, {signed(ci[1], 2)}]" if ci else signed(rel, 2)


def _guardrail(one: GuardrailResult) -> str:
    line = signed(one.threshold.limit, 2) if one.threshold.relative else level(one.threshold.limit)
    return f"  {one.metric:<24} {one.judgement.status:<12} line {line}: {one.judgement.reason}"


def _cohorts(cohorts: Sequence[CohortResult]) -> list[str]:
    """All marginals; of the crossings those that say something."""
    weak = [one for one in cohorts if "," in one.cohort and one.judgement.status is Status.UNDERPOWERED]
    lines = [_cohort(one) for one in cohorts if one not in weak]
    return [*lines, f"  and {len(weak)} crossings, under-powered: not evidence"] if weak else lines


def _cohort(one: CohortResult) -> str:
    adequacy = "" if one.adequacy is None else f", {one.adequacy:.2f} of the units needed"
    return f"  {one.cohort:<40} {one.judgement.status:<12} {_effect(one.effect)}, n {one.n:,}{adequacy}"
