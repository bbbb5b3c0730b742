"""Turns of a chatbot as they could have been measured: drawn, with the p95s of AML-07.

`python -m bot.demo.data.turns` writes them to `latency/turns.parquet` again: the same turns, always.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

TURNS, SEED = 12_000, 20_261_123
P95_MS = {
    "parse": 30.0,
    "intent": 50.0,
    "retrieval": 220.0,
    "rerank": 180.0,
    "first_token": 200.0,
    "format": 40.0,
}
"""Of each stage; the reranker is the old one."""
SPREAD = {"parse": 0.25, "intent": 0.3, "retrieval": 0.45, "rerank": 0.35, "first_token": 0.5, "format": 0.3}
"""Standard deviation of the logarithm of each stage's duration."""
COMMON = {"parse": 0.7, "intent": 0.5, "retrieval": 0.65, "rerank": 0.65, "first_token": 0.35, "format": 0.1}
"""Correlation of each logarithm with what makes a whole turn slow, such as a long question."""
SESSION = 0.4
"""Share of that which a session's turns have in common."""
COHORTS = (
    ("en", "desktop", 0.42, 1.0),
    ("en", "mobile", 0.28, 1.02),
    ("jp", "desktop", 0.12, 1.05),
    ("jp", "mobile", 0.18, 1.14),
)
"""Locale, device, share of sessions, and how much longer its retrieval and reranking take."""
FILE = Path(__file__).parent / "latency" / "turns.parquet"


def turns(count: int = TURNS, seed: int = SEED) -> "dict[str, np.ndarray[Any, Any]]":
    """Columns of that many turns: session, locale, device, and a duration in ms for each stage."""
    import numpy as np

    rng = np.random.default_rng(seed)
    session = np.cumsum(rng.random(count) < 1 / 3)  # three turns a session
    sessions = int(session[-1]) + 1
    cohort = rng.choice(len(COHORTS), sessions, p=[one[2] for one in COHORTS])[session]
    shared = rng.standard_normal(sessions)[session]
    common = np.sqrt(SESSION) * shared + np.sqrt(1 - SESSION) * rng.standard_normal(count)
    found: dict[str, np.ndarray[Any, Any]] = {
        "session": session,
        "locale": np.array([one[0] for one in COHORTS])[cohort],
        "device": np.array([one[1] for one in COHORTS])[cohort],
    }
    slower = np.array([one[3] for one in COHORTS])[cohort]
    for name, p95 in P95_MS.items():
        weight = COMMON[name]
        z = weight * common + np.sqrt(1 - weight**2) * rng.standard_normal(count)
        ms = np.exp(SPREAD[name] * z) * (slower if name in ("retrieval", "rerank") else 1.0)
        found[name] = np.round(ms * p95 / np.sort(ms)[int(np.ceil(0.95 * count)) - 1], 1)
    return found


def write(file: Path = FILE, count: int = TURNS) -> None:
    """Write them as Parquet."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    columns = turns(count)
    numbers = {name: one.astype(np.float32) for name, one in columns.items() if name in P95_MS}
    table = pa.table({**columns, **numbers, "session": columns["session"].astype(np.int32)})
    parquet.write_table(table, file, compression="zstd", compression_level=19)


if __name__ == "__main__":
    write()
