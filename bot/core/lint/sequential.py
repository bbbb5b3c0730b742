"""Do the looks keep the promise of alpha?"""

from itertools import pairwise

from bot.core.lint.report import Report
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.stats.root import find_root
from bot.stats.sequential import critical_z, two_sided_p, type1_error

TOLERANCE = 1.1
"""Up to this many times alpha the true type-I error is a warning, beyond it an error."""


def check(registration: Registration, report: Report) -> bool:
    """Judge the looks by themselves; True when boundaries can be computed from them."""
    sequential, looks = registration.sequential, registration.looks
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
    _futility(registration, report)
    return _spending(registration, report) and sound and bool(sequential.looks)


def _futility(registration: Registration, report: Report) -> None:
    futility = registration.sequential.futility
    if futility is None:
        return
    if futility.binding:
        report.error(
            "R138",
            ("sequential", "futility", "binding"),
            "sequential.futility.binding is true, and a binding boundary is not offered: it would buy alpha "
            "back on the promise to stop, which nobody can be held to.",
            "Write `binding: false`: alpha then holds whether or not you stop.",
        )
    if (futility.spending == "hwang-shih-decani") != (futility.gamma is not None):
        report.error(
            "R135",
            ("sequential", "futility", "gamma"),
            "sequential.futility.gamma belongs to spending hwang-shih-decani, and only to it.",
            "Write e.g. `futility: {spending: hwang-shih-decani, gamma: -4}`.",
        )


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


def check_error(registration: Registration, report: Report) -> None:
    """The true type-I error of the plan as written against the alpha it claims."""
    plan = planned(registration)
    true, alpha = plan.type1_error, registration.alpha
    if registration.power <= max(true, alpha):
        report.error(
            "R137",
            ("power",),
            f"power {registration.power:g} is not above the type-I error, {max(true, alpha):.4g}.",
            "Write e.g. `power: 0.8`.",
        )
    if true <= alpha * (1 + 1e-6):
        return
    nominal = registration.sequential.spending == "nominal"
    message = f"the true type-I error of these looks is {true:.7f}, not {alpha:g}."
    if nominal:
        hint = _last_alpha(plan.z, plan.fractions, alpha)
    else:
        hint = f"{len(plan.z)} looks at {alpha:g} each are peeking: use `spending: obrien-fleming`."
    path = ("sequential", "alphas" if nominal else "spending")
    (report.error if true > alpha * TOLERANCE else report.warning)("R136", path, message, hint)


def _last_alpha(z: tuple[float, ...], fractions: tuple[float, ...], alpha: float) -> str:
    """The last nominal alpha that would keep the promise."""
    before = z[:-1]
    if before and type1_error(before, fractions[:-1]) >= alpha:
        return "The looks before the last spend all of it already; use `spending: obrien-fleming`."
    bound = find_root(lambda b: type1_error((*before, b), fractions) - alpha, critical_z(alpha), 9.0)
    level = f"{two_sided_p(bound):.7f} (z {bound:.6f})"  # digits enough to pass when copied
    return f"The last alpha would have to be {level}, or use `spending: obrien-fleming`."
