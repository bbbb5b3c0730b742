"""How fast alerts become cards while many come, and whether any is lost in a storm.

    python benchmarks/storm.py [--seconds 60] [--only cards|storm]

Cards: fifty alerts a second, each timed from the moment it should have been sent until people can see it in
the local workspace. Every 150th is of a metric of its own: its incident's card is posted into a channel made
for it. All others join one incident: its card, edited in place, counts them. Once with Slack's rate limits
(edits are then at most fifty a minute for each app, so a count waits for the next one), once without.

Storm: a thousand alerts a second for a minute, of one group, with a bearer secret, on a SQLite file with
synchronous=FULL, each timed until it is answered: it is on disk then. At the end every one that was answered
must be a row of the inbox, and once all are worked off the card must count every one of them.

The sender, the workspace and the bot share the machine: two cores that do nothing else are what is expected.
"""

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp
from load import Taken, paced
from sqlmodel import col, func, select
from stand import bot, free_port

from bot.store.database import Database
from bot.store.inbox import InboxRow
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

SECRET = "only-on-this-machine"
CARDS_RATE, STORM_RATE = 50, 1000
"""Alerts a second."""
ALONE = 150
"""Every so many alerts one is of a metric of its own: with Slack's limits, 20 channels a minute."""
LAST = 60.0
"""Seconds in which everything must be seen once nothing more is sent."""


def alert(number: int, metric: str) -> bytes:
    """One alert of a metric."""
    body = {
        "key": f"alert-{number}",
        "title": f"{metric} fell",
        "status": "firing",
        "severity": "page",
        "metric": metric,
        "service": "answers",
        "value": 0.161,
        "baseline": 0.183,
        "cohort": {"shard": str(number % 100)},
        "labels": {"region": "ap-northeast-1"},
    }
    return json.dumps(body).encode()


@dataclass
class Seen:
    """When people could see what: the card of a metric, and how many alerts the common one counts."""

    cards: dict[str, float] = field(default_factory=dict)
    counts: list[tuple[float, int]] = field(default_factory=list)

    def look(self, local: LocalWorkspace) -> None:
        """Note what is new."""
        now = perf_counter()
        for channel in list(local.workspace.channels.values()):
            if not channel.name.startswith("inc-"):
                continue
            for message in local.workspace.messages(channel.id):
                shown = json.dumps(message.blocks)
                title = re.search(r"INC-\d+ \\u00b7 ([\w-]+) fell", shown)
                if title is None:
                    continue
                self.cards.setdefault(title[1], now)
                count = re.search(r"(\d+) alerts? in this incident", shown)
                if title[1] == "common" and count and int(count[1]) > self.counted:
                    self.counts.append((now, int(count[1])))
                break

    @property
    def counted(self) -> int:
        """What the common card counts now."""
        return self.counts[-1][1] if self.counts else 0


@asynccontextmanager
async def stage(folder: Path, *, limits: bool) -> AsyncIterator[tuple[LocalWorkspace, str]]:
    """A workspace and a bot with a database in `folder`; the workspace, and where alerts go."""
    async with LocalWorkspace(manifest=manifest()) as local:
        local.hub.rates.configure(enabled=limits)
        environment = {
            "LOOKOUT_SLACK_API_URL": local.api_url,
            "SLACK_APP_TOKEN": "xapp-local",
            "LOOKOUT_WEBHOOK_SECRET_GENERIC": SECRET,
        }
        async with bot(folder, environment, free_port()) as url:
            yield local, f"{url}/webhooks/generic"


@asynccontextmanager
async def sender() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that proves itself."""
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:
        yield session


async def cards(seconds: float, *, limits: bool) -> None:
    """Alerts at a steady pace, until all are on cards."""
    with TemporaryDirectory(prefix="lookout-storm-") as name:
        async with stage(Path(name), limits=limits) as (local, url), sender() as session:
            seen, due, number_of = Seen(), {}, {}
            began = perf_counter()
            watching = asyncio.create_task(_watch(seen, local))

            async def post(number: int) -> None:
                metric = f"alone-{number}" if number % ALONE == ALONE - 1 else "common"
                due[number], number_of[metric] = began + number / CARDS_RATE, number
                async with session.post(url, data=alert(number, metric)) as answer:
                    assert answer.status == 202, f"{answer.status}: {await answer.text()}"

            await post(0)
            await _until(lambda: "common" in seen.cards)
            began = perf_counter() - 1 / CARDS_RATE
            await paced(lambda n: post(n + 1), CARDS_RATE, seconds)
            joined = [number for number in due if number % ALONE != ALONE - 1]
            await _until(lambda: seen.counted == len(joined) and set(seen.cards) == set(number_of))
            watching.cancel()
        opened = [seen.cards[metric] - due[n] for metric, n in number_of.items() if metric != "common"]
        counted = [_when(seen, place) - due[n] for place, n in enumerate(sorted(joined), 1) if n]
        how = "Slack's limits" if limits else "no limits     "
        print(f"cards  {how}  opened   {Taken(opened, seconds)}")
        print(f"cards  {how}  counted  {Taken(counted, seconds)}  in {len(seen.counts)} edits", flush=True)


def _when(seen: Seen, place: int) -> float:
    """When the common card counted so many."""
    return next(at for at, count in seen.counts if count >= place)


async def _watch(seen: Seen, local: LocalWorkspace) -> None:
    while True:
        seen.look(local)
        await asyncio.sleep(0.02)


async def _until(there: Callable[[], bool]) -> None:
    end = perf_counter() + LAST
    while not there():
        if perf_counter() > end:
            raise SystemExit(f"not everything was seen within {LAST:g} s of the last alert")
        await asyncio.sleep(0.02)


async def storm(seconds: float) -> None:
    """A thousand alerts a second, and what is left of them."""
    with TemporaryDirectory(prefix="lookout-storm-") as name:
        folder = Path(name)
        async with stage(folder, limits=True) as (local, url), sender() as session:
            again: list[str] = []

            async def post(number: int) -> None:
                while (said := await _sent(session, url, alert(number, "common"))) not in ("202", "200"):
                    again.append(said)
                    await asyncio.sleep(1)

            taken = await paced(post, STORM_RATE, seconds)
            sent = len(taken.seconds)
            print(f"storm  answered  {taken}  sent again {len(again)} {set(again) or ''}", flush=True)
            stored, began = _count(folder), perf_counter()
            print(f"storm  sent {sent:,}, stored {stored:,}, lost {sent - stored}", flush=True)
            while waiting := _count(folder, "new"):
                print(f"storm  {waiting:,} not yet worked off", flush=True)
                await asyncio.sleep(5)
            seen = Seen()
            while seen.counted != stored and perf_counter() - began < LAST * 10:
                seen.look(local)
                await asyncio.sleep(0.2)
            inside = len([one for one in local.workspace.channels.values() if one.name.startswith("inc-")])
            said = sum(len(local.workspace.messages(channel)) for channel in local.workspace.channels)
            print(f"storm  worked off {perf_counter() - began:.0f} s after its end: {inside} incident")
            print(f"storm  whose card counts {seen.counted:,}; {said} messages in all channels")


async def _sent(session: aiohttp.ClientSession, url: str, body: bytes) -> str:
    """The status of the answer, or the name of what happened instead: a sender then tries again."""
    try:
        async with session.post(url, data=body) as answer:
            return str(answer.status)
    except aiohttp.ClientError as error:
        return type(error).__name__


def _count(folder: Path, state: str = "") -> int:
    db = Database(f"sqlite:///{folder / 'lookout.db'}")
    wanted = select(func.count()).select_from(InboxRow).where(InboxRow.source == "webhooks/generic")
    with db.read() as session:
        count = session.exec(wanted.where(col(InboxRow.state) == state) if state else wanted).one()
    db.close()
    return count


async def main(options: argparse.Namespace) -> None:
    """Both, or one of them."""
    if options.only != "storm":
        for limits in (True, False):
            await cards(options.seconds, limits=limits)
    if options.only != "cards":
        await storm(options.seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each part lasts")
    parser.add_argument("--only", choices=("cards", "storm"))
    asyncio.run(main(parser.parse_args()))
