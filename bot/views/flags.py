"""What is said about telling the flag system: on the rollout card, and when it does not listen."""

from datetime import datetime

from bot.core.effect import Message
from bot.core.flag import Delivery, FlagEvent, Telling, Told
from bot.views import text

_CLOCK = "{date_short_pretty} {time}"


def by_hand(event: str, stage: str) -> str:
    """What a person is to do in the flag system's place."""
    share = text.escape(stage, 80)
    match event:
        case FlagEvent.STAGE:
            return f"set it by hand to {share}"
        case FlagEvent.PAUSED:
            return f"pause it by hand (it is at {share})"
        case FlagEvent.RESUMED:
            return f"resume it by hand at {share}"
        case FlagEvent.RELEASED:
            return f"it may go on from {share}"
        case FlagEvent.HELD:
            return f"see to it that it stays at {share}" if share else "see to it that it goes no further"
        case FlagEvent.SHIPPED:
            return "set it by hand to what was shipped"
        case _:
            return "turn it off by hand"


def line(told: Told, host: str) -> str:
    """The card's line."""
    what = f"{told.event} {text.escape(told.stage, 80)}".strip()
    at = text.when(told.at, style=_CLOCK) if told.at else ""
    match told.telling:
        case Telling.UNSET:
            hand = "set the flag by hand at each stage"
            if told.stage or told.event == FlagEvent.STOPPED:
                hand = by_hand(told.event or FlagEvent.STAGE, told.stage)
            return f"Flag: nobody was told, no flag system is configured: {hand}"
        case Telling.WAITING if not told.event:
            return f"Flag: {text.escape(host, 100)} is told of each step"
        case Telling.WAITING:
            return f"Flag: {text.escape(host, 100)} is being told: {what}"
        case Telling.FAILING:
            return (
                f"⚠ Flag not set yet: {what}, tried {_times(told.tries)}, last {at}; "
                f"{text.escape(told.said, 200)}. If it cannot wait, {by_hand(told.event, told.stage)}"
            )
        case Telling.TOLD:
            return f"Flag: {text.escape(host, 100)} took {what} {at}"
        case Telling.GIVEN_UP:
            said = text.escape(told.said, 200)
            return f"✗ Flag not set: {what}, {said}; {by_hand(told.event, told.stage)}"


def failing(delivery: Delivery, said: str, until: datetime) -> Message:
    """The first try failed; it goes on."""
    hand = by_hand(delivery.event, delivery.stage)
    return Message(
        f"⚠ The flag system did not take “{_what(delivery)}” yet: {text.escape(said, 300)}. "
        f"It is tried again until {text.when(until, style=_CLOCK)}; if it cannot wait, {hand}."
    )


def told_late(delivery: Delivery, tries: int, now: datetime) -> Message:
    """It was taken after all: what the first message becomes."""
    at = text.when(now, style=_CLOCK)
    return Message(f"✓ The flag system took “{_what(delivery)}” {at}, at try {tries}.")


def given_up(delivery: Delivery, said: str, tries: int) -> Message:
    """It was not taken: a person has to do it."""
    hand = by_hand(delivery.event, delivery.stage)
    what = f"“{_what(delivery)}” of `{text.escape(delivery.experiment, 80)}`"
    return Message(
        f"✗ The flag system did not take {what}: {hand}. Tried {_times(tries)}; {text.escape(said, 300)}."
    )


def _what(delivery: Delivery) -> str:
    return f"{delivery.event} {text.escape(delivery.stage, 80)}".strip()


def _times(tries: int) -> str:
    return "once" if tries == 1 else f"{tries} times"
