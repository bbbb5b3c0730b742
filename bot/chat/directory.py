"""Who is who, asked of Slack: the members of a user group, the account behind an address, who has left."""

from dataclasses import dataclass
from typing import Any

from bot.chat.web import DeniedError, Web
from bot.errors import LookoutError

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


class Directory(Web):
    """Who is who; use it in a `with`."""

    def __enter__(self) -> "Directory":
        """Its connections end with the `with`."""
        return self

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
        try:
            return self.ask(method, **arguments)
        except DeniedError as error:
            if error.code in _NOBODY:
                raise Unknown(error.code) from None
            raise


def _account(user: dict[str, Any]) -> Account:
    email = str((user.get("profile") or {}).get("email") or "")
    return Account(
        str(user["id"]),
        str(user.get("name") or ""),
        email,
        bool(user.get("deleted")),
        str(user.get("tz") or ""),
    )
