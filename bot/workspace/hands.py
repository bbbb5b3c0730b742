"""Who acts, and where: finding people, channels and threads, or saying why they cannot be used."""

from bot.workspace.hub import Hub
from bot.workspace.records import Channel, Message, User
from bot.workspace.refused import RefusedError


class Hands:
    """What everything that people do begins with."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.workspace = hub.workspace

    def _person(self, user: str) -> User:
        person = self.workspace.person(user)
        if person is None:
            raise RefusedError(f"There is nobody called {user} here.")
        if person.deleted:
            raise RefusedError(f"The account of {person.real_name} is deactivated.")
        return person

    def _channel(self, channel: str) -> Channel:
        found = self.workspace.channels.get(channel) or self.workspace.named(channel)
        if found is None:
            raise RefusedError(f"There is no channel {channel}.")
        return found

    def _writable(self, user: str, channel: str) -> Channel:
        where = self._channel(channel)
        if where.archived:
            raise RefusedError("This channel is archived.")
        if self._person(user).id not in where.members:
            raise RefusedError(f"You are not in #{where.name}. Join it first.")
        return where

    def _thread(self, channel: str, thread_ts: str) -> str:
        if not thread_ts:
            return ""
        parent = self.workspace.message(channel, thread_ts)
        if parent is None:
            raise RefusedError("This thread is not there any more.")
        return parent.thread_ts or parent.ts

    def _there(self, channel: str, ts: str) -> Message:
        """A message that everybody sees."""
        message = self.workspace.message(channel, ts)
        if message is None or message.ephemeral_to:
            raise RefusedError("This message is not there any more.")
        return message
