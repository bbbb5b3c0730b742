"""The card and the chart of the check after a launch: outside text, what is unknown, what is drawn."""

import struct

import pytest

from bot.core.after import After, AtLaunch
from bot.core.registration import load
from bot.limits import check_blocks
from bot.stats.novelty import Exposed, Point, novelty
from bot.stats.undecided import Undecided
from bot.views import after as views
from bot.views import chart_after

HOSTILE = "<!channel> *x* `y` <https://evil.example|here> @everyone " * 40
PLAN = load(
    {
        "id": "after-1",
        "title": "<!here> " + "t" * 180,
        "hypothesis": {"intervention": "do(x = 1)"},
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": 14,
        "data": {"path": "rows.csv", "unit": "user", "arm": "arm", "day": "day"},
        "metrics": {"rate": {"kind": "mean"}},
        "primary": {"metric": "rate"},
        "sequential": {"looks": [14]},
        "guardrails": [{"metric": "rate", "max_relative_regression": 0.01}],
    }
)
POINTS = tuple(Point(day, 0.05 - 0.001 * day, 1e-4 * (1 + day)) for day in range(30))


def after(points: tuple[Point, ...] = POINTS, because: str = "it lasted") -> After:
    """A finding."""
    line = novelty(Exposed(points, 1e-6, 400))
    launch, nothing = AtLaunch(7, 1, 14.0, 0.05, (0.03, 0.07)), Undecided(because)
    return After("unknown", because, "", "rate", launch, nothing, (), line, points, None, remarks=(because,))


def test_outside_text_is_shown_and_does_nothing() -> None:
    """However long it is, the blocks are within Slack's limits."""
    shown = views.card(
        views.Checked(PLAN, after(because=HOSTILE), "<@U1>", "ledger 1", HOSTILE, "key", HOSTILE)
    )
    waiting = views.waiting(PLAN, HOSTILE, "Tue 15 Dec 09:00 JST", "Mon 21 Dec 09:00 JST")
    for message in (shown, waiting):
        assert check_blocks(list(message.blocks)) == []
        said = str([block for block in message.blocks if block["type"] != "header"]) + message.text
        for markup in ("<!", "<http", "*x*", "`y`", "@everyone"):
            assert markup not in said.split("slack_file")[0]


def test_no_fall_and_no_gain_are_never_said_of_what_is_unknown() -> None:
    """The first line says that it is not known, and somebody is asked to look."""
    message = views.card(views.Checked(PLAN, after(because="no rows"), "<@U1>", "ledger 1"))
    assert message.blocks[0]["text"]["text"] == (
        "? 28 days after the launch: it cannot be said whether the gain lasted"
    )
    assert "<@U1>: Look at it yourself" in message.blocks[1]["text"]["text"]


@pytest.mark.parametrize("days", [2, 5, 90])
def test_the_chart_is_a_phones_width_and_the_same_for_the_same_check(days: int) -> None:
    """Two days have dots and no line; ninety have both."""
    found = after(tuple(Point(day, 0.05 - 0.0001 * day, 1e-4) for day in range(days)))
    first, second = chart_after.png(found), chart_after.png(found)
    assert first is not None
    assert first == second
    assert struct.unpack(">I", first[16:20]) == (1080,)
    said = chart_after.alt(found)
    assert said.startswith("rate, effect by days since exposure: +5.0 % on day 0, ")
    assert said.endswith("At look 1 it was +5.0 %.")


def test_one_day_is_no_chart() -> None:
    """Reading is enough."""
    assert chart_after.png(after(POINTS[:1])) is None
    assert chart_after.png(after(())) is None
