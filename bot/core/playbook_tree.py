"""Is it a tree one can walk? Every target exists, everything is reachable, nothing goes in circles."""

from collections.abc import Iterator

from bot.core.checks import BUILT_IN, CHANGES
from bot.core.finding import Finding, Path, dotted
from bot.core.playbook import Choice, Leaf, Playbook, Question
from bot.core.strict_yaml import Document


def tree_findings(playbook: Playbook, document: Document) -> list[Finding]:
    """Return what is wrong with the shape of the tree."""
    missing = [*_first(playbook, document), *_targets(playbook, document)]
    if missing:
        return missing
    return [
        *_shared_names(playbook, document),
        *_duplicate_numbers(document),
        *_unreachable(playbook, document),
        *_circles(playbook, document),
        *_dead_ends(playbook, document),
        *_unused_categories(playbook, document),
        *_unused_checks(playbook, document),
        *_unheard(playbook, document),
    ]


def walk(playbook: Playbook) -> Iterator[tuple[tuple[Choice, ...], str]]:
    """Every way from the first question to a leaf, as the choices made and the leaf's id, in file order.

    A leaf with findings (the escalation) ends one way and begins others.
    """
    stack: list[tuple[tuple[Choice, ...], str]] = [((), playbook.first)]
    while stack:
        made, position = stack.pop()
        if position in playbook.leaves:
            yield made, position
        stack.extend(((*made, choice), choice.to) for choice in reversed(playbook.at(position).choices))


def _choices(playbook: Playbook) -> Iterator[tuple[Path, str, Choice]]:
    """Every choice with where it stands in the file and where it starts from."""
    for question in playbook.questions.values():
        for index, choice in enumerate(question.choices):
            yield ("questions", question.id, "answers", index), question.id, choice
    for leaf in playbook.leaves.values():
        for index, choice in enumerate(leaf.choices):
            yield ("leaves", leaf.id, "then", index), leaf.id, choice


def _first(playbook: Playbook, document: Document) -> list[Finding]:
    if playbook.first in playbook.questions:
        return []
    what = f"first is {playbook.first!r}, which is not a question."
    return [_error(document, "no-target", ("first",), what, "Name a question.")]


def _targets(playbook: Playbook, document: Document) -> list[Finding]:
    known = {*playbook.questions, *playbook.leaves}
    return [
        _error(
            document,
            "no-target",
            (*path, "to"),
            f"answer {choice.id!r} of {start!r} leads to {choice.to!r}, which does not exist.",
            "Name a question or a leaf.",
        )
        for path, start, choice in _choices(playbook)
        if choice.to not in known
    ]


def _shared_names(playbook: Playbook, document: Document) -> list[Finding]:
    return [
        _error(
            document,
            "duplicate-id",
            ("leaves", name),
            f"{name!r} is both a question and a leaf.",
            "Rename one.",
        )
        for name in playbook.leaves
        if name in playbook.questions
    ]


def _duplicate_numbers(document: Document) -> list[Finding]:
    numbers = [item.get("number") for item in document.data["categories"]]
    return [
        _error(
            document,
            "category-number",
            ("categories", index, "number"),
            f"category {number} is listed twice.",
            "Number each once.",
        )
        for index, number in enumerate(numbers)
        if number in numbers[:index]
    ]


def _reachable(playbook: Playbook) -> set[str]:
    seen: set[str] = set()
    waiting = [playbook.first]
    while waiting:
        position = waiting.pop()
        if position not in seen:
            seen.add(position)
            waiting += [choice.to for choice in playbook.at(position).choices]
    return seen


def _unreachable(playbook: Playbook, document: Document) -> list[Finding]:
    seen = _reachable(playbook)
    found = []
    for section, names in (("questions", playbook.questions), ("leaves", playbook.leaves)):
        for name in names:
            if name not in seen:
                what = f"no answer leads to {name!r}."
                found.append(
                    _error(
                        document, "unreachable", (section, name), what, "Lead an answer to it or remove it."
                    )
                )
    return found


def _circles(playbook: Playbook, document: Document) -> list[Finding]:
    """Depth first: an answer back to a position that is still being walked closes a circle."""
    found = []
    done: set[str] = set()
    walking: list[str] = []

    def visit(position: str) -> None:
        walking.append(position)
        for path, start, choice in _choices(playbook):
            if start != position:
                continue
            if choice.to in walking:
                circle = " → ".join([*walking[walking.index(choice.to) :], choice.to])
                found.append(
                    _error(
                        document,
                        "circle",
                        (*path, "to"),
                        f"the answers go in a circle: {circle}.",
                        "Lead it onwards; going back is a button of its own.",
                    )
                )
            elif choice.to not in done:
                visit(choice.to)
        done.add(walking.pop())

    visit(playbook.first)
    return found


def _dead_ends(playbook: Playbook, document: Document) -> list[Finding]:
    return [
        _error(
            document,
            "dead-end",
            ("leaves", leaf.id),
            f"leaf {leaf.id!r} has category unknown and nothing that may be found there.",
            "Add `then:` with what the people called in may find.",
        )
        for leaf in playbook.leaves.values()
        if not leaf.localized and not leaf.choices
    ]


def _unused_categories(playbook: Playbook, document: Document) -> list[Finding]:
    used = {leaf.category for leaf in playbook.leaves.values()}
    return [
        _error(
            document,
            "unused-category",
            ("categories", index),
            f"no leaf has category {item['number']}, {item['name']!r}.",
            "Add a leaf, or say under `not_paged:` why nobody is paged for it.",
        )
        for index, item in enumerate(document.data["categories"])
        if item["number"] not in used and not item.get("not_paged")
    ]


def _unused_checks(playbook: Playbook, document: Document) -> list[Finding]:
    """A check that no step names is run for nobody."""
    places: list[Question | Leaf] = [*playbook.questions.values(), *playbook.leaves.values()]
    named = {name for place in places for name in place.checks}
    return [
        _error(
            document,
            "unused-check",
            ("checks", name),
            f"no question or leaf names the check {name!r}.",
            "Add it under the `checks:` of the step it is for, or remove it.",
        )
        for name in playbook.checks
        if name not in BUILT_IN and name not in named
    ]


def _unheard(playbook: Playbook, document: Document) -> list[Finding]:
    """An answer that waits for what its own step never asks."""
    found = []
    for path, start, choice in _choices(playbook):
        checks = playbook.at(start).checks
        unheard = [word for word in choice.findings if word.partition(".")[0] not in checks]
        for word in unheard:
            what = f"answer {choice.id!r} waits for {word!r}, and {start!r} does not run that check."
            hint = f"Add {word.partition('.')[0]} to its `checks:`."
            found.append(_error(document, "unheard", (*path, "suggested_by"), what, hint))
        if choice.suggested_by and CHANGES not in checks:
            what = f"answer {choice.id!r} waits for changes, and {start!r} does not run the check `changes`."
            where = (*path, "suggested_by")
            found.append(
                Finding(
                    "unheard", "warning", document.name, dotted(where), document.line(where), what,
                    "Add changes to its `checks:`.",
                )
            )  # fmt: skip
    return found


def _error(document: Document, code: str, path: Path, message: str, hint: str) -> Finding:
    return Finding(code, "error", document.name, dotted(path), document.line(path), message, hint)
