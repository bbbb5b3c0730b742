"""Result files whose figures are none: each is refused in words; none crashes, hangs or passes."""

import json

import pytest

from bot.core.load_reader import read
from bot.errors import InputError

POINTS = "metric_name,timestamp,metric_value,name,group,extra_tags\n"
STATS = "Type,Name,Request Count,Failure Count,50%,95%,99%,Requests/s\n"
LINES = '{"type":"Metric","metric":"m","data":{"type":"trend"}}\n'


def summary(**values: object) -> str:
    """What k6's handleSummary gets."""
    trend = {"med": 1, "p(95)": 2, "p(99)": 3, "count": 100, **values}
    return json.dumps({"metrics": {"http_req_duration": {"type": "trend", "values": trend}}})


def locust(**values: object) -> str:
    """What Locust's --json-file holds."""
    entry = {"name": "a", "method": "GET", "num_requests": 100, "num_failures": 0}
    times = {"response_times": {"10": 50, "20": 50}, "start_time": 1.7e9, "last_request_timestamp": 1.7e9 + 9}
    return json.dumps([{**entry, **times, **values}])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{POINTS}http_req_duration,1700000000,nan,,,\n", "the value 'nan'"),
        (f"{POINTS}http_req_duration,{'9' * 400},1,,,\n", "has the time '999"),
        (LINES + '{"type":"Point","metric":"m","data":{"time":"2026-01-01","value":NaN}}', "Line 2"),
        (LINES + '{"type":"Point","metric":"m","data":{"time":5,"value":1}}', "Line 2"),
        (summary(count=float("nan")), "no number, or far too large"),
        (summary(count=10**400), "no number, or far too large"),
        (summary(med=float("inf")), "a percentile that is no number"),
        (summary(med=9), "a p99 below a lower percentile"),
        (locust(start_time=1e300), "no number, or far too large"),
        (locust(last_request_timestamp=1), "-1.7e+09 seconds"),
        (locust(num_requests=-1), "-1 values"),
        (locust(num_requests=10, num_failures=11), "11 hits in 10"),
        (locust(response_times={"nan": 5}), "a percentile that is no number"),
        (f"{STATS}GET,a,-5,0,1,2,3,1\n", "no number, or far too large"),
        ('{"results":{"metrics":[]},"metadata":[1]}', "goes on otherwise"),
    ],
)
def test_figures_that_are_none_are_refused(text: str, said: str) -> None:
    """Also those that would be neither below nor above any limit."""
    with pytest.raises(InputError) as refused:
        read(text.encode())
    assert said in refused.value.message


def test_a_series_of_negative_times_is_left_out_and_said() -> None:
    """The rest of the file stands."""
    rows = "".join(f"{name},1700000000,{ms},,,\n" for name, ms in (("drift", -5), ("turn", 30)) for _ in "ab")
    found = read((POINTS + rows).encode())
    assert [(one.name, bool(one.percentiles)) for one in found.series] == [("drift", False), ("turn", True)]
    assert found.remarks == ("Negative times are none: drift left out.",)
