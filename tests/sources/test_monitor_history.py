"""A monitor's numbers, hour by hour: from Prometheus, a warehouse, a file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np
import pytest

from bot.core.monitor import HOUR, Feed, History, Monitor
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.monitor_history import from_file, from_prometheus, from_warehouse, joined
from bot.sources.prometheus import Prometheus
from tests.core.monitor_bench import monitor
from tests.services.monitor_bench import Teller

START = datetime(2026, 11, 2, tzinfo=UTC)
ROWS = """
CREATE TABLE answers AS SELECT * FROM (VALUES
  (TIMESTAMP '2026-11-02 00:10:00', 'en', 'app', 3, 10, 0.5),
  (TIMESTAMP '2026-11-02 00:50:00', 'en', 'app', 2, 10, 0.7),
  (TIMESTAMP '2026-11-02 01:00:00', 'jp', 'app', 1, 5, 0.9),
  (TIMESTAMP '2026-11-02 02:59:59', NULL, 'app', 4, 8, NULL),
  (NULL, 'en', 'app', 100, 100, 1.0), (TIMESTAMP '2026-11-02 09:00:00', 'en', 'app', 9, 9, 1.0)
) AS rows(hour, locale, device, useful, answers, ndcg)
"""


def of(**fields: Any) -> Monitor:
    """A monitor of two dimensions, in a warehouse."""
    feed = Feed("dwh", "useful", "answers", table="answers", time="hour")
    return monitor(**{"cohorts": ("locale", "device"), "feed": feed, **fields})


def warehouse(folder: Path, rows: str = ROWS) -> dict[str, SourceSettings]:
    """A DuckDB file."""
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(rows)
    return {"dwh": SourceSettings(kind="ibis", url=f"duckdb:///{folder}/w.duckdb")}


def test_a_table_is_summed_by_hour_and_cell(tmp_path: Path) -> None:
    """Rows without a time are left out, a dimension that is NULL is `none`, hours beyond are not read."""
    seen = from_warehouse(warehouse(tmp_path), of(), START, START + 3 * HOUR)
    assert seen.cells == (("en", "app"), ("jp", "app"), ("none", "app"))
    assert seen.x.tolist() == [[5, 0, 0], [0, 1, 0], [0, 0, 4]]
    assert seen.n.tolist() == [[20, 0, 0], [0, 5, 0], [0, 0, 8]]


def test_a_value_is_averaged_with_its_weight_or_over_its_rows(tmp_path: Path) -> None:
    """What is NULL was not seen."""
    sources = warehouse(tmp_path)
    weighted = of(feed=Feed("dwh", value="ndcg", weight="answers", table="answers", time="hour"))
    seen = from_warehouse(sources, weighted, START, START + 3 * HOUR)
    assert (seen.x[0, 0] / seen.n[0, 0], seen.n[0, 0]) == (pytest.approx(0.6), 20)
    sql = "SELECT * FROM answers WHERE device = 'app'"
    plain = of(feed=Feed("dwh", value="ndcg", sql=sql, time="hour"))
    seen = from_warehouse(sources, plain, START, START + 3 * HOUR)
    assert seen.n.tolist() == [[2, 0], [0, 1], [0, 0]]


def test_times_with_a_zone_and_days_are_put_where_they_belong(tmp_path: Path) -> None:
    """A zone counts; a date is its midnight in UTC."""
    rows = (
        "CREATE TABLE answers AS SELECT CAST('2026-11-02 09:30:00+09' AS TIMESTAMPTZ) AS hour, "
        "'jp' AS locale, 'app' AS device, 1 AS useful, 2 AS answers, 1.0 AS ndcg"
    )
    seen = from_warehouse(warehouse(tmp_path, rows), of(), START, START + 3 * HOUR)
    assert seen.n[:, 0].tolist() == [2, 0, 0]
    (tmp_path / "days").mkdir()
    dated = rows.replace("CAST('2026-11-02 09:30:00+09' AS TIMESTAMPTZ)", "DATE '2026-11-03'")
    daily = of(step=timedelta(days=1))
    seen = from_warehouse(warehouse(tmp_path / "days", dated), daily, START, START + timedelta(days=3))
    assert seen.n[:, 0].tolist() == [0, 2, 0]


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        (
            Feed("dwh", "usefull", "answers", table="answers", time="hour"),
            "has no column usefull (numerator)",
        ),
        (
            Feed("dwh", "useful", "answers", table="answer", time="hour"),
            "has no table answer; it has answers",
        ),
        (Feed("dwh", "useful", "answers", sql="DROP TABLE answers", time="hour"), "must be one SELECT"),
        (Feed("shop", "useful", "answers", table="answers", time="hour"), "source shop is not configured"),
        (Feed("dwh", "locale", "answers", table="answers", time="hour"), "Conversion"),
    ],
)
def test_a_warehouse_that_cannot_answer_says_why(tmp_path: Path, feed: Feed, said: str) -> None:
    """A reason to be shown, never a number."""
    with pytest.raises(SourceError, match=said.replace("(", r"\(").replace(")", r"\)")):
        from_warehouse(warehouse(tmp_path), of(feed=feed), START, START + 3 * HOUR)


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    """A dimension that is a user's id is none."""
    rows = (
        "CREATE TABLE answers AS SELECT TIMESTAMP '2026-11-02 00:00:00' AS hour, "
        "'u' || i AS locale, 'app' AS device, 1 AS useful, 1 AS answers FROM range(201) AS r(i)"
    )
    with pytest.raises(SourceError, match="201 cells, more than 200: name fewer cohorts"):
        from_warehouse(warehouse(tmp_path, rows), of(), START, START + HOUR)


def small() -> History:
    """Three hours of two cells, one of which is not seen in the second."""
    n = np.array([[10.0, 20.0], [10.0, 0.0], [10.0, 20.0]])
    return History(START, HOUR, (("en", "app"), ("jp", "app")), n / 5, n)


def prometheus(told: Any) -> Prometheus:
    """A server that answers so."""
    return Prometheus("http://p.test", name="prom", client=httpx.Client(transport=httpx.MockTransport(told)))


def test_prometheus_is_asked_at_the_end_of_each_hour() -> None:
    """What was not seen is 0 of 0; longer times are asked for week by week."""
    teller = Teller(small(), ("locale", "device"))
    asked = of(feed=Feed("prom", "useful", "answers"))
    seen = from_prometheus(prometheus(teller), asked, START, START + 3 * HOUR)
    assert (seen.cells, seen.n.tolist()) == (small().cells, small().n.tolist())
    assert seen.x.tolist() == small().x.tolist()
    teller.asked.clear()
    from_prometheus(prometheus(teller), asked, START, START + timedelta(weeks=3))
    assert len(teller.asked) == 2 * 3
    valued = of(feed=Feed("prom", value="answers"))
    seen = from_prometheus(prometheus(teller), valued, START, START + 3 * HOUR)
    assert (seen.x[0].tolist(), seen.n[0].tolist()) == ([10, 20], [1, 1])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, text="<html>"), "prom answered 200 with something that is not JSON"),
        (
            httpx.Response(422, json={"status": "error", "error": "bad query"}),
            "prom refused with 422: bad query",
        ),
        (httpx.Response(200, content=b"x" * 2_100_000), "prom answered more than 2 MiB"),
    ],
)
def test_a_prometheus_that_cannot_answer_says_why(answer: httpx.Response, said: str) -> None:
    """HTML, a refusal, a million series."""
    with pytest.raises(SourceError, match=said):
        from_prometheus(prometheus(lambda _: answer), of(feed=Feed("prom", value="v")), START, START + HOUR)


def test_values_that_are_no_numbers_were_not_seen_and_twins_of_a_value_are_refused() -> None:
    """NaN is no 0; two series of one cell cannot be averaged unasked."""

    def told(request: httpx.Request) -> httpx.Response:
        at = (START + HOUR).timestamp()
        series = [
            {"metric": {"locale": "en", "device": "app", "pod": str(pod)}, "values": [[at, value]]}
            for pod, value in enumerate(values)
        ]
        data = {"resultType": "matrix", "result": series}
        return httpx.Response(200, json={"status": "success", "data": data})

    values = ["NaN"]
    seen = from_prometheus(prometheus(told), of(feed=Feed("prom", value="v")), START, START + HOUR)
    assert seen.n.size == 0
    values = ["1", "2"]
    with pytest.raises(SourceError, match=r"several series are locale=en,device=app: aggregate by \(loc"):
        from_prometheus(prometheus(told), of(feed=Feed("prom", value="v")), START, START + HOUR)
    seen = from_prometheus(prometheus(told), of(feed=Feed("prom", "a", "b")), START, START + HOUR)
    assert seen.x.tolist() == [[3]]


def test_a_file_is_read_whole_by_the_names_of_its_parts(tmp_path: Path) -> None:
    """For PromQL: time, numerator, denominator; a file without a time is refused."""
    (tmp_path / "h.csv").write_text(
        "time,locale,device,numerator,denominator\n"
        "2026-11-02 00:00:00,en,app,1,2\n2026-11-02 03:00:00,en,app,2,4\n"
    )
    seen = from_file(tmp_path / "h.csv", of(feed=Feed("prom", "useful", "answers")))
    assert (seen.start, seen.n[:, 0].tolist()) == (START, [2, 0, 0, 4])
    (tmp_path / "e.csv").write_text("time,locale,device,numerator\n2026-11-02,en,app,1\n")
    with pytest.raises(SourceError, match=r"the table has no column denominator \(denominator\)"):
        from_file(tmp_path / "e.csv", of(feed=Feed("prom", "useful", "answers")))


def test_two_histories_are_one_with_what_was_not_seen_between() -> None:
    """Cells of both; hours that both have are the later's."""
    later = History(START + 5 * HOUR, HOUR, (("fr", "app"),), np.ones((1, 1)), np.ones((1, 1)))
    both = joined(small(), later)
    assert both.cells == (("en", "app"), ("fr", "app"), ("jp", "app"))
    assert both.n[:, 0].tolist() == [10, 10, 10, 0, 0, 0]
    assert both.n[5].tolist() == [0, 1, 0]
    again = joined(small(), History(START + 2 * HOUR, HOUR, small().cells, np.ones((2, 2)), np.ones((2, 2))))
    assert again.n[:, 0].tolist() == [10, 10, 1, 1]
