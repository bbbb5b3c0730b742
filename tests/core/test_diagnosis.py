"""The diagnosis of AML-04: five causes, evidence, answers, and what may be concluded from them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.diagnosis import Answer, Diagnosis, Line, Plan, Verdict, wrong
from bot.core.diagnosis_reader import read_diagnosis
from bot.core.harness_declared import Cause
from bot.settings import shipped

FILE: Path = shipped("playbooks") / "correlation.yaml"
TEXT = FILE.read_text(encoding="utf-8")
OPENED = datetime(2026, 11, 23, 9, tzinfo=UTC)
AML_04 = {
    Cause.METRIC_PROXY: Verdict.HIT,
    Cause.DISTRIBUTION_SHIFT: Verdict.PARTIAL,
    Cause.SELECTION_BIAS: Verdict.PARTIAL,
    Cause.LABEL_LEAKAGE: Verdict.PARTIAL,
    Cause.GOODHARTING: Verdict.PARTIAL,
}


def plan() -> Plan:
    """The shipped playbook."""
    read, findings = read_diagnosis(TEXT, name="correlation.yaml")
    assert read is not None, findings
    return read


def diagnosed(answers: dict[Cause, Verdict]) -> Diagnosis:
    """A diagnosis with these answers."""
    found = Diagnosis(1, "C0", "U0", OPENED, "r 0.41")
    for cause, verdict in answers.items():
        found = found.answer(Answer(cause, verdict, "U0", OPENED.isoformat()))
    return found


def test_the_shipped_playbook_walks_all_five() -> None:
    """Each with a fix."""
    assert {one.cause for one in plan().steps} == set(Cause)
    assert all(one.fix and one.ask for one in plan().steps)


def test_the_references_case_has_one_dominant_cause() -> None:
    """AML-04: the metric's proxy is hit, the others contribute."""
    dominant, secondary = diagnosed(AML_04).proposed(plan())
    assert dominant is Cause.METRIC_PROXY
    assert secondary[0] is Cause.DISTRIBUTION_SHIFT
    assert wrong(diagnosed(AML_04), plan(), "metric_proxy", ["distribution_shift"]) == ""


def test_it_is_walked_in_order_and_back() -> None:
    """The first cause without an answer comes next."""
    found = diagnosed({})
    assert found.current(plan()) == plan().steps[0]
    one = found.answer(Answer(Cause.METRIC_PROXY, Verdict.HIT, "U0", ""))
    assert one.current(plan()) == plan().steps[1]
    assert one.back() == found
    changed = one.answer(Answer(Cause.METRIC_PROXY, Verdict.CLEAR, "U0", ""))
    assert [answer.verdict for answer in changed.answers] == [Verdict.CLEAR]


@pytest.mark.parametrize(
    ("lines", "suggested"),
    [
        ((), None),
        ((("clear", ""), ("clear", "")), Verdict.CLEAR),
        ((("clear", ""), ("unknown", "")), None),
        ((("clear", ""), ("suspect", "partial")), Verdict.PARTIAL),
        ((("suspect", "partial"), ("unknown", ""), ("suspect", "hit")), Verdict.HIT),
    ],
)
def test_the_worst_line_speaks_and_what_is_unknown_clears_nothing(
    lines: tuple[tuple[str, str], ...], suggested: Verdict | None
) -> None:
    """Nothing measured suggests nothing."""
    evidence = tuple(Line(Cause.METRIC_PROXY, status, "x", verdict) for status, verdict in lines)
    found = Diagnosis(1, "C0", "U0", OPENED, "", evidence=evidence)
    assert found.suggests(Cause.METRIC_PROXY) is suggested


@pytest.mark.parametrize(
    ("changes", "dominant", "secondary", "said"),
    [
        ({}, "goodharting", [], "goodharting is a partial hit only, and metric proxy is a hit"),
        ({}, "", [], "a cause was hit, and none was named as the dominant one"),
        ({}, "metric_proxy", ["metric_proxy"], "metric proxy is named as dominant and as contributing"),
        (
            {Cause.GOODHARTING: Verdict.CLEAR},
            "metric_proxy",
            ["goodharting"],
            "goodharting was answered clear",
        ),
        ({}, "bad_luck", [], "bad luck was answered not at all"),
        (dict.fromkeys(Cause, Verdict.CLEAR), "", [], ""),
        (dict.fromkeys(Cause, Verdict.UNKNOWN), "", [], ""),
    ],
)
def test_a_conclusion_rests_on_the_answers(
    changes: dict[Cause, Verdict], dominant: str, secondary: list[str], said: str
) -> None:
    """What was answered clear is no cause."""
    assert wrong(diagnosed(AML_04 | changes), plan(), dominant, secondary) == said


def test_nothing_is_concluded_before_every_cause_has_an_answer() -> None:
    """The one that waits is named."""
    assert wrong(diagnosed({Cause.METRIC_PROXY: Verdict.HIT}), plan(), "metric_proxy", []) == (
        "Distribution shift has no answer yet"
    )


def test_several_hits_need_a_person_to_say_which() -> None:
    """None is proposed as the dominant one."""
    hits = diagnosed(AML_04 | {Cause.GOODHARTING: Verdict.HIT})
    assert hits.proposed(plan())[0] is None


@pytest.mark.parametrize(
    ("old", "new", "below", "code"),
    [
        ("cause: goodharting", "cause: bad_luck", 0, "diagnosis-cause"),
        ("cause: goodharting", "cause: metric_proxy", 0, "duplicate-id"),
        ("kind: diagnosis", "kind: triage", 0, "playbook-kind"),
        ("    name: Label leakage\n", "", -1, "missing"),
        ("    name: Label leakage\n", "    name: Label leakage\n    evidence: [a]\n", 1, "unknown-key"),
        ("causes:\n", "evidence: {bad_luck: {}}\ncauses:\n", 0, "unknown-key"),
        ("causes:\n", "evidence: [a]\ncauses:\n", 0, "playbook-shape"),
        ("id: correlation", "id: Correlation 1", 0, "bad-id"),
        ("id: correlation", "id: correlation\nsteps: []", 1, "unknown-key"),
    ],
)
def test_a_playbook_with_a_fault_says_where(old: str, new: str, below: int, code: str) -> None:
    """By line and code."""
    read, findings = read_diagnosis(TEXT.replace(old, new, 1), name="c.yaml")
    assert read is None
    line = TEXT.count("\n", 0, TEXT.index(old)) + 1 + below
    assert (line, code) in [(one.line, one.code) for one in findings], findings
