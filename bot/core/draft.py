"""A registration as somebody fills it into a form: fields in, the parts of the file out, faults by field.

What cannot be read stays out of the data and is told beside its field; the linter then judges the whole, and
`field_of` says under which field a finding belongs.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.core import draft_lines, draft_yaml
from bot.core.finding import Finding, Path
from bot.core.outside import clean

PATH = "path"
"""What is chosen as the source where the data is a file; `source:NAME` is a warehouse."""


class DraftField(StrEnum):
    """The fields of the form, in its order."""

    ID = "id"
    TITLE = "title"
    OWNER = "owner"
    INTERVENTION = "intervention"
    H0 = "h0"
    H1 = "h1"
    DISCONFIRMING = "disconfirming"
    METRIC = "metric"
    KIND = "kind"
    COLUMN = "column"
    DIRECTION = "direction"
    BASELINE = "baseline"
    SD = "sd"
    MDE = "mde"
    COVARIATE = "covariate"
    CUPED = "cuped"
    TRAFFIC = "traffic"
    HORIZON = "horizon"
    LOOKS = "looks"
    SPENDING = "spending"
    START = "start"
    SOURCE = "source"
    TABLE = "table"
    UNIT = "unit"
    ARM = "arm"
    CONTROL = "control"
    TREATMENT = "treatment"
    DAY = "day"
    GUARDRAILS = "guardrails"
    COHORTS = "cohorts"
    COHORT_LIMIT = "cohort_limit"
    SIGNOFFS = "signoffs"


F = DraftField
Fields = Mapping[str, str]


@dataclass(frozen=True)
class Draft:
    """data: the registration so far, in the file's order; faults: what is wrong, by field."""

    data: Mapping[str, Any]
    faults: Mapping[str, str]

    def yaml(self) -> str:
        """The file, with a comment where a person should know."""
        primary = str(self.data["primary"]["metric"])
        return _HEAD + draft_yaml.write(self.data, {**_COMMENTS, ("metrics", primary): "the primary"})


_HEAD = "# Written with /experiment new. Keep it in your repository: a change is an amendment from now on.\n"
_COMMENTS: Mapping[Path, str] = {
    ("allocation",): "the planned share of the treatment; an unplanned split makes every look invalid",
    ("power",): "power and alpha hold for the whole experiment, all looks together; alpha is two-sided",
    ("data",): "one row per unit and day",
    ("primary",): "the one metric that decides; baseline and sd are of one unit of the control arm",
    ("sequential",): "days on which the data may be looked at; boundaries follow from the spending",
    ("guardrails",): "lines that must not be crossed; crossing one is a veto",
    ("cohorts",): "groups that must each be unharmed",
    ("signoffs",): "the last of these signatures locks the rule",
}


@dataclass
class _Reader:
    """Takes fields one by one and keeps what was wrong with them."""

    fields: Fields
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: DraftField) -> str | None:
        return clean(self.fields.get(name, "")) or None

    def read(self, name: DraftField, reader: Callable[[str], Any]) -> Any:
        """What `reader` makes of the field; None where it is empty or cannot be read."""
        given = self.fields.get(name, "")
        if not clean(given):
            return None
        try:
            return reader(given)
        except ValueError as error:
            self.faults[name] = str(error)
            return None

    def number(self, name: DraftField) -> float | None:
        found: float | None = self.read(name, draft_lines.number)
        return found

    def whole(self, name: DraftField) -> int | None:
        value = self.number(name)
        if value is not None and value != int(value):
            self.faults[name] = f"`{value:g}` is not a whole number."
            return None
        return None if value is None else int(value)

    def share(self, name: DraftField) -> float | None:
        value = self.number(name)
        return None if value is None else round(value / 100, 10)


def read(fields: Fields) -> Draft:
    """The registration that the fields stand for, as far as they can be read."""
    one = _Reader(fields)
    name, metric = _primary_metric(one)
    guards = one.read(F.GUARDRAILS, draft_lines.guardrails) or []
    metrics = {guard: declared for guard, declared, _ in guards} | {name: metric}
    data = {
        "id": one.text(F.ID),
        "title": one.text(F.TITLE),
        "owner": one.text(F.OWNER),
        "hypothesis": {
            "intervention": one.text(F.INTERVENTION),
            "h0": one.text(F.H0),
            "h1": one.text(F.H1),
            "disconfirming": one.read(F.DISCONFIRMING, draft_lines.listed),
        },
        "arms": {"control": one.text(F.CONTROL), "treatment": one.text(F.TREATMENT)},
        "allocation": 0.5,
        "horizon_days": one.whole(F.HORIZON),
        "power": 0.8,
        "alpha": 0.05,
        "traffic": {"eligible_per_day": one.number(F.TRAFFIC)},
        "data": _data(one),
        "metrics": {key: metrics[key] for key in dict.fromkeys([name, *metrics])},
        "primary": _primary(one, name),
        "sequential": {"looks": one.read(F.LOOKS, draft_lines.days), "spending": one.text(F.SPENDING)},
        "guardrails": [{"metric": guard, **limit} for guard, _, limit in guards],
        "cohorts": _cohorts(one),
        "signoffs": one.read(F.SIGNOFFS, draft_lines.named),
    }
    return Draft(_without_gaps(data), one.faults)


def _primary_metric(one: _Reader) -> tuple[str, dict[str, Any]]:
    """The name of the primary and its declaration; the name alone says the column too."""
    name, kind = one.text(F.METRIC) or "", one.text(F.KIND) or "mean"
    column = one.text(F.COLUMN) or name
    declared: dict[str, Any] = {"kind": kind, "column": column}
    if kind == "ratio":
        numerator, slash, denominator = (part.strip() for part in column.partition("/"))
        if not slash:
            one.faults[F.COLUMN] = "a ratio has two columns. Write e.g. `useful_turns / turns`."
        declared = {"kind": kind, "numerator": numerator, "denominator": denominator}
    if kind == "quantile":
        found = one.read(F.COLUMN, lambda text: draft_lines.metric(text)[1]) or {}
        if "q" not in found:
            one.faults.setdefault(
                F.COLUMN, "a quantile has its percentage before it. Write e.g. `p95 latency_ms`."
            )
        declared = {"kind": kind, "q": found.get("q", 0.5), "column": found.get("column", column)}
    covariate = one.text(F.COVARIATE)
    return name, declared | ({"covariate": covariate} if covariate else {})


def _primary(one: _Reader, name: str) -> dict[str, Any]:
    return {
        "metric": name,
        "direction": one.text(F.DIRECTION) or "increase",
        "baseline": one.number(F.BASELINE),
        "sd": one.number(F.SD),
        "mde": {"relative": one.share(F.MDE)},
        "cuped": {"variance_reduction": one.share(F.CUPED)},
    }


def _data(one: _Reader) -> dict[str, Any]:
    chosen, table = one.text(F.SOURCE) or "", one.text(F.TABLE)
    where = {"path": table} if chosen == PATH else {"source": chosen.partition(":")[2], "table": table}
    columns = {"unit": one.text(F.UNIT), "arm": one.text(F.ARM), "day": one.text(F.DAY)}
    return {**where, **columns, "start": one.read(F.START, _date)}


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(clean(text))
    except ValueError:
        raise ValueError(f"`{clean(text)[:40]}` is not a date. Write e.g. `2026-11-24`.") from None


def _cohorts(one: _Reader) -> dict[str, Any]:
    dimensions, shares = one.read(F.COHORTS, draft_lines.cohorts) or ({}, {})
    limit = one.share(F.COHORT_LIMIT)
    if limit is not None and not dimensions and F.COHORTS not in one.faults:
        one.faults[F.COHORT_LIMIT] = "no cohort is named above, so there is nothing this could hold for."
    return {
        "dimensions": dimensions,
        "shares": shares,
        "max_relative_regression": None if limit is None else abs(limit),
    }


def _without_gaps(value: Any) -> Any:
    """The data without what was left empty; what holds nothing then is left out too."""
    if isinstance(value, Mapping):
        kept = {key: _without_gaps(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item not in ({}, [])}
    return value


_PLACES: tuple[tuple[str, DraftField], ...] = (
    ("hypothesis.intervention", F.INTERVENTION),
    ("hypothesis.h0", F.H0),
    ("hypothesis.h1", F.H1),
    ("hypothesis.disconfirming", F.DISCONFIRMING),
    ("hypothesis", F.INTERVENTION),
    ("arms.treatment", F.TREATMENT),
    ("arms", F.CONTROL),
    ("traffic", F.TRAFFIC),
    ("horizon_days", F.HORIZON),
    ("data.unit", F.UNIT),
    ("data.arm", F.ARM),
    ("data.day", F.DAY),
    ("data.start", F.START),
    ("data.source", F.SOURCE),
    ("data", F.TABLE),
    ("primary.direction", F.DIRECTION),
    ("primary.baseline", F.BASELINE),
    ("primary.sd", F.SD),
    ("primary.mde", F.MDE),
    ("primary.cuped", F.CUPED),
    ("primary", F.METRIC),
    ("sequential.spending", F.SPENDING),
    ("sequential", F.LOOKS),
    ("guardrails", F.GUARDRAILS),
    ("cohorts.max_relative_regression", F.COHORT_LIMIT),
    ("cohorts", F.COHORTS),
    ("signoffs", F.SIGNOFFS),
    ("title", F.TITLE),
    ("owner", F.OWNER),
)


def field_of(finding: Finding, primary: str) -> DraftField:
    """The field under which a finding is shown; `primary` is the name of the primary metric."""
    path = finding.path
    if path.startswith("metrics"):
        own = path.split(".")
        if len(own) < 2 or own[1] != primary:
            return F.GUARDRAILS if len(own) > 1 else F.METRIC
        return F.COVARIATE if own[2:3] == ["covariate"] else F.COLUMN
    near = (name for place, name in _PLACES if path == place or path.startswith((f"{place}.", f"{place}[")))
    return next(near, F.ID)
