"""Opens the desk: reads playbooks and templates whole before anything is served."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.finding import Finding, errors
from bot.core.ladder_reader import read_escalation
from bot.core.playbook import Playbooks
from bot.core.playbook_reader import read_triage
from bot.core.veto_reader import read_redesign, read_veto
from bot.errors import ConfigError
from bot.services.desk import Desk
from bot.settings import Settings, shipped
from bot.sources.prometheus import Prometheus

Read = TypeVar("Read")


def open_desk(settings: Settings) -> Desk:
    """Return the desk.

    Raises:
        ConfigError: a playbook is missing or has an error, with file:line of the first one.

    """
    folder = settings.playbooks.path
    return Desk(
        settings=settings,
        playbooks=Playbooks(
            triage=_playbook(folder / "triage.yaml", read_triage),
            escalation=_playbook(folder / "escalation.yaml", read_escalation),
            veto=_playbook(_or_shipped(folder, "veto.yaml"), read_veto),
            cohort_redesign=_playbook(_or_shipped(folder, "cohort_redesign.yaml"), read_redesign),
        ),
        templates=ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([settings.templates.path, shipped("templates")]),
            undefined=StrictUndefined,
            autoescape=False,  # the documents are Markdown; what goes in is escaped for that
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        ),
        prometheus={
            name: Prometheus(source.url.get_secret_value(), name=name, timeout=source.timeout_seconds)
            for name, source in settings.sources.items()
            if source.kind == "prometheus"
        },
    )


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


@lru_cache(maxsize=16)
def _read(
    read: Callable[..., tuple[Read | None, tuple[Finding, ...]]], text: str, name: str
) -> tuple[Read | None, tuple[Finding, ...]]:
    """Playbooks are values: the same text is read once, however many desks are opened."""
    return read(text, name=name)
