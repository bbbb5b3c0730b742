"""What the script is written in: people act in the workspace, what is said is printed and checked."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from bot.demo import transcript
from bot.demo.stage import Stage
from bot.errors import LookoutError
from bot.workspace.records import Message

Found = TypeVar("Found")

PATIENCE = 15.0
"""Seconds until something that must be said is missed."""


class SceneError(LookoutError):
    """The story went differently: what was expected, where, and what the bot logged last."""


class Scene:
    """A run of the story on a stage."""

    def __init__(self, stage: Stage, write: Callable[[str], None]) -> None:
        self.stage = stage
        self._workspace = stage.local.workspace
        self._people = stage.local.people
        self._write = write
        self._printed: dict[tuple[str, str], str] = {}
        self.checked = 0

    def title(self, text: str) -> None:
        """Begin a part."""
        self._write(f"\n=== {text} ===\n")

    def must(self, holds: bool, what: str) -> None:
        """Check one fact. SceneError when it does not hold."""
        if not holds:
            raise SceneError(f"does not hold: {what}\n{self.stage.log()}")
        self.checked += 1

    async def says(
        self, user: str, channel: str, text: str, *, files: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Type a message, perhaps with files."""
        self._act(user, f"writes in #{channel}: {text}{''.join(f' [file: {name}]' for name, _ in files)}")
        await self._people.say(user, self._id(channel), text, files=files)

    async def types(self, user: str, channel: str, text: str) -> None:
        """Type a slash command."""
        self._act(user, f"types in #{channel}: {text}")
        await self._people.command(user, self._id(channel), text)

    async def presses(self, user: str, channel: str, label: str) -> None:
        """Press the button of that label, on the newest message that has it; waits for it to appear."""
        message, action = await self._await(
            lambda: self._button(channel, label), f"a button {label!r}", channel
        )
        self._act(user, f"presses [{label}]")
        await self._people.click(user, message.channel, message.ts, action)

    async def webhook(self, path: str, body: Mapping[str, object]) -> None:
        """Let another system send something."""
        self._write(f"--> POST {path} {body.get('title')} ({body.get('status') or body.get('kind')})\n")
        status = await self.stage.post(path, body)
        self.must(status == 202, f"{path} answered {status}, expected 202")

    async def passes(self, span: timedelta) -> None:
        """Let time pass, for the bot and the workspace alike."""
        self._write(f"... {span.total_seconds() / 60:.0f} minutes later ...\n")
        self._people.advance(span.total_seconds())

    async def hears(self, channel: str, *parts: str, to: str = "") -> Message:
        """Wait until a message has every part; print what is new. With `to`, only that person sees it."""
        found = await self._await(lambda: self._said(channel, parts, to), f"{' and '.join(parts)!r}", channel)
        self.checked += 1
        self._print_new()
        return found

    async def channel(self, prefix: str) -> str:
        """Wait for a channel whose name begins with `prefix`; its name."""

        def named() -> str | None:
            names = (channel.name for channel in self._workspace.channels.values())
            return next((name for name in names if name.startswith(prefix)), None)

        return await self._await(named, f"a channel {prefix}…", "")

    async def file(self, channel: str, name: str) -> str:
        """Wait for a file shared in the channel; its text."""

        def shared() -> str | None:
            for message in self._workspace.messages(self._id(channel)):
                for file in (self._workspace.files[key] for key in message.files):
                    if file.name == name:
                        return file.content.decode()
            return None

        text = await self._await(shared, f"the file {name}", channel)
        self._print_new()
        self._write("".join(f"    | {line}\n" for line in text.splitlines()))
        return text

    def text_of(self, message: Message) -> str:
        """Everything a message shows."""
        return "\n".join(transcript.lines(self._workspace, message))

    def _act(self, user: str, what: str) -> None:
        person = self._workspace.users[user]
        self._write(f">>> {person.real_name} ({person.title.partition(',')[0]}) {what}\n")

    def _id(self, channel: str) -> str:
        found = self._workspace.named(channel)
        if found is None:
            raise SceneError(f"there is no channel #{channel}")
        return found.id

    def _said(self, channel: str, parts: Sequence[str], to: str) -> Message | None:
        for message in reversed(self._workspace.messages(self._id(channel))):
            shown = message.text + json.dumps(list(message.blocks), ensure_ascii=False)
            if message.ephemeral_to == to and all(part in shown for part in parts):
                return message
        return None

    def _button(self, channel: str, label: str) -> tuple[Message, str] | None:
        for message in reversed(self._workspace.messages(self._id(channel))):
            for block in message.blocks:
                for element in block.get("elements", ()):
                    if element.get("type") == "button" and element["text"]["text"] == label:
                        return message, element["action_id"]
        return None

    async def _await(self, look: Callable[[], Found | None], what: str, channel: str) -> Found:
        try:
            return await self._workspace.until(look, PATIENCE)
        except TimeoutError:
            self._print_new()
            where = f" in #{channel}" if channel else ""
            raise SceneError(f"expected {what}{where} within {PATIENCE:g} s\n{self.stage.log()}") from None

    def _print_new(self) -> None:
        """Print messages not yet printed as they now are, in the order they were written."""
        everything = (m for channel in self._workspace.channels for m in self._workspace.messages(channel))
        for message in sorted(everything, key=lambda message: float(message.ts)):
            person = self._workspace.users[message.user]
            now = repr((message.text, message.blocks))
            if person.is_bot and self._printed.get((message.channel, message.ts)) != now:
                self._printed[message.channel, message.ts] = now
                self._write(
                    "".join(f"{line}\n" for line in (*transcript.lines(self._workspace, message), ""))
                )
