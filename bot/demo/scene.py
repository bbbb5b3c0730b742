"""What the script is written in: people act in the workspace, what is said is printed and checked."""

import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from bot.demo import transcript
from bot.demo.stage import ZONE, Stage
from bot.errors import LookoutError
from bot.workspace.records import Message, View

Found = TypeVar("Found")

PATIENCE = 30.0
"""Seconds until something that must be said is missed."""

EDITED = 5
"""Lines printed of a message that was printed before and is edited now."""

MOST = 30
"""Lines printed of a message that is new."""

PAD = "    "


class SceneError(LookoutError):
    """The story went differently: what was expected, where, and what the bot logged last."""


class Scene:
    """A run of the story on a stage."""

    def __init__(self, stage: Stage, write: Callable[[str], None]) -> None:
        self.stage = stage
        self._workspace = stage.local.workspace
        self._people = stage.local.people
        self._write = write
        self._printed: dict[tuple[str, str], tuple[object, list[str]]] = {}
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
        attached = "".join(f" [file: {name}]" for name, _ in files)
        await self._act(user, f"writes in #{channel}: {text}{attached}")
        await self._people.say(user, self._id(channel), text, files=files)

    async def types(self, user: str, channel: str, text: str) -> None:
        """Type a slash command."""
        await self._act(user, f"types in #{channel}: {text}")
        await self._people.command(user, self._id(channel), text)

    async def presses(self, user: str, channel: str, label: str, *, of: str = "") -> None:
        """Press the first button whose label begins so, on the newest message that has it and says `of`."""
        await self.stage.settled()
        message, action = await self._await(
            lambda: self._button(channel, label, of), f"a button {label!r} {of}".rstrip(), channel
        )
        await self._act(user, f"presses [{action['text']['text']}]")
        await self._people.click(user, message.channel, message.ts, action["action_id"])

    async def opens(self, user: str, channel: str, command: str = "", *, button: str = "") -> View:
        """Open a form by a command or a button, and wait until it is on the person's screen."""
        await (self.presses(user, channel, button) if button else self.types(user, channel, command))
        stack = await self._await(lambda: self._workspace.modals.get(user), f"a form for {user}", "")
        return stack[-1]

    async def sends(self, user: str, view: View, fields: Mapping[str, str | Sequence[str]]) -> View | None:
        """Fill a form in, by the labels of its fields or their action ids, and send it off.

        What the form then shows as wrong is printed; the form is returned while it is still open.
        """
        entered: dict[str, dict[str, str | Sequence[str]]] = {}
        for label, value in fields.items():
            block, action = self._field(view, label)
            entered.setdefault(block, {})[action] = value
        await self._act(user, f"fills in “{view.title}” and sends it")
        for label, value in fields.items():
            told = f"{label}: {value if isinstance(value, str) else ', '.join(value)}"
            for line in textwrap.wrap(told, transcript.WIDTH):
                self._write(f"{PAD}{line}\n")
        await self._people.submit(user, view.id, entered)
        left = self._workspace.view(view.id)
        if left is not None:
            faults = ". ".join(dict.fromkeys([*left.errors.values(), left.problem])).strip(". ")
            self._write(
                f"    the form says: {faults}\n" if faults else f"    the form goes on: {left.title}\n"
            )
        return left

    async def webhook(self, path: str, body: Mapping[str, object]) -> None:
        """Let another system send something."""
        await self._quiet()
        self._write(f"--> POST {path} {body.get('title')} ({body.get('status') or body.get('kind')})\n")
        status = await self.stage.post(path, body)
        self.must(status == 202, f"{path} answered {status}, expected 202")

    async def passes(self, span: timedelta) -> None:
        """Let time pass, for the bot and the workspace alike."""
        await self._quiet()
        self._write(f"... {span.total_seconds() / 60:.0f} minutes later ...\n\n")
        self._people.advance(span.total_seconds())

    async def comes(self, days: int, at: time) -> None:
        """Let it become that time of the day, so many days on, where the demo's team is."""
        await self._quiet()
        now = self.stage.now().astimezone(ZONE)
        moment = datetime.combine(now.date() + timedelta(days=days), at, tzinfo=ZONE)
        self._write(f"... {moment:%A %-d %B, %H:%M} in Tokyo ...\n\n")
        self._people.advance(max((moment - self.stage.now()).total_seconds(), 0.0))

    async def hears(self, channel: str, *parts: str, to: str = "") -> Message:
        """Wait until a message has every part, written as one types; print what is new.

        With `to`, only that person sees it.
        """
        what = f"{' and '.join(map(repr, parts))}{f' to {to}' if to else ''}"
        found = await self._await(lambda: self._said(channel, parts, to), what, channel)
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
        """Wait for a file shared in the channel whose name begins so; its text."""

        def shared() -> str | None:
            for message in self._workspace.messages(self._id(channel)):
                for file in (self._workspace.files[key] for key in message.files):
                    if file.name.startswith(name):
                        return file.content.decode()
            return None

        text = await self._await(shared, f"the file {name}", channel)
        self._print_new()
        self._write("".join(f"{PAD}| {line}\n" for line in _cut(text.splitlines(), MOST)) + "\n")
        return text

    async def verified(self) -> None:
        """See that `lookout verify` computes every look again and finds nobody's hand in the ledger."""
        await self._quiet()
        code, said = await self.stage.verify()
        self._write(f"$ lookout verify\n{textwrap.indent(said, PAD)}\n\n")
        self.must(code == 0, f"`lookout verify` finds nothing wrong; it said:\n{said}")

    def text_of(self, message: Message) -> str:
        """Everything a message shows."""
        return _typed("\n".join(transcript.lines(self._workspace, message, ZONE)))

    async def _act(self, user: str, what: str) -> None:
        await self._quiet()
        person = self._workspace.users[user]
        self._write(f">>> {person.real_name} ({person.title.partition(',')[0]}) {what}\n")

    async def _quiet(self) -> None:
        """Let the bot finish what it has at hand, and print it."""
        await self.stage.settled()
        self._print_new()

    def _id(self, channel: str) -> str:
        found = self._workspace.named(channel)
        if found is None:
            raise SceneError(f"there is no channel #{channel}")
        return found.id

    def _said(self, channel: str, parts: Sequence[str], to: str) -> Message | None:
        for message in reversed(self._workspace.messages(self._id(channel))):
            shown = _shown(message)
            if message.ephemeral_to == to and all(part in shown for part in parts):
                return message
        return None

    def _button(self, channel: str, label: str, of: str) -> tuple[Message, Mapping[str, Any]] | None:
        for message in reversed(self._workspace.messages(self._id(channel))):
            for element in _elements(message.blocks) if of in _shown(message) else ():
                if element.get("type") == "button" and element["text"]["text"].startswith(label):
                    return message, element
        return None

    def _field(self, view: View, label: str) -> tuple[str, str]:
        """Block and action id of a form's field."""
        known = []
        for block in view.blocks:
            element = block.get("element", {})
            name = block.get("label", {}).get("text", "")
            known.append(name)
            if label in (name, element.get("action_id")):
                return block["block_id"], element["action_id"]
        raise SceneError(f"the form “{view.title}” has no field {label!r}; it has {known}")

    async def _await(self, look: Callable[[], Found | None], what: str, channel: str) -> Found:
        try:
            return await self._workspace.until(look, PATIENCE)
        except TimeoutError:
            self._print_new()
            where = f" in #{channel}" if channel else ""
            raise SceneError(f"expected {what}{where} within {PATIENCE:g} s\n{self.stage.log()}") from None

    def _print_new(self) -> None:
        """Print messages not yet printed as they now are, in the order they were written.

        Of one that was printed before only its beginning is, and only where that is news.
        """
        everything = (m for channel in self._workspace.channels for m in self._workspace.messages(channel))
        for message in sorted(everything, key=lambda message: float(message.ts)):
            key, content = (message.channel, message.ts), (message.text, message.blocks, message.files)
            seen, before = self._printed.get(key, (None, []))
            if content == seen or not self._workspace.users[message.user].is_bot:
                continue
            head, *lines = transcript.lines(self._workspace, message, ZONE, again=seen is not None)
            self._printed[key] = content, lines
            if seen is None or lines[:EDITED] != before[:EDITED]:
                told = (head, *_cut(lines, EDITED if seen else MOST), "")
                self._write("".join(f"{line}\n" for line in told))


def _cut(lines: Sequence[str], most: int) -> Sequence[str]:
    """The beginning of what is long."""
    if len(lines) <= most + 1:
        return lines
    return [*lines[:most], f"{PAD}… and {len(lines) - most} lines more"]


def _shown(message: Message) -> str:
    """All that a message holds: its notification line and its blocks as JSON."""
    return _typed(message.text + json.dumps(list(message.blocks), ensure_ascii=False))


def _typed(text: str) -> str:
    """A text as typed on a keyboard: hyphens for minus signs, spaces for those that do not break."""
    return text.translate(_KEYS)


_KEYS = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " "})


def _elements(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """What can be pressed in a message."""
    for block in blocks:
        yield from block.get("elements", ())
        if "accessory" in block:
            yield block["accessory"]
