"""What is said where a launch moves, and where a channel that is archived refuses what belongs there."""

from bot.core.effect import Message
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.limits.numbers import MESSAGE_BLOCKS
from bot.views import text
from bot.views.ledger import witness


def moved(launch: Launch, channel: str, entry: Entry) -> Message:
    """In place of the card in the channel that the launch left."""
    name = text.escape(launch.title or launch.id, 150)
    said = f"{name} moved to {text.channel(channel)}. Everything about it is posted there from now on."
    small = f"`{launch.id}` · moved by {text.person(entry.by)} · {witness(entry)}"
    return Message(said, (text.section(said), text.context(small)))


def arrived(launch: Launch, entry: Entry) -> Message:
    """Under the new card: where it came from."""
    said = f"Moved here from {text.channel(launch.channel)} by {text.person(entry.by)}."
    return Message(said, (text.section(said), text.context(witness(entry))))


def instead_of(message: Message, archived: str, experiment: str) -> Message:
    """A message that an archived channel refused, with a line that says so and what mends it."""
    said = (
        f"⚠ Posted here because {text.channel(archived)} is archived. "
        f"`/experiment here {experiment}` in another channel moves the launch there."
    )
    blocks = message.blocks or (text.section(message.text),)
    return Message(message.text, (*blocks[: MESSAGE_BLOCKS - 1], text.context(said)))


def archived(channel: str, launches: str, experiment: str) -> Message:
    """For the ops channel, once for each archived channel."""
    return Message(
        f"⚠ {text.channel(channel)} is archived or gone, and `{experiment}` lives there: what is new about "
        f"it is posted in {text.channel(launches)}. `/experiment here {experiment}` in another channel "
        "moves it."
    )


def unsubscribed(channel: str, launches: str) -> Message:
    """For the ops channel: an archived channel gets no digests."""
    return Message(
        f"⚠ {text.channel(channel)} is archived or gone, so its digests have ended. "
        f"`/digest subscribe daily` in another channel, or in {text.channel(launches)}, begins them anew."
    )
