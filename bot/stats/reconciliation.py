"""Whether the aggregate effect is what the cohorts say, or a change of mix, or neither."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.stats.srm import THRESHOLD, mix_p
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Stratum:
    """Both arms in one cohort.

    n_control, n_treatment: units. mean_control, mean_treatment: the metric, in its units.
    weights: what the means weigh in the aggregate when it is not units: a ratio metric's (control,
    treatment) denominator totals.
    """

    name: str
    n_control: float
    n_treatment: float
    mean_control: float
    mean_treatment: float
    weights: tuple[float, float] | None = None

    @property
    def weighing(self) -> tuple[float, float]:
        """Weight of the control's and the treatment's mean in the aggregate."""
        return self.weights or (self.n_control, self.n_treatment)


@dataclass(frozen=True)
class Reconciliation:
    """The aggregate effect taken apart; figures are fractions of the cohorts' aggregate control mean.

    aggregate_rel: the effect over everyone, as measured or claimed (of its own control mean).
    cohort_weighted_rel: cohort effects weighted by cohort size, the mean of both arms' shares.
    mix_shift: what the arms' different cohort mix adds (Simpson's part).
    unexplained: aggregate_rel - cohort_weighted_rel - mix_shift; not 0 when the aggregate was not computed
    from these cohorts. mix_p: chi-square p that the mix is the same in both arms.
    ok, reason: whether the two agree, and why not. fault: irreconcilable when the aggregate is not made of
    these cohorts, mix-shift when the arms' mixes differ or turn its sign; empty when they agree.
    """

    aggregate_rel: float
    cohort_weighted_rel: float
    mix_shift: float
    unexplained: float
    mix_p: float | Undecided
    ok: bool
    reason: str
    fault: Literal["", "irreconcilable", "mix-shift"] = ""


def reconcile(
    strata: Sequence[Stratum],
    aggregate: tuple[float, float] | None = None,
    *,
    tolerance: float = 1e-6,
) -> Reconciliation | Undecided:
    """Split the aggregate effect into cohort effects and a shift of mix (Kitagawa 1955, JASA 50:1168).

    sum p_t m_t - sum p_c m_c = sum p (m_t - m_c) + sum (p_t - p_c) m, with p the mean share and m the mean
    of both arms in a cohort: exact, nothing left over. aggregate: (control, treatment) means when they were
    measured or claimed apart from the cohorts; they must agree within `tolerance` (a fraction).
    """
    used = [s for s in strata if max(s.n_control, s.n_treatment) > 0]
    if not used:
        return Undecided("no cohort has units")
    lonely = [s.name for s in used if min(s.n_control, s.n_treatment) <= 0]
    if lonely:
        return Undecided(f"cohort {', '.join(lonely)} has units in one arm only")
    if aggregate and not all(map(math.isfinite, aggregate)):
        return Undecided("a mean of the aggregate is not finite, so there is nothing to reconcile")
    control, within, shift = _decompose(used)
    if control == 0 or (aggregate and aggregate[0] == 0) or not math.isfinite(control + within + shift):
        return Undecided("the aggregate control mean is 0 or not finite, so no effect is relative to it")
    cohorts_rel, shift_rel = within / control, shift / control
    overall = (aggregate[1] - aggregate[0]) / aggregate[0] if aggregate else cohorts_rel + shift_rel
    left = overall - cohorts_rel - shift_rel
    mix = mix_p([s.n_control for s in used], [s.n_treatment for s in used])
    fault, reason = _agreement(overall, cohorts_rel, shift_rel, mix, tolerance)
    return Reconciliation(overall, cohorts_rel, shift_rel, left, mix, not fault, reason, fault)


def _decompose(strata: Sequence[Stratum]) -> tuple[float, float, float]:
    """Aggregate control mean, cohort-weighted difference, difference made by the mix."""
    total_c = math.fsum(s.weighing[0] for s in strata)
    total_t = math.fsum(s.weighing[1] for s in strata)
    control = within = shift = 0.0
    for s in strata:
        p_c, p_t = s.weighing[0] / total_c, s.weighing[1] / total_t
        control += p_c * s.mean_control
        within += (p_c + p_t) / 2 * (s.mean_treatment - s.mean_control)
        shift += (p_t - p_c) * (s.mean_treatment + s.mean_control) / 2
    return control, within, shift


def _agreement(
    overall: float, within: float, shift: float, mix: float | Undecided, tolerance: float
) -> tuple[Literal["", "irreconcilable", "mix-shift"], str]:
    said = f"aggregate {overall:+.2%}, cohorts {within:+.2%}, mix shift {shift:+.2%}"
    left = overall - within - shift
    if abs(left) > tolerance:
        return (
            "irreconcilable",
            f"{said}: {left:+.2%} is in no cohort, so the aggregate was not computed from them",
        )
    if not isinstance(mix, Undecided) and mix < THRESHOLD:
        return "mix-shift", f"{said}: the arms have different cohort mixes (p = {mix:.2g}), trust the cohorts"
    if overall * within < 0 and abs(shift) > tolerance:
        return "mix-shift", f"{said}: the mix shift turns the sign (Simpson), trust the cohorts"
    return "", f"{said}: they agree"
