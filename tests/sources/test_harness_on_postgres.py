"""A harness on PostgreSQL gives what it gives on files, to the ninth digit."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import create_engine, make_url

from bot.core.logged import Clip, Logged, Rows, Tabled
from bot.core.offline_metrics import Score
from bot.services.harness import Place, counterfactual, ranked
from bot.settings import SourceSettings
from bot.sources import gain_positions
from bot.stats.moments import Estimate
from bot.stats.ranking import Metric
from bot.stats.undecided import Undecided
from tests.sources import logged_bench
from tests.sources.test_engines import copy
from tests.sources.test_rankings import ASKED as RANKED
from tests.sources.test_rankings import CLICKS, JUDGED

NDCG = Metric("ndcg", k=10)
SOME = replace(RANKED, metrics=(NDCG, Metric("mrr", k=10), Metric("clicks", k=5)))
CELLS = [(device, rank, n) for device, places in CLICKS.items() for rank, n in places.items()]
TABLES: Mapping[str, Mapping[str, Any]] = {
    "log": logged_bench.log(),
    "policy": logged_bench.policy(),
    "judged": JUDGED,
    "clicks": {name: [cell[at] for cell in CELLS] for at, name in enumerate(("device", "rank", "n"))},
}
LOGGED = Logged(
    Rows(path="log.parquet"), "click", "p", "item",
    Tabled(Rows(path="policy.parquet"), "item", ("page",), "probability"),
    ("page",), cluster="session", device="device", clip=Clip(weight=5), model="tabular",
)  # fmt: skip


def there(rows: Rows) -> Rows:
    """The table of the same name."""
    return Rows(source="w", table=rows.path.removesuffix(".parquet"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Everything as Parquet."""
    folder: Path = tmp_path_factory.mktemp("harness")
    for name, table in TABLES.items():
        logged_bench.write(folder, name, dict(table))
    return Place({}, folder)


@pytest.fixture(scope="module")
def server(postgres_server: str) -> Iterator[Place]:
    """Everything as tables."""
    import psycopg

    address, name = make_url(postgres_server), f"lookout_harness_{uuid.uuid4().hex[:12]}"
    admin = create_engine(address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = address.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        for table, columns in TABLES.items():
            copy(connection, table, pa.table(dict(columns)))
    yield Place({"w": SourceSettings(kind="ibis", url=url)}, None)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def same(first: Any, second: Any) -> None:
    """The same value with the same interval."""
    assert isinstance(first, Estimate), first
    assert isinstance(second, Estimate), second
    bounds = (first.value, first.low, first.high)
    assert (second.value, second.low, second.high) == pytest.approx(bounds, rel=1e-9, abs=1e-12)


def test_what_another_policy_would_have_earned(files: Place, server: Place) -> None:
    """Policy, model, clipping, clusters and devices together."""
    target = LOGGED.target
    assert isinstance(target, Tabled)
    one = counterfactual(LOGGED, files)
    other = counterfactual(
        replace(LOGGED, rows=there(LOGGED.rows), target=replace(target, rows=there(target.rows))), server
    )
    for device in ("", "mobile"):
        for name in ("ips", "snips", "dr"):
            same(getattr(one.found[device], name), getattr(other.found[device], name))
    assert one.uncovered == other.uncovered == 0


def test_metrics_of_rankings_and_where_their_gain_sits(files: Place, server: Place) -> None:
    """A sum of discounts, a rank and a lookup, by device, weighted."""
    clicks = SOME.clicks
    assert clicks is not None
    asked = replace(SOME, rows=there(SOME.rows), clicks=replace(clicks, rows=there(clicks.rows)))
    one, other = ranked(SOME, files).scores, ranked(asked, server).scores
    assert not isinstance(one, Undecided)
    assert not isinstance(other, Undecided)
    pairs: list[tuple[Score, Score]] = list(zip(one, other, strict=True))
    assert len(pairs) == 3 * len(SOME.metrics)
    for first, second in pairs:
        same(first.difference, second.difference)
        same(first.control, second.control)
        assert first.queries == second.queries
    gains = []
    for place, ranking in ((files, SOME), (server, asked)):
        with place.table(ranking.rows) as table:
            gains.append(
                gain_positions.gains(table, ranking, Metric("ndcg", k=10), "judged", {"": 3, "mobile": 2})
            )
    assert gains[0].by_position == pytest.approx(gains[1].by_position)
    assert gains[0].sums["mobile"].mean == pytest.approx(gains[1].sums["mobile"].mean)
