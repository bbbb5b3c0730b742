"""How each kind of check is run, a module each: what it may look at in, what it found out.

A run happens in a thread of its own, outside any transaction, with a deadline that its caller keeps. It
raises SourceError, with the reason to show, where it cannot say; what it does not foresee is "unknown" too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.core.found import Found
from bot.services.checks import cohorts, shards, stages
from bot.services.checks.asked import Asked

Run: TypeAlias = Callable[[Asked], Sequence[Found]]

KINDS: Mapping[str, Run] = {
    "cohorts": cohorts.run,
    "shards": shards.run,
    "stages": stages.run,
}
"""Every kind of `bot.core.checks.KINDS`, and how it is run."""

__all__ = ["KINDS", "Asked", "Run"]
