"""Replays: past experiments by a new harness, joined, judged against 0.6; the tables people send."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.correlation import Pair
from bot.core.replay import Outcome, forward, replay
from bot.core.replay_reader import read_replay
from bot.errors import InputError
from bot.stats.correlation import Pearson

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ONLINE = (0.002, 0.001, 0.008, -0.003, 0.006, 0.004)
OLD = (0.01, 0.05, 0.02, 0.04, 0.03, 0.06)
PAIRS = [
    Pair(name, NOW - timedelta(days=at + 10), OLD[at], ONLINE[at], entry=at + 1)
    for at, name in enumerate("abcdef")
]


def scored(*values: float) -> dict[str, float]:
    """New offline deltas of the six."""
    return dict(zip("abcdef", values, strict=False))


def test_a_harness_that_predicts_is_adopted_on_the_replay_and_is_not_proven_yet() -> None:
    """r 0.72 with six experiments: above 0.6, and an interval that reaches far below it."""
    found = replay(scored(0.01, 0.012, 0.03, -0.001, 0.012, 0.03), PAIRS, NOW)
    assert found.outcome is Outcome.ADOPT
    assert isinstance(found.new, Pearson)
    assert found.new.low < 0.6 < found.new.r
    assert not found.proven
    assert found.agreeing == (5, 6)


def test_a_harness_that_does_not_is_worked_on() -> None:
    """The old deltas again."""
    found = replay(scored(*OLD), PAIRS, NOW)
    assert found.outcome is Outcome.ITERATE
    assert found.new == found.old


def test_few_experiments_leave_it_undecided() -> None:
    """Two have no correlation; four have one, and are too few to judge by."""
    two = replay(scored(0.1, 0.2), PAIRS, NOW)
    assert (two.outcome, two.why_undecided) == (
        Outcome.UNDECIDED,
        "2 pairs, and a correlation with an interval needs 4",
    )
    four = replay(scored(0.1, 0.2, 0.3, 0.1), PAIRS, NOW)
    assert four.outcome is Outcome.UNDECIDED
    assert four.why_undecided == "4 experiments, and a replay is judged from 5 on"


def test_equal_scores_leave_it_undecided() -> None:
    """A harness that says the same of everything."""
    found = replay(dict.fromkeys("abcdef", 0.02), PAIRS, NOW)
    assert found.outcome is Outcome.UNDECIDED
    assert "the same" in found.why_undecided


def test_experiments_without_an_online_delta_are_named() -> None:
    """They are left out and said."""
    assert replay({"a": 0.1, "zz": 0.2}, PAIRS, NOW).missing == ("zz",)


def test_the_next_four_experiments_have_to_hold_too() -> None:
    """Those finished after the adoption, the first four of them."""
    adopted = NOW - timedelta(days=14)
    found = forward(PAIRS, adopted, NOW)
    assert [one.experiment for one in found.pairs] == ["d", "c", "b", "a"]
    assert (found.left, found.agreeing, found.holds) == (0, 3, False)
    early = forward(PAIRS, NOW - timedelta(days=11, hours=1), NOW)
    assert (early.left, early.holds) == (2, None)


@pytest.mark.parametrize(
    "text",
    [
        "experiment,offline_new\na,+1.2%\nb,0.03\n",
        "Experiment;Offline\na;1.2 %\n\nb;3%\n",
        "experiment\toffline_new\na\t0.012\nb\t0.03",
        "a: 1.2%\nb: 0.03\n",
        "- {experiment: a, offline_new: 0.012}\n- {experiment: b, offline_new: 3%}\n",
        "replay:\n  - experiment: a\n    offline: 0.012\n  - experiment: b\n    offline: 0.03\n",
        "\ufeff```csv\nexperiment,offline_new\na,0.012\nb,0.03\n```",
    ],
)
def test_tables_are_read_as_people_send_them(text: str) -> None:
    """CSV of any separator, YAML, pasted with a fence."""
    assert read_replay(text) == {"a": 0.012, "b": 0.03}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The table is empty."),
        ("experiment,offline_new\n", "the table has no experiment in it."),
        ("experiment,old\na,1", "the table has no column offline_new; its first line reads experiment, old."),
        (
            "experiment,offline_new\na,x\nb,\n",
            "the table, line 2: “x” is no number; line 3: “” is no number.",
        ),
        ("experiment,offline_new\na,1%\na,2%", "the table, line 3: a is there twice."),
        (
            "experiment,offline_new\na,3.3",
            "the table, line 2: “3.3” would be +330 %; if percent is meant, write it so.",
        ),
        (
            "experiment,offline_new\na,3.3pp",
            "the table, line 2: “3.3pp” is in percentage points, and a relative change is wanted.",
        ),
        ("experiment,offline_new\na,nan", "the table, line 2: “nan” is no number."),
        (
            "experiment,offline_new\n<!channel>,1%\n,2%",
            "the table, line 2: “<!channel>” cannot be an experiment's id; line 3: no experiment is named.",
        ),
        (
            "experiment,offline_new\na,+1,2%",
            "the table, line 2 has 3 cells, and the first line 2.",
        ),
        (
            "experiment;offline_new\na;+1,2%",
            "the table, line 2: “+1,2%” is no number, write it with a point.",
        ),
        ("- a\n- b", "the table, line 1: an entry is no mapping."),
        ("a: 1%\na: 2%", "the table:2: a is given twice, first in line 1."),
        ("experiment,offline_new\n" + "x,1%\n" * 501, "the table has 501 rows; 500 are the most."),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, said: str) -> None:
    """By line."""
    with pytest.raises(InputError) as raised:
        read_replay(text)
    assert raised.value.message == said
