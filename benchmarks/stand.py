"""Where the benchmarks happen: the bot, or what it is compared with, in a process of its own."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

TOML = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["U0ENG"]
owner = ["U0EM"]
[data]
path = "data"
"""
READY_WITHIN = 60.0


@asynccontextmanager
async def process(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, ready: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Python with `arguments` until the end of the block, once `ready` (a URL) answers 200."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LOOKOUT_", "SLACK_"))}
    with log.open("ab") as out:
        running = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**inherited, **environment}, stdout=out, stderr=out
        )
    try:
        await _until_ready(running, ready, log)
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


@asynccontextmanager
async def bot(folder: Path, environment: Mapping[str, str], port: int) -> AsyncIterator[str]:
    """Run `lookout serve` on a SQLite file in `folder`; its URL."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "lookout.toml").write_text(TOML, encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    ours = {
        "LOOKOUT_CONFIG": str(folder / "lookout.toml"),
        "LOOKOUT_DATABASE_URL": f"sqlite:///{folder / 'lookout.db'}",
        "LOOKOUT_PORT": str(port),
        "SLACK_BOT_TOKEN": "xoxb-local",
    }
    log = folder / "bot.log"
    async with process(("-m", "bot", "serve"), {**ours, **environment}, log, f"{url}/readyz"):
        yield url


async def _until_ready(running: asyncio.subprocess.Process, url: str, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + READY_WITHIN
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while asyncio.get_running_loop().time() < deadline and running.returncode is None:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.05)
    raise SystemExit(f"{url} did not become ready:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
