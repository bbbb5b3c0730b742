"""Everything behind the page and the API, tied together once."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.workspace.clock import Clock
from bot.workspace.delivery import Delivery
from bot.workspace.events import Events
from bot.workspace.faults import Faults
from bot.workspace.http_mode import HttpMode
from bot.workspace.installation import Installation
from bot.workspace.manifest import Manifest
from bot.workspace.rates import Rates
from bot.workspace.responses import Responses
from bot.workspace.rules import Rules
from bot.workspace.seed import seed
from bot.workspace.socket_mode import Peer, SocketMode
from bot.workspace.state import Workspace
from bot.workspace.triggers import Triggers

_CALLS_KEPT: Final = 10_000


@dataclass(frozen=True)
class Called:
    """A line of the call log. `at` is workspace time; `args` hold no token; `error` is Slack's code."""

    at: float
    method: str
    args: dict[str, Any]
    status: int
    error: str


class Hub:
    """The workspace, the app in it, and the ways between them."""

    def __init__(
        self, installation: Installation, *, clock: Clock | None = None, rules: Rules | None = None
    ) -> None:
        self.installation = installation
        self.rules = rules or Rules()
        self.workspace = Workspace(clock)
        self.install(installation.manifest)
        self.faults = Faults()
        self.rates = Rates()
        self.triggers = Triggers(self.rules)
        self.responses = Responses(self.workspace, self.rules)
        self.socket_mode = SocketMode(self.workspace, self.rules)
        self.http_mode = HttpMode(installation)
        transport = self.socket_mode if installation.mode == "socket" else self.http_mode
        self.delivery = Delivery(self.workspace, transport, self.faults, self.rules)
        self.events = Events(self.workspace, self.delivery, installation)
        self.calls: deque[Called] = deque(maxlen=_CALLS_KEPT)
        self.abort: Callable[[Peer], bool] = lambda _peer: False
        self.base_url = ""

    def serve_at(self, base_url: str, abort: Callable[[Peer], bool]) -> None:
        """Where the workspace is reached, and how a connection from a peer can be cut."""
        self.base_url = self.responses.base_url = self.events.base_url = base_url
        self.abort = self.socket_mode.abort = abort

    def install(self, manifest: Manifest) -> None:
        """The app as its manifest declares it: name, commands, scopes and events."""
        self.installation.manifest = manifest
        if not self.workspace.users:
            seed(self.workspace)
        bot = self.workspace.users[self.workspace.bot]
        self.workspace.add_user(replace(bot, real_name=manifest.name))
        self.workspace.register(manifest.commands)
        self.workspace.shortcuts = manifest.shortcuts

    def reset(self) -> None:
        """A fresh workspace: the team, empty channels, no faults, full buckets; the app stays connected."""
        commands = tuple(self.workspace.commands.values())
        self.workspace.reset()
        self.install(self.installation.manifest)
        self.workspace.register(commands)
        self.faults.clear()
        self.rates.configure()
        self.calls.clear()
        self.delivery.log.clear()

    async def close(self) -> None:
        """Let go of the pages and of the app."""
        self.workspace.tell("closing")
        await self.delivery.close()
        await self.socket_mode.close()
        await self.http_mode.close()
