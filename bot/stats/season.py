"""The daily course of a metric, taken off before a change is looked for."""

import numpy as np

from bot.stats.changepoint import MAD_TO_SD, Values

DAY = 86_400.0
SLOT = 1800.0
"""Seconds: half an hour, or an hour where the metric has one value an hour."""
LEAST_DAYS = 3.0
WORTH = 0.8
"""The course is taken off where the spread that is left is at most this share of what was there."""


def without_season(
    times: Values, values: Values, usual_times: Values, usual_values: Values
) -> tuple[Values, Values, Values]:
    """Return the values, and the usual ones, without their daily course; and the course that was taken off.

    The course is the median of the usual values in each half hour (or hour, where there is one value an hour)
    of the UTC day, smoothed over its neighbours and centred at 0; at least three days are needed, so that one
    bad day does not bend it. Where taking it off does not help it is 0 throughout.
    """
    nothing = values, usual_values, np.zeros(len(values))
    if len(usual_times) < 2 or usual_times[-1] - usual_times[0] < LEAST_DAYS * DAY:
        return nothing
    slots = int(DAY / (SLOT if float(np.median(np.diff(usual_times))) <= SLOT else 2 * SLOT))
    course = _course(usual_times, usual_values, slots)
    if course is None:
        return nothing
    left = usual_values - _at(course, usual_times)
    if _spread(left) > WORTH * _spread(usual_values):
        return nothing
    taken = _at(course, times)
    return values - taken, left, taken


def _course(times: Values, values: Values, slots: int) -> Values | None:
    """By part of the day; None where one of them has too few values."""
    slot_of = ((times % DAY) // (DAY / slots)).astype(np.intp)
    found = np.empty(slots)
    for slot in range(slots):
        there = values[slot_of == slot]
        if len(there) < 3:
            return None
        found[slot] = np.median(there)
    smooth = (np.roll(found, 1) + 2 * found + np.roll(found, -1)) / 4
    return np.asarray(smooth - np.median(smooth))


def _at(course: Values, times: Values) -> Values:
    """The course at each time, in straight lines between the middles of its parts."""
    slots = len(course)
    place = (times % DAY) / (DAY / slots) - 0.5
    low = np.floor(place).astype(np.intp)
    part = place - low
    return np.asarray(course[low % slots] * (1 - part) + course[(low + 1) % slots] * part)


def _spread(values: Values) -> float:
    return MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))
