"""One question to Slack, and what its answer means for the effect that asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.storage import Storage
from bot.clock import Clock
from bot.core.claimed import Claimed
from bot.errors import LookoutError

HTTP_TIMEOUT = 10
"""Seconds one call to Slack may take; a lease is at least twice that."""

Call: TypeAlias = Callable[[], Awaitable[AsyncSlackResponse]]

# https://docs.slack.dev/reference/methods/chat.postMessage#errors: Slack's own troubles, worth another try
_PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
_LIMITED = frozenset({"ratelimited", "rate_limited"})
# The token is at fault, not the effect: an operator mends it, and nothing should be lost meanwhile.
_LOCKED_OUT = frozenset(
    {
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)


class Later(LookoutError):  # noqa: N818 - an outcome, said as one
    """Not now: try again after `seconds` (None: back off).

    `doubt` says Slack may have done it all the same; `limited` that Slack asked for the pause.
    """

    def __init__(
        self,
        reason: str,
        *,
        seconds: float | None = None,
        doubt: bool = False,
        limited: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        self.doubt = doubt
        self.limited = limited


class Refused(LookoutError):  # noqa: N818 - an outcome
    """Slack will never take it; `code` is its error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LeaseLost(LookoutError):  # noqa: N818 - an outcome
    """Too little of the lease is left to begin a call, or another worker has taken over; leave it alone."""


@dataclass(frozen=True)
class Attempt:
    """One try at one effect: everything a delivery needs."""

    claimed: Claimed
    client: AsyncWebClient
    storage: Storage
    clock: Clock

    def check_lease(self) -> None:
        """Right before saying something: LeaseLost unless the call ends before the lease does."""
        if self.clock() + timedelta(seconds=self.client.timeout) > self.claimed.lease_until:
            raise LeaseLost("the lease is about to end")


def connect(token: str, base_url: str, *, timeout: int = HTTP_TIMEOUT) -> AsyncWebClient:
    """A Slack client fit for the worker: it never repeats a call by itself, since that could say it twice."""
    return AsyncWebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])


async def ask(call: Call) -> AsyncSlackResponse:
    """Call Slack; raises Later or Refused, whose texts are Slack's codes and never a body or a token."""
    try:
        return await call()
    except SlackApiError as error:
        raise _meaning(error) from None
    except SlackClientError as error:
        raise Refused(type(error).__name__) from None
    except aiohttp.ClientConnectorError:
        raise Later("slack cannot be reached") from None
    except TimeoutError:
        raise Later("slack did not answer in time", doubt=True) from None
    except (aiohttp.ClientError, OSError) as error:
        raise Later(f"connection lost: {type(error).__name__}", doubt=True) from None


def _meaning(error: SlackApiError) -> Later | Refused:
    """What an answer that is not `ok` means; the response may be slack_sdk's or, unreadable, aiohttp's."""
    response: Any = error.response
    status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if status == 429 or code in _LIMITED:
        return Later("ratelimited", seconds=_retry_after(response), limited=True)
    if code in _LOCKED_OUT:
        return Later(str(code))
    if status >= 500 or code in _PASSING:
        return Later(str(code or f"http_{status}"), doubt=True)
    if code is None:  # not Slack's own answer: a proxy's page, a cut body
        return Later(f"http_{status}", doubt=status < 400)
    return Refused(str(code))


def _retry_after(response: Any) -> float:
    headers = {str(name).lower(): value for name, value in dict(response.headers).items()}
    try:
        return max(float(headers.get("retry-after", 1)), 0.1)
    except ValueError:
        return 1.0
