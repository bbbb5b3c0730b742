"""`lookout playbook`: a triage tree drawn, and which tree an incident with certain labels would walk."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from bot import settings
from bot.commands.output import write
from bot.commands.registration_file import text_of
from bot.core.finding import Finding, errors
from bot.core.playbook import Playbook
from bot.core.playbook_choice import choose, fit
from bot.core.playbook_drawing import mermaid, text_tree
from bot.core.playbook_reader import read_triage
from bot.errors import InputError
from bot.services.opening import read_trees

Form: TypeAlias = Literal["text", "mermaid", "svg", "png"]
_BY_NAME: Mapping[str, Form] = {
    ".txt": "text", ".md": "mermaid", ".mmd": "mermaid", ".svg": "svg", ".png": "png",
}  # fmt: skip


def draw(file: Path, *, form: Form | None, out: Path | None) -> int:
    """Draw the tree of `file` to `out`, or to standard output; 1 with its findings where it cannot be walked.

    Raises:
        InputError: the file cannot be read, or a picture would go to a terminal.

    """
    wanted: Form = form or _BY_NAME.get(out.suffix.lower() if out else "", "text")
    text = text_of(file)
    playbook, findings = read_triage(text, name=str(file))
    _print(findings)
    if playbook is None:
        return 1
    drawn = _drawn(playbook, wanted, fenced=out is not None and out.suffix.lower() == ".md")
    if out is None and wanted == "png" and sys.stdout.isatty():
        raise InputError("A PNG is no text for a terminal.", "Name a file: `--out tree.png`.")
    write(drawn, out)
    return 0


def pick(environment: Mapping[str, str], labels: Sequence[str]) -> int:
    """Say which tree an incident with these labels ("metric=turn_latency_ms") walks, and why not the others.

    Raises:
        InputError: a label is not NAME=VALUE.
        ConfigError: the playbooks cannot be read.

    """
    given = {}
    for one in labels:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{one!r} is not NAME=VALUE.", "For example metric=turn_latency_p95_ms.")
        given[name.strip()] = value.strip()
    general, others = read_trees(settings.load(environment).playbooks.path)
    chosen = choose(general, others, given)
    for tree in (general, *others):
        print(f"{'walks' if tree is chosen else '     '}  {tree.id}: {_why(tree, given)}")
    return 0


def _drawn(playbook: Playbook, form: Form, *, fenced: bool) -> bytes:
    if form == "text":
        return f"{playbook.title}\n\n{text_tree(playbook)}\n".encode()
    if form == "mermaid":
        chart = mermaid(playbook)
        return (f"```mermaid\n{chart}\n```\n" if fenced else f"{chart}\n").encode()
    from bot.views.chart_tree import tree_picture  # matplotlib takes a second, which text need not wait for

    return tree_picture(playbook, form)


def _why(tree: Playbook, labels: Mapping[str, str]) -> str:
    if not tree.fits:
        return "for every incident that no other tree is for"
    wanted = ", ".join(f"{name} {' or '.join(values)}" for name, values in tree.fits.items())
    return f"for {wanted}{'' if fit(tree, labels) is not None else ', which does not fit'}"


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        print(finding, file=sys.stderr)
    if errors(findings):
        print("A tree with errors is not drawn.", file=sys.stderr)
