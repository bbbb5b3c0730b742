"""Figures as people read them: signs, units, and no more digits than the data bear."""

import datetime as dt

from bot.core.registration import Registration
from bot.core.timetable import Calendar, date_of

MINUS = "\N{MINUS SIGN}"


def signed(value: float, digits: int = 1) -> str:
    r"""A fraction as a signed percentage.

    >>> ascii((signed(0.0213), signed(-0.006)))
    "('+2.1 %', '\\u22120.6 %')"
    """
    text = f"{abs(value) * 100:.{digits}f} %"
    if float(text[:-2]) == 0:
        return f"±{text}"
    return f"+{text}" if value > 0 else f"{MINUS}{text}"


def share(value: float, digits: int = 1) -> str:
    """A fraction as a percentage without its sign's plus."""
    text = f"{abs(value) * 100:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{abs(value) * 100:.0f}"
    return f"{MINUS if value < 0 else ''}{text} %"


def probability(p: float) -> str:
    """A p-value: three decimals, two digits when small.

    >>> probability(0.03951), probability(0.0003), probability(0.0030312)
    ('0.040', '< 0.001', '0.003')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_is(p: float) -> str:
    """`p = 0.040` or `p < 0.001`."""
    shown = probability(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def bound(p: float) -> str:
    """A boundary: two significant digits, never in powers of ten.

    >>> bound(0.0030312), bound(0.0429938), bound(0.00005499)
    ('0.0030', '0.043', '0.000055')
    """
    if p <= 0:
        return "0"
    decimals = 1
    while p * 10**decimals < 10 and decimals < 12:
        decimals += 1
    return f"{p:.{decimals}f}"


def plain(value: float) -> str:
    """Two significant digits, never in powers of ten, no zeros at the end.

    >>> plain(0.05), plain(0.000055), plain(0.0305)
    ('0.05', '0.000055', '0.03')
    """
    return bound(value).rstrip("0") if value > 0 else "0"


def interval(ends: tuple[float, float], digits: int = 1) -> str:
    """An interval of fractions, the percent sign left to the estimate before it: `(+0.1 … +2.6)`."""
    return f"({signed(ends[0], digits)[:-2]} … {signed(ends[1], digits)[:-2]})"


def level(value: float) -> str:
    """A metric's own value: four significant digits, thousands apart.

    >>> level(741.234), level(4.2148), level(12345.6)
    ('741', '4.215', '12,346')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def day_of(registration: Registration, day: float) -> str:
    """A day of the experiment, with its date when the start is known: `day 11 (Thu 13 Nov)`."""
    date = date_of(registration, day)
    return f"day {day:g}" if date is None else f"day {day:g} ({weekday(date)})"


def weekday(date: dt.date) -> str:
    """`Thu 4 Dec`, in English whatever the locale."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{days[date.weekday()]} {date.day} {months[date.month - 1]}"


def local(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """`Thu 4 Dec 09:00 JST`: a moment as clocks in a zone show it, with the zone's name.

    >>> local(dt.datetime(2026, 12, 4, 0, 0, tzinfo=dt.timezone.utc), dt.timezone.utc)
    'Fri 4 Dec 00:00 UTC'
    """
    there = moment.astimezone(zone)
    name = there.tzname() or "UTC"
    named = f"UTC{name}" if name[0] in "+-" else name
    return f"{weekday(there.date())} {there:%H:%M} {named}"


def look_at(registration: Registration, number: int, calendar: Calendar | None) -> str:
    """A look of the plan, with its moment if known: `look 2, after day 7, posts Thu 4 Dec 09:00 JST`."""
    day = registration.looks[number - 1]
    moment = None if calendar is None else calendar.posted(day)
    said = f"look {number}, after day {day}"
    if moment is None or calendar is None:
        return said
    change = calendar.clock_change(day)
    return f"{said}, posts {local(moment, calendar.zone)}{f' ({change})' if change else ''}"
