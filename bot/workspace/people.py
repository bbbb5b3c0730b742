"""What people do in the workspace: the page, the tests and the control API all act through here.

    await people.say("U0ENG", "C0INC", "@lookout triage start")
    await people.command("U0ENG", "C0INC", "/triage start NDCG fell")
    await people.click("U0ENG", "C0INC", message.ts, "triage.answer:yes")
    await people.submit("U0PM", view.id, {"title": {"text": "Reranker"}})

Whatever waits for the app returns when the app has acknowledged, or when its 3 s are over; what people then
see (an ephemeral line, an error under a field) is in the workspace.
"""

import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from bot.workspace import inputs, payloads
from bot.workspace.forms import Forms
from bot.workspace.hub import Hub
from bot.workspace.message_hands import MessageHands
from bot.workspace.records import Channel, Command, File, Json, Message, User
from bot.workspace.refused import RefusedError
from bot.workspace.seed import SLACKBOT
from bot.workspace.typing_in import escaped, resolved, stored

__all__ = ["People", "RefusedError"]

_FAILURES: Final = {"timeout": "operation_timeout", "connection_failed": "dispatch_failed"}
_NOTHING: Final[inputs.Entered] = {}

Hosted: TypeAlias = Callable[[str], Awaitable[str]]
"""Takes what was typed behind the command; what it returns is shown to the person alone."""


class People(MessageHands):
    """The hands of everyone in the workspace."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.forms = Forms(hub)
        self._hosted: dict[str, Hosted] = {}

    def persons(self) -> list[User]:
        """Everyone who can act: no bots."""
        return [user for user in self.workspace.users.values() if not user.is_bot]

    def host_command(self, command: Command, listener: Hosted) -> None:
        """Have a slash command answered by the program that runs this workspace, not by the app."""
        self._hosted[command.name] = listener
        self.workspace.commands[command.name] = command

    def suggest(self, text: str) -> list[Command]:
        """The slash commands that begin like this."""
        word = text.split(" ", 1)[0]
        known = sorted(self.workspace.commands.values(), key=lambda command: command.name)
        return [command for command in known if command.name.startswith(word)]

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str = "",
        broadcast: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Message | None:
        """Type into the composer, perhaps with files; a text that begins with / is a command (then None)."""
        if text.startswith("/") and not text.startswith("//") and not files:
            await self.command(user, channel, text, thread_ts=thread_ts)
            return None
        where = self._writable(user, channel)
        if not text.strip() and not files:
            raise RefusedError("There is nothing to send.")
        uploaded = [self.upload(user, name, content) for name, content in files]
        for file in uploaded:
            self.workspace.put_file(replace(file, channels=(where.id,)))
        message = self.workspace.post(
            where.id,
            user,
            stored(self.workspace, text),
            thread_ts=self._thread(where.id, thread_ts),
            broadcast=broadcast,
            files=tuple(file.id for file in uploaded),
            subtype="file_share" if uploaded else "",
        )
        self.hub.events.message(message)
        for file in uploaded:
            self.hub.events.file_shared(file.id, user, where.id)
        self._point_at_absent_bot(message)
        return message

    async def command(self, user: str, channel: str, text: str, *, thread_ts: str = "") -> None:
        """Type a slash command."""
        where = self._writable(user, channel)
        name, _, rest = text.strip().partition(" ")
        if "\n" in name:
            name, _, first = name.partition("\n")
            rest = f"{first} {rest}".strip()
        if name in self._hosted:
            self._slackbot(user, where.id, await self._hosted[name](rest), thread_ts)
            return
        registered = self.workspace.commands.get(name)
        if registered is None:
            self._slackbot(user, where.id, f"`{escaped(name)}` is not a valid command.", thread_ts)
        elif thread_ts:
            line = f"`{name}` is not supported in threads. Sorry!"
            self._slackbot(user, where.id, line, thread_ts)
        else:
            await self._run_command(self._person(user), where, registered, rest.strip())

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str = "",
        value: str | Sequence[str] = "",
        values: inputs.Entered = _NOTHING,
    ) -> None:
        """Click a button, or choose `value` in a menu or picker, of a message."""
        channel = self._channel(channel).id
        message = self.workspace.message(channel, ts)
        if message is None or not message.seen_by(user):
            raise RefusedError("This message is not there any more.")
        action = self._action(message.blocks, action_id, block_id, value)
        state = inputs.state_values(message.blocks, values)
        payload = payloads.message_action(self.hub, self._person(user), message, action, state)
        answer = await self.hub.delivery.deliver("interactive", payload)
        if not answer.ok:
            line = "This app did not respond. Try again, or ask the person who installed it."
            self._slackbot(user, channel, line, message.thread_ts if message.is_reply else "")

    async def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str = "",
        value: str | Sequence[str] = "",
        values: inputs.Entered = _NOTHING,
    ) -> None:
        """The same, in a modal or Home tab."""
        view = self.forms.on_screen(user, view_id)
        action = self._action(view.blocks, action_id, block_id, value)
        await self.forms.act(self._person(user), view, action, values)

    async def submit(self, user: str, view_id: str, values: inputs.Entered = _NOTHING) -> None:
        """Submit a modal; what was not entered keeps its default."""
        await self.forms.submit(self._person(user), view_id, values)

    async def close(self, user: str, view_id: str, *, whole_stack: bool = False) -> None:
        """Close a modal (and those beneath it)."""
        await self.forms.close(self._person(user), view_id, whole_stack=whole_stack)

    async def open_home(self, user: str) -> None:
        """Open the app's Home tab."""
        direct = self.workspace.direct(self._person(user).id, self.workspace.bot)
        self.hub.events.home_opened(user, direct.id)

    def open_direct(self, user: str, other: str) -> Channel:
        """Open the direct messages with someone."""
        them = self.workspace.person(other) or self._person(other)
        return self.workspace.direct(self._person(user).id, them.id)

    def read(self, user: str, channel: str) -> None:
        """Look at a channel: everything in it is read."""
        self.workspace.mark_read(user, self._channel(channel).id)

    async def join(self, user: str, channel: str) -> None:
        """Come into a channel."""
        where = self._channel(channel)
        if where.archived or where.is_im:
            raise RefusedError("This conversation cannot be joined.")
        if user not in where.members:
            self.workspace.change_channel(where.id, members=(*where.members, self._person(user).id))
            self.hub.events.joined(user, where.id)

    async def invite_bot(self, user: str, channel: str) -> None:
        """Bring the app into a channel (/invite @lookout)."""
        where = self._writable(user, channel)
        if self.workspace.bot not in where.members:
            self.workspace.change_channel(where.id, members=(*where.members, self.workspace.bot))
            self.hub.events.joined(self.workspace.bot, where.id, inviter=user)

    def leave(self, user: str, channel: str) -> None:
        """Go out of a channel."""
        where = self._channel(channel)
        rest = tuple(member for member in where.members if member != user)
        self.workspace.change_channel(where.id, members=rest)

    async def archive(self, user: str, channel: str) -> None:
        """Archive a channel, by hand."""
        where = self._writable(user, channel)
        self.workspace.change_channel(where.id, archived=True)
        self.hub.events.channel("channel_archive", where.id, user)

    def upload(self, user: str, name: str, content: bytes, *, title: str = "", mimetype: str = "") -> File:
        """Put a file into the workspace, shared nowhere yet."""
        return self.workspace.put_file(
            File(
                id=self.workspace.new_id("F"),
                name=name,
                title=title or name,
                mimetype=mimetype or mimetypes.guess_type(name)[0] or "text/plain",
                size=len(content),
                user=user,
                created=int(self.workspace.clock.now()),
                content=content,
                uploaded=True,
            )
        )

    def advance(self, seconds: float) -> None:
        """Move the workspace's clock forward."""
        self.workspace.clock.advance(seconds)
        self.workspace.tell("clock")

    async def _run_command(self, person: User, where: Channel, registered: Command, text: str) -> None:
        sent = resolved(self.workspace, text) if registered.should_escape else escaped(text)
        payload = payloads.command(self.hub, person, where, registered, sent)
        answer = await self.hub.delivery.deliver("slash_commands", payload)
        if not answer.ok:
            error = _FAILURES.get(answer.reason, "dispatch_unknown_error")
            self._slackbot(person.id, where.id, f'{registered.name} failed with the error "{error}"')
        elif answer.payload.get("text") or answer.payload.get("blocks"):
            self.hub.responses.answer(person.id, where.id, "", answer.payload)

    def _action(
        self, blocks: Sequence[Json], action_id: str, block_id: str, value: str | Sequence[str]
    ) -> dict[str, Any]:
        try:
            done = inputs.acted(blocks, action_id, block_id, value)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        return {**done, "action_ts": self.workspace.clock.ts()}

    def _slackbot(self, user: str, channel: str, text: str, thread_ts: str = "") -> None:
        self.workspace.post(channel, SLACKBOT, text, thread_ts=thread_ts, ephemeral_to=user, subtype="system")

    def _point_at_absent_bot(self, message: Message) -> None:
        bot = self.workspace.bot
        channel = self.workspace.channels[message.channel]
        if f"<@{bot}>" in message.text and bot not in channel.members and not channel.is_im:
            line = f"You mentioned <@{bot}>, but they are not in this channel. Invite them to join."
            self._slackbot(message.user, channel.id, line, message.thread_ts)
