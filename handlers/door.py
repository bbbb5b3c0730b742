"""The door: what people do in Slack is stored before it is acknowledged, once however often it arrives."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from bot.clock import Clock
from bot.core.effect import Block, Message
from bot.core.inbound import Altered, Ask, Inbound, Submit, dump
from bot.store.inbox import Stored
from bot.store.writer import Writer
from handlers.topic import Opening

SOURCE = "slack"

ANSWERS_AT_ONCE = 2
"""Questions answered side by side: more threads get no more done, and slow down all that run."""


class Answer(Protocol):
    """Answers a question at once from what is stored; reads only."""

    def __call__(self, ask: Ask) -> Message:
        """Return the answer, or raise InputError where the question names nothing known."""


class Forms(Protocol):
    """Draws forms and checks what was entered, from what is stored; reads only."""

    def draw(self, form: str, opened: Opening, entered: Mapping[str, str] | None = None) -> Block:
        """Return the view, again with what was `entered`; raise UserError where it may not be opened."""

    def faults(self, form: str, entered: Mapping[str, str]) -> Mapping[str, str]:
        """Return what is wrong, by action id."""

    def turned(self, sent: Submit, action: str = "") -> Block | None:
        """Return the page after what was sent off, or after a button in it; None where there is none."""


class Door:
    """Stores what came in; wakes whoever handles it.

    `emoji` are those that mark a message; `follows` says whether the message of a channel and ts is marked.
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        wake: Callable[[], None],
        answer: Answer,
        forms: Forms,
        waits: Callable[[int], bool],
        *,
        emoji: frozenset[str] = frozenset(),
        follows: Callable[[str, str], bool] = lambda _channel, _ts: True,
    ) -> None:
        self.emoji = emoji
        self._follows = follows
        self._writer = writer
        self._waits = waits
        self._clock = clock
        self._wake = wake
        self._answer = answer
        self._forms = forms
        self._answering = asyncio.Semaphore(ANSWERS_AT_ONCE)
        self._soon: set[asyncio.Task[Any]] = set()

    def soon(self, what: Coroutine[Any, Any, Any]) -> None:
        """Do `what` after the acknowledgement: open a form, which nothing else can do in a trigger's 3 s."""
        task = asyncio.create_task(what)
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)

    async def answer(self, ask: Ask) -> Message:
        """Answer a question from what is stored.

        Raises:
            bot.errors.InputError: it names nothing that is known.

        """
        async with self._answering:
            return await asyncio.to_thread(self._answer, ask)

    async def form(self, form: str, opened: Opening, entered: Mapping[str, str] | None = None) -> Block:
        """Draw a form, again with what was `entered` where it is open already.

        Raises:
            bot.errors.UserError: it may not be opened, or what it is about is not known.

        """
        async with self._answering:
            return await asyncio.to_thread(self._forms.draw, form, opened, entered)

    async def faults(self, form: str, entered: Mapping[str, str]) -> Mapping[str, str]:
        """What is wrong with what was entered into a form, by action id; empty when it can be stored."""
        return await asyncio.to_thread(self._forms.faults, form, entered)

    async def turned(self, sent: Submit, action: str = "") -> Block | None:
        """The page of a form that follows what was just sent off, or a button in it; None closes the form.

        Raises:
            bot.errors.UserError: what it is about is not known any more.

        """
        async with self._answering:
            return await asyncio.to_thread(self._forms.turned, sent, action)

    async def follows(self, seen: Altered) -> bool:
        """Whether it matters what becomes of this message."""
        return await asyncio.to_thread(self._follows, seen.place.channel, seen.ts)

    async def waits(self, stored: Stored) -> bool:
        """Whether what was stored is still to be done."""
        return await asyncio.to_thread(self._waits, stored.id)

    async def store(self, key: str, inbound: Inbound, *, name: str = "") -> Stored:
        """Store durably, then return; a repeated `key` is a duplicate and changes nothing.

        `name` is what Slack calls the person, where it says so.

        Raises:
            bot.store.writer.Overloaded: nothing was stored; Slack will say so to the person or try again.

        """
        stored = await self._writer.put(
            source=SOURCE, key=key, body=dump(inbound), headers={"name": name}, now=self._clock()
        )
        self._wake()
        return stored


def said(message: Message) -> dict[str, Any]:
    """Return the arguments of an acknowledgement that answers only the person who asked."""
    blocks: list[Mapping[str, Any]] = list(message.blocks)
    return {"response_type": "ephemeral", "text": message.text, **({"blocks": blocks} if blocks else {})}
