"""Both deltas of an experiment as people type them."""

from datetime import date

import pytest

from bot.core.delta_words import Recorded, read, typed
from bot.errors import InputError

TODAY = date(2026, 11, 23)


def test_everything_that_may_be_said() -> None:
    """In any order, in percent or as fractions."""
    text = (
        "reranker-l12 offline=+3.3 % online=\N{MINUS SIGN}0.4% ci=-1% .. 0.2% on=2026-10-03 "
        "offline_metric=NDCG@10 online-metric=useful answers "
        "direction=decrease eval-set=golden 500 built=2026-09-01"
    )
    assert read(typed(text), TODAY) == Recorded(
        experiment="reranker-l12",
        offline=0.033,
        online=-0.004,
        ci=(-0.01, 0.002),
        on=date(2026, 10, 3),
        offline_metric="NDCG@10",
        online_metric="useful answers",
        direction="decrease",
        eval_set="golden 500",
        built=date(2026, 9, 1),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("offline=1% online=1%", "experiment: none is named"),
        ("x y offline=1% online=1%", "experiment: “x y” cannot be an experiment's id"),
        ("x offline=1%", "online: it is not given"),
        ("x", "offline: it is not given"),
        ("x offline=five online=1%", "offline: “five” is no number"),
        ("x offline=5 online=1%", "“5” would be +500 %; if percent is meant, write it so"),
        ("x offline=1% online=1% on=2027-01-01", "on: 2027-01-01 is in the future"),
        ("x offline=1% online=1% on=October", "on: “October” is no day; write it as 2026-11-23"),
        ("x offline=1% online=1% ci=1%", "ci: “1%” is no interval"),
        ("x offline=1% online=1% ci=2% .. 0%", "ci: its ends are the wrong way round"),
        ("x offline=1% online=1% ci=2% .. 3%", "ci: the online delta does not lie in it"),
        ("x offline=1% online=1% direction=up", "direction: “up” is neither increase nor decrease"),
        ("x offline=1% offline=2%", "`offline` is given twice."),
        ("x offline=1% colour=red", "`colour=` is not known."),
        ("x offline=1e400 online=1%", "offline: “1e400” is no"),
    ],
)
def test_what_cannot_be_read_says_which_and_why(text: str, said: str) -> None:
    """With an example."""
    with pytest.raises(InputError) as raised:
        read(typed(text), TODAY)
    assert said in raised.value.message
    assert raised.value.hint
