"""The id of a channel that configuration or a program names: known from before, else asked of Slack."""

from bot.chat.channel_names import channel_named
from bot.services.desk import Desk
from bot.store import outbox
from bot.store.database import Database


def resolve(db: Database, desk: Desk, reference: str) -> str | None:
    """The id behind "#name" or an id; None where no channel has the name.

    Raises SourceError when Slack cannot be asked. For outside a transaction: it may take seconds.
    """
    if not reference.startswith("#"):
        return reference
    with db.read() as session:
        known = outbox.channel_id(session, reference)
    if known is not None:
        return known
    token = desk.settings.slack_bot_token
    found = channel_named(
        reference.removeprefix("#"),
        token=token.get_secret_value() if token else "",
        api_url=desk.settings.slack_api_url,
    )
    if found is not None:
        with db.write() as session:
            outbox.remember_channel(session, reference, found)
    return found
