"""The best set that fits: printed problems, every subset, and what must be picked."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stats.knapsack import Item, Room, Selection, Shortfall, closed, fits, measure, select

NAMES = "abcdefg"


@pytest.mark.parametrize(
    ("room", "weights", "profits", "optimum", "chosen"),
    [
        (
            165,
            [23, 31, 29, 44, 53, 38, 63, 85, 89, 82],
            [92, 57, 49, 68, 60, 43, 67, 84, 87, 72],
            309,
            "1111010000",
        ),
        (
            750,
            [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120],
            [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240],
            1458,
            "101010111000011",
        ),
    ],
)
def test_printed_problems_have_their_printed_optimum(
    room: float, weights: list[int], profits: list[int], optimum: float, chosen: str
) -> None:
    """P01 and P07 of Burkardt's KNAPSACK_01 collection, after Martello & Toth (1990)."""
    items = [Item(str(i), p, w) for i, (w, p) in enumerate(zip(weights, profits, strict=True))]
    found = select(items, Room(weeks=room))
    assert isinstance(found, Selection)
    assert found.value == optimum
    assert found.names == tuple(str(i) for i, bit in enumerate(chosen) if bit == "1")


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Item], Room]:
    """Small problems with everything in them."""
    count = draw(st.integers(1, 6))
    items = [
        Item(
            name=NAMES[number],
            value=draw(st.integers(-3, 20)),
            weeks=draw(st.integers(0, 8)),
            slots=draw(st.sampled_from([0.0, 1.0])),
            needs=tuple(draw(st.lists(st.sampled_from(NAMES[: count + 1]), max_size=1))),
            tags=tuple(draw(st.lists(st.sampled_from(["store", "holdout"]), max_size=2, unique=True))),
        )
        for number in range(count)
    ]
    shared = {"store": draw(st.integers(0, 6)), "holdout": draw(st.integers(0, 6))}
    return items, Room(draw(st.sampled_from([None, 1.0, 2.0, 3.0])), draw(st.integers(0, 20)), shared)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_no_subset_is_worth_more(problem: tuple[list[Item], Room]) -> None:
    """Every subset tried: dependencies kept, shared weeks once, within slots and weeks."""
    items, room = problem
    subsets = (some for size in range(len(items) + 1) for some in combinations(items, size))
    best = max(measure(some, room).value for some in subsets if fits(some, room))
    found = select(items, room)
    assert isinstance(found, Selection)
    assert found.value == pytest.approx(best)
    assert fits([item for item in items if item.name in found.names], room)


def test_shared_infrastructure_makes_two_cheaper_than_they_are_alone() -> None:
    """The holdout's 5 weeks are paid once: 4 + 4 + 5 fit into 13, and beat the one that shares nothing."""
    items = [Item("a", 3, 4, tags=("holdout",)), Item("b", 3, 4, tags=("holdout",)), Item("c", 5, 13)]
    found = select(items, Room(weeks=13, shared={"holdout": 5}))
    assert found == Selection(("a", "b"), 6.0, 13.0, 2.0)


def test_what_is_needed_comes_along_and_what_needs_the_impossible_stays() -> None:
    """A loss is taken where it is needed for a gain; a chain whose end is missing falls whole."""
    items = [Item("a", 10, 2, needs=("b",)), Item("b", -1, 2), Item("c", 50, 1, needs=("nobody",))]
    items.append(Item("d", 50, 1, needs=("c",)))
    assert [item.name for item in closed(items)] == ["a", "b"]
    found = select(items, Room(slots=3, weeks=10))
    assert isinstance(found, Selection)
    assert found.names == ("a", "b")


def test_of_equal_picks_the_cheaper_one_is_taken_and_nothing_worthless() -> None:
    """Thrift decides ties; a value of 0 is left."""
    items = [Item("dear", 5, 9), Item("cheap", 5, 3), Item("idle", 0, 0)]
    assert select(items, Room(slots=1, weeks=10)) == Selection(("cheap",), 5.0, 3.0, 1.0)


def test_what_must_be_picked_and_does_not_fit_says_by_how_much() -> None:
    """With all that it needs: slots and weeks beyond the room, and what is missing."""
    items = [Item("a", 5, 6, needs=("b",), forced=True), Item("b", 1, 6, tags=("store",))]
    assert select(items, Room(1, 10, {"store": 2})) == Shortfall(("a",), 1.0, 4.0)
    alone = [Item("a", 5, 6, needs=("b",), forced=True)]
    assert select(alone, Room(1, 10)) == Shortfall(("a",), 0.0, 0.0, ("b",))
    roomy = select(items, Room(2, 14, {"store": 2}))
    assert isinstance(roomy, Selection)
    assert roomy.names == ("a", "b")


def test_an_empty_list_and_no_room_pick_nothing() -> None:
    """Without a limit everything of worth is picked."""
    assert select([], Room(3, 10)) == Selection((), 0.0, 0.0, 0.0)
    items = [Item("a", 5, 6), Item("b", 5, 6)]
    nothing = select(items, Room(0, 10))
    assert isinstance(nothing, Selection)
    assert nothing.names == ()
    everything = select(items, Room())
    assert isinstance(everything, Selection)
    assert everything.names == ("a", "b")


def test_large_and_small_values_side_by_side_are_still_told_apart() -> None:
    """Two picks that differ by a millionth of the largest value."""
    items = [Item("a", 2e9, 1), Item("b", 1000.0, 1), Item("c", 1001.0, 1)]
    found = select(items, Room(slots=2, weeks=10))
    assert isinstance(found, Selection)
    assert found.names == ("a", "c")
