"""Playbooks as values: the triage tree, the escalation ladder, and all of the folder together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.change import ChangeKind
from bot.core.checks import BUILT_IN, Check
from bot.core.diagnosis import Plan
from bot.core.incident import UNKNOWN, Severity, Status
from bot.core.veto_plan import Redesign, VetoPlan

HELD = timedelta(minutes=10)
"""How long a metric has to stay at its baseline to count as recovered, where a tree says nothing else."""
WITHIN = 0.025
"""How near to its baseline that is, as a fraction of it."""


@dataclass(frozen=True)
class Category:
    """A named root cause: how it is detected, what usually mends it, how long that should take."""

    number: int
    name: str
    signal: str
    fix: str
    target: str
    roll_back_first: bool = False
    not_paged: str = ""
    false_alarm: bool = False


@dataclass(frozen=True)
class Choice:
    """An answer to a question, or a finding at a leaf.

    `to` is the id of a question or leaf; a change of one of the kinds in `suggested_by` speaks for it, and so
    does a suspect line of a check in `findings` ("catalog_feed", or only its "catalog_feed.rows");
    `when_clear` means that it is suggested when no such change is found; `rules_out` is said on the card
    afterwards.
    """

    id: str
    label: str
    to: str
    suggested_by: tuple[ChangeKind, ...] = ()
    findings: tuple[str, ...] = ()
    when_clear: bool = False
    rules_out: str = ""


@dataclass(frozen=True)
class Question:
    """A step of the tree: the active hypothesis, how to test it, who may help, and the answers.

    `short` is what it is called where there is little room.
    """

    id: str
    number: int
    ask: str
    hypothesis: str
    test: str
    helpers: tuple[str, ...]
    checks: tuple[str, ...]
    choices: tuple[Choice, ...]
    short: str = ""

    @property
    def name(self) -> str:
        """The step in a word or two, for showing the way through the tree."""
        return self.short or self.id.replace("_", " ")

    def choice(self, choice_id: str) -> Choice | None:
        """The answer of that id."""
        return next((choice for choice in self.choices if choice.id == choice_id), None)


@dataclass(frozen=True)
class Leaf:
    """Where a walk ends: the category, what to do now, whose it is, and how recovery is known.

    A leaf of category 0 (unknown) has `choices`: what the people called in may find. The metric counts as
    recovered when every cohort stayed for `held` within `within` (a fraction) of its baseline.
    """

    id: str
    category: int
    action: str
    steps: tuple[str, ...]
    owner: str
    recovery: str
    target: str
    checks: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    held: timedelta = HELD
    within: float = WITHIN

    @property
    def localized(self) -> bool:
        """Whether this leaf names a category."""
        return self.category != UNKNOWN

    def choice(self, choice_id: str) -> Choice | None:
        """The finding of that id."""
        return next((choice for choice in self.choices if choice.id == choice_id), None)


@dataclass(frozen=True)
class Playbook:
    """A triage tree, valid by construction of its reader.

    `within` is how near to its baseline, as a fraction of it, a metric counts as recovered; `sha256` is that
    of `text`, the YAML it came from. `checks` are by name, those that every playbook has among them. `fits`
    are the labels of the incidents it is for, each with its patterns; none means every incident.
    """

    id: str
    title: str
    first: str
    categories: Mapping[int, Category]
    questions: Mapping[str, Question]
    leaves: Mapping[str, Leaf]
    within: float
    sha256: str
    text: str = field(repr=False, default="")
    checks: Mapping[str, Check] = field(default_factory=lambda: BUILT_IN)
    fits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def at(self, position: str) -> Question | Leaf:
        """The question or leaf of that id."""
        return self.questions[position] if position in self.questions else self.leaves[position]

    def category_name(self, number: int) -> str:
        """The category in words with its number, or that it is unknown."""
        category = self.categories.get(number)
        return f"{category.name} (category {number})" if category else "unknown"

    def rolls_back(self, position: str) -> bool:
        """Whether this is a leaf at which one rolls back first and investigates after."""
        leaf = self.leaves.get(position)
        category = self.categories.get(leaf.category) if leaf else None
        return category is not None and category.roll_back_first


@dataclass(frozen=True)
class Actor:
    """Somebody the ladder calls: the words used, and the roles to look under, in order.

    Roles are those of lookout.toml; "oncall" is who is on it or on call, "oncall_backup" who follows them,
    and the roles of an incident ("commander", …) whoever took them. `otherwise` is called in their quiet
    hours.
    """

    name: str
    roles: tuple[str, ...]
    otherwise: "Actor | None" = None


@dataclass(frozen=True)
class Rung:
    """A moment at which an incident that has not got far enough is told to more people.

    `after` counts from the detection; nothing happens once the incident reached `until`. It speaks `most`
    times at most, `every` so often. `notifies` are told only of what is at least as bad as `notifies_from`.
    """

    id: str
    after: timedelta
    until: Status
    title: str
    expects: str
    acts: tuple[Actor, ...]
    notifies: tuple[Actor, ...]
    every: timedelta = timedelta(0)
    most: int = 1
    notifies_from: Severity = "SEV3"


@dataclass(frozen=True)
class Ladder:
    """The rungs in order of time; once the last has spoken as often as it may, nothing is said any more."""

    rungs: tuple[Rung, ...]

    def rung(self, rung_id: str) -> Rung | None:
        """The rung of that id."""
        return next((rung for rung in self.rungs if rung.id == rung_id), None)

    def after(self, rung: Rung) -> Rung | None:
        """The rung that follows, None after the last."""
        return next((later for later in self.rungs if later.after > rung.after), None)


@dataclass(frozen=True)
class Playbooks:
    """What the playbooks folder holds.

    `triage` is the tree for every incident that none of `others` is for.
    """

    triage: Playbook
    escalation: Ladder
    veto: VetoPlan
    cohort_redesign: Redesign
    diagnosis: Plan
    others: tuple[Playbook, ...] = ()

    @property
    def trees(self) -> tuple[Playbook, ...]:
        """Every triage tree, the general one first."""
        return (self.triage, *self.others)

    def named(self, tree_id: str) -> Playbook | None:
        """The tree of that id."""
        return next((tree for tree in self.trees if tree.id == tree_id), None)

    def tree(self, sha256: str) -> Playbook | None:
        """The tree of that hash, None where the file was edited since."""
        return next((tree for tree in self.trees if tree.sha256 == sha256), None)
