"""Reads what a load test must show, from the `load_test` of a latency budget."""

from collections.abc import Mapping
from typing import Any

from bot.core.finding import Path
from bot.core.latency_budget import STATISTICS, TURN, Criterion, LoadTest
from bot.core.latency_fields import LatencyFields

MOST_CRITERIA = 50
TIMES = STATISTICS[:3]


def load_test(reader: LatencyFields, root: Mapping[str, Any]) -> LoadTest | None:
    """The load test; None where the file has none."""
    if "load_test" not in root:
        return None
    path: Path = ("load_test",)
    known = ["loads", "minutes", "failures", "environment", "criteria", "names"]
    fields = reader.mapping(path, root["load_test"], known)
    loads = _loads(reader, path, fields)
    failures = reader.words(path, fields, "failures", required=False)
    items = reader.items(path, fields, "criteria")
    if len(items) > MOST_CRITERIA:
        what = f"{len(items)} criteria are more than {MOST_CRITERIA}."
        reader.find("L101", (*path, "criteria"), what, "Keep those that decide.")
    criteria = [
        one
        for number, item in enumerate(items[:MOST_CRITERIA])
        for one in _criteria(reader, (*path, "criteria", number), item, loads, failures)
    ]
    return LoadTest(
        criteria=tuple(criteria),
        loads=loads,
        minutes=reader.above(path, fields, "minutes", 30.0, 10_000),
        failures=failures,
        environment=reader.text(path, fields, "environment", required=False),
        names=_names(reader, (*path, "names"), fields),
    )


def _names(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> dict[str, str]:
    """What result files call the parts, and what is counted of them."""
    found = reader.mapping(path, fields.get("names", {}), list(map(str, fields.get("names") or {})))
    for key in found:
        what, dot, part = key.rpartition(".")
        if dot and what not in ("fallback", "errors"):
            hint = f"Write {part!r}, `fallback.{part}` or `errors.{part}`."
            reader.find("L113", (*path, key), f"{key!r} names nothing of a part.", hint)
        else:
            reader.stage_name((*path,), {key: part}, key, turn=True)
    return {key: reader.text(path, found, key) for key in found}


def _loads(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> tuple[float, ...]:
    value = fields.get("loads", [1, 2, 5])
    fine = isinstance(value, list) and value
    if not fine or any(
        isinstance(one, bool) or not isinstance(one, int | float) or one <= 0 for one in value
    ):
        what = f"loads are {value!r}."
        reader.find("L113", (*path, "loads"), what, "Write multiples of the peak: [1, 2, 5].")
        return (1.0, 2.0, 5.0)
    return tuple(dict.fromkeys(float(one) for one in value))


def _criteria(
    reader: LatencyFields, path: Path, item: object, loads: tuple[float, ...], failures: tuple[str, ...]
) -> list[Criterion]:
    """One line may limit several statistics of one part."""
    fields = reader.mapping(path, item, ["load", "part", "failure", *STATISTICS])
    part = reader.stage_name(path, {"part": TURN} | dict(fields), "part", turn=True)
    load = reader.above(path, fields, "load", 1.0)
    if load not in loads:
        what = f"a load of {load:g} times the peak is not run."
        reader.find("L113", (*path, "load"), what, f"Loads: {', '.join(f'{one:g}' for one in loads)}.")
    failure = reader.text(path, fields, "failure", required=False)
    if failure and failure not in failures:
        hint = f"Failures: {', '.join(failures) or 'none; list them under load_test.failures'}."
        reader.find("L113", (*path, "failure"), f"{failure!r} is not induced.", hint)
    asked = [statistic for statistic in STATISTICS if statistic in fields]
    if not asked:
        what = "a criterion limits nothing."
        reader.find("L113", path, what, "Write for example `p95: 800`, or `fallback: 0.005`.")
    return [
        Criterion(load, part, statistic, _most(reader, path, fields, statistic), failure)
        for statistic in asked
    ]


def _most(reader: LatencyFields, path: Path, fields: Mapping[str, Any], statistic: str) -> float:
    """Milliseconds, or a share."""
    if statistic in TIMES:
        return reader.ms(path, fields, statistic)
    return reader.share(path, fields, statistic, 0.0)
