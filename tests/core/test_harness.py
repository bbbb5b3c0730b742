"""A harness is read from YAML; each fault is said with its line and mend."""

import json
from typing import Any

import pytest

from bot.core.harness import Harness, read_harness
from bot.core.harness_declared import Bounds
from bot.core.logged import TABULAR, Chosen, Clip, Counted, Modelled, OwnLog, Rows, Tabled, Written
from bot.stats.ranking import Metric

LOGGED: dict[str, Any] = {
    "path": "log.parquet", "reward": "click", "propensity": "p", "action": "item", "context": ["page"],
    "target": {"column": "q"},
}  # fmt: skip
RANKING: dict[str, Any] = {
    "source": "w", "table": "judged", "query": "q", "grade": "g",
    "rankings": {"control": "a", "treatment": "b"},
}  # fmt: skip
SOME = {"source": "w", "table": "t"}


def read(**parts: Any) -> tuple[Harness | None, list[str]]:
    """The harness of these parts, and its findings without their file."""
    text = json.dumps({"kind": "harness", "id": "search", **parts}, indent=1)  # as YAML
    found, findings = read_harness(text, name="h.yaml")
    return found, [str(one).removeprefix("h.yaml:") for one in findings]


def test_a_harness_says_all_it_can() -> None:
    """Every key of a log and of rankings."""
    full = {
        **LOGGED, "cluster": "session", "device": "device", "clip": {"weight": 20}, "model": "tabular",
        "target": {"counted": {"path": "own.parquet", "action": "shown", "context": ["place"]}},
        "own_log": {"path": "own.parquet", "reward": "clicked"},
    }  # fmt: skip
    ranked = {
        **RANKING, "top": 3, "gain": "linear", "metrics": ["NDCG@3", "rbp@0.8", "clicks@5", "ndcg@3"],
        "device": "device", "weight": "asked",
        "clicks": {**SOME, "position": "rank", "device": "device", "count": "n"},
    }  # fmt: skip
    found, findings = read(title="Search", logged=full, ranking=ranked)
    assert findings == []
    assert found is not None
    assert found.logged is not None
    assert found.logged.target == Counted(Rows(path="own.parquet"), "shown", ("place",))
    assert (found.logged.clip, found.logged.model) == (Clip(weight=20), TABULAR)
    assert found.logged.own_log == OwnLog(Rows(path="own.parquet"), "clicked")
    assert found.ranking is not None
    assert found.ranking.metrics == (
        Metric("ndcg", k=3),
        Metric("rbp", persistence=0.8),
        Metric("clicks", k=5),
    )
    assert found.ranking.clicks is not None
    assert found.ranking.clicks.count == "n"


@pytest.mark.parametrize(
    ("target", "form"),
    [
        ({"column": "q"}, Written("q")),
        ({"chosen": "best"}, Chosen("best")),
        (
            {"probabilities": {"path": "p.csv", "probability": "share"}},
            Tabled(Rows(path="p.csv"), "item", ("page",), "share"),
        ),
    ],
)
def test_the_target_policy_has_four_forms(target: Any, form: Any) -> None:
    """Action and context are the log's where they are not named."""
    found, findings = read(logged={**LOGGED, "target": target})
    assert findings == []
    assert found is not None
    assert found.logged is not None
    assert found.logged.target == form


def test_a_model_of_ones_own_is_two_columns() -> None:
    """Of what was shown, and its mean under the target policy."""
    found, _ = read(logged={**LOGGED, "model": {"action": "m", "target": "v"}, "clip": {"propensity": 0.01}})
    assert found is not None
    assert found.logged is not None
    assert found.logged.model == Modelled("m", "v")
    assert found.logged.clip == Clip(propensity=0.01)


def test_evidence_is_declared_cause_by_cause() -> None:
    """Each part as a team can; bounds may be its own."""
    compared = {"ranking": {**RANKING}}
    found, findings = read(
        evidence={
            "selection_bias": {
                "eval_set": {**SOME, "segment": "kind"},
                "production": {**SOME, "segment": "kind", "time": "at", "zone": "Asia/Tokyo"},
                "partial": 0.05,
                "hit": 0.2,
                "unseen": {"partial": 0.05},
            },
            "label_leakage": {"ordinary": 0.033, "time_strict": compared},
            "distribution_shift": {"eval_set": {**SOME}, "catalog": {**SOME, "added": "added"}},
            "metric_proxy": {"clicks": {**SOME, "position": "rank"}, **compared},
            "goodharting": {
                "metric": "ndcg@10",
                "training_loss": "ndcg@10",
                "others": ["recall@10"],
                **compared,
            },
        }
    )
    assert findings == []
    assert found is not None
    assert found.evidence is not None
    assert found.evidence.selection is not None
    assert found.evidence.selection.bounds == Bounds(0.05, 0.2)
    assert found.evidence.selection.unseen == Bounds(0.05, 0.25)
    assert found.evidence.leakage is not None
    assert found.evidence.leakage.ordinary == 0.033
    assert found.evidence.shift is not None
    assert found.evidence.shift.built == "built_at"
    assert found.evidence.goodhart is not None
    assert found.evidence.goodhart.ranking is not None


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "1: error H101 there is nothing to compute. Add `logged:`, `ranking:`, `evidence:`, or some"),
        ({"logged": {**LOGGED, "source": "w"}}, "error H102 a path has no source."),
        ({"logged": {**LOGGED, "path": None}}, "error H102 the data is named by nothing. Give one"),
        ({"ranking": {**RANKING, "sql": "SELECT 1"}}, "error H102 the data is named by table and sql."),
        ({"ranking": {**RANKING, "source": None}}, "error H102 `table` needs the source that it is in."),
        ({"ranking": {**RANKING, "table": None, "sql": 3}}, "error H102 `sql` is no text, or too long."),
        ({"logged": {**LOGGED, "context": ["page", "page"]}}, "error H103 context is page, page."),
        (
            {"logged": {**LOGGED, "target": {"counted": {"path": "x.csv", "context": ["a", "b"]}}}},
            "error H103 the policy has 2 columns of context and the log 1.",
        ),
        ({"logged": {**LOGGED, "target": {}}}, "error H104 the target policy is needed in one form."),
        ({"logged": {**LOGGED, "clip": {}}}, "error H105 clip needs one bound."),
        ({"logged": {**LOGGED, "clip": {"weight": 0.5}}}, "error not-a-number 'weight' is 0.5."),
        ({"logged": {**LOGGED, "model": "tabular"}}, "error H106 a tabular model needs the target's"),
        ({"logged": {**LOGGED, "model": "forest"}}, "error H106 model is 'forest'."),
        ({"ranking": {**RANKING, "metrics": ["clicks@5"]}}, "error H107 a click-weighted metric needs"),
        ({"ranking": {**RANKING, "metrics": ["ndcg@10", "map"]}}, "error H108 there is no metric 'map'."),
        ({"ranking": {**RANKING, "gain": "square"}}, "error H108 gain is 'square'."),
        ({"ranking": {**RANKING, "rankings": {}}}, "error missing ranking.rankings needs a text"),
        ({"ranking": {**RANKING, "top": "three"}}, "error not-a-number 'top' is 'three'."),
        ({"ranking": [1]}, "error playbook-shape ranking must be a mapping."),
        ({"ranking": {**RANKING, "grades": "g"}}, "error unknown-key unknown key 'grades' in ranking."),
        (
            {"evidence": {"label_leakage": {"ordinary": 0.03}}},
            "error H110 evidence.label_leakage needs 'time_strict': the gain on that split.",
        ),
        (
            {"evidence": {"label_leakage": {"ordinary": 1, "time_strict": 1, "partial": 0.9}}},
            "error H109 a hit from 0.67 on comes before a partial hit from 0.9 on.",
        ),
        (
            {"evidence": {"metric_proxy": {"clicks": {**SOME, "position": "r"}, "ranking": {
                **RANKING, "rankings": {"control": "a"}, "metrics": ["recall@5"]}}}},
            "error H108 Recall@5 is no sum over positions.",
        ),
        (
            {"evidence": {"goodharting": {"metric": "auc", "training_loss": "auc", "ranking": RANKING}}},
            "error H108 'auc' cannot be computed from a ranking.",
        ),
        ({"evidence": {"seasonality": {}}}, "error unknown-key unknown key 'seasonality' in evidence."),
        ({"kind": "harnes", "logged": LOGGED}, "error playbook-kind kind is 'harnes', 'harness'"),
    ],
)  # fmt: skip
def test_a_fault_is_said_with_its_mend(parts: dict[str, Any], said: str) -> None:
    """One wrong file for each."""
    found, findings = read(**parts)
    assert found is None
    assert any(said in one for one in findings), findings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [", "error playbook-yaml"),
        ("- 1", "error playbook-shape the file is not a mapping."),
        ("kind: harness\nid: a\nid: b\n", "id is given twice, first in line 2"),
    ],
)
def test_what_is_no_yaml_is_one_finding(text: str, said: str) -> None:
    """With its line."""
    found, findings = read_harness(text, name="h.yaml")
    assert found is None
    assert said in str(findings[0])
