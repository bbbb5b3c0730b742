"""Do the looks keep the promise of alpha?"""

from itertools import pairwise

from bot.core.finding import errors
from bot.core.information import planned_units
from bot.core.lint.report import Report
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.stats.plan_power import plan_power
from bot.stats.root import find_root
from bot.stats.sequential import Plan, critical_z, p_of, type1_error
from bot.stats.undecided import Undecided

TOLERANCE = 1.1
"""Up to this many times alpha the true type-I error is a warning, beyond it an error."""

LARGEST = 20.0
"""The largest drift, expected Z at the last look, for which a sample size is looked for."""

POWER = "Write e.g. `power: 0.8`."


def check(registration: Registration, report: Report) -> bool:
    """Judge the looks by themselves; True when boundaries can be computed from them."""
    sound = _days(registration, report)
    fits = [_futility(registration, report), _spending(registration, report), _sides(registration, report)]
    _information(registration, report)
    return sound and all(fits) and bool(registration.looks) and _computable(registration, report)


def check_error(registration: Registration, report: Report) -> None:
    """The true type-I error of the plan as written against the alpha it claims."""
    plan = planned(registration)
    true, alpha = plan.type1_error, registration.alpha
    if registration.power <= max(true, alpha):
        said = f"power {registration.power:g} is not above the type-I error, {max(true, alpha):.4g}"
        report.error("R137", ("power",), f"{said}.", POWER)
    _units(registration, report)
    if true <= alpha * (1 + 1e-6):
        return
    nominal = registration.sequential.spending == "nominal"
    message = f"the true type-I error of these looks is {true:.7f}, not {alpha:g}."
    if nominal:
        hint = _last_alpha(plan, alpha)
    else:
        hint = f"{len(plan.z)} looks at {alpha:g} each are peeking: use `spending: obrien-fleming`."
    path = ("sequential", "alphas" if nominal else "spending")
    (report.error if true > alpha * TOLERANCE else report.warning)("R136", path, message, hint)


def _days(registration: Registration, report: Report) -> bool:
    looks = registration.looks
    path = ("sequential", "looks")
    sound = True
    for position, (before, after) in enumerate(pairwise(looks), start=1):
        if after <= before:
            report.error(
                "R130",
                (*path, position),
                f"sequential.looks are not increasing: day {after} follows day {before}.",
                "List the days in order, each once.",
            )
            sound = False
    if max(looks) > registration.horizon_days:
        late = max(looks)
        report.error(
            "R131",
            (*path, looks.index(late)),
            f"the look on day {late} lies beyond horizon_days {registration.horizon_days}.",
            "Drop the look or lengthen the horizon.",
        )
    elif sound and looks[-1] < registration.horizon_days:
        report.warning(
            "R132",
            (*path, len(looks) - 1),
            f"the last look is on day {looks[-1]}, but the horizon is {registration.horizon_days} days.",
            f"Decide on day {looks[-1]} and say so, or add a look on day {registration.horizon_days}.",
        )
    return sound


def _futility(registration: Registration, report: Report) -> bool:
    futility = registration.sequential.futility
    if futility is None:
        return True
    path = ("sequential", "futility")
    if futility.binding:
        report.warning(
            "R138",
            (*path, "binding"),
            "sequential.futility.binding is true: the boundaries ask for less because every look below its "
            "futility bound stops. Going on past one raises the type-I error above alpha.",
            "Write `binding: false` unless whoever signs will stop: alpha then holds either way.",
        )
    if len(registration.looks) == 1:
        report.warning(
            "R155",
            path,
            "sequential.futility does nothing in a plan with one look: that look decides.",
            "Drop it, or add an earlier look.",
        )
    if (futility.spending == "hwang-shih-decani") == (futility.gamma is not None):
        return True
    report.error(
        "R135",
        (*path, "gamma"),
        "sequential.futility.gamma belongs to spending hwang-shih-decani, and only to it.",
        "Write e.g. `futility: {spending: hwang-shih-decani, gamma: -4}`.",
    )
    return False


def _spending(registration: Registration, report: Report) -> bool:
    sequential = registration.sequential
    count = len(sequential.looks)
    if (sequential.spending == "nominal") != (sequential.alphas is not None):
        said = "needs alphas" if sequential.alphas is None else f"takes no alphas ({sequential.spending})"
        report.error(
            "R133",
            ("sequential", "alphas"),
            f"sequential.spending {said}.",
            "Write `spending: nominal` with `alphas: [...]`, or a spending function without.",
        )
        return False
    if sequential.alphas is not None and len(sequential.alphas) != count:
        report.error(
            "R134",
            ("sequential", "alphas"),
            f"sequential.alphas has {len(sequential.alphas)} values for {count} looks.",
            "Give one nominal alpha per look.",
        )
        return False
    if (sequential.spending == "hwang-shih-decani") != (sequential.gamma is not None):
        report.error(
            "R135",
            ("sequential", "gamma"),
            "sequential.gamma belongs to spending hwang-shih-decani, and only to it.",
            "Write e.g. `spending: hwang-shih-decani` with `gamma: -4`.",
        )
        return False
    return True


def _sides(registration: Registration, report: Report) -> bool:
    sequential = registration.sequential
    if sequential.sided == 1:
        up = registration.primary.direction == "increase"
        better, worse = ("higher", "lower") if up else ("lower", "higher")
        report.warning(
            "R151",
            ("sequential", "sided"),
            f"sequential.sided is 1: all of alpha {registration.alpha:g} is spent on showing that "
            f"{registration.primary.metric} is {better}, twice what a two-sided plan spends there, and no "
            f"look can show that it is {worse}.",
            f"Write `sided: 2`; or halve alpha and give {registration.primary.metric} a guardrail.",
        )
    if sequential.interim_z is None or sequential.spending == "haybittle-peto":
        return True
    report.error(
        "R139",
        ("sequential", "interim_z"),
        f"sequential.interim_z belongs to spending haybittle-peto, not to {sequential.spending}.",
        "Drop interim_z, or write `spending: haybittle-peto`.",
    )
    return False


def _information(registration: Registration, report: Report) -> None:
    sequential = registration.sequential
    if sequential.information == "days" and sequential.planned_units is not None:
        report.error(
            "R152",
            ("sequential", "planned_units"),
            "sequential.planned_units is given, but information is counted in days.",
            "Write `information: units`, or drop planned_units.",
        )


def _units(registration: Registration, report: Report) -> None:
    """Information in units needs to know how many of them are all."""
    if registration.sequential.information == "days" or errors(report.findings):
        return
    planned_there = planned_units(registration)
    if isinstance(planned_there, Undecided):
        report.error(
            "R153",
            ("sequential", "information"),
            "sequential.information counts units, but how many are planned is not known: "
            f"{planned_there.reason}.",
            "Write planned_units (both arms, at the last look), or primary.baseline, sd and mde.",
        )


def _computable(registration: Registration, report: Report) -> bool:
    """Whether there is a plan of these looks; the finding says why not."""
    try:
        plan = planned(registration)
        if plan_power(plan, LARGEST) < registration.power:
            raise ValueError(
                f"no effect is found with power {registration.power:g}, the looks ask for so much"
            )
    except ValueError as error:
        spending, futility = registration.sequential.spending, registration.sequential.futility
        if spending == "haybittle-peto" and "all of alpha" in str(error):
            hint = "Write a larger interim_z (3 is usual), or plan fewer looks."
            report.error("R150", ("sequential", "interim_z"), f"{error}: nothing is left.", hint)
        elif futility is not None and "type-I error" in str(error):
            report.error("R137", ("power",), f"{error}.", POWER)
        else:
            path = ("sequential", "spending" if futility is None else "futility")
            hint = "Use `spending: obrien-fleming`, drop the futility, or plan fewer looks."
            report.error("R154", path, f"no boundaries can be computed: {error}.", hint)
        return False
    return True


def _last_alpha(plan: Plan, alpha: float) -> str:
    """The last nominal alpha that would keep the promise, whether futility is obeyed or not."""
    z, times, sided = plan.z, plan.fractions, plan.sided
    before = z[:-1]
    if before and type1_error(before, times[:-1], sided) >= alpha:
        return "The looks before the last spend all of it already; use `spending: obrien-fleming`."
    bound = find_root(
        lambda b: type1_error((*before, b), times, sided) - alpha, critical_z(alpha, sided), 9.0
    )
    level = f"{p_of(bound, sided):.7f} (z {bound:.6f})"  # digits enough to pass when copied
    return f"The last alpha would have to be {level}, or use `spending: obrien-fleming`."
