"""What `lookout look` prints below the cohorts, and how the data are mended, for people."""

import math

from bot.core.figures import p_is, share, signed
from bot.core.look import LookResult, no_relative, relative
from bot.stats.undecided import Undecided


def split(result: LookResult) -> str:
    """How unlikely the split of the arms is: at this look, and whenever it is asked."""
    at_once, ever = result.srm, result.srm_anytime_p
    if isinstance(at_once, Undecided) or isinstance(ever, Undecided):
        return ""
    return f", split {p_is(at_once.p)} (however often it is asked: {p_is(ever)})"


def together(result: LookResult) -> list[str]:
    """The worst cohort, the post-stratified effect, how much the cohorts differ, and what they add up to."""
    if result.verdict == "invalid" or not result.cohorts:
        return []
    return [*_worst(result), *_stratified(result), *_spread(result)]


def reconciliation(result: LookResult) -> list[str]:
    """Whether the aggregate is what the cohorts say; also of invalid data, since it may be why."""
    found = result.reconciliation
    return [] if isinstance(found, Undecided) else ["", f"Reconciliation: {found.reason}"]


def mends(result: LookResult) -> list[str]:
    """How each fault of the data is mended."""
    faults = [one for one in result.findings if one.level == "error" and one.hint]
    return [f"  {one.code}: {one.hint}" for one in {one.code: one for one in faults}.values()]


def _worst(result: LookResult) -> list[str]:
    worst = result.worst_cohort
    if isinstance(worst, Undecided):
        return []
    said = f"  worst with units enough: {worst.cohort} {signed(worst.effect_rel, 2)}"
    if worst.distance is None:
        return [said]
    side = "above the floor" if worst.distance >= 0 else "beyond the floor"
    return [f"{said}, {abs(worst.distance) * 100:.2f} points {side}"]


def _stratified(result: LookResult) -> list[str]:
    found = result.post_stratified
    if isinstance(found, Undecided):
        return [f"  post-stratified: undecided, {found.reason}"]
    rel, ci = relative(found.effect)
    over = " x ".join(found.over)
    if rel is None or ci is None:
        return [f"  post-stratified by {over}: {no_relative(found.effect)}"]
    span = f"[{signed(ci[0], 2)}, {signed(ci[1], 2)}]"
    return [
        f"  post-stratified by {over}, {found.shares} shares: {signed(rel, 2)} {span}, {p_is(found.effect.p)}"
        " (shown beside the primary, which decides)"
    ]


def _spread(result: LookResult) -> list[str]:
    found = result.heterogeneity
    if isinstance(found, Undecided):
        return []
    return [
        f"  cohorts differ by a standard deviation of {share(math.sqrt(found.tau2), 2)} beyond chance "
        f"({p_is(found.p)}, I2 {share(found.i2, 0)})"
    ]
