"""A seasonal monitor over weeks: what it learns, when it pages, when it keeps quiet."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.core.monitor import Direction, Feed, History, Level, Monitor, Seasonal
from bot.core.monitor_memory import Learnt, Memory, carried, turned
from bot.core.monitor_watch import USUAL_H, Watched, learn, ripe, watch, weeks_of
from bot.stats.undecided import Undecided
from tests.core.monitor_bench import CELLS, START, history, monitor

WEEK = 168


def learnt(of: Monitor, past: History) -> Learnt:
    """What it learns, which is something."""
    assert isinstance(of.method, Seasonal)
    found = learn(of, of.method, past)
    assert isinstance(found, Learnt)
    return found


def watched(of: Monitor, whole: History, weeks: int = 4) -> Watched:
    """It learns from the first weeks and watches the rest."""
    assert isinstance(of.method, Seasonal)
    past = whole.part(0, weeks * WEEK)
    return watch(of, of.method, learnt(of, past), Memory(), whole.part(weeks * WEEK, len(whole)))


def test_a_fall_of_one_cell_pages_once_with_what_it_is_about() -> None:
    """The cell, when it began, how large it is, from what to what; and not again while it goes on."""
    start = 4 * WEEK + 60
    found = watched(monitor(method=Seasonal(h=12.0)), history(6, fall=(start, 6, 0.25)))
    page = [alarm for alarm in found.alarms if alarm.level is Level.PAGE]
    assert [alarm.cell for alarm in page] == [CELLS[6]]
    assert page[0].effect == pytest.approx(-0.25, abs=0.05)
    assert page[0].value / page[0].baseline - 1 == pytest.approx(page[0].effect)
    assert abs(page[0].began - (START + timedelta(hours=start))) <= timedelta(hours=6)
    assert page[0].at - page[0].began < timedelta(hours=48)
    assert page[0].score > page[0].h == 12.0


def test_a_fall_of_everything_is_one_page_about_the_whole() -> None:
    """Not eighteen."""
    found = watched(monitor(method=Seasonal(h=12.0)), history(5, fall=(4 * WEEK + 20, -1, 0.15)))
    assert [(alarm.level, alarm.cell) for alarm in found.alarms if alarm.level is Level.PAGE] == [
        (Level.PAGE, ())
    ]


def test_quiet_weeks_are_quiet() -> None:
    """Learnt from eight weeks, the eight after them page no more than the budget of .1 a week lets expect."""
    pages = [
        alarm
        for seed in range(3)
        for alarm in watched(monitor(), history(16, seed=seed, wander=0.02), weeks=8).alarms
        if alarm.level is Level.PAGE
    ]
    assert len(pages) <= 5  # 2.4 are expected


def test_a_small_fall_that_lasts_is_a_ticket() -> None:
    """Seen beyond doubt, too small to wake somebody."""
    found = watched(monitor(method=Seasonal(h=12.0)), history(5, fall=(4 * WEEK + 10, -1, 0.05)))
    assert [alarm.level for alarm in found.alarms if alarm.cell == ()] == [Level.TICKET]


def test_there_is_one_page_in_24_hours_whatever_falls_next() -> None:
    """The second cell is held back, counted, and said a day later if it still is down."""
    whole = history(5)
    x = whole.x.copy()
    x[4 * WEEK + 20 :, 0] *= 0.75
    x[4 * WEEK + 36 :, 9] *= 0.6
    found = watched(monitor(method=Seasonal(h=12.0)), replace(whole, x=x))
    pages = [alarm for alarm in found.alarms if alarm.level is Level.PAGE]
    assert [alarm.cell for alarm in pages] == [CELLS[0], CELLS[9]]
    assert pages[1].at - pages[0].at == timedelta(hours=24)
    assert found.held > 0


def test_what_is_over_is_said_and_may_come_again() -> None:
    """A recovery ends the alarm; the next fall is a new one."""
    whole = history(6)
    x = whole.x.copy()
    x[4 * WEEK + 20 : 4 * WEEK + 60, 6] *= 0.7
    x[5 * WEEK + 60 :, 6] *= 0.7
    found = watched(monitor(method=Seasonal(h=12.0)), replace(whole, x=x))
    pages = [alarm.at for alarm in found.alarms if alarm.level is Level.PAGE]
    back = [one.at for one in found.recoveries if one.level is Level.PAGE]
    assert len(pages) == 2
    assert len(back) == 1
    assert pages[0] < back[0] < pages[1]
    assert back[0] - (START + timedelta(hours=4 * WEEK + 60)) < timedelta(hours=30)
    assert list(found.memory.open) == [CELLS[6]]


def test_a_rise_is_seen_where_it_is_bad_news_and_only_there() -> None:
    """direction: rise, or both."""
    whole = history(5, fall=(4 * WEEK + 20, 3, -0.35))
    for direction, expected in ((Direction.FALL, []), (Direction.RISE, [1]), (Direction.BOTH, [1])):
        found = watched(monitor(direction=direction, method=Seasonal(h=12.0)), whole)
        assert [alarm.sign for alarm in found.alarms if alarm.level is Level.PAGE] == expected


def test_a_restart_between_two_hours_changes_nothing() -> None:
    """Memory and what was learnt go through JSON, hour by hour, to the last bit."""
    whole = history(5, fall=(4 * WEEK + 20, 7, 0.3))
    of = monitor(method=Seasonal(h=12.0))
    assert isinstance(of.method, Seasonal)
    known = learnt(of, whole.part(0, 4 * WEEK))
    later = whole.part(4 * WEEK, 4 * WEEK + 60)
    together = watch(of, of.method, known, Memory(), later)
    memory, alarms = Memory(), []
    for hour in range(60):
        known = Learnt.from_json(known.to_json())
        found = watch(of, of.method, known, Memory.from_json(memory.to_json()), later.part(hour, hour + 1))
        memory = found.memory
        alarms += found.alarms
    assert tuple(alarms) == together.alarms
    assert memory.to_json() == together.memory.to_json()


def test_the_threshold_says_where_it_comes_from() -> None:
    """Set in the file; learnt; or the usual one, with the reason why it could not be learnt."""
    past = history(8, wander=0.02)
    assert learnt(monitor(method=Seasonal(h=9.0)), past).calibration == "set in its file"
    found = learnt(monitor(), past)
    assert not isinstance(found.calibration, str)
    assert found.h == found.calibration.h >= 7.5
    quiet = learnt(monitor(), history(4, wander=0.0, per_hour=400_000))
    assert (quiet.h, quiet.calibration) == (
        USUAL_H,
        "0 excursions above 4 in 4 weeks, 5 are needed",
    )


def test_before_four_weeks_it_only_notes_and_before_two_it_learns_nothing() -> None:
    """Shadow mode until the baseline exists, or for as long as the file says."""
    of = monitor()
    assert isinstance(of.method, Seasonal)
    assert isinstance(learn(of, of.method, history(1)), Undecided)
    assert not ripe(of, learnt(of, history(3)))
    assert ripe(of, learnt(of, history(4)))
    assert not ripe(replace(of, shadow=True), learnt(of, history(4)))
    assert weeks_of(of, history(3)) == pytest.approx(3.0)


def test_cells_come_and_go() -> None:
    """One that was not learnt waits for the next learning; one that is gone stays as it stood."""
    whole = history(5)
    other = replace(whole, cells=(*CELLS[:5], ("fr", "app", "new"), *CELLS[6:]))
    of = monitor()
    assert isinstance(of.method, Seasonal)
    known = learnt(of, whole.part(0, 4 * WEEK))
    found = watch(of, of.method, known, Memory(), other.part(4 * WEEK, 4 * WEEK + 30))
    assert found.memory.state is not None
    assert found.memory.state.sums[0, 5] == 0
    assert np.isnan(found.effects[-1, 5])
    assert np.isfinite(found.effects[-1, 6])


def test_without_dimensions_there_is_one_chart() -> None:
    """The whole, and no cell beside it that is the same."""
    whole = history(5, fall=(4 * WEEK + 20, -1, 0.2))
    one = History(whole.start, whole.step, ((),), whole.x.sum(1)[:, None], whole.n.sum(1)[:, None])
    found = watched(monitor(cohorts=(), method=Seasonal(h=12.0)), one)
    assert [(alarm.level, alarm.cell) for alarm in found.alarms] == [(Level.TICKET, ()), (Level.PAGE, ())]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo"])
def test_the_hour_of_the_week_is_that_of_its_people(zone: str) -> None:
    """Over a change of the clock the evening stays the evening; nothing is raised for it."""
    hours = 10 * WEEK
    start = START + timedelta(weeks=0)
    from zoneinfo import ZoneInfo

    local = np.array([(start + timedelta(hours=row)).astimezone(ZoneInfo(zone)).hour for row in range(hours)])
    rng = np.random.default_rng(2)
    value = (0.5 + 0.2 * np.sin(local * 2 * np.pi / 24) + rng.normal(0, 0.005, hours))[:, None]
    seen = History(start, timedelta(hours=1), ((),), value, np.ones_like(value))
    of = monitor(cohorts=(), timezone=zone, feed=Feed("prom", value="ndcg"), direction=Direction.BOTH)
    found: Any = watched(of, seen, weeks=6)
    assert [alarm for alarm in found.alarms if alarm.level is Level.PAGE] == []


def test_other_directions_keep_what_they_share() -> None:
    """From a fall to both: the sum of the fall goes on, that of the rise begins; a rise alone begins anew."""
    memory = watched(monitor(method=Seasonal(h=12.0)), history(5, fall=(4 * WEEK + 60, 6, 0.25))).memory
    assert memory.state is not None
    both = turned(memory, (-1, 1)).state
    assert both is not None
    assert both.sums[0].tolist() == memory.state.sums[0].tolist()
    assert not both.sums[1].any()
    rise = turned(memory, (1,))
    assert rise.state is not None
    assert (rise.open, bool(rise.state.sums.any())) == ({}, False)
    assert Memory.from_json(rise.to_json()).signs == (1,)


def test_charts_of_nobody_knows_what_begin_anew() -> None:
    """Where what was learnt is gone, a number of a chart says nothing about its cell."""
    whole = history(5, fall=(4 * WEEK + 60, 6, 0.25))
    of = monitor(method=Seasonal(h=12.0))
    memory, known = watched(of, whole).memory, learnt(of, whole.part(0, 4 * WEEK))
    assert carried(memory, known, known) == memory
    after = carried(memory, None, replace(known, cells=known.cells[:6]))
    assert (after.state, dict(after.open)) == (None, {})
