"""The Prometheus that a check asks, and several questions to it side by side."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.core.metric_evidence import NO_SOURCE
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.metric_now import selector_of
from bot.sources.prometheus import Prometheus, Selector

Told = TypeVar("Told")

PATIENCE = 4.0
"""Seconds one query of a check may take, whatever the source's own time-out: several of them are one line."""


def server(asked: Asked, name: str) -> Prometheus:
    """The source of that name, the first one where no name is given.

    Raises:
        SourceError: there is none, or it is no Prometheus.

    """
    known = asked.desk.prometheus
    if name and name not in known:
        raise SourceError(f"lookout.toml has no prometheus source {name!r}")
    found = known[name] if name else next(iter(known.values()), None)
    if found is None:
        raise SourceError(NO_SOURCE)
    return found.within(PATIENCE)


def alerted(asked: Asked, without: tuple[str, ...]) -> Selector:
    """The metric of the incident's first alert, in all of its cohorts: `without` are labels left open.

    Raises:
        SourceError: no alert names one.

    """
    alerts = asked.incident.alerts
    if not alerts:
        raise SourceError("no alert names a metric: this incident was opened by hand")
    found = selector_of(alerts[0])
    left = {*without, *alerts[0].cohort}
    return Selector(found.name, {key: value for key, value in found.matchers.items() if key not in left})


def side_by_side(asks: Mapping[str, Callable[[], Told]]) -> Mapping[str, Told | SourceError]:
    """The answers by name; a question that cannot be answered gives its reason."""

    def one(ask: Callable[[], Told]) -> Told | SourceError:
        try:
            return ask()
        except SourceError as error:
            return error

    if not asks:
        return {}
    with ThreadPoolExecutor(max_workers=len(asks), thread_name_prefix="check") as pool:
        return dict(zip(asks, pool.map(one, asks.values()), strict=True))
