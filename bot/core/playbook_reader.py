"""Reads a triage tree from YAML: all faults at once, each with its line."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.core.change import ChangeKind
from bot.core.checks import BUILT_IN, Check, read_check
from bot.core.finding import Finding, Path, errors
from bot.core.incident import UNKNOWN
from bot.core.playbook import HELD, WITHIN, Category, Choice, Leaf, Playbook, Question
from bot.core.playbook_tree import tree_findings
from bot.core.strict_yaml import parse_quickly
from bot.core.yaml_fields import Fields, read_whole, unreadable
from bot.errors import InputError

MAX_LABEL = 75
"""Characters on a Slack button."""
MAX_QUESTIONS = 30
MAX_STEPS = 10
MAX_CHOICES = 10
"""More answers than this do not fit a phone; a leaf's findings are a select, which shows them one by one."""
MINUTE = timedelta(minutes=1)
WEEK = 7 * 24 * 60
"""The longest recovery check, in minutes."""

_ROOT = [
    "kind", "id", "title", "for", "first", "within", "recovery_minutes", "categories", "checks", "questions",
    "leaves",
]  # fmt: skip
_QUESTION = ["ask", "short", "hypothesis", "test", "helpers", "checks", "answers"]
_LEAF = [
    "category", "action", "steps", "owner", "recovery", "recovery_minutes", "within", "target", "checks",
    "then",
]  # fmt: skip
_TOLERATED = {"unused-check", "unheard", "unknown-check", "change-kind", "unknown-key", "too-many"}
"""What another version of Lookout may find in a tree that was in use: it can still be walked to its end."""


def read_triage(text: str, *, name: str) -> tuple[Playbook | None, tuple[Finding, ...]]:
    """Read a triage tree; None with the findings where one of them is an error."""
    return read_whole(text, name, "triage", _Reader, lambda reader: reader.whole(text))


def read_kept(text: str) -> tuple[Playbook | None, tuple[Finding, ...]]:
    """Read the tree that an incident began with; what only a stricter version finds wrong does not strand it.

    A check that is not known any more is left out.
    """
    try:
        document = parse_quickly(text, name="playbook")
    except InputError as error:
        return None, (unreadable(error, "playbook"),)
    reader = _Reader(document)
    if not reader.is_mapping("triage"):
        return None, tuple(reader.findings)
    playbook = reader.triage(text)
    wrong = tuple(
        finding
        for finding in errors(reader.findings)
        if finding.code not in _TOLERATED and not finding.path.startswith("checks.")
    )
    return (None if wrong else playbook), wrong


class _Reader(Fields):
    """Reads the parts of a tree; the checks first, since questions name them."""

    known: Mapping[str, Check] = BUILT_IN
    recovered: tuple[timedelta, float] = (HELD, WITHIN)

    def whole(self, text: str) -> Playbook:
        """The tree, and where it reads well, what is wrong with its shape."""
        playbook = self.triage(text)
        if not errors(self.findings):
            self.findings += tree_findings(playbook, self.document)
        return playbook

    def triage(self, text: str) -> Playbook:
        """The tree, with stand-ins where there are findings."""
        root = self.mapping(
            (),
            self.document.data,
            _ROOT,
        )
        self.kind(root, "triage")
        self.recovered = self.recovering((), root, (HELD, self.fraction((), root, "within")))
        categories = [
            self.category(("categories", index), item)
            for index, item in enumerate(self.items((), root, "categories"))
        ]
        configured = self.table((), root, "checks") if "checks" in root else {}
        found = {name: read_check(self, ("checks", name), name, item) for name, item in configured.items()}
        self.known = {**BUILT_IN, **found}
        questions = self.table((), root, "questions")
        leaves = self.table((), root, "leaves")
        if len(questions) > MAX_QUESTIONS:
            self.find(
                "too-many", ("questions",), f"{len(questions)} questions.", f"Keep it to {MAX_QUESTIONS}."
            )
        return Playbook(
            id=self.text((), root, "id"),
            title=self.text((), root, "title"),
            first=self.text((), root, "first"),
            categories={category.number: category for category in categories},
            questions={
                key: self.question(("questions", key), key, number, item)
                for number, (key, item) in enumerate(questions.items(), 1)
            },
            leaves={key: self.leaf(("leaves", key), key, item, categories) for key, item in leaves.items()},
            within=self.recovered[1],
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            text=text,
            checks=self.known,
            fits=self.labels(root) if "for" in root else {},
        )

    def labels(self, root: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The labels of the incidents the tree is for: a pattern each, or several of which one has to fit."""
        path: Path = ("for", "labels")
        wanted = self.table(("for",), self.mapping(("for",), root["for"], ["labels"]), "labels")
        found = {}
        for name, value in wanted.items():
            patterns = tuple(value) if isinstance(value, list) else (value,)
            if not patterns or not all(isinstance(one, str) and one.strip() for one in patterns):
                what = f"label {name!r} has {value!r}, which is no text."
                self.find("label-pattern", (*path, name), what, "Write a text or a list of texts, in quotes.")
                continue
            found[name] = patterns
        return found

    def recovering(
        self, path: Path, fields: Mapping[str, Any], otherwise: tuple[timedelta, float]
    ) -> tuple[timedelta, float]:
        """For how long, and how near to its baseline, a metric has to stay to count as recovered."""
        minutes = fields.get("recovery_minutes", otherwise[0] / MINUTE)
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 1 <= minutes <= WEEK:
            what = f"'recovery_minutes' is {minutes!r}."
            hint = f"Write a number of minutes from 1 to {WEEK} (a week)."
            self.find("recovery-time", (*path, "recovery_minutes"), what, hint)
            minutes = otherwise[0] / MINUTE
        within = self.fraction(path, fields, "within") if "within" in fields else otherwise[1]
        return minutes * MINUTE, within

    def category(self, path: Path, item: object) -> Category:
        """One of the named root causes."""
        fields = self.mapping(
            path,
            item,
            ["number", "name", "signal", "fix", "target", "roll_back_first", "not_paged", "false_alarm"],
        )
        number = fields.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            self.find(
                "category-number", (*path, "number"), f"{number!r} is not a number from 1.", "Number it."
            )
            number = -1
        return Category(
            number=number,
            name=self.text(path, fields, "name"),
            signal=self.text(path, fields, "signal"),
            fix=self.text(path, fields, "fix"),
            target=self.text(path, fields, "target"),
            roll_back_first=self.flag(path, fields, "roll_back_first"),
            not_paged=self.text(path, fields, "not_paged", required=False),
            false_alarm=self.flag(path, fields, "false_alarm"),
        )

    def question(self, path: Path, key: str, number: int, item: object) -> Question:
        """A step of the tree."""
        fields = self.mapping(path, item, _QUESTION)
        self.identifier(path, key)
        return Question(
            id=key,
            number=number,
            ask=self.text(path, fields, "ask"),
            hypothesis=self.text(path, fields, "hypothesis"),
            test=self.text(path, fields, "test"),
            helpers=self.words(path, fields, "helpers"),
            checks=self.checks(path, fields),
            choices=self.choices(path, fields, "answers", at_least=2, at_most=MAX_CHOICES),
            short=self.text(path, fields, "short", required=False),
        )

    def leaf(self, path: Path, key: str, item: object, categories: list[Category]) -> Leaf:
        """An end of the tree."""
        fields = self.mapping(path, item, _LEAF)
        self.identifier(path, key)
        held, within = self.recovering(path, fields, self.recovered)
        known = {category.number: category for category in categories}
        number = self.leaf_category(path, key, fields, sorted(known))
        escalates = fields.get("category") == "unknown"
        target = self.text(path, fields, "target", required=escalates)
        return Leaf(
            id=key,
            category=number,
            action=self.text(path, fields, "action"),
            steps=self.steps(path, fields),
            owner=self.text(path, fields, "owner"),
            recovery=self.text(path, fields, "recovery"),
            target=target or (known[number].target if number in known else ""),
            checks=self.checks(path, fields),
            choices=self.choices(path, fields, "then", at_least=0, at_most=100),
            held=held,
            within=within,
        )

    def steps(self, path: Path, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """The checklist; each step has its own button on the card."""
        steps = self.words(path, fields, "steps")
        if len(steps) > MAX_STEPS:
            what = f"{len(steps)} steps, {MAX_STEPS} at most."
            self.find("too-many", (*path, "steps"), what, "Merge steps, or lead to a runbook.")
        return steps

    def leaf_category(self, path: Path, key: str, fields: Mapping[str, Any], known: list[int]) -> int:
        """The number of the leaf's category; UNKNOWN where it says so, or where it is wrong."""
        number = fields.get("category")
        if number is None:
            self.find(
                "leaf-category", path, f"leaf {key!r} has no category.", "Add `category:`, or `unknown`."
            )
        elif number in known and not isinstance(number, bool):
            return int(number)
        elif number != "unknown":
            what = f"category {number!r} is not in the list of categories."
            self.find("leaf-category", (*path, "category"), what, f"Use one of {known} or `unknown`.")
        return UNKNOWN

    def choices(
        self, path: Path, fields: Mapping[str, Any], key: str, *, at_least: int, at_most: int
    ) -> tuple[Choice, ...]:
        """The answers to a question, or the findings at a leaf."""
        items = self.items(path, fields, key) if at_least or key in fields else []
        if not at_least <= len(items) <= at_most:
            what = f"{len(items)} given, {at_least} to {at_most} possible."
            self.find("answers", (*path, key), what, "Merge answers or split the question.")
        found: dict[str, Choice] = {}
        for index, item in enumerate(items):
            where = (*path, key, index)
            choice = self.choice(where, item)
            if choice.id in found:
                self.find("duplicate-answer", where, f"answer {choice.id!r} is given twice.", "Rename one.")
            found[choice.id] = choice
        return tuple(found.values())

    def choice(self, path: Path, item: object) -> Choice:
        """One answer."""
        fields = self.mapping(path, item, ["id", "label", "to", "suggested_by", "when_clear", "rules_out"])
        label = self.text(path, fields, "label")
        if len(label) > MAX_LABEL:
            what = f"the label has {len(label)} characters, a button {MAX_LABEL}."
            self.find("label-length", (*path, "label"), what, "Shorten it.")
        kinds, findings = self.suggesting(path, fields)
        choice_id = self.text(path, fields, "id")
        self.identifier(path, choice_id)
        return Choice(
            id=choice_id,
            label=label,
            to=self.text(path, fields, "to"),
            suggested_by=kinds,
            findings=findings,
            when_clear=self.flag(path, fields, "when_clear"),
            rules_out=self.text(path, fields, "rules_out", required=False),
        )

    def suggesting(
        self, path: Path, fields: Mapping[str, Any]
    ) -> tuple[tuple[ChangeKind, ...], tuple[str, ...]]:
        """What speaks for an answer: kinds of changes, and checks or single findings of theirs."""
        kinds, findings = [], []
        named = [word for name, check in self.known.items() for word in _named(name, check)]
        for word in self.words(path, fields, "suggested_by", required=False):
            if word in set(ChangeKind):
                kinds.append(ChangeKind(word))
            elif word in named:
                findings.append(word)
            else:
                what = f"{word!r} is neither a kind of change nor a check's finding."
                known = ", ".join([*ChangeKind, *named])
                self.find("change-kind", (*path, "suggested_by"), what, f"Use {known}.")
        return tuple(kinds), tuple(findings)

    def checks(self, path: Path, fields: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of checks."""
        names = self.words(path, fields, "checks", required=False)
        for name in names:
            if name not in self.known:
                what = f"there is no check {name!r}."
                self.find("unknown-check", (*path, "checks"), what, f"Use {' or '.join(self.known)}.")
        return tuple(name for name in names if name in self.known)


def _named(name: str, check: Check) -> tuple[str, ...]:
    """How an answer may name the check: as a whole, or one of its findings."""
    return (name, *(f"{name}.{finding}" for finding in check.findings)) if name not in BUILT_IN else ()
