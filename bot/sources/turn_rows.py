"""The rows of a view as turns: which column is which stage, and which rows can be used."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.core.latency_budget import Budget, TurnFile
from bot.errors import SourceError

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.turns import Clusters, Floats, Turns

ROWS = "lookout_turns"
"""The view of all rows."""
MOST_COHORTS = 500
NO_NUMBER = "no number"
NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip


def read_turns(
    connection: Any, budget: Budget, where: TurnFile, most: int
) -> tuple["Turns | None", dict[str, str], tuple[str, ...]]:
    """The turns, the stages that they do not have and why, and what was left out."""
    import numpy as np

    from bot.stats.turns import Turns

    columns = _columns(connection)
    rows = connection.execute(f"SELECT count(*) FROM {_table(where, columns)}").fetchone()[0]  # noqa: S608 - quoted
    if not rows:
        return None, {}, ("it has no row",)
    stages, missing = _stages(connection, columns, budget, where)
    if not stages:
        return None, missing, (_no_stage(columns, missing, budget, where),)
    for name in (where.total if not where.spans else "", where.cluster, *where.cohorts):
        if name and name not in columns:
            raise SourceError(f"there is no column {name}: columns are {', '.join(columns)[:300]}")
    notes: list[str] = []
    names = _cohort_names(connection, where, notes)
    query = _query(stages, where, bool(names))
    if rows > most:
        query = f"SELECT * FROM ({query}) USING SAMPLE reservoir({most} ROWS) REPEATABLE (1)"  # noqa: S608 - quoted
        notes.append(f"{most:,} turns were drawn of {rows:,}.")
    found = connection.execute(query).fetchnumpy()
    ms = {name: _numbers(found[f"s{at}"]) * where.unit_ms for at, name in enumerate(stages)}
    total = _numbers(found["total"]) * where.unit_ms if where.total else None
    usable = _usable(ms, total, skipped=where.skipped, notes=notes)
    return (
        Turns(
            ms={name: one[usable] for name, one in ms.items()},
            total=None if total is None else total[usable],
            cluster=_clusters(found["cluster"], usable) if where.cluster else None,
            cohorts=np.ma.filled(found["cohort"], 0)[usable].astype(np.int64) if names else None,
            cohort_names=names,
        ),
        missing,
        tuple(notes),
    )


def durations(connection: Any, column: str, unit_ms: float) -> "Floats":
    """One column's durations, ms."""
    import numpy as np

    columns = _columns(connection)
    if column not in columns:
        raise SourceError(f"there is no column {column}: columns are {', '.join(columns)[:300]}")
    if not columns[column].startswith(NUMBERS):
        raise SourceError(f"the column {column} is {columns[column]}, no number")
    found = connection.execute(f"SELECT {_number(column)} AS s0 FROM {ROWS}").fetchnumpy()  # noqa: S608 - quoted
    ms = _numbers(found["s0"]) * unit_ms
    ms = ms[np.isfinite(ms) & (ms >= 0)]
    if not len(ms):
        raise SourceError(f"the column {column} holds no duration")
    return ms


def _columns(connection: Any) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {ROWS}").fetchall()}


def _stages(
    connection: Any, columns: Mapping[str, str], budget: Budget, where: TurnFile
) -> tuple[dict[str, str], dict[str, str]]:
    """By stage what it is called in the file: a column, or a value of the column of stages."""
    if where.spans:
        return _spans(connection, columns, budget, where)
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for stage in budget.stages:
        names = [stage.column] if stage.column else [stage.name, f"{stage.name}_ms"]
        column = next((name for name in names if name in columns), None)
        if column is None:
            missing[stage.name] = f"has no column {' or '.join(names)}"
        elif not columns[column].startswith(NUMBERS):
            missing[stage.name] = f"has a column that is {columns[column]}, {NO_NUMBER}"
        else:
            found[stage.name] = column
    return found, missing


def _spans(
    connection: Any, columns: Mapping[str, str], budget: Budget, where: TurnFile
) -> tuple[dict[str, str], dict[str, str]]:
    for name in (where.turn, where.stage, where.duration):
        if name not in columns:
            raise SourceError(f"there is no column {name}: columns are {', '.join(columns)[:300]}")
    if not columns[where.duration].startswith(NUMBERS):
        raise SourceError(f"the column {where.duration} is {columns[where.duration]}, no number")
    query = f"SELECT DISTINCT CAST({_quoted(where.stage)} AS VARCHAR) FROM {ROWS} LIMIT 1000"  # noqa: S608 - quoted
    known = {row[0] for row in connection.execute(query).fetchall()}
    called = {stage.name: stage.column or stage.name for stage in budget.stages}
    found = {name: word for name, word in called.items() if word in known}
    missing = {name: f"has no span {word}" for name, word in called.items() if word not in known}
    return found, missing


def _no_stage(columns: Mapping[str, str], missing: Mapping[str, str], budget: Budget, where: TurnFile) -> str:
    asked = ", ".join(stage.name for stage in budget.stages)
    if where.spans:
        return f"none of its spans is {asked}"
    texts = [f"{name} {why}" for name, why in missing.items() if why.endswith(NO_NUMBER)]
    if texts:
        return "; ".join(texts)[:300]
    return f"none of its columns ({', '.join(columns)[:300]}) is one of the stages {asked}"


def _table(where: TurnFile, columns: Mapping[str, str]) -> str:
    """What is counted: rows, or the turns of spans."""
    turns = f"(SELECT DISTINCT {_quoted(where.turn)} FROM {ROWS})"  # noqa: S608 - quoted
    return turns if where.turn in columns else ROWS


def _query(stages: Mapping[str, str], where: TurnFile, cohorts: bool) -> str:
    """One row a turn: s0, s1, … by stage, total, cluster, cohort."""
    at = _quoted(where.cluster)
    total, cluster = "", f"CASE WHEN {at} IS NULL THEN NULL ELSE hash({at}) END"
    cohort = f"enum_code(CAST({_cohort(where)} AS lookout_cohorts))"
    if where.spans:  # several spans of one stage, such as retries, add up
        value = f"sum({_number(where.duration)}) FILTER (CAST({_quoted(where.stage)} AS VARCHAR) = "
        parts = [f"{value}{_text(word)}) AS s{at}" for at, word in enumerate(stages.values())]
        total = f"{value}{_text(where.total)})"
        cluster, cohort = f"min({cluster})", f"min({cohort})"
    else:
        parts = [f"{_number(column)} AS s{at}" for at, column in enumerate(stages.values())]
        total = _number(where.total)
    parts += [f"{total} AS total"] if where.total else []
    parts += [f"{cluster} AS cluster"] if where.cluster else []
    parts += [f"{cohort} AS cohort"] if cohorts else []
    query = f"SELECT {', '.join(parts)} FROM {ROWS}"  # noqa: S608 - quoted
    turn = _quoted(where.turn)
    return f"{query} GROUP BY {turn} ORDER BY {turn}" if where.spans else query


def _cohort(where: TurnFile) -> str:
    """A turn's cohort as people write it: "locale=jp, device=mobile"."""
    cells = (
        f"{_text(name + '=')} || coalesce(CAST({_quoted(name)} AS VARCHAR), 'none')" for name in where.cohorts
    )
    return f"concat_ws(', ', {', '.join(cells)})"


def _cohort_names(connection: Any, where: TurnFile, notes: list[str]) -> tuple[str, ...]:
    """All cohorts, known to the connection as the type `lookout_cohorts`; none where there are too many."""
    if not where.cohorts:
        return ()
    query = f"SELECT DISTINCT {_cohort(where)} FROM {ROWS} ORDER BY 1 LIMIT {MOST_COHORTS + 1}"  # noqa: S608 - quoted
    names = tuple(row[0] for row in connection.execute(query).fetchall())
    if len(names) > MOST_COHORTS:
        notes.append(f"{' and '.join(where.cohorts)} have more than {MOST_COHORTS} values: not looked at.")
        return ()
    if names:
        connection.execute(f"CREATE TYPE lookout_cohorts AS ENUM ({', '.join(map(_text, names))})")
    return names


def _usable(ms: dict[str, "Floats"], total: "Floats | None", *, skipped: bool, notes: list[str]) -> Any:
    """Which turns have a duration for every stage; a stage that was skipped took no time."""
    import numpy as np

    if skipped:
        for name, one in ms.items():
            ms[name] = np.where(np.isnan(one), 0.0, one)
    columns = [*ms.values(), *([] if total is None else [total])]
    gaps, wrong = (np.zeros(len(columns[0]), dtype=bool) for _ in range(2))
    for one in columns:
        gaps |= np.isnan(one)
        wrong |= (one < 0) | np.isinf(one)
    gaps &= ~wrong
    for left_out, why in (
        (gaps, "have no value for some stage"),
        (wrong, "hold a negative or infinite time"),
    ):
        if count := int(left_out.sum()):
            notes.append(f"{count:,} of {len(gaps):,} turns {why}: left out.")
    return ~(gaps | wrong)


def _clusters(hashes: Any, usable: Any) -> "Clusters":
    """Which turns belong together; a turn without a cluster is one by itself."""
    import numpy as np

    from bot.stats.turns import clusters

    alone = np.ma.getmaskarray(hashes)[usable]
    found = clusters(np.ma.getdata(hashes)[usable])
    if alone.any():
        codes = found.codes.copy()
        codes[alone] = len(found.sizes) + np.arange(int(alone.sum()))
        found = clusters(codes)
    return found


def _numbers(column: Any) -> "Floats":
    """A column, NaN where it has no value."""
    import numpy as np

    found: Floats = np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
    return found


def _number(column: str) -> str:
    return f"CAST({_quoted(column)} AS DOUBLE)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
