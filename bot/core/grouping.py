"""Which alerts make one incident, and how many it takes to open one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from bot.core.matching import Match, matches

MAX_KEY = 500
"""Characters of a group's key that are kept as they are: databases bound what an index takes."""


@dataclass(frozen=True)
class GroupRule:
    """How alerts whose labels are meant by `match` belong together.

    Alerts alike in `group_by` join the open incident of their group while the last that opened or joined it
    is at most `window` old: repeats of what it has do not let it swallow new ones for ever. With `after`
    above 1 an incident is opened only once so many firings were heard within `within`; until then they are
    held. `name` is "" for the rule that takes in what no other does.
    """

    name: str
    group_by: tuple[str, ...]
    window: timedelta
    match: Match = field(default_factory=dict)
    after: int = 1
    within: timedelta = timedelta(0)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether the rule is for an alert with these labels."""
        return matches(labels, self.match)

    def key(self, labels: Mapping[str, str]) -> str:
        """What alerts of one incident have in common under this rule.

        An alert that has none of the labels is grouped by its title, so that alerts without labels do not
        all end up in one incident; where its metric is not named, the name of the alert stands for it.
        """
        read = {**labels, "metric": labels.get("metric") or labels.get("alertname", "")}
        named = [(name, read.get(name, "")) for name in self.group_by]
        if not any(value for _, value in named):
            named = [("title", labels.get("title", ""))]
        key = "|".join(f"{name}={value.lower()}" for name, value in named)
        key = f"{self.name}|{key}" if self.name else key
        if len(key) <= MAX_KEY:
            return key
        return f"{key[:MAX_KEY]}#{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
