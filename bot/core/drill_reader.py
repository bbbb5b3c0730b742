"""Reads a drill from YAML: all faults at once, each with its line; and whether its tree can be walked so."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.core.change import ChangeKind
from bot.core.drill import Cue, Drill, Page, PastChange, Recovery
from bot.core.evidence import EvidenceStatus
from bot.core.finding import Finding, Path
from bot.core.playbook import Leaf, Playbook
from bot.core.strict_yaml import Document, parse_quickly
from bot.core.yaml_fields import Fields, read_whole

KEYS = [
    "kind", "id", "title", "tree", "alert", "changes", "evidence", "recovery", "answer", "story", "lesson",
    "source",
]  # fmt: skip
LONGEST = 2000
"""Characters of a story."""
MAX_CUES = 200
MAX_CHANGES = 50


def read_drill(text: str, *, name: str) -> tuple[Drill | None, tuple[Finding, ...]]:
    """Read a drill; None with the findings where one of them is an error."""
    return read_whole(text, name, "drill", _Reader, _Reader.drill)


def tree_findings(drill: Drill, text: str, trees: Sequence[Playbook], *, name: str) -> tuple[Finding, ...]:
    """What is wrong with a drill that reads well by itself, held against the tree it names."""
    if not _held(_Reader(Document(name, {}, {})), drill, trees):
        return ()
    found = _held(_Reader(parse_quickly(text, name=name)), drill, trees)  # again, with the lines
    return tuple(sorted(found, key=lambda finding: finding.line))


def _held(reader: "_Reader", drill: Drill, trees: Sequence[Playbook]) -> list[Finding]:
    tree = next((tree for tree in trees if tree.id == drill.tree), None)
    if tree is None:
        known = ", ".join(tree.id for tree in trees)
        reader.find("drill-tree", ("tree",), f"there is no tree {drill.tree!r}.", f"Trees: {known}.")
    else:
        reader.way(drill, tree)
        reader.steps(drill, tree)
    return reader.findings


class _Reader(Fields):
    """Reads the parts of a drill."""

    def drill(self) -> Drill:
        """The drill, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, KEYS)
        self.kind(root, "drill")
        name = self.text((), root, "id")
        self.identifier(("id",), name)
        answer = self.mapping(("answer",), root.get("answer"), ["path", "leaf"])
        path = answer.get("path")
        if not isinstance(path, dict) or not all(isinstance(word, str) for word in path.values()):
            what = "answer needs a mapping 'path' of steps to answers."
            self.find("missing", ("answer", "path"), what, "For example `path: {changed: nothing}`.")
            path = {}
        return Drill(
            id=name,
            title=self.text((), root, "title"),
            tree=self.text((), root, "tree"),
            page=self.page(("alert",), root.get("alert")),
            changes=self.log(root),
            cues=self.cues(root),
            recovery=self.recovery(("recovery",), root.get("recovery")),
            path={str(step): answer for step, answer in path.items()},
            leaf=self.text(("answer",), answer, "leaf"),
            story=self.long(root, "story"),
            lesson=self.long(root, "lesson"),
            source=self.text((), root, "source", required=False),
        )

    def page(self, path: Path, item: object) -> Page:
        """The alert."""
        keys = ["title", "metric", "value", "baseline", "severity", "service", "began_minutes_before"]
        fields = self.mapping(path, item, [*keys, "cohort", "labels"])
        return Page(
            title=self.text(path, fields, "title"),
            metric=self.text(path, fields, "metric"),
            value=self.amount(path, fields, "value"),
            baseline=self.amount(path, fields, "baseline"),
            severity=self.text(path, fields, "severity"),
            service=self.text(path, fields, "service", required=False),
            began=timedelta(minutes=self.amount(path, fields, "began_minutes_before", least=0)),
            cohort=self.pairs(path, fields, "cohort"),
            labels=self.pairs(path, fields, "labels"),
        )

    def log(self, root: Mapping[str, Any]) -> tuple[PastChange, ...]:
        """The change log; none is possible, and often the point."""
        items = self.items((), root, "changes") if root.get("changes") else []
        if len(items) > MAX_CHANGES:
            self.find("too-many", ("changes",), f"{len(items)} changes.", f"Keep it to {MAX_CHANGES}.")
        return tuple(self.change(("changes", index), item) for index, item in enumerate(items))

    def change(self, path: Path, item: object) -> PastChange:
        """One entry of the change log."""
        words = ["title", "service", "by", "version", "previous_version"]
        fields = self.mapping(path, item, ["kind", "hours_before", *words])
        kind = fields.get("kind")
        if kind not in set(ChangeKind):
            what = f"{kind!r} is no kind of change."
            self.find("change-kind", (*path, "kind"), what, f"Use {', '.join(ChangeKind)}.")
            kind = ChangeKind.INFRA
        return PastChange(
            kind=ChangeKind(kind),
            before=timedelta(hours=self.amount(path, fields, "hours_before", least=0)),
            **{word: self.text(path, fields, word, required=word == "title") for word in words},
        )

    def cues(self, root: Mapping[str, Any]) -> tuple[Cue, ...]:
        """What the checks say, by step."""
        found = []
        for step, items in self.table((), root, "evidence").items():
            path: Path = ("evidence", step)
            if not isinstance(items, list):
                self.find(
                    "missing", path, f"{step!r} needs a list of lines.", "Begin each with `- {check: …`."
                )
                continue
            found += [self.cue((*path, index), step, item) for index, item in enumerate(items)]
        if len(found) > MAX_CUES:
            self.find("too-many", ("evidence",), f"{len(found)} lines.", f"Keep it to {MAX_CUES}.")
        return tuple(found)

    def cue(self, path: Path, step: str, item: object) -> Cue:
        """One line of evidence."""
        fields = self.mapping(path, item, ["check", "status", "line", "suggests", "after_minutes"])
        status = fields.get("status")
        if status not in set(EvidenceStatus):
            what = f"{status!r} is not how a check comes out."
            self.find("drill-status", (*path, "status"), what, f"Use {', '.join(EvidenceStatus)}.")
            status = EvidenceStatus.UNKNOWN
        after = self.amount(path, fields, "after_minutes", least=0) if "after_minutes" in fields else 0.0
        return Cue(
            step=step,
            check=self.text(path, fields, "check"),
            status=EvidenceStatus(status),
            line=self.text(path, fields, "line"),
            suggests=self.text(path, fields, "suggests", required=False),
            after=timedelta(minutes=after),
        )

    def recovery(self, path: Path, item: object) -> Recovery:
        """When the metric is back."""
        fields = self.mapping(path, item, ["after_minutes", "value"])
        after = self.amount(path, fields, "after_minutes", least=0)
        return Recovery(timedelta(minutes=after), self.amount(path, fields, "value"))

    def way(self, drill: Drill, tree: Playbook) -> None:
        """Whether the right path leads from the first question to the right leaf."""
        position, walked = tree.first, 0
        while position in tree.questions and position in drill.path:
            choice = tree.questions[position].choice(drill.path[position])
            if choice is None:
                what = f"step {position!r} of {tree.id!r} has no answer {drill.path[position]!r}."
                known = ", ".join(one.id for one in tree.questions[position].choices)
                self.find("drill-path", ("answer", "path", position), what, f"Use one of {known}.")
                return
            position, walked = choice.to, walked + 1
        leaf = tree.leaves.get(position)
        if isinstance(leaf, Leaf) and not leaf.localized and drill.leaf != position:
            position = next((one.to for one in leaf.choices if one.to == drill.leaf), position)
        if position != drill.leaf or walked != len(drill.path):
            what = f"the path leads to {position!r}, and leaf is {drill.leaf!r}."
            self.find("drill-path", ("answer",), what, f"Walk {tree.id!r} from {tree.first!r} to the leaf.")

    def steps(self, drill: Drill, tree: Playbook) -> None:
        """Whether the evidence is for steps and answers that the tree has."""
        for cue in drill.cues:
            path: Path = ("evidence", cue.step)
            if cue.step not in tree.questions and cue.step not in tree.leaves:
                what = f"{tree.id!r} has no step {cue.step!r}."
                self.find("drill-step", path, what, f"Steps: {', '.join(tree.questions)}.")
            elif cue.suggests and tree.at(cue.step).choice(cue.suggests) is None:
                what = f"step {cue.step!r} has no answer {cue.suggests!r}."
                known = ", ".join(one.id for one in tree.at(cue.step).choices)
                self.find("drill-step", path, what, f"Use one of {known}.")

    def amount(self, path: Path, fields: Mapping[str, Any], key: str, *, least: float | None = None) -> float:
        """A finite number."""
        value = fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
            self.find("not-a-number", (*path, key), f"{key!r} is {value!r}.", "Write a number.")
            return 0.0
        if least is not None and value < least:
            self.find("not-a-number", (*path, key), f"{key!r} is {value!r}.", f"Write at least {least:g}.")
            return least
        return float(value)

    def pairs(self, path: Path, fields: Mapping[str, Any], key: str) -> Mapping[str, str]:
        """Names and values, none where absent."""
        value = fields.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(word, str) for word in value.values()):
            self.find(
                "missing", (*path, key), f"{key!r} must map names to texts.", "For example `{locale: jp}`."
            )
            return {}
        return {str(name): word for name, word in value.items()}

    def long(self, root: Mapping[str, Any], key: str) -> str:
        """A text that may be a paragraph."""
        value = root.get(key)
        if not isinstance(value, str) or not value.strip():
            self.find("missing", (key,), f"the file needs a text for {key!r}.", f"Add `{key}: >-`.")
            return ""
        if len(value) > LONGEST:
            self.find(
                "too-long", (key,), f"{key!r} has {len(value)} characters.", f"Keep it under {LONGEST}."
            )
        return " ".join(value.split())
