"""Whether cohorts respond differently: random-effects meta-analysis of their effects.

Two-stage: one effect per cohort, then a normal model over them. It agrees with the mixed model
`y ~ arm + (1 + arm | cohort)` and needs cell sums only. Its overall mean weights cohorts nearly equally and
therefore decides nothing; the decision uses the post-stratified effect.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from bot.stats.effect import Effect
from bot.stats.sample import FloatArray
from bot.stats.undecided import Undecided

FARTHEST = 1e12
"""Ratio of variances beyond which one cohort is all there is, and REML has no digits left for the others."""


@dataclass(frozen=True)
class Heterogeneity:
    """How much more cohort effects differ than chance makes them.

    q: Cochran's Q; df: cohorts - 1; p: of Q under equal effects. i2: share of the variation that is real,
    a fraction. tau2: REML variance of true effects between cohorts, squared units of the effects.
    mean: random-effects mean; mean_se, mean_ci: its standard error and 95 % interval after Hartung & Knapp,
    never narrower than without. shrunk: per cohort, in the order given, the effect pulled towards the mean;
    shrunk_sd: its standard deviation, the mean's uncertainty in it and that of tau2 not.
    """

    q: float
    df: int
    p: float
    i2: float
    tau2: float
    mean: float
    shrunk: tuple[float, ...]
    mean_se: float
    mean_ci: tuple[float, float]
    shrunk_sd: tuple[float, ...]


def heterogeneity(estimates: Sequence[float], variances: Sequence[float]) -> Heterogeneity | Undecided:
    """Q, I2 (Higgins & Thompson 2002, Stat. Med. 21:1539) and tau2 by REML.

    estimates and variances: per cohort, effect and squared standard error in the same unit.
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if len(y) < 2:
        return Undecided(f"heterogeneity needs at least 2 cohorts with an effect, not {len(y)}")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        return Undecided("heterogeneity: an effect is not finite or has no variance")
    if v.max() > FARTHEST * v.min():
        return Undecided(
            f"heterogeneity: the cohorts' standard errors, {math.sqrt(v.min()):.2g} to "
            f"{math.sqrt(v.max()):.2g}, are too far apart"
        )
    fixed = float(np.average(y, weights=1 / v))
    q, df = float(np.sum((y - fixed) ** 2 / v)), len(y) - 1
    tau2 = _reml(y, v)
    weight = 1 / (v + tau2)
    mean, kept = float(np.average(y, weights=weight)), tau2 * weight
    shrunk = mean + kept * (y - mean)  # tau2/(tau2 + v) of the distance: the posterior mean
    sd = np.sqrt(kept * v + (1 - kept) ** 2 / weight.sum())
    # Hartung & Knapp 2001 (Stat. Med. 20:3875) with the factor at least 1 (Roever et al. 2015, BMC MRM 15:99)
    factor = max(1.0, float(weight @ (y - mean) ** 2) / df)
    se = math.sqrt(factor / float(weight.sum()))
    half = -float(special.stdtrit(df, 0.025)) * se
    return Heterogeneity(
        q=q,
        df=df,
        p=float(special.chdtrc(df, q)),
        i2=max(0.0, (q - df) / q) if q > 0 else 0.0,
        tau2=tau2,
        mean=mean,
        shrunk=tuple(shrunk.tolist()),
        mean_se=se,
        mean_ci=(mean - half, mean + half),
        shrunk_sd=tuple(sd.tolist()),
    )


def relative_heterogeneity(effects: Sequence[Effect | Undecided]) -> Heterogeneity | Undecided:
    """Heterogeneity of relative effects (fractions), over the cohorts that have one.

    `shrunk` has one value per such cohort. Standard errors are those of the delta method.
    """
    estimates: list[float] = []
    variances: list[float] = []
    for effect in effects:
        if isinstance(effect, Effect) and not isinstance(effect.relative, Undecided):
            c, t, ratio = effect.control, effect.treatment, 1 + effect.relative
            estimates.append(effect.relative)
            variances.append((t.variance + ratio * ratio * c.variance) / (c.mean * c.mean))
    return heterogeneity(estimates, variances)


def _reml(y: FloatArray, v: FloatArray) -> float:
    """REML estimate of tau2, at least 0, by Fisher scoring (Viechtbauer 2005, JEBS 30:261)."""
    unit = float(v.mean())  # so that the iteration does not depend on the metric's scale
    y, v = y / math.sqrt(unit), v / unit
    tau2 = max(0.0, float(np.var(y, ddof=1) - v.mean()))
    for _ in range(200):
        w = 1 / (v + tau2)
        total = w.sum()
        residual = y - (w @ y) / total
        # P = W - W 1 1'W / sum(W); the score is y'PPy - tr(P), twice the information tr(PP)
        trace = total - (w @ w) / total
        trace2 = w @ w - 2 * (w**3).sum() / total + (w @ w) ** 2 / total**2
        step = float((np.square(w * residual).sum() - trace) / trace2)
        new = max(0.0, tau2 + step)
        if abs(new - tau2) < 1e-12 * (1 + tau2):
            return new * unit
        tau2 = new
    return tau2 * unit
