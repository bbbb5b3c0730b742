"""What every service may need, composed once by `bot/app.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # named for the reader and the type checker; importing them costs time on the way to an ack
    from jinja2 import Environment

    from bot.core.drill import Drill
    from bot.core.monitor import Monitor
    from bot.core.playbook import Playbooks
    from bot.settings import Settings
    from bot.sources.prometheus import Prometheus


@dataclass(frozen=True)
class Desk:
    """The duty desk: configuration, playbooks, drills, monitors, templates, metric sources by name."""

    settings: Settings
    playbooks: Playbooks
    templates: Environment
    prometheus: Mapping[str, Prometheus]
    drills: Mapping[str, Drill] = field(default_factory=dict)
    monitors: tuple[Monitor, ...] = ()
