"""The other figures in words: the split, the cohorts together, one guardrail, one cohort."""

from collections.abc import Mapping

from bot.core.figures import interval, level, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, relative
from bot.core.verdict_words import cohort_line, line_of, measured
from bot.stats.guardrail import Status
from bot.stats.srm import THRESHOLD
from bot.stats.undecided import Undecided
from bot.views.look_primary_figures import test, unknown
from bot.views.look_shown import Shown


def srm(shown: Shown) -> list[str]:
    """The split of the arms."""
    split, (control, treatment) = shown.result.srm, shown.result.units
    if isinstance(split, Undecided):
        return unknown(split)
    planned = shown.registration.allocation
    lines = [
        f"{treatment:,} treated and {control:,} control: {share(split.share, 2)} treated, "
        f"planned {share(planned)}.",
        f"Chi-square {split.chi2:.3g}, {p_is(split.p)}; below {THRESHOLD:g} the split counts as broken and "
        "nothing else is judged (Fabijan et al. 2019).",
        "It is fine." if split.ok else "It is broken: units are lost or added in one arm.",
    ]
    always = shown.result.srm_anytime_p
    if not isinstance(always, Undecided):
        lines.append(f"Valid on any day, however often one asks: {p_is(always)} (Lindon & Malek 2022).")
    return lines


def reconciliation(shown: Shown) -> list[str]:
    """Whether the cohorts add up to the whole."""
    found = shown.result.reconciliation
    if isinstance(found, Undecided):
        return unknown(found)
    return [
        f"All together {signed(found.aggregate_rel, 2)}; the cohorts weighted by size "
        f"{signed(found.cohort_weighted_rel, 2)}; a different mix of cohorts in the arms adds "
        f"{signed(found.mix_shift, 2)}; unexplained {signed(found.unexplained, 2)}.",
        "They agree." if found.ok else f"They do not agree: {found.reason}.",
        "Taken apart after Kitagawa (1955), so that a change of mix cannot pass for an effect (Simpson).",
    ]


def heterogeneity(shown: Shown) -> list[str]:
    """Whether the cohorts differ by more than chance."""
    found = shown.result.heterogeneity
    if isinstance(found, Undecided):
        return unknown(found)
    return [
        f"Cochran's Q = {found.q:.3g} with {found.df} degrees of freedom, {p_is(found.p)} that all cohorts "
        f"respond alike; {share(found.i2, 0)} of their differences is more than chance (I², Higgins & "
        "Thompson 2002).",
        "It decides nothing: each cohort with units enough is held against its own floor.",
    ]


def guardrail(shown: Shown, one: GuardrailResult) -> list[str]:
    """One guardrail against its line."""
    judgement, registration = one.judgement, shown.registration
    line = f"The line is {line_of(one.threshold)}, registered as {one.threshold.kind} {shown.declared}."
    if judgement.measured is None or judgement.interval is None or judgement.p is None:
        return [f"{one.metric} is unknown: {judgement.reason}.", line]
    low, high = judgement.interval
    span = interval(judgement.interval, 2) if one.threshold.relative else f"({level(low)} … {level(high)})"
    shared = f", shared by {registration.correction}" if registration.correction != "iut" else ""
    watched = f" and spent over the looks by {one.spending}" if one.spending != "none" else ""
    return [
        f"{one.metric} {measured(one.threshold, judgement.measured)} {span}. {line}",
        test(registration.metrics[one.metric]),
        f"{p_is(judgement.p)} of a difference this large by chance (two-sided), judged at "
        f"{judgement.alpha:.3g}{shared}{watched}.",
        f"So it {STATUS_RULES[judgement.status]}",
        f"guardrail_rule {registration.guardrail_rule}, correction {registration.correction}.",
    ]


def cohort(shown: Shown, one: CohortResult) -> list[str]:
    """One cohort against its floor."""
    registration, judgement = shown.registration, one.judgement
    value, ci = relative(one.effect)
    floor = registration.cohorts.max_relative_regression
    lines = [f"{one.cohort}: {share(one.share)} of all units, n {one.n:,}."]
    if value is None or ci is None:
        lines.append(f"Its effect is unknown: {judgement.reason or 'it has no relative effect'}.")
    else:
        lines.append(f"{registration.primary.metric} {signed(value, 2)} {interval(ci, 2)}.")
    if one.adequacy is not None:
        least = share(registration.cohorts.min_adequacy, 0)
        lines.append(
            f"It has {share(one.adequacy, 0)} of the units it needs, and below {least} nothing is evidence."
        )
    if floor is not None:
        line = line_of(cohort_line(registration))
        lines.append(f"Its floor is {line}, registered as cohorts.max_relative_regression {shown.declared}.")
    if judgement.p is not None:
        lines.append(
            f"{p_is(judgement.p)} of a difference this large by chance (two-sided), judged at "
            f"{judgement.alpha:.3g}."
        )
    if not isinstance(one.shrunk, Undecided):
        lines.append(
            f"Pulled towards the mean of all cohorts it is {signed(one.shrunk[0], 2)}: shown, not judged."
        )
    return [*lines, f"So it {STATUS_RULES[judgement.status]}"]


STATUS_RULES: Mapping[Status, str] = {
    Status.CLEAR: "holds: the interval excludes the line.",
    Status.UNPROVEN: "is not crossed, and not ruled out yet: the interval does not exclude the line.",
    Status.NEAR_VETO: "is a near-veto: crossed, but that may be chance; a decision must acknowledge it.",
    Status.VETO: "is a veto: crossed, and chance does not explain it, so nothing ships.",
    Status.UNDERPOWERED: "is under-powered: too few units, so it is shown and never evidence.",
    Status.UNDECIDED: "is unknown: it could not be computed, which is no evidence of no harm.",
}
