"""A bot in a process of its own, the workspace it speaks to, its database and its log: for end-to-end tests.

    async with House(folder, toml="…", environment={…}) as house:
        answer = await house.http.post("/webhooks/generic", json=…)
        message = await house.hears("ml-incidents", "INC-1")

Leaving ends the bot with SIGTERM and fails if it did not end well, or if the workspace had to warn.
"""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import httpx
import pytest
from sqlmodel import SQLModel, select

from bot.commands.manifest import manifest
from bot.store import tables
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from bot.workspace.records import Message, View
from bot.workspace.server import LocalWorkspace

_UNHEARD = "did not acknowledge"
"""What the workspace says of events that came while the bot was ending: Slack would send them again."""

PATIENCE = 60.0
"""Seconds until something that must happen is missed; generous, because machines are busy."""

ENGINEER, MANAGER, PRODUCT, SCIENTIST = "U0ENG", "U0EM", "U0PM", "U0DS"

TOML = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["U0ENG"]
owner = ["U0EM"]
[data]
path = "data"
"""


class House:
    """Everything up between `async with`; `database` is a URL, a SQLite file in `folder` by default."""

    def __init__(
        self,
        folder: Path,
        *,
        mode: Literal["socket", "http"] = "socket",
        database: str = "",
        toml: str = TOML,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "bot", "serve"),
    ) -> None:
        self.folder = folder
        self.mode = mode
        self.url = f"http://127.0.0.1:{free_port()}"
        self.database_url = database or f"sqlite:///{folder / 'lookout.db'}"
        self.configuration = toml
        self._environment = dict(environment or {})
        self._command = command
        self.expected_warnings: tuple[str, ...] = ()

    async def __aenter__(self) -> "House":
        """Start the workspace, then the bot, and wait until the bot says that it is ready."""
        endpoint = f"{self.url}/slack/events" if self.mode == "http" else ""
        self.local = LocalWorkspace(
            manifest=manifest(request_url=self.url if endpoint else ""),
            mode=self.mode,
            request_url=endpoint,
            clock_file=self.folder / "clock-offset",
        )
        self.workspace, self.people = self.local.workspace, self.local.people
        await self.local.start()
        self.http = httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, trust_env=False)
        try:
            await self._start_bot()
        except BaseException:
            self.bot.kill()
            raise
        self.db = Database(self.database_url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all parts; complain about what went wrong on the way."""
        self.db.close()
        if self.bot.returncode is None and error is None:
            await self.local.hub.delivery.settled()  # what was said last comes back to the bot as events
        complaints = self._complaints()
        if self.bot.returncode is None:
            self.bot.terminate()
        try:
            code = await asyncio.wait_for(self.bot.wait(), PATIENCE)
        except TimeoutError:
            self.bot.kill()
            code = await self.bot.wait()
        await self.http.aclose()
        await self.local.stop()
        if error is None:
            assert code == 0, f"the bot ended with {code}; it said last:\n{self.log()}"
            late = [one for one in self._complaints() if _UNHEARD not in one]
            assert not {*complaints, *late}, "\n".join({*complaints, *late})

    def log(self, lines: int = 25) -> str:
        """The last lines the bot logged."""
        return "\n".join(self.logged()[-lines:])

    def logged(self) -> list[str]:
        """All the lines the bot logged."""
        file = self.folder / "bot.log"
        return file.read_text(errors="replace").splitlines() if file.exists() else []

    async def hears(self, channel: str, *parts: str, to: str = "", after: str = "") -> Message:
        """Wait until a message by the bot has every part; with `to`, one that only that person sees."""

        def said() -> Message | None:
            where = self.workspace.named(channel)
            for message in self.workspace.messages(where.id) if where else ():
                is_bots = message.user == self.workspace.bot and message.ephemeral_to == to
                if is_bots and message.ts > after and all(part in shown(message) for part in parts):
                    return message
            return None

        return await self.until(said, f"{' and '.join(map(repr, parts))} in #{channel}")

    async def until(self, look: Callable[[], Any], what: str) -> Any:
        """Wait until `look` gives something; it is asked at every change in the workspace."""
        try:
            return await self.workspace.until(look, PATIENCE)
        except TimeoutError:
            said = "\n".join(shown(message) for message in self.said()[-8:])
            pytest.fail(f"expected {what}; said last:\n{said}\nlogged last:\n{self.log()}")

    def said(self) -> list[Message]:
        """Every message of the bot, ephemeral ones included, oldest first."""
        everywhere = [m for channel in self.workspace.channels for m in self.workspace.messages(channel)]
        return sorted(
            (m for m in everywhere if m.user == self.workspace.bot), key=lambda message: float(message.ts)
        )

    async def settled(self) -> None:
        """Wait until the bot has said all that it has to say, and see that nothing of it was refused."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while any(row.state == "pending" for row in self.rows(OutboxRow)):
            assert asyncio.get_running_loop().time() < deadline, f"still speaking:\n{self.log()}"
            await asyncio.sleep(0.05)
        assert [row.error for row in self.rows(OutboxRow) if row.state == "dead"] == []

    def newest(self, channel: str = "") -> str:
        """The newest ts of a channel, or of all: what comes later is news."""
        where = self.workspace.named(channel) if channel else None
        ids = [where.id] if where else list(self.workspace.channels)
        return max((m.ts for id_ in ids for m in self.workspace.messages(id_)), default="")

    async def channel_of(self, slug: str) -> str:
        """Wait for the channel of an incident whose title begins so, opened on whatever day; its name."""
        channels, name = self.workspace.channels.values, re.compile(rf"inc-\d{{8}}-{re.escape(slug)}")
        return str(
            await self.until(
                lambda: next((c.name for c in channels() if name.match(c.name)), None), f"#inc-…-{slug}…"
            )
        )

    async def button(self, channel: str, label: str) -> tuple[Message, Mapping[str, Any]]:
        """Wait for a button (or a menu) of that label; its message and element."""

        def there() -> tuple[Message, Mapping[str, Any]] | None:
            where = self.workspace.named(channel)
            for message in reversed(self.workspace.messages(where.id) if where else ()):
                for element in elements(message.blocks):
                    if label in (element.get("text", {}).get("text"), element.get("action_id")):
                        return message, element
            return None

        found: tuple[Message, Mapping[str, Any]] = await self.until(there, f"a button {label!r}")
        return found

    async def press(self, user: str, channel: str, label: str) -> None:
        """Press the button of that label, on the newest message that has it."""
        message, element = await self.button(channel, label)
        await self.people.click(user, message.channel, message.ts, element["action_id"])

    async def form(self, user: str) -> View:
        """Wait for a form on somebody's screen."""
        stack = await self.until(lambda: self.workspace.modals.get(user), f"a form for {user}")
        view: View = stack[-1]
        return view

    def rows(self, kind: type[SQLModel]) -> list[Any]:
        """All rows of a table, as they are now."""
        with self.db.read() as session:
            return list(session.exec(select(kind)))

    def stored(self, marker: str) -> list[str]:
        """Where in the database a text stands: "table: row", in any column of any table."""
        assert tables.ROWS
        found = []
        with self.db.read() as session:
            for table in SQLModel.metadata.sorted_tables:
                rows = session.connection().execute(table.select())
                found += [f"{table.name}: {row}" for row in rows if marker in repr(tuple(row))]
        return found

    async def _start_bot(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "lookout.toml").write_text(self.configuration, encoding="utf-8")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LOOKOUT_", "SLACK_"))}
        token = {"http": {"SLACK_SIGNING_SECRET": "local-signing-secret"}}
        environment = {
            **inherited,
            "HOME": str(self.folder),
            "LOOKOUT_CONFIG": str(self.folder / "lookout.toml"),
            "LOOKOUT_DATABASE_URL": self.database_url,
            "LOOKOUT_SLACK_API_URL": self.local.api_url,
            "LOOKOUT_PORT": self.url.rpartition(":")[2],
            "LOOKOUT_CLOCK_OFFSET_FILE": str(self.folder / "clock-offset"),
            "SLACK_BOT_TOKEN": "xoxb-local",
            **token.get(self.mode, {"SLACK_APP_TOKEN": "xapp-local"}),
            **self._environment,
        }
        with (self.folder / "bot.log").open("ab") as log:
            self.bot = await asyncio.create_subprocess_exec(
                *self._command, env=environment, stdout=log, stderr=log
            )
        await self.ready(within=3 * PATIENCE)  # all is imported, perhaps for the first time

    async def ready(self, status: int = 200, *, within: float = PATIENCE) -> dict[str, Any]:
        """Wait until /readyz answers `status`; what it says."""
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline and self.bot.returncode is None:
            try:
                answer = await self.http.get("/readyz")
                if answer.status_code == status:
                    body: dict[str, Any] = answer.json()
                    return body
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.05)
        pytest.fail(f"the bot did not answer {status} at /readyz; it said last:\n{self.log()}")

    def _complaints(self) -> list[str]:
        """What the workspace had to warn of, but for what is expected."""
        warned = [complaint.text for complaint in self.workspace.warnings]
        return [one for one in warned if not any(word in one for word in self.expected_warnings)]


def shown(message: Message) -> str:
    """All that a message holds: its notification line and its blocks as JSON."""
    return message.text + json.dumps(list(message.blocks), ensure_ascii=False)


def elements(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """What can be pressed in a message."""
    for block in blocks:
        yield from (e for e in block.get("elements", ()) if "action_id" in e)
        if "action_id" in block.get("accessory", {}):
            yield block["accessory"]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
