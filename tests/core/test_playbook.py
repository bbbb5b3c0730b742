"""Playbooks: the shipped ones, every way through the tree, and one bad file per fault."""

from pathlib import Path

import pytest

from bot.core.incident import Status
from bot.core.ladder_reader import read_escalation
from bot.core.playbook_reader import read_triage
from bot.core.playbook_tree import walk

ROOT = Path(__file__).parents[2]
BAD = ROOT / "tests" / "data" / "playbooks"


def shipped():
    """The tree that is shipped, which has no findings."""
    playbook, findings = read_triage((ROOT / "playbooks/triage.yaml").read_text(), name="triage.yaml")
    assert findings == ()
    assert playbook is not None
    return playbook


def test_the_shipped_tree_has_seven_questions_in_the_order_of_the_procedure():
    """Change, upstream, features, eval set, UI, traffic, unknown."""
    assert list(shipped().questions) == [
        "changed", "upstream", "features", "eval_set", "frontend", "traffic", "unknown_cause",
    ]  # fmt: skip


def test_all_ten_categories_have_signal_fix_target_and_a_leaf():
    """Each named root cause can be the end of a walk."""
    playbook = shipped()
    assert sorted(playbook.categories) == list(range(1, 11))
    assert {leaf.category for leaf in playbook.leaves.values()} == set(range(11))
    assert [c.number for c in playbook.categories.values() if c.roll_back_first] == [1, 2, 3, 8]
    assert playbook.categories[4].target == "2-4 h"
    assert all(c.signal and c.fix and c.target for c in playbook.categories.values())


def test_every_answer_of_the_procedure_leads_where_it_says():
    """The diagram's thirteen ends, with the category of each."""
    playbook = shipped()
    ends = {
        (question.id, choice.id): playbook.leaves[choice.to].category
        for question in playbook.questions.values()
        for choice in question.choices
        if choice.to in playbook.leaves
    }
    assert ends == {
        ("changed", "code_deploy"): 1,
        ("changed", "model"): 2,
        ("changed", "config"): 3,
        ("changed", "prompt"): 8,
        ("upstream", "row_counts"): 4,
        ("upstream", "schema"): 4,
        ("features", "drifted"): 5,
        ("eval_set", "stale"): 9,
        ("frontend", "deployed"): 7,
        ("traffic", "campaign"): 10,
        ("traffic", "event"): 10,
        ("unknown_cause", "escalate"): 0,
        ("unknown_cause", "label_drift"): 6,
    }


def test_there_are_23_ways_through_the_tree():
    """Thirteen to a leaf by answers, ten more by what an escalation finds."""
    assert len(list(walk(shipped()))) == 23


def test_the_shipped_ladder_has_the_three_rungs():
    """15, 60 and 240 minutes, each stopped by its own milestone."""
    ladder, findings = read_escalation((ROOT / "playbooks/escalation.yaml").read_text(), name="e.yaml")
    assert findings == ()
    assert ladder is not None
    assert [(r.after.total_seconds() / 60, r.until) for r in ladder.rungs] == [
        (15, Status.LOCALIZED),
        (60, Status.MITIGATED),
        (240, Status.RESOLVED),
    ]
    assert ladder.after(ladder.rungs[-1]) is None


BAD_FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("file", BAD_FILES, ids=[file.stem for file in BAD_FILES])
def test_each_fault_is_named_with_its_line(file):
    """The first comment of a bad file is the exact message expected, and nothing else is found."""
    text = file.read_text()
    expected = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    read = read_escalation if file.stem.startswith("ladder-") else read_triage
    playbook, findings = read(text, name=file.name)
    assert [str(finding) for finding in findings] == expected
    assert playbook is None
