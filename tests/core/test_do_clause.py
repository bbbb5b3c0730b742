"""The do() clause: what is set to what is taken, what only goes together is refused with how to say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.do_clause import NotDoneError, parse

AML_01 = (
    "Pr(retention | do(cold-start = quiz), cohort = JP-new) \N{MINUS SIGN} "
    "Pr(retention | do(cold-start = popularity), cohort = JP-new) \N{GREATER-THAN OR EQUAL TO} MDE"
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("do(cold_start = quiz)", "do(cold_start = quiz)"),
        ("  DO( cold_start=quiz ) ", "do(cold_start = quiz)"),
        ("do(reranker = MiniLM-L12, top_k = 50)", "do(reranker = MiniLM-L12, top_k = 50)"),
        ("do(rank = f(x, y))", "do(rank = f(x, y))"),
        ("do(a = 1) vs do(a = 2)", "do(a = 1) vs do(a = 2)"),
        (AML_01, "do(cold-start = quiz) vs do(cold-start = popularity)"),
        ("users who get do(quiz = on) are compared with those who do not", "do(quiz = on)"),
    ],
)
def test_what_is_set_to_what_is_an_intervention(written: str, read: str) -> None:
    """Alone, beside what it is compared with, or inside the reference's formula."""
    assert parse(written).whole == read


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "nothing is written"),
        ("users who correct the bot retain better", "what they chose to do"),
        ("Quiz completion correlates with retention", "“correlates with” says that two things go together"),
        ("taste diversity is associated with churn", "“associated with”"),
        ("completing the quiz predicts week-2 retention", "“predicts”"),
        ("readers of manga are more likely to stay", "“more likely”"),
        ("P(y|x)", "among those who have x anyway"),
        ("Pr(retention | quiz = done) > Pr(retention | quiz = skipped)", "among those who have x anyway"),
        ("E[retention | quiz]", "among those who have x anyway"),
        ("we show a quiz", "names no intervention"),
        ("do quiz", "no parentheses"),
        ("do()", "is empty"),
        ("do(quiz)", "does not say what is set to what"),
        ("do(= quiz)", "does not say what is set to what"),
        ("do(quiz = )", "does not say what is set to what"),
        ("do(quiz == on)", "does not say what is set to what"),
        ("do(quiz = on", "never closed"),
        ("do(quiz = on, quiz = off)", "set twice"),
        ("do(a = 1) vs do(a = 1)", "nothing differs"),
        ("do(a = 1) vs do(b = 1)", "different things: a against b"),
        ("do(a = 1) vs do(a = 2) vs do(a = 3)", "3 different"),
        ("do(week2_retention = 42 %)", "is the outcome"),
        ("do(country = JP)", "what people are"),
        ("do(readers who quiz = yes)", "picks people"),
        ("undo(cold_start = quiz)", "names no intervention"),
        ("do(x = 1) " + "y" * 600, "500 is the most"),
    ],
)
def test_what_nobody_does_is_refused_with_the_reason_and_how_to_say_it(written: str, why: str) -> None:
    """An association, a condition, an outcome, a trait, or nothing at all."""
    with pytest.raises(NotDoneError) as refused:
        parse(written, "Week2 Retention")
    assert why in str(refused.value)
    assert refused.value.hint


def test_two_clauses_are_the_same_however_they_are_spelt() -> None:
    """A registration may write cold-start where the framing wrote cold_start."""
    assert parse("do(cold-start = Quiz)").same_as(parse("do(cold_start=quiz) vs do(cold_start=none)"))
    assert not parse("do(cold_start = quiz)").same_as(parse("do(cold_start = model)"))


@given(st.text(max_size=300))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    """Nothing else comes out of it, and what was read reads the same again."""
    try:
        clause = parse(text)
    except NotDoneError:
        return
    assert parse(clause.text).text == clause.text
