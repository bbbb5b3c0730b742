"""`lookout playbook`: a tree as text, Mermaid or picture, and which tree certain labels walk."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bot.commands import check, playbook
from bot.core.playbook_drawing import mermaid, text_tree
from bot.core.playbook_reader import read_triage
from bot.errors import InputError
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.views.chart_tree import tree_picture

ROOT = Path(__file__).parents[2]
BOOKS = ROOT / "playbooks"
TRIAGE = BOOKS / "triage.yaml"
TREES = sorted(BOOKS.glob("*.yaml"))


def trees():
    """The shipped trees."""
    return open_desk(Settings()).playbooks.trees


def test_the_text_has_every_question_answer_and_leaf_once_per_way() -> None:
    """In the order of the walk, and says where one rolls back first."""
    for tree in trees():
        drawn = text_tree(tree)
        answers = [c for q in tree.questions.values() for c in q.choices]
        findings = [c for leaf in tree.leaves.values() for c in leaf.choices]
        assert len(re.findall("[├└]─", drawn)) == len(answers) + len(findings)
        for question in tree.questions.values():
            assert f"\n{question.number}. {question.ask}" in f"\n{drawn}"
        for leaf in tree.leaves.values():
            assert leaf.action in drawn
    assert "Code deploy → Roll back the deploy now, investigate after [category 1, roll back first]" in drawn


def test_the_mermaid_has_a_node_for_each_place_and_an_arrow_for_each_answer() -> None:
    """No name is a word of Mermaid's, and no label breaks out of its quotes."""
    for tree in trees():
        lines = mermaid(tree).splitlines()
        assert lines[0] == "flowchart TD"
        arrows = [line for line in lines if "-->" in line]
        nodes = [line for line in lines if re.match(r"  at_\w+[{\[]", line)]
        assert len(nodes) == len(tree.questions) + len(tree.leaves)
        places = [*tree.questions.values(), *tree.leaves.values()]
        assert len(arrows) == sum(len(place.choices) for place in places)
        assert all(line.count('"') == 2 for line in [*arrows, *nodes])


def test_quotes_and_brackets_in_a_tree_do_not_break_the_mermaid() -> None:
    """A label is data."""
    text = TRIAGE.read_text(encoding="utf-8").replace("label: Nothing changed", "label: 'No \"<b>#1</b>\"'")
    tree, findings = read_triage(text, name="x")
    assert (findings, tree is None) == ((), False)
    assert '-->|"No #quot;#lt;b#gt;#35;1#lt;/b#gt;#quot;"|' in mermaid(tree)  # type: ignore[arg-type]


def test_the_picture_is_an_svg_that_says_everything_or_a_png() -> None:
    """The same tree gives the same bytes; a formula in a label is no formula."""
    text = TRIAGE.read_text(encoding="utf-8").replace("Nothing changed", "Nothing $x^2$ changed")
    tree, _ = read_triage(text, name="x")
    assert tree is not None
    drawn = tree_picture(tree, "svg")
    assert drawn == tree_picture(tree, "svg")
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert tree_picture(tree).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("t.md", b"```mermaid\nflowchart TD\n"),
        ("t.mmd", b"flowchart TD\n"),
        ("t.txt", b"The model got worse\n"),
    ],
)
def test_the_name_of_the_file_says_in_which_form(tmp_path: Path, name: str, begins: bytes) -> None:
    """Or `--as` does."""
    out = tmp_path / name
    assert playbook.draw(TRIAGE, form=None, out=out) == 0
    assert out.read_bytes().startswith(begins)
    assert playbook.draw(TRIAGE, form="mermaid", out=out) == 0
    assert b"flowchart TD" in out.read_bytes()


def test_a_tree_that_cannot_be_walked_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its findings are printed, and the exit code is 1."""
    bad = ROOT / "tests" / "data" / "playbooks" / "circle.yaml"
    assert playbook.draw(bad, form=None, out=tmp_path / "x.svg") == 1
    assert "circle" in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()
    with pytest.raises(InputError, match=r"none\.yaml"):
        playbook.draw(tmp_path / "none.yaml", form=None, out=None)
    with pytest.raises(InputError, match="cannot be written"):
        playbook.draw(TRIAGE, form=None, out=tmp_path / "no" / "t.txt")


def test_pick_says_which_tree_is_walked_and_why_not_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """By the labels given."""
    assert playbook.pick({}, ["metric=turn_latency_p95_ms", "service=chat"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[1].startswith("walks  the-turn-got-slow: for metric *latency* or ")
    assert playbook.pick({}, ["metric=ndcg"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "walks  the-model-got-worse: for every incident that no other tree is for"
    assert out[1].endswith(", which does not fit")
    with pytest.raises(InputError, match="'ndcg' is not NAME=VALUE"):
        playbook.pick({}, ["ndcg"])


def test_check_says_whether_the_trees_of_a_folder_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With file and line; a file that is named alone is judged alone."""
    for file in TREES:
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    second = tmp_path / "second.yaml"
    second.write_text((BOOKS / "latency.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert check.run([tmp_path]) == 1
    out = capsys.readouterr().out
    assert "second.yaml:4: error duplicate-tree 'the-turn-got-slow' is the id of the tree in" in out
    assert f"{second}: triage, refused" in out
    assert check.run([second]) == 0
