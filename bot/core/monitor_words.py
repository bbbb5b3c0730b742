"""What a monitor has to say about itself in words: its costs, its threshold, how far it has learnt."""

import re

from bot.core.monitor import PlainSums


def cost_of(method: PlainSums, *, hourly: bool) -> str:
    """What a plain CUSUM costs where nothing ever happens.

    On independent normal points; autocorrelation and hours of the week come on top.
    """
    from bot.stats.monitor_plain import WITHIN, cost

    found = cost(method.k, method.h, method.baseline)
    low, half, high = found.runs
    points = "hours" if hourly else "days"
    text = (
        f"a plain CUSUM (k={method.k:g}, h={method.h:g}) whose truth is {method.baseline} points: of "
        f"series in which nothing happens {found.early:.0%} alarm falsely within {WITHIN} {points} "
        f"({found.early_sample:.0%} with the deviation over n - 1, {found.early_known:.1%} were it known), "
        f"and half of the baselines make it alarm every {half:.0f} {points} or sooner (10-90 %: {low:.0f} to "
        f"{high:.0f}; known: {found.known:.0f}), each series for itself; a shift of one standard deviation "
        f"takes {found.detect:.1f} {points}. Autocorrelation and hours of the week add more."
    )
    return re.sub(r"(?<=\d)%", " %", text)
