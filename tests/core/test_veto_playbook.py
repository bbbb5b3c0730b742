"""The playbooks after a veto: the shipped ones, what a team may change, and every fault with its line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.core.veto_reader import read_redesign, read_veto

ROOT = Path(__file__).parents[2]
VETO = (ROOT / "playbooks/veto.yaml").read_text(encoding="utf-8")
REDESIGN = (ROOT / "playbooks/cohort_redesign.yaml").read_text(encoding="utf-8")


def test_the_shipped_plan_runs_from_day_0_to_14_and_asks_a_whole_review() -> None:
    """AML-05: document, drill down, root cause, diagnostic, and what to do then."""
    plan, findings = read_veto(VETO, name="veto.yaml")
    assert findings == ()
    assert plan is not None
    assert [(task.id, task.day) for task in plan.tasks] == [
        ("hold", 0), ("document", 1), ("drill_down", 3), ("root_cause", 7), ("diagnostic", 14),
        ("next_step", 14),
    ]  # fmt: skip
    assert plan.tasks[2].about("csat").title.startswith("Drill down into csat: which session types")
    assert all(task.owner for task in plan.tasks)
    assert [field.id for field in plan.override.fields] == [
        "what_happened", "customer_impact", "evidence_against", "why_not_rerun", "rollback", "consulted",
    ]  # fmt: skip
    assert (plan.override.max_days, plan.override.retrospective_days) == (28, 60)


def test_the_shipped_redesign_recommends_the_stratified_retrain_over_the_carve_out() -> None:
    """AML-06: four engineer-weeks against one, and why the dearer one is recommended."""
    plan, findings = read_redesign(REDESIGN, name="cohort_redesign.yaml")
    assert findings == ()
    assert plan is not None
    assert [(one.label, one.title, one.cost, one.recommended) for one in plan.options] == [
        ("A", "Stratified retrain", "4 engineer-weeks", True),
        ("B", "Carve-out", "1 engineer-week", False),
    ]
    assert len(plan.questions) == 4
    assert [task.day for task in plan.tasks] == [0, 3, 4, 14, 35, 42, 56]
    assert plan.option("carve_out") is plan.options[1]
    assert plan.option("ship_it") is None


@pytest.mark.parametrize(
    ("find", "replace", "said"),
    [
        ("day: 3", "day: soon", "error not-a-number 'day' is 'soon', a whole number from 0 to 365 was"),
        ("day: 3", "day: -3", "error not-a-number 'day' is -3"),
        ("day: 3", "day: true", "error not-a-number 'day' is True"),
        ("day: 7", "day: 2", "error task-order 'root_cause' on day 2 comes after 'drill_down' on day 3."),
        ("id: drill_down", "id: document", "error duplicate-id 'document' is given twice."),
        ("id: drill_down", "id: Drill down", "error bad-id 'Drill down' cannot be an id."),
        ("Drill down into {lines}", "Drill into {cohort}", "error unknown-placeholder {cohort} stands for"),
        ("owner: [em, pm, owner]", "owner: []", "error missing 'next_step' has no owner."),
        ("owner: [em, pm, owner]", "owners: [em]", "error unknown-key unknown key 'owners'"),
        ("max_days: 28", "max_days: 4000", "error not-a-number 'max_days' is 4000"),
        ("min_length: 20", "min_length: 0", "error not-a-number 'min_length' is 0"),
        ("label: What happened", f"label: {'x' * 80}", "error label-length the label has 80 characters"),
        ("kind: veto", "kind: vetoes", "error playbook-kind kind is 'vetoes', 'veto' was expected."),
        ("override:", "overrides:", "error unknown-key unknown key 'overrides'"),
    ],
)
def test_a_fault_is_said_with_its_line(find: str, replace: str, said: str) -> None:
    """File, line, code and what to write instead."""
    text = VETO.replace(find, replace, 1)
    assert text != VETO
    plan, findings = read_veto(text, name="veto.yaml")
    assert plan is None
    (found,) = [str(one) for one in findings if said in str(one)]
    line = 1 + VETO[: VETO.index(find)].count("\n")
    assert abs(int(found.split(":")[1]) - line) <= 3  # of the key, or of what it stands in
    assert all(one.hint for one in findings)


@pytest.mark.parametrize(
    ("find", "replace", "said"),
    [
        ("    recommended: true\n", "", "error recommended 0 of 2 options are recommended."),
        ("cost: 1 engineer-week", "cost: 1 engineer-week\n    recommended: true", "2 of 2 options are"),
        ("    cost: 1 engineer-week\n", "", "needs a text for 'cost'."),
        (
            "id: carve_out",
            "id: stratified_retrain",
            "error duplicate-id 'stratified_retrain' is given twice.",
        ),
        ("pros: [Fast, The others keep their gain]", "pros: Fast", "needs a list of texts 'pros'."),
    ],
)
def test_a_fault_of_the_options_is_said(find: str, replace: str, said: str) -> None:
    """Exactly one is recommended, and each says what it costs."""
    text = REDESIGN.replace(find, replace, 1)
    assert text != REDESIGN
    plan, findings = read_redesign(text, name="cohort_redesign.yaml")
    assert plan is None
    assert any(said in str(one) for one in findings)


def test_what_is_no_yaml_or_no_mapping_is_a_finding() -> None:
    """The file is named with the line, nothing is raised."""
    for text in ("a: [1", "- a\n- b\n", ""):
        plan, findings = read_veto(text, name="veto.yaml")
        assert plan is None
        assert findings[0].file == "veto.yaml"


def test_more_tasks_than_a_card_shows_are_refused() -> None:
    """A card has 50 blocks, of which a task takes two."""
    one = "  - {id: t%d, day: 1, title: x, owner: [em]}\n"
    many = "".join(one % number for number in range(11))
    text = VETO[: VETO.index("tasks:")] + "tasks:\n" + many + VETO[VETO.index("override:") :]
    assert "11 tasks, and a card shows 10" in str(read_veto(text, name="veto.yaml")[1][0])


def test_check_reads_both_kinds(tmp_path: Path) -> None:
    """`lookout check playbooks` knows them by their kind."""
    (tmp_path / "veto.yaml").write_text(VETO.replace("day: 3", "day: x"), encoding="utf-8")
    (tmp_path / "cohort_redesign.yaml").write_text(REDESIGN, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "veto.yaml:19: error not-a-number" in result.output
    assert "cohort_redesign.yaml: cohort_redesign, fine" in result.output
