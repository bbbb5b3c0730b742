"""The stages of a rollout: whom one exposes by its name, which comes next, where an amended one stands."""

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from bot.core.launch import Decision, Launch
from bot.core.rollout import Stage
from bot.core.stages import everybody, exposes, following, is_full, place, share_of

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
NONE = MappingProxyType({})
AT = Launch(
    "x", "X", "C1", "ml", "U1", NOW, "ab", (), (), NONE, NONE, locked_at=NOW, stage=1, stage_name="10%"
)
STAGES = tuple(Stage(stage=name) for name in ("1%", "10%", "50% A/B", "100%"))


def decided(what: str) -> Launch:
    """The launch at 10 %, decided so."""
    return replace(AT, decision=Decision(what, what, 1, "", "", "U1", NOW, 1))


@pytest.mark.parametrize(
    ("names", "full"),
    [
        (["1%", "100%"], [False, True]),
        (["1%", "50%"], [False, False]),
        (["canary", "everybody"], [False, True]),
        (["1%", "full A/B test"], [False, False]),
        (["Day 1: 1% canary", "Day 2-3: 10 %", "Everyone (100.0 %)"], [False, False, True]),
        (["pilot"], [False]),
        (["100 %"], [True]),
        (["load test, pre-prod", "全員"], [False, True]),
        (["1 %", "50 % → 100 %", "0 % l6, 100 % l12"], [False, True, True]),
        (["1,5 %", "99,9 %", "100,0 %"], [False, False, True]),
        (["1 \uff05", "\uff11\uff10\uff10\uff05", "clean-up 1 %"], [False, True, False]),
        (["1 percent", "100 per cent", "50 pct"], [False, True, False]),
        (["1 %", "All users", "everyone else", "clean-up 1 %"], [False, True, True, False]),
        (["employees", "all users of the A/B test", "50 %"], [False, False, False]),
    ],
)
def test_a_stage_is_for_everybody_by_its_name_or_by_being_the_last(
    names: list[str], full: list[bool]
) -> None:
    """A share below 100 % and an A/B test are not, wherever they stand."""
    stages = [Stage(stage=name) for name in names]
    assert [is_full(stages, index) for index in range(len(stages))] == full


@pytest.mark.parametrize(
    ("name", "share"),
    [("0.1%", 0.001), ("50% A/B", 0.5), ("canary", None), ("1000%", None), ("10 % to 20 %", 0.2)],
)
def test_a_share_is_read_from_a_name(name: str, share: float | None) -> None:
    """Whatever else it says."""
    assert share_of(name) == share


def test_what_comes_next_and_who_is_watched() -> None:
    """After ship only the stage for everybody; after stop nothing; while paused nobody is exposed."""
    assert (following(STAGES, AT), exposes(STAGES, AT)) == (2, True)
    assert (following(STAGES, decided("ship")), exposes(STAGES, decided("ship"))) == (3, True)
    assert not exposes(STAGES, decided("stop"))
    assert not exposes(STAGES[:3], decided("ship"))
    last = replace(decided("ship"), stage=3, stage_name="100%")
    assert (following(STAGES, last), exposes(STAGES, last), everybody(STAGES, last)) == (None, True, True)
    for changed in (replace(AT, stage=-1, stage_name=""), replace(AT, closed_at=NOW)):
        assert not exposes(STAGES, changed)


def test_the_present_stage_is_found_by_its_name_after_an_amendment() -> None:
    """Moved, it is where it is now; taken out, it is nowhere, and nothing follows it."""
    assert place(STAGES, AT) == 1
    assert place((Stage(stage="0.1%"), *STAGES), AT) == 2
    assert place(STAGES[1:], AT) == 0
    assert place((STAGES[0], STAGES[3]), AT) is None
    assert following((STAGES[0], STAGES[3]), AT) is None
    twice = tuple(Stage(stage=name) for name in ("10%", "5%", "10%", "100%"))
    assert place(twice, replace(AT, stage=2)) == 2
