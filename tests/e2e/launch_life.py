"""People of a launch's whole life: they insist until they are heard, while time passes and the bot dies."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.store import rooms
from bot.workspace.records import Message, View
from bot.workspace.seed import SLACKBOT
from tests.e2e.house import House, elements

TOKYO = ZoneInfo("Asia/Tokyo")
CHANNEL = "C0LAUNCH"
PATIENCE = 120.0


class Life:
    """`expected`: the keys of the messages that must have been posted, in the order of the story."""

    def __init__(self, house: House, seed: str, calm: Path) -> None:
        self.house, self.calm = house, calm
        self.workspace, self.people = house.workspace, house.people
        self.expected: list[str] = []
        self.struck = 0
        self._rng = random.Random(seed)
        today = self.now.date()
        self.monday: date = today + timedelta(days=7 - today.weekday())

    @property
    def now(self) -> datetime:
        """The time at this pace, in Tokyo."""
        return datetime.fromtimestamp(self.workspace.clock.now(), TOKYO)

    def day(self, number: int) -> date:
        """The date so many days after the Monday on which it all begins."""
        return self.monday + timedelta(days=number)

    async def comes(self, number: int, at: time) -> None:
        """It becomes that time, once there is nothing left to do; often the bot is dead just then."""
        await self.until(self.quiet, "nothing left to do")
        left = (datetime.combine(self.day(number), at, tzinfo=TOKYO) - self.now).total_seconds()
        assert left >= 0, f"day {number} at {at} is past, it is {self.now}"
        if self._rng.random() < 0.4 and not self.calm.exists():
            self.struck += 1
            os.kill(self.house.bot.pid, signal.SIGUSR1)
        self.people.advance(left)

    def quiet(self) -> bool:
        """Whether nothing is due, by the bot's own database."""
        left = rooms.figures(self.house.db, now=self.now.astimezone(UTC))
        return not any(left[name] for name in ("inbox_new", "outbox_pending", "slots_due"))

    async def posts(self, *keys: str) -> None:
        """Wait until the bot has posted messages by itself."""
        self.expected += keys
        await self.until(lambda: set(keys) <= set(self.said()), f"messages {keys}")

    async def until(self, look: Callable[[], Any], what: str) -> Any:
        """Wait until `look` gives something; meanwhile time passes, four times as fast as on the wall."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            try:
                return await self.workspace.until(look, 0.5)
            except TimeoutError:
                self.people.advance(1.5)
        said = "\n".join(sorted(self.said()))
        pytest.fail(f"expected {what}; posted were\n{said}\nlogged last:\n{self.house.log()}")

    async def insists(self, act: Callable[[], Awaitable[Any]], done: Callable[[], Any], what: str) -> Any:
        """Do something until it is done: again at once where Slack says that the app did not answer."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not (found := done()):
            if asyncio.get_running_loop().time() > deadline:
                pytest.fail(f"did in vain: {what}; logged last:\n{self.house.log()}")
            await self.house.ready()
            before = self._failures()
            await act()
            if self._failures() > before:
                await asyncio.sleep(0.2)
                continue
            try:
                return await self.workspace.until(done, 3)
            except TimeoutError:
                self.people.advance(1.5)
        return found

    async def types(self, user: str, text: str, then: str) -> None:
        """Type a command until something is said."""

        def said() -> bool:
            return any(then in message.text for message in self.workspace.messages(CHANNEL))

        await self.insists(lambda: self.people.command(user, CHANNEL, text), said, f"typed {text}")

    async def drops(self, user: str, name: str, content: str, offer: str) -> None:
        """Drop a file until there is a button of that label."""

        async def drop() -> None:
            await self.people.say(user, CHANNEL, "The plan", files=[(name, content.encode())])
            self.people.advance(4)

        await self.insists(drop, lambda: self.button(offer), f"dropped {name}")

    async def presses(self, user: str, label: str, key: str) -> None:
        """Press a button until the message of that key is there."""
        self.expected.append(key)
        await self.until(lambda: self.button(label) or key in self.said(), f"a button {label!r}")
        await self.insists(
            lambda: self._press(user, label), lambda: key in self.said(), f"pressed [{label}] for {key}"
        )

    async def sends(self, user: str, label: str, key: str) -> None:
        """Send off the form that a button opens, as it is, until the message of that key is there."""
        self.expected.append(key)
        await self.until(lambda: self.button(label) or key in self.said(), f"a button {label!r}")

        async def send() -> None:
            self.workspace.modals.pop(user, None)
            await self._press(user, label)
            try:
                stack = await self.workspace.until(lambda: self.workspace.modals.get(user), 3)
            except TimeoutError:
                return
            view: View = stack[-1]
            await self.people.submit(user, view.id, {})

        await self.insists(send, lambda: key in self.said(), f"sent [{label}] for {key}")

    def button(self, label: str) -> tuple[Message, str] | None:
        """The button of that label, on the newest message that has it."""
        for message in reversed(self.workspace.messages(CHANNEL)):
            for element in elements(message.blocks):
                if element.get("text", {}).get("text") == label:
                    return message, element["action_id"]
        return None

    def said(self) -> Counter[str]:
        """The keys of what the bot posted for everybody to see, wherever; of a file its name."""
        everything = [m for channel in self.workspace.channels for m in self.workspace.messages(channel)]
        return Counter(
            str((message.metadata or {}).get("event_payload", {}).get("key") or self._files(message))
            for message in everything
            if message.user == self.workspace.bot and not message.ephemeral_to
        )

    def _files(self, message: Message) -> str:
        return " ".join(self.workspace.files[file].name for file in message.files) or message.text

    async def _press(self, user: str, label: str) -> None:
        if found := self.button(label):
            message, action = found
            await self.people.click(user, message.channel, message.ts, action)

    def _failures(self) -> int:
        """How often Slack told somebody that the app did not answer."""
        return sum(message.user == SLACKBOT for message in self.workspace.messages(CHANNEL))
