"""The configuration: lookout.toml and the LOOKOUT_* environment, read once, typed, secret, passed down."""

from bot.settings.file import load
from bot.settings.incidents import IncidentSettings
from bot.settings.shape import (
    Channels,
    DataSettings,
    FlagSettings,
    FolderSettings,
    LaunchSettings,
    RolloutMetricSettings,
    Settings,
    SourceSettings,
    shipped,
)

__all__ = [
    "Channels",
    "DataSettings",
    "FlagSettings",
    "FolderSettings",
    "IncidentSettings",
    "LaunchSettings",
    "RolloutMetricSettings",
    "Settings",
    "SourceSettings",
    "load",
    "shipped",
]
