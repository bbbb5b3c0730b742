"""A log of shown items with everything a harness may name, in memory and as a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LOGGING = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
TARGET = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
RATES = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.3, 0.2]])
PAGES, ITEMS, DEVICES = ("home", "search"), ("a", "b", "c", "d"), ("mobile", "desktop", "app")


def log(rows: int = 800, seed: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    """By column: sessions of four rows, two pages, four items; the target's probability and choice."""
    rng = np.random.default_rng(seed)
    page = rng.integers(0, 2, rows)
    shown = (rng.random(rows)[:, None] > np.cumsum(LOGGING, axis=1)[page]).sum(axis=1)
    session = np.arange(rows) // 4
    mood = np.repeat(rng.normal(0, 0.1, rows // 4 + 1), 4)[:rows]
    click = (rng.random(rows) < np.clip(RATES[page, shown] + mood, 0, 1)).astype(int)
    return {
        "page": np.array(PAGES)[page],
        "item": np.array(ITEMS)[shown],
        "p": LOGGING[page, shown],
        "q": TARGET[page, shown],
        "best": np.array(ITEMS)[TARGET.argmax(axis=1)[page]],
        "click": click,
        "session": session,
        "device": np.array(DEVICES)[session % 3],
        "model": np.full(rows, 0.25) + 0.01 * shown,
        "expected": (TARGET[page] * (0.25 + 0.01 * np.arange(4))).sum(axis=1),
    }


def policy() -> dict[str, list[Any]]:
    """The target policy as a table."""
    cells = [(page, item) for page in range(2) for item in range(4)]
    return {
        "page": [PAGES[page] for page, _ in cells],
        "item": [ITEMS[item] for _, item in cells],
        "probability": [float(TARGET[cell]) for cell in cells],
    }


def write(folder: Path, name: str, table: dict[str, Any]) -> Path:
    """A Parquet file of these columns."""
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table(table), file)
    return file
