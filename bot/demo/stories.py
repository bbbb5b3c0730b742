"""What the demo tells, in this order: an incident, four launches that end in four ways, and a quarter."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from bot.demo.incident_story import incident
from bot.demo.launch_story import launch
from bot.demo.quarter_story import quarter
from bot.demo.scene import Scene
from bot.demo.veto_stories import japanese, mixed, satisfaction

Story: TypeAlias = Callable[[Scene], Awaitable[None]]

STORIES: Mapping[str, Story] = MappingProxyType(
    {
        "incident": incident,
        "ship": launch,
        "veto": satisfaction,
        "cohort": japanese,
        "inconclusive": mixed,
        "quarter": quarter,
    }
)
"""By the name that `lookout demo --story` takes."""
