"""`lookout drill`: listed, refused, and walked by its key in a workspace of its own."""

import shutil
from pathlib import Path

import pytest

from bot.commands import drill
from bot.errors import ConfigError, InputError

ROOT = Path(__file__).parents[2]


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, that gives nothing of the way away."""
    assert drill.run(None, headless=False, port=0, playbooks=None) == 0
    out = capsys.readouterr().out
    assert "rag_recall_collapse      RAG Recall@10 0.91 → 0.62" in out
    assert "shard" not in out


def test_an_unknown_drill_or_folder_is_bad_usage() -> None:
    """With what there is."""
    with pytest.raises(InputError, match="There is no drill 'nope'") as refused:
        drill.run("nope", headless=True, port=0, playbooks=None)
    assert "rag_recall_collapse" in refused.value.hint
    with pytest.raises(InputError, match="is not a folder"):
        drill.run(None, headless=True, port=0, playbooks=Path("nowhere"))


def test_a_teams_own_drill_that_cannot_be_walked_stops_the_start(tmp_path: Path) -> None:
    """With the file, the line and the mend."""
    folder = tmp_path / "playbooks"
    shutil.copytree(ROOT / "playbooks", folder)
    file = folder / "drills" / "rag_recall_collapse.yaml"
    file.write_text(file.read_text().replace("leaf: freeze_investigate", "leaf: revert_model"))
    with pytest.raises(ConfigError, match=r"rag_recall_collapse\.yaml:\d+: error drill-path"):
        drill.run(None, headless=False, port=0, playbooks=folder)


def test_shipped_drills_of_a_tree_the_team_replaced_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are nobody's fault."""
    folder = tmp_path / "playbooks"
    shutil.copytree(ROOT / "playbooks", folder, ignore=shutil.ignore_patterns("drills", "latency.yaml"))
    assert drill.run(None, headless=False, port=0, playbooks=folder) == 0
    out = capsys.readouterr().out
    assert "rag_recall_collapse" in out
    assert "jp_fallback_creep" not in out


def test_a_drill_is_walked_by_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    """In a real workspace with the real bot: begun by a command, played back, passed."""
    assert drill.run("bad_prompt_version", headless=True, port=0, playbooks=None) == 0
    out = capsys.readouterr().out
    assert "drill passed" in out
    assert "The drill went by its key" in out
