"""`/correlation`: both deltas on record, the alarm, the diagnosis of AML-04, the replay, the status."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.diagnosis_reader import read_diagnosis
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, RefusedError, StaleError
from bot.services import correlation_agreeing, deltas, trace_things
from bot.settings import shipped
from bot.store import candidates, diagnoses, ledger, links
from bot.store.database import Database
from bot.views.correlation_actions import CorrelationForm
from handlers.quarter.correlation import TOPIC
from handlers.topic import Everybody, Service
from tests.services.correlation_bench import AML_04, EM, PM, Bench, button

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SCORES = "experiment,offline_new\n" + "\n".join(
    f"{name},{value}"
    for name, value in zip([one[0] for one in AML_04], (0.01, 0.012, 0.03, -0.001, 0.012, 0.03), strict=True)
)


def test_a_correlation_that_falls_alarms_once_and_proposes_the_rebuilding(database: Database) -> None:
    """Told in the channel of launches, and joined to the experiment that did not predict."""
    bench = Bench(database, NOW)
    bench.recorded()
    alarms = bench.said("correlation/alarm/")
    assert len(alarms) == 1
    assert alarms[0].notification.startswith("Offline gains no longer predict online ones · r")
    assert "CAN-1 is in the backlog" in alarms[0].text
    assert button(alarms[0], "Diagnose")["action_id"] == "correlation.diagnose"
    entry = bench.entries("correlation_alarm")[0]
    assert entry.body["n"] == 6
    with database.read() as session:
        item = candidates.load(session, 1)
        assert item is not None
        assert item.candidate.title == "Rebuild the offline harness"
        earlier = links.before(session, Thing(ThingKind.CANDIDATE, "CAN-1"), ThingKind.EXPERIMENT)
        assert earlier == [Thing(ThingKind.EXPERIMENT, "dense-retriever")]
    bench.work()
    assert len(bench.entries("correlation_alarm")) == 1


def test_it_says_when_it_has_recovered_and_may_alarm_again(sqlite: Database) -> None:
    """Old experiments leave the window, new ones predict; told once."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    good = [(f"good-{at}", f"{at}%", f"{at / 10}%", 0) for at in range(1, 7)]
    bench.now += timedelta(days=75)
    bench.recorded(good)
    assert [one.notification[:42] for one in bench.said("correlation/restored")] == [
        "✓ Offline gains predict online ones again:"
    ]
    assert len(bench.entries("correlation_restored")) == 1
    bench.recorded([("bad", "9%", "-5%", 0), ("worse", "12%", "-9%", 0)])
    assert len(bench.entries("correlation_alarm")) == 2


def test_directions_that_differ_are_told_once_though_the_correlation_is_high(sqlite: Database) -> None:
    """AML-04: below 4 of the last 6 is an alert; the gate stays open, and both ends are on record."""
    bench = Bench(sqlite, NOW)
    bench.recorded([(f"x-{at}", f"{at}%", f"{(at - 3.5) / 10:.2f}%", 20) for at in range(1, 7)])
    bench.work()
    (told,) = bench.said("correlation/direction/alert")
    assert told.header == "Offline and online point different ways · 3 of the last 6"
    assert "below 4 is an alert. The gate reads the correlation, and stays as it is: ✓ 1.00" in told.text
    assert "⚠ `x-1` offline +1.0" in told.text
    assert button(told, "Diagnose")["action_id"] == "correlation.diagnose"
    assert bench.said("correlation/alarm/") == []
    bench.recorded([("good", "7%", "0.4%", 0)])
    (ended,) = bench.said("correlation/direction/ended")
    assert ended.notification.startswith("✓ 4 of the last 6 experiments moved the same way")
    with sqlite.read() as session:
        entries = list(ledger.every(session))
        assert list(correlation_agreeing.faults(session, entries)) == []
        wrong = [
            replace(one, body={**one.body, "agreeing": 1}) if "of" in one.body else one for one in entries
        ]
        assert len(list(correlation_agreeing.faults(session, wrong))) == 2


def test_what_is_recorded_twice_is_a_correction_and_the_same_twice_is_refused(sqlite: Database) -> None:
    """The newest entry counts; what ran elsewhere never takes a registration's place."""
    bench = Bench(sqlite, NOW)
    bench.type("record x offline=5% online=1%", by=PM)
    with pytest.raises(StaleError, match="on record with these deltas already"):
        bench.type("record x offline=5% online=1%")
    bench.type("record x offline=5% online=-1% direction=decrease eval-set=golden built=2026-09-01")
    with sqlite.read() as session:
        (one,) = deltas.counted(session, bench.now)
        assert (one.online, one.eval_set, one.by) == (0.01, "golden", "U0ENG")
        assert {entry.subject for entry in ledger.of_kind(session, "delta")} == {"elsewhere/x"}
    shown = bench.said("correlation/delta/")
    assert "corrects ledger 1" in shown[1].notification
    assert "? not known" in shown[1].text


def test_only_the_status_is_for_everybody() -> None:
    """The rest puts something on record, or says what the record means."""
    orders = [verb for verb, (_, needed) in TOPIC.orders.items() if isinstance(needed, Everybody)]
    assert orders == ["status"]
    every = [needed for _, needed in (*TOPIC.presses.values(), *TOPIC.forms.values())]
    assert not any(isinstance(needed, Everybody | Service) for needed in every)


def test_recording_takes_a_role(sqlite: Database) -> None:
    """Neither typed nor by form."""
    bench = Bench(sqlite, NOW)
    with pytest.raises(RefusedError, match="To supply a document takes the role"):
        bench.type("record x offline=5% online=1%", by="U0NOBODY")
    with pytest.raises(RefusedError):
        bench.type("record", by="U0NOBODY")


def test_the_form_records_what_was_entered(sqlite: Database) -> None:
    """And shows what is wrong in its field."""
    bench = Bench(sqlite, NOW)
    form = bench.type("record")
    assert form["title"]["text"] == "Record both deltas"
    bench.submit(
        CorrelationForm.RECORD, "-", {"experiment": "x", "offline": "5 %", "online": "0.01", "on": ""}
    )
    assert len(bench.entries("delta")) == 1


def test_the_diagnosis_of_the_reference(database: Database) -> None:
    """AML-04: walked by buttons and by typing, to its dominant cause, its fixes and its candidate."""
    bench = Bench(database, NOW)
    bench.recorded()
    bench.press(button(bench.said("correlation/alarm/")[0], "Diagnose"))
    bench.work()
    with pytest.raises(StaleError, match="DIA-1 is open already"):
        bench.type("diagnose")
    first = bench.said("diagnosis/1/card")[-1]
    assert first.header == "DIA-1 · cause 1 of 5: Metric proxy mismatch"
    assert "no data are named under evidence.metric_proxy" in first.text
    bench.press(button(first, "Hit"))
    with pytest.raises(StaleError, match="DIA-1 has moved on"):
        bench.press(button(first, "Clear"))
    bench.type("answer DIA-1 partial catalogue turnover 14 % since the last refresh")
    bench.type("answer partial long-tail tie-ins are missing")
    bench.type("answer clear")
    bench.type("back")
    bench.type("answer partial the gain shrinks from 3.3 to 1.8 points")
    with pytest.raises(InputError, match="Goodharting has no answer yet"):
        bench.type("conclude metric_proxy")
    note = bench.open(button(bench.said("diagnosis/1/card")[-1], "With a note…"))
    assert note["title"]["text"] == "DIA-1"
    bench.type("answer partial the loss is NDCG@10")
    last = bench.said("diagnosis/1/card")[-1]
    assert "speak for *Metric proxy mismatch*" in last.text
    form = bench.open(button(last, "Conclude…"))
    assert form["blocks"][1]["element"]["initial_option"]["value"] == "metric_proxy"
    about = str(button(last, "Conclude…")["value"])
    bench.submit(
        CorrelationForm.CONCLUDE,
        about,
        {
            "dominant": "metric_proxy",
            "secondary": "distribution_shift\nselection_bias",
            "note": "70 % mobile",
        },
    )
    end = bench.said("diagnosis/1/card")[-1]
    assert end.header == "DIA-1 · Metric proxy mismatch"
    assert "1. Make the primary offline metric count what people see: NDCG@3" in end.text
    assert "2. Refresh the eval set weekly" in end.text
    entry = bench.entries("correlation_diagnosis")[0]
    assert (entry.subject, entry.body["dominant"]) == ("DIA-1", "metric_proxy")
    with database.read() as session:
        item = candidates.load(session, 1)
        assert item is not None
        assert item.candidate.title == "Rebuild the offline harness: metric proxy mismatch"
        assert "the gain shrinks from 3.3 to 1.8 points" in item.candidate.notes
        assert diagnoses.current(session) is None
    with pytest.raises(InputError, match="No diagnosis is open"):
        bench.type("answer hit")
    with pytest.raises(StaleError, match="DIA-1 is concluded"):
        bench.type("answer DIA-1 hit")


def test_evidence_is_computed_where_data_are_named_and_suggests_an_answer(sqlite: Database) -> None:
    """AML-04's two that need no table: the gain on a time-strict split, and the training loss."""
    bench = Bench(sqlite, NOW)
    text = (shipped("playbooks") / "correlation.yaml").read_text(encoding="utf-8")
    declared = (
        "evidence:\n  label_leakage: {ordinary: 0.033, time_strict: 0.018}\n"
        "  goodharting: {metric: ndcg@10, training_loss: ndcg@10 loss}\n"
        "  metric_proxy:\n    clicks: {source: nowhere, table: clicks, position: rank}\n"
        "    ranking: {source: nowhere, table: judged, query: q, grade: g, "
        "rankings: {control: a, treatment: b}}\n"
    )
    plan, findings = read_diagnosis(f"{text}\n{declared}", name="c.yaml")
    assert plan is not None, findings
    bench.desk = replace(bench.desk, playbooks=replace(bench.desk.playbooks, diagnosis=plan))
    bench.type("diagnose")
    assert "Evidence is being gathered." in bench.said("diagnosis/1/card")[-1].text
    bench.work()
    first = bench.said("diagnosis/1/card")[-1]
    assert "? " in first.text
    assert "nowhere" in first.text
    assert "[Hit]" not in first.buttons
    bench.press(button(first, "Gather again"))
    bench.work()
    for _ in range(3):
        bench.type("answer unknown")
    leak = bench.said("diagnosis/1/card")[-1]
    assert "⚠ offline gain" in leak.text
    assert "of it is gone" in leak.text
    assert "→ partial" in leak.text
    assert "[Partial hit]" in leak.buttons
    bench.press(button(leak, "Partial hit"))
    assert "Evidence then: suspect: offline gain" in bench.said("diagnosis/1/label_leakage")[-1].text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answer DIA-9 hit", "There is no diagnosis `DIA-9`."),
        ("answer DIA-1 maybe", "Read `maybe`, and expected"),
        ("answer", "Nothing was read, and expected"),
        ("conclude bad_luck", "Read `bad_luck`, which is none of the five causes."),
        ("diagnose it", "Read `diagnose it`, and expected nothing behind it."),
        ("status all", "Read `status all`, and expected nothing behind it."),
        ("replay nonsense", "has no column experiment"),
        ("record", ""),
    ],
)
def test_what_cannot_be_read_is_told(sqlite: Database, text: str, said: str) -> None:
    """With what was read and what was expected; nothing is written."""
    bench = Bench(sqlite, NOW)
    bench.type("diagnose")
    if not said:
        assert bench.type(text)["type"] == "modal"
        return
    with pytest.raises(InputError) as raised:
        bench.type(text)
    assert said in raised.value.message


def test_a_diagnosis_where_every_cause_is_clear_blames_none(sqlite: Database) -> None:
    """It may be noise; nothing is proposed."""
    bench = Bench(sqlite, NOW)
    bench.type("diagnose")
    for _ in range(5):
        bench.type("answer clear")
    assert "may be sampling noise" in bench.said("diagnosis/1/card")[-1].text
    bench.type("conclude")
    assert bench.said("diagnosis/1/card")[-1].header == "DIA-1 · no cause established"
    with sqlite.read() as session:
        assert candidates.load(session, 1) is None


def test_a_replay_is_judged_against_what_is_on_record(database: Database) -> None:
    """Adopted at 0.6, by the ledger's word; then the next four must hold, and the status counts them."""
    bench = Bench(database, NOW)
    bench.recorded()
    bench.type(f"replay {SCORES}\nunheard-of,0.1")
    bench.work()
    shown = bench.said("correlation/replay/")[-1]
    assert shown.header.startswith("Replay: ADOPT · r 0.")
    assert "Left out, no online delta on record: `unheard-of`" in shown.text
    assert "the next 4 must hold too" in shown.text
    entry = bench.entries("correlation_replay")[0]
    assert entry.body["outcome"] == "adopt"
    assert entry.body["missing"] == ["unheard-of"]
    bench.now += timedelta(days=2)
    bench.recorded([("next-1", "2%", "1%", 0)])
    bench.type("status", by="U0ANYBODY")
    bench.work()
    status = bench.said("/correlation")[-1]
    assert "1 of 4 experiments since, 1 moved the same way; 3 more must hold" in status.text


def test_a_harness_that_was_adopted_opens_the_gate_and_ends_the_alarm(sqlite: Database) -> None:
    """AML-04: model shipping resumes; a replay of another harness that fails leaves it in use."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    bench.type(f"replay {SCORES}")
    bench.work()
    bench.work()
    (restored,) = bench.said("correlation/restored")
    assert "0.98, 6 experiments), by the harness adopted in ledger 8, the floor is 0.5" in restored.text
    bad = "\n".join(f"{name},{value}" for name, value, *_ in AML_04)
    bench.type(f"replay experiment,offline_new\n{bad}")
    bench.work()
    assert bench.said("correlation/replay/")[-1].header.startswith("Replay: ITERATE")
    with sqlite.read() as session:
        health = deltas.correlation(session, bench.now)
        assert (health.gate, health.harness) == ("open", 8)
        assert list(correlation_agreeing.faults(session, list(ledger.every(session)))) == []


def test_what_is_on_record_is_computed_again_and_a_change_shows(sqlite: Database) -> None:
    """Alarms and replays follow from the deltas before them; a diagnosis is what was concluded."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    bench.type("diagnose")
    for _ in range(5):
        bench.type("answer unknown")
    bench.type("conclude")
    bench.type(f"replay {SCORES}")
    bench.work()
    with sqlite.write() as session:
        entries = list(ledger.every(session))
        assert list(correlation_agreeing.faults(session, entries)) == []
        replayed = next(one for one in entries if one.kind == "correlation_replay")
        lied = replace(replayed, body={**replayed.body, "r": 0.9})
        (fault,) = correlation_agreeing.faults(session, [lied if one == replayed else one for one in entries])
        assert fault.reason == "its replay does not follow from the deltas before it"
        found = diagnoses.load(session, 1)
        assert found is not None
        assert found.conclusion is not None
        diagnoses.save(session, replace(found, conclusion=replace(found.conclusion, dominant="goodharting")))
        (fault,) = correlation_agreeing.faults(session, entries)
        assert fault.reason.startswith("it is not what entry 8 of the ledger says")
        traced = trace_things.known(session, Thing(ThingKind.EXPERIMENT, "dense-retriever"))
        assert traced.state == "ran elsewhere, both deltas are on record"


def test_a_replay_of_two_experiments_is_undecided(sqlite: Database) -> None:
    """It says what is missing; it is on record as such, and adopts nothing."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    bench.submit(CorrelationForm.REPLAY, "-", {"table": "reranker-l12: 1%\nchunk-512: 2%", "file": ""})
    bench.work()
    shown = bench.said("correlation/replay/")[-1]
    assert shown.header == "Replay: UNDECIDED · no correlation"
    assert "2 pairs, and a correlation with an interval needs 4" in shown.text


def test_a_replay_by_file_that_is_no_table_is_told_to_who_sent_it(sqlite: Database) -> None:
    """The address is not Slack's: nobody else hears of it."""
    bench = Bench(sqlite, NOW)
    file = "https://elsewhere.example/table.csv\ntable.csv"
    bench.submit(CorrelationForm.REPLAY, "-", {"table": "", "file": file})
    bench.work()
    told = bench.effects("/told")
    assert [one["kind"] for one in told] == ["ephemeral"]
    assert told[0]["message"]["text"].startswith("Nothing was replayed. The file is not kept by Slack.")


def test_the_status_shows_both_windows_and_a_chart(sqlite: Database) -> None:
    """Drawn in a job; where nothing is measured it says what to name."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    bench.type("status", by=EM)
    bench.work()
    status = bench.said("/correlation")[-1]
    assert status.header.startswith("Offline against online · ⚠")
    assert "*90 days* r" in status.text
    assert "all 720 orders tried" in status.text
    assert "*KL(eval‖production)* ? not measured" in status.text
    uploads = [one for one in bench.effects("/correlation/chart") if one["kind"] == "upload"]
    assert uploads[0]["alt_text"].startswith("6 experiments by offline and online delta")


def test_the_status_measures_how_far_the_eval_set_is_from_production(
    sqlite: Database, tmp_path: Path
) -> None:
    """0.9 ln(0.9 / 0.55) + 0.1 ln(0.1 / 0.45) = 0.293, with its estimator, from the files that are named."""
    words = ["en"] * 90 + ["jp"] * 10, ["en"] * 55 + ["jp"] * 45
    for name, segments in zip(("evaluated", "produced"), words, strict=True):
        lines = "\n".join(f"{one},2026-11-20T10:00:00" for one in segments * 10)
        (tmp_path / f"{name}.csv").write_text(f"segment,at\n{lines}\n", encoding="utf-8")
    bench = Bench(sqlite, NOW, data={"path": tmp_path})
    text = (shipped("playbooks") / "correlation.yaml").read_text(encoding="utf-8")
    declared = (
        "evidence:\n  selection_bias:\n    eval_set: {path: evaluated.csv, segment: segment}\n"
        "    production: {path: produced.csv, segment: segment, time: at}\n"
    )
    plan, findings = read_diagnosis(f"{text}\n{declared}", name="c.yaml")
    assert plan is not None, findings
    bench.desk = replace(bench.desk, playbooks=replace(bench.desk.playbooks, diagnosis=plan))
    bench.type("status")
    bench.work()
    (line,) = [one for one in bench.said("/correlation")[-1].text.splitlines() if "KL(" in one]
    assert line.startswith("*Eval set against production* ⚠ KL(eval‖production) 0.29 nats")
    assert "Jeffreys" in line, line


def test_the_status_of_nothing_says_how_to_begin(sqlite: Database) -> None:
    """No chart, no number."""
    bench = Bench(sqlite, NOW)
    bench.type("status")
    bench.work()
    status = bench.said("/correlation")[-1]
    assert status.header == (
        "Offline against online · ? not known: the last 90 days: 0 pairs, and a correlation with an interval "
        "needs 4"
    )
    assert "`/correlation record` adds those that ran elsewhere" in status.text


def test_the_story_of_the_reference_reads_as_the_golden_one(sqlite: Database) -> None:
    """Alarm, diagnosis, verdict, replay and status, as people read them. GOLDEN=1 writes it anew."""
    bench = Bench(sqlite, NOW)
    bench.recorded()
    bench.type("diagnose")
    bench.work()
    cards = [bench.said("correlation/alarm/")[0], bench.said("diagnosis/1/card")[-1]]
    for note in (
        "hit clicks at positions 1-3, the gain at 5-7",
        "partial turnover 14 %",
        *["clear"] * 3,
    ):
        bench.type(f"answer {note}")
    cards.append(bench.said("diagnosis/1/card")[-1])
    bench.type("conclude")
    cards.append(bench.said("diagnosis/1/card")[-1])
    bench.type(f"replay {SCORES}")
    bench.type("status")
    bench.work()
    cards += [bench.said("correlation/replay/")[-1], bench.said("/correlation")[-1]]
    shown = "\n====\n\n".join(
        f"{card.notification}\n\n{card.text}\n[{'] ['.join(card.buttons)}]\n" for card in cards
    )
    golden = Path(__file__).parents[1] / "data" / "correlation" / "aml_04.txt"
    if os.environ.get("GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")
