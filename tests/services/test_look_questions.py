"""What can be asked about the looks of a launch: status, plan, looks, cohorts, why and any figure, help."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.effect import Message
from bot.core.inbound import Ask, Place
from bot.errors import InputError
from bot.limits import check_blocks
from bot.services import looking
from bot.store.database import Database
from handlers import grammar, slack_verbs
from tests.services.look_bench import CHANNEL, ID, PM, TEXT, LookBench

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOON = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: that takes a second a look, and is tested elsewhere."""
    monkeypatch.setattr(looking.chart, "png", lambda *_: b"\x89PNG")


@pytest.fixture
def bench(sqlite: Database, tmp_path: Path) -> LookBench:
    """Noon of Saturday 28 November: looks 1 and 2 are on record."""
    return LookBench(sqlite, tmp_path).at(NOON)


def answer(bench: LookBench, typed: str) -> Message:
    """What is answered to `/experiment …`, through the grammar; checked against Slack's limits."""
    asked = grammar.parse("experiment", typed, by=PM, place=Place(CHANNEL))
    assert isinstance(asked, Ask), asked
    with bench.db.read() as session:
        said = slack_verbs.answer(session, bench.desk, asked, bench.now)
    assert check_blocks(said.blocks) == []
    return said


def test_status_says_where_it_stands_and_what_comes_next(bench: LookBench) -> None:
    """The newest verdict, and the next look with its hour."""
    for typed in ("status", f"status {ID}"):
        said = answer(bench, typed).text
        assert "look 2 of 4: CONTINUE (record 2)" in said
        assert "look 3, after day 11, posts Wed 2 Dec 09:00 CET" in said


def test_status_names_a_look_that_waits_in_vain(bench: LookBench) -> None:
    """Once its deadline is over."""
    bench.data(range(1, 9))
    bench.at(datetime(2026, 12, 2, 12, tzinfo=UTC))
    assert "⚠ look 3 had no data by its deadline" in answer(bench, "status").text


def test_plan_has_the_looks_with_boundaries_and_moments(bench: LookBench) -> None:
    """Also by the experiment's id, from anywhere."""
    for typed in ("plan", f"plan {ID}"):
        blocks = str(answer(bench, typed).blocks)
        assert "Look 3, after day 11, posts Wed 2 Dec 09:00 CET" in blocks
        assert "alpha spent by then 0.0031" in blocks


def test_looks_lists_past_and_coming_ones(bench: LookBench) -> None:
    """What was found against what was asked, and when the others come."""
    lines = answer(bench, "looks").text.splitlines()
    assert lines == [
        "*Looks of ASOS experiment 0bad33*",
        "✓ held: Look 1, day 4 (Tue 24 Nov): stops only if p is below 0.000055",
        "→ CONTINUE, p = 0.442 against 0.000055 · Wed 25 Nov 09:00 CET, record 1",
        "✓ held: Look 2, day 7 (Fri 27 Nov): stops only if p is below 0.0030",
        "→ CONTINUE, p = 0.309 against 0.0030 · Sat 28 Nov 09:00 CET, record 2",
        "• Look 3, after day 11, posts Wed 2 Dec 09:00 CET: stops only if p is below 0.022",
        "• Look 4, after day 14, posts Sat 5 Dec 09:00 CET: stops only if p is below 0.043",
    ]


def test_looks_marks_one_whose_data_never_came(bench: LookBench) -> None:
    """In words, not by a colour; the next verdict says it too."""
    bench.data(range(1, 9))
    bench.at(datetime(2026, 12, 3, 12, tzinfo=UTC))
    assert "✗ no data by the deadline: Look 3, day 11 (Tue 1 Dec)" in answer(bench, "looks").text
    bench.data(range(1, 15))
    bench.at(datetime(2026, 12, 5, 12, tzinfo=UTC))
    card = bench.cards()[-1].text
    assert "⚠ Look 3 was not taken, its data did not come by the deadline; its alpha counts as spent." in card


@pytest.mark.parametrize("typed", ["why", "why 2", f"why {ID}", f"why {ID} 2"])
def test_why_explains_the_newest_verdict_or_that_of_a_look(bench: LookBench, typed: str) -> None:
    """With the hour of the next look, as on the card."""
    said = str(answer(bench, typed).blocks)
    assert "Why CONTINUE at look 2 of 4" in said
    assert "Nothing to decide before Wed 2 Dec 09:00 CET (look 3, after day 11)." in said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("why 1 p", "Look 1 of 4: p"),
        ("why boundary", "Look 2 of 4: boundary"),
        (f"why {ID} 2 alpha spent", "Look 2 of 4: alpha"),
        ("why 2 0.309", "p = 0.309"),
        ("why m3", "registered as max_relative_regression before any data"),
    ],
)
def test_why_explains_a_figure(bench: LookBench, typed: str, said: str) -> None:
    """Of the look that is named, else of the newest."""
    assert said in str(answer(bench, typed).blocks)


@pytest.mark.parametrize(
    ("typed", "problem", "hint"),
    [
        ("why 3", f"Nothing of {ID} is on record as look 3", "On record: 1, 2."),
        ("why peek", f"Nothing of {ID} is on record at a peek", "On record: 1, 2."),
        ("why 2 nonsense", "Look 2 of 4 has no figure `nonsense`", "It has: verdict, primary, p, boundary"),
        ("plan nonsense", "Read `plan nonsense`, and no experiment has that name", "For example"),
        ("looks 2", "Read `looks 2`", "For example"),
        ("cohorts jp", "Read `cohorts jp`", "For example"),
        ("status nonsense", "No experiment `nonsense` is registered", f"Registered: `{ID}`"),
    ],
)
def test_what_cannot_be_answered_says_what_there_is(
    bench: LookBench, typed: str, problem: str, hint: str
) -> None:
    """What was read, and what would do."""
    with pytest.raises(InputError) as refused:
        answer(bench, typed)
    assert problem in refused.value.message
    assert hint in refused.value.hint


def test_before_any_look_why_says_when_they_come(sqlite: Database, tmp_path: Path) -> None:
    """And cohorts are those declared."""
    bench = LookBench(sqlite, tmp_path)
    with pytest.raises(InputError, match=r"Nothing of .* is on record") as refused:
        answer(bench, "why")
    assert "`/experiment looks`" in refused.value.hint
    assert "before any look" in answer(bench, "cohorts").text


def test_cohorts_answers_from_the_newest_look(bench: LookBench) -> None:
    """This plan declares none, and that is said."""
    assert "No cohorts were declared." in str(answer(bench, "cohorts").blocks)
    assert "Look 1 of 4: cohorts" in str(answer(bench, "cohorts 1").blocks)


def test_a_verdict_before_the_plan_was_changed_is_explained_without_that(bench: LookBench) -> None:
    """What came later is not in it; the figures are of the registration as it was then."""
    bench.amend(TEXT.replace("[4, 7, 11, 14]", "[4, 7, 12, 14]"), breaking=True)
    bench.at(bench.now + timedelta(days=6))
    assert "changed after a look" not in str(answer(bench, "why 2").blocks)
    assert "changed after a look" in str(answer(bench, "why 3").blocks)
    assert "in a plan that was changed after a look" in str(answer(bench, "why 3 m2").blocks)


def test_in_a_channel_without_experiments_a_question_says_which_there_are(bench: LookBench) -> None:
    """Registered elsewhere."""
    asked = grammar.parse("experiment", "looks", by=PM, place=Place("C0OTHER"))
    with (
        bench.db.read() as session,
        pytest.raises(InputError, match="No experiment is registered in this") as no,
    ):
        slack_verbs.answer(session, bench.desk, asked, bench.now)
    assert f"`{ID}`" in no.value.hint


def test_help_names_every_verb(bench: LookBench) -> None:
    """Each can be typed as it stands there."""
    said = answer(bench, "help").text
    for verb in (
        "new",
        "register",
        "look N",
        "status",
        "plan",
        "looks",
        "cohorts",
        "why N",
        "amend",
        "stop",
        "peek",
    ):
        assert verb in said
