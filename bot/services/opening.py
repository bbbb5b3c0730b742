"""Opens the desk: reads playbooks and templates whole before anything is served."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.diagnosis_reader import read_diagnosis
from bot.core.drill import Drill
from bot.core.drill_reader import read_drill, tree_findings
from bot.core.finding import Finding, errors
from bot.core.ladder_reader import read_escalation
from bot.core.playbook import Playbook, Playbooks
from bot.core.playbook_folder import GENERAL, folder_findings, is_tree
from bot.core.playbook_reader import read_triage
from bot.core.veto_reader import read_redesign, read_veto
from bot.errors import ConfigError
from bot.services.desk import Desk
from bot.services.monitor_files import read_monitors
from bot.settings import Settings, shipped
from bot.sources.prometheus import Prometheus

Read = TypeVar("Read")

DRILLS = "drills"
"""The folder of drills, below that of the playbooks."""


def open_desk(settings: Settings) -> Desk:
    """Return the desk.

    Raises:
        ConfigError: a playbook is missing or has an error, with file:line of the first one.

    """
    folder = settings.playbooks.path
    general, others = read_trees(folder)
    return Desk(
        settings=settings,
        playbooks=Playbooks(
            triage=general,
            others=others,
            escalation=_playbook(folder / "escalation.yaml", read_escalation),
            veto=_playbook(_or_shipped(folder, "veto.yaml"), read_veto),
            cohort_redesign=_playbook(_or_shipped(folder, "cohort_redesign.yaml"), read_redesign),
            diagnosis=_playbook(_or_shipped(folder, "correlation.yaml"), read_diagnosis),
        ),
        templates=ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([settings.templates.path, shipped("templates")]),
            undefined=StrictUndefined,
            autoescape=False,  # the documents are Markdown; what goes in is escaped for that
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        ),
        drills=_drills(folder, (general, *others)),
        monitors=read_monitors(settings),
        prometheus={
            name: Prometheus(source.url.get_secret_value(), name=name, timeout=source.timeout_seconds)
            for name, source in settings.sources.items()
            if source.kind == "prometheus"
        },
    )


def read_trees(folder: Path) -> tuple[Playbook, tuple[Playbook, ...]]:
    """The general tree, and those for incidents with certain labels: every other YAML file of that kind.

    Raises:
        ConfigError: one of them has an error, or they do not go together, with file:line of the first one.

    """
    first = folder / GENERAL
    files = [first, *(file for file in sorted(folder.glob("*.y*ml")) if file != first and _is_tree(file))]
    trees = {str(file): _playbook(file, read_triage) for file in files}
    wrong = folder_findings(trees)
    if wrong:
        raise ConfigError(f"{wrong[0]}", "`lookout check` shows every fault.")
    general, *others = trees.values()
    return general, tuple(others)


def _is_tree(file: Path) -> bool:
    """Whether the file is a triage tree; what cannot be read is told of by whoever needs it."""
    try:
        return is_tree(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def _drills(folder: Path, trees: Sequence[Playbook]) -> Mapping[str, Drill]:
    """The drills of the folder `drills`, or the shipped ones, each of which its tree can be walked by.

    Shipped drills whose tree a team has replaced or changed are left out: they are nobody's fault.
    """
    own = folder / DRILLS
    files = sorted((own if own.is_dir() else shipped("playbooks") / DRILLS).glob("*.y*ml"))
    found: dict[str, Drill] = {}
    for file in files:
        drill = _playbook(file, read_drill)
        wrong = tree_findings(drill, file.read_text(encoding="utf-8"), trees, name=str(file))
        if not wrong:
            found[drill.id] = drill
        elif own.is_dir():
            raise ConfigError(f"{wrong[0]}", "`lookout check` shows every fault.")
    return found


def _or_shipped(folder: Path, name: str) -> Path:
    """The folder's own, or the shipped one: folders written for the first version have no such file."""
    own = folder / name
    return own if own.exists() else shipped("playbooks") / name


def _playbook(file: Path, read: Callable[..., tuple[Read | None, tuple[Finding, ...]]]) -> Read:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} cannot be read: {error}.", "Name the folder in [playbooks] path."
        ) from None
    found: tuple[Read | None, tuple[Finding, ...]] = _read(read, text, str(file))
    playbook, findings = found
    if playbook is None:
        raise ConfigError(f"{errors(findings)[0]}", "`lookout check` shows every fault.")
    return playbook


@lru_cache(maxsize=64)
def _read(
    read: Callable[..., tuple[Read | None, tuple[Finding, ...]]], text: str, name: str
) -> tuple[Read | None, tuple[Finding, ...]]:
    """Playbooks are values: the same text is read once, however many desks are opened."""
    return read(text, name=name)
