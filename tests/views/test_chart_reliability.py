"""The picture of the reliability curve."""

from bot.stats.calibration import Judged, reliability
from bot.views import chart_reliability as chart

RECORD = (Judged(0.8, 25, 12), Judged(0.6, 4, 3), Judged(0.28, 2, 0), Judged(1.0, 1, 1))


def test_it_is_drawn_the_same_each_time_and_said_in_words() -> None:
    """Each point with its interval and counts; nothing is drawn of nothing."""
    curve = [dict(vars(one)) for one in reliability(RECORD)]
    assert chart.png([]) is None
    first = chart.png(curve)
    assert first is not None
    assert first.startswith(b"\x89PNG")
    assert first == chart.png(curve)
    # Wilson's interval of 0 in 2: statsmodels proportion_confint(0, 2, method="wilson")
    assert "stated 0.28, came true 0.00 (0.00 to 0.66), 0 of 2" in chart.alt(curve)
