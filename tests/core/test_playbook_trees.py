"""Several trees in one folder: which of them an incident walks, and what may not stand side by side."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.incident import IncidentAlert
from bot.core.playbook_choice import choose, fit, labels_of
from bot.core.playbook_folder import folder_findings, is_tree
from bot.core.playbook_reader import read_kept, read_triage
from bot.core.playbook_tree import walk

BOOKS = Path(__file__).parents[2] / "playbooks"
NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)


def read(name):
    """A shipped tree, which has no findings."""
    tree, findings = read_triage((BOOKS / name).read_text(encoding="utf-8"), name=name)
    assert findings == ()
    assert tree is not None
    return tree


GENERAL, LATENCY = read("triage.yaml"), read("latency.yaml")


def alert(**fields):
    """An alert of p95 latency."""
    values = {"metric": "turn_latency_p95_ms", "service": "chat", "severity": "page", **fields}
    return IncidentAlert("generic", "k", "turns are slow", "firing", NOW, NOW, **values)


def tree(name, **labels):
    """The latency tree under another name and for other labels."""
    fits = {label: (value,) if isinstance(value, str) else tuple(value) for label, value in labels.items()}
    return replace(LATENCY, id=name, fits=fits, text=f"kind: triage\nid: {name}\nfor: x\ncategories: x\n")


def test_a_latency_walks_the_latency_tree_and_a_recall_the_general_one():
    """By the metric of the alert that opened it."""
    assert choose(GENERAL, [LATENCY], labels_of("slow", alert())) is LATENCY
    assert choose(GENERAL, [LATENCY], labels_of("bad", alert(metric="rag_recall_at_10"))) is GENERAL
    assert choose(GENERAL, [LATENCY], labels_of("by hand")) is GENERAL
    assert choose(GENERAL, [], {}) is GENERAL


def test_the_second_tree_has_the_stages_of_the_turn_and_its_own_categories():
    """Ways to every leaf; roll-back first for the same four categories."""
    leaves = {leaf for _, leaf in walk(LATENCY)}
    assert leaves == set(LATENCY.leaves)
    assert [c.number for c in LATENCY.categories.values() if c.roll_back_first] == [1, 2, 3, 8]
    assert {leaf.category for leaf in LATENCY.leaves.values()} == {0, 1, 2, 3, 8, 10, 11, 12, 13, 14}
    assert LATENCY.leaves["split_variant"].held == timedelta(minutes=30)
    assert LATENCY.leaves["split_variant"].within == 0.1
    assert GENERAL.leaves["roll_back_deploy"].held == timedelta(minutes=10)


def test_the_tree_that_asks_for_more_labels_wins():
    """Then the one that names more of them exactly, then the first by name."""
    broad, narrow = tree("broad", metric="*latency*"), tree("narrow", metric="*latency*", service="chat")
    exact = tree("exact", metric="turn_latency_p95_ms", service="ch?t")
    labels = labels_of("slow", alert())
    assert choose(GENERAL, [broad, narrow], labels) is narrow
    assert choose(GENERAL, [broad, exact, narrow], labels) is min([exact, narrow], key=lambda one: one.id)
    both = tree("both", metric="turn_latency_p95_ms", service="chat")
    assert choose(GENERAL, [narrow, exact, both], labels) is both
    assert choose(GENERAL, [replace(broad, id="b"), replace(broad, id="a")], labels).id == "a"


@pytest.mark.parametrize(
    ("labels", "fits"),
    [
        ({"metric": "P95_LATENCY"}, True),
        ({"metric": "ndcg"}, False),
        ({}, False),
        ({"metric": ""}, False),
    ],
)
def test_a_label_fits_whatever_its_case_and_one_that_is_missing_never(labels, fits):
    """An incident opened by hand has no metric."""
    assert (fit(tree("t", metric="*latency*"), labels) is not None) is fits


def test_the_senders_own_labels_count_and_what_lookout_understood_goes_before():
    """`team` is the sender's; `severity` is the alert's own."""
    found = labels_of("t", alert(labels={"team": "ml", "severity": "x"}, cohort={"locale": "jp"}))
    assert (found["team"], found["severity"], found["locale"], found["title"]) == ("ml", "page", "jp", "t")


def test_the_shipped_trees_go_together():
    """Each its own id and labels, and the same name for the same category."""
    assert folder_findings({"playbooks/triage.yaml": GENERAL, "playbooks/latency.yaml": LATENCY}) == []


@pytest.mark.parametrize(
    ("trees", "said"),
    [
        (
            {"triage.yaml": GENERAL, "b.yaml": tree("b")},
            "b.yaml:2: error tree-labels the tree 'b' does not say which incidents it is for.",
        ),
        (
            {"triage.yaml": tree("a", metric="x")},
            "triage.yaml:3: error tree-labels triage.yaml is the tree for what no other is for, and has",
        ),
        (
            {"a.yaml": tree("a", metric="x"), "b.yaml": tree("a", metric="y")},
            "b.yaml:2: error duplicate-tree 'a' is the id of the tree in a.yaml too.",
        ),
        (
            {"a.yaml": tree("a", m=["x", "y"]), "b.yaml": tree("b", m=["y", "x"])},
            "b.yaml:3: error duplicate-tree the tree in a.yaml is for the same labels.",
        ),
        (
            {
                "triage.yaml": GENERAL,
                "b.yaml": replace(
                    tree("b", m="x"),
                    categories={4: replace(GENERAL.categories[4], name="Bad luck")},
                ),
            },
            "b.yaml:4: error category-name category 4 is 'Bad luck' here and 'Upstream data corruption' in "
            "triage.yaml.",
        ),
    ],
)
def test_trees_that_do_not_go_together_are_refused_by_file_and_line(trees, said):
    """The first finding says which file and why."""
    (found, *more) = folder_findings(trees)
    assert str(found).startswith(said)
    assert more == []


def test_a_tree_is_known_by_its_kind_before_it_is_read():
    """Other kinds of playbooks stand in the same folder."""
    assert is_tree("# x\nkind: triage  # a tree\n")
    assert not is_tree("kind: triage_drill\n")
    assert not is_tree("title: kind of triage\n")


def test_a_tree_in_use_is_read_whatever_a_stricter_version_finds():
    """An incident is walked to its end by the tree it began with; what cannot be walked is still refused."""
    text = GENERAL.text.replace("checks: [changes, upstream_feed]", "checks: [changes, gone]", 1)
    assert read_triage(text, name="x")[0] is None
    kept, wrong = read_kept(text)
    assert wrong == ()
    assert kept is not None
    assert "gone" not in kept.questions["upstream"].checks
    assert read_kept(GENERAL.text.replace("action: ", "act: "))[0] is None
    assert read_kept("- a list")[0] is None
    assert read_kept("a: [")[0] is None
