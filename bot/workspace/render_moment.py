"""Moments as people read them: Slack's date templates, distances in time, days."""

import re
from datetime import UTC, datetime, tzinfo

from markupsafe import Markup, escape


def date(unix: int, template: str, now: datetime, zone: tzinfo) -> Markup:
    """A moment by Slack's date template in the reader's zone, with UTC in its title."""
    try:
        moment = datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        return escape(template)
    shown = _fill(template, moment.astimezone(zone), now.astimezone(zone))
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>').format(
        moment.isoformat(), moment, shown
    )


def _fill(template: str, moment: datetime, now: datetime) -> str:
    ordinal = "th" if 11 <= moment.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    short = f"{moment:%b} {moment.day}, {moment.year}"
    full = f"{moment:%B} {moment.day}{ordinal}, {moment.year}"
    long = f"{moment:%A}, {full}"
    days = (moment.date() - now.date()).days
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days)
    values = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date": full,
        "date_short": short,
        "date_long": long,
        "date_pretty": near or full,
        "date_short_pretty": near or short,
        "date_long_pretty": near or long,
        "day_divider_pretty": near or f"{moment:%A}, {moment:%B} {moment.day}{ordinal}",
        "time": f"{moment:%H:%M}",
        "time_secs": f"{moment:%H:%M:%S}",
        "ago": ago((now - moment).total_seconds()),
    }
    filled = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)
    return filled[:1].upper() + filled[1:] if template.startswith("{") and near else filled


def ago(seconds: float) -> str:
    """A distance in time in its largest unit, as "3 min ago" or "in 2 h"; positive is past."""
    size = abs(seconds)
    if size < 45:
        return "just now" if seconds >= 0 else "in a moment"
    if size < 3570:
        span = f"{max(1, round(size / 60))} min"
    elif size < 84600:
        span = f"{round(size / 3600)} h"
    else:
        span = f"{round(size / 86400)} d"
    return f"{span} ago" if seconds > 0 else f"in {span}"
