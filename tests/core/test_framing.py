"""A framing, read and judged: AML-01 of the reference, and everything that can be written wrongly in one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.framing import (
    FIELDS,
    STEP_OF,
    F,
    FramingField,
    Page,
    Recommendation,
    Step,
    number_of,
    sha256_of,
)
from bot.core.framing_check import Reach, lead, missing, option_line, reach, remarks
from bot.core.framing_figures import Span, span
from bot.core.framing_reader import Evidence, evidence, read
from bot.core.framing_worth import Worth, compare
from bot.stats.undecided import Undecided
from bot.views import framing_words as words
from tests.core.framing_bench import YUKI

TODAY = dt.date(2026, 11, 23)


def lacks(**changed: str) -> list[str]:
    """What keeps Yuki's framing from being decided once these fields are changed."""
    return [one.what for one in missing(read(YUKI | changed), TODAY)]


def test_every_field_stands_on_one_page() -> None:
    """In the order in which the fields are declared."""
    assert [name for step in Step for name in FIELDS[step]] == list(FramingField)
    assert (Step.LETTER.previous, Step.RECOMMENDATION.following) == (None, None)
    assert Step.LETTER.following is Step.SIGNALS


def test_the_reference_can_be_decided_as_it_is_written() -> None:
    """AML-01: nothing is missing, the intervention is read out of its formula."""
    framed = read(YUKI)
    assert framed.faults == {}
    assert missing(framed, TODAY) == ()
    assert framed.do is not None
    assert framed.do.whole == "do(cold_start = quiz) vs do(cold_start = popularity)"
    assert [one.source for one in framed.evidence] == [
        "Spotify, industry report", "cohort comparison, warehouse", "customer research, JP cohort",
    ]  # fmt: skip
    assert (framed.prior, framed.recommendation) == (0.55, Recommendation.HEURISTIC_FIRST)


def test_the_references_figures_are_computed_not_repeated() -> None:
    """31 % to 35 % takes 2,168 per arm (R power.prop.test), not 8.7K; its H1 starts from 38 %."""
    framed = read(YUKI)
    found = reach(framed)
    assert isinstance(found, Reach)
    assert found.per_arm == 2169
    assert found.days == pytest.approx(2 * 2169 / 3500 + 14)
    assert remarks(framed) == (
        "H1 goes from 38 % to 42 %, and the baseline is 31 %: +4 points from there is 35 %.",
    )


def test_ml_brings_two_to_three_points_on_top_at_four_times_the_cost() -> None:
    """The six-pager's sentence of AML-01, from the options' own figures."""
    worth = compare(read(YUKI))
    assert isinstance(worth, Worth)
    assert (worth.on_top.low, worth.on_top.high, worth.times) == (2, 3, 4)
    assert worth.heuristic_a_week == pytest.approx(4 / 3)
    assert worth.on_top_a_week == pytest.approx(2.5 / 12)
    assert worth.staged == pytest.approx(3 + 0.55 * 12)
    assert worth.favours_heuristic


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ml_value": "900 orders"}, "different units"),
        ({"ml_value": ""}, "the ML option has no expected value"),
        ({"heuristic_weeks": ""}, "the heuristic has no cost"),
    ],
)
def test_options_that_cannot_be_compared_are_undecided(changed: dict[str, str], reason: str) -> None:
    """Never a comparison of points with orders."""
    worth = compare(read(YUKI | changed))
    assert isinstance(worth, Undecided)
    assert reason in worth.reason


def test_units_are_the_same_however_they_are_spelt() -> None:
    """Points, percentage points and pp."""
    worth = compare(read(YUKI | {"heuristic_value": "4pp", "ml_value": "6 percentage points"}))
    assert isinstance(worth, Worth)


def test_an_empty_framing_lacks_everything_in_the_order_of_the_pages() -> None:
    """Each by its name, the first of it in a clause."""
    found = missing(read({}), TODAY)
    assert len(found) == 24
    assert [one.step.number for one in found] == sorted(one.step.number for one in found)
    assert lead(found) == "a title, and 23 more"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"do": "users who quiz retain better"}, "do() clause: It compares people".lower()),
        ({"evidence": "Everybody knows it"}, "a source for piece 1 of the evidence (“everybody knows it”)"),
        ({"prior": "1"}, "prior probability: `1` is no probability that a result could change"),
        ({"prior": "110 %"}, "prior probability: `110 %`"),
        ({"prior": "likely"}, "prior probability: `likely` is not a number"),
        ({"heuristic_value": "4"}, "the unit of the heuristic's expected value"),
        ({"ml_weeks": "3 months"}, "the ml option's cost: `months` is no unit of cost"),
        ({"ml_weeks": "0"}, "more than 0 engineer-weeks"),
        ({"baseline": "31"}, "baseline: `31` is no share"),
        ({"effect": "4 %"}, "effect worth having: `4 %` may be points or percent"),
        ({"effect": "0"}, "an effect of 0 is h0"),
        ({"window": "1.5"}, "window: `1.5` is no number of days"),
        ({"traffic": "-3"}, "units a day: `-3` is no count"),
        ({"revisit": "next spring"}, "the day of looking again: `next spring` is not a date"),
        ({"revisit": "2026-11-23"}, "a day to come for looking at it again (2026-11-23 is not)"),
        ({"recommendation": "not now", "revisit": ""}, "the day on which “not now” is looked at again"),
        ({"recommendation": "ML now"}, "a yes in stage 1"),
        ({"recommendation": "ML now", "stage1_answer": "yes", "stage2_answer": "no"}, "stage 2 says that ml"),
        ({"stage1_answer": "no"}, "stage 1 says that nothing moves it"),
        ({"stage2_answer": "yes"}, "stage 1 first"),
        ({"recommendation": "both"}, "`both` is no recommendation"),
        ({"h1": YUKI["h0"].upper()}, "h0 and h1 say the same"),
        ({"stay": "  \n "}, "what would have made them stay"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_missing_is_named(changed: dict[str, str], said: str) -> None:
    """One thing at a time, with what was read and how to write it."""
    assert any(said in one.lower() for one in lacks(**changed)), lacks(**changed)


def test_ml_now_is_possible_once_something_is_known_to_move_it() -> None:
    """And says where the figures speak against it."""
    changed = {"recommendation": "ML now", "stage1_answer": "yes", "revisit": ""}
    assert lacks(**changed) == []
    assert "The figures favour the heuristic" in remarks(read(YUKI | changed))[-1]


def test_a_prior_near_certainty_and_figures_for_ml_are_remarked() -> None:
    """They keep nobody from deciding."""
    changed = YUKI | {"prior": "0.97", "ml_weeks": "1", "h1": "It rises"}
    assert [one.partition(":")[0] for one in remarks(read(changed))] == [
        "The figures favour ML", "A prior of 0.97 takes H1 for all but true",
    ]  # fmt: skip
    assert lacks(prior="0.97", ml_weeks="1") == []


def test_sources_stand_behind_a_bar_in_parentheses_or_are_the_link() -> None:
    """Bullets and empty lines are left out."""
    assert evidence("- a | b\n\nc (source: d)\nsee https://x.example/y\nplain") == (
        Evidence("a", "b"), Evidence("c", "d"),
        Evidence("see https://x.example/y", "https://x.example/y"), Evidence("plain", ""),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("+4 points", Span(4, 4, "points")),
        ("2-3pp", Span(2, 3, "pp")),
        ("-3 to -2 ms", Span(-3, -2, "ms")),
        ("1,200 orders", Span(1200, 1200, "orders")),
    ],
)
def test_a_value_is_a_figure_or_a_span_with_its_unit(written: str, read_as: Span) -> None:
    """As people write them."""
    assert span(written) == read_as


@pytest.mark.parametrize("written", ["a lot", "7 to 6", "$4", "4 5", "9" * 400])
def test_a_value_that_is_none_is_refused(written: str) -> None:
    """Also one that goes downwards, or is beyond all numbers."""
    with pytest.raises(ValueError, match=r"Write|too large"):
        span(written)


_SAID = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["1e-300", "31 %", "+4 points", "0.5", "3", "9" * 80, "1 to 2 ms", "a | b", "do(a = b)"]),
    st.floats().map(str),
)


@given(st.dictionaries(st.sampled_from(list(FramingField)), _SAID))
def test_whatever_is_written_is_read_and_judged(fields: dict[str, str]) -> None:
    """What cannot be read is a fault of its field; nothing else comes of it."""
    framed = read(fields)
    lacks = missing(framed, TODAY)
    assert all(any(one.step is STEP_OF[name] for one in lacks) for name in framed.faults)
    assert remarks(framed) is not None
    assert words.six_pager(framed, "FRM-1").endswith("(FRM-1)")
    assert [words.takes(framed), words.worth(framed), words.order(framed)]


def test_an_effect_too_small_to_be_seen_is_undecided() -> None:
    """And one beyond all shares."""
    for effect, said in (
        ("1e-300", "cannot be detected"),
        ("1e-7", "cannot be detected"),
        ("+70 points", "between 0 and 1"),
    ):
        found = reach(read(YUKI | {"effect": effect}))
        assert isinstance(found, Undecided)
        assert said in found.reason


def test_an_option_is_said_with_signs_and_units() -> None:
    """Singular for one week."""
    framed = read(YUKI | {"heuristic_weeks": "1"})
    assert option_line(framed.heuristic) == "+4 points of week-2 retention for 1 engineer-week"
    assert option_line(framed.ml) == "+6 to +7 points of week-2 retention for 12 engineer-weeks"
    assert option_line(read({}).ml) == "value not given for cost not given"


def test_the_hash_is_of_what_is_written() -> None:
    """Not of fields left empty, nor of the order they came in."""
    assert sha256_of({"a": "1", "b": " "}) == sha256_of({"a": "1"})
    assert sha256_of({"a": "1"}) != sha256_of({"a": "2"})
    assert len(sha256_of({F.TITLE: "x"})) == 64


@pytest.mark.parametrize(
    ("typed", "number"),
    [("FRM-3", 3), ("frm3", 3), (" 3 ", 3), ("FRM-0", None), ("INC-3", None), ("", None), ("FRM-x", None)],
)
def test_a_framing_is_named_as_people_type_it(typed: str, number: int | None) -> None:
    """By FRM-3, or the number alone."""
    assert number_of(typed) == number


def test_a_page_is_carried_by_its_form() -> None:
    """What is no page, such as a title typed behind the command, is none."""
    page = Page(Step.EVIDENCE, "U0.1", 3, 1.5)
    assert Page.decode(page.encode()) == page
    for text in ("", "New readers leave", "[]", "{}", '{"s":"x","t":"","n":1,"o":0}', "[" * 100_000):
        assert Page.decode(text) is None
