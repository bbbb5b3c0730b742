"""`lookout monitor`: what a monitor would have raised over its past, and how those that run stand."""

import json as to_json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import clock, settings
from bot.commands.output import write
from bot.commands.registration_file import complain, text_of
from bot.core.monitor import Alarm, History, Level, Monitor, PlainSums, Seasonal
from bot.core.monitor_memory import Learnt
from bot.core.monitor_reader import read_monitor
from bot.core.monitor_replay import Replay, replay
from bot.errors import InputError
from bot.settings import Settings
from bot.sources import monitor_history
from bot.sources.prometheus import Prometheus
from bot.stats.undecided import Undecided

WEEKS = 16
"""Of the past that is asked of a source where no `--from` is given."""


def run(
    environment: Mapping[str, str],
    file: Path,
    *,
    data: Path | None = None,
    since: str = "",
    until: str = "",
    out: Path | None = None,
    json: bool = False,
) -> int:
    """Replay one monitor; 1 when its file has an error, or nothing can be said.

    Raises:
        InputError: a time that is none, or a picture that cannot be written.
        SourceError: the numbers cannot be had.

    """
    monitor, findings = read_monitor(text_of(file), name=str(file))
    if monitor is None:
        complain(list(findings))
        return 1
    now = clock.system()
    first, end = _moment(since, "--from"), _moment(until, "--to")
    history = _history(environment, monitor, data, first, end or now)
    if end is not None:
        history = history.part(0, math.floor((end - history.start) / history.step))
    found = replay(monitor, history, first)
    if isinstance(found, Undecided):
        print(f"{monitor.id}: nothing can be replayed: {found.reason}.")
        return 1
    picture = out or Path(f"{monitor.id}.png")
    _draw(monitor, found, picture)
    if json:
        print(to_json.dumps(_shape(monitor, found, picture), indent=2))
    else:
        print("\n".join(_lines(monitor, history, found, picture)))
    return 0


def listing(environment: Mapping[str, str], *, json: bool = False) -> int:
    """Say how the configured monitors stand; 1 when one is blind."""
    from bot.services.monitor_files import read_monitors
    from bot.services.monitor_status import standing
    from bot.store.database import Database

    configured = settings.load(environment)
    known = read_monitors(configured)
    if not known:
        print("No monitor is configured: name a folder in `[monitors] path` of lookout.toml.")
        return 0
    db = Database(configured.database_url)
    try:
        db.upgrade()
        with db.read() as session:
            found = [standing(session, one, clock.system()) for one in known]
    finally:
        db.close()
    shapes = [
        {
            "monitor": one.monitor.id,
            "blind": one.trouble or None,
            "until": one.until.isoformat() if one.until else None,
            "weeks": round(one.weeks, 2),
            "threshold": one.learnt.h if one.learnt else None,
            "alarms": list(one.going),
        }
        for one in found
    ]
    if json:
        print(to_json.dumps(shapes, indent=2))
    else:
        for shape in shapes:
            print(_stands(shape))
    return int(any(one.trouble for one in found))


def _stands(shape: Mapping[str, Any]) -> str:
    name = f"{shape['monitor']}: "
    if shape["blind"]:
        return f"{name}blind: {shape['blind']}"
    if shape["until"] is None:
        return f"{name}begins with its first hour"
    alarm = f"alarm: {', '.join(shape['alarms'])}, " if shape["alarms"] else ""
    level = f"threshold {shape['threshold']:.1f}" if shape["threshold"] else "nothing learnt yet"
    return f"{name}{alarm}{level}, {shape['weeks']:.1f} weeks, up to {shape['until']}"


def _history(
    environment: Mapping[str, str], monitor: Monitor, data: Path | None, first: datetime | None, end: datetime
) -> History:
    if data is not None:
        if not data.is_file():
            raise InputError(f"There is no file {data}.", "Name a Parquet or CSV file.")
        return monitor_history.from_file(data, monitor)
    configured = settings.load(environment)
    until = monitor.newest(end) + monitor.step
    past = timedelta(weeks=WEEKS)
    if first is not None:
        weeks = monitor.method.baseline_weeks if isinstance(monitor.method, Seasonal) else 1
        past = until - first + timedelta(weeks=weeks)
    since = until - math.ceil(past / monitor.step) * monitor.step
    if monitor.feed.in_warehouse:
        return monitor_history.from_warehouse(configured.sources, monitor, since, until)
    return monitor_history.from_prometheus(_prometheus(configured, monitor), monitor, since, until)


def _prometheus(configured: Settings, monitor: Monitor) -> Prometheus:
    name = monitor.feed.source
    source = configured.sources.get(name)
    if source is None or source.kind != "prometheus":
        known = ", ".join(one for one, kind in configured.sources.items() if kind.kind == "prometheus")
        raise InputError(
            f"There is no prometheus source {name!r}.", f"Configured: {known or 'none'}; or give --data."
        )
    return Prometheus(source.url.get_secret_value(), name=name, timeout=source.timeout_seconds)


def _lines(monitor: Monitor, history: History, found: Replay, picture: Path) -> list[str]:
    hours = len(found.values)
    weeks = hours * monitor.step / timedelta(weeks=1)
    past = len(history) * monitor.step / timedelta(weeks=1)
    pages, tickets = found.counted(Level.PAGE), found.counted(Level.TICKET)
    lines = [
        f"{monitor.id}: {_counted(len(history.cells), 'cohort')}, {past:.1f} weeks from "
        f"{_day(history.start)}; watched {weeks:.1f} weeks from {_day(found.start)}",
        *_learnt(monitor, found),
        f"{_counted(pages, 'page')} ({pages / weeks:.2f} a week), {_counted(tickets, 'ticket')} "
        f"({tickets / weeks:.2f} a week); {found.held} times held back, within 24 h of one",
    ]
    lines += [_alarm(monitor, found, alarm) for alarm in found.alarms]
    lines.append(f"picture: {picture}")
    return lines


def _learnt(monitor: Monitor, found: Replay) -> list[str]:
    method = monitor.method
    if isinstance(method, PlainSums):
        from bot.core.monitor_words import cost_of

        return [f"what it costs: {cost_of(method, hourly=monitor.step == timedelta(hours=1))}"]
    lines = [f"threshold {_threshold(method, one)} (learnt up to {_day(one.at)})" for one in found.learnt]
    newest = found.learnt[-1]
    lines += [
        f"not judged: {monitor.name_of(newest.charts[number])}: {reason}"
        for number, reason in newest.baseline.reasons
    ]
    return lines


def _threshold(method: Seasonal, learnt: Learnt) -> str:
    how = learnt.calibration
    if isinstance(how, str):
        return f"{learnt.h:.1f}, {how if method.h is not None else f'not learnt: {how}'}"
    return (
        f"{learnt.h:.1f} for {method.budget:g} pages a week: {how.peaks} excursions in {how.weeks:g} weeks, "
        f"the highest {how.highest:.1f}; {_counted(how.seen, 'page')} in that history"
    )


def _alarm(monitor: Monitor, found: Replay, alarm: Alarm) -> str:
    over = found.ended(alarm)
    effect = "" if math.isnan(alarm.effect) else f" {alarm.effect * 100:+.1f} %"
    return (
        f"  {_hour(alarm.at)} {alarm.level.value.upper():<6} {monitor.name_of(alarm.cell)}{effect}, "
        f"{alarm.baseline:.4g} to {alarm.value:.4g} since {_hour(alarm.began)}, chart {alarm.score:.1f} of "
        f"{alarm.h:.1f}" + (f", over {_hour(over)}" if over else "")
    )


def _shape(monitor: Monitor, found: Replay, picture: Path) -> dict[str, Any]:
    weeks = len(found.values) * monitor.step / timedelta(weeks=1)
    return {
        "monitor": monitor.id,
        "from": found.start.isoformat(),
        "weeks": weeks,
        "threshold": found.learnt[-1].h if found.learnt else None,
        "pages": found.counted(Level.PAGE),
        "tickets": found.counted(Level.TICKET),
        "held": found.held,
        "picture": str(picture),
        "alarms": [
            {
                "at": alarm.at.isoformat(),
                "level": alarm.level.value,
                "cohort": monitor.cohort_of(alarm.cell),
                "effect": None if math.isnan(alarm.effect) else alarm.effect,
                "value": alarm.value,
                "baseline": alarm.baseline,
                "began": alarm.began.isoformat(),
                "score": alarm.score,
                "h": alarm.h,
                "ended": _iso(found.ended(alarm)),
            }
            for alarm in found.alarms
        ],
    }


def _draw(monitor: Monitor, found: Replay, picture: Path) -> None:
    from bot.views.chart_monitor import png

    write(png(monitor, found), picture)


def _moment(typed: str, option: str) -> datetime | None:
    """A date or a time, in UTC where no zone is given."""
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        raise InputError(
            f"{option} {typed} is no time.", "For example 2026-11-03 or 2026-11-03T14:00Z."
        ) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(minute=0, second=0, microsecond=0)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _hour(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
