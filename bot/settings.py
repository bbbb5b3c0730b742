"""lookout.toml and the LOOKOUT_* environment: read once, typed, secret, passed down."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.core.source_url import filled
from bot.errors import ConfigError, InputError

WEBHOOK_SECRET = "LOOKOUT_WEBHOOK_SECRET_"  # noqa: S105 - the name of a variable, not a secret
SHIPPED = Path(__file__).parent / "_shipped"
"""Where a wheel carries the shipped playbooks and templates; a checkout has them at its top level."""


def shipped(folder: str) -> Path:
    """Return the shipped `folder` ("playbooks", "templates"), in a wheel or in a checkout."""
    packed = SHIPPED / folder
    return packed if packed.is_dir() else Path(__file__).parent.parent / folder


class Frozen(BaseModel):
    """A part of the configuration: an unknown key is an error, nothing changes after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Channels(Frozen):
    """Where Lookout speaks: channel ids (C…) or names."""

    incidents: str = "ml-incidents"
    launches: str = "launches"
    ops: str = "lookout-ops"

    @field_validator("*")
    @classmethod
    def _reference(cls, value: str) -> str:
        """Turn a name into a channel reference: "#name"; ids stay as they are."""
        name = value.removeprefix("#")
        return name if re.fullmatch(r"[CGD][A-Z0-9]{4,}", name) else f"#{name}"


class SourceSettings(Frozen):
    """One place where data or evidence comes from.

    url: with what the environment holds put in, so a secret. timeout_seconds: for a whole look at a
    warehouse, for one query of Prometheus.
    """

    kind: Literal["ibis", "prometheus"]
    url: SecretStr
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 4.0

    @model_validator(mode="before")
    @classmethod
    def _patience(cls, values: Any) -> Any:
        """A warehouse may take longer than a page can wait for Prometheus."""
        if isinstance(values, dict) and values.get("kind") == "ibis":
            return {"timeout_seconds": 60.0, **values}
        return values

    @property
    def file(self) -> Path | None:
        """The database file of a DuckDB source, as Ibis reads its URL; None for what is not a file."""
        parts = urlsplit(self.url.get_secret_value())
        named = parts.netloc + parts.path
        return Path(named) if parts.scheme == "duckdb" and not named.startswith((":memory:", "md:")) else None


class FolderSettings(Frozen):
    """A folder of YAML playbooks or Jinja2 templates."""

    path: Path


class IncidentSettings(Frozen):
    """How alerts become incidents."""

    group_by: tuple[Literal["metric", "service", "title", "severity"], ...] = ("metric", "service")
    group_window_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 24.0
    change_window_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 24.0
    create_channel: bool = True

    @property
    def group_window(self) -> timedelta:
        """How long an open incident takes in further alerts of the same group."""
        return timedelta(hours=self.group_window_hours)

    @property
    def change_window(self) -> timedelta:
        """How far before the onset a change still counts as recent."""
        return timedelta(hours=self.change_window_hours)


class DataSettings(Frozen):
    """The folder under which registrations pasted in Slack may name a `path:`; without it they may not."""

    path: Path


class LaunchSettings(Frozen):
    """How launches are run where a registration does not say.

    look_at: local time at which a look is posted, the morning after its day. zones: the zone of a channel, by
    id or name. retry_minutes, deadline_hours: how often and how long a look waits for its data before its
    owner is called. check_minutes: how often a stage's conditions are looked at. sign_several: whether one
    person may sign in several roles.
    """

    look_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    zones: Mapping[str, str] = {}
    retry_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 30.0
    deadline_hours: Annotated[float, Field(gt=0, le=24 * 14)] = 12.0
    check_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 15.0
    sign_several: bool = False

    @field_validator("zones")
    @classmethod
    def _known_zones(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {name.removeprefix("#"): _zone(zone) for name, zone in value.items()}


class FlagSettings(Frozen):
    """The system that is told when a stage begins, is paused or resumed, and what was decided."""

    url: str
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class RolloutMetricSettings(Frozen):
    """A name that `abort_if` may use in every registration: PromQL or a SQL text that gives one number."""

    source: str
    query: str


class Settings(Frozen):
    """Everything that is configured."""

    timezone: str = "UTC"
    channels: Channels = Channels()
    roles: Mapping[
        Literal["viewer", "engineer", "owner", "approver", "director", "admin"], tuple[str, ...]
    ] = {}
    signoffs: Mapping[str, tuple[str, ...]] = {}
    sources: Mapping[str, SourceSettings] = {}
    playbooks: FolderSettings = FolderSettings(path=shipped("playbooks"))
    templates: FolderSettings = FolderSettings(path=shipped("templates"))
    incidents: IncidentSettings = IncidentSettings()
    data: DataSettings | None = None
    launches: LaunchSettings = LaunchSettings()
    flags: FlagSettings | None = None
    rollout_metrics: Mapping[str, RolloutMetricSettings] = {}
    retention_days: Annotated[int, Field(ge=1)] = 90

    database_url: str = "sqlite:///lookout.db"
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    webhook_secrets: Mapping[str, SecretStr] = {}
    open_webhooks: bool = False
    clock_offset_file: Path | None = None
    flags_secret: SecretStr | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _zone(value)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which schedules run and documents show local time."""
        return ZoneInfo(self.timezone)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone; write one such as Asia/Tokyo") from error
    return name


_FROM_FILE = frozenset(
    {"timezone", "channels", "roles", "signoffs", "sources", "playbooks", "templates", "incidents", "data"}
    | {"retention_days", "launches", "flags", "rollout_metrics"}
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
    _fill(values.get("sources"), environment, text, path)
    return _validated(values, _from_environment(environment), text, path)


def _fill(sources: Any, environment: Mapping[str, str], text: str, path: Path) -> None:
    """Put the environment's values into the URLs of the sources."""
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(source, dict) or not isinstance(source.get("url"), str):
            continue
        try:
            source["url"] = filled(source["url"], environment)
        except InputError as error:
            where = f"{path}:{_line(text, ('sources', name, 'url'))}: sources.{name}.url"
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
    for folder in ("playbooks", "templates", "data"):
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
    for kind, folder in (("playbooks", settings.playbooks.path), ("templates", settings.templates.path)):
        if not folder.is_dir():
            line = _line(text, (kind, "path"))
            raise ConfigError(
                f"{path}:{line}: {kind}.path {folder} is not a folder.", "Name one, or leave it out."
            )
    for name, source in settings.sources.items():
        if source.file is not None and not source.file.is_file():
            what = (
                f"{path}:{_line(text, ('sources', name, 'url'))}: sources.{name}.url: no file {source.file}."
            )
            raise ConfigError(what, "After duckdb:// comes a path; one that begins with / is absolute.")
    return settings


def _explain(error: ValidationError, environment: dict[str, Any], text: str, path: Path) -> ConfigError:
    """One clear line for the first fault, without ever repeating a secret's value."""
    fault = error.errors(include_url=False, include_input=True)[0]
    where = tuple(str(part) for part in fault["loc"] if part != "[key]")
    if where and where[0] in environment:
        variable = next((v for v, name in _FROM_ENVIRONMENT.items() if name == where[0]), where[0])
        return ConfigError(f"{variable}: {fault['msg']}.", "Mend the environment variable.")
    silent = fault["type"] in {"extra_forbidden", "missing"} or _may_hold_a_url(where)
    value = "" if silent else f", read {fault['input']!r}"
    what = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    return ConfigError(
        f"{path}:{_line(text, where)}: {'.'.join(where)}: {what}{value}.", "See the README's example."
    )


def _may_hold_a_url(where: tuple[str, ...]) -> bool:
    """Whether what stands at `where` may be a source's URL, with its password."""
    return where[:1] == ("sources",) and where[2:] not in {("kind",), ("timeout_seconds",)}


def _line(text: str, where: tuple[str, ...]) -> int:
    """The line on which the key at `where` stands: its own, else that of what holds it, else 1."""
    keys = [part for part in where if not part.isdigit()]
    inside = len(keys) == 1
    table = 1
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#")[0].strip()
        if bare.startswith("["):
            inside = bare == f"[{'.'.join(keys[:-1])}]"
            table = (
                number
                if bare in {f"[{'.'.join(keys[:depth])}]" for depth in range(1, len(keys) + 1)}
                else table
            )
        elif inside and re.match(rf"[\"']?{re.escape(keys[-1])}[\"']?\s*=", bare):
            return number
    return table
