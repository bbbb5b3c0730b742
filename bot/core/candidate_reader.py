"""Reads a candidate from YAML, from a row of a table or from a form; what is wrong becomes a finding."""

import re
from collections.abc import Mapping
from typing import Any

from bot.core.candidate import (
    PERCENT,
    POINTS,
    Candidate,
    Choice,
    Claims,
    Effort,
    Impact,
    Kind,
    Per,
    PreMortem,
    Reach,
    Risk,
    Test,
    Waiver,
)
from bot.core.finding import Finding, Path, errors
from bot.core.strict_yaml import Document
from bot.core.typed_amount import MOST, AmountFields, amount_in

_NAME = re.compile(r"#?[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_KEYS = [
    "id", "title", "kind", "team", "reach", "impact", "confidence", "evidence", "effort", "test",
    "depends_on", "after", "infrastructure", "evoi", "pre_mortem", "waiver", "notes", "must", "done",
    "claims",
]  # fmt: skip
_IMPACT = ["value", "unit", "metric", "family", "baseline", "sd", "spread", "heuristic"]
_TEST = [
    "units",
    "unit",
    "weeks",
    "lag_weeks",
    "allocation",
    "share",
    "variance_reduction",
    "alpha",
    "inflation",
]


def read_candidate(data: Mapping[str, Any], *, name: str) -> tuple[Candidate | None, tuple[Finding, ...]]:
    """Read one candidate given as a mapping, as a form gives it; None where a finding is an error."""
    reader = CandidateFields(Document(name, dict(data), {}))
    candidate = reader.candidate((), data)
    return (None if errors(reader.findings) else candidate), tuple(reader.findings)


class CandidateFields(AmountFields):
    """Reads the parts of a candidate."""

    def candidate(self, path: Path, item: object) -> Candidate:
        """The candidate, with stand-ins where there are findings."""
        root = self.mapping(path, item, _KEYS)
        impact = self.impact((*path, "impact"), root.get("impact"))
        evidence = self.amount(path, root, "evidence", 10.0, low=0.1, high=1e6)
        return Candidate(
            id=self.name(path, root),
            title=self.text(path, root, "title"),
            kind=self.word(path, root, "kind", Kind, Kind.EXPERIMENT),
            team=self.text(path, root, "team", required=False),
            reach=self.reach((*path, "reach"), root.get("reach")),
            impact=impact,
            confidence=self.confidence(path, root),
            evidence=10.0 if evidence is None else evidence,
            effort=self.effort((*path, "effort"), root.get("effort")),
            test=self.test((*path, "test"), root.get("test")),
            depends_on=self.names(path, root, "depends_on"),
            after=self.names(path, root, "after"),
            infrastructure=self.names(path, root, "infrastructure"),
            choices=self.choices((*path, "evoi"), root.get("evoi"), impact),
            pre_mortem=self.pre_mortem((*path, "pre_mortem"), root.get("pre_mortem")),
            waiver=self.waiver((*path, "waiver"), root.get("waiver")),
            notes=self.text(path, root, "notes", required=False),
            must=self.text(path, root, "must", required=False),
            done=self.flag(path, root, "done"),
            claims=self.claims((*path, "claims"), root.get("claims")),
        )

    def name(self, path: Path, root: Mapping[str, Any]) -> str:
        """The candidate's id."""
        name = self.text(path, root, "id")
        if name and not _NAME.fullmatch(name):
            what = f"{name!r} cannot be a candidate's id."
            self.find("Q101", (*path, "id"), what, "Use letters, digits, `_`, `.` and `-`, such as CAN-7.")
        return name

    def reach(self, path: Path, item: object) -> Reach | None:
        """How many of what."""
        if item is None:
            return None
        fields = self.mapping(path, item, ["value", "unit", "per"])
        value = self.needed(path, fields, "value", low=0)
        return Reach(value, self.unit(path, fields), self.word(path, fields, "per", Per, Per.QUARTER))

    def impact(self, path: Path, item: object) -> Impact | None:
        """By how much."""
        if item is None:
            return None
        fields = self.mapping(path, item, _IMPACT)
        value = self.needed(path, fields, "value", low=0)
        impact = Impact(
            value=value,
            unit=self.unit(path, fields),
            metric=self.text(path, fields, "metric", required=False),
            family=self.text(path, fields, "family", required=False),
            baseline=self.amount(path, fields, "baseline", None, low=-MOST, high=MOST),
            sd=self.amount(path, fields, "sd", None, low=0, high=MOST),
            spread=self.amount(path, fields, "spread", None, low=0, high=MOST),
            heuristic=self.amount(path, fields, "heuristic", None, low=0, high=MOST),
        )
        self.plausible(path, impact)
        return impact

    def plausible(self, path: Path, impact: Impact) -> None:
        """Whether the impact can be in the unit that it says."""
        baseline = impact.baseline
        if impact.unit == POINTS and baseline is not None and not 0 <= baseline <= 1:
            what = f"a baseline of {baseline:g} is no rate, and points are of a rate."
            self.find("Q102", (*path, "baseline"), what, "Write a fraction such as 0.183, or another unit.")
        elif impact.unit == POINTS and baseline is not None and baseline + impact.value / 100 > 1:
            what = f"{baseline:g} and {impact.value:g} points more are above 1."
            self.find("Q102", (*path, "value"), what, "Half a percentage point is `value: 0.5`.")
        elif impact.unit == POINTS and 0 < impact.value < 0.02:
            what = f"{impact.value:g} points are {impact.value / 100:g} of the rate."
            self.warn("Q103", (*path, "value"), what, "Half a percentage point is `value: 0.5`, not 0.005.")
        elif impact.unit == PERCENT and baseline is None:
            what = "an impact relative to a baseline that is not given."
            self.warn("Q104", path, what, "Give `baseline`, so that its detectability can be computed.")

    def confidence(self, path: Path, root: Mapping[str, Any]) -> float | None:
        """The probability that the effect exists."""
        value = root.get("confidence")
        number = amount_in(value)
        if number is not None and 1 < number <= 100:
            what = f"a confidence of {value} is no probability."
            self.find("Q105", (*path, "confidence"), what, f"Write {number / 100:g}.")
            return None
        return self.amount(path, root, "confidence", None, low=0, high=1)

    def effort(self, path: Path, item: object) -> Effort | None:
        """What it costs."""
        if item is None:
            return None
        fields = self.mapping(path, item, ["weeks", "corrected", "engineers", "scope"])
        return Effort(
            self.needed(path, fields, "weeks", low=0),
            self.amount(path, fields, "corrected", None, low=0.01, high=10_000),
            self.amount(path, fields, "engineers", None, low=0.1, high=1000),
            self.text(path, fields, "scope", required=False),
        )

    def test(self, path: Path, item: object) -> Test:
        """How it would be tested."""
        if item is None:
            return Test()
        fields = self.mapping(path, item, _TEST)
        usual = Test()

        def given(key: str, default: float, low: float, high: float) -> float:
            value = self.amount(path, fields, key, default, low=low, high=high)
            return default if value is None else value

        return Test(
            units=self.amount(path, fields, "units", None, low=0, high=MOST),
            unit=self.text(path, fields, "unit", required=False),
            weeks=self.amount(path, fields, "weeks", None, low=0.1, high=104),
            lag_weeks=given("lag_weeks", usual.lag_weeks, 0, 104),
            allocation=given("allocation", usual.allocation, 1e-6, 1),
            share=given("share", usual.share, 0.001, 0.999),
            variance_reduction=given("variance_reduction", usual.variance_reduction, 0, 0.999),
            alpha=given("alpha", usual.alpha, 1e-6, 0.5),
            inflation=given("inflation", usual.inflation, 1, 3),
        )

    def choices(self, path: Path, item: object, impact: Impact | None) -> tuple[Choice, ...]:
        """The later decisions that it would inform."""
        if item is None:
            return ()
        if not isinstance(item, list):
            hint = "Write `evoi: [{what: …, horizon: 4, threshold: 0.5}]`."
            self.find("playbook-shape", path, "evoi must be a list of decisions.", hint)
            return ()
        if item and impact is None:
            self.find("Q106", path, "later decisions turn on an impact, and none is given.", "Give `impact`.")
        return tuple(self.choice((*path, number), one) for number, one in enumerate(item))

    def choice(self, path: Path, item: object) -> Choice:
        """One later decision."""
        fields = self.mapping(path, item, ["what", "horizon", "threshold", "reach", "mean", "sd"])
        mean = self.amount(path, fields, "mean", None, low=-MOST, high=MOST)
        sd = self.amount(path, fields, "sd", None, low=0, high=MOST)
        if (mean is None) != (sd is None):
            what = "a prior of its own needs both mean and sd."
            self.find("Q106", path, what, "Give both, or neither for the candidate's own.")
        return Choice(
            self.text(path, fields, "what"),
            self.needed(path, fields, "horizon", low=0, high=40),
            self.needed(path, fields, "threshold", low=-MOST, positive=False),
            self.amount(path, fields, "reach", None, low=0, high=MOST),
            mean,
            sd,
        )

    def pre_mortem(self, path: Path, item: object) -> PreMortem | None:
        """What may go wrong with the cost."""
        if item is None:
            return None
        fields = self.mapping(path, item, ["risks", "contingency"])
        risks = []
        for number, one in enumerate(self.items(path, fields, "risks")):
            where = (*path, "risks", number)
            risk = self.mapping(where, one, ["risk", "weeks"])
            weeks = self.needed(where, risk, "weeks", low=0, high=10_000)
            risks.append(Risk(self.text(where, risk, "risk"), weeks))
        return PreMortem(tuple(risks), self.text(path, fields, "contingency"))

    def waiver(self, path: Path, item: object) -> Waiver | None:
        """Who takes on themselves that it may not be seen."""
        if item is None:
            return None
        fields = self.mapping(path, item, ["by", "why"])
        return Waiver(self.text(path, fields, "by"), self.text(path, fields, "why"))

    def claims(self, path: Path, item: object) -> Claims:
        """What a document says of it."""
        if item is None:
            return Claims()
        fields = self.mapping(path, item, ["rice", "rice_corrected", "rank"])
        rank = self.amount(path, fields, "rank", None, low=1, high=1000)
        return Claims(
            self.amount(path, fields, "rice", None, low=0, high=MOST),
            self.amount(path, fields, "rice_corrected", None, low=0, high=MOST),
            None if rank is None else round(rank),
        )

    def unit(self, path: Path, fields: Mapping[str, Any]) -> str:
        """A unit, in the words of its people; without case."""
        return self.text(path, fields, "unit").lower()
