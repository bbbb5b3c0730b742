"""The monitors of a folder: read whole at the start, each from a source that is configured."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bot.core.finding import Finding, errors
from bot.core.monitor import Monitor
from bot.core.monitor_reader import KINDS, read_monitor
from bot.core.strict_yaml import parse
from bot.errors import ConfigError, InputError
from bot.settings import Settings


def read_monitors(settings: Settings) -> tuple[Monitor, ...]:
    """Return the monitors of `[monitors] path`, by file; none where no folder is named.

    Raises:
        ConfigError: one has an error, or the id of another, or reads a source that is not there.

    """
    if settings.monitors is None:
        return ()
    found: dict[str, tuple[Monitor, Path]] = {}
    for file, text in _texts(settings.monitors.path):
        monitor, findings = _read(text, str(file))
        if monitor is None:
            raise ConfigError(f"{errors(findings)[0]}", "`lookout check` shows every fault.")
        if monitor.id in found:
            there = found[monitor.id][1]
            raise ConfigError(f"{file}: {there} has the id {monitor.id!r} too.", "Give each one of its own.")
        _check_source(settings, monitor, file)
        found[monitor.id] = (monitor, file)
    return tuple(monitor for monitor, _ in found.values())


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files that are monitors, or no YAML at all: a file with another kind is left alone."""
    for file in sorted(folder.rglob("*.y*ml")):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} cannot be read: {error}.", "Mend it, or take it away.") from None
        if _is_monitor(text, str(file)):
            yield file, text


def _is_monitor(text: str, name: str) -> bool:
    try:
        data = parse(text, name=name).data
    except InputError:
        return True  # what is wrong with it is said by the reader
    return isinstance(data, dict) and data.get("kind") in KINDS


def _check_source(settings: Settings, monitor: Monitor, file: Path) -> None:
    wanted = "ibis" if monitor.feed.in_warehouse else "prometheus"
    source = settings.sources.get(monitor.feed.source)
    if source is not None and source.kind == wanted:
        return
    known = ", ".join(name for name, one in settings.sources.items() if one.kind == wanted) or "none"
    what = f"there is no {wanted} source {monitor.feed.source!r}"
    raise ConfigError(
        f"{file}: data.source: {what}.", f"Configured under [sources] in lookout.toml: {known}."
    )


@lru_cache(maxsize=256)
def _read(text: str, name: str) -> tuple[Monitor | None, tuple[Finding, ...]]:
    """Monitors are values: the same text is read once, however many desks are opened."""
    return read_monitor(text, name=name)
