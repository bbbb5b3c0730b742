"""Who is who, asked of Slack: the members of a user group, the account behind an address, who has left."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from bot.errors import LookoutError, SourceError

SECONDS = 10.0
MOST_WAITED = 60.0
"""Seconds in all that Slack's Retry-After is waited for; the job's lease is twice that."""

# https://docs.slack.dev/reference/methods/usergroups.users.list#errors, users.lookupByEmail, users.info
_NOBODY = frozenset(
    {"no_such_subteam", "subteam_not_found", "user_not_found", "users_not_found", "user_not_visible"}
)


class Unknown(LookoutError):  # noqa: N818 - an outcome, said as one
    """Slack knows no such group, address or account."""


@dataclass(frozen=True)
class Account:
    """Somebody's account; `gone` says that it was deactivated, `zone` is the IANA zone they set, or ""."""

    id: str
    name: str
    email: str
    gone: bool
    zone: str = ""


class Directory:
    """Slack's Web API for a job: synchronous, and it waits when Slack asks for a pause."""

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=api_url, headers=headers, timeout=SECONDS, transport=transport)
        self._sleep = sleep
        self._left = MOST_WAITED

    def __enter__(self) -> "Directory":
        """Use it in a `with`: its connections end with it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def group(self, group: str) -> tuple[str, ...]:
        """The members of a user group. Raises Unknown, or SourceError when Slack could not say."""
        return tuple(str(one) for one in self._ask("usergroups.users.list", usergroup=group)["users"])

    def address(self, email: str) -> Account:
        """The account behind an e-mail address. Raises Unknown, or SourceError when Slack could not say."""
        return _account(self._ask("users.lookupByEmail", email=email)["user"])

    def account(self, user: str) -> Account:
        """An account by its id. Raises Unknown, or SourceError when Slack could not say."""
        return _account(self._ask("users.info", user=user)["user"])

    def _ask(self, method: str, **arguments: str) -> dict[str, Any]:
        while True:
            try:
                answer = self._client.post(method, data=arguments)
            except httpx.HTTPError as error:
                raise SourceError(f"Slack's {method}: {type(error).__name__}") from None
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return _read(method, answer)
            self._pause(method, answer)

    def _pause(self, method: str, answer: httpx.Response) -> None:
        try:
            seconds = max(float(answer.headers.get("retry-after", 1)), 0.1)
        except ValueError:
            seconds = 1.0
        if seconds > self._left:
            raise SourceError(f"Slack's {method}: asks for a pause of {seconds:g} s")
        self._left -= seconds
        self._sleep(seconds)


def _read(method: str, answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code != httpx.codes.OK or not isinstance(body, dict):
        raise SourceError(f"Slack's {method}: answered {answer.status_code}")
    if body.get("ok"):
        return body
    code = str(body.get("error", "unknown error"))
    if code in _NOBODY:
        raise Unknown(code)
    needed = f" {body['needed']}" if body.get("needed") else ""
    raise SourceError(f"Slack's {method}: {code}{needed}")


def _account(user: dict[str, Any]) -> Account:
    email = str((user.get("profile") or {}).get("email") or "")
    return Account(
        str(user["id"]),
        str(user.get("name") or ""),
        email,
        bool(user.get("deleted")),
        str(user.get("tz") or ""),
    )
