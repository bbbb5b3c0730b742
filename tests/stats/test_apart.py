"""How much measured turns tell of turns whose stages are drawn by themselves."""

import numpy as np
import pytest

from bot.stats.apart import told_of
from bot.stats.turns import clusters


def told(rho: float, session: int = 1, n: int = 6000) -> float:
    """Of the p95 of six stages drawn by themselves, from turns in which they are correlated."""
    rng = np.random.default_rng(1)
    common = np.repeat(rng.standard_normal(n // session), session)
    scores = {name: np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.standard_normal(n) for name in "abcdef"}
    ms = {name: np.exp(0.5 * score) for name, score in scores.items()}
    drawn = {name: rng.choice(one, 40_000) for name, one in ms.items()}
    total = sum(drawn.values())
    groups = clusters(np.repeat(np.arange(n // session), session)) if session > 1 else None
    return told_of(total > np.quantile(total, 0.95), drawn, ms, groups)


def test_stages_that_are_slow_together_tell_less_of_stages_apart() -> None:
    """As many as there are turns where they are not; fewer the more they are; fewer still by session."""
    assert told(0.0) == 6000
    assert told(0.9) < told(0.5) <= 6000
    assert told(0.9, session=6) < 0.5 * told(0.9)


def test_what_it_says_is_the_spread_of_the_estimate() -> None:
    """300 samples of 400 turns whose two stages are one: the p95 of stages apart varies as it says."""
    rng = np.random.default_rng(2)
    shares, said = [], []
    for _ in range(300):
        x = rng.exponential(size=400)
        y = rng.permutation(np.repeat(x, 10))  # the other stage has the same durations
        total = np.repeat(x, 10) + y
        above = total > 4.744  # p95 of gamma(2)
        shares.append(above.mean())
        said.append(told_of(above, {"a": np.repeat(x, 10), "b": y}, {"a": x, "b": x}, None))
    assert np.var(shares) == pytest.approx(0.05 * 0.95 / np.mean(said), rel=0.25)


def test_stages_that_never_vary_tell_all_and_nothing_divides_by_zero() -> None:
    """As many turns as there are."""
    ms = {"a": np.full(50, 3.0)}
    never = np.zeros(100, dtype=bool)
    assert told_of(never, {"a": np.full(100, 3.0)}, ms, None) == 50
    assert told_of(never, {"a": np.full(100, 3.0)}, ms, clusters(np.zeros(50))) == 1
    assert told_of(never, {"a": np.full(100, 3.0)}, ms, clusters(np.repeat([1, 2], 25))) == 2
