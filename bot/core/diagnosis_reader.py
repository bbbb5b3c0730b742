"""Reads the playbook of a diagnosis from YAML."""

from collections.abc import Mapping
from typing import Any

from bot.core.diagnosis import Cause, Plan, Step
from bot.core.finding import Finding, Path
from bot.core.yaml_fields import Fields, read_whole

KIND = "diagnosis"
_STEP = ["cause", "name", "ask", "hit", "partial", "clear", "fix", "evidence"]


def read_diagnosis(text: str, *, name: str) -> tuple[Plan | None, tuple[Finding, ...]]:
    """Read the playbook; None with the findings where one of them is an error."""
    return read_whole(text, name, _Reader, _Reader.plan)


class _Reader(Fields):
    """Reads the parts of a diagnosis."""

    def plan(self) -> Plan:
        """The playbook, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, ["kind", "id", "title", "causes"])
        self.kind(root, KIND)
        plan_id = self.text((), root, "id")
        self.identifier(("id",), plan_id)
        items = self.items((), root, "causes")
        steps = [self.step(("causes", index), item) for index, item in enumerate(items)]
        self._each_once(steps)
        return Plan(plan_id, self.text((), root, "title"), tuple(steps))

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
            evidence=self.evidence(path, fields),
        )

    def cause(self, path: Path, fields: Mapping[str, Any]) -> Cause:
        """Which of the five it is."""
        said = self.text(path, fields, "cause")
        if said and said not in {str(one) for one in Cause}:
            what = f"{said!r} is none of the five causes."
            self.find("diagnosis-cause", (*path, "cause"), what, f"Known: {', '.join(Cause)}.")
        return Cause(said) if said in {str(one) for one in Cause} else Cause.SELECTION_BIAS

    def evidence(self, path: Path, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where the data are; what is in it is read by whoever computes it."""
        value = fields.get("evidence")
        if value is None:
            return {}
        if not isinstance(value, dict):
            what = f"'evidence' is {value!r}, a mapping was expected."
            self.find("playbook-shape", (*path, "evidence"), what, "Name the data, or leave it out.")
            return {}
        return value

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
