"""The form that joins two things: which one, which way, and why."""

from bot.core.effect import Block
from bot.core.thing import Thing
from bot.views import text
from bot.views.decision_forms import field, modal, written

FORM = "trace.join"
OTHER, WAY, WHY = "other", "way", "why"
LED_TO, CAME_FROM = "led_to", "came_from"
WHY_LEAST, WHY_MOST = 10, 300


def form(thing: Thing) -> Block:
    """The form of [Join with…]."""
    ways = [_option(f"{thing.id} led to it", LED_TO), _option(f"{thing.id} came from it", CAME_FROM)]
    said = f"*{text.escape(thing.id, 80)}*: what it led to, or came from. It is kept with your name."
    other = {"type": "plain_text_input", "max_length": 64}
    other |= {"placeholder": {"type": "plain_text", "text": "INC-7, FRM-1, CAN-3, an experiment"}}
    return modal(
        "Join with",
        "Join",
        [
            text.section(said),
            field(OTHER, "What", other),
            field(WAY, "Which way", {"type": "radio_buttons", "options": ways, "initial_option": ways[0]}),
            field(WHY, "Why", written(WHY_LEAST, WHY_MOST)),
        ],
    )


def _option(label: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": text.plain(label, 75)}, "value": value}
