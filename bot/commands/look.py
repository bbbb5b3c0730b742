"""`lookout look`: the analysis of one look, offline."""

import json as to_json
import math
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from bot import settings
from bot.commands import cohort_text, cross_check
from bot.commands.registration_file import complain, read, text_of
from bot.core import look_file
from bot.core.analysis import analyse
from bot.core.figures import bound, day_of, level, plain, share, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult, PrimaryResult, relative
from bot.core.look_json import look_json
from bot.core.registration import Registration
from bot.core.verdict_words import judged
from bot.errors import InputError
from bot.sources.samples import observe
from bot.stats.effect import Effect
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided


def run(
    file: Path,
    *,
    look: int | None = None,
    day: int | None = None,
    held: str = "",
    record: Path | None = None,
    check: bool = False,
    json: bool = False,
) -> int:
    """Take one look at the data the registration names; 1 when the registration has an error.

    Without `look` it is a peek on `day`. held: the days of the looks before, as typed. record: where to write
    what `lookout verify --file` needs. check: also fit the mixed model of the cohorts to the units. Raises
    InputError when the look cannot be taken as asked, SourceError when the data cannot be had.
    """
    found = read(file)
    if found.registration is None or not found.usable:
        complain(found.findings)
        return 1
    registration = found.registration
    check_day(registration, look, day)
    at = float(day if day is not None else registration.looks[(look or 1) - 1])
    earlier = days_held(held, at) if held else None
    sources = settings.load(os.environ).sources if registration.data.source else {}
    root = file.resolve().parent
    seen = observe(registration, day=at, sources=sources, root=root, held=earlier or ())
    try:
        result = analyse(registration, found.sha256, seen, look=look, day=at, earlier=earlier)
    except ValueError as error:
        said = str(error)
        hint = "Wait for newer data, name a later day, or say with --held which looks were held."
        raise InputError(f"{said[0].upper()}{said[1:]}.", hint) from error
    if record is not None:
        _keep(record, look_file.write(text_of(file), file.name, seen, result, earlier))
    shape, lines = look_json(result), text(registration, result)
    if check:
        fitted = cross_check.run(registration, day=result.day, sources=sources, root=root)
        shape |= cross_check.as_json(fitted)
        lines += f"\n{cross_check.as_text(fitted)}"
    print(to_json.dumps(shape, indent=2) if json else lines)
    return 0


def check_number(registration: Registration, look: int) -> None:
    """Raise InputError when the plan has no such look."""
    if not 1 <= look <= len(registration.looks):
        raise InputError(f"Look {look} is not in the plan of {registration.id}.", _looks(registration))


def check_day(registration: Registration, look: int | None, day: int | None) -> None:
    """Raise InputError when nothing can be looked at on this day, or neither look nor day is given."""
    name, last = registration.id, registration.looks[-1]
    if look is not None:
        check_number(registration, look)
    elif day is None:
        raise InputError("Neither --look nor --day is given.", _looks(registration))
    if day is None:
        return
    if day < 1:
        raise InputError(f"Day {day} is no day of {name}.", "Days count from 1.")
    if day > registration.horizon_days:
        hint = f"Name a day up to {registration.horizon_days}."
        raise InputError(
            f"Day {day} lies beyond the horizon of {name}, {registration.horizon_days} days.", hint
        )
    if look is None and day > last:
        hint = f"If that look is held late, name it: --look {len(registration.looks)} --day {day}."
        raise InputError(f"Day {day} comes after the last look of {name}, day {last}.", hint)


def days_held(typed: str, day: float) -> list[float]:
    """The days in `4,7,9`; raises InputError unless they are numbers that rise and lie before `day`."""
    try:
        days = [float(one) for one in typed.split(",")]
    except ValueError:
        days = []
    rising = all(first < then for first, then in pairwise([0.0, *days]))
    if not days or not rising or not math.isfinite(days[-1]):
        raise InputError(f"--held {typed} is no list of rising days.", "For example --held 4,7,9.")
    if days[-1] >= day:
        raise InputError(
            f"--held {typed} names day {days[-1]:g}, and this look is on day {day:g}.",
            "Name only looks held before it.",
        )
    return days


def _looks(registration: Registration) -> str:
    planned = ", ".join(f"{n} (day {day})" for n, day in enumerate(registration.looks, start=1))
    return f"It has looks {planned}."


def _keep(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from None


def text(registration: Registration, result: LookResult) -> str:
    """The look as a person reads it."""
    lines = [
        f"{registration.name}: {_which(result)}, day {result.day:g}: {result.verdict.upper()}",
        *(f"  {reason}" for reason in (*result.reasons, *result.notes)),
        *cohort_text.mends(result),
        "",
        *_primary(result),
    ]
    control, treatment = result.units
    lines.append(f"  units {control:,} control, {treatment:,} treatment{cohort_text.split(result)}")
    lines += ["", *_plan(registration, result)]
    if result.guardrails:
        lines += ["", "Guardrails", *(_guardrail(one) for one in result.guardrails)]
    if result.cohorts:
        lines += ["", "Cohorts", *_cohorts(result.cohorts), *cohort_text.together(result)]
    lines += cohort_text.reconciliation(result)
    lines += ["", f"registration {result.sha256[:12]}… data {result.data_fingerprint[:12]}…"]
    return "\n".join(lines)


def _which(result: LookResult) -> str:
    return "a peek" if result.peek else f"look {result.look} of {result.looks}"


def _plan(registration: Registration, result: LookResult) -> list[str]:
    """What the plan has spent, and what each look to come asks."""
    known = result.course.information
    lines = [
        f"Alpha spent {plain(result.alpha_spent)} of {registration.alpha:g}, "
        f"{plain(result.alpha_at_look)} of it at this look; "
        f"{share(known.fractions[-1])} of the planned information, counted in {known.counted_in}"
    ]
    coming = zip(result.course.numbers, result.course.days, result.plan.nominal_p, strict=True)
    for number, day, p in coming:
        if day > result.day:
            asks = f"stops only below {bound(p)}" if p > 0 else "cannot stop"
            lines.append(f"  look {number} on {day_of(registration, day)} {asks}")
    return lines


def _primary(result: LookResult) -> list[str]:
    primary = result.primary
    if result.verdict == "invalid":
        return [f"{primary.metric}: not judged, figures from broken data mislead"]
    if isinstance(primary.effect, Undecided):
        return [f"{primary.metric}: undecided, {primary.effect.reason}"]
    effect = primary.effect
    p, z = (f" (boundary {one})" if not primary.unjudged else "" for one in _boundary(primary))
    lines = [f"{primary.metric}: {_effect(effect)}, {judged(primary)}{p}, z {effect.z:.3f}{z}"]
    if primary.cuped is not None:
        lines.append(f"  CUPED saves {share(primary.cuped.variance_reduction, 0)} of the variance")
    if primary.note:
        lines.append(f"  {primary.note}")
    if primary.conditional_power is not None and primary.predictive_power is not None:
        lines.append(
            f"  chance of crossing later: {share(primary.conditional_power, 0)} if this is the effect, "
            f"{share(primary.predictive_power, 0)} over what it may be"
        )
    if math.isfinite(primary.futility_z):
        lines.append(f"  futility: stops when z in the declared direction is below {primary.futility_z:.3f}")
    return lines


def _boundary(primary: PrimaryResult) -> tuple[str, str]:
    """The p and the z asked; none where the plan spends nothing."""
    if math.isinf(primary.boundary_z):
        return "none", "none"
    return bound(primary.boundary_p), f"{primary.boundary_z:.3f}"


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
