"""How many alerts the webhook endpoint takes, how fast it answers, and whether any is lost.

    python benchmarks/webhooks.py [--seconds 30] [--per-minute 10000]

A bot process on a SQLite file takes alerts with a bearer secret at POST /webhooks/generic while it works off
what it has taken: first at the pace of a storm (10,000 a minute; every hundredth alert opens an incident, the
others join one), each timed from the moment it should have been sent; then as fast as 64 senders can.
An alert is answered when it is on disk (synchronous=FULL): at the end every answered one must be a row of the
inbox.

The second pace is compared with the same rows inserted into the same kind of file by as many threads with one
transaction each, without HTTP.
"""

import argparse
import asyncio
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp
from load import Taken, closed, paced
from sqlmodel import col, func, select
from stand import bot, free_port

from bot.clock import system
from bot.store import inbox
from bot.store.database import Database
from bot.store.inbox import InboxRow
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

SECRET = "only-on-this-machine"
SENDERS = 64
BURST = 5000
"""Alerts sent as fast as possible."""


def alert(number: int) -> bytes:
    """One alert of a hundred for the same metric and service."""
    body = {
        "key": f"alert-{number}",
        "title": f"useful_answer_rate fell in shard {number % 100}",
        "status": "firing",
        "severity": "warning",
        "metric": f"useful_answer_rate_{number // 100}",
        "service": "answers",
        "value": 0.161,
        "baseline": 0.183,
        "labels": {"shard": str(number % 100), "region": "ap-northeast-1"},
    }
    return json.dumps(body).encode()


async def main(seconds: float, per_minute: int) -> None:
    with TemporaryDirectory(prefix="lookout-webhooks-") as name:
        folder = Path(name)
        port = free_port()
        async with LocalWorkspace(manifest=manifest()) as local:
            environment = {
                "LOOKOUT_SLACK_API_URL": local.api_url,
                "SLACK_APP_TOKEN": "xapp-local",
                "LOOKOUT_WEBHOOK_SECRET_GENERIC": SECRET,
            }
            async with bot(folder, environment, port) as url:
                storm, burst = await _send(f"{url}/webhooks/generic", seconds, per_minute)
                waiting = _count(folder, "new")
        sent = len(storm.seconds) + len(burst.seconds)
        stored = _count(folder)
        print(f"{per_minute:,} a minute  {storm}")
        print(f"as fast as can be  {burst}")
        print(f"answered {sent:,}, stored {stored:,}, lost {sent - stored}; {waiting:,} not yet worked off")
        single = _one_transaction_each(folder)
        rate, p99 = burst.rate / single.rate, burst.at(0.99) / single.at(0.99)
        print(f"one transaction each, without HTTP  {single}")
        print(f"ratio of the rates  {rate:.2f}; of p99  {p99:.2f}")


async def _send(url: str, seconds: float, per_minute: int) -> tuple[Taken, Taken]:
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def post(number: int) -> None:
            async with session.post(url, data=alert(number)) as answer:
                assert answer.status == 202, f"{answer.status}: {await answer.text()}"

        storm = await paced(post, per_minute / 60, seconds)
        first = 1_000_000
        burst = await closed([lambda n=n: post(n) for n in range(first, first + BURST)], SENDERS)
    return storm, burst


def _count(folder: Path, state: str = "") -> int:
    db = Database(f"sqlite:///{folder / 'lookout.db'}")
    wanted = select(func.count()).select_from(InboxRow).where(InboxRow.source == "webhooks/generic")
    with db.read() as session:
        count = session.exec(wanted.where(col(InboxRow.state) == state) if state else wanted).one()
    db.close()
    return count


def _one_transaction_each(folder: Path) -> Taken:
    """The same rows from as many threads, each in a transaction of its own."""
    db = Database(f"sqlite:///{folder / 'single.db'}")
    db.upgrade()
    taken: list[float] = []

    def sender(numbers: Sequence[int]) -> None:
        for number in numbers:
            began = perf_counter()
            body = alert(number).decode()
            with db.write() as session:
                inbox.put(session, source="webhooks/generic", key=str(number), body=body, now=system())
            taken.append(perf_counter() - began)

    threads = [threading.Thread(target=sender, args=(range(n, BURST, SENDERS),)) for n in range(SENDERS)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = perf_counter() - began
    db.close()
    return Taken(taken, together)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seconds", type=float, default=30.0, help="how long the storm lasts")
    options.add_argument("--per-minute", type=int, default=10_000)
    chosen = options.parse_args()
    asyncio.run(main(chosen.seconds, chosen.per_minute))
