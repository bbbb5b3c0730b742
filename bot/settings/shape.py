"""What lookout.toml and the environment can say, as frozen values; an unknown key is an error."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.settings.changes import ChangeSourceName, ChangeSourceSettings
from bot.settings.frozen import Frozen, Reference, zone_name
from bot.settings.incidents import IncidentSettings
from bot.settings.learning import ReviewSettings, TimelineSettings
from bot.settings.oncall import OnCallSettings, PhoneTree
from bot.settings.quarter import PortfolioSettings

SHIPPED = Path(__file__).parent.parent / "_shipped"
"""Where a wheel carries the shipped playbooks and templates; a checkout has them at its top level."""


def shipped(folder: str) -> Path:
    """Return the shipped `folder` ("playbooks", "templates"), in a wheel or in a checkout."""
    packed = SHIPPED / folder
    return packed if packed.is_dir() else Path(__file__).parents[2] / folder


class Channels(Frozen):
    """Where Lookout speaks: channel ids (C…) or names."""

    incidents: str = "ml-incidents"
    launches: str = "launches"
    ops: str = "lookout-ops"
    drills: str = "ml-drills"

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


class DrillSettings(Frozen):
    """remind_after_days: days without a drill after which one is reminded of, once a quarter; 0 for never."""

    remind_after_days: Annotated[int, Field(ge=0, le=3650)] = 90


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
        """Channels without their hash, each once; zones that exist."""
        zones = {name.strip().removeprefix("#"): zone_name(zone) for name, zone in value.items()}
        if len(zones) < len(value):
            raise ValueError("a channel has two zones: with its hash and without it is the same channel")
        return zones


class FlagSettings(Frozen):
    """The system that is told when a stage begins, is paused or resumed, and what was decided."""

    url: str
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an address that begins with http:// or https:// and names a host")
        return value


class RolloutMetricSettings(Frozen):
    """A name that `abort_if` may use in every registration: PromQL or a SQL text that gives one number."""

    source: str
    query: str


class Settings(Frozen):
    """Everything that is configured."""

    timezone: str = "UTC"
    channels: Channels = Channels()
    roles: Mapping[
        Literal["viewer", "engineer", "owner", "approver", "director", "admin"], tuple[Reference, ...]
    ] = {}
    signoffs: Mapping[str, tuple[Reference, ...]] = {}
    sources: Mapping[str, SourceSettings] = {}
    playbooks: FolderSettings = FolderSettings(path=shipped("playbooks"))
    templates: FolderSettings = FolderSettings(path=shipped("templates"))
    incidents: IncidentSettings = IncidentSettings()
    monitors: FolderSettings | None = None
    data: DataSettings | None = None
    launches: LaunchSettings = LaunchSettings()
    drills: DrillSettings = DrillSettings()
    flags: FlagSettings | None = None
    rollout_metrics: Mapping[str, RolloutMetricSettings] = {}
    changes: Mapping[ChangeSourceName, ChangeSourceSettings] = {}
    oncall: OnCallSettings = OnCallSettings()
    timeline: TimelineSettings = TimelineSettings()
    review: ReviewSettings = ReviewSettings()
    portfolio: PortfolioSettings = PortfolioSettings()
    phone_tree: PhoneTree = Field(default_factory=dict)
    retention_days: Annotated[int, Field(ge=1)] = 90

    database_url: str = "sqlite:///lookout.db"
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    oncall_token: SecretStr | None = None
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
        return zone_name(value)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which schedules run and documents show local time."""
        return ZoneInfo(self.timezone)
