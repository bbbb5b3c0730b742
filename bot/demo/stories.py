"""What the demo tells, in this order: an incident, and four launches that end in four ways."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from bot.demo.incident_story import incident
from bot.demo.launch_story import launch
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
    }
)
"""By the name that `lookout demo --story` takes."""
