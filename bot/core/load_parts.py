"""Which series of a result file is which part of a budget: as the budget says, else by custom."""

from collections.abc import Iterable, Iterator, Mapping

from bot.core.latency_budget import TURN
from bot.core.load_result import LoadResult, Series
from bot.stats.undecided import Undecided

_ENDINGS = ("", "_ms", "_duration", "_latency", "_duration_ms", "_latency_ms", "_time")
_TIMED = ("stage", "stage_ms", "stage_duration", "stage_latency", "stage_duration_ms", "http_req_duration")
_LISTED = 8
"""Names shown of a file whose names are not those of the budget."""


def timed(result: LoadResult, part: str, names: Mapping[str, str]) -> Series | Undecided:
    """The series of a part's durations; `names` maps a part to what the file calls it."""
    return _first(result, part, names, _durations(part), with_times=True)


def counted(
    result: LoadResult, part: str, what: str, names: Mapping[str, str], *, alone: bool = False
) -> Series | Undecided:
    """The series that counts a part's `what`: "fallback" or "errors".

    names: by `what.part`, as in "fallback.rerank". alone: whether no other part has any, so that a series
    without a part is this one's.
    """
    found = _first(result, f"{what}.{part}", names, _counts(part, what, alone=alone), with_times=False)
    if not isinstance(found, Undecided) or what != "errors" or f"{what}.{part}" in names:
        return found
    times = timed(result, part, names)  # Locust counts the failures of what it times
    if not isinstance(times, Undecided) and times.of is not None:
        return times
    return found


def share(
    result: LoadResult, part: str, what: str, names: Mapping[str, str], *, alone: bool = False
) -> tuple[int, int] | Undecided:
    """How many of how many calls of a part fell back, or failed."""
    series = counted(result, part, what, names, alone=alone)
    if isinstance(series, Undecided):
        return series
    if series.hits is None:
        return Undecided(f"{series.name} does not count how often it happened")
    if series.of is not None:
        return (series.hits, series.of) if series.of else Undecided(f"{series.name} counted nothing")
    for one in (part, TURN):  # a bare count is one of the part's calls, else of turns
        calls = timed(result, one, names)
        if not isinstance(calls, Undecided) and calls.n:
            return min(series.hits, calls.n), calls.n
    return Undecided(f"{series.name} counts {series.hits:,}, and nothing says of how many")


def _first(
    result: LoadResult, key: str, names: Mapping[str, str], usual: Iterable[str], *, with_times: bool
) -> Series | Undecided:
    if key in names:
        found = result.named(names[key])
        if found is None:
            return Undecided(f"the file has no series {names[key]!r}; it has {_known(result)}")
        if with_times and not found.percentiles:
            return Undecided(f"the series {found.name!r} has no times")
        return found
    for name in usual:
        found = result.named(name)
        if found is not None and (found.percentiles if with_times else found.hits is not None):
            return found
    return Undecided(f"no series is {key.replace('.', ' of ')}; the file has {_known(result)}")


def _durations(part: str) -> Iterator[str]:
    for ending in _ENDINGS:
        yield part + ending
        yield f"stage_{part}{ending}"
    for metric in _TIMED:
        for tag in ("stage", "part", "name"):
            yield f"{metric}{{{tag}:{part}}}"
    yield f"group_duration{{group:::{part}}}"
    yield f"stage {part}"
    if part == TURN:
        yield "turn turn"


def _counts(part: str, what: str, *, alone: bool) -> Iterator[str]:
    words = ("errors", "error", "failed", "failures") if what == "errors" else (what, f"{what}s")
    for word in words:
        for tag in ("stage", "part", "name"):
            yield f"{word}{{{tag}:{part}}}"
        yield f"{part}_{word}"
        yield f"{word}_{part}"
    if what == "errors":
        yield f"http_req_failed{{stage:{part}}}"
        yield f"http_req_failed{{name:{part}}}"
        if part == TURN:
            yield "http_req_failed"
    elif alone or part == TURN:
        yield from words


def _known(result: LoadResult) -> str:
    names = [one.name for one in result.series]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more if names else "none"
