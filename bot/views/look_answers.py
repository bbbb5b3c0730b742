"""Answers to the buttons of a look's card: why this verdict, and every line with what was measured."""

import math

from bot.core.effect import Message
from bot.core.figures import MINUS, bound, interval, share, signed
from bot.core.look import CohortResult, LookResult, no_relative, relative
from bot.stats.effect import Effect
from bot.stats.guardrail import Status
from bot.stats.sequential import critical_z, type1_error
from bot.stats.undecided import Undecided
from bot.views import look_remarks as remarks
from bot.views import text
from bot.views.look_head import called, shout
from bot.views.look_shown import Shown
from bot.views.look_words import MARKS, by_dimension, chance, cohort, detailed


def why(shown: Shown) -> Message:
    """The verdict step by step, for the person who asked."""
    result = shown.result
    place = called(result)
    lines = [f"*Why {shout(result.verdict)} at {'the ' * result.peek}{place[0].lower()}{place[1:]}*"]
    lines += [f"• {text.escape(reason, 700)}" for reason in shown.reasons]
    lines += [f"• {remark}" for remark in remarks.of_plan(shown)]
    lines += _rule(shown)
    lines += [f"• {text.escape(note, 700)}" for note in remarks.notes(shown)]
    lines += _mends(result)
    context = f"Record {shown.record} · registration {result.sha256[:12]}…"
    return Message(
        text.escape(" ".join(shown.reasons), 1500), (text.section(text.fit(lines)), text.context(context))
    )


def matrix(shown: Shown) -> Message:
    """Every guardrail and cohort with its line, for the person who asked."""
    result = shown.result
    lines = [f"*{called(result)}: every line and what was measured*"]
    if not result.guardrails and not result.cohorts:
        lines.append("Nothing was judged." if result.verdict == "invalid" else "No guardrail was declared.")
    lines += [f"{MARKS[one.judgement.status]} {detailed(one)}" for one in result.guardrails]
    for dimension in by_dimension(result.cohorts):
        weak = [one for one in dimension if "," in one.cohort and one.judgement.status is Status.UNDERPOWERED]
        lines += [
            "",
            *(f"{MARKS[one.judgement.status]} {_cohort(one)}" for one in dimension if one not in weak),
        ]
        if weak:
            lines.append(f"? {len(weak)} crossings are under-powered: not evidence")
    context = (
        f"Record {shown.record} · intervals of {share(1 - shown.registration.alpha, 0)} unless corrected"
    )
    blocks = (text.section(text.fit(lines)), text.context(context))
    return Message(
        f"{called(result)}: {len(result.guardrails)} guardrails, {len(result.cohorts)} cohorts", blocks
    )


def cohorts(shown: Shown) -> Message:
    """Every cohort with its interval, its p, and whether it counts as evidence; then all of them together."""
    registration, result = shown.registration, shown.result
    limit = registration.cohorts.max_relative_regression
    floor = "no floor is registered" if limit is None else f"none may get worse by more than {share(limit)}"
    lines = [f"*{called(result)}: cohorts, {floor}*"]
    if not result.cohorts:
        lines.append("Nothing was judged." if result.verdict == "invalid" else "No cohorts were declared.")
    for dimension in by_dimension(result.cohorts):
        lines += ["", *(f"{MARKS[one.judgement.status]} {_cohort(one)}" for one in dimension)]
    spread, added_up = result.heterogeneity, result.reconciliation
    if result.cohorts and not isinstance(spread, Undecided):
        alike = (
            "differ by more than chance" if spread.p < registration.alpha else "differ by no more than chance"
        )
        lines += ["", f"They {alike}: {chance(spread.p)}"]
    if result.cohorts and not isinstance(added_up, Undecided):
        lines.append("They add up to the whole" if added_up.ok else f"⚠ {text.escape(added_up.reason, 300)}")
    context = (
        f"Record {shown.record} · `/experiment why {result.look or 'peek'} COHORT` says how one was judged"
    )
    blocks = (text.section(text.fit(lines)), text.context(context))
    return Message(f"{called(result)}: {len(result.cohorts)} cohorts, {floor}", blocks)


def _rule(shown: Shown) -> list[str]:
    """What the plan says in general, for whoever was not there when it was written."""
    registration, result = shown.registration, shown.result
    if result.verdict == "invalid":
        which = "for it" if result.peek else f"for look {result.look}"
        return [f"• An invalid look does not count: once the data are sound, ask {which} again."]
    if result.verdict == "unjudged":
        return ["• It is on record, and no later look asks more or less because of it."]
    if result.verdict == "veto":
        return [f"• Every line was registered {shown.declared}: one that is crossed stops the launch."]
    alpha, asked = registration.alpha, bound(result.primary.boundary_p)
    lines = []
    if result.looks > 1:
        sided = result.plan.sided
        level = critical_z(alpha * (2 / sided))
        naive = type1_error([level] * result.looks, registration.fractions(), sided)
        one_sided = "" if sided == 2 else "one-sided "
        lines.append(
            f"• Whoever looks {result.looks} times and stops at the first {one_sided}p below {alpha:g} "
            f"finds an effect in {share(naive)} of the experiments that have none. "
            f"The plan, {'changed after a look' if shown.broken else f'registered {shown.declared}'}, "
            f"keeps that at {share(result.plan.type1_error)}: {result.course.name} asks for p below {asked} "
            f"(z beyond {_z(result.primary.boundary_z)})."
        )
    lines += _allowing(result)
    power = result.primary.conditional_power
    if power is not None and result.verdict == "continue":
        given_all = result.primary.predictive_power
        spread = (
            "" if given_all is None else f", {share(given_all, 0)} allowing for how little is known of it"
        )
        lines.append(
            "• If the effect so far is the true one, a later look shows it with probability "
            f"{share(power, 0)}{spread}: waiting costs days, shipping now would break the rule."
        )
    return [*lines, *_futility(result)]


def _futility(result: LookResult) -> list[str]:
    """What the futility bound asked, where there is one."""
    primary = result.primary
    if not math.isfinite(primary.futility_z) or isinstance(primary.effect, Undecided):
        return []
    z = abs(primary.effect.z) if primary.good else -abs(primary.effect.z)
    asked, have = (f"{value:.2f}".replace("-", MINUS) for value in (primary.futility_z, z))
    return [
        f"• For want of effect it stops where z in the declared direction is below {asked}; it is {have}."
    ]


def _mends(result: LookResult) -> list[str]:
    """What to do about the data, once for each kind of finding."""
    hints = dict.fromkeys(one.hint for one in result.findings if one.hint)
    return (
        ["*What to do about the data*", *(f"• {text.escape(hint, 300)}" for hint in hints)] if hints else []
    )


def _allowing(result: LookResult) -> list[str]:
    """The estimate and interval that allow for the looks."""
    fair, effect = result.primary.adjusted, result.primary.effect
    if isinstance(fair, Undecided) or isinstance(fair.estimate_rel, Undecided) or no_relative(effect):
        return []
    if isinstance(fair.ci_rel, Undecided):
        return []
    span = interval(fair.ci_rel)
    return [f"• Allowing for having looked before, the effect is {signed(fair.estimate_rel)} {span}."]


def _z(z: float) -> str:
    return "any" if z > 1e300 else f"{z:.3f}"


def _cohort(one: CohortResult) -> str:
    """One cohort with its interval, p and units."""
    ci = relative(one.effect)[1]
    if ci is None or not isinstance(one.effect, Effect):
        return cohort(one)
    return f"{cohort(one)} · {interval(ci, 2)}, {chance(one.effect.p)}, n {one.n:,}"
