"""How each kind of check is run, a module each: what it may look at in, what it found out.

A run happens in a thread of its own, outside any transaction, with a deadline that its caller keeps. It
raises SourceError, with the reason to show, where it cannot say; what it does not foresee is "unknown" too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from bot.core.found import Found
from bot.core.incident import Incident
from bot.core.playbook import Playbook
from bot.services.desk import Desk
from bot.store.database import Database


@dataclass(frozen=True)
class Asked:
    """What a run may look at; `options` are its kind's, from the playbook the incident walks."""

    db: Database
    desk: Desk
    incident: Incident
    playbook: Playbook
    options: Any
    now: datetime


Run: TypeAlias = Callable[[Asked], Sequence[Found]]

KINDS: Mapping[str, Run] = {}
"""Every kind of `bot.core.checks.KINDS`, and how it is run."""
