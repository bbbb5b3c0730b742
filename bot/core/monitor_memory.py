"""What a monitor carries from hour to hour, and as JSON: where its charts stand and which alarms go on."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from bot.core.monitor import Cell, Level, Open
from bot.stats.monitor import Baseline, Floats, Measure
from bot.stats.monitor_calibration import Calibration
from bot.stats.monitor_chart import State
from bot.stats.monitor_plain import Plain


@dataclass(frozen=True)
class Learnt:
    """What was learnt from history that ended at `at`: the baseline of these cells, the threshold of a page.

    calibration: how the threshold came about, or in words why it is the one without a calibration.
    """

    cells: tuple[Cell, ...]
    baseline: Baseline
    h: float
    calibration: Calibration | str
    at: datetime

    @property
    def charts(self) -> tuple[Cell, ...]:
        """What the charts are of; the last is the whole."""
        return (*self.cells, ())

    def reason(self, cell: Cell) -> str:
        """Why this cell is not judged; empty where it is."""
        return dict(self.baseline.reasons).get(self.chart(cell), "")

    def chart(self, cell: Cell) -> int:
        """The number of a cell's chart; () is the whole, also where it is the only cell."""
        return self.cells.index(cell) if cell else len(self.cells)

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        base = self.baseline
        how = self.calibration
        return {
            "cells": [list(cell) for cell in self.cells],
            "measure": base.measure.value,
            "level": pack(base.level),
            "scale": pack(base.scale),
            "rho": pack(base.rho),
            "weeks": base.weeks,
            "reasons": [list(one) for one in base.reasons],
            "h": self.h,
            "calibration": how if isinstance(how, str) else vars(how),
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Learnt":
        """Read the kept form back."""
        how = data["calibration"]
        charts = len(data["cells"]) + 1
        return cls(
            cells=tuple(tuple(cell) for cell in data["cells"]),
            baseline=Baseline(
                measure=Measure(data["measure"]),
                level=unpack(data["level"], charts - 1),
                scale=unpack(data["scale"], charts)[0],
                rho=unpack(data["rho"], charts)[0],
                weeks=data["weeks"],
                reasons=tuple((number, reason) for number, reason in data["reasons"]),
            ),
            h=data["h"],
            calibration=how if isinstance(how, str) else Calibration(**how),
            at=datetime.fromisoformat(data["at"]),
        )


@dataclass(frozen=True)
class Memory:
    """Where the charts stand after the hour that ended at `until`; None before the first.

    state: of a seasonal monitor's charts, in the order of its cells and the whole, its sums by `signs`;
    plain: of plain sums, by cell. open: alarms that go on. paged, ticketed: when the last page and ticket
    were raised.
    """

    until: datetime | None = None
    state: State | None = None
    plain: Mapping[Cell, Plain] = field(default_factory=dict)
    open: Mapping[Cell, Open] = field(default_factory=dict)
    paged: datetime | None = None
    ticketed: datetime | None = None
    signs: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        state = self.state
        return {
            "until": _text(self.until),
            "paged": _text(self.paged),
            "ticketed": _text(self.ticketed),
            "signs": list(self.signs),
            "state": None if state is None else _state(state),
            "plain": [[list(cell), _plain(chart)] for cell, chart in self.plain.items()],
            "open": [[list(cell), _open(alarm)] for cell, alarm in self.open.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Memory":
        """Read the kept form back."""
        kept = data["state"]
        return cls(
            until=_moment(data["until"]),
            paged=_moment(data["paged"]),
            ticketed=_moment(data["ticketed"]),
            signs=tuple(data["signs"]),
            state=None if kept is None else _read_state(kept),
            plain={tuple(cell): _read_plain(chart) for cell, chart in data["plain"]},
            open={tuple(cell): _read_open(alarm) for cell, alarm in data["open"]},
        )


def carried(memory: Memory, before: Learnt | None, after: Learnt) -> Memory:
    """The memory for what was learnt anew: charts of cells that stay go on from where they stood.

    Where nobody knows what the charts were of (`before` is None) all begin anew.
    """
    state = memory.state
    if before is None:
        going = {cell: alarm for cell, alarm in memory.open.items() if cell in after.charts}
        return replace(memory, state=None, open=going)
    if state is None or before.cells == after.cells:
        return memory
    old = {cell: number for number, cell in enumerate(before.charts)}
    places = [old.get(cell, -1) for cell in after.charts]
    new = np.array([place < 0 for place in places])

    def moved(values: Any, fill: float) -> Any:
        return np.where(new, fill, values[..., places])

    state = State(
        sums=moved(state.sums, 0.0),
        since=moved(state.since, 0).astype(np.int64),
        last=moved(state.last, np.nan),
        deviation=moved(state.deviation, np.nan),
        expected=moved(state.expected, np.nan),
        size=moved(state.size, np.nan),
    )
    going = {cell: alarm for cell, alarm in memory.open.items() if cell in after.charts}
    return replace(memory, state=state, open=going)


def turned(memory: Memory, signs: tuple[int, ...]) -> Memory:
    """The memory for charts of these directions: those of others are dropped, with alarms; new ones are 0."""
    if memory.signs == signs:
        return memory
    state, before = memory.state, memory.signs
    if state is not None:
        rows = [before.index(sign) if sign in before else len(before) for sign in signs]
        sums = np.vstack([state.sums, np.zeros((1, len(state.last)))])[rows]
        since = np.vstack([state.since, np.zeros((1, len(state.last)), dtype=np.int64)])[rows]
        state = replace(state, sums=sums, since=since)
    going = {cell: alarm for cell, alarm in memory.open.items() if alarm.sign in signs}
    return replace(memory, state=state, open=going, signs=signs)


def pack(values: Floats) -> str:
    """Numbers to the last bit, as text."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode("ascii")


def unpack(text: str, columns: int) -> Floats:
    """The same numbers, in rows of so many."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8").reshape(-1, columns).astype(np.float64)


def _state(state: State) -> dict[str, Any]:
    return {
        "charts": len(state.last),
        "sums": pack(state.sums),
        "since": state.since.tolist(),
        "last": pack(state.last),
        "deviation": pack(state.deviation),
        "expected": pack(state.expected),
        "size": pack(state.size),
    }


def _read_state(kept: Mapping[str, Any]) -> State:
    charts = kept["charts"]
    return State(
        sums=unpack(kept["sums"], charts),
        since=np.array(kept["since"], dtype=np.int64),
        last=unpack(kept["last"], charts)[0],
        deviation=unpack(kept["deviation"], charts),
        expected=unpack(kept["expected"], charts),
        size=unpack(kept["size"], charts),
    )


def _plain(chart: Plain) -> list[Any]:
    return [list(chart.first), chart.up, chart.down, chart.since_up, chart.since_down]


def _read_plain(kept: list[Any]) -> Plain:
    return Plain(tuple(kept[0]), *kept[1:])


def _open(alarm: Open) -> list[Any]:
    return [alarm.level.value, alarm.sign, alarm.since.isoformat()]


def _read_open(kept: list[Any]) -> Open:
    return Open(Level(kept[0]), kept[1], datetime.fromisoformat(kept[2]))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
