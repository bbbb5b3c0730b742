"""Reads the playbook of a diagnosis from YAML."""

from collections.abc import Mapping
from typing import Any

from bot.core.diagnosis import Plan, Step
from bot.core.finding import Finding, Path
from bot.core.harness_declared import Cause, Declared, read_declared
from bot.core.yaml_fields import Fields, read_whole

KIND = "diagnosis"
_STEP = ["cause", "name", "ask", "hit", "partial", "clear", "fix"]


def read_diagnosis(text: str, *, name: str) -> tuple[Plan | None, tuple[Finding, ...]]:
    """Read the playbook; None with the findings where one of them is an error."""
    return read_whole(text, name, KIND, _Reader, _Reader.plan)


class _Reader(Fields):
    """Reads the parts of a diagnosis."""

    def plan(self) -> Plan:
        """The playbook, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, ["kind", "id", "title", "causes", "evidence"])
        self.kind(root, KIND)
        plan_id = self.text((), root, "id")
        self.identifier(("id",), plan_id)
        items = self.items((), root, "causes")
        steps = [self.step(("causes", index), item) for index, item in enumerate(items)]
        self._each_once(steps)
        declared = root.get("evidence")
        evidence = Declared() if declared is None else read_declared(self, ("evidence",), declared)
        return Plan(plan_id, self.text((), root, "title"), tuple(steps), evidence)

    def step(self, path: Path, item: object) -> Step:
        """One cause."""
        fields = self.mapping(path, item, _STEP)
        return Step(
            cause=self.cause(path, fields),
            name=self.text(path, fields, "name"),
            ask=self.text(path, fields, "ask"),
            hit=self.text(path, fields, "hit"),
            partial=self.text(path, fields, "partial"),
            clear=self.text(path, fields, "clear"),
            fix=self.text(path, fields, "fix"),
        )

    def cause(self, path: Path, fields: Mapping[str, Any]) -> Cause:
        """Which of the five it is."""
        said = self.text(path, fields, "cause")
        if said and said not in {str(one) for one in Cause}:
            what = f"{said!r} is none of the five causes."
            self.find("diagnosis-cause", (*path, "cause"), what, f"Known: {', '.join(Cause)}.")
        return Cause(said) if said in {str(one) for one in Cause} else Cause.SELECTION_BIAS

    def _each_once(self, steps: list[Step]) -> None:
        if self.findings:
            return  # what could not be read has a stand-in
        seen: set[Cause] = set()
        for index, step in enumerate(steps):
            if step.cause in seen:
                what = f"{step.cause} is walked twice."
                self.find("duplicate-id", ("causes", index, "cause"), what, "Keep one of them.")
            seen.add(step.cause)
        for cause in Cause:
            if cause not in seen:
                what = f"the cause {cause} is missing."
                self.find("diagnosis-cause", ("causes",), what, "A diagnosis walks all five.")
