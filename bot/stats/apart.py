"""How much measured turns tell of turns whose stages are drawn by themselves.

The share of drawn turns beyond a value is a functional of each stage's distribution. Its first-order error is
the mean over measured turns of psi_i = sum over stages j of h_j(x_ij), with h_j(x) the share of drawn turns
beyond the value among those whose stage j takes x (Hoeffding 1948, Ann. Math. Stat. 19:293, section 5).
Stages that are slow in the same measured turn make that error larger, though the drawn turns know nothing of
it.
"""

from collections.abc import Mapping

import numpy as np

from bot.stats.turns import Clusters, Codes, Flags, Floats

BINS = 40
"""Of a stage's durations, between whose edges h is taken to be level."""
MOST = 50_000
"""Drawn turns, and measured ones, that are looked at: enough for a variance."""


def told_of(
    beyond: Flags, drawn: Mapping[str, Floats], measured: Mapping[str, Floats], cluster: Clusters | None
) -> float:
    """As many independent turns as would tell as much of the share of drawn turns that are `beyond`.

    drawn, measured: durations by stage, of the drawn turns and of the measured ones, in their order. No more
    than there are measured turns.
    """
    n = len(next(iter(measured.values())))
    some, groups = _some(n, cluster)
    draws = slice(None, MOST)
    p = float(beyond[draws].mean())
    psi = np.zeros(len(some))
    for name, ms in measured.items():
        edges = np.unique(np.quantile(ms[some], np.arange(1, BINS) / BINS))
        places = np.searchsorted(edges, drawn[name][draws])
        counts = np.bincount(places, minlength=len(edges) + 1)
        hits = np.bincount(places, weights=beyond[draws], minlength=len(edges) + 1)
        psi += np.where(counts > 0, hits / np.maximum(counts, 1), p)[np.searchsorted(edges, ms[some])]
    psi -= psi.mean()
    several = len(some) if groups is None else len(groups.sizes)
    if several < 2:
        return 1.0
    sums = psi if groups is None else np.bincount(groups.codes, weights=psi)
    variance = float(sums @ sums) / len(some) ** 2 * several / (several - 1)
    if variance <= 1e-18 or p in (0.0, 1.0):
        return float(several) * n / len(some)
    # of `some` turns; all of them tell as many times more as they are more
    return max(min(p * (1 - p) / variance * n / len(some), float(n)), 1.0)


def _some(n: int, cluster: Clusters | None) -> tuple[Codes, Clusters | None]:
    """At most about MOST of the turns, evenly spread, or in whole clusters."""
    if cluster is None:
        return np.arange(0, n, max(n // MOST, 1)), None
    which = cluster.codes % max(n // MOST, 1) == 0
    return np.flatnonzero(which), cluster.part(which)
