"""How fast commands are acknowledged while the bot does what it was asked for.

    python benchmarks/ack.py [--commands 2000] [--people 16] [--pause 0.25] [--incidents 0.07] [--looks 0]

A bot process on a SQLite file (every stored command is on disk, synchronous=FULL, before its ack), a local
workspace that speaks back with Slack's rate limits, and sixteen people at once: one command in fourteen opens
an incident, the rest ask questions that are answered in the ack. First each types again a quarter of a second
after the last ack ("typing"), then with no pause at all and questions only ("no pause"). Over HTTP (signed
requests), then over Socket Mode. Behind the acks the bot opens incidents, gathers evidence and speaks.

The same commands then go to slack-bolt alone, which acknowledges and does nothing, and the ratio is printed.
Expect p99 below 100 ms on two cores that do nothing else. `--looks 0.005` adds a look at 200,000 users every
three seconds: computed in the bot's own process, it holds the interpreter and takes p99 to some 150 ms.
"""

import argparse
import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import aiohttp
from load import Taken, closed
from stand import bot, free_port, process

from bot.clock import system
from bot.demo import data
from bot.workspace import payloads
from bot.workspace.installation import SIGNING_SECRET, Mode
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

SEED = 7
INCIDENT = ("ml-incidents", "/triage start here NDCG@10 fell, number {number}")
LOOK = ("launches", "/experiment look 2")
QUESTIONS = (
    ("ml-incidents", "/triage status INC-1"),
    ("ml-incidents", "/triage list"),
    ("ml-incidents", "/triage help"),
)

SECRETS: dict[Mode, dict[str, str]] = {
    "http": {"SLACK_SIGNING_SECRET": SIGNING_SECRET},
    "socket": {"SLACK_APP_TOKEN": "xapp-local"},
}

Command = tuple[str, str]
Send = Callable[[Command], Awaitable[None]]


def commands(count: int, incidents: float, looks: float) -> list[Command]:
    """The commands, the same at every run; `incidents` and `looks` are their shares."""
    rng = random.Random(SEED)
    rest = (1 - incidents - looks) / len(QUESTIONS)
    chosen = rng.choices((INCIDENT, LOOK, *QUESTIONS), (incidents, looks, *[rest] * len(QUESTIONS)), k=count)
    return [(channel, text.format(number=number)) for number, (channel, text) in enumerate(chosen)]


async def main(options: argparse.Namespace) -> None:
    typing = commands(options.commands, options.incidents, options.looks)
    asking = commands(options.commands, 0, 0)
    modes: tuple[Mode, Mode] = ("http", "socket")
    for mode in modes:
        for name, typed, pause in (("typing", typing, options.pause), ("no pause", asking, 0.0)):
            ours = await measured(mode, typed, options.people, pause, bare=False)
            alone = await measured(mode, typed, options.people, pause, bare=True)
            ratio = ours.at(0.99) / alone.at(0.99)
            print(f"{mode:6}  {name:8}  lookout    {ours}")
            print(f"{mode:6}  {name:8}  bolt only  {alone}")
            print(f"{mode:6}  {name:8}  ratio of p99 {ratio:.1f}", flush=True)


async def measured(mode: Mode, typed: Sequence[Command], people: int, pause: float, *, bare: bool) -> Taken:
    """One run: everything started anew, a few commands to warm up, then the measured ones."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory(prefix="lookout-ack-") as name:
        folder = Path(name)
        endpoint = f"{url}/slack/events" if mode == "http" else ""
        local = LocalWorkspace(
            manifest=manifest(request_url=url if endpoint else ""), mode=mode, request_url=endpoint
        )
        async with local:
            token = (
                {"SLACK_SIGNING_SECRET": SIGNING_SECRET} if endpoint else {"SLACK_APP_TOKEN": "xapp-local"}
            )
            environment = {"LOOKOUT_SLACK_API_URL": local.api_url, "SLACK_BOT_TOKEN": "xoxb-local", **token}
            if bare:
                script = str(Path(__file__).with_name("bare.py"))
                up = process((script, str(port)), environment, folder / "bare.log", f"{url}/readyz")
                async with up, _sender(local, mode, endpoint) as send:
                    return await _run(send, typed, people, pause)
            text = data.write(folder / "data").registration.read_text(encoding="utf-8")
            async with bot(folder, environment, port), _sender(local, mode, endpoint) as send:
                await _prepare(local, text)
                return await _run(send, typed, people, pause)


async def _run(send: Send, typed: Sequence[Command], people: int, pause: float) -> Taken:
    await closed([lambda: send(("ml-incidents", "/triage help"))] * 50, people)
    return await closed([lambda command=command: send(command) for command in typed], people, pause)


async def _prepare(local: LocalWorkspace, registration: str) -> None:
    """Register the experiment, open INC-1, take a first look: what the commands ask about is there.

    Nobody is asked to sign, and without a start looks are taken whenever somebody asks.
    """
    text = re.sub(r"(?m)^(signoffs|  start): .*\n", "", registration)
    await local.people.command("U0ENG", "launches", f"/experiment register\n{text}")
    await local.said("Locked: ", timeout=30)
    await local.people.command("U0ENG", "ml-incidents", "/triage start here The first")
    await local.said("Did anything change", timeout=30)
    await local.people.command("U0ENG", "launches", "/experiment look 1")
    await local.said("Look 1 of 4", timeout=30)


@asynccontextmanager
async def _sender(local: LocalWorkspace, mode: Mode, endpoint: str) -> AsyncIterator[Send]:
    """How a command is given: as a signed request, or by the workspace over one of the WebSockets."""
    if mode == "socket":
        yield lambda command: local.people.command("U0ENG", *command)
        return
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(command: Command) -> None:
            body, headers = _signed(local, *command)
            async with session.post(endpoint, data=body, headers=headers) as answer:
                await answer.read()
                answer.raise_for_status()

        yield post


def _signed(local: LocalWorkspace, channel: str, text: str) -> tuple[bytes, dict[str, str]]:
    name, _, rest = text.partition(" ")
    workspace = local.workspace
    where = workspace.named(channel)
    assert where is not None
    known = workspace.users["U0ENG"], where, workspace.commands[name]
    body = urlencode(payloads.command(local.hub, *known, rest)).encode()
    stamp = str(int(system().timestamp()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": local.hub.installation.sign(stamp, body),
    }
    return body, headers


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--pause", type=float, default=0.25, help="seconds")
    parser.add_argument("--incidents", type=float, default=0.07, help="share of the commands")
    parser.add_argument("--looks", type=float, default=0.0, help="share of the commands")
    asyncio.run(main(parser.parse_args()))
