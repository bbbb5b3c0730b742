"""Where the evidence of the five root causes of AML-04 is: declared by a team, each part as it can.

```yaml
evidence:
  selection_bias:
    eval_set: {source: warehouse, table: eval.queries, segment: query_class}
    production: {source: warehouse, table: logs.queries, time: at, segment: query_class}
  label_leakage:                       # the same comparison on the ordinary and on the time-strict split
    ordinary: 0.033                    # or a `ranking:` as in a harness
    time_strict: 0.018
  distribution_shift:
    eval_set: {source: warehouse, table: eval.queries, built: built_at}
    catalog: {source: warehouse, table: catalog.titles, added: added_at}
  metric_proxy:
    clicks: {source: warehouse, table: logs.clicks, position: rank, device: device}
    ranking: {source: warehouse, table: judged, query: q, grade: g, rankings: {control: l6, treatment: l12}}
  goodharting:
    metric: ndcg@10
    training_loss: ndcg@10
    others: [recall@10, ndcg@3]
```
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.finding import Path
from bot.core.logged import Clicks, Ranking, Rows
from bot.core.logged_reader import ROWS_KEYS, read_clicks, read_ranking, read_rows
from bot.core.yaml_fields import Fields
from bot.stats.ranking import metric


class Cause(StrEnum):
    """The five named root causes of a collapsed correlation."""

    SELECTION_BIAS = "selection_bias"
    LABEL_LEAKAGE = "label_leakage"
    DISTRIBUTION_SHIFT = "distribution_shift"
    METRIC_PROXY = "metric_proxy"
    GOODHARTING = "goodharting"


HIT, PARTIAL = "hit", "partial"
"""What a suspect line of evidence is called."""


@dataclass(frozen=True)
class Bounds:
    """From where on the evidence speaks of a partial hit, and from where on of a hit."""

    partial: float
    hit: float


@dataclass(frozen=True)
class Segmented:
    """Rows with a segment; `time` is the column of production's rows that says when they were."""

    rows: Rows
    segment: str
    time: str = ""
    zone: str = ""


@dataclass(frozen=True)
class Selection:
    """The eval set beside production over the last `days`.

    bounds: KL in nats. unseen: the share of production in segments that the eval set has not.
    """

    eval_set: Segmented
    production: Segmented
    days: int = 7
    bounds: Bounds = Bounds(0.1, 0.25)
    unseen: Bounds = Bounds(0.1, 0.25)


@dataclass(frozen=True)
class Leakage:
    """The gain on both splits, as a number in the metric's unit, or a ranking to compute it from.

    bounds: the share of the gain that is gone on the time-strict split.
    """

    ordinary: float | Ranking
    time_strict: float | Ranking
    bounds: Bounds = Bounds(0.2, 0.67)


@dataclass(frozen=True)
class Shift:
    """When the eval set was built, and its catalog. bounds: the share of the catalog that is newer."""

    eval_set: Rows
    built: str
    catalog: Rows
    added: str
    zone: str = ""
    bounds: Bounds = Bounds(0.1, 0.25)


@dataclass(frozen=True)
class Proxy:
    """Where people click, and where the offline gain sits. bounds: the share of the gain that is not seen.

    seen: the share of clicks that the first positions, those that people look at, hold.
    """

    clicks: Clicks
    ranking: Ranking
    seen: float = 0.9
    bounds: Bounds = Bounds(0.2, 0.5)


@dataclass(frozen=True)
class Goodhart:
    """The metric that decides offline, what the model is trained on, and the others that are kept beside it.

    training_loss: as people call it, "" for unknown. ranking: computes all metrics, None where none is named.
    """

    metric: str
    training_loss: str
    others: tuple[str, ...] = ()
    ranking: Ranking | None = None


@dataclass(frozen=True)
class Declared:
    """What is declared, by cause; None for what is not."""

    selection: Selection | None = None
    leakage: Leakage | None = None
    shift: Shift | None = None
    proxy: Proxy | None = None
    goodhart: Goodhart | None = None


def read_declared(fields: Fields, path: Path, item: object) -> Declared:
    """Read what stands under `evidence:`; what is wrong becomes a finding."""
    given = fields.mapping(path, item, [cause.value for cause in Cause])

    def part(cause: Cause, read: Any) -> Any:
        return read(fields, (*path, cause.value), given[cause.value]) if cause.value in given else None

    return Declared(
        selection=part(Cause.SELECTION_BIAS, _selection),
        leakage=part(Cause.LABEL_LEAKAGE, _leakage),
        shift=part(Cause.DISTRIBUTION_SHIFT, _shift),
        proxy=part(Cause.METRIC_PROXY, _proxy),
        goodhart=part(Cause.GOODHARTING, _goodhart),
    )


def _selection(fields: Fields, path: Path, item: object) -> Selection:
    given = fields.mapping(path, item, ["eval_set", "production", "days", "partial", "hit", "unseen"])
    return Selection(
        _segmented(fields, (*path, "eval_set"), given.get("eval_set"), timed=False),
        _segmented(fields, (*path, "production"), given.get("production"), timed=True),
        round(fields.number(path, given, "days", 7, low=1, high=90)),
        _bounds(fields, path, given, Selection.bounds, most=100),
        _bounds(fields, (*path, "unseen"), given.get("unseen", {}), Selection.unseen),
    )


def _segmented(fields: Fields, path: Path, item: object, *, timed: bool) -> Segmented:
    given = fields.mapping(path, item, [*ROWS_KEYS, "segment", *(["time", "zone"] if timed else [])])
    segment = fields.text(path, given, "segment")
    time = fields.text(path, given, "time", required=False)
    return Segmented(read_rows(fields, path, given), segment, time, _zone(fields, path, given))


def _leakage(fields: Fields, path: Path, item: object) -> Leakage:
    given = fields.mapping(path, item, ["ordinary", "time_strict", "partial", "hit"])

    def one(key: str) -> float | Ranking:
        value = given.get(key)
        if isinstance(value, dict):
            inner = fields.mapping((*path, key), value, ["ranking"])
            return _compared(fields, (*path, key, "ranking"), inner.get("ranking"))
        return fields.number(path, given, key, 0, low=-1e6, high=1e6) if key in given else _missing(key)

    def _missing(key: str) -> float:
        what = f"{'.'.join(map(str, path))} needs {key!r}: the gain on that split."
        fields.find("H110", (*path, key), what, "Give a number, or {ranking: …} to compute it from.")
        return 0.0

    return Leakage(one("ordinary"), one("time_strict"), _bounds(fields, path, given, Leakage.bounds))


def _shift(fields: Fields, path: Path, item: object) -> Shift:
    given = fields.mapping(path, item, ["eval_set", "catalog", "partial", "hit"])
    built = fields.mapping((*path, "eval_set"), given.get("eval_set"), [*ROWS_KEYS, "built", "zone"])
    added = fields.mapping((*path, "catalog"), given.get("catalog"), [*ROWS_KEYS, "added"])
    return Shift(
        read_rows(fields, (*path, "eval_set"), built),
        fields.text((*path, "eval_set"), built, "built", required=False) or "built_at",
        read_rows(fields, (*path, "catalog"), added),
        fields.text((*path, "catalog"), added, "added", required=False) or "added_at",
        _zone(fields, (*path, "eval_set"), built),
        _bounds(fields, path, given, Shift.bounds),
    )


def _proxy(fields: Fields, path: Path, item: object) -> Proxy:
    given = fields.mapping(path, item, ["clicks", "ranking", "seen", "partial", "hit"])
    ranking = _compared(fields, (*path, "ranking"), given.get("ranking"))
    if ranking.metrics[0].kind not in ("ndcg", "rbp"):
        what = f"{ranking.metrics[0].name} is no sum over positions."
        fields.find("H108", (*path, "ranking", "metrics"), what, "Name ndcg@K or rbp@P first.")
    return Proxy(
        read_clicks(fields, (*path, "clicks"), given.get("clicks")),
        ranking,
        fields.number(path, given, "seen", Proxy.seen, low=0.5, high=0.999),
        _bounds(fields, path, given, Proxy.bounds),
    )


def _goodhart(fields: Fields, path: Path, item: object) -> Goodhart:
    given = fields.mapping(path, item, ["metric", "training_loss", "others", "ranking"])
    others = fields.words(path, given, "others", required=False)
    ranking = _compared(fields, (*path, "ranking"), given["ranking"]) if "ranking" in given else None
    if ranking is not None:
        for name in (str(given.get("metric")), *others):
            if metric(name) is None:
                what = f"{name!r} cannot be computed from a ranking."
                fields.find("H108", path, what, "Write for example ndcg@10, or leave `ranking` out.")
    return Goodhart(
        fields.text(path, given, "metric"),
        fields.text(path, given, "training_loss", required=False),
        others,
        ranking,
    )


def _compared(fields: Fields, path: Path, item: object) -> Ranking:
    """A ranking that has two sides."""
    found = read_ranking(fields, path, item)
    if isinstance(item, dict) and not found.treatment:
        what = "evidence compares two rankings."
        fields.find("H110", (*path, "rankings"), what, "Name `treatment:` beside `control:`.")
    return found


def _bounds(fields: Fields, path: Path, item: object, usual: Bounds, *, most: float = 1.0) -> Bounds:
    given: Mapping[str, Any] = item if isinstance(item, dict) else {}
    partial = fields.number(path, given, "partial", usual.partial, low=0, high=most)
    hit = fields.number(path, given, "hit", usual.hit, low=0, high=most)
    if hit < partial:
        what = f"a hit from {hit:g} on comes before a partial hit from {partial:g} on."
        fields.find("H109", path, what, "Make `hit` the larger one.")
    return Bounds(partial, hit)


def _zone(fields: Fields, path: Path, given: Mapping[str, Any]) -> str:
    zone = fields.text(path, given, "zone", required=False)
    try:
        if zone:
            ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{zone!r} is not an IANA time zone."
        fields.find("unknown-zone", (*path, "zone"), what, "Write for example Asia/Tokyo.")
        return ""
    return zone
