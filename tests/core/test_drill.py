"""Drills as data: what is wrong with a file, and what is played back when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.core.drill import metric_now, playback
from bot.core.drill_reader import read_drill, tree_findings
from bot.core.drill_score import Score
from bot.core.evidence import EvidenceStatus, suggestion
from bot.core.incident import Incident, Status
from bot.core.playbook import Question
from bot.core.playbook_reader import read_triage

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "playbooks" / "drills").glob("*.yaml"))
PAGED = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TREES = [
    read_triage(file.read_text(), name=file.name)[0] for file in sorted((ROOT / "playbooks").glob("*.yaml"))
]
TREES = [tree for tree in TREES if tree is not None]


def tree_of(drill):
    """The tree it is walked on."""
    return next(tree for tree in TREES if tree.id == drill.tree)


def shipped(file):
    """A shipped drill."""
    drill, findings = read_drill(file.read_text(), name=file.name)
    assert findings == ()
    return drill


def incident(drill, **fields):
    """Its incident, just paged."""
    tree = tree_of(drill)
    alert = drill.alert(PAGED)
    values = {
        "id": 1, "title": drill.title, "severity": "SEV1", "status": Status.TRIAGING, "channel": "C1",
        "group": "", "playbook": tree.sha256, "position": tree.first, "opened_at": PAGED,
        "started": alert.started_at,
        "detected_at": PAGED, "alerts": (alert,), "drill": drill.id,
    }  # fmt: skip
    return Incident(**values | fields)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_shipped_drill_can_be_walked_and_its_evidence_leads_there(file):
    """By its key to its leaf; in the end no step's evidence suggests a wrong turn that it cannot explain."""
    drill = shipped(file)
    assert file.stem == drill.id
    assert tree_findings(drill, file.read_text(), TREES, name=file.name) == ()
    later = PAGED + timedelta(hours=1)
    told = playback(drill, incident(drill), tree_of(drill), window=timedelta(hours=24), now=later)
    last = list(drill.path)[-1]
    assert suggestion(told[last]) == drill.path[last]


def test_there_are_the_seven_that_a_team_begins_with():
    """AML-08's and AML-07's incidents, and four more categories."""
    found = {shipped(file).leaf for file in FILES}
    assert len(FILES) >= 7
    assert {
        "freeze_investigate",
        "split_variant",
        "revert_prompt",
        "wait_or_stratify",
        "refresh_eval",
    } <= found


def test_a_line_comes_when_its_minute_has_come_and_takes_the_place_of_the_one_before():
    """The shards are still being sampled until the fourth minute."""
    drill = shipped(ROOT / "playbooks" / "drills" / "rag_recall_collapse.yaml")

    def shards(minutes):
        told = playback(
            drill,
            incident(drill),
            tree_of(drill),
            window=timedelta(hours=24),
            now=PAGED + timedelta(minutes=minutes),
        )
        return [line for line in told["features"] if line.check == "shards"]

    assert [line.status for line in shards(3.9)] == [EvidenceStatus.UNKNOWN]
    assert [line.suggests for line in shards(4)] == ["drifted"]


def test_the_metric_mends_after_the_right_leaf_only():
    """Not before its time, and never at a wrong leaf."""
    drill = shipped(ROOT / "playbooks" / "drills" / "bad_prompt_version.yaml")
    at = PAGED + timedelta(minutes=5)
    right = incident(drill, position="revert_prompt", status=Status.LOCALIZED, localized_at=at)
    wrong = incident(drill, position="revert_config", status=Status.LOCALIZED, localized_at=at)

    def status(walked, minutes):
        return metric_now(drill, walked, tree_of(drill), at + timedelta(minutes=minutes)).status

    assert status(right, 5.9) is EvidenceStatus.SUSPECT
    assert status(right, 6) is EvidenceStatus.CLEAR
    assert status(wrong, 600) is EvidenceStatus.SUSPECT


def test_every_question_with_checks_has_evidence():
    """No step of a drill is silent."""
    for file in FILES:
        drill = shipped(file)
        told = playback(
            drill, incident(drill), tree_of(drill), window=timedelta(hours=24), now=PAGED + timedelta(hours=1)
        )
        for step in drill.path:
            place = tree_of(drill).at(step)
            assert isinstance(place, Question)
            assert told[step], (drill.id, step)


def test_a_score_comes_back_as_it_was_kept():
    """Through JSON."""
    kept = Score("x", 7, PAGED, True, timedelta(minutes=9), None, ("a: b",), (), 1)
    assert Score.from_json(kept.to_json()) == kept


BAD = [
    ({"alert": None}, "playbook-shape", "alert must be a mapping"),
    ({"alert": {"value": "low"}}, "not-a-number", "'value' is 'low'"),
    ({"alert": {"began_minutes_before": -5}}, "not-a-number", "is -5"),
    ({"alert": {"labels": {"a": 1}}}, "missing", "must map names to texts"),
    ({"changes": [{"kind": "magic", "title": "x", "hours_before": 1}]}, "change-kind", "'magic' is no kind"),
    ({"changes": [{"kind": "model", "title": "x"}]}, "not-a-number", "'hours_before' is None"),
    ({"evidence": {}}, "missing", "needs 'evidence'"),
    ({"evidence": {"changed": "all is well"}}, "missing", "'changed' needs a list of lines"),
    ({"evidence": {"changed": [{"check": "a", "status": "fine", "line": "b"}]}}, "drill-status", "'fine'"),
    ({"answer": {"leaf": "x"}}, "missing", "mapping 'path'"),
    ({"story": ""}, "missing", "needs a text for 'story'"),
    ({"story": "x" * 2001}, "too-long", "has 2001 characters"),
    ({"id": "Not An Id"}, "bad-id", "'Not An Id' cannot be an id"),
    ({"surprise": 1}, "unknown-key", "unknown key 'surprise'"),
    ({"kind": "triage"}, "playbook-kind", "'drill' was expected"),
]


@pytest.mark.parametrize(
    ("change", "code", "said"), BAD, ids=[f"{code}-{said[:12]}" for _, code, said in BAD]
)
def test_each_fault_is_named_with_its_line(change, code, said):
    """All at once, with what to write instead."""
    good = yaml.safe_load((ROOT / "playbooks" / "drills" / "rag_recall_collapse.yaml").read_text())
    text = yaml.safe_dump(good | change, sort_keys=False, allow_unicode=True)
    drill, findings = read_drill(text, name="x.yaml")
    assert drill is None
    assert any(found.code == code and said in found.message for found in findings), [str(f) for f in findings]
    assert all(found.line >= 1 and found.hint for found in findings)


@pytest.mark.parametrize("text", ["", "[]", "kind: drill\nkind: drill\n", "a: &x [*x]\n", "\x00"])
def test_what_is_no_mapping_is_one_finding(text):
    """Not a traceback."""
    drill, findings = read_drill(text, name="x.yaml")
    assert drill is None
    assert findings
