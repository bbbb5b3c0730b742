"""The stage: a temporary folder, the local workspace, the team's metrics, the bot in its own process."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from zoneinfo import ZoneInfo

import httpx
import uvicorn

from bot.demo import data, metrics, playbooks, timers, warehouse
from bot.demo.people import MANAGER
from bot.errors import LookoutError
from bot.workspace.records import Channel
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

READY_WITHIN = 60.0
"""Seconds the bot may take to start, on a slow machine."""

PATIENCE = 30.0
"""Seconds the bot may take to do and say all that it has at hand."""

ZONE = ZoneInfo("Asia/Tokyo")
"""Where the demo's team is."""

CHANNELS = (
    ("C0L12", "launch-reranker-l12", "Reranker MiniLM-L12: its experiment, looks and decision"),
    ("C0RERANK", "launch-reranker-v2", "Reranker v2: its experiment, looks and decision"),
    ("C0TOWER", "launch-two-tower", "Two-tower retrieval: its experiment, looks and decision"),
    ("C0MIXED", "launch-mixed-locale", "Mixed-locale users: an experiment with too few of them"),
    ("C0QUARTER", "quarter-planning", "The next quarter: framings, candidates, budgets, narratives"),
)
"""Channels that the team has beside the workspace's own: id, name, purpose."""

CONFIGURATION = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["U0ENG", "U0DS"]
owner = ["U0PM"]
approver = ["U0EM"]
director = ["U0DIR"]
admin = ["U0EM"]
[signoffs]
pm = ["U0PM"]
em = ["U0EM"]
applied_ml = ["U0ENG", "U0DS"]
[sources.prom]
kind = "prometheus"
url = "{metrics}"
[sources.warehouse]
kind = "ibis"
url = "duckdb://{warehouse}"
[data]
path = "data"
[oncall]
lease_minutes = 30
[oncall.layers.primary]
people = ["U0ENG"]
starts = 2026-01-05
[oncall.layers.backup]
people = ["U0DS"]
starts = 2026-01-05
[phone_tree]
"On-call phone" = "+81 3 0000 0000"
"Incident bridge" = "https://meet.example/incident"
"""


class StageError(LookoutError):
    """The demo's parts did not come up; the text says which, and what it printed last."""


class Stage:
    """Everything the demo needs, up between `async with`; nothing is left behind.

    `port` is the page's, 0 for a free one; `command` runs the bot; `environment` is added to the bot's;
    `playbooks` is a folder of its own for it.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        command: Sequence[str] = (sys.executable, "-m", "bot", "serve"),
        environment: Mapping[str, str] | None = None,
        playbooks: Path | None = None,
    ) -> None:
        self._playbooks = playbooks
        self._port = port
        self._command = command
        self._environment = dict(environment or {})
        self._folder = TemporaryDirectory(prefix="lookout-demo-")
        self.folder = Path(self._folder.name)

    async def __aenter__(self) -> "Stage":
        """Start all parts and wait until the bot is ready; what was started ends if one does not start."""
        async with AsyncExitStack() as parts:
            parts.callback(self._folder.cleanup)
            self.local = LocalWorkspace(
                port=self._port, manifest=manifest(), clock_file=self.folder / "clock-offset"
            )
            self._open_channels()
            await self.local.start()
            parts.push_async_callback(self.local.stop)
            self.recall = metrics.Recall()
            answering = _Server(metrics.app(self.recall, self.now))
            await answering.start()
            parts.push_async_callback(answering.stop)
            await self._write_warehouse()
            tables = self.folder / warehouse.FILE
            configuration = CONFIGURATION.format(metrics=answering.url, warehouse=tables)
            trees = self._playbooks.resolve() if self._playbooks else playbooks.write(self.folder)
            configuration += f"[playbooks]\npath = {json.dumps(str(trees))}\n"
            (self.folder / "lookout.toml").write_text(configuration, encoding="utf-8")
            self.bot_url = f"http://127.0.0.1:{_free_port()}"
            self._http = httpx.AsyncClient(base_url=self.bot_url, timeout=10, trust_env=False)
            parts.push_async_callback(self._http.aclose)
            await self._start_bot()
            parts.push_async_callback(self._end_bot)
            await self._ready()
            for work in (self._keep(), timers.watch(self.local.workspace, self.folder / "lookout.db")):
                parts.push_async_callback(_cancelled, asyncio.create_task(work))
            self._parts = parts.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the bot, then the rest, and remove the folder."""
        await self._parts.aclose()

    def _open_channels(self) -> None:
        workspace = self.local.workspace
        everyone = (*(person.id for person in self.local.people.persons()), workspace.bot)
        created = int(workspace.clock.now())
        for channel, name, purpose in CHANNELS:
            workspace.add_channel(Channel(channel, name, MANAGER, created, everyone, purpose=purpose))

    async def _end_bot(self) -> None:
        if self.bot.returncode is None:
            self.bot.terminate()
        try:
            await asyncio.wait_for(self.bot.wait(), 10)
        except TimeoutError:
            self.bot.kill()

    async def write_data(self, name: str = "reranker", *, called: str = "") -> data.DemoData:
        """Make up an experiment's data and registration, where the bot looks for them; day 1 is tomorrow."""
        tomorrow = self.now().astimezone(ZONE).date() + timedelta(days=1)
        return await asyncio.to_thread(data.write, self.folder / "data", name, start=tomorrow, called=called)

    async def collapse(self) -> None:
        """Let recall be down since now, and what the warehouse holds be what it is then."""
        self.recall.alarm, self.recall.recovered_at = self.now(), None
        await self._write_warehouse()

    async def recover(self) -> None:
        """Let recall be back from now on."""
        self.recall.recovered_at = self.now()
        await self._write_warehouse()

    async def _write_warehouse(self) -> None:
        alarm, recovered = self.recall.alarm, self.recall.recovered_at
        write = warehouse.write
        await asyncio.to_thread(write, self.folder, now=self.now(), alarm=alarm, recovered=recovered)

    def now(self) -> datetime:
        """The rehearsal's time: real time, and what was advanced."""
        return datetime.fromtimestamp(self.local.workspace.clock.now(), UTC)

    async def post(self, path: str, body: object) -> int:
        """Send a webhook to the bot; the answer's status."""
        return (await self._http.post(path, json=body)).status_code

    async def settled(self) -> None:
        """Wait until the bot has done and said what it has at hand; what takes too long is not waited for.

        Time is moved after that only: to the bot a jump of days looks as if it had slept in mid-sentence.
        """
        deadline = asyncio.get_running_loop().time() + PATIENCE
        idle = 0
        while idle < 2 and asyncio.get_running_loop().time() < deadline:
            idle = idle + 1 if await self._idle() else 0
            await asyncio.sleep(0.02 if idle else 0.1)

    async def _idle(self) -> bool:
        """Whether the bot's own figures say that nothing is at hand; not while it is being started again."""
        try:
            text = (await self._http.get("/metrics")).text
        except httpx.TransportError:
            return False
        at_hand = re.findall(r"^lookout_(?:inbox_new|outbox_pending|slots_due) (\S+)$", text, re.MULTILINE)
        return at_hand == ["0.0"] * 3

    async def verify(self) -> tuple[int, str]:
        """Run `lookout verify` on the bot's record; its exit code and what it says."""
        command = (sys.executable, "-m", "bot", "verify")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environment(), stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode().strip()

    def log(self) -> str:
        """The last lines the bot logged."""
        file = self.folder / "bot.log"
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        return "\n".join(lines[-15:])

    async def _start_bot(self) -> None:
        with (self.folder / "bot.log").open("ab") as log:
            self.bot = await asyncio.create_subprocess_exec(
                *self._command, env=self.environment(), stdout=log, stderr=log
            )

    def environment(self) -> dict[str, str]:
        """The environment of the bot, and of the other commands on its record."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOOKOUT_", "SLACK_"))
        }
        return inherited | {
            "LOOKOUT_CONFIG": str(self.folder / "lookout.toml"),
            "LOOKOUT_DATABASE_URL": f"sqlite:///{self.folder / 'lookout.db'}",
            "LOOKOUT_SLACK_API_URL": self.local.api_url,
            "LOOKOUT_PORT": self.bot_url.rpartition(":")[2],
            "LOOKOUT_OPEN_WEBHOOKS": "1",
            "LOOKOUT_CLOCK_OFFSET_FILE": str(self.folder / "clock-offset"),
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_APP_TOKEN": "xapp-local",
            **self._environment,
        }

    async def _ready(self) -> None:
        """Wait for the bot's own word that every part of it is ready."""
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        while asyncio.get_running_loop().time() < deadline and self.bot.returncode is None:
            try:
                if (await self._http.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.05)
        raise StageError(f"the bot did not become ready; it said last:\n{self.log()}")

    async def _keep(self) -> None:
        """Start the bot again when it dies, as an init system would: kill -9 it, and nothing is lost."""
        while True:
            await self.bot.wait()
            await self._start_bot()
            await self._ready()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class _Server:
    """A small HTTP server in this event loop, on a free port of this machine."""

    def __init__(self, app: Callable[..., object]) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by connections
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = _Quiet(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
