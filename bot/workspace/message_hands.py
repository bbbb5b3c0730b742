"""What people do to messages that are there: react, edit, delete, and use an app's message shortcuts."""

from bot.workspace import payloads
from bot.workspace.hands import Hands
from bot.workspace.records import Message
from bot.workspace.refused import RefusedError
from bot.workspace.typing_in import stored


class MessageHands(Hands):
    """Hands on messages."""

    async def react(self, user: str, channel: str, ts: str, name: str) -> None:
        """Put an emoji under a message, or take one's own away."""
        where = self._writable(user, channel)
        message = self._there(where.id, ts)
        users = message.reactions.get(name, ())
        left = tuple(who for who in users if who != user) if user in users else (*users, user)
        reactions = {
            **{e: w for e, w in message.reactions.items() if e != name},
            **({name: left} if left else {}),
        }
        changed = self.workspace.change_message(where.id, ts, reactions=reactions)
        self.hub.events.reacted(changed, user, name, added=user not in users)

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Write one's own message anew."""
        message = self._own(user, channel, ts)
        if not text.strip() and not message.files:
            raise RefusedError("There is nothing left of it: delete it instead.")
        edited = self.workspace.clock.ts()
        changed = self.workspace.change_message(
            message.channel, ts, text=stored(self.workspace, text), edited=edited
        )
        self.hub.events.edited(changed, message)

    async def delete(self, user: str, channel: str, ts: str) -> None:
        """Take one's own message away; of one that was answered a tombstone stays."""
        message = self._own(user, channel, ts)
        if self.workspace.reply_count(message.channel, ts):
            said: dict[str, object] = {
                "text": "This message was deleted.",
                "files": (),
                "subtype": "tombstone",
                "reactions": {},
            }
            self.hub.events.edited(self.workspace.change_message(message.channel, ts, **said), message)
        else:
            self.workspace.delete_message(message.channel, ts)
            self.hub.events.deleted(message)

    async def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> None:
        """Use a shortcut of the app on a message, from the message's menu."""
        where = self._channel(channel)
        known = {one.callback_id for one in self.workspace.shortcuts}
        if callback_id not in known:
            raise RefusedError(f"No app has a message shortcut {callback_id}.")
        message = self._there(where.id, ts)
        payload = payloads.shortcut(self.hub, self._person(user), message, callback_id)
        answer = await self.hub.delivery.deliver("interactive", payload)
        if not answer.ok:
            self.workspace.warn(f"The app did not answer its shortcut {callback_id}: {answer.reason}.")

    def _own(self, user: str, channel: str, ts: str) -> Message:
        message = self._there(self._writable(user, channel).id, ts)
        if message.user != self._person(user).id:
            raise RefusedError("This is not your message.")
        return message
