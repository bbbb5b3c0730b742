"""`lookout explain`: every code of every finding has a page, and the page's example brings it about."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands import explain
from bot.core.data_finding import HINTS
from bot.core.diagnosis_reader import read_diagnosis
from bot.core.drill_reader import read_drill, tree_findings
from bot.core.finding import Finding
from bot.core.harness import read_harness
from bot.core.ladder_reader import read_escalation
from bot.core.latency_reader import read_budget
from bot.core.lint import check_registration
from bot.core.monitor_reader import KINDS as MONITORS
from bot.core.monitor_reader import read_monitor
from bot.core.playbook_reader import read_triage
from bot.core.portfolio_reader import read_portfolio
from bot.core.veto_reader import read_redesign, read_veto
from bot.errors import InputError

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "tests" / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
LADDER = (ROOT / "playbooks" / "escalation.yaml").read_text(encoding="utf-8")
AFTER_A_VETO = {
    "veto": ((ROOT / "playbooks" / "veto.yaml").read_text(encoding="utf-8"), read_veto),
    "cohort_redesign": (
        (ROOT / "playbooks" / "cohort_redesign.yaml").read_text(encoding="utf-8"),
        read_redesign,
    ),
    "diagnosis": ((ROOT / "playbooks" / "correlation.yaml").read_text(encoding="utf-8"), read_diagnosis),
}
BUDGET = (ROOT / "bot" / "demo" / "data" / "latency" / "aml_07.yaml").read_text(encoding="utf-8")
DRILL = (ROOT / "playbooks" / "drills" / "rag_recall_collapse.yaml").read_text(encoding="utf-8")
SHIPPED_TREE = (ROOT / "playbooks" / "triage.yaml").read_text(encoding="utf-8")
TREE = """
kind: triage
id: small
title: Small
first: q1
categories:
  - {number: 1, name: One, signal: s, fix: f, target: 15 min}
questions:
  q1:
    ask: First?
    hypothesis: h
    test: t
    helpers: [anyone]
    answers:
      - {id: yes_it_is, label: "Yes", to: leaf}
      - {id: no_it_is_not, label: "No", to: q2}
  q2:
    ask: Second?
    hypothesis: h
    test: t
    helpers: [anyone]
    answers:
      - {id: yes_it_is, label: "Yes", to: leaf}
      - {id: no_it_is_not, label: "No", to: leaf}
leaves:
  leaf: {category: 1, action: Do, steps: [one], owner: me, recovery: fine again}
"""
PLAYBOOK_READERS = (
    "playbook_reader", "playbook_tree", "playbook_folder", "ladder_reader", "veto_reader", "yaml_fields",
    "monitor_reader",
    "candidate_reader",
    "portfolio_reader",
    "portfolio_remarks",
    "typed_amount",
    "checks/__init__",
    "checks/options",
    "diagnosis_reader",
    "drill_reader",
    "latency_fields",
    "latency_reader",
    "latency_telemetry",
    "load_test_reader",
    "what_if_reader",
    "harness",
    "harness_declared",
    "logged_reader",
)  # fmt: skip
CONFIGURED = {"R168", "R169", "tree-labels", "duplicate-tree", "category-name"}
"""These need a lookout.toml, or a folder; test_experiments.py and test_playbook_trees.py bring them about."""
MONITOR = {
    "id": "rate",
    "title": "Rate",
    "data": {"source": "prom", "numerator": "useful", "denominator": "answers"},
    "cohorts": ["locale", "device"],
}
EXAMPLE = re.compile(r"^## Example\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def codes_of_registrations() -> set[str]:
    """R and three digits, wherever the source has them."""
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "bot").rglob("*.py"))
    return set(re.findall(r"\bR[0-9]{3}\b", source))


def codes_of_playbooks() -> set[str]:
    """The first words of `find(…)`, `_error(document, …)` and `Finding(…)` in the readers."""
    return {
        word
        for name in PLAYBOOK_READERS
        for call in _calls((ROOT / "bot" / "core" / f"{name}.py").read_text(encoding="utf-8"))
        for word in _code(call)
    }


def _calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in ("find", "warn", "_error", "Finding"):
            yield node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _code(call: ast.Call) -> Iterator[str]:
    place = 1 if _name(call.func) == "_error" else 0
    for argument in call.args[place : place + 1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    """Registrations, playbooks and the data of looks."""
    known = codes_of_registrations() | codes_of_playbooks() | set(HINTS)
    assert len(known) > 100
    assert set(explain.codes()) == known


@pytest.mark.parametrize("code", explain.codes())
def test_a_page_has_all_its_parts(code: str) -> None:
    """Title, what it means, the mend and why; short enough to be read."""
    page = explain.page(code)
    assert page.startswith(f"# {code}: ")
    assert "\n## Mend\n" in page
    assert "\n## Why it matters\n" in page
    assert ("\n## Example\n" in page) == (code not in CONFIGURED)
    assert 8 <= len(page.splitlines()) <= 45
    assert max(map(len, page.replace(_example(page), "").splitlines())) <= 125


def _example(page: str) -> str:
    found = EXAMPLE.search(page)
    return found[1] if found else ""


@pytest.mark.parametrize("code", [code for code in explain.codes() if code not in set(HINTS) | CONFIGURED])
def test_the_example_of_a_page_brings_its_finding_about(code: str) -> None:
    """Laid over a good registration, a small tree or the shipped ladder."""
    assert code in {finding.code for finding in _findings(_example(explain.page(code)))}


def _findings(example: str) -> list[Finding]:
    try:
        part = yaml.safe_load(example)
    except yaml.YAMLError:
        read = read_triage if "kind: triage" in example else check_registration
        return list(read(example, name="x.yaml")[1])
    kind = str(part.get("kind", ""))
    if kind == "escalation":
        return list(read_escalation(_text(yaml.safe_load(LADDER) | part), name="x.yaml")[1])
    if kind == "drill":
        return _of_drill(_text(_deep(yaml.safe_load(DRILL), part)))
    if kind in AFTER_A_VETO:
        shipped, reader = AFTER_A_VETO[kind]
        return list(reader(_text(yaml.safe_load(shipped) | part), name="x.yaml")[1])
    if kind == "latency":
        return list(read_budget(_text(_deep(yaml.safe_load(BUDGET), part)), name="x.yaml")[1])
    if kind == "harness":
        return list(read_harness(_text({"id": "search", **part}), name="x.yaml")[1])
    if kind == "portfolio":
        return list(read_portfolio(_text(part), name="x.yaml")[1])
    if kind in MONITORS:
        return list(read_monitor(_text(_deep(MONITOR, part)), name="x.yaml")[1])
    if kind:
        return list(read_triage(_text(_deep(yaml.safe_load(TREE), part)), name="x.yaml")[1])
    return check_registration(_text(yaml.safe_load(GOOD) | part), "x.yaml")[1]


def _of_drill(text: str) -> list[Finding]:
    """What is wrong with a drill, by itself or on the shipped tree."""
    drill, findings = read_drill(text, name="x.yaml")
    tree = read_triage(SHIPPED_TREE, name="triage.yaml")[0]
    assert tree is not None
    return list(findings) if drill is None else list(tree_findings(drill, text, (tree,), name="x.yaml"))


def _deep(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _deep(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }
    return {**below, **both}


def _text(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)


def test_the_good_registration_and_the_small_tree_have_no_findings() -> None:
    """So that an example's finding is its own."""
    assert check_registration(GOOD, "x.yaml")[1] == []
    assert read_triage(TREE, name="x.yaml")[1] == ()


def test_explain_prints_a_page_whatever_its_case(capsys: pytest.CaptureFixture[str]) -> None:
    """The page as it is shipped."""
    assert explain.run("r136") == 0
    out = capsys.readouterr().out
    assert out.startswith("# R136: The true type-I error is above alpha\n")
    assert out == explain.page("R136")


def test_explain_lists_all_codes_with_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of registrations first; as JSON for programs."""
    assert explain.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(explain.codes())
    assert re.fullmatch(r"R000 +The file is not YAML as it is taken here", lines[0])
    assert explain.run(json=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["code"] == "R000"
    assert explain.run("dead-end", json=True) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "An unknown cause with nothing to find"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("R1366", r"Did you mean R136\?"),
        ("ded-end", r"Did you mean dead-end\?"),
        ("zzz", "`lookout explain` lists all codes"),
    ],
)
def test_an_unknown_code_is_bad_usage_with_the_nearest(given: str, hint: str) -> None:
    """What, which, what next."""
    with pytest.raises(InputError, match=rf"There is no code {given}\. {hint}"):
        explain.run(given)
