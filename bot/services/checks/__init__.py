"""How each kind of check is run, a module each: what it may look at in, what it found out.

A run happens in a thread of its own, outside any transaction, with a deadline that its caller keeps. It
raises SourceError, with the reason to show, where it cannot say; what it does not foresee is "unknown" too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.core.found import Found
from bot.services.checks import clicks, cohorts, drift, eval_set, shards, stages, traffic, upstream
from bot.services.checks.asked import Asked

Run: TypeAlias = Callable[[Asked], Sequence[Found]]

KINDS: Mapping[str, Run] = {
    "clicks": clicks.run,
    "cohorts": cohorts.run,
    "drift": drift.run,
    "eval_set": eval_set.run,
    "shards": shards.run,
    "stages": stages.run,
    "traffic": traffic.run,
    "upstream": upstream.run,
}
"""Every kind of `bot.core.checks.KINDS`, and how it is run."""

__all__ = ["KINDS", "Asked", "Run"]
