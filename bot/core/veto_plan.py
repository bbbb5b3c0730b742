"""What follows a veto, as playbooks say it: tasks with days and owners, an override's review, redesigns."""

from dataclasses import dataclass

LINES = "{lines}"
"""What a task's title may hold: the names of the lines that were crossed."""

CHOICE = "choose"
"""The id of the task that is done by choosing a way to redesign."""


@dataclass(frozen=True)
class PlannedTask:
    """A task: `day` counts from the veto's, day 0; `owner` are roles, the first that is configured has it.

    short: what is done then, in a few words for a card.
    """

    id: str
    day: int
    title: str
    short: str
    owner: tuple[str, ...]

    def about(self, lines: str) -> "PlannedTask":
        """The task with the crossed lines named."""
        return PlannedTask(
            self.id, self.day, self.title.replace(LINES, lines), self.short.replace(LINES, lines), self.owner
        )


@dataclass(frozen=True)
class ReviewField:
    """A question that an override's review must answer, in at least `least` characters."""

    id: str
    label: str
    hint: str
    least: int


@dataclass(frozen=True)
class Review:
    """What an override takes; days count from the request: how late it may expire, and be looked back on."""

    fields: tuple[ReviewField, ...]
    max_days: int
    retrospective_days: int


@dataclass(frozen=True)
class VetoPlan:
    """The plan after a guardrail's veto, and what an override of any veto takes."""

    title: str
    tasks: tuple[PlannedTask, ...]
    override: Review


@dataclass(frozen=True)
class Option:
    """A way to redesign; exactly one of a playbook's is recommended."""

    id: str
    label: str
    title: str
    what: str
    cost: str
    pros: tuple[str, ...]
    cons: tuple[str, ...]
    recommended: bool


@dataclass(frozen=True)
class Redesign:
    """The plan after a cohort's veto: what may be behind it, the tasks, the ways to choose from and why."""

    title: str
    questions: tuple[str, ...]
    tasks: tuple[PlannedTask, ...]
    options: tuple[Option, ...]
    why: str

    def option(self, option_id: str) -> Option | None:
        """The option of that id."""
        return next((one for one in self.options if one.id == option_id), None)
