"""The demo's experiments: made up, the same at every run, each with its registration beside it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.demo.data import locales, reranker, satisfaction

if TYPE_CHECKING:
    import pyarrow as pa

REGISTRATIONS = Path(__file__).with_name("registrations")
FRAMINGS = Path(__file__).with_name("framings")
PORTFOLIOS = Path(__file__).with_name("portfolios")
LATENCY = Path(__file__).with_name("latency")

TABLES: Mapping[str, Callable[[], "pa.Table"]] = MappingProxyType(
    {
        "reranker": reranker.launched,
        "satisfaction": satisfaction.vetoed,
        "rerun": satisfaction.rerun,
        "japanese": locales.veto,
        "mixed": locales.mixed,
    }
)
"""What is drawn for each experiment, by the name of its files."""


@dataclass(frozen=True)
class DemoData:
    """Where an experiment was written."""

    registration: Path
    data: Path
    id: str


def write(folder: Path, name: str = "reranker", *, start: date | None = None, called: str = "") -> DemoData:
    """Write an experiment's registration and the Parquet file it names; takes less than two seconds.

    start: day 1 in place of the one in a registration that gives it. called: an id in place of its own, and
    data of its own with it: a rule is not taken for data that another experiment has looked at.
    """
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    text = (REGISTRATIONS / f"{name}.yaml").read_text(encoding="utf-8")
    if start is not None:
        text = re.sub(r"(?m)^(  start: ).*$", rf"\g<1>{start.isoformat()}", text)
    if called:
        text = re.sub(r"(?m)^id: .*$", f"id: {called}", text).replace(f"{name}.parquet", f"{called}.parquet")
    found = re.search(r"(?m)^id: (\S+)$", text)
    assert found is not None  # noqa: S101 - a registration has an id
    files = DemoData(folder / f"{name}.yaml", folder / f"{called or name}.parquet", found[1])
    table = TABLES[name]()
    few = [field.name for field in table.schema if str(field.type).startswith("dictionary")]
    pq.write_table(table, files.data, use_dictionary=few)
    files.registration.write_text(text, encoding="utf-8")
    return files
