"""Reads what follows a veto from YAML: the investigation, the override's review, the ways to redesign."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from bot.core.finding import Finding, Path
from bot.core.veto_plan import LINES, Option, PlannedTask, Redesign, Review, ReviewField, VetoPlan
from bot.core.yaml_fields import Fields, read_whole

MAX_TASKS = 10
"""A card has 50 blocks, and a veto by both a guardrail and a cohort shows the tasks of two playbooks."""
MAX_FIELDS = 12
MAX_OPTIONS = 4
MAX_DAY = 365
MAX_LEAST = 1000
MAX_LABEL = 75

Plan = TypeVar("Plan", VetoPlan, Redesign)


def read_veto(text: str, *, name: str) -> tuple[VetoPlan | None, tuple[Finding, ...]]:
    """Read the plan after a veto; None with the findings where one of them is an error."""
    return read_whole(text, name, "veto", _Reader, _Reader.veto)


def read_redesign(text: str, *, name: str) -> tuple[Redesign | None, tuple[Finding, ...]]:
    """Read the plan after a cohort's veto; None with the findings where one of them is an error."""
    return read_whole(text, name, "cohort_redesign", _Reader, _Reader.redesign)


class _Reader(Fields):
    """Reads the parts of a plan."""

    def veto(self) -> VetoPlan:
        """The plan after a guardrail's veto, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, ["kind", "title", "tasks", "override"])
        self.kind(root, "veto")
        return VetoPlan(self.text((), root, "title"), self.tasks(root), self.review(root))

    def redesign(self) -> Redesign:
        """The plan after a cohort's veto."""
        root = self.mapping((), self.document.data, ["kind", "title", "questions", "tasks", "options", "why"])
        self.kind(root, "cohort_redesign")
        return Redesign(
            title=self.text((), root, "title"),
            questions=self.words((), root, "questions"),
            tasks=self.tasks(root),
            options=self.options(root),
            why=self.text((), root, "why"),
        )

    def tasks(self, root: Mapping[str, Any]) -> tuple[PlannedTask, ...]:
        """The tasks, in order of their days."""
        items = self.counted(root, "tasks", (), MAX_TASKS)
        tasks = [self.task(("tasks", index), item) for index, item in enumerate(items)]
        self.apart(("tasks",), [one.id for one in tasks])
        if self.findings:
            return tuple(tasks)  # a day that could not be read would seem out of order
        for index, (before, after) in enumerate(itertools.pairwise(tasks), 1):
            if after.day < before.day:
                what = f"{after.id!r} on day {after.day} comes after {before.id!r} on day {before.day}."
                self.find("task-order", ("tasks", index, "day"), what, "Order the tasks by their day.")
        return tuple(tasks)

    def task(self, path: Path, item: object) -> PlannedTask:
        """One task."""
        fields = self.mapping(path, item, ["id", "day", "title", "short", "owner"])
        task_id = self.text(path, fields, "id")
        self.identifier((*path, "id"), task_id)
        title = self.text(path, fields, "title")
        short = self.text(path, fields, "short", required=False)
        for key, said in (("title", title), ("short", short)):
            for found in re.findall(r"\{[^{}]*\}", said):
                if found != LINES:
                    what = f"{found} stands for nothing."
                    self.find("unknown-placeholder", (*path, key), what, f"Only {LINES} is filled in.")
        owner = self.words(path, fields, "owner")
        if fields.get("owner") == []:
            self.find("missing", (*path, "owner"), f"{task_id!r} has no owner.", "Name a role.")
        return PlannedTask(task_id, self.whole(path, fields, "day", 0, MAX_DAY), title, short or title, owner)

    def review(self, root: Mapping[str, Any]) -> Review:
        """What an override takes."""
        path: Path = ("override",)
        fields = self.mapping(path, root.get("override"), ["max_days", "retrospective_days", "fields"])
        items = self.counted(fields, "fields", path, MAX_FIELDS)
        asked = tuple(self.field((*path, "fields", index), item) for index, item in enumerate(items))
        self.apart((*path, "fields"), [one.id for one in asked])
        return Review(
            fields=asked,
            max_days=self.whole(path, fields, "max_days", 1, MAX_DAY),
            retrospective_days=self.whole(path, fields, "retrospective_days", 1, MAX_DAY),
        )

    def field(self, path: Path, item: object) -> ReviewField:
        """One question of the review."""
        fields = self.mapping(path, item, ["id", "label", "hint", "min_length"])
        field_id = self.text(path, fields, "id")
        self.identifier((*path, "id"), field_id)
        least = self.whole(path, fields, "min_length", 1, MAX_LEAST)
        label = self.button_label(path, fields, "label")
        return ReviewField(field_id, label, self.text(path, fields, "hint", required=False), least)

    def options(self, root: Mapping[str, Any]) -> tuple[Option, ...]:
        """The ways to redesign, one of which is recommended."""
        items = self.counted(root, "options", (), MAX_OPTIONS)
        options = tuple(self.option(("options", index), item) for index, item in enumerate(items))
        self.apart(("options",), [one.id for one in options])
        recommended = sum(one.recommended for one in options)
        if options and recommended != 1:
            what = f"{recommended} of {len(options)} options are recommended."
            self.find("recommended", ("options",), what, "Write `recommended: true` at exactly one.")
        return options

    def option(self, path: Path, item: object) -> Option:
        """One way to redesign."""
        known = ["id", "label", "title", "what", "cost", "pros", "cons", "recommended"]
        fields = self.mapping(path, item, known)
        option_id = self.text(path, fields, "id")
        self.identifier((*path, "id"), option_id)
        return Option(
            id=option_id,
            label=self.button_label(path, fields, "label", 20),
            title=self.text(path, fields, "title"),
            what=self.text(path, fields, "what"),
            cost=self.text(path, fields, "cost"),
            pros=self.words(path, fields, "pros"),
            cons=self.words(path, fields, "cons"),
            recommended=self.flag(path, fields, "recommended"),
        )

    def counted(self, fields: Mapping[str, Any], key: str, path: Path, most: int) -> list[Any]:
        """A list of at least one and at most so many."""
        items = self.items(path, fields, key)
        if len(items) > most:
            what = f"{len(items)} {key}, and a card shows {most}."
            self.find("too-many", (*path, key), what, f"Keep it to {most}.")
        return items

    def whole(self, path: Path, fields: Mapping[str, Any], key: str, least: int, most: int) -> int:
        """A whole number in a range."""
        value = fields.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        what = f"{key!r} is {value!r}, a whole number from {least} to {most} was expected."
        self.find("not-a-number", (*path, key), what, f"Write for example `{key}: {max(least, 14)}`.")
        return least

    def button_label(self, path: Path, fields: Mapping[str, Any], key: str, most: int = MAX_LABEL) -> str:
        """A short text for a button or above a field."""
        said = self.text(path, fields, key)
        if len(said) > most:
            what = f"the {key} has {len(said)} characters, {most} fit."
            self.find("label-length", (*path, key), what, "Shorten it.")
        return said

    def apart(self, path: Path, ids: Sequence[str]) -> None:
        """Check that no id is given twice."""
        for index, one in enumerate(ids):
            if one and one in ids[:index]:
                self.find("duplicate-id", (*path, index, "id"), f"{one!r} is given twice.", "Rename one.")
