"""The few emoji shortcodes Lookout and its people use, and how they are drawn."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

EMOJI: Mapping[str, str] = {
    "+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "wave": "👋", "eyes": "👀", "tada": "🎉",
    "white_check_mark": "✅", "heavy_check_mark": "✔️", "ballot_box_with_check": "☑️", "x": "❌",
    "warning": "⚠️", "question": "❓", "grey_question": "❔", "exclamation": "❗", "no_entry": "⛔",
    "rotating_light": "🚨", "fire": "🔥", "sos": "🆘", "bell": "🔔", "no_bell": "🔕", "mega": "📣",
    "hourglass": "⌛", "hourglass_flowing_sand": "⏳", "stopwatch": "⏱️", "alarm_clock": "⏰", "zzz": "💤",
    "calendar": "📆", "memo": "📝", "mag": "🔍", "pushpin": "📌", "link": "🔗", "lock": "🔒", "key": "🔑",
    "chart_with_upwards_trend": "📈", "chart_with_downwards_trend": "📉", "bar_chart": "📊",
    "large_green_circle": "🟢", "large_yellow_circle": "🟡", "large_orange_circle": "🟠",
    "red_circle": "🔴", "large_blue_circle": "🔵", "white_circle": "⚪", "black_circle": "⚫",
    "robot_face": "🤖", "page_facing_up": "📄", "paperclip": "📎", "bulb": "💡", "wrench": "🔧",
    "hammer_and_wrench": "🛠️", "bug": "🐛", "rocket": "🚀", "ship": "🚢", "shield": "🛡️", "test_tube": "🧪",
    "telescope": "🔭", "lighthouse": "🗼", "pager": "📟", "arrow_up": "⬆️", "arrow_down": "⬇️",
    "arrow_right": "➡️", "arrow_left": "⬅️", "smile": "😄", "slightly_smiling_face": "🙂", "heart": "❤️",
    "pray": "🙏", "point_up": "☝️", "raised_hands": "🙌", "ok_hand": "👌", "coffee": "☕",
    "one": "1️⃣", "two": "2️⃣", "three": "3️⃣",
}  # fmt: skip


_SHORTCODE = re.compile(r":([a-z0-9_+-]{1,60}):")


def emoji(name: str) -> Markup:
    """The character for a shortcode, or the shortcode itself when it is not among the few we know."""
    character = EMOJI.get(name.split("::")[0])
    if character is None:
        return escape(f":{name}:")
    return Markup('<span class="emoji" role="img" aria-label="{}">{}</span>').format(
        name.replace("_", " "), character
    )


def with_emoji(text: str) -> Markup:
    """Text escaped, its known shortcodes drawn."""
    parts = _SHORTCODE.split(text)
    return Markup("").join(
        emoji(part) if position % 2 else escape(part) for position, part in enumerate(parts)
    )
