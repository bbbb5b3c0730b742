"""The primary's figures in words: the test, the boundary, the alpha, the intervals, the power."""

from bot.core.figures import MINUS, bound, interval, level, p_is, plain, share, signed
from bot.core.look import relative
from bot.core.metric import Mean, Metric
from bot.core.verdict_words import judged, moved
from bot.stats.undecided import Undecided
from bot.views.look_rules import RULES, TESTS
from bot.views.look_shown import Shown


def test(metric: Metric) -> str:
    """How a metric of this kind is tested."""
    return TESTS[metric.kind]


def unknown(value: object) -> list[str]:
    """Why there is no figure."""
    return [f"It could not be computed: {value.reason}."] if isinstance(value, Undecided) else []


def primary(shown: Shown) -> list[str]:
    """What was measured of the primary metric, and how."""
    result, registration = shown.result.primary, shown.registration
    if isinstance(result.effect, Undecided):
        return unknown(result.effect)
    effect = result.effect
    wanted = {"increase": "rise", "decrease": "fall"}[registration.primary.direction]
    return [
        f"{result.metric} {moved(effect)}; the registration declares that it is to {wanted}.",
        f"Control {level(effect.control.mean)} of n {effect.control.n:,}, treatment "
        f"{level(effect.treatment.mean)} of n {effect.treatment.n:,}: a difference of "
        f"{level(effect.absolute)}, standard error {level(effect.se)}.",
        test(registration.metrics[result.metric]),
        *_winsorised(registration.metrics[result.metric]),
        f"It is the registration's primary metric: it alone decides, by ship_rule {registration.ship_rule}.",
    ]


def _winsorised(metric: Metric) -> list[str]:
    """To which limits the values were pulled in, where the registration says so."""
    limits = metric.winsorise if isinstance(metric, Mean) else None
    if limits is None:
        return []
    ends = [
        (f"the {share(limits.lower)} quantile" if limits.lower is not None else "", "below"),
        (level(limits.floor) if limits.floor is not None else "", "below"),
        (f"the {share(limits.upper)} quantile" if limits.upper is not None else "", "above"),
        (level(limits.cap) if limits.cap is not None else "", "above"),
    ]
    pulled = " and ".join(f"{side} {limit}" for limit, side in ends if limit)
    return [f"Winsorised as registered, both arms together: values {pulled} are pulled in to it."]


def p_value(shown: Shown) -> list[str]:
    """The p that is held against the boundary."""
    result, registration = shown.result.primary, shown.registration
    if isinstance(result.effect, Undecided):
        return unknown(result.effect)
    effect = result.effect
    said = f"{judged(result)}: t = {_number(effect.statistic)} with {effect.df:,.0f} degrees of freedom"
    lines = [
        f"{said}, which as a normal score is z = {_number(effect.z)}.",
        test(registration.metrics[result.metric]),
        "It is the probability of a difference at least this large if the change does nothing; not the "
        "probability that the change works.",
    ]
    if result.unjudged:
        return [*lines, f"It is held against no boundary: {result.unjudged}."]
    held = "below" if result.significant else "not below"
    return [
        *lines,
        f"{shown.result.course.name.capitalize()} asks for p below {bound(result.boundary_p)}: it is {held}.",
    ]


def boundary(shown: Shown) -> list[str]:
    """What this look asks for, and by which rule."""
    result, plan = shown.result, shown.result.plan
    if result.course.at is None:
        return [f"This look has no boundary: {result.primary.unjudged or 'the plan does not have it'}."]
    if result.primary.boundary_p <= 0:
        asks = "At this look nothing can stop: the plan spends nothing yet."
    else:
        asks = (
            f"p below {bound(result.primary.boundary_p)}, which is z beyond {result.primary.boundary_z:.3f}."
        )
    registered = ""
    if result.look:
        was = result.planned_p[result.look - 1]
        if bound(was) != bound(result.primary.boundary_p):
            registered = f"As registered it was {bound(was)}; the looks really held moved it."
    sided = "two-sided" if plan.sided == 2 else "one-sided, in the declared direction"
    known = result.course.information
    return [
        asks,
        *([registered] if registered else []),
        f"Rule: {RULES[plan.spending.rule]}",
        f"It spends alpha {plan.spending.alpha:g}, {sided}, over {result.looks} looks; by this one "
        f"{share(known.fractions[-1])} of the planned information is there, counted in {known.counted_in}.",
        "The boundaries are solved so that all looks together err with probability "
        f"{share(plan.type1_error, 2)} where there is no effect (recursive integration: Armitage, "
        "McPherson & Rowe 1969).",
        f"Registered as sequential.spending in {shown.registration.id}, {shown.declared}.",
    ]


def alpha(shown: Shown) -> list[str]:
    """What the plan has spent, and on which looks."""
    result = shown.result
    lines = [
        f"{plain(result.alpha_spent)} of {shown.registration.alpha:g} is spent by now, "
        f"{plain(result.alpha_at_look)} of it at this look.",
        f"Rule: {RULES[result.plan.spending.rule]}",
        "What is spent is the chance to have stopped by now for an effect that is not there; what is left is "
        "for the looks to come.",
    ]
    peeks = [f"day {d:g}" for n, d in zip(result.course.numbers, result.course.days, strict=True) if not n]
    if peeks:
        lines.append(f"Unplanned looks spent their part too: {', '.join(peeks)}.")
    return lines


def of_one_look(shown: Shown) -> list[str]:
    """The interval of this look alone."""
    effect = shown.result.primary.effect
    if isinstance(effect, Undecided):
        return unknown(effect)
    rel, ci = relative(effect)
    sure = share(1 - shown.registration.alpha, 0)
    if rel is None or ci is None:
        low, high = effect.ci_absolute
        return [f"({level(low)} … {level(high)}) in the metric's units, {sure}: Welch's interval."]
    method = {
        "delta": "the delta method with the variances of both means",
        "fieller": "Fieller's theorem (1954), since the control mean lies near 0",
    }.get(effect.relative_method, "no method")
    return [
        f"{signed(rel, 2)} {interval(ci, 2)}, {sure}: treatment over control, less 1.",
        f"Computed by {method}.",
        "It is the interval of a single look. While the experiment goes on the card shows a wider one that "
        "holds at every look: ask for “adjusted”.",
    ]


def adjusted(shown: Shown) -> list[str]:
    """The estimate that allows for the looks."""
    fair = shown.result.primary.adjusted
    if isinstance(fair, Undecided):
        return unknown(fair)
    if isinstance(fair.estimate_rel, Undecided) or isinstance(fair.ci_rel, Undecided):
        said = f"{level(fair.estimate)} ({level(fair.ci[0])} … {level(fair.ci[1])}) in the metric's units."
    else:
        said = f"{signed(fair.estimate_rel, 2)} {interval(fair.ci_rel, 2)}, allowing for the looks before."
    paper = {
        "stage-wise": "Stage-wise ordering of where it stopped, median-unbiased (Tsiatis et al. 1984).",
        "repeated": "Repeated interval, valid at every look, stopped or not (Jennison & Turnbull 1989).",
    }[fair.method]
    return [
        said,
        paper,
        "Whoever stops at a crossing catches the effect at a high moment; this takes that out.",
    ]


def cuped(shown: Shown) -> list[str]:
    """What the covariate took out."""
    result = shown.result.primary
    if result.cuped is None:
        return [f"No covariate adjusted {result.metric}{': ' + result.note if result.note else ''}."]
    saved = result.cuped.variance_reduction
    planned = shown.registration.primary.cuped
    beside = "" if planned is None else f"; the plan counted on {share(planned.variance_reduction, 0)}"
    return [
        f"The covariate took out {share(saved, 1)} of the variance{beside}; theta {result.cuped.theta:.4g}.",
        "CUPED: what the metric's value before the experiment predicts is taken out, with one slope for both "
        "arms (Deng, Xu, Kohavi & Walker 2013).",
        f"The covariate was alike in both arms before the start: {p_is(result.cuped.balance_p)} for a "
        "difference. A small p would mean that the arms differed before anything was done.",
    ]


def power(shown: Shown) -> list[str]:
    """The chances of a later look."""
    result, registration = shown.result.primary, shown.registration
    lines = [f"The plan was made for power {share(registration.power, 0)} at its last look."]
    if result.conditional_power is None:
        return [*lines, "No look follows at which anything could still be shown, so there is no later power."]
    lines.append(
        f"If the effect so far is the true one, a later look shows it with probability "
        f"{share(result.conditional_power, 0)} (conditional power, Lan & Wittes 1988)."
    )
    if result.predictive_power is not None:
        lines.append(
            f"Averaged over what the effect may be, {share(result.predictive_power, 0)} (predictive power, "
            "Spiegelhalter, Freedman & Blackburn 1986)."
        )
    return [*lines, "It decides nothing unless the plan declares a futility boundary."]


def _number(value: float) -> str:
    return f"{value:+.2f}".replace("-", MINUS)
