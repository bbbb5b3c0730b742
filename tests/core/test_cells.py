"""Cells against their own past: what is off, what it has in common, and what cannot be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cell_evidence import read_cells
from bot.core.cells import Cell, common, everywhere, judge, worst_first
from bot.core.evidence import EvidenceStatus

STEADY = (0.90, 0.91, 0.92, 0.91, 0.90, 0.92, 0.91)


def judged(*cells, moved=0.05, noise=4.0):
    """The cells, judged."""
    return [judge(cell, moved=moved, noise=noise) for cell in cells]


def cell(name, now, past=STEADY):
    """A crossing of locale and device: "jp-app"."""
    return Cell(dict(zip(("locale", "device"), name.split("-"), strict=True)), now, past)


def said(*cells, **more):
    """What a check of cohorts says of them."""
    return read_cells(judged(*cells, **more), noun="cohort", some="some", usual="against its past")


def test_a_cell_is_off_by_more_than_matters_and_more_than_its_noise():
    """A change of 34 % of something steady."""
    (one,) = judged(cell("jp-app", 0.60))
    assert (one.usual, one.off) == (0.91, True)
    assert one.change == pytest.approx(-0.3407, abs=1e-4)


def test_a_noisy_cell_needs_more_than_a_steady_one():
    """Half of what it usually is, in a cohort that is anywhere between nothing and all."""
    assert judged(cell("jp-app", 0.25, (0.1, 0.9, 0.5, 0.2, 0.8)))[0].off is False
    assert judged(cell("jp-app", 0.25, (0.5, 0.5, 0.5, 0.5, 0.5)))[0].off is True


def test_a_real_but_tiny_move_is_not_off():
    """1 % is below the line however steady it was."""
    assert judged(cell("jp-app", 0.901, (0.91,) * 7))[0].off is False


@pytest.mark.parametrize(("harm", "off"), [(-1, False), (0, True), (1, True)])
def test_a_cell_that_is_better_than_usual_is_not_off(harm, off):
    """Where it is known which way does harm; its change is told all the same."""
    one = judge(cell("jp-app", 0.99), moved=0.05, noise=4.0, harm=harm)
    assert one.off is off
    assert one.change == pytest.approx(0.0879, abs=1e-4)


@pytest.mark.parametrize("one", [cell("jp-app", None), cell("jp-app", 0.6, (0.9, 0.9))])
def test_without_a_value_or_a_past_nothing_is_said(one):
    """Neither clear nor off."""
    assert judged(one)[0].off is None
    assert said(one).status is EvidenceStatus.UNKNOWN


def test_what_is_usually_nothing_has_no_relative_change():
    """A rate of errors that begins."""
    (one,) = judged(cell("jp-app", 0.02, (0.0,) * 7))
    assert (one.off, one.change) == (True, None)
    assert "jp-app 0 → 0.02" in said(cell("jp-app", 0.02, (0.0,) * 7)).line


def test_the_line_says_what_the_cells_that_are_off_have_in_common():
    """The narrowest value that all of them have and not nearly everybody."""
    cells = [cell(f"{locale}-{device}", 0.6 if locale == "jp" else 0.91)
             for locale in ("en", "jp", "mixed") for device in ("app", "mobile", "desktop")]  # fmt: skip
    found = said(*cells)
    assert found.line == (
        "3 of 9 cohorts off against its past, all in locale=jp (3 of its 3). "
        "Worst: jp-app 0.91 → 0.6 (\u221234.1 %)"
    )
    assert (found.status, found.finding) == (EvidenceStatus.SUSPECT, "some")
    assert [row["name"] for row in found.chart["rows"][:4]] == ["jp-app", "jp-desktop", "jp-mobile", "en-app"]
    assert [row["off"] for row in found.chart["rows"][:4]] == [True, True, True, False]


def test_where_nearly_all_moved_it_is_no_matter_of_cohorts():
    """It says so, and what the middle of them did."""
    found = said(cell("en-app", 0.6), cell("jp-app", 0.5), cell("mixed-app", 0.7), cell("en-mobile", 0.6))
    assert found.finding == "all"
    assert found.line.startswith("4 of 4 cohorts off against its past, by \u221234.1 % in the middle: it is")


def test_nothing_off_names_the_furthest_and_what_is_not_known():
    """So that a reader sees how much room there is."""
    found = said(cell("en-app", 0.905), cell("jp-app", 0.91), cell("mixed-app", None))
    assert found.status is EvidenceStatus.CLEAR
    assert found.line == (
        "none of 2 cohorts is off against its past, furthest en-app 0.91 → 0.905 (\u22120.5 %); "
        "of 1 nothing is known"
    )


def test_one_cell_alone_shares_nothing():
    """Every value of it would be true."""
    assert common(judged(cell("jp-app", 0.6), cell("en-app", 0.91))) is None


VALUES = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.builds(Cell, st.just({"a": "b"}), st.none() | VALUES, st.lists(VALUES, max_size=9)
                          .map(tuple)), max_size=12))  # fmt: skip
def test_any_cells_are_judged_without_a_crash(cells):
    """The line always comes, and a cell without a past is never off."""
    found = judged(*cells)
    everywhere(found)
    assert len(worst_first(found)) == len(cells)
    assert all(one.off is None for one in found if len(one.cell.past) < 3 or one.cell.now is None)
    if cells:
        assert read_cells(found, noun="cohort", some="some", usual="u").line


@given(st.floats(0.01, 100), st.lists(st.floats(0.5, 1.0), min_size=3, max_size=9), st.floats(0.1, 2.0))
def test_the_unit_does_not_matter(scale, past, now):
    """A metric in percent is off when it is off as a fraction."""
    one = judge(Cell({"a": "b"}, now, tuple(past)), moved=0.0501, noise=4.0013)
    other = judge(
        Cell({"a": "b"}, now * scale, tuple(value * scale for value in past)), moved=0.0501, noise=4.0013
    )
    assert one.off == other.off
