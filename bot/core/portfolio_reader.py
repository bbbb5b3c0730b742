"""Reads a quarter's portfolio from YAML; what is wrong becomes a finding with its line and mend."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.candidate_reader import CandidateFields
from bot.core.dependencies import circle
from bot.core.finding import Finding, Path, errors
from bot.core.portfolio import WEEKS, Capacity, Outcome, Portfolio, Project, Shared, Unit, Worth
from bot.core.portfolio_csv import document_of, looks_like_csv
from bot.core.portfolio_remarks import remark
from bot.core.strict_yaml import parse
from bot.core.typed_amount import MOST
from bot.core.yaml_fields import unreadable
from bot.errors import InputError
from bot.stats.calibration import Judged

KIND = "portfolio"
MOST_CANDIDATES = 200
_KEYS = [
    "kind", "quarter", "title", "team", "weeks", "unit", "capacity", "worths", "infrastructure", "history",
    "gut_feel", "learning", "detectable", "claimed_top", "candidates", "outcomes",
]  # fmt: skip
_OUTCOME = [
    "candidate",
    "shipped",
    "sustained",
    "lift",
    "low",
    "high",
    "significant",
    "weeks",
    "record",
    "note",
]


def read_portfolio(text: str, *, name: str) -> tuple[Portfolio | None, tuple[Finding, ...]]:
    """Read a portfolio from YAML, or from CSV with one candidate a row; None where a finding is an error."""
    try:
        document = document_of(text, name=name) if looks_like_csv(text, name) else parse(text, name=name)
    except InputError as error:
        return None, (unreadable(error, name),)
    reader = _Reader(document)
    if not reader.is_mapping(KIND):
        return None, tuple(reader.findings)
    portfolio = reader.portfolio()
    findings = tuple(sorted(reader.findings, key=lambda finding: finding.line))
    return (None if errors(findings) else portfolio), findings


class _Reader(CandidateFields):
    """Reads the parts of a portfolio."""

    def portfolio(self) -> Portfolio:
        """The portfolio, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, _KEYS)
        self.kind(root, KIND)
        candidates = tuple(
            self.candidate(("candidates", number), one)
            for number, one in enumerate(self.items((), root, "candidates")[:MOST_CANDIDATES])
        )
        history = self.mapping(("history",), root.get("history", {}), ["confidences", "projects"])
        shared = tuple(
            self.shared(("infrastructure", number), one)
            for number, one in enumerate(self.listed(root, "infrastructure"))
        )
        portfolio = Portfolio(
            candidates=candidates,
            quarter=self.text((), root, "quarter", required=False).upper(),
            title=self.text((), root, "title", required=False),
            team=self.text((), root, "team", required=False),
            weeks=self.amount((), root, "weeks", WEEKS, low=1, high=26) or WEEKS,
            capacity=self.capacity(root.get("capacity")),
            unit=None if root.get("unit") is None else self.measured(("unit",), root["unit"]),
            worths=self.worths(root),
            infrastructure=shared,
            confidences=self.confidences(history),
            projects=self.projects(history),
            gut_feel=self.names((), root, "gut_feel"),
            learning=self._given(root, "learning", 1.0, 0, 100),
            detectable=self._given(root, "detectable", 0.8, 0.05, 0.99),
            claimed_top=self.names((), root, "claimed_top"),
            outcomes=tuple(
                self.outcome(("outcomes", number), one)
                for number, one in enumerate(self.listed(root, "outcomes"))
            ),
        )
        named = root.get("candidates")
        self.together(portfolio, len(named) if isinstance(named, list) else 0)
        return portfolio

    def together(self, portfolio: Portfolio, count: int) -> None:
        """Check that what names something names something that is there."""
        if count > MOST_CANDIDATES:
            what = f"{count} candidates are more than {MOST_CANDIDATES}."
            self.find("too-many", ("candidates",), what, "Leave out what nobody would pick.")
        known: dict[str, int] = {}
        for number, one in enumerate(portfolio.candidates):
            if one.id in known:
                what = f"{one.id!r} is the id of another candidate too."
                self.find("duplicate-id", ("candidates", number, "id"), what, "Give each its own.")
            known.setdefault(one.id, number)
        self.once("infrastructure", [one.name for one in portfolio.infrastructure])
        self.once("worths", [str(one.unit) for one in portfolio.worths])
        self.once("outcomes", [one.candidate for one in portfolio.outcomes])
        tags = {one.name for one in portfolio.infrastructure}
        for number, one in enumerate(portfolio.candidates):
            path = ("candidates", number)
            self.known((*path, "depends_on"), one.depends_on, known, "candidate")
            self.known((*path, "after"), one.after, known, "candidate")
            self.known((*path, "infrastructure"), one.infrastructure, tags, "infrastructure")
        self.known(("gut_feel",), portfolio.gut_feel, known, "candidate")
        self.known(("claimed_top",), portfolio.claimed_top, known, "candidate")
        for number, outcome in enumerate(portfolio.outcomes):
            self.known(("outcomes", number, "candidate"), (outcome.candidate,), known, "candidate")
        remark(self, portfolio)
        if found := circle(portfolio.candidates):
            what = f"candidates need each other in a circle: {' needs '.join(found)}."
            hint = "Take one dependency away: whichever can begin without the other."
            self.find("Q110", ("candidates", known[found[0]]), what, hint)

    def once(self, key: str, names: Sequence[str]) -> None:
        """Check that each is there once, so that not one of two figures is taken in silence."""
        for number, name in enumerate(names):
            if name in names[:number]:
                self.find("duplicate-id", (key, number), f"{name!r} is there twice.", "Keep one of them.")

    def known(self, path: Path, names: Sequence[str], known: Mapping[str, Any] | set[str], what: str) -> None:
        """Check that names are those of something declared."""
        for name in names:
            if name not in known:
                there = ", ".join(sorted(known)[:12]) or "none"
                self.find("Q109", path, f"there is no {what} {name!r}.", f"There is: {there}.")

    def capacity(self, item: object) -> Capacity:
        """How much room there is."""
        if item is None:
            return Capacity()
        path: Path = ("capacity",)
        fields = self.mapping(path, item, ["slots", "engineer_weeks", "teams"])
        slots = self.amount(path, fields, "slots", 3.0, low=0, high=100) or 0.0
        if slots != int(slots):
            self.find("Q108", (*path, "slots"), f"'slots' is {slots:g}.", "Write a whole number.")
        weeks = self.amount(path, fields, "engineer_weeks", None, low=0, high=100_000)
        return Capacity(int(slots), weeks, self.names(path, fields, "teams"))

    def measured(self, path: Path, item: object) -> Unit:
        """A unit of scores."""
        fields = self.mapping(path, item, ["reach", "impact", "family"])
        return self.unit_from(path, fields)

    def unit_from(self, path: Path, fields: Mapping[str, Any]) -> Unit:
        """The unit that a mapping names."""
        return Unit(
            self.text(path, fields, "reach").lower(),
            self.text(path, fields, "impact").lower(),
            self.text(path, fields, "family", required=False),
        )

    def worths(self, root: Mapping[str, Any]) -> tuple[Worth, ...]:
        """What other units are worth."""
        found = []
        for number, one in enumerate(self.listed(root, "worths")):
            path = ("worths", number)
            fields = self.mapping(path, one, ["reach", "impact", "family", "value", "why"])
            value = self.needed(path, fields, "value", low=0)
            why = self.text(path, fields, "why", required=False)
            found.append(Worth(self.unit_from(path, fields), value, why))
        return tuple(found)

    def shared(self, path: Path, item: object) -> Shared:
        """Infrastructure that is paid once."""
        fields = self.mapping(path, item, ["name", "weeks", "done", "title"])
        return Shared(
            self.text(path, fields, "name"),
            self.amount(path, fields, "weeks", 0.0, low=0, high=10_000) or 0.0,
            self.flag(path, fields, "done"),
            self.text(path, fields, "title", required=False),
        )

    def confidences(self, history: Mapping[str, Any]) -> tuple[Judged, ...]:
        """How often past confidences came true."""
        found = []
        for number, one in enumerate(self.listed(history, "confidences", ("history",))):
            path = ("history", "confidences", number)
            fields = self.mapping(path, one, ["confidence", "tried", "succeeded"])
            stated = self.confidence(path, fields)
            if "confidence" not in fields:
                self.find("missing", path, "a record needs 'confidence'.", "Add `confidence: 0.8`.")
            tried = self.needed(path, fields, "tried", low=0, high=100_000)
            succeeded = self.needed(path, fields, "succeeded", low=0, high=100_000, positive=False)
            if succeeded > tried or tried != int(tried) or succeeded != int(succeeded):
                what = f"{succeeded:g} of {tried:g} experiments cannot have succeeded."
                self.find("Q111", path, what, "Write whole numbers, `succeeded` at most `tried`.")
            elif stated is not None:
                found.append(Judged(stated, int(tried), int(succeeded)))
        return tuple(found)

    def projects(self, history: Mapping[str, Any]) -> tuple[Project, ...]:
        """What past projects cost."""
        found = []
        for number, one in enumerate(self.listed(history, "projects", ("history",))):
            path = ("history", "projects", number)
            fields = self.mapping(path, one, ["title", "estimated", "actual", "scope"])
            estimated = self.needed(path, fields, "estimated", low=0, high=10_000)
            actual = self.needed(path, fields, "actual", low=0, high=10_000)
            scope = self.text(path, fields, "scope", required=False)
            found.append(Project(self.text(path, fields, "title"), estimated, actual, scope))
        return tuple(found)

    def outcome(self, path: Path, item: object) -> Outcome:
        """What became of a candidate."""
        fields = self.mapping(path, item, _OUTCOME)
        lift, low, high = (
            self.amount(path, fields, key, None, low=-MOST, high=MOST) for key in ("lift", "low", "high")
        )
        if lift is not None and not (low if low is not None else lift) <= lift <= (
            high if high is not None else lift
        ):
            self.find("Q111", path, f"a lift of {lift:g} lies outside of its interval.", "Correct it.")
        return Outcome(
            candidate=self.text(path, fields, "candidate"),
            shipped=self.flag(path, fields, "shipped"),
            sustained=self.flag(path, fields, "sustained") if fields.get("sustained") is not None else None,
            lift=lift,
            low=low,
            high=high,
            significant=self.flag(path, fields, "significant"),
            weeks=self.amount(path, fields, "weeks", None, low=0.01, high=10_000),
            record=self.text(path, fields, "record", required=False),
            note=self.text(path, fields, "note", required=False),
        )

    def listed(self, fields: Mapping[str, Any], key: str, path: Path = ()) -> list[Any]:
        """A list, empty where it is absent."""
        value = fields.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.find("playbook-shape", (*path, key), f"{key!r} must be a list.", "Begin each with `- `.")
            return []
        return value

    def _given(self, root: Mapping[str, Any], key: str, usual: float, low: float, high: float) -> float:
        value = self.amount((), root, key, usual, low=low, high=high)
        return usual if value is None else value
