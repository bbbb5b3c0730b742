"""Whose turn it is: rotations across zones and clock changes, hours, days and overrides."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.quiet_hours import Hours, Quiet, read_hours
from bot.core.rotation import Layer, Override, in_order, turn

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(1_767_225_600, 1_830_297_600).map(lambda second: datetime.fromtimestamp(second, UTC))


def layer(**changed):
    """Ana, Ben and Cem by the week from Monday, 2 November 2026, 09:00 in Berlin."""
    given = {
        "name": "primary", "people": ("ana", "ben", "cem"), "zone": "Europe/Berlin",
        "starts": date(2026, 11, 2), "handoff": time(9),
    }  # fmt: skip
    return Layer(**given | changed)


def at(text):
    """A local time of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def on(one, when, overrides=()):
    """Who has the turn."""
    found = turn(one, overrides, at(when))
    return found.person if found else None


def test_a_week_ends_at_the_handoff_and_not_at_midnight():
    """The one who had the night keeps it."""
    assert on(layer(), "2026-11-09T08:59:59") == "ana"
    assert on(layer(), "2026-11-09T09:00:00") == "ben"
    assert on(layer(), "2026-11-23T09:00:00") == "ana"


def test_before_the_first_handoff_nobody_has_the_turn():
    """The rotation has not begun."""
    assert on(layer(), "2026-11-02T08:59:59") is None


def test_a_turn_says_until_when_it_lasts():
    """In UTC, an hour later once the summer time has ended."""
    assert turn(layer(), (), at("2026-11-10T03:00")).until == datetime(2026, 11, 16, 8, tzinfo=UTC)


def test_clock_changes_move_no_handoff():
    """09:00 stays 09:00, and days are counted on the calendar."""
    spring = layer(starts=date(2027, 3, 27), every=1)
    assert [on(spring, f"2027-03-{day}T09:00") for day in (27, 28, 29)] == ["ana", "ben", "cem"]
    assert on(spring, "2027-03-28T08:59") == "ana"


def test_a_handoff_in_the_hour_that_comes_twice_happens_once():
    """At its first coming; in the second the new one still has it."""
    night = layer(starts=date(2026, 10, 24), every=1, handoff=time(2, 30))
    twice = [at("2026-10-25T02:29"), at("2026-10-25T02:30"), at("2026-10-25T02:00").replace(fold=1)]
    assert [turn(night, (), one).person for one in twice] == ["ana", "ben", "ben"]


def test_a_handoff_in_the_hour_that_is_left_out_happens_as_much_later():
    """02:30 does not exist that night: 03:30 it is."""
    night = layer(starts=date(2027, 3, 27), every=1, handoff=time(2, 30))
    assert on(night, "2027-03-28T03:29") == "ana"
    assert on(night, "2027-03-28T03:30") == "ben"


def test_a_layer_with_hours_has_nobody_outside_them():
    """As where another continent has the night."""
    day = layer(hours=Hours(time(8), time(20)))
    assert on(day, "2026-11-10T07:59") is None
    assert turn(day, (), at("2026-11-10T10:00")).until == at("2026-11-10T20:00")


def test_a_layer_with_days_has_nobody_on_the_others():
    """Working days, here."""
    days = layer(days=frozenset(range(5)))
    assert on(days, "2026-11-14T10:00") is None
    assert turn(days, (), at("2026-11-13T10:00")).until == at("2026-11-14T00:00")


def test_an_override_stands_in_and_says_for_whom():
    """From its start up to its end; the turn before it ends when it begins."""
    swap = Override("primary", "dee", at("2026-11-10T12:00"), at("2026-11-11T12:00"))
    assert turn(layer(), [swap], at("2026-11-10T11:00")).until == at("2026-11-10T12:00")
    found = turn(layer(), [swap], at("2026-11-10T12:00"))
    assert (found.person, found.instead_of, found.until) == ("dee", "ben", swap.end)
    assert on(layer(), "2026-11-11T12:00", [swap]) == "ben"


def test_of_two_overrides_the_later_one_counts():
    """And one of another layer does not."""
    first = Override("primary", "dee", at("2026-11-10T12:00"), at("2026-11-12T12:00"))
    second = Override("primary", "eve", at("2026-11-11T00:00"), at("2026-11-11T06:00"))
    other = Override("backup", "fay", at("2026-11-01T00:00"), at("2026-12-01T00:00"))
    assert on(layer(), "2026-11-11T03:00", [second, first, other]) == "eve"


def test_an_override_holds_also_where_the_layer_has_nobody():
    """Somebody said that they are there."""
    extra = Override("primary", "dee", at("2026-10-01T00:00"), at("2026-10-02T00:00"))
    assert turn(layer(), [extra], at("2026-10-01T12:00")).person == "dee"


def test_who_follows_is_the_order_of_the_rotation():
    """From whose turn it is."""
    assert in_order(layer(), at("2026-11-10T12:00")) == ("ben", "cem", "ana")
    assert in_order(layer(), at("2026-10-10T12:00")) == ("ana", "ben", "cem")


@given(
    MOMENTS.filter(lambda one: one > datetime(2026, 11, 3, tzinfo=UTC)),
    st.integers(1, 30),
    st.integers(0, 23),
)
def test_every_moment_has_one_turn_that_changes_only_at_its_end(moment, every, hour):
    """Whatever the length of a turn, the hour of its handoff and what the clocks do."""
    one = layer(every=every, handoff=time(hour, 30), starts=date(2026, 11, 1))
    found = turn(one, (), moment)
    assert found.until > moment
    assert turn(one, (), found.until - timedelta(seconds=1)).person == found.person
    assert turn(one, (), found.until).person == in_order(one, moment)[1]


def test_quiet_nights_and_weekends_run_into_each_other():
    """From Friday evening to Monday morning."""
    quiet = Quiet(Hours(time(22), time(8)), frozenset({5, 6}))
    assert quiet.until(at("2026-11-13T23:00"), BERLIN) == at("2026-11-16T08:00")
    assert quiet.until(at("2026-11-13T12:00"), BERLIN) is None


def test_nothing_is_quiet_unless_it_is_configured():
    """The default."""
    assert Quiet().until(at("2026-11-15T03:00"), BERLIN) is None


def test_a_week_that_is_quiet_throughout_ends_somewhere():
    """Whoever configures it gets a moment, not a loop without end."""
    assert Quiet(days=frozenset(range(7))).until(at("2026-11-15T03:00"), BERLIN) is not None


@given(MOMENTS)
def test_when_quiet_is_over_it_is_quiet_no_more(moment):
    """In every zone, on every night."""
    quiet = Quiet(Hours(time(21, 30), time(7)), frozenset({6}))
    over = quiet.until(moment, BERLIN)
    if over is not None:
        assert over > moment
        assert quiet.until(over, BERLIN) is None


@pytest.mark.parametrize(
    "text", ["", "22:00", "22:00-", "22-8", "24:00-08:00", "08:00-08:00", "a-b", "22:00-08:60"]
)
def test_hours_that_cannot_be_read_are_refused(text):
    """With an example of what can."""
    with pytest.raises(ValueError, match="22:00-08:00"):
        read_hours(text)


def test_hours_are_read_with_either_dash():
    """Phones write the long one."""
    assert read_hours("22:00\u201308:00") == read_hours("22:00 - 08:00") == Hours(time(22), time(8))
