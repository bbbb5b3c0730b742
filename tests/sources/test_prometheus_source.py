"""Prometheus: queries that cannot be broken out of, and every bad answer a reason."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bot.errors import SourceError
from bot.sources.prometheus import Prometheus, read_selector, selector

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def answering(handler):
    """A Prometheus whose transport is `handler`."""
    return Prometheus("http://prometheus", client=httpx.Client(transport=httpx.MockTransport(handler)))


def vector(*series):
    """A successful instant answer."""
    result = [{"metric": labels, "value": [1.0, value]} for labels, value in series]
    return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})


def test_an_instant_query_returns_labels_and_values():
    """NaN and infinity are no values."""
    asked = {}

    def handler(request):
        asked.update(request.url.params)
        return vector(({"cohort": "jp"}, "0.61"), ({"cohort": "en"}, "NaN"), ({"cohort": "x"}, "+Inf"))

    found = answering(handler).instant("ctr", at=NOW)
    assert asked == {"query": "ctr", "time": f"{NOW.timestamp():.3f}"}
    assert [(series.labels["cohort"], [value for _, value in series.points]) for series in found] == [
        ("jp", [0.61]), ("en", []), ("x", []),
    ]  # fmt: skip


def test_a_range_query_returns_points_in_order():
    """With the step in seconds."""
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": [[0, "1"], [60, "2"], ["x", "3"]]}]}

    def handler(request):
        assert request.url.params["step"] == "600"
        return httpx.Response(200, json={"status": "success", "data": data})

    (series,) = answering(handler).range("m", start=NOW, end=NOW, step=timedelta(minutes=10))
    assert [value for _, value in series.points] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            httpx.Response(400, json={"status": "error", "error": "parse error"}),
            "refused with 400: parse error",
        ),
        (
            httpx.Response(502, html="<html>Bad gateway</html>"),
            "answered 502 with something that is not JSON",
        ),
        (
            httpx.Response(200, json={"status": "success", "data": {"resultType": "scalar"}}),
            "answered no vector",
        ),
        (httpx.Response(200, json=[1]), "refused with 200"),
        (vector(*[({"i": str(i)}, "1") for i in range(201)]), "answered 201 series, more than 200"),
        (httpx.Response(200, content=b"[" * 100_000), "something that is not JSON"),
        (httpx.Response(200, content=b" " * 2_200_000), "answered more than 2 MiB"),
    ],
)
def test_a_bad_answer_is_a_reason(response, reason):
    """Whatever stands in for Prometheus, nothing is taken for a number."""
    with pytest.raises(SourceError, match=reason):
        answering(lambda request: response).instant("ctr", at=NOW)


def test_a_server_that_is_not_there_is_a_reason():
    """Nothing listens on that port."""
    with pytest.raises(SourceError, match="prometheus cannot be reached: ConnectError"):
        Prometheus("http://127.0.0.1:9").instant("ctr", at=NOW)


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes the request and never answers, until the test is over."""
    over = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            over.wait(10)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_silence_is_a_timeout_with_its_length():
    """The reason that the card shows."""
    with silent_server() as url:
        source = Prometheus(url, timeout=0.2)
        with pytest.raises(SourceError, match=r"prometheus timed out after 0\.2 s"):
            source.instant("ctr", at=NOW)
        source.close()


def test_a_label_value_cannot_break_out_of_a_selector():
    """Quotes, backslashes and line breaks are escaped; names are checked."""
    assert selector("ctr", {"a": 'x"} or up{"', "b": "1\\\n"}) == 'ctr{a="x\\"} or up{\\"",b="1\\\\\\n"}'
    with pytest.raises(SourceError, match="not a Prometheus metric name"):
        selector("NDCG@10", {})
    with pytest.raises(SourceError, match="not a Prometheus label name"):
        selector("ctr", {"a-b": "x"})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('demo_metric{metric="ctr"} < 0.04', 'demo_metric{metric="ctr"}'),
        ("up == 0", "up"),
        ("ctr", "ctr"),
        ('ctr{a="x\\"y",b="z"}', 'ctr{a="x\\"y",b="z"}'),
        ("sum(rate(x[5m])) > 1", None),
        ('ctr{a=~"x.*"} < 1', None),
        ("a < 1 or b < 1", None),
        ("ctr offset 1h", None),
        ("", None),
    ],
)
def test_only_a_plain_selector_is_taken_from_a_rule(expression, expected):
    """Anything that computes is left alone."""
    found = read_selector(expression)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    "expression", [" " * 9_000 + "(", "ndcg" + " " * 9_000 + "(", "<" * 9_000, "a{" + 'b="c",' * 2_000 + "x}"]
)
def test_a_rule_that_takes_for_ever_to_read_is_not_read(expression):
    """A reader that backtracks would hold up everything else for minutes; nothing here is a selector."""
    assert read_selector(expression) is None


def test_a_query_too_long_for_an_address_is_a_reason():
    """httpx refuses to ask it, which is no fault of the server's."""
    with pytest.raises(SourceError, match="cannot be reached: InvalidURL"):
        answering(lambda _: vector()).instant(selector("ctr", {"cohort": "é" * 20_000}), at=NOW)
