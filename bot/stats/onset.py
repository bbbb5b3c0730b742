"""When a metric began to depart from what is usual, from its history before an alert, with an interval.

The trailing segments that lie away from the usual level are found by `changepoint`; then the place where the
departure begins is given a posterior distribution over every point of the window, for a departure that is a
step or a ramp of any of several lengths.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from bot.stats.changepoint import MAD_TO_SD, Values, changepoints, default_penalty, noise, whitened
from bot.stats.season import without_season
from bot.stats.undecided import Undecided

LEAST = 20
"""Points from which a history says anything."""
AWAY = 0.25
"""Share of the departure beyond which a segment belongs to it."""
STANDS_OUT = 3.0
"""Robust standard deviations of the usual level by which the last level must differ from it."""
BEFORE, AFTER = 120, 360
"""Points before and after the change that decide its place: more only add noise about other things."""
USUAL = 0.05
"""Share of the departure by which a level may differ from the usual one and still be usual."""
LONG_BEFORE, SHORT_BEFORE = 30, 6
"""Usual points that must come before the departure; with fewer, the longer history is looked at first."""
LEVEL = 0.95
RAMPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30, 37, 46, 58, 72, 90, 113, 141, 176, 220, 275, 344)
"""Points that a ramp takes; 1 is a step."""


@dataclass(frozen=True)
class History:
    """times: seconds, ascending; values: finite, one a time, in the metric's unit."""

    times: Values
    values: Values


@dataclass(frozen=True)
class Onset:
    """When the departure began.

    at, low, high: seconds on the histories' clock, low <= at <= high; the interval is the shortest set of
    places that holds LEVEL of the posterior, from the sample before it to its last. before, after: the usual
    level at that time of day and the level now, in the metric's unit. shape: whether it went at once or slid.
    """

    at: float
    low: float
    high: float
    before: float
    after: float
    shape: Literal["step", "ramp"]


def estimate(recent: History, past: History, *, direction: int = 0) -> Onset | Undecided:
    """Find when the metric began to be where it is at the end of `recent`.

    `recent` is finely sampled, `past` reaches further back, coarsely: it says what is usual (with its daily
    course, where it has one) and takes over where `recent` was departed all along. `direction` is -1 where
    the metric is known to have fallen, +1 where risen, 0 where nothing is known.
    """
    fine, coarse = thinned(recent), thinned(past)
    most = max(len(fine.values), len(coarse.values))
    if most < LEAST:
        return Undecided(f"its history has {most} points, and {LEAST} are needed")
    usual = coarse if len(coarse.values) >= LEAST else fine
    said: Undecided | None = None
    for history, before in ((fine, LONG_BEFORE), (coarse, SHORT_BEFORE), (fine, SHORT_BEFORE)):
        if len(history.values) < LEAST:
            continue
        found = _within(history, usual, direction, min(before, len(history.values) // 4))
        if isinstance(found, Onset) or (isinstance(found, Undecided) and said is None and history is fine):
            return found
        said = said or found
    return said or Undecided("it was where it is now as far back as its history goes")


def thinned(history: History) -> History:
    """Leave one point a value of a metric that is renewed less often than it is sampled.

    A gauge computed once an hour and scraped every minute repeats itself; its noise would look like none.
    """
    values = history.values
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))) if len(values) else values
    if len(starts) < 8 or 2 * len(starts) > len(values):
        return history
    lengths = np.diff(np.concatenate((starts, [len(values)])))
    period = int(np.median(lengths))
    kept = np.concatenate(
        [np.arange(start, start + length, period) for start, length in zip(starts, lengths, strict=True)]
    )
    return History(history.times[kept], values[kept])


def _within(history: History, usual: History, direction: int, least: int) -> Onset | Undecided | None:
    """The onset within one history; None where fewer than `least` usual points come before it."""
    values, normal, course = without_season(history.times, history.values, usual.times, usual.values)
    values = _without_spikes(values)
    about = noise(values)
    if about.sd == 0.0 and np.all(values == values[0]):
        return Undecided("it was the same all along")
    scaled = whitened(values, about.rho) / about.sd
    cuts = [cut + 1 for cut in changepoints(scaled, penalty=default_penalty(len(scaled)))]
    bounds = [0, *cuts, len(values)]
    levels = [float(np.median(values[a:b])) for a, b in pairwise(bounds)]
    middle = float(np.median(normal))
    away = levels[-1] - middle
    scatter = _scatter(normal, middle)
    spread = MAD_TO_SD * float(np.median(np.abs(normal - middle)))
    wrong = _not_away(away, direction, max(STANDS_OUT * scatter, spread))
    if wrong is not None:
        return wrong
    first = len(levels) - 1
    while first > 0 and (levels[first - 1] - middle) / away > AWAY:
        first -= 1
    near = max(STANDS_OUT * scatter, USUAL * abs(away))
    lengths = np.diff(bounds)[:first]
    calm = lengths[np.abs(np.array(levels[:first]) - middle) <= near] if first else lengths
    if calm.sum() < least:
        return None
    begin = _begin(bounds, levels, first, middle, away)
    window = slice(max(begin, bounds[first] - BEFORE), min(bounds[first] + AFTER, len(values)))
    place = _place(values[window], about.rho, np.sign(away), bounds[first] - window.start)
    return _told(history, window.start, place, middle, levels[-1], course)


def _not_away(away: float, direction: int, usual: float) -> Undecided | None:
    """Why there is no departure; `usual` is how far the level and single values are from their middle."""
    if away == 0.0 or abs(away) < usual:
        return Undecided("no change in its history stands out of its noise")
    if direction and np.sign(away) != direction:
        expected, instead = ("rise", "fell") if direction > 0 else ("fall", "rose")
        return Undecided(f"it did not {expected} before the alert: it {instead}")
    return None


def _scatter(normal: Values, middle: float) -> float:
    """The usual level's own robust sd, from medians of six neighbours, so that noise averages out."""
    blocks = [float(np.median(normal[at : at + 6])) for at in range(0, len(normal) - 5, 6)]
    if len(blocks) < 5:
        return 0.0
    return MAD_TO_SD * float(np.median(np.abs(np.array(blocks) - middle)))


def _begin(bounds: list[int], levels: list[float], first: int, middle: float, away: float) -> int:
    """Where the usual stretch before the departure begins: not across an earlier departure."""
    at = first - 1
    while at > 0 and abs(levels[at - 1] - middle) <= 2 * AWAY * abs(away):
        at -= 1
    return bounds[at]


def _without_spikes(values: Values) -> Values:
    """Lone points far from their four neighbours take their median (Hampel 1974); steps keep their place.

    The last two are left alone: a departure may be that young.
    """
    if len(values) < 8:
        return values
    padded = np.concatenate((values[:1], values[:1], values, values[-1:], values[-1:]))
    around = np.median(np.stack([padded[at : at + len(values)] for at in range(5)]), axis=0)
    off = np.abs(values - around)
    far = off > 6.0 * max(noise(values).sd, 1e-300)
    far[-2:] = False
    return np.where(far, around, values)


@dataclass(frozen=True)
class _Place:
    """Indices of the first departed point: the likeliest, and the first and last of the credible set."""

    at: int
    low: int
    high: int
    ramp: bool


def _place(values: Values, rho: float, sign: float, guess: int) -> _Place:
    """The posterior of the first departed point, with level, size and noise integrated out.

    y[t] = m + d · min(1, (t - k + 1) / w)+ + AR(1) noise. With a flat prior on m and log sd, a
    unit-information prior on d, flat on k, and half the weight on w = 1: p(k, w | y) is proportional to
    prior(w) · RSS(k, w)^(-(n - 2) / 2), RSS of the n whitened points on the whitened constant and shape
    (for the step Smith 1975, Biometrika 62(2), with another prior on d).
    """
    n = len(values)
    target = whitened(values, rho)
    target = target - target.mean()
    whole = float(target @ target)
    if n < 4 or whole == 0.0:
        return _Place(guess, guess, guess, ramp=False)
    widths = [width for width in RAMPS if width < n]
    logs = np.stack([_log_likelihood(target, whole, n, width, rho, sign) for width in widths])
    if not np.isfinite(logs.max()):
        return _Place(guess, guess, guess, ramp=False)
    prior = np.full((len(widths), 1), 0.5 / max(len(widths) - 1, 1))
    prior[0] = 0.5
    weights = np.exp(logs - logs.max()) * prior
    by_place = weights.sum(axis=0) / weights.sum()
    at = int(np.argmax(by_place))
    order = np.argsort(-by_place, kind="stable")
    enough = int(np.searchsorted(np.cumsum(by_place[order]), LEVEL)) + 1
    chosen = order[:enough]
    ramp = float(weights[3:].sum()) > float(weights[:3].sum())
    return _Place(at + 1, int(chosen.min()) + 1, int(chosen.max()) + 1, ramp)


def _log_likelihood(
    target: Values, whole: float, n: int, width: int, rho: float, sign: float
) -> npt.NDArray[np.float64]:
    """For the first departed point k = 1 … n-1: -(n - 2) / 2 · ln RSS; -inf where it goes the other way.

    Here n - 1 points are left of n, since whitening takes one.
    """
    times, places = np.arange(n)[:, None], np.arange(1, n)[None, :]
    shapes = np.clip((times - places + 1) / width, 0.0, 1.0)
    shapes = shapes[1:] - rho * shapes[:-1]
    shapes = shapes - shapes.mean(axis=0)
    size = np.einsum("tk,tk->k", shapes, shapes)
    along = target @ shapes
    good = (size > 1e-12) & (along * sign > 0)
    saved = np.where(good, along**2 / np.where(good, size, 1.0), 0.0)
    left = np.maximum(whole - saved, 1e-12 * whole)
    return np.where(good, -0.5 * (len(target) - 2) * np.log(left), -np.inf)


def _told(history: History, start: int, place: _Place, middle: float, level: float, course: Values) -> Onset:
    """In times: it began after the last sample that was usual, and not after the first departed."""
    times = history.times
    first = start + place.at
    at = (times[first - 1] + times[first]) / 2
    low, high = times[start + place.low - 1], times[start + place.high]
    now = float(course[-1])
    return Onset(
        at=float(at),
        low=float(low),
        high=float(high),
        before=float(middle + now),
        after=float(level + now),
        shape="ramp" if place.ramp else "step",
    )
