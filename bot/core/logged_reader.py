"""Reads the logs, rankings and clicks of a harness from YAML; what is wrong becomes a finding."""

from collections.abc import Mapping
from typing import Any

from bot.core.finding import Path
from bot.core.logged import (
    TABULAR,
    Chosen,
    Clicks,
    Clip,
    Counted,
    Logged,
    Modelled,
    OwnLog,
    Ranking,
    Rows,
    Tabled,
    Target,
    Written,
)
from bot.core.yaml_fields import Fields
from bot.stats.ranking import Gain, Metric, metric

ROWS_KEYS = ["source", "table", "sql", "path"]
MAX_SQL = 20_000
MOST_CONTEXT = 5
_LOGGED = [
    *ROWS_KEYS, "reward", "propensity", "action", "context", "target", "cluster", "device", "clip", "model",
    "own_log",
]  # fmt: skip
_RANKING = [
    *ROWS_KEYS, "query", "grade", "top", "rankings", "gain", "metrics", "device", "weight", "clicks",
]  # fmt: skip
_TARGETS = ["column", "chosen", "probabilities", "counted"]
_DEFAULT = (Metric("ndcg", k=10),)


def read_rows(fields: Fields, path: Path, item: Mapping[str, Any]) -> Rows:
    """Where rows are: `path:`, or `source:` with `table:` or `sql:`."""
    sql = item.get("sql")
    if sql is not None and (not isinstance(sql, str) or not sql.strip() or len(sql) > MAX_SQL):
        fields.find("H102", (*path, "sql"), "`sql` is no text, or too long.", "Write one SELECT.")
        sql = None
    rows = Rows(
        source=fields.text(path, item, "source", required=False),
        table=fields.text(path, item, "table", required=False),
        sql=sql or "",
        path=fields.text(path, item, "path", required=False),
    )
    named = [key for key in ("path", "table", "sql") if getattr(rows, key)]
    if len(named) != 1:
        what = f"the data is named {'by ' + ' and '.join(named) if named else 'by nothing'}."
        fields.find(
            "H102", path, what, "Give one of `path:`, `table:` with `source:`, `sql:` with `source:`."
        )
    elif bool(rows.source) == bool(rows.path):
        what = "a path has no source." if rows.path else f"`{named[0]}` needs the source that it is in."
        fields.find("H102", path, what, "Name a source of lookout.toml for a table, and none for a path.")
    return rows


def read_logged(fields: Fields, path: Path, item: object) -> Logged:
    """The log, the target policy and how it is estimated."""
    given = fields.mapping(path, item, _LOGGED)
    context = fields.words(path, given, "context", required=False)
    if len(context) > MOST_CONTEXT or len(set(context)) < len(context):
        what = f"context is {', '.join(context)}."
        fields.find("H103", (*path, "context"), what, f"Name at most {MOST_CONTEXT} columns, each once.")
    action = fields.text(path, given, "action")
    target = _target(fields, (*path, "target"), given.get("target"), action, context)
    return Logged(
        rows=read_rows(fields, path, given),
        reward=fields.text(path, given, "reward"),
        propensity=fields.text(path, given, "propensity"),
        action=action,
        target=target,
        context=context,
        cluster=fields.text(path, given, "cluster", required=False),
        device=fields.text(path, given, "device", required=False),
        clip=_clip(fields, (*path, "clip"), given.get("clip")),
        model=_model(fields, (*path, "model"), given.get("model"), target),
        own_log=_own_log(fields, (*path, "own_log"), given.get("own_log")),
    )


def _target(fields: Fields, path: Path, item: object, action: str, context: tuple[str, ...]) -> Target:
    given = fields.mapping(path, item, _TARGETS)
    named = [key for key in _TARGETS if key in given]
    if len(named) != 1:
        what = "the target policy is needed in one form."
        fields.find("H104", path, what, f"Give one of {', '.join(f'`{key}:`' for key in _TARGETS)}.")
        return Written("")
    if named[0] == "column":
        return Written(fields.text(path, given, "column"))
    if named[0] == "chosen":
        return Chosen(fields.text(path, given, "chosen"))
    where = (*path, named[0])
    more = ["probability"] if named[0] == "probabilities" else []
    inner = fields.mapping(where, given[named[0]], [*ROWS_KEYS, "action", "context", *more])
    rows = read_rows(fields, where, inner)
    of_action = fields.text(where, inner, "action", required=False) or action
    own = fields.words(where, inner, "context", required=False) or context
    if len(own) != len(context):
        what = f"the policy has {len(own)} columns of context and the log {len(context)}."
        fields.find("H103", (*where, "context"), what, "Name them in the same order.")
    if named[0] == "counted":
        return Counted(rows, of_action, own)
    return Tabled(rows, of_action, own, fields.text(where, inner, "probability"))


def _clip(fields: Fields, path: Path, item: object) -> Clip:
    if item is None:
        return Clip()
    given = fields.mapping(path, item, ["weight", "propensity"])
    if len(given) != 1:
        fields.find("H105", path, "clip needs one bound.", "Write {weight: 20} or {propensity: 0.01}.")
    return Clip(
        weight=fields.number(path, given, "weight", 0, low=1, high=1e9) if "weight" in given else 0.0,
        propensity=fields.fraction(path, given, "propensity") if "propensity" in given else 0.0,
    )


def _model(fields: Fields, path: Path, item: object, target: Target) -> Any:
    if item is None:
        return None
    if item == TABULAR:
        if isinstance(target, Written):
            what = (
                "a tabular model needs the target's probability of every action, not of the shown one alone."
            )
            hint = "Give the policy as `probabilities:`, `counted:` or `chosen:`, or name columns of a model."
            fields.find("H106", path, what, hint)
        return TABULAR
    if not isinstance(item, dict):
        what = f"model is {item!r}."
        fields.find("H106", path, what, "Write `tabular`, or {action: COLUMN, target: COLUMN}.")
        return None
    given = fields.mapping(path, item, ["action", "target"])
    return Modelled(fields.text(path, given, "action"), fields.text(path, given, "target"))


def _own_log(fields: Fields, path: Path, item: object) -> OwnLog | None:
    if item is None:
        return None
    given = fields.mapping(path, item, [*ROWS_KEYS, "reward"])
    return OwnLog(read_rows(fields, path, given), fields.text(path, given, "reward"))


def read_ranking(fields: Fields, path: Path, item: object) -> Ranking:
    """Graded results, the rankings and the metrics."""
    given = fields.mapping(path, item, _RANKING)
    where = (*path, "rankings")
    ranked = fields.mapping(where, given.get("rankings"), ["control", "treatment"])
    metrics = _metrics(fields, path, given)
    clicks = read_clicks(fields, (*path, "clicks"), given["clicks"]) if "clicks" in given else None
    if clicks is None and any(one.kind == "clicks" for one in metrics):
        what = "a click-weighted metric needs to know where people click."
        fields.find(
            "H107", (*path, "metrics"), what, "Add `clicks:` with a table of clicks and its `position:`."
        )
    how = given.get("gain", "exponential")
    if how not in ("exponential", "linear"):
        fields.find("H108", (*path, "gain"), f"gain is {how!r}.", "Write exponential or linear.")
    linear: Gain = "linear" if how == "linear" else "exponential"
    return Ranking(
        rows=read_rows(fields, path, given),
        query=fields.text(path, given, "query"),
        grade=fields.text(path, given, "grade"),
        control=fields.text(where, ranked, "control"),
        treatment=fields.text(where, ranked, "treatment", required=False),
        metrics=metrics,
        top=fields.number(path, given, "top", 1, low=0.001, high=100),
        gain=linear,
        device=fields.text(path, given, "device", required=False),
        weight=fields.text(path, given, "weight", required=False),
        clicks=clicks,
    )


def _metrics(fields: Fields, path: Path, given: Mapping[str, Any]) -> tuple[Metric, ...]:
    found = []
    for at, word in enumerate(fields.words(path, given, "metrics", required=False)):
        one = metric(word)
        if one is None:
            what = f"there is no metric {word!r}."
            hint = "Write ndcg@10, recall@10, mrr@10, clicks@10 (1 to 100 positions) or rbp@0.8 (0 to 1)."
            fields.find("H108", (*path, "metrics", at), what, hint)
        elif one not in found:
            found.append(one)
    return tuple(found) or _DEFAULT


def read_clicks(fields: Fields, path: Path, item: object) -> Clicks:
    """Where people click."""
    given = fields.mapping(path, item, [*ROWS_KEYS, "position", "device", "count"])
    return Clicks(
        read_rows(fields, path, given),
        fields.text(path, given, "position"),
        fields.text(path, given, "device", required=False),
        fields.text(path, given, "count", required=False),
    )
