"""One call of a Web API method: its arguments, read the way Slack reads them, and how it is refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.workspace.hub import Hub
from bot.workspace.incoming import BlocksError, incoming_blocks
from bot.workspace.records import Channel, Json, User
from bot.workspace.state import Workspace

Shape = dict[str, Any]


class ApiError(Exception):
    """Slack's `{"ok": false, "error": code}`, with whatever else it says about it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


def bad_arguments(*messages: str) -> ApiError:
    """invalid_arguments, with the reasons."""
    return ApiError(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]}
    )


def bad_blocks(error: BlocksError) -> ApiError:
    """invalid_blocks with `errors` as `blocks.validate` gives them, and the older messages beside them."""
    if not error.problems:
        return ApiError(error.code)
    return ApiError(
        error.code,
        errors=[
            {
                "pointer": problem.pointer,
                "code": problem.code,
                "message": problem.message,
                "constraint": dict(problem.constraint),
            }
            for problem in error.problems
        ],
        response_metadata={
            "messages": [f"[ERROR] {p.message} [json-pointer:{p.pointer}]" for p in error.problems]
        },
    )


@dataclass(frozen=True)
class Call:
    """The method, its arguments (strings from a form, anything from JSON) and the token it came with."""

    hub: Hub
    method: str
    args: Mapping[str, Any]
    token: str

    @property
    def workspace(self) -> Workspace:
        """The workspace it is about."""
        return self.hub.workspace

    @property
    def bot(self) -> User:
        """The app's bot user, in whose name it is made."""
        return self.workspace.users[self.workspace.bot]

    def text(self, name: str, default: str = "") -> str:
        """An optional string."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def needed(self, name: str) -> str:
        """A required string."""
        value = self.text(name)
        if not value:
            raise bad_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """An optional boolean; forms say "true" or "1"."""
        value = self.args.get(name)
        if value is None:
            return default
        return str(value).lower() in ("true", "1")

    def number(self, name: str, default: int, most: int) -> int:
        """An optional positive number, cut at `most`."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise bad_arguments(f"must be an integer [json-pointer:/{name}]") from None
        if number < 0:
            raise ApiError("invalid_limit" if name == "limit" else "invalid_arguments")
        return min(number or default, most)

    def json(self, name: str, error: str) -> Any:
        """An argument that is JSON, or already was; None if absent; `error` if it cannot be parsed."""
        value = self.args.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                return json.loads(value)
            except json.JSONDecodeError:
                raise ApiError(error) from None
        return value

    def blocks(self) -> tuple[Json, ...]:
        """The checked `blocks` of a message."""
        try:
            return incoming_blocks(self.workspace, self.args.get("blocks"))
        except BlocksError as error:
            raise bad_blocks(error) from error

    def ids(self, name: str) -> list[str]:
        """A list of ids, separated by commas."""
        value = self.args.get(name)
        items: Sequence[Any] = value if isinstance(value, list) else str(value or "").split(",")
        return [str(item).strip() for item in items if str(item).strip()]

    def channel(self, *, member: bool = False, archived_too: bool = True) -> Channel:
        """The conversation named by `channel`, an id.

        channel_not_found, not_in_channel where the app must be a `member`, is_archived.
        """
        channel = self.workspace.channels.get(self.needed("channel"))
        if channel is None or (channel.is_im and self.bot.id not in channel.members):
            raise ApiError("channel_not_found")
        if not archived_too and channel.archived:
            raise ApiError("is_archived")
        if member and self.bot.id not in channel.members:
            raise ApiError("not_in_channel")
        return channel
