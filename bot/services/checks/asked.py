"""What the run of a check may look at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.incident import Incident
from bot.core.playbook import Playbook
from bot.services.desk import Desk
from bot.store.database import Database


@dataclass(frozen=True)
class Asked:
    """What a run may look at; `options` are its kind's, from the playbook the incident walks.

    `name` is what the playbook calls the check, for saying where something is to be filled in.
    """

    db: Database
    desk: Desk
    incident: Incident
    playbook: Playbook
    options: Any
    now: datetime
    name: str = ""
