"""Re-runs: a new registration names the vetoed one, is signed like any other, and ships by its own lines."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.launch import Kind, State
from bot.errors import InputError
from bot.services import amending, launches, registering
from bot.store import ledger
from bot.store.database import Database
from tests.services.decision_bench import CHANNEL, ENG, ID, ML, PM, TEXT, Bench, Shown

NEW = f"{ID}-tone"
RERUN = TEXT.replace(f"id: {ID}", f"id: {NEW}\nrerun_of: {ID}").replace(
    "title: Reranker MiniLM-L6 to L12", "title: Reranker with a tone signal"
)
LOOSE = RERUN.replace("csat, max_relative_regression: 0.01", "csat, max_relative_regression: 0.05")
RERUN = RERUN.replace("stats.csv", "tone.csv").replace("2026-11-05", "2026-12-15")
DATED = "data: {kind: rows, path: stats.csv, unit: user, arm: arm, date: on, start: 2026-11-05}"


def vetoed(db: Database) -> Bench:
    """A launch that was vetoed, three weeks ago."""
    bench = Bench(db).sign().stage()
    bench.look()
    bench.now += timedelta(days=21)
    return bench


def register(bench: Bench, text: str = RERUN, channel: str = "C0TONE") -> Any:
    """Register it in a channel of its own."""
    with bench.db.write() as session:
        return registering.register(
            session, bench.desk, text=text, name="tone.yaml", by=ENG, channel=channel, now=bench.now
        )


def test_a_re_run_of_what_was_vetoed_is_registered_like_any_other(database: Database) -> None:
    """A launch of its own, to be signed anew; the vetoed one stays as it is, and both name each other."""
    bench = vetoed(database)
    register(bench)
    with database.read() as session:
        again = launches.read(session, NEW)
        (entry,) = [one for one in ledger.of(session, NEW) if one.kind == Kind.REGISTERED]
    assert again.state is State.SIGNING
    assert again.looks == again.overrides == again.tasks == ()
    assert entry.body["rerun_of"] == ID
    assert f"A re-run of `{ID}`" in bench.card(again.card).text
    assert bench.launch().state is State.VETOED
    card = bench.card()
    assert f"It is run again, as `{NEW}`." in card.text
    assert card.buttons == ["[Open investigation]", "Request override…", "Stop…"]
    (news,) = [one for one in bench.effects("post") if "/rerun/" in one["key"]]
    assert news["channel"] == CHANNEL
    assert (
        f"It runs `{ID}` again, where look 4 said VETO; what was decided there stays."
        in Shown(news["message"]).text
    )


def test_it_does_not_matter_whether_the_first_run_was_stopped(sqlite: Database) -> None:
    """Its record stays; registering the same re-run twice says it once."""
    bench = vetoed(sqlite)
    bench.order("stop", "CSAT fell")
    register(bench)
    register(bench)
    assert len([one for one in bench.effects("post") if "/rerun/" in one["key"]]) == 1
    assert bench.launch().state is State.STOPPED
    assert "*Decided: STOP*" in bench.card().text


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("no-such-run", "names `no-such-run` as the run before it \\(rerun_of\\), and no such experiment is"),
        (NEW, "names itself as the run before it"),
        ("Not An Id", "rerun_of"),
    ],
)
def test_a_run_before_it_that_cannot_be_is_refused(sqlite: Database, named: str, said: str) -> None:
    """Nothing is registered then."""
    bench = vetoed(sqlite)
    with pytest.raises(InputError, match=said):
        register(bench, RERUN.replace(f"rerun_of: {ID}", f"rerun_of: {named}"))
    with sqlite.read() as session:
        assert NEW not in ledger.subjects(session)


def test_the_same_id_with_other_content_is_no_re_run(sqlite: Database) -> None:
    """The vetoed one keeps its id and its text; a re-run has an id of its own."""
    bench = vetoed(sqlite)
    with pytest.raises(InputError, match="is registered with other content"):
        register(bench, TEXT.replace("owner: applied-ml", f"owner: {ML}"))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("", ""),
        (f"rerun_of: {ID}\n", ""),
        ("path: stats.csv", "path: ./stats.csv"),
        ("2026-11-05", "2026-12-15"),
        ("{control: l6, treatment: l12}", "{control: l12, treatment: l6}"),
    ],
)
def test_a_softer_line_is_not_registered_for_data_that_were_vetoed(
    database: Database, was: str, now: str
) -> None:
    """Under whatever id, named a re-run or not: its rows were seen before its rule was written."""
    bench = vetoed(database)
    with pytest.raises(InputError, match=r"has looked at these data \(look 4, record 1: VETO\)") as caught:
        register(bench, LOOSE.replace(was, now))
    assert caught.value.hint == "A re-run has data of its own: another table, file or pair of arms."
    with database.read() as session:
        assert ledger.of(session, NEW) == []


def test_a_registration_made_before_the_veto_is_not_signed_or_amended_after_it(sqlite: Database) -> None:
    """Kept in the drawer unsigned, or turned to the vetoed data by an amendment."""
    bench = Bench(sqlite).sign().stage()
    register(bench, LOOSE)
    bench.look()
    with sqlite.read() as session:
        drawer = launches.read(session, NEW)
    with pytest.raises(InputError, match="has looked at these data"):
        bench.press("Sign as pm", PM, bench.card(drawer.card))
    other = NEW + "-2"
    register(bench, RERUN.replace(f"id: {NEW}", f"id: {other}"))
    turned = LOOSE.replace(f"id: {NEW}", f"id: {other}")
    proposal = amending.Proposal(ENG, turned, "tone.yaml", "the other table", breaking=False)
    with sqlite.write() as session, pytest.raises(InputError, match="has looked at these data"):
        amending.propose(session, bench.desk, other, proposal, bench.now)


def test_a_table_with_dates_may_be_used_again_from_the_day_after_what_was_seen(sqlite: Database) -> None:
    """A warehouse's table of exposures holds every experiment; one by another arm column is no re-run."""
    dated = TEXT.replace("data: {kind: summary, path: stats.csv, start: 2026-11-05}", DATED)
    for metric in ("useful_answer_rate", "turn_latency_ms", "csat", "retention_28d", "spam_flag_rate"):
        dated = dated.replace(f"{metric}: {{kind: mean}}", f"{metric}: {{kind: mean, column: {metric}}}")
    bench = Bench(sqlite, text=dated).sign().stage()
    bench.look()
    again = dated.replace(f"id: {ID}", f"id: {NEW}\nrerun_of: {ID}")
    with pytest.raises(InputError, match=r"these data up to Wed 18 Nov \(look 4") as caught:
        register(bench, again.replace("2026-11-05", "2026-11-18"))
    assert caught.value.hint.endswith("pair of arms, or a data.start after that day.")
    register(bench, again.replace("2026-11-05", "2026-11-19"))
    register(bench, again.replace("arm: arm", "arm: tone_arm").replace(f"id: {NEW}", f"id: {NEW}-2"))
    with sqlite.read() as session:
        assert launches.read(session, NEW).state is State.SIGNING
