"""Whether the trees of one folder go together: each its own id and labels, one of them for everything else.

A category has the same number and name in all of them, since what is counted per category is counted across
trees.
"""

import re
from collections.abc import Mapping

from bot.core.finding import Finding
from bot.core.playbook import Playbook

GENERAL = "triage.yaml"
"""The file of the tree for every incident that no other tree is for."""


def folder_findings(trees: Mapping[str, Playbook]) -> list[Finding]:
    """Return what is wrong between the trees, by the name of their file; each of them is valid by itself."""
    return [*_general(trees), *_alike(trees), *_categories(trees)]


def _general(trees: Mapping[str, Playbook]) -> list[Finding]:
    found = []
    for file, tree in trees.items():
        general = file.rpartition("/")[2] == GENERAL
        if general and tree.fits:
            what = f"{GENERAL} is the tree for what no other is for, and has `for:`."
            found.append(_error(file, "tree-labels", tree, "for", what, "Move it to a file of another name."))
        if not general and not tree.fits:
            what = f"the tree {tree.id!r} does not say which incidents it is for."
            hint = "Add `for: {labels: {metric: …}}`; only triage.yaml is for everything else."
            found.append(_error(file, "tree-labels", tree, "id", what, hint))
    return found


def _alike(trees: Mapping[str, Playbook]) -> list[Finding]:
    found: list[Finding] = []
    ids: dict[str, str] = {}
    fits: dict[object, str] = {}
    for file, tree in trees.items():
        if tree.id in ids:
            what = f"{tree.id!r} is the id of the tree in {ids[tree.id]} too."
            found.append(_error(file, "duplicate-tree", tree, "id", what, "Give one of them another id."))
        labels = tuple(sorted((name, tuple(sorted(wanted))) for name, wanted in tree.fits.items()))
        if labels and labels in fits:
            what = f"the tree in {fits[labels]} is for the same labels."
            found.append(_error(file, "duplicate-tree", tree, "for", what, "Ask for one label more."))
        ids.setdefault(tree.id, file)
        fits.setdefault(labels, file)
    return found


def _categories(trees: Mapping[str, Playbook]) -> list[Finding]:
    found = []
    known: dict[int, tuple[str, str]] = {}
    for file, tree in trees.items():
        for number, category in tree.categories.items():
            name, where = known.setdefault(number, (category.name, file))
            if name != category.name:
                what = f"category {number} is {category.name!r} here and {name!r} in {where}."
                hint = "Use one name, or another number."
                found.append(_error(file, "category-name", tree, "categories", what, hint))
    return found


def _error(file: str, code: str, tree: Playbook, key: str, what: str, hint: str) -> Finding:
    return Finding(code, "error", file, key, _line(tree.text, key), what, hint)


def _line(text: str, key: str) -> int:
    """Where a key of the file's top level stands, from 1."""
    match = re.search(rf"^{key}:", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def is_tree(text: str) -> bool:
    """Whether a YAML text says that it is a triage tree, before it is read as one."""
    return re.search(r"^kind:\s*[\"']?triage[\"']?\s*(#.*)?$", text, re.MULTILINE) is not None
