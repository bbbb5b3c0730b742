"""What is drawn beside evidence, as JSON: a line over time, or bars beside what is usual.

`bot/views/chart_evidence.py` draws it. A chart is small: what is more than fits a phone is left out here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_POINTS, MAX_ROWS, MAX_NAME = 400, 10, 80


@dataclass(frozen=True)
class Bar:
    """One row of bars: `value` beside what is `usual`, or its `limit`; `off` says that it is the trouble.

    Values are in the chart's unit, None where there is none; `name` may be outside text.
    """

    name: str
    value: float | None
    usual: float | None = None
    limit: float | None = None
    off: bool = False


def line(
    title: str,
    points: Sequence[tuple[datetime, float]],
    *,
    unit: str = "",
    usual: float | None = None,
    band: tuple[float, float] | None = None,
) -> Mapping[str, Any]:
    """A line over time with its usual value or band; of too many points every n-th, the last one always."""
    every = math.ceil(len(points) / MAX_POINTS) or 1
    kept = [*points[:-1:every], *points[-1:]]
    return {
        "kind": "line",
        "title": title[:MAX_NAME],
        "unit": unit,
        "points": [[round(at.timestamp()), _number(value)] for at, value in kept],
        "usual": _number(usual),
        "band": None if band is None else [_number(band[0]), _number(band[1])],
    }


def bars(title: str, rows: Sequence[Bar], *, unit: str = "", most: int = MAX_ROWS) -> Mapping[str, Any]:
    """Bars, one a row, in the order given: put what is off first, for only `most` are drawn."""
    return {
        "kind": "bars",
        "title": title[:MAX_NAME],
        "unit": unit,
        "more": max(len(rows) - most, 0),
        "rows": [
            {
                "name": row.name[:MAX_NAME],
                "value": _number(row.value),
                "usual": _number(row.usual),
                "limit": _number(row.limit),
                "off": row.off,
            }
            for row in rows[:most]
        ],
    }


def _number(value: float | None) -> float | None:
    """A number that JSON has; None for NaN and infinity."""
    return None if value is None or not math.isfinite(value) else float(value)
