"""Sample-ratio mismatch: whether the arms have the sizes the assignment says, once or day by day."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from bot.stats.undecided import Undecided

THRESHOLD = 0.001
"""Below this p the split is taken as broken (Fabijan et al. 2019, KDD): checked daily for 14 days it is
crossed by chance with probability 0.0068."""

CONCENTRATION = 10_000.0
"""Weight, in units, of the planned split in the anytime-valid test: the default of Lindon & Malek's own
package. The shares it expects of a broken split lie about half a percentage point from the planned one."""

EXACT_BELOW = 1_000
"""Units below which a cohort's split is tested by the binomial distribution itself."""


@dataclass(frozen=True)
class Srm:
    """Chi-square test of the arm sizes.

    p: probability of a split this uneven when the assignment works; ok: p >= THRESHOLD.
    expected: units of (control, treatment) the allocation calls for. share: treatment's realised share.
    """

    p: float
    ok: bool
    chi2: float
    expected: tuple[float, float]
    share: float


def srm(n_control: int, n_treatment: int, allocation: float = 0.5) -> Srm | Undecided:
    """Test the sizes against `allocation`, the planned share of the treatment.

    >>> srm(10_000, 10_400).ok, srm(10_000, 10_500).ok
    (True, False)
    """
    if not 0 < allocation < 1:
        raise ValueError(f"allocation is the treatment's share, between 0 and 1, not {allocation}")
    total = n_control + n_treatment
    if total == 0:
        return Undecided("sample ratio: no unit in either arm")
    expected = total * (1 - allocation), total * allocation
    # Both deviations are the same number, so the two terms are one.
    deviation = n_treatment - expected[1]
    chi2 = deviation * deviation * (1 / expected[0] + 1 / expected[1])
    p = float(special.chdtrc(1, chi2))
    return Srm(p, p >= THRESHOLD, chi2, expected, n_treatment / total)


def mix_p(control: Sequence[float], treatment: Sequence[float]) -> float | Undecided:
    """Chi-square p that both arms have the same cohort mix, from units per cohort in the same order."""
    cells = [(c, t) for c, t in zip(control, treatment, strict=True) if c + t > 0]
    n_c, n_t = sum(c for c, _ in cells), sum(t for _, t in cells)
    if len(cells) < 2 or n_c == 0 or n_t == 0:
        return Undecided("cohort mix: at least two cohorts and both arms need units")
    chi2 = 0.0
    for c, t in cells:
        for seen, size in ((c, n_c), (t, n_t)):
            expected = (c + t) * size / (n_c + n_t)
            chi2 += (seen - expected) ** 2 / expected
    return float(special.chdtrc(len(cells) - 1, chi2))


def srm_anytime(
    counts: Sequence[tuple[int, int]], allocation: float = 0.5, *, concentration: float = CONCENTRATION
) -> float | Undecided:
    """Sequential p of the planned split: valid however often and whenever it is asked.

    counts: cumulative (control, treatment) units at each time looked, the newest last. The probability that
    it ever falls to p or below is at most p when the assignment works: 1 over the largest Bayes factor so far
    of a Dirichlet mixture about the planned split (Lindon & Malek 2022, NeurIPS, "Anytime-valid inference
    for multinomial count data").

    >>> round(srm_anytime([(5_000, 5_000)]), 3), srm_anytime([(10_000, 10_700)]) < 0.001
    (1.0, True)
    """
    if not 0 < allocation < 1:
        raise ValueError(f"allocation is the treatment's share, between 0 and 1, not {allocation}")
    if not any(c + t for c, t in counts):
        return Undecided("sample ratio: no unit in either arm")
    evidence = max(_log_bayes_factor(c, t, allocation, concentration) for c, t in counts)
    return math.exp(-max(evidence, 0.0))


def _log_bayes_factor(control: int, treatment: int, allocation: float, concentration: float) -> float:
    """Log of the mixture's likelihood over the planned split's; the order of arrival cancels."""
    a, b = concentration * (1 - allocation), concentration * allocation
    # B(a + c, b + t) / B(a, b) over (1 - r)^c r^t, with Dirichlet(a, b) of mean (1 - r, r)
    mixture = float(special.betaln(a + control, b + treatment) - special.betaln(a, b))
    return mixture - control * math.log1p(-allocation) - treatment * math.log(allocation)


def split_p(n_control: int, n_treatment: int, allocation: float = 0.5) -> float:
    """Two-sided p of one cohort's split: exact for few (twice the smaller tail), chi-square for many."""
    total = n_control + n_treatment
    if total >= EXACT_BELOW:
        found = srm(n_control, n_treatment, allocation)
        return 1.0 if isinstance(found, Undecided) else found.p
    if total == 0:
        return 1.0
    below = float(special.bdtr(n_treatment, total, allocation))
    above = float(special.bdtr(n_control, total, 1 - allocation))
    return min(1.0, 2 * min(below, above))
