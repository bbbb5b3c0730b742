"""Who is on call, by PagerDuty, Opsgenie and Grafana OnCall: what they answer, and how they fail."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.core.duty import Duty
from bot.errors import SourceError
from bot.settings.oncall import OnCallSource
from bot.sources import oncall

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def asked(answer, **source):
    """Ask a service that answers so; returns what it said and the requests it saw."""
    seen = []

    def handle(request):
        seen.append(request)
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    given = OnCallSource(**{"kind": "pagerduty", "schedules": ("P1",), **source})
    return oncall.ask(given, "hush", now=NOW, transport=httpx.MockTransport(handle)), seen


@pytest.mark.parametrize("token", ["hush\N{RIGHT SINGLE QUOTATION MARK}", "hush\n", "hush\x00"])
def test_a_token_that_was_pasted_badly_is_a_reason_that_does_not_tell_it(token):
    """A header cannot hold it; nobody has to look for that in a stack trace."""
    given = OnCallSource(kind="pagerduty", schedules=("P1",))
    with pytest.raises(SourceError, match="has a character that no token has") as refused:
        oncall.ask(given, token, now=NOW)
    assert "hush" not in str(refused.value)


PAGERDUTY = {
    "oncalls": [
        {
            "user": {"id": "PU1", "type": "user", "name": "Ana", "email": "ana@example.com"},
            "schedule": {"id": "P1"}, "escalation_level": 1,
            "start": "2026-11-23T00:00:00Z", "end": "2026-11-23T09:00:00Z",
        },
        {
            "user": {"id": "PU1", "type": "user", "name": "Ana", "email": "ana@example.com"},
            "schedule": {"id": "P1"}, "escalation_policy": {"id": "another"}, "escalation_level": 2,
            "start": "2026-11-23T00:00:00Z", "end": "2026-11-23T09:00:00Z",
        },
        {"user": {"id": "PU2", "summary": "Ben"}, "start": "2026-11-23T09:00:00Z", "end": None},
    ],
    "more": False,
}  # fmt: skip


def test_pagerduty_names_each_stretch_once():
    """However many escalation policies use the schedule; who has no address has a name."""
    found, (request,) = asked(PAGERDUTY)
    nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert found == (
        Duty("P1", "ana@example.com", "Ana", nine - timedelta(hours=9), nine),
        Duty("P1", "", "Ben", nine, None),
    )
    assert found[0].covers(NOW)
    assert not found[1].covers(NOW)
    assert request.url.host == "api.pagerduty.com"
    assert request.url.params.get_list("schedule_ids[]") == ["P1"]
    assert request.headers["authorization"] == "Token token=hush"
    assert request.url.params["until"] == "2026-11-25T03:12:00+00:00"


def test_pages_are_followed_and_are_bounded():
    """A service that always has more is not asked for ever."""
    found, seen = asked({**PAGERDUTY, "more": True})
    assert len(found) == 2
    assert [request.url.params["offset"] for request in seen] == ["0", "100", "200", "300", "400"]


def test_somebody_with_another_address_is_translated():
    """By address or by the name the service has."""
    found, _ = asked(PAGERDUTY, people={"Ana@example.com": "U01", "ben": "U02"})
    assert [one.person for one in found] == ["U01", "U02"]


def test_opsgenie_says_who_it_is_now():
    """By id or by name; it says no end."""
    answer = {"data": {"onCallRecipients": ["ana@example.com", "ana@example.com", "+4912345", 7]}}
    found, (request,) = asked(answer, kind="opsgenie", schedules=("ML platform",))
    assert found == (
        Duty("ML platform", "ana@example.com", "ana@example.com"),
        Duty("ML platform", "", "+4912345"),
    )
    assert request.url.raw_path.startswith(
        b"/v2/schedules/ML%20platform/on-calls?scheduleIdentifierType=name"
    )
    assert request.headers["authorization"] == "GenieKey hush"


def test_grafana_oncall_gives_final_shifts():
    """Overrides are in them; what is over or far ahead is left out."""
    shifts = [
        {"user_pk": "U1", "user_email": "old@x.io", "user_username": "old",
         "shift_start": "2026-11-23T00:00:00Z", "shift_end": "2026-11-23T03:00:00Z"},
        {"user_pk": "U2", "user_email": "ana@x.io", "user_username": "ana",
         "shift_start": "2026-11-23T03:00:00Z", "shift_end": "2026-11-23T12:00:00Z"},
        {"user_pk": "U3", "user_email": "far@x.io", "user_username": "far",
         "shift_start": "2026-11-25T12:00:00Z", "shift_end": "2026-11-25T20:00:00Z"},
        {"user_pk": "U4", "user_email": "odd@x.io", "shift_start": "soon", "shift_end": None},
    ]  # fmt: skip
    answer = {"count": 4, "next": None, "previous": None, "results": shifts}
    found, (request,) = asked(answer, kind="grafana", url="https://oncall.example/", schedules=("S1",))
    assert [one.person for one in found] == ["ana@x.io"]
    assert str(request.url).startswith(
        "https://oncall.example/api/v1/schedules/S1/final_shifts?start_date=2026-11-23&end_date=2026-11-25"
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda _: httpx.Response(401), "PagerDuty refuses the token (401)"),
        (lambda _: httpx.Response(404), "PagerDuty knows no such schedule (404)"),
        (lambda _: httpx.Response(429), "PagerDuty answered 429"),
        (
            lambda _: httpx.Response(302, headers={"location": "https://evil.example"}),
            "PagerDuty answered 302",
        ),
        (lambda _: httpx.Response(200, html="<h1>Log in</h1>"), "PagerDuty answered what is no JSON object"),
        (lambda _: httpx.Response(200, json=[1]), "PagerDuty answered what is no JSON object"),
        (lambda _: httpx.Response(200, content=b"x" * 1_100_000), "more than 1048576 bytes"),
        (lambda _: httpx.Response(200, content=b"[" * 100_000), "PagerDuty answered what is no JSON object"),
    ],
)
def test_what_is_no_answer_is_said_in_words(answer, says):
    """Without the token, and without following anybody elsewhere."""
    with pytest.raises(SourceError) as failed:
        asked(answer)
    assert says in str(failed.value)
    assert "hush" not in str(failed.value)


@pytest.mark.parametrize("odd", [{}, {"oncalls": None}, {"oncalls": [None, 3, {"user": "x", "start": 5}]}])
def test_odd_answers_name_nobody(odd):
    """Nobody is nobody; what follows is the next layer's affair."""
    found, _ = asked(json.loads(json.dumps(odd)))
    assert all(one.person == "" for one in found)


def test_a_service_that_is_slow_or_gone_says_which():
    """Both are a reason to fall back."""

    def slow(request):
        raise httpx.ReadTimeout("slow", request=request)

    def gone(request):
        raise httpx.ConnectError("gone", request=request)

    with pytest.raises(SourceError, match="PagerDuty timed out after 5 s"):
        asked(slow)
    with pytest.raises(SourceError, match="PagerDuty cannot be reached: ConnectError"):
        asked(gone)


def test_without_a_token_nobody_is_asked():
    """And the reason names the variable."""
    source = OnCallSource(kind="pagerduty", schedules=("P1",))
    with pytest.raises(SourceError, match="LOOKOUT_ONCALL_TOKEN is not set"):
        oncall.ask(source, "", now=NOW)
