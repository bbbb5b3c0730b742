"""The check 28 days after a launch: posted by itself, once: what lasted, what did not, who is called."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bot.core.launch import Kind, State
from bot.services import after_launch, deltas, launches, verifying
from bot.store import ledger, slots
from bot.store.database import Database
from handlers.jobs import given_up
from tests.services.after_bench import DECIDED, ID, PM, TEXT, Bench, rows

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

DUE = datetime(2026, 12, 14, 0, 0, tzinfo=UTC)
"""28 days after the decision, at 09:00 in Tokyo."""


@pytest.fixture
def shipped(sqlite: Database, tmp_path: Path) -> Callable[..., Bench]:
    """Makes a launch over rows like these."""

    def make(text: str = TEXT, decision: str = "ship", **given: Any) -> Bench:
        rows(tmp_path, **given)
        return Bench(sqlite, tmp_path, text=text, decision=decision)

    return make


def result(bench: Bench) -> dict[str, Any]:
    """What the ledger says the check found."""
    after = bench.launch().after
    assert after is not None
    return dict(after["result"])


def test_a_gain_that_lasted_is_said_and_the_launch_is_closed(database: Database, tmp_path: Path) -> None:
    """On the day, at the hour of looks; with its chart, in the ledger, and the retrospective's draft."""
    rows(tmp_path)
    bench = Bench(database, tmp_path)
    assert bench.due() == [DUE]
    bench.at(DUE - timedelta(seconds=1))
    assert bench.posts() == []
    bench.at(DUE).at(DUE + timedelta(days=40))
    (card,) = bench.posts()
    assert card.notification.startswith(
        "Shorter answers · 28 days after the launch: the gain lasted. +7.5 % (+5.4 … +9.6)"
    )
    said = card.text
    assert "Nothing is expected of anybody; the launch is closed." in said
    assert "all of it is there · n 1,369 treated / 131 in the holdout" in said
    assert "✓ Novelty: none is shown" in said
    assert "✓ seconds +0.2\N{NO-BREAK SPACE}%: holds, line +5\N{NO-BREAK SPACE}%" in said
    assert "Read: days 16 to 42 of the experiment of rows.parquet" in said
    assert "<@" not in said
    launch = bench.launch()
    assert launch.state is State.CLOSED
    assert f"ledger {launch.entry - 1} · head " in said
    found = result(bench)
    assert (found["finding"], found["against"], found["days"]) == ("sustained", "holdout", [16, 42])
    (chart,) = bench.effects("/after/chart")
    assert chart["alt_text"].startswith("rating, effect by days since exposure: +")
    assert len(bench.documents()) == 1
    with database.read() as session:
        assert verifying.verify(session).ok


def test_a_gain_that_is_gone_calls_the_owner(shipped: Callable[..., Bench]) -> None:
    """Together with the guardrail that broke after the launch; both are surprises of the retrospective."""
    bench = shipped(after=0.0, slow=10).at(DUE)
    (card,) = bench.posts()
    assert card.notification.startswith("Shorter answers · 28 days after the launch: the gain is gone.")
    said = card.text
    assert f"<@{PM}>: Decide whether it stays: what it was launched for is not there any more." in said
    assert "A guardrail is over its line after the launch: seconds." in said
    assert "✗ seconds +10.2\N{NO-BREAK SPACE}%: veto" in said
    (document,) = bench.documents()
    assert "- The check after the launch says gone: +1.4 %" in document
    assert "- Guardrails over their lines after the launch: seconds." in document
    assert (
        "- [ ] Find out what moved seconds after the decision, and whether the launch stays (owner: "
        in document
    )


def test_a_gain_that_shrank_is_called_faded(shipped: Callable[..., Bench]) -> None:
    """It is still there, and less than at the look."""
    bench = shipped(after=0.3, stay=0.5, units=3000).at(DUE)
    assert result(bench)["finding"] == "faded"
    assert "the gain is smaller than at launch" in bench.posts()[0].notification


def test_an_effect_that_wears_off_is_said_though_it_is_still_there(shipped: Callable[..., Bench]) -> None:
    """By days since exposure."""
    bench = shipped(lift=1.2, after=1.2, fades=0.2, stay=0.5, units=3000).at(DUE)
    found = result(bench)
    assert found["fades"] is True
    assert found["novelty"]["high"] < 0
    said = bench.posts()[0].text
    assert "⚠ Novelty: it wears off with the days since exposure: +1" in said
    assert f"<@{PM}>" in said
    assert "- The effect wears off with the days since exposure." in bench.documents()[0]


def test_without_a_holdout_the_treatment_is_held_against_the_last_look(shipped: Callable[..., Bench]) -> None:
    """What is said is less, and says so; the effect by days since exposure is that before the decision."""
    bench = shipped(stay=0.0).at(DUE)
    found = result(bench)
    assert (found["finding"], found["against"], found["guardrails"]) == ("held", "launch", [])
    assert found["novelty"]["days"] == [0, 13]
    said = bench.posts()[0].text
    assert "no fall is shown" in bench.posts()[0].notification
    assert "no unit was kept on the control after the launch, so seasons and other changes mix in" in said
    assert "? Guardrails: not judged, without a holdout there is nothing to hold them against" in said
    assert (
        "Whether guardrails hold after the launch: no unit was kept on the control." in bench.documents()[0]
    )


def test_without_a_holdout_a_fall_is_seen(shipped: Callable[..., Bench]) -> None:
    """Everybody's rating falls: it may be the season, and the owner is called."""
    bench = shipped(stay=0.0, season=-1.0).at(DUE)
    assert result(bench)["finding"] == "fell"
    assert f"<@{PM}>: Find out whether the launch or something else made it fall" in bench.posts()[0].text


def test_data_that_are_not_there_are_waited_for_and_then_the_owner_is_called(
    shipped: Callable[..., Bench],
) -> None:
    """Said once, tried every day for a week, then the card says what is unknown."""
    bench = shipped(until=15).at(DUE)
    (waiting,) = bench.posts()
    assert waiting.notification == (
        "Shorter answers · 28 days after the launch: the data are not there yet: "
        "the data have no row after day 15, that of the decision."
    )
    assert "It is tried again Tue 15 Dec 09:00 JST, and every day until Mon 21 Dec 09:00 JST" in waiting.text
    for day in range(1, 7):
        assert bench.due() == [DUE + timedelta(days=day)]
        bench.at(DUE + timedelta(days=day))
    assert len(bench.posts()) == 1
    assert bench.launch().after is None
    bench.at(DUE + timedelta(days=7))
    assert bench.due() == []
    last = bench.posts()[-1].text
    assert "it cannot be said whether the gain lasted" in last
    assert f"<@{PM}>: Look at it yourself" in last
    assert "Given up waiting: the data have no row after day 15" in last
    assert bench.launch().state is State.CLOSED
    assert "Whether the gain lasted: the data have no row after day 15" in bench.documents()[0]


def test_data_that_come_late_are_judged_when_they_are_there(
    shipped: Callable[..., Bench], tmp_path: Path
) -> None:
    """On the third day, without another word before."""
    bench = shipped(until=30).at(DUE)
    assert "the data end on day 30 of 42" in bench.posts()[0].notification
    bench.at(DUE + timedelta(days=1))
    rows(tmp_path)
    bench.at(DUE + timedelta(days=2))
    assert len(bench.posts()) == 2
    assert result(bench)["finding"] == "sustained"
    assert result(bench)["late"] == ""


def test_what_there_is_of_late_data_is_judged_in_the_end(shipped: Callable[..., Bench]) -> None:
    """With the days it rests on."""
    bench = shipped(until=30)
    for day in range(8):
        bench.at(DUE + timedelta(days=day))
    found = result(bench)
    assert (found["finding"], found["days"]) == ("sustained", [16, 30])
    assert found["late"] == "the data end on day 30 of 42"


def test_a_column_renamed_after_the_launch_is_named(shipped: Callable[..., Bench], tmp_path: Path) -> None:
    """The reason is the source's own; mended by the next day, the check is made."""
    bench = shipped()
    table = pq.read_table(tmp_path / "rows.parquet")
    names = ["stars" if name == "rating" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), tmp_path / "rows.parquet")
    bench.at(DUE)
    assert "rows.parquet has no column rating" in bench.posts()[0].notification
    pq.write_table(table, tmp_path / "rows.parquet")
    bench.at(DUE + timedelta(days=1))
    assert result(bench)["finding"] == "sustained"


def test_a_table_that_can_never_say_it_is_not_waited_for(
    shipped: Callable[..., Bench], tmp_path: Path
) -> None:
    """Rows without days: the card says what to name for the next launch."""
    bench = shipped(text=TEXT.replace("date: on, start: 2026-11-02", "start: 2026-11-02"), until=1)
    bench.at(DUE)
    (card,) = bench.posts()
    assert (
        "rows.parquet has no days, so what came after the last look cannot be told apart: name after.data"
        in (card.notification)
    )
    assert bench.launch().state is State.CLOSED


def test_rows_of_another_table_may_say_it(shipped: Callable[..., Bench], tmp_path: Path) -> None:
    """`after.data` names them."""
    bench = shipped(
        text=TEXT + "after: {days: 14, data: {path: later.parquet, unit: user, arm: arm, date: on}}\n",
        until=15,
    )
    assert bench.due() == [DUE - timedelta(days=14)]
    rows(tmp_path)
    (tmp_path / "rows.parquet").rename(tmp_path / "later.parquet")
    rows(tmp_path, until=15)
    bench.at(DUE - timedelta(days=14))
    assert (result(bench)["finding"], result(bench)["days"]) == ("sustained", [16, 28])
    assert "14 days after the launch" in bench.posts()[0].notification


def _stats(folder: Path, first: int) -> None:
    """Ready statistics of the days after, as a warehouse job may write them."""
    lines = ["day,arm,metric,n,mean,variance"]
    for day in (first, 42):
        for arm, rating in (("long", 10.0), ("short", 10.6)):
            lines += [f"{day},{arm},rating,{40 * day},{rating},2", f"{day},{arm},seconds,{40 * day},100,400"]
    (folder / "later.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_ready_statistics_that_begin_after_the_decision_may_say_it(
    shipped: Callable[..., Bench], tmp_path: Path
) -> None:
    """Guardrails too; ones that begin before it say nothing of it, and that is said."""
    bench = shipped(text=TEXT + "after: {data: {kind: summary, path: later.csv}}\n", until=15)
    bench.at(DUE)
    assert "later.csv" in bench.posts()[0].notification
    _stats(tmp_path, first=16)
    bench.at(DUE + timedelta(days=1))
    found = result(bench)
    assert (found["finding"], found["days"], found["guardrails"][0]["status"]) == (
        "sustained",
        [16, 42],
        "clear",
    )


def test_ready_statistics_added_up_from_before_the_decision_say_nothing(
    shipped: Callable[..., Bench], tmp_path: Path
) -> None:
    """At once: waiting would not help."""
    bench = shipped(text=TEXT + "after: {data: {kind: summary, path: later.csv}}\n", until=15)
    _stats(tmp_path, first=10)
    bench.at(DUE)
    assert result(bench)["because"] == (
        "later.csv begins on day 10, and the launch was decided on day 15: "
        "its statistics are added up from before"
    )


def test_a_launch_that_was_stopped_has_no_check_and_its_retrospective_at_once(
    shipped: Callable[..., Bench],
) -> None:
    """There is nothing that could have lasted."""
    bench = shipped(decision="stop")
    assert bench.due() == []
    (document,) = bench.documents()
    assert "| Decided | stop, by Emil (approver); the rule said: ship |" in document
    assert "| Offline and online | +6.0 % offline (judge\\_score) | +6.7 % online |" in document


def test_a_launch_closed_meanwhile_is_left_alone(shipped: Callable[..., Bench]) -> None:
    """An archived channel, say."""
    bench = shipped()
    bench.write(Kind.CLOSED, {"why": "its channel was archived"}, PM)
    bench.at(DUE)
    assert bench.posts() == []
    assert bench.launch().after is None


def test_two_workers_that_read_at_once_post_one_card(shipped: Callable[..., Bench]) -> None:
    """The second finds the first one's entry."""
    bench = shipped()
    payload = {"experiment": ID, "decision": bench.launch().decision.entry, "tries": 0}  # type: ignore[union-attr]  # decided
    finishes = [after_launch.run(bench.db, bench.desk, payload, DUE) for _ in range(2)]
    for finish in finishes:
        with bench.db.write() as session:
            finish(session)
    assert len(bench.posts()) == 1
    with bench.db.read() as session:
        assert [one.kind for one in ledger.of(session, ID)].count("after") == 1


def test_a_check_that_lookout_itself_failed_at_calls_the_owner(shipped: Callable[..., Bench]) -> None:
    """Once; nothing is recorded, and a launch closed meanwhile is left alone."""
    bench = shipped()
    decision = bench.launch().decision
    assert decision is not None
    payload = {"experiment": ID, "decision": decision.entry, "tries": 0}
    slot = slots.Slot(after_launch.CHECK_JOB, f"{ID}/{decision.entry}", DUE, False, 5, 5, payload)
    with bench.db.write() as session:
        given_up(bench.desk)(session, slot, DUE)
    (card,) = bench.posts()
    assert card.notification == (
        "Shorter answers · The check after the launch could not be made: Lookout failed at it."
    )
    assert f"<@{PM}>: look at it yourself." in card.text
    assert bench.launch().after is None
    bench.write(Kind.CLOSED, {"why": "done"}, PM)
    with bench.db.write() as session:
        after_launch.given_up(session, bench.desk, payload, DUE)
    assert len(bench.posts()) == 1


def test_the_hour_is_local_across_a_change_of_the_clock(shipped: Callable[..., Bench]) -> None:
    """28 days over the end of summer time are 28 days and an hour."""
    text = TEXT.replace("Asia/Tokyo", "Europe/Berlin")
    bench = shipped(text=text, decision="stop")
    summer = datetime(2026, 10, 10, 9, tzinfo=UTC)
    with bench.db.read() as session:
        launch = launches.read(session, ID)
        moment = after_launch._moment(session, bench.desk, launch, summer)
    assert moment == datetime(2026, 11, 7, 8, tzinfo=UTC)


def test_deltas_are_recorded_once_for_the_look_decided_on(shipped: Callable[..., Bench]) -> None:
    """For the correlation tracker; saying it again changes nothing."""
    bench = shipped()
    with bench.db.write() as session:
        assert deltas.record(session, bench.desk, launches.read(session, ID), DECIDED) is None
        (delta,) = ledger.of_kind(session, Kind.DELTA)
        found = deltas.correlation(session, DUE)
    assert delta.body["offline"] == 0.06
    assert delta.body["online"] == pytest.approx(0.067, abs=0.001)
    assert [one.experiment for one in found.last] == [ID]
    assert (found.eval_set, found.eval_set_age) == ("golden-500", 135)


def test_the_rollout_card_says_that_it_is_over(shipped: Callable[..., Bench]) -> None:
    """Nothing is checked any more, so no button of it is left."""
    bench = shipped(text=TEXT + "rollout:\n  - {stage: 50 %, days: 14}\n  - {stage: 100 %}\n")
    bench.at(DUE)
    cards = bench.effects("/rollout")
    assert cards[-1]["message"]["text"].startswith("Rollout over: ")
    assert "actions" not in [block["type"] for block in cards[-1]["message"]["blocks"]]
