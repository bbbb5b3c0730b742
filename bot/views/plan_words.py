"""A registered plan in words: sizes, looks, guardrails and cohorts, and what they can show."""

import math

from bot.core.figures import bound, day_of, level, look_at, plain, share
from bot.core.futility import boundary
from bot.core.guardrail_plan import GuardrailPlan
from bot.core.horizon import Shown
from bot.core.plan import LaunchPlan, PlannedLook
from bot.core.registration import Guardrail, Registration
from bot.core.timetable import Calendar, planned
from bot.stats.undecided import Undecided
from bot.views import text


def guardrail_line(guardrail: Guardrail) -> str:
    """One guardrail in words: `csat may not fall by more than 1 %`."""
    kind, value = next(iter(guardrail.thresholds.items()))
    name = text.escape(guardrail.metric, 80)
    words = {
        "max_relative_regression": f"may not get worse by more than {share(value)}",
        "max_relative_increase": f"may not rise by more than {share(value)}",
        "max": f"may not be above {level(value)}",
        "min": f"may not be below {level(value)}",
    }
    return f"• {name} {words[kind]}"


def primary(work: LaunchPlan) -> list[str]:
    """The primary metric, and the units it needs."""
    registration, sizing = work.registration, work.sizing
    primary = registration.primary
    name, verb = text.escape(primary.metric, 80), {"increase": "rise", "decrease": "fall"}[primary.direction]
    mde = "" if primary.mde is None else f" by {_mde(primary.mde.relative, primary.mde.absolute)} or more"
    lines = [f"*Primary* {name} is to {verb}{mde}"]
    if isinstance(sizing.n_fixed, Undecided):
        return [*lines, f"Units per arm: unknown, {text.escape(sizing.n_fixed.reason, 200)}"]
    sizes = f"Needs {sizing.n_cuped:,} units per arm"
    if primary.cuped is not None:
        sizes += f" with CUPED ({sizing.n:,} without)"
    days = "" if sizing.runtime_days is None else f", {sizing.runtime_days:.1f} days of traffic"
    return [*lines, f"{sizes}{days}; power {share(registration.power, 0)}, alpha {registration.alpha:g}"]


def _mde(relative: float | None, absolute: float | None) -> str:
    return share(relative) if relative is not None else level(absolute or 0.0)


def look_line(registration: Registration, one: PlannedLook, calendar: Calendar | None = None) -> str:
    """When a look may stop: `Look 2, after day 7, posts Thu 4 Dec 09:00 JST: stops only if p is …`."""
    when = f"Look {one.look}, {day_of(registration, one.day)}"
    if calendar is not None:
        when = look_at(registration, one.look, calendar).replace("look", "Look", 1)
    sided = "p" if registration.sequential.sided == 2 else "the one-sided p"
    asks = "cannot stop" if one.z > 1e300 else f"stops only if {sided} is below {bound(one.nominal_p)}"
    futile = boundary(registration, planned(registration), one.look)
    if math.isfinite(futile):
        asks += f"; for want of effect if z is below {futile:.2f}".replace("-", "\N{MINUS SIGN}")
    return f"• {when}: {asks}"


def spending_line(registration: Registration, one: PlannedLook, calendar: Calendar | None = None) -> str:
    """The same with the alpha spent by then."""
    return f"{look_line(registration, one, calendar)} · alpha spent by then {plain(one.alpha_spent)}"


def reach(work: LaunchPlan) -> list[str]:
    """How many units it is expected to take, and what the horizon can show."""
    lines, expected, horizon = [], work.sizing.expected, work.horizon
    if expected is not None:
        lines.append(
            f"Expected until it stops: {expected.h0:,.0f} units per arm if there is no effect, "
            f"{expected.h1:,.0f} with the declared one"
        )
    if isinstance(horizon, Undecided):
        return [*lines, f"What the horizon can show is not known: {text.escape(horizon.reason, 200)}"]
    smallest = _smallest(horizon.primary)
    with_power = f"with probability {share(work.registration.power, 0)}"
    lines.append(f"{horizon.days} days of traffic show a change of {smallest} or more {with_power}")
    each = [f"{text.escape(name, 80)} {_smallest(shown)}" for name, shown in horizon.cohorts]
    return [*lines, text.cut(f"In a cohort: {', '.join(each)}", 900)] if each else lines


def _smallest(shown: Shown) -> str:
    """The smallest change so many units show."""
    if not isinstance(shown.mde_rel, Undecided):
        return share(shown.mde_rel)
    return "unknown" if isinstance(shown.mde_abs, Undecided) else level(shown.mde_abs)


def guardrail_chances(work: LaunchPlan) -> list[str]:
    """Each guardrail with its chances: to be cleared, and to veto for nothing."""
    pairs = zip(work.registration.guardrails, work.guardrails.each, strict=True)
    return [f"{guardrail_line(declared)}{_chance(one)}" for declared, one in pairs]


def _chance(one: GuardrailPlan) -> str:
    found, most = one.chance, "at most " if one.upper_bound else ""
    clears = (
        "" if isinstance(found.clears, Undecided) else f"; clears with probability {share(found.clears, 0)}"
    )
    watched = "" if one.spending == "none" else f", watched at every look ({one.spending})"
    return f"{clears}; vetoes a harmless change with probability {most}{share(found.false_veto)}{watched}"


def cohorts(work: LaunchPlan) -> list[str]:
    """The cohorts, and which of them will have too few units."""
    declared = work.registration.cohorts
    if not declared.dimensions:
        return []
    lines = []
    limit = declared.max_relative_regression
    if limit is not None:
        lines.append(f"None may get worse by more than {share(limit)}.")
    for dimension, values in declared.dimensions.items():
        lines.append(f"• {text.escape(dimension, 40)}: {text.escape(', '.join(values), 200)}")
    weak = [need for need in work.sizing.cohorts if need.powered is False]
    lines += [
        f"⚠ {text.escape(need.cohort, 80)} is under-powered: it needs {need.days or 0:.1f} days of traffic; "
        "its figures will never count as evidence"
        for need in weak
    ]
    return lines
