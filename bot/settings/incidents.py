"""How alerts become incidents: rules that group them, and windows in which they open none."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from bot.core.grouping import GroupRule
from bot.core.window import Window
from bot.settings.frozen import ClockTime, Frozen, ZoneName, clock_time

Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip

Hours: TypeAlias = Annotated[float, Field(gt=0, le=24 * 30)]


def _label(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.:/-]{0,199}", name):
        raise ValueError(f"{name!r} is not the name of a label")
    return name


def _listed(value: Any) -> Any:
    """One pattern, or a list of them."""
    return [value] if isinstance(value, str) else value


Label: TypeAlias = Annotated[str, AfterValidator(_label)]
Patterns: TypeAlias = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...], BeforeValidator(_listed), Field(min_length=1)
]
Matched: TypeAlias = Annotated[Mapping[Label, Patterns], Field(min_length=1)]
"""Patterns by label; `*` in one stands for anything."""


class RuleSettings(Frozen):
    """One grouping rule; the first whose `match` fits an alert is its rule.

    after, within_minutes: an incident is opened only after so many firings within so many minutes.
    """

    name: Annotated[str, Field(pattern=r"^[^|\s][^|]{0,79}$")]
    match: Matched
    group_by: Annotated[tuple[Label, ...], Field(min_length=1)] | None = None
    window_hours: Hours | None = None
    after: Annotated[int, Field(ge=1, le=1000)] = 1
    within_minutes: Annotated[float, Field(gt=0, le=7 * 24 * 60)] | None = None

    @model_validator(mode="after")
    def _threshold(self) -> "RuleSettings":
        if (self.after > 1) != (self.within_minutes is not None):
            raise ValueError("a threshold needs both: after = 3 and within_minutes = 10")
        return self


class MaintenanceSettings(Frozen):
    """A window in which alerts open no incident; resolves always pass.

    Either once (`from`, `until`; without an offset they are local times in `zone`) or on weekdays (`weekly`,
    at local time `at` for `hours`). zone: the configured one where it is left out.
    """

    name: Annotated[str, Field(pattern=r"^\S.{0,79}$")]
    match: Matched
    start: Annotated[datetime | None, Field(alias="from")] = None
    until: datetime | None = None
    weekly: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = None
    at: ClockTime | None = None
    hours: Annotated[float, Field(gt=0, le=24 * 7)] | None = None
    zone: ZoneName | None = None
    reason: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _once_or_weekly(self) -> "MaintenanceSettings":
        once, weekly = (self.start, self.until), (self.weekly, self.at, self.hours)
        if not (all(once) and not any(weekly)) and not (all(weekly) and not any(once)):
            raise ValueError("write either from and until, or weekly, at and hours")
        if self._ends_first():
            raise ValueError("it ends before it begins")
        return self

    def _ends_first(self) -> bool:
        """Whether it surely ends before it begins; a local and a fixed time tell only with a zone."""
        if self.start is None or self.until is None:
            return False
        if self.zone is None and (self.start.tzinfo is None) != (self.until.tzinfo is None):
            return False
        return _local(self.until, self.zone or "UTC") <= _local(self.start, self.zone or "UTC")

    def window(self, zone: str) -> Window:
        """The window, in its own zone or else in `zone`."""
        named = self.zone or zone
        if self.start is not None and self.until is not None:
            start, end = _local(self.start, named), _local(self.until, named)
            return Window(self.name, self.match, start, end, zone=named, why=self.reason)
        return Window(
            self.name,
            self.match,
            weekdays=tuple(WEEKDAYS.index(day) for day in self.weekly or ()),
            at=clock_time(self.at or "00:00"),
            length=timedelta(hours=self.hours or 0),
            zone=named,
            why=self.reason,
        )


class IncidentSettings(Frozen):
    """How alerts become incidents. group_by, group_window_hours hold for what no rule takes in."""

    group_by: Annotated[tuple[Label, ...], Field(min_length=1)] = ("metric", "service")
    group_window_hours: Hours = 24.0
    change_window_hours: Hours = 24.0
    create_channel: bool = True
    rules: tuple[RuleSettings, ...] = ()
    maintenance: tuple[MaintenanceSettings, ...] = ()

    @field_validator("rules", "maintenance")
    @classmethod
    def _named_once(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [one.name for one in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two are called {twice!r}; names tell them apart")
        return value

    @property
    def group_window(self) -> timedelta:
        """How long an open incident takes in further alerts of the same group."""
        return timedelta(hours=self.group_window_hours)

    @property
    def change_window(self) -> timedelta:
        """How far before the onset a change still counts as recent."""
        return timedelta(hours=self.change_window_hours)

    def rule_for(self, labels: Mapping[str, str]) -> GroupRule:
        """The first rule that takes an alert with these labels in, else the one for all others."""
        return next((rule for rule in self._rules if rule.takes(labels)), self._rest)

    def windows(self, zone: str) -> tuple[Window, ...]:
        """The maintenance windows, local times in `zone` where they name none."""
        return tuple(one.window(zone) for one in self.maintenance)

    @cached_property
    def _rules(self) -> tuple[GroupRule, ...]:
        return tuple(
            GroupRule(
                name=rule.name,
                group_by=rule.group_by or self.group_by,
                window=timedelta(hours=rule.window_hours or self.group_window_hours),
                match=rule.match,
                after=rule.after,
                within=timedelta(minutes=rule.within_minutes or 0),
            )
            for rule in self.rules
        )

    @cached_property
    def _rest(self) -> GroupRule:
        return GroupRule("", self.group_by, self.group_window)


def _local(moment: datetime, zone: str) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
