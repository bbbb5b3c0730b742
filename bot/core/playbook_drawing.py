"""A triage tree as text, and as Mermaid: for people, for documents, and for looking before one trusts it."""

from collections.abc import Callable, Iterator, Sequence

from bot.core.playbook import Choice, Leaf, Playbook, Question

Mark = Callable[[str, str], str]
"""What stands before an answer: given the question's and the answer's id."""


def _no_mark(_question: str, _answer: str) -> str:
    return ""


def text_tree(playbook: Playbook, *, here: str = "", mark: Mark = _no_mark) -> str:
    """The tree from its first question on, an answer a line; what comes up again is only named.

    `here` is where somebody stands; `mark` may say that an answer was given.
    """
    return "\n".join(_question(playbook, playbook.first, here, mark, set()))


def _question(playbook: Playbook, position: str, here: str, mark: Mark, drawn: set[str]) -> Iterator[str]:
    """The question and, below it, the questions its answers lead to, without indenting a long chain."""
    place = playbook.at(position)
    if position in drawn or not isinstance(place, Question):
        return
    drawn.add(position)
    yield f"{place.number}. {place.ask}{' (here)' if position == here else ''}"
    yield from _answers(playbook, place.id, place.choices, here, mark)
    for choice in place.choices:
        yield from _question(playbook, choice.to, here, mark, drawn)
    for choice in place.choices:
        leaf = playbook.leaves.get(choice.to)
        if leaf is not None and leaf.choices and leaf.id not in drawn:
            drawn.add(leaf.id)
            yield f"*. {leaf.action}"
            yield from _answers(playbook, leaf.id, leaf.choices, here, mark)


def _answers(
    playbook: Playbook, start: str, choices: Sequence[Choice], here: str, mark: Mark
) -> Iterator[str]:
    for index, choice in enumerate(choices):
        branch = "└─" if index == len(choices) - 1 else "├─"
        yield f"   {branch} {mark(start, choice.id)}{choice.label} → {_goal(playbook, choice.to, here)}"


def _goal(playbook: Playbook, position: str, here: str) -> str:
    place = playbook.at(position)
    if isinstance(place, Question):
        return f"step {place.number}"
    number = f"category {place.category}" if place.localized else "not localized"
    said = f"{place.action} [{number}{', roll back first' if playbook.rolls_back(place.id) else ''}]"
    return f"{said} (here)" if position == here else said


def category(playbook: Playbook, leaf: Leaf) -> str:
    """The category of a leaf in few words, and whether one rolls back there first."""
    if not leaf.localized:
        return "not localized"
    named = f"{leaf.category} {playbook.categories[leaf.category].name}"
    return f"{named}, roll back first" if playbook.rolls_back(leaf.id) else named


def mermaid(playbook: Playbook) -> str:
    """The tree as a Mermaid flow chart, which GitHub, GitLab and most wikis draw.

    Names begin with "at_", since a step may be called "end", which means something there.
    """
    lines = ["flowchart TD"]
    lines += [
        f'  at_{question.id}{{"{question.number}. {_quoted(question.ask)}"}}'
        for question in playbook.questions.values()
    ]
    for leaf in playbook.leaves.values():
        kind = "escalates" if not leaf.localized else "rollsback" if playbook.rolls_back(leaf.id) else "acts"
        said = f"{_quoted(leaf.action)}<br/>{_quoted(category(playbook, leaf))}"
        lines.append(f'  at_{leaf.id}["{said}"]:::{kind}')
    places: list[Question | Leaf] = [*playbook.questions.values(), *playbook.leaves.values()]
    for place in places:
        lines += [
            f'  at_{place.id} -->|"{_quoted(choice.label)}"| at_{choice.to}' for choice in place.choices
        ]
    return "\n".join([*lines, *_CLASSES])


_CLASSES = (
    "  classDef rollsback fill:#cdeccd,stroke:#2a6b2a",
    "  classDef acts fill:#dbe7f7,stroke:#2a4a7b",
    "  classDef escalates fill:#f7d9d6,stroke:#8b2a20",
)


def _quoted(text: str) -> str:
    """Text for a Mermaid label in quotes: its own quotes and brackets as entities."""
    entities = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "&": "#amp;"}
    return "".join(entities.get(character, character) for character in text)
