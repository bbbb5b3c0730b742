"""`lookout check`: registrations and playbooks, every finding with file:line, code and mend."""

import json as to_json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.commands.registration_file import more, text_of
from bot.core.diagnosis_reader import KIND as DIAGNOSIS
from bot.core.diagnosis_reader import read_diagnosis
from bot.core.drill import Drill
from bot.core.drill_reader import read_drill, tree_findings
from bot.core.finding import Finding, errors
from bot.core.harness import KIND as HARNESS
from bot.core.harness import read_harness
from bot.core.ladder_reader import read_escalation
from bot.core.latency_reader import KIND as LATENCY
from bot.core.latency_reader import read_budget
from bot.core.lint import check_document, check_registration
from bot.core.monitor_reader import KINDS as MONITORS
from bot.core.monitor_reader import read_monitor
from bot.core.playbook import Playbook
from bot.core.playbook_folder import GENERAL, folder_findings, is_tree
from bot.core.playbook_reader import read_triage
from bot.core.portfolio_reader import read_portfolio
from bot.core.registration import sha256
from bot.core.strict_yaml import Document, parse
from bot.core.veto_reader import read_redesign, read_veto
from bot.errors import InputError
from bot.settings import shipped

_PLAYBOOKS: Mapping[str, Callable[..., tuple[object, tuple[Finding, ...]]]] = {
    "triage": read_triage,
    "escalation": read_escalation,
    "veto": read_veto,
    "cohort_redesign": read_redesign,
    **dict.fromkeys(MONITORS, read_monitor),
    "drill": read_drill,
    "portfolio": read_portfolio,
    DIAGNOSIS: read_diagnosis,
    HARNESS: read_harness,
    LATENCY: read_budget,
}
"""Playbooks by their `kind:`, and what reads each."""

_OURS = ("hypothesis", "arms", "metrics", "primary", "sequential")
"""A YAML file in a folder is taken for a registration when it has two of these."""


def run(paths: Sequence[Path], *, json: bool = False) -> int:
    """Check files, and the YAML files below folders; 1 when there is a finding of level error."""
    checked: list[dict[str, Any]] = []
    found: list[Finding] = []
    for path in paths:
        for file in _files(path):
            one, findings = _check(file, named=file == path)
            if one is not None:
                checked.append(one)
                found += findings
        together = _together(path) if path.is_dir() else []
        found += together
        for one in checked:
            one["ok"] = one["ok"] and one["file"] not in {finding.file for finding in together}
    if not checked:
        raise InputError(
            f"No registration or playbook in {', '.join(map(str, paths))}.",
            "Name a YAML file, or its folder.",
        )
    wrong = errors(found)
    if json:
        shape = {"ok": not wrong, "files": checked, "findings": [one.to_json() for one in found]}
        print(to_json.dumps(shape, indent=2))
    else:
        _print(checked, found)
    return 1 if wrong else 0


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for suffix in ("*.yaml", "*.yml") for file in path.rglob(suffix))


def _together(folder: Path) -> list[Finding]:
    """What is wrong between the trees of each folder that has a general one: there Lookout reads them all."""
    found: list[Finding] = []
    for general in sorted(folder.rglob(GENERAL)):
        files = sorted(file for suffix in ("*.yaml", "*.yml") for file in general.parent.glob(suffix))
        read = {str(file): read_triage(text_of(file), name=str(file))[0] for file in files if _is_tree(file)}
        found += folder_findings({name: tree for name, tree in read.items() if tree is not None})
    return found


def _is_tree(file: Path) -> bool:
    return is_tree(text_of(file))


def _check(file: Path, *, named: bool) -> tuple[dict[str, Any] | None, list[Finding]]:
    text, name = text_of(file), str(file)
    try:
        document = parse(text, name=name)
    except InputError:
        _, findings = check_registration(text, name)
        return {"file": name, "kind": "unreadable", "ok": False}, findings
    kind = _kind(document)
    shape: dict[str, Any] = {"file": name, "kind": kind or "registration"}
    if kind is not None and kind in _PLAYBOOKS:
        read, faults = _PLAYBOOKS[kind](text, name=name)
        if isinstance(read, Drill):
            faults = (*faults, *tree_findings(read, text, _trees(file), name=name))
        return shape | {"ok": not errors(faults)}, list(faults)
    if kind is None and not named:
        return None, []
    _, findings = check_document(document)
    return shape | {"ok": not errors(findings), "sha256": sha256(document.data)}, findings


def _trees(drill: Path) -> list[Playbook]:
    """The trees that a drill may be walked on: of its folder, or the one above, else the shipped ones."""
    for folder in (drill.parent, drill.parent.parent, shipped("playbooks")):
        texts = [(file, text_of(file)) for file in _files(folder) if file.parent == folder]
        read = [read_triage(text, name=str(file))[0] for file, text in texts if is_tree(text)]
        if found := [tree for tree in read if tree is not None]:
            return found
    return []


def _kind(document: Document) -> str | None:
    data = document.data
    if not isinstance(data, dict):
        return None
    if data.get("kind") in _PLAYBOOKS:
        return str(data["kind"])
    return "registration" if sum(key in data for key in _OURS) >= 2 else None


def _print(checked: list[dict[str, Any]], found: list[Finding]) -> None:
    for finding in found:
        print(finding)
    for one in checked:
        word = "fine" if one["ok"] else "refused"
        hashed = f" sha256 {one['sha256'][:12]}…" if one["ok"] and "sha256" in one else ""
        print(f"{one['file']}: {one['kind']}, {word}{hashed}")
    wrong, warned = len(errors(found)), sum(finding.level == "warning" for finding in found)
    if found:
        print(more(found))
    print(f"{_counted(len(checked), 'file')}: {_counted(wrong, 'error')}, {_counted(warned, 'warning')}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
