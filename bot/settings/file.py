"""lookout.toml and the LOOKOUT_* environment: read once at the start, faults named by file and line."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.core.source_url import filled
from bot.errors import ConfigError, InputError
from bot.settings.shape import Settings

WEBHOOK_SECRET = "LOOKOUT_WEBHOOK_SECRET_"  # noqa: S105 - the name of a variable, not a secret

_FROM_FILE = frozenset(
    {"timezone", "channels", "roles", "signoffs", "sources", "playbooks", "templates", "incidents", "data"}
    | {"retention_days", "launches", "flags", "rollout_metrics", "changes", "drills", "oncall", "phone_tree"}
    | {"monitors", "timeline", "review", "portfolio"}
)
_FROM_ENVIRONMENT = {
    "LOOKOUT_DATABASE_URL": "database_url",
    "SLACK_BOT_TOKEN": "slack_bot_token",
    "SLACK_APP_TOKEN": "slack_app_token",
    "SLACK_SIGNING_SECRET": "slack_signing_secret",
    "LOOKOUT_SLACK_API_URL": "slack_api_url",
    "LOOKOUT_HOST": "host",
    "LOOKOUT_PORT": "port",
    "LOOKOUT_OPEN_WEBHOOKS": "open_webhooks",
    "LOOKOUT_CLOCK_OFFSET_FILE": "clock_offset_file",
    "LOOKOUT_FLAGS_SECRET": "flags_secret",
    "LOOKOUT_ONCALL_TOKEN": "oncall_token",
}


def load(environment: Mapping[str, str]) -> Settings:
    """Read lookout.toml (named by LOOKOUT_CONFIG, may be absent) and the environment.

    Raises:
        ConfigError: with file:line, the key, its value and what to write instead.

    """
    named = environment.get("LOOKOUT_CONFIG")
    path = Path(named or "lookout.toml")
    if named and not path.is_file():
        raise ConfigError(
            f"LOOKOUT_CONFIG names {named}, and there is no such file.", "Mend the path or unset it."
        )
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    values = _from_file(text, path)
    _fill(values, environment, text, path)
    return _validated(values, _from_environment(environment), text, path)


def _fill(values: Mapping[str, Any], environment: Mapping[str, str], text: str, path: Path) -> None:
    """Put the environment's values into the URLs of sources and of the flag system, and into tokens."""
    named: list[tuple[tuple[str, ...], Any]] = [(("flags",), values.get("flags"))]
    for table in ("sources", "changes"):
        parts = values.get(table)
        named += [((table, name), part) for name, part in parts.items()] if isinstance(parts, dict) else []
    for where, part in named:
        for secret in ("url", "token"):
            if isinstance(part, dict) and isinstance(part.get(secret), str):
                part[secret] = _filled(part[secret], environment, (*where, secret), text, path)


def _filled(value: str, environment: Mapping[str, str], key: tuple[str, ...], text: str, path: Path) -> str:
    """A URL, or a token, which never stands in the file itself."""
    where = f"{path}:{_line(text, key)}: {'.'.join(key)}"
    if key[-1] == "token" and not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", value):
        hint = "Write ${NAME} in its place and set NAME in the environment."
        raise ConfigError(f"{where} holds a secret.", hint)
    try:
        return filled(value, environment)
    except InputError as error:
        raise ConfigError(f"{where} {error.message}", error.hint) from None


def _from_file(text: str, path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.", "See the README's example.") from error
    for key in values:
        if key not in _FROM_FILE:
            known = ", ".join(sorted(_FROM_FILE))
            raise ConfigError(f"{path}:{_line(text, (key,))}: unknown key {key!r}.", f"Known keys: {known}.")
    for folder in ("playbooks", "templates", "monitors", "data"):
        if isinstance(values.get(folder), dict) and isinstance(values[folder].get("path"), str):
            values[folder] = {**values[folder], "path": path.parent / values[folder]["path"]}
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, name in _FROM_ENVIRONMENT.items():
        if environment.get(variable):
            values[name] = environment[variable]
    values["webhook_secrets"] = {
        variable.removeprefix(WEBHOOK_SECRET).lower(): secret
        for variable, secret in environment.items()
        if variable.startswith(WEBHOOK_SECRET) and secret
    }
    if "slack_api_url" in values:
        values["slack_api_url"] = values["slack_api_url"].rstrip("/") + "/"
    return values


def _validated(file: dict[str, Any], environment: dict[str, Any], text: str, path: Path) -> Settings:
    try:
        settings = Settings.model_validate({**file, **environment})
    except ValidationError as error:
        raise _explain(error, environment, text, path) from None
    for kind in ("playbooks", "templates", "monitors"):
        named = getattr(settings, kind)
        folder = named.path if named is not None else None
        if folder is not None and not folder.is_dir():
            line = _line(text, (kind, "path"))
            raise ConfigError(
                f"{path}:{line}: {kind}.path {folder} is not a folder.", "Name one, or leave it out."
            )
    _check_sources(settings, text, path)
    return settings


def _check_sources(settings: Settings, text: str, path: Path) -> None:
    """Files of sources are there, and what is read from a source names one that is configured."""
    for name, source in settings.sources.items():
        if source.file is not None and not source.file.is_file():
            what = (
                f"{path}:{_line(text, ('sources', name, 'url'))}: sources.{name}.url: no file {source.file}."
            )
            raise ConfigError(what, "After duckdb:// comes a path; one that begins with / is absolute.")
    asked = [(("rollout_metrics", name), one.source, "") for name, one in settings.rollout_metrics.items()]
    asked += [(("changes", name), one.source, "ibis") for name, one in settings.changes.items() if one.source]
    for where, named, kind in asked:
        known = sorted(name for name, one in settings.sources.items() if kind in ("", one.kind))
        if named not in known:
            key = (*where, "source")
            what = f"there is no {'warehouse' if kind else 'source'} {named!r}"
            raise ConfigError(
                f"{path}:{_line(text, key)}: {'.'.join(key)}: {what}.",
                f"Configured {'warehouses' if kind else 'sources'}: {', '.join(known) or 'none'}.",
            )


def _explain(error: ValidationError, environment: dict[str, Any], text: str, path: Path) -> ConfigError:
    """One clear line for the first fault, without ever repeating a secret's value."""
    fault = error.errors(include_url=False, include_input=True)[0]
    where = tuple(str(part) for part in fault["loc"] if part != "[key]")
    if where and where[0] in environment:
        variable = next((v for v, name in _FROM_ENVIRONMENT.items() if name == where[0]), where[0])
        return ConfigError(f"{variable}: {fault['msg']}.", "Mend the environment variable.")
    silent = fault["type"] in {"extra_forbidden", "missing"} or _may_hold_a_url(where)
    silent = silent or isinstance(fault["input"], dict)  # a whole table says nothing that its line does not
    value = "" if silent else f", read {fault['input']!r}"
    what = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    return ConfigError(
        f"{path}:{_line(text, where)}: {'.'.join(where)}: {what}{value}.", "See the README's example."
    )


def _may_hold_a_url(where: tuple[str, ...]) -> bool:
    """Whether what stands at `where` may be a URL with its password or token."""
    if where[:1] == ("flags",):
        return where[1:] != ("timeout_seconds",)
    if where[:1] == ("changes",):
        return where[2:] in {(), ("url",), ("token",)}
    return where[:1] == ("sources",) and where[2:] not in {("kind",), ("timeout_seconds",)}


def _line(text: str, where: tuple[str, ...]) -> int:
    """The line on which the key at `where` stands: its own, else that of what holds it, else 1.

    A number in `where` says which table of an array is meant ("[[incidents.rules]]"), or item of a list.
    """
    best, found = 0, 1
    for number, path in _paths(text):
        if len(path) > best and path == where[: len(path)]:
            best, found = len(path), number
    return found


def _paths(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What begins on which line: the tables, each of an array with its number, and the keys in them."""
    table: tuple[str, ...] = ()
    arrays: Counter[tuple[str, ...]] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#")[0].strip()
        heading = re.fullmatch(r"(\[\[?)([^\[\]]+)\]\]?", bare)
        key = re.match(r"([\"']?)([^\"'=]+)\1\s*=", bare)
        if heading:
            names = tuple(name.strip("\"' ") for name in heading[2].split("."))
            arrays[names] += heading[1] == "[["
            numbered: list[str] = []
            for depth, name in enumerate(names, 1):
                numbered.append(name)
                if arrays[names[:depth]]:
                    numbered.append(str(arrays[names[:depth]] - 1))
            table = tuple(numbered)
            yield number, table
        elif key:
            yield number, (*table, key[2].strip())
