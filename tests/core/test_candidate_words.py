"""Candidates as people type them: what is read, what comes back, what each wrong field is told."""

from dataclasses import replace

import pytest

from bot.core.candidate import Candidate, Choice, Impact, Kind, Per, Reach
from bot.core.candidate_words import FIELDS, WordsError, pre_mortem, read, typed, words
from bot.errors import InputError


def test_every_example_in_the_form_can_be_read() -> None:
    """What the hints show is taken, and comes back as the form would show it."""
    given = FIELDS | {"kind": "tooling"}
    found = read(given)
    assert found.reach == Reach(8_000_000, "sessions")
    assert found.impact == Impact(
        0.5, "points", "useful_answer_rate", baseline=0.183, sd=0.142, heuristic=0.1
    )
    assert (found.confidence, found.kind, found.depends_on) == (0.6, Kind.TOOLING, ("CAN-1", "CAN-4"))
    assert found.effort is not None
    assert found.effort.weeks == 12
    assert (found.choices[0].horizon, found.choices[0].threshold) == (4, 0.3)
    assert read(words(found)) == found


@pytest.mark.parametrize(
    ("text", "value", "unit", "per"),
    [
        ("8,000,000 sessions", 8e6, "sessions", Per.QUARTER),
        ("1.2k users per day", 1200, "users", Per.DAY),
        ("12 million cover images a month", 12e6, "cover images", Per.MONTH),
        ("0.5M orders/week", 5e5, "orders", Per.WEEK),
    ],
)
def test_reach_is_read_with_its_unit(text: str, value: float, unit: str, per: Per) -> None:
    """However the number is written, and over whichever time."""
    assert read({"title": "x", "reach": text}).reach == Reach(value, unit, per)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("title", "", "a candidate needs a title"),
        ("kind", "idea", "no kind"),
        ("reach", "many sessions", "no reach"),
        ("reach", "-3 sessions", "not above 0"),
        ("reach", "8M sessions a year", "none of quarter, month, week, day"),
        ("impact", "+0.5", "say by how much, its unit"),
        ("baseline", "18 %", "belongs to an impact"),
        ("confidence", "60", "no probability"),
        ("confidence", "0", "no probability"),
        ("effort", "a lot", "no engineer-weeks"),
        ("effort", "1e99 weeks", "too large"),
        ("test", "lots", "says not how many"),
        ("choice", "direction", "by semicolons"),
        ("notes", "x" * 2001, "2000 is the most"),
    ],
)
def test_a_wrong_field_is_told_what_it_should_look_like(field: str, text: str, said: str) -> None:
    """Under the field itself, with an example."""
    with pytest.raises(WordsError) as caught:
        read({"title": "x"} | {field: text})
    assert said in caught.value.faults[field]
    assert list(caught.value.faults) == [field]


def test_what_is_not_named_stays_and_what_is_emptied_is_not_known() -> None:
    """An edit touches only its fields."""
    before = read({"title": "x", "effort": "18 weeks, corrected 24", "team": "chatbot", "reach": "1k users"})
    after = read({"team": "", "reach": ""}, before)
    assert (after.team, after.reach, after.effort) == ("", None, before.effort)
    assert after.needs_pre_mortem


def test_what_words_cannot_say_survives_being_edited() -> None:
    """A unit of two words, more digits than are shown, a second decision: only what was changed changes."""
    impact = Impact(5.0, "sMAPE points", "forecast error", baseline=0.18345678901234)
    choices = (Choice("a", 2.0, 0.5), Choice("b", 1.0, 0.1))
    before = Candidate("CAN-1", "x", impact=impact, choices=choices)
    assert read(words(before), before) == before
    assert read(words(before) | {"confidence": "0.4"}, before) == replace(before, confidence=0.4)


def test_typed_fields_are_parted_by_semicolons() -> None:
    """A choice has semicolons of its own; an unknown field names those there are."""
    found = typed("Cold start HRNN; choice=which direction; 4 quarters; from 0.3; effort=18")
    assert found == {
        "title": "Cold start HRNN",
        "choice": "which direction; 4 quarters; from 0.3",
        "effort": "18",
    }
    with pytest.raises(InputError, match=r"Read `colour=red`\. Fields are title, kind"):
        typed("x; colour=red")
    with pytest.raises(InputError, match="`effort` is given twice"):
        typed("x; effort=1; effort=2")


def test_a_pre_mortem_names_risks_with_weeks_and_what_is_done_then() -> None:
    """A risk a line; without weeks, without risks or without a contingency it is told so."""
    found = pre_mortem(
        "serving cost doubles: 4 weeks\n- two on-calls (+2 weeks)", "stop at week 8 and go back"
    )
    assert [(one.risk, one.weeks) for one in found.risks] == [
        ("serving cost doubles", 4),
        ("two on-calls", 2),
    ]
    with pytest.raises(WordsError) as caught:
        pre_mortem("it may be late", "")
    assert "the weeks, a line each" in caught.value.faults["risks"]
    assert "contingency" in caught.value.faults
