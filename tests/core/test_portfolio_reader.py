"""Portfolios from YAML and from tables: what is read, and what each fault says."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.candidate import Kind, Per, Reach
from bot.core.candidate_fields import fields_of, fields_of_portfolio, sha256_of
from bot.core.candidate_reader import read_candidate
from bot.core.dependencies import circle
from bot.core.portfolio import per_quarter
from bot.core.portfolio_reader import read_portfolio
from tests.core.portfolio_bench import TWELVE, candidate, twelve

GOOD = """\
kind: portfolio
candidates:
  - id: one
    title: A change
    reach: {value: 1M, unit: sessions}
    impact: {value: 0.5, unit: points, baseline: 0.2}
    confidence: 0.5
    effort: {weeks: 6}
"""


def said(text: str, name: str = "q.yaml") -> list[str]:
    """The findings of a file, as one reads them."""
    return [str(finding) for finding in read_portfolio(text, name=name)[1]]


def test_the_twelve_are_read_with_what_is_wrong_in_them() -> None:
    """AML-02's mistakes: claimed figures and ranks, mixed units, mixed metrics, a missing pre-mortem."""
    portfolio, findings = read_portfolio(TWELVE.read_text(encoding="utf-8"), name="q.yaml")
    assert portfolio is not None
    assert len(portfolio.candidates) == 12
    assert {finding.level for finding in findings} == {"warning"}
    found = [(finding.code, finding.message) for finding in findings]
    assert (
        "Q113",
        "claimed to come first: #1, #5, #2; by RICE in sessions x points these do: #1, #11, #2. #5 counts "
        "inventory operations x points of forecast error.",
    ) in found
    assert ("Q112", "#4 is claimed to score 41K; at 14 weeks it comes to 39.4K.") in found
    assert ("Q112", "#11 is claimed to score 78K; at 18 weeks it comes to 83.3K.") in found
    assert ("Q112", "#11 is claimed to score 52K; at 24 weeks it comes to 62.5K.") in found
    assert ("Q112", "#7 is claimed to score 67K, and it has no RICE: no reach is given.") in found
    assert (
        "Q115",
        "#11 takes 24 engineer-weeks and has no pre-mortem: it cannot be picked.",
    ) in found
    (mixed,) = [message for code, message in found if code == "Q114"]
    assert "images x points of detector quality: #6" in mixed
    claimed = {message.split()[0] for code, message in found if code == "Q112"}
    assert claimed == {"#4", "#7", "#11"}  # all others are right to their rounding


def test_a_portfolio_written_out_again_is_the_same() -> None:
    """Fields to YAML and back; the hash follows the content, not its order or its spelling of numbers."""
    portfolio = twelve()
    text = yaml.safe_dump(fields_of_portfolio(portfolio), sort_keys=False, allow_unicode=True)
    again, _ = read_portfolio(text, name="q.yaml")
    assert again == portfolio
    assert sha256_of(portfolio) == sha256_of(again)
    for one in portfolio.candidates:
        assert read_candidate(fields_of(one), name="the form")[0] == one
    assert fields_of(candidate())["impact"] == {
        "value": 0.5, "unit": "points", "metric": "rate", "baseline": 0.2,
    }  # fmt: skip
    assert len(sha256_of(portfolio)) == 64


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "confidence: 0.5",
            "confidence: 50",
            "q.yaml:7: error Q105 a confidence of 50 is no probability. Write 0.5.",
        ),
        (
            "confidence: 0.5",
            "confidence: -0.1",
            "q.yaml:7: error Q108 'confidence' is -0.1, a number from 0 to 1",
        ),
        ("confidence: 0.5", "confidence: likely", "error Q108 'confidence' is 'likely'"),
        ("confidence: 0.5", "confidence: true", "error Q108 'confidence' is True"),
        ("weeks: 6", "weeks: 0", "q.yaml:8: error Q108 'weeks' is 0. Write a number above 0."),
        ("weeks: 6", "days: 6", "q.yaml:8: error unknown-key unknown key 'days' in candidates[0].effort."),
        ("{weeks: 6}", "{}", "error missing candidates[0].effort needs 'weeks'."),
        ("value: 1M", "value: 8,0M", "error"),
        ("value: 1M", "value: '8,0M'", "error Q108 'value' is '8,0M'"),
        ("value: 1M", "value: -5", "error Q108 'value' is -5"),
        ("value: 1M", "value: 1e999", "error"),
        ("unit: sessions", "unit: ''", "error missing candidates[0].reach needs a text for 'unit'."),
        (
            "unit: sessions",
            "unit: sessions, per: year",
            "error Q107 'per' is 'year'. Use quarter, month, week, day.",
        ),
        ("baseline: 0.2", "baseline: 18.3", "q.yaml:6: error Q102 a baseline of 18.3 is no rate"),
        ("value: 0.5", "value: 90", "error Q102 0.2 and 90 points more are above 1."),
        ("value: 0.5", "value: 0.005", "q.yaml:6: warning Q103 0.005 points are 5e-05 of the rate."),
        ("unit: points, baseline: 0.2", "unit: percent", "warning Q104 an impact relative to a baseline"),
        ("id: one", "id: the first", "q.yaml:3: error Q101 'the first' cannot be a candidate's id."),
        ("title: A change", "title: A change\n    kind: idea", "error Q107 'kind' is 'idea'."),
        ("title: A change", "title: A change\n    depends_on: two", "error Q107 'depends_on' must be a list"),
        (
            "title: A change",
            "title: A change\n    depends_on: [two]",
            "error Q109 there is no candidate 'two'. There is: one.",
        ),
        (
            "title: A change",
            "title: A change\n    after: [one]",
            "error Q110 candidates need each other in a circle: one needs one.",
        ),
        (
            "title: A change",
            "title: A change\n    infrastructure: [store]",
            "error Q109 there is no infrastructure 'store'. There is: none.",
        ),
        (
            "title: A change",
            "title: A change\n    waiver: {by: Priya}",
            "error missing candidates[0].waiver needs a text for 'why'.",
        ),
        (
            "title: A change",
            "title: A change\n    pre_mortem: {contingency: Stop.}",
            "error missing candidates[0].pre_mortem needs a list 'risks'.",
        ),
        (
            "title: A change",
            "title: A change\n    pre_mortem: {risks: [{risk: index}], contingency: Stop.}",
            "error missing candidates[0].pre_mortem.risks[0] needs 'weeks'.",
        ),
        (
            "title: A change",
            "title: A change\n    evoi: {what: x}",
            "error playbook-shape evoi must be a list of decisions.",
        ),
        (
            "title: A change",
            "title: A change\n    evoi: [{what: x, horizon: 4, threshold: 0.5, sd: 1}]",
            "error Q106 a prior of its own needs both mean and sd.",
        ),
        ("candidates:", "gut_feel: [two]\ncandidates:", "q.yaml:2: error Q109 there is no candidate 'two'."),
        (
            "candidates:",
            "capacity: {slots: 2.5}\ncandidates:",
            "error Q108 'slots' is 2.5. Write a whole number.",
        ),
        (
            "candidates:",
            "capacity: {engineer_weeks: lots}\ncandidates:",
            "error Q108 'engineer_weeks' is 'lots'",
        ),
        (
            "candidates:",
            "history: {confidences: [{confidence: 0.8, tried: 3, succeeded: 4}]}\ncandidates:",
            "error Q111 4 of 3 experiments cannot have succeeded.",
        ),
        (
            "candidates:",
            "history: {projects: [{title: x, estimated: 0, actual: 3}]}\ncandidates:",
            "error Q108 'estimated' is 0.",
        ),
        (
            "candidates:",
            "outcomes: [{candidate: one, shipped: true, lift: 1, low: 2, high: 3}]\ncandidates:",
            "error Q111 a lift of 1 lies outside of its interval.",
        ),
        (
            "candidates:",
            "worths: [{reach: images, impact: points, value: 0}]\ncandidates:",
            "error Q108 'value' is 0.",
        ),
        (
            "kind: portfolio",
            "kind: triage",
            "q.yaml:1: error playbook-kind kind is 'triage', 'portfolio' was expected.",
        ),
        (
            GOOD,
            "- one\n- two\n",
            "error playbook-shape the file is not a mapping. Begin with `kind: portfolio`.",
        ),
        (GOOD, "kind: portfolio\ncandidates: []\n", "error missing the file needs a list 'candidates'."),
        (GOOD, "kind: portfolio\ncandidates: &a [*a]\n", "error playbook-yaml"),
    ],
)
def test_every_fault_says_where_what_and_how_to_mend_it(old: str, new: str, expected: str) -> None:
    """One bad file per fault, nothing raised."""
    assert said(GOOD) == []
    assert old in GOOD
    found = said(GOOD.replace(old, new, 1))
    assert any(expected in one for one in found), found


def test_candidates_in_a_circle_are_all_named() -> None:
    """Whichever order they stand in."""
    three = [
        candidate("a", depends_on=("b",)),
        candidate("b", after=("c",)),
        candidate("c", depends_on=("a",)),
    ]
    assert circle(three) == ("a", "b", "c", "a")
    assert circle([three[2], three[0], three[1]]) == ("c", "a", "b", "c")
    diamond = [candidate("a", depends_on=("b", "c")), candidate("b", depends_on=("d",))]
    assert circle([*diamond, candidate("c", depends_on=("d",)), candidate("d")]) == ()
    text = GOOD.replace("title: A change", "title: A change\n    depends_on: [two]")
    text += "  - {id: two, title: Other, depends_on: [one]}\n"
    assert any(
        "Q110 candidates need each other in a circle: one needs two needs one." in one for one in said(text)
    )


def test_two_candidates_of_one_id_are_told_apart_by_nobody() -> None:
    """And more candidates than anybody reads are refused."""
    assert any("duplicate-id 'one'" in one for one in said(GOOD + "  - {id: one, title: Again}\n"))
    many = GOOD + "".join(f"  - {{id: x{n}, title: Again}}\n" for n in range(200))
    assert any("201 candidates are more than 200." in one for one in said(many))


TABLE = """\
id,title,reach,reach_unit,reach_per,impact,impact_unit,baseline,confidence,effort_weeks,depends_on,done
"#1","Reranker, L12",8.0M,sessions,,0.5,points,0.183,0.6,12,,
two,Intent,3500,users,day,0.8,points,,0.43,8,#1,true
"""


@pytest.mark.parametrize(
    "twice",
    [
        "infrastructure: [{name: p, weeks: 2}, {name: p, weeks: 3}]",
        "outcomes: [{candidate: one, shipped: true}, {candidate: one, shipped: false}]",
        "worths: [{reach: a, impact: points, value: 2}, {reach: a, impact: points, value: 3}]",
    ],
)
def test_of_two_figures_for_one_thing_none_is_taken(twice: str) -> None:
    """Which of them counted would depend on who reads it."""
    found, findings = read_portfolio(f"{GOOD}\n{twice}\n", name="p.yaml")
    assert found is None
    assert any("is there twice" in str(one) for one in findings)


def test_a_table_says_what_yaml_says() -> None:
    """Commas, semicolons or tabs, with a byte order mark or Windows line ends."""
    for text in (TABLE, "\ufeff" + TABLE.replace("\n", "\r\n")):
        portfolio, findings = read_portfolio(text, name="q.csv")
        assert portfolio is not None, findings
        first, second = portfolio.candidates
        assert (first.id, first.title, first.confidence) == ("#1", "Reranker, L12", 0.6)
        assert first.reach == Reach(8e6, "sessions")
        assert second.reach == Reach(3500, "users", Per.DAY)
        assert (second.depends_on, second.done, second.kind) == (("#1",), True, Kind.EXPERIMENT)
        assert [(one.code, one.line) for one in findings] == [("Q114", 1), ("Q115", 2)]
    for separator in (";", "\t"):
        text = TABLE.replace('"Reranker, L12"', "Reranker").replace(",", separator)
        assert read_portfolio(text, name="pasted")[0] is not None


def test_a_row_has_room_for_a_pre_mortem_and_one_decision() -> None:
    """Risks as `risk: weeks`, separated by semicolons; a risk without weeks is told."""
    head = "id,title,reach,reach_unit,impact,impact_unit,baseline,confidence,effort_weeks,risks,contingency"
    row = 'a,A,1M,sessions,0.5,points,0.2,0.5,14,"index rebuilt: 3; keyed: vectors: 4",Stop at week 8.'
    text = f"{head},evoi_what,evoi_horizon,evoi_threshold\n{row},which way,4,0.3\n"
    portfolio, findings = read_portfolio(text, name="q.csv")
    assert portfolio is not None, findings
    (one,) = portfolio.candidates
    assert one.pre_mortem is not None
    risks = [(risk.risk, risk.weeks) for risk in one.pre_mortem.risks]
    assert risks == [("index rebuilt", 3), ("keyed: vectors", 4)]
    assert [(choice.what, choice.horizon, choice.threshold) for choice in one.choices] == [
        ("which way", 4, 0.3)
    ]
    bare = said(text.replace("index rebuilt: 3", "index rebuilt"), "q.csv")
    assert any("needs 'weeks'" in line for line in bare)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "id,title,colour\na,b,red\n",
            "q.csv:1: error playbook-yaml unknown column 'colour'. Columns: id, title,",
        ),
        ("id,reach\na,3\n", "q.csv:1: error playbook-yaml no column 'title'."),
        ("id,title,id\na,b,c\n", "column 'id' stands twice."),
        ("id,title\n", "the table has no candidate."),
        ("", "the table has no candidate."),
        ("id,title\na,b,c\n", "q.csv:2: error playbook-yaml the row has 3 cells, the header 2."),
        ('id,title\na,"b\n', "q.csv:"),
        ("id,title\n\0,b\n", "NUL"),
        ("id,title,confidence\na,b,60%\n", "q.csv:2: error Q108 'confidence' is '60%'"),
        ('id,title,confidence\na,b,"0,6"\n', "q.csv:2: error Q108 'confidence' is '0,6'"),
        ("id,title,done\na,b,perhaps\n", "q.csv:2: error not-a-flag"),
        ("id,title,reach\n\na,b,8M\n", "q.csv:3: error missing candidates[0].reach needs a text for 'unit'."),
    ],
)
def test_a_bad_table_says_which_row(text: str, expected: str) -> None:
    """Nothing raised, the line of the row."""
    found = said(text, "q.csv")
    assert any(expected in one for one in found), found


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["q.yaml", "q.csv", "pasted"]))
def test_no_text_at_all_breaks_the_reader(text: str, name: str) -> None:
    """Whatever it is, it is findings."""
    portfolio, findings = read_portfolio(text, name=name)
    assert portfolio is not None or findings


def test_a_reach_is_counted_over_a_quarter_of_thirteen_weeks() -> None:
    """3,500 new readers a day are 318,500 a quarter."""
    assert [per_quarter(Reach(1, "users", per)) for per in Per] == [1, 3, 13, 91]
