"""Experiments in Slack: registered once, looked at on the plan, recorded, answered from the record."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.core.figures import MINUS
from bot.core.look_json import look_json
from bot.errors import InputError
from bot.limits import check_blocks
from bot.services import experiments, launches, look_record
from bot.services import look_questions as questions
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import DataSettings, Settings
from bot.store import blobs, slots
from bot.store import experiments as records
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

DATA = Path(__file__).parents[1] / "data"
ASOS = (DATA / "asos" / "0bad33.yaml").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
WHERE: dict[str, Any] = {"by": "U0PM", "channel": "C0LAUNCH", "now": NOW}


class Bench:
    """A database, a desk that may read the ASOS tables, and what Slack would be told."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.desk: Desk = open_desk(Settings(data=DataSettings(path=DATA / "asos")))

    def register(self, text: str = ASOS, **more: Any) -> records.Registered:
        """Register a YAML text in the launches channel."""
        with self.db.write() as session:
            return experiments.register(session, self.desk, text=text, name="asos.yaml", **WHERE | more)

    def ask(self, look: int, experiment: str | None = None, **more: Any) -> str:
        """Ask for a look."""
        with self.db.write() as session:
            return experiments.ask_look(session, self.desk, experiment=experiment, look=look, **WHERE | more)

    def work(self) -> None:
        """Do one due slot, as the slots' worker does."""
        slot = slots.claim(self.db, now=NOW + timedelta(hours=1), lease=timedelta(minutes=2))
        assert slot is not None
        assert slot.job == experiments.LOOK_JOB
        finish = experiments.run_look(self.db, self.desk, slot.payload, now=NOW + timedelta(seconds=2))
        with self.db.write() as session:
            finish(session)
            assert slots.done(session, slot)

    def effects(self, kind: str) -> list[dict[str, Any]]:
        """What is to be sent, in order, each checked against Slack's limits."""
        with self.db.read() as session:
            rows = session.exec(select(OutboxRow).where(OutboxRow.kind == kind).order_by(OutboxRow.id)).all()  # type: ignore[arg-type]  # a column
        for row in rows:
            if "message" in row.effect:
                assert check_blocks(row.effect["message"]["blocks"]) == []
        return [row.effect for row in rows]

    def last_card(self) -> str:
        """All text of the newest post."""
        return json.dumps(self.effects("post")[-1]["message"], ensure_ascii=False)


@pytest.fixture
def bench(database: Database) -> Bench:
    """A bench on each kind of database."""
    return Bench(database)


@pytest.fixture
def lite(sqlite: Database) -> Iterator[Bench]:
    """A bench on SQLite, for what does not depend on the database."""
    return Bench(sqlite)  # type: ignore[return-value]  # a fixture that needs no tear-down


def test_a_registration_is_stored_and_its_card_posted(bench: Bench) -> None:
    """The text as given, the hash, who and when; the card says the calendar and the lines."""
    registered = bench.register()
    with bench.db.read() as session:
        assert records.load(session, "asos-0bad33") == registered
    assert registered.text == ASOS
    card, lock = (json.dumps(one["message"], ensure_ascii=False) for one in bench.effects("post"))
    assert "Locked Mon 23 Nov, " in card
    assert "Locked: ASOS experiment 0bad33" in lock
    assert "Look 1, day 2: cannot stop" in card
    assert "Look 3, day 26: stops only if p is below 0.0078" in card
    assert "m2 may not get worse by more than 2\u00a0%" in card
    assert registered.sha256[:12] in card


def test_registering_the_same_content_again_changes_nothing(bench: Bench) -> None:
    """Other comments, same hash: no second card, and the person is told."""
    first = bench.register()
    assert bench.register(ASOS + "\n# a comment\n", by="U0EM") == first
    assert len(bench.effects("post")) == 2  # the card and the lock
    (told,) = bench.effects("ephemeral")
    assert told["user"] == "U0EM"
    assert "registered already, with the same content" in told["message"]["text"]


def test_the_same_id_with_other_content_is_refused(lite: Bench) -> None:
    """A registration never changes; the first one stays."""
    first = lite.register()
    with pytest.raises(InputError, match="asos-0bad33 is registered with other content"):
        lite.register(ASOS.replace("relative: 0.01", "relative: 0.02"))
    with lite.db.read() as session:
        assert records.load(session, "asos-0bad33") == first


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "do(variant = 1)",
            "variant 1",
            "asos.yaml has 1 error, so nothing was registered.\nasos.yaml:6: error R101",
        ),
        ("metric: m1", "metric: m9", "asos.yaml:23: error R111 metric m9 is not declared"),
        ("id: asos", "id: &x asos", "asos.yaml:2: error R000 anchor &amp;x is not allowed."),
        ("path: 0bad33.csv", "path: ../x.csv", "asos.yaml:15: error R162"),
        ("path: 0bad33.csv", "source: lake\n  table: t", "error R169 data.source lake is not configured"),
    ],
)
def test_a_registration_with_an_error_is_refused_whole(
    lite: Bench, before: str, after: str, message: str
) -> None:
    """File, line, code and mend; nothing is written, nothing is posted."""
    with pytest.raises(InputError) as caught:
        lite.register(ASOS.replace(before, after, 1))
    assert message in str(caught.value)
    with lite.db.read() as session:
        assert records.everywhere(session) == ()
    assert lite.effects("post") == []


def test_a_refusal_quotes_hostile_yaml_harmlessly(lite: Bench) -> None:
    """What stood in the file cannot mention anyone from the answer."""
    for before, after in (("do(variant = 1)", "<!channel> `x`"), ("id: asos-0bad33", "id: [<!here>, 1")):
        with pytest.raises(InputError) as caught:
            lite.register(ASOS.replace(before, after, 1))
        assert "<!" not in str(caught.value)


def test_a_path_is_refused_where_no_folder_is_configured(lite: Bench) -> None:
    """R168 with the line, and both ways out."""
    lite.desk = open_desk(Settings())
    with pytest.raises(InputError, match=r"asos\.yaml:15: error R168 data\.path names a file"):
        lite.register()


def test_a_look_posts_its_card_with_the_chart_and_is_recorded(bench: Bench) -> None:
    """The chart goes up first, the card refers to it; the record computes the same verdict again."""
    bench.register()
    bench.ask(3)
    bench.work()
    (upload,) = bench.effects("upload")
    card = bench.effects("post")[-1]
    image = next(block for block in card["message"]["blocks"] if block["type"] == "image")
    assert image["slack_file"]["id"] == f"upload:{upload['key']}"
    assert image["alt_text"].startswith("z of m1 against its boundary")
    assert "look 3 on day 26: z +1.79, boundary ±2.66" in image["alt_text"]
    text = bench.last_card()
    assert "Look 3 of 5: CONTINUE · not significant on the plan" in text
    assert "and look 3 stops only below 0.0078. Nothing to decide before look 4, after day 35." in text
    assert "record 1" in text
    with bench.db.read() as session:
        assert blobs.get(session, upload["blob"]).startswith(b"\x89PNG")
        (record,) = records.looks(session, "asos-0bad33")
        registered = records.load(session, "asos-0bad33")
    assert registered is not None
    assert (record.verdict, record.number, record.asked_by) == ("continue", 3, "U0PM")
    again = look_record.again(look_record.registration_of(registered), record)
    assert look_json(again) == record.result


def test_the_same_look_at_the_same_data_is_on_record_and_posted_once(bench: Bench) -> None:
    """Asked twice: one record, one card, and the second person is told where it is."""
    bench.register()
    cards = len(bench.effects("post"))
    for minute, who in enumerate(("U0PM", "U0EM")):
        bench.ask(2, by=who, now=NOW + timedelta(minutes=minute))
        bench.work()
    with bench.db.read() as session:
        assert len(records.looks(session, "asos-0bad33")) == 1
        assert len(launches.read(session, "asos-0bad33").looks) == 1
    assert len(bench.effects("post")) == cards + 1
    told = bench.effects("ephemeral")[-1]
    assert told["user"] == "U0EM"
    assert "Look 2 of asos-0bad33 is on record already, on the same data" in told["message"]["text"]


def test_a_look_that_is_being_computed_is_not_started_again(bench: Bench) -> None:
    """The second asker is told since when; one slot, one record, one card."""
    bench.register()
    bench.ask(2)
    assert bench.ask(2, by="U0EM", now=NOW + timedelta(seconds=3)) == ""
    told = bench.effects("ephemeral")[-1]
    assert told["user"] == "U0EM"
    assert "Look 2 of asos-0bad33 is being computed since 3 s" in told["message"]["text"]
    bench.work()
    assert slots.claim(bench.db, now=NOW + timedelta(hours=1), lease=timedelta(minutes=2)) is None


def test_later_charts_show_the_looks_before(lite: Bench) -> None:
    """The path of z over the looks taken so far."""
    lite.register()
    for number in (1, 2, 3):
        lite.ask(number, now=NOW + timedelta(minutes=number))
        lite.work()
    alt = lite.effects("upload")[-1]["alt_text"]
    days = enumerate((2, 14, 26, 35), start=1)
    shown = [f"look {number} on day {day}: z " in alt for number, day in days]
    assert shown == [True, True, True, False]


def test_a_look_whose_data_cannot_be_read_says_so_and_records_nothing(lite: Bench) -> None:
    """A card with the reason and what to do; never a number."""
    lite.register(ASOS.replace("0bad33.csv", "gone.csv"))
    lite.ask(1)
    lite.work()
    card = lite.last_card()
    assert "Look 1 of 5: not taken, the data could not be read" in card
    assert "no file matches gone.csv" in card
    with lite.db.read() as session:
        assert records.looks(session, "asos-0bad33") == ()


def test_a_look_needs_no_name_where_the_channel_has_one_experiment(lite: Bench) -> None:
    """None: register one or name one; two: name it, with an example of what to type."""
    with pytest.raises(InputError, match="No experiment is registered in this channel"):
        lite.ask(1)
    lite.register()
    assert lite.ask(1).startswith("asos-0bad33/1/U0PM/")
    with pytest.raises(InputError, match=r"Registered: `asos-0bad33`. For example `/experiment look ID 1`."):
        lite.ask(1, channel="C0OTHER")
    lite.register(ASOS.replace("id: asos-0bad33", "id: asos-second"), now=NOW + timedelta(minutes=1))
    with pytest.raises(InputError) as caught:
        lite.ask(2)
    assert "2 experiments: `asos-second`, `asos-0bad33`" in caught.value.message
    assert caught.value.hint == "Name the one you mean. For example `/experiment look ID 2`."
    assert lite.ask(2, "asos-0bad33").startswith("asos-0bad33/2/")


def test_a_look_not_in_the_plan_is_refused_with_the_looks_there_are(lite: Bench) -> None:
    """Which looks there are, and when each is posted."""
    lite.register(ASOS.replace("kind: summary", "kind: summary\n  start: 2026-11-21"))
    with pytest.raises(
        InputError, match=r"Look 6 is not in the plan of asos-0bad33. It has: look 1, after day 2,"
    ):
        lite.ask(6)
    with pytest.raises(InputError, match="No experiment `nope` is registered"):
        lite.ask(1, "nope")


def test_buttons_are_answered_from_the_record(lite: Bench) -> None:
    """Why, matrix and plan, for the person who pressed; a strange value is told what to do."""
    lite.register()
    lite.ask(3)
    lite.work()
    value = json.dumps({"e": "asos-0bad33", "r": 1})
    with lite.db.read() as session:
        answers = [
            answer(session, lite.desk, value, NOW)
            for answer in (questions.why_message, questions.matrix_message, questions.plan_message)
        ]
        for bad in ("", "[]", '{"e": "asos-0bad33", "r": 99}'):
            with pytest.raises(InputError):
                questions.why_message(session, lite.desk, bad, NOW)
        with pytest.raises(InputError, match="No experiment `gone` is registered"):
            questions.plan_message(session, lite.desk, '{"e": "gone", "r": 0}', NOW)
    texts = [json.dumps(answer.blocks, ensure_ascii=False) for answer in answers]
    assert all(check_blocks(answer.blocks) == [] for answer in answers)
    assert "Whoever looks 5 times and stops at the first p below 0.05 finds an effect in" in texts[0]
    assert f"m4 +0.2\u00a0%: holds, line {MINUS}2\u00a0%" in texts[1]
    assert "Look 5, after day 43: stops only if p is below" in texts[2]


def test_status_says_where_every_experiment_of_the_channel_stands(lite: Bench) -> None:
    """No look yet, the last verdict, nothing at all, an unknown name."""
    with lite.db.read() as session:
        empty = experiments.status(session, lite.desk, channel="C0LAUNCH", now=NOW)
    assert empty.text.startswith("No experiment is registered in this channel.")
    lite.register()
    lite.register(ASOS.replace("id: asos-0bad33", "id: asos-second"), now=NOW + timedelta(minutes=1))
    lite.ask(3, "asos-0bad33")
    lite.work()
    with lite.db.read() as session:
        found = experiments.status(session, lite.desk, channel="C0LAUNCH", now=NOW)
        one = experiments.status(session, lite.desk, about="asos-second", channel="C0X", now=NOW)
        with pytest.raises(InputError, match="No experiment `x` is registered"):
            experiments.status(session, lite.desk, about="x", channel="C0LAUNCH", now=NOW)
    first, *_, last, why_not = found.text.splitlines()
    assert first == "• `asos-second` ASOS experiment 0bad33: Locked Mon 23 Nov, b494e4359ef0…"
    running = "• `asos-0bad33` ASOS experiment 0bad33: Running: look 4 after day 35"
    assert last == f"{running} · look 3 of 5: CONTINUE (record 1)"
    assert why_not == "    Nothing is scheduled: day 1 is not known."
    assert one.text.startswith("• `asos-second`")
    assert check_blocks(found.blocks) == []
