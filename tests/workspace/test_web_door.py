"""The door of the Web API: tokens, forms and JSON, unknown methods, scopes, rate limits, faults."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.faults import Fault
from bot.workspace.hub import Hub
from bot.workspace.installation import Installation
from bot.workspace.manifest import parse
from bot.workspace.rates import Rates
from bot.workspace.server import LocalWorkspace
from bot.workspace.web import answer

BEARER = {"Authorization": "Bearer xoxb-local"}
MANIFEST = {
    "display_information": {"name": "Lookout"},
    "features": {"slash_commands": [{"command": "/triage", "description": "Triage", "should_escape": True}]},
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Plain HTTP."""
    async with aiohttp.ClientSession() as session:
        yield session


async def _post(session: aiohttp.ClientSession, url: str, **options: Any) -> dict[str, Any]:
    async with session.post(url, **options) as response:
        answer: dict[str, Any] = await response.json()
        return answer


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-other", "invalid_auth"),
        ("auth.test", "hello", "invalid_auth"),
        ("auth.test", "xapp-mine", "not_allowed_token_type"),
        ("apps.connections.open", "xoxb-mine", "not_allowed_token_type"),
        ("chat.scheduleMessage", "xoxb-mine", "unknown_method"),
    ],
)
def test_tokens_and_methods_that_are_not_taken(method: str, token: str, error: str) -> None:
    """Where tokens are configured, only they are good; an unknown method is named in a warning."""
    hub = Hub(Installation(bot_token="xoxb-mine", app_token="xapp-mine"))
    assert answer(hub, method, {}, token).body["error"] == error
    named = [warning.text for warning in hub.workspace.warnings if method in warning.text]
    assert bool(named) == (error == "unknown_method")


async def test_a_call_may_be_a_form_json_or_multipart(
    local: LocalWorkspace, session: aiohttp.ClientSession
) -> None:
    """With the token in the header, or in a form; never in JSON."""
    url = local.api_url + "auth.test"
    assert (await _post(session, url, data={"token": "xoxb-local"}))["user_id"] == "U0LOOKOUT"
    assert (await _post(session, url, json={}, headers=BEARER))["ok"]
    assert (await _post(session, url, json={"token": "xoxb-local"}))["error"] == "not_authed"
    form = aiohttp.FormData({"token": "xoxb-local"}, default_to_multipart=True)
    assert (await _post(session, url, data=form))["ok"]
    as_json = {**BEARER, "Content-Type": "application/json"}
    assert (await _post(session, url, data=b"{", headers=as_json))["error"] == "invalid_json"
    assert (await _post(session, url, data=b"[]", headers=as_json))["error"] == "json_not_object"
    assert (await _post(session, url, data=b"[" * 100_000, headers=as_json))["error"] == "invalid_json"


async def test_a_body_beyond_the_limit_is_not_read(
    local: LocalWorkspace, session: aiohttp.ClientSession
) -> None:
    """Even when its length is not announced."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100_000

    async with session.post(local.api_url + "api.test", data=chunks(), headers=BEARER) as response:
        assert response.status == 413


def test_a_scope_that_is_missing_is_named() -> None:
    """As Slack does, when a manifest says which scopes there are."""
    hub = Hub(Installation(manifest=parse(MANIFEST)))
    refused = answer(hub, "users.info", {"user": "U0PM"}, "xoxb-local")
    assert refused.body == {
        "ok": False,
        "error": "missing_scope",
        "needed": "users:read",
        "provided": "chat:write,commands",
    }
    assert answer(hub, "chat.postMessage", {"channel": "C0INC", "text": "x"}, "xoxb-local").body["ok"]
    assert [command.name for command in hub.workspace.commands.values()] == ["/triage"]


@pytest.mark.parametrize(
    "manifest", [{}, {**MANIFEST, "features": 5}, {**MANIFEST, "features": {"slash_commands": [{}]}}]
)
def test_what_is_not_a_manifest_is_refused(manifest: dict[str, Any]) -> None:
    """Before anything is registered."""
    with pytest.raises(ValueError, match=r"manifest|without a name"):
        parse(manifest)


def test_a_channel_takes_a_burst_and_then_a_message_a_second() -> None:
    """Twelve at once, then one for each second that passes; other channels are not touched."""
    now = 0.0
    rates = Rates(time=lambda: now)
    assert [rates.message("C1") for _ in range(14)] == [0] * 12 + [1, 1]
    assert rates.message("C2") == 0
    now = 2.0
    assert [rates.message("C1") for _ in range(3)] == [0, 0, 1]


def test_a_method_takes_its_calls_a_minute() -> None:
    """Tier 2 is 20 a minute, then one in three seconds."""
    now = 0.0
    rates = Rates(time=lambda: now)
    assert [rates.call("conversations.list", 2, "t") for _ in range(21)] == [0] * 20 + [3]
    assert rates.call("conversations.create", 2, "t") == 0
    now = 3.0
    assert rates.call("conversations.list", 2, "t") == 0
    rates.configure(enabled=False)
    assert [rates.call("conversations.list", 2, "t") for _ in range(100)] == [0] * 100


async def test_too_many_calls_get_429_and_the_sdk_waits(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """Retry-After is a header; slack_sdk's own handler understands it."""
    local.hub.rates.configure(channel_burst=1, channel_rate=2)
    await client.chat_postMessage(channel="C0INC", text="one")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0INC", text="two")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    await client.chat_postMessage(channel="C0INC", text="two")
    assert [m.text for m in local.workspace.messages("C0INC")] == ["one", "two"]
    assert [call.status for call in local.hub.calls] == [200, 429, 429, 200]


async def test_faults_strike_as_often_as_asked(local: LocalWorkspace, session: aiohttp.ClientSession) -> None:
    """A 5xx twice, a 429 and an error code once, on the methods they name."""
    control, api = local.url + "/control/faults", local.api_url
    for fault in (
        {"method": "auth.*", "status": 503, "count": 2},
        {"method": "auth.test", "retry_after": 7},
        {"error": "internal_error"},
    ):
        assert (await _post(session, control, json=fault))["ok"]
    statuses = []
    for _ in range(5):
        async with session.post(api + "auth.test", headers=BEARER) as response:
            statuses.append((response.status, response.headers.get("Retry-After")))
    assert statuses == [(503, None), (503, None), (429, "7"), (200, None), (200, None)]
    assert [call.error for call in local.hub.calls] == ["", "", "ratelimited", "internal_error", ""]


async def test_an_answer_can_be_lost_after_the_thing_was_done(
    local: LocalWorkspace, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """The connection closes without an answer, and yet the message is there.

    slack_sdk's default handler would repeat the post on its own, and there would be two.
    """
    client.retry_handlers.clear()
    fault = {"method": "chat.postMessage", "then_fail": True}
    await _post(session, local.url + "/control/faults", json=fault)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="C0INC", text="posted")
    assert [m.text for m in local.workspace.messages("C0INC")] == ["posted"]


async def test_a_slow_answer_outlasts_an_impatient_client(
    local: LocalWorkspace, session: aiohttp.ClientSession
) -> None:
    """`slow` holds the call before anything is done."""
    local.hub.faults.add(Fault("chat.postMessage", slow=0.3))
    body, patience = {"channel": "C0INC", "text": "x"}, aiohttp.ClientTimeout(total=0.1)
    url = local.api_url + "chat.postMessage"
    with pytest.raises(asyncio.TimeoutError):
        await _post(session, url, json=body, headers=BEARER, timeout=patience)
    assert local.workspace.messages("C0INC") == []
    assert (await _post(session, url, json=body, headers=BEARER))["ok"]
