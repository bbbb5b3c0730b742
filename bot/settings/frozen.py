"""What every part of the configuration is made of: frozen values, people, zones, local hours."""

import re
from datetime import time
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A part of the configuration: an unknown key is an error, nothing changes after the start."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _reference(text: str) -> str:
    """Refuse what names nobody: people are meant by Slack id, user group or e-mail address."""
    if not re.fullmatch(r"[UWS][A-Z0-9]+|[^@\s<>]+@[^@\s<>]+", text):
        said = "is neither a Slack id (U…), nor a user group's (S…), nor an e-mail address"
        raise ValueError(f"{text!r} {said}")
    return text


def zone_name(name: str) -> str:
    """Refuse what is no IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone; write one such as Asia/Tokyo") from error
    return name


Reference: TypeAlias = Annotated[str, AfterValidator(_reference)]
"""How people are named: a Slack id, a user group's id, an e-mail address."""

ZoneName: TypeAlias = Annotated[str, AfterValidator(zone_name)]
"""An IANA time zone that exists."""

ClockTime: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A local time, "09:00"."""


def clock_time(text: str) -> time:
    """The time that a ClockTime says."""
    return time.fromisoformat(text)
