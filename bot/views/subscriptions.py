"""What is said about who gets which digest, and when."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.effect import Message
from bot.store.subscriptions import SubscriptionRow
from bot.views import text

DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def subscribed(row: SubscriptionRow, first: datetime, *, changed: bool) -> Message:
    """The channel gets it from now on."""
    word = "changed to" if changed else "comes here"
    said = f"The {row.digest} digest {word} {_when(row)}, the next one {_moment(first)}."
    return text.message(f"{said} Set by {text.person(row.by)}; `/digest unsubscribe {row.digest}` ends it.")


def already(row: SubscriptionRow, first: datetime) -> Message:
    """The very same wish again."""
    said = f"This channel gets the {row.digest} digest already, {_when(row)}; the next one {_moment(first)}."
    return text.message(f"{said} Nothing changed.")


def unsubscribed(digest: str, by: str) -> Message:
    """The channel gets it no more."""
    return text.message(
        f"No more {digest} digests here, says {text.person(by)}. `/digest now` still posts one."
    )


def status(rows: Sequence[tuple[SubscriptionRow, datetime]]) -> Message:
    """What the channel gets."""
    if not rows:
        return text.message(
            "This channel gets no digest. `/digest subscribe daily 09:00 Europe/Berlin` begins one, "
            "`/digest now` posts one at once."
        )
    lines = [f"• The {row.digest} digest {_when(row)}; the next one {_moment(due)}" for row, due in rows]
    return text.message("\n".join(lines))


def _when(row: SubscriptionRow) -> str:
    day = f"on {DAYS[row.weekday]}" if row.digest == "weekly" else "every day"
    return f"{day} at {row.at} {text.escape(row.zone, 60)}"


def _moment(moment: datetime) -> str:
    return text.when(moment, style="{date_short_pretty} {time}")
