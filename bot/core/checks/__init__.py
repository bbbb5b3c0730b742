"""The kinds of checks that a playbook may configure under `checks:`, a module each.

A module has the frozen options of its kind, `read`, which takes them from YAML, and `FINDINGS`: what a
suspect line of that kind may be called, so that an answer can be `suggested_by: [catalog_feed.rows]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.checks import clicks, cohorts, drift, eval_set, shards, stages, traffic, upstream
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

CHANGES, METRIC = "changes", "metric"
"""The checks that every playbook has without configuring them: the change log, and the alert's own metric."""

SYMPTOMS = frozenset({METRIC, "cohorts", "stages"})
"""Kinds that say what is seen, not why: they speak for no answer, and keep none from being suggested."""

DEADLINE, SHORTEST, LONGEST = 5.0, 0.5, 6.5
"""Seconds a check may take where it does not say `deadline_seconds:`; the least and the most it may say."""


class Kind(Protocol):
    """What a module of this folder is."""

    @property
    def FINDINGS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of a module
        """What a suspect line may be called."""

    def read(self, fields: Fields, path: Path, item: Mapping[str, Any]) -> object:
        """Take the options from YAML; what is wrong becomes a finding."""


KINDS: Mapping[str, Kind] = {
    "clicks": clicks,
    "cohorts": cohorts,
    "drift": drift,
    "eval_set": eval_set,
    "shards": shards,
    "stages": stages,
    "traffic": traffic,
    "upstream": upstream,
}
"""Every kind by the name that a playbook gives under `kind:`."""


@dataclass(frozen=True)
class Check:
    """A check as a playbook configures it: what questions call it, its kind, and that kind's options.

    `deadline` is in seconds: what has not answered by then is unknown. `link` leads to the team's own page of
    what is checked, "" for none.
    """

    name: str
    kind: str
    options: object = None
    deadline: float = DEADLINE
    link: str = ""

    @property
    def findings(self) -> tuple[str, ...]:
        """What its suspect lines may be called."""
        return KINDS[self.kind].FINDINGS if self.kind in KINDS else ()


BUILT_IN: Mapping[str, Check] = {name: Check(name, name) for name in (CHANGES, METRIC)}


def read_check(fields: Fields, path: Path, name: str, item: object) -> Check:
    """Read one entry under `checks:`; a stand-in where there are findings."""
    fields.identifier(path, name)
    if not isinstance(item, dict):
        fields.find("playbook-shape", path, f"check {name!r} must be a mapping.", "Begin with `kind:`.")
        return Check(name, "")
    if name in BUILT_IN:
        what = f"{name!r} is a check that every playbook has."
        fields.find("duplicate-id", path, what, "Give this one another name.")
    kind = str(item.get("kind"))
    if kind not in KINDS:
        what = f"there is no kind of check {kind!r}."
        fields.find("unknown-check", (*path, "kind"), what, f"Use {' or '.join(KINDS)}.")
        return Check(name, "")
    deadline = fields.number(path, item, "deadline_seconds", DEADLINE, low=SHORTEST, high=LONGEST)
    link = fields.text(path, item, "link", required=False)
    if link and not link.startswith(("https://", "http://")):
        fields.find("not-a-link", (*path, "link"), f"{link!r} is no link.", "Begin with https://.")
    own = {key: value for key, value in item.items() if key not in ("kind", "deadline_seconds", "link")}
    return Check(name, kind, KINDS[kind].read(fields, path, own), deadline, link)
