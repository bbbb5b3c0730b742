"""What the demo's users are drawn with: rates, ratings, cohorts that hit a story's figures exactly."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bot.stats.cuped import CupedEffect, cuped_effect
from bot.stats.effect import Effect
from bot.stats.root import find_root
from bot.stats.sample import Sample

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Whole: TypeAlias = npt.NDArray[np.int64]

BASELINE, SD = 0.183, 0.142
"""Of the useful-answer rate, per user."""

CORRELATION = 0.5**0.5
"""Between the weeks before and the experiment: CUPED then halves the variance."""

DEVICE: Mapping[str, float] = {"mobile": 0.50, "desktop": 0.25, "app": 0.25}
TENURE: Mapping[str, float] = {"new": 0.25, "returning": 0.75}
"""Cohorts and their shares."""

LATER, LATER_DAYS, HOLDOUT = 100_000, 29, 0.1
"""Users who come in the days after a launch, and the share of them that is kept on the control."""

STARS = (0.05, 0.06, 0.10, 0.22, 0.57)
"""How many of those who rate the service give 1 to 5 stars: mean 4.20, sd 1.15."""


def drawn(rng: np.random.Generator, shares: Mapping[str, float], count: int) -> Whole:
    """Which of the values each user has."""
    return rng.choice(len(shares), count, p=list(shares.values()))


def rates(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """The useful-answer rate before and during, sharing the part that makes them correlate.

    Sums of gamma variables of one scale are gamma variables: mean k s, variance k s^2.
    """
    scale = SD**2 / BASELINE
    shape = BASELINE / scale
    common = rng.gamma(CORRELATION * shape, scale, count)
    own = [rng.gamma((1 - CORRELATION) * shape, scale, count) for _ in range(2)]
    return common + own[0], common + own[1]


def effect(rate: Array, before: Array, treated: Mask) -> Effect:
    """The effect on the rate as a look computes it, with CUPED."""
    arms = [
        Sample.of(np.column_stack([rate[arm], before[arm]]), ("rate", "before"))
        for arm in (~treated, treated)
    ]
    found = cuped_effect(arms[0], arms[1], "rate", "before")
    assert isinstance(found, CupedEffect)  # noqa: S101 - there are hundreds of users in both arms
    return found.effect


def lift(rate: Array, before: Array, treated: Mask, moved: Mask, wanted: float) -> float:
    """The lift of the users in `moved` at which the relative effect over all of these is as wanted."""

    def excess(by: float) -> float:
        relative = effect(np.where(moved, rate * (1 + by), rate), before, treated).relative
        assert isinstance(relative, float)  # noqa: S101 - the control mean is far from 0
        return relative - wanted

    return find_root(excess, -0.3, 0.3, tolerance=1e-7)


def ratings(rng: np.random.Generator, count: int, mean: float) -> Whole:
    """Ratings of 1 to 5 stars whose mean is as wanted: single ones are moved by a star until it is."""
    stars: Whole = rng.choice(np.arange(1, 6), count, p=STARS)
    missing = round(mean * count) - int(stars.sum())
    step = 1 if missing > 0 else -1
    able = rng.permutation(np.flatnonzero(stars < 5 if step > 0 else stars > 1))
    stars[able[: abs(missing)]] += step
    return stars


def exactly(rng: np.random.Generator, among: Mask, share: float) -> Mask:
    """A mask that holds for this share of the users in `among`, and for no other."""
    chosen = np.zeros(len(among), bool)
    users = rng.permutation(np.flatnonzero(among))
    chosen[users[: round(share * len(users))]] = True
    return chosen


def latencies(rng: np.random.Generator, treated: Mask, p95: tuple[float, float]) -> Array:
    """Turn latencies in ms whose p95 is as wanted in the control and the treatment arm."""
    values: Array = np.exp(0.3 * rng.standard_normal(len(treated)))
    for arm, wanted in zip((~treated, treated), p95, strict=True):
        values[arm] *= wanted / np.quantile(values[arm], 0.95)
    return values.round(1)


def flag_rates(rng: np.random.Generator, treated: Mask, mean: float) -> Array:
    """Spam flags per session: most users raise none; the same mean in both arms."""
    values = rng.gamma(0.17, mean / 0.17, len(treated))
    for arm in (~treated, treated):
        values[arm] *= mean / values[arm].mean()
    values[treated] *= 1 + 1e-9  # shown as +0.0 %, not as -0.0 %
    return values


def numbers(values: npt.NDArray[Any], known: Mask | None = None) -> "pa.Array":
    """A column of numbers, null where they are not known."""
    import pyarrow as pa

    return pa.array(values, mask=None if known is None else ~known)


def words(names: Sequence[str], which: npt.NDArray[Any]) -> "pa.Array":
    """A column of a few words."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(numbers(which.astype(np.int64)), pa.array(list(names)))


def afterwards(table: "pa.Table", *, seed: int, last: int, since: int) -> "pa.Table":
    """The table with the days after its launch: users as they came after day `since`, a part held out.

    last: the last day of the experiment.
    """
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    arm, day = np.asarray(table["arm"].combine_chunks().indices), table["day"].to_numpy()
    held = round(HOLDOUT * LATER)
    alike = [
        rng.choice(np.flatnonzero((arm == one) & (day > since)), count)
        for one, count in ((0, held), (1, LATER - held))
    ]
    more = table.take(np.concatenate(alike))
    for name, values in (
        ("day", rng.integers(last + 1, last + 1 + LATER_DAYS, LATER)),
        ("user_id", table.num_rows + np.arange(LATER)),
    ):
        more = more.set_column(more.column_names.index(name), name, numbers(values))
    return pa.concat_tables([table, more])
