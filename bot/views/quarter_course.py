"""The card of how a quarter does: what should stop early first, then everything else in a line each."""

from collections.abc import Sequence
from datetime import date

from bot.core.early_abort import Course, Sign, Signal
from bot.core.effect import Block, Message
from bot.core.quarter import RETRO_WEEK, Term
from bot.core.quarterly import Quarterly
from bot.views import text
from bot.views.quarter_notes import link, row

_NEXT = {
    Signal.VETO: "decide on it: `/experiment decide`",
    Signal.FUTILITY: "stop it and give its slot to the next candidate",
    Signal.NO_DATA: "mend the data before anything else",
    Signal.UNDERSIZED: "widen it, or stop: it will not be able to say",
    Signal.NOT_STARTED: "link its registration: `/portfolio link`",
    Signal.PAUSED: "resume it or stop it",
}


def card(kept: Quarterly, term: Term, today: date, courses: Sequence[Course]) -> Message:
    """Return the card; the worst first."""
    week = term.week(today)
    where = f"week {week} of {RETRO_WEEK}" if 1 <= week <= RETRO_WEEK else _outside(term, today)
    bad = [one for one in courses if one.signs]
    said = _verdict(len(bad), len(courses))
    head = f"Portfolio {kept.quarter}, {where}: {said}"
    blocks: list[Block] = [text.header(head)]
    for one in sorted(courses, key=lambda each: not each.signs):
        blocks.append(text.section(text.fit(_lines(one))))
        if any(sign.signal is Signal.NOT_STARTED and not one.experiment for sign in one.signs):
            blocks.append(row(f"portfolio-link-{one.candidate}", [link(one.candidate)]))
    small = [
        f"locked at ledger {kept.locked_entry}",
        f"retrospective on {_day(term.after_weeks(RETRO_WEEK))}",
    ]
    return Message(head, (*blocks, text.context(" · ".join(small))))


def _verdict(bad: int, total: int) -> str:
    if not total:
        return "nothing was picked"
    if not bad:
        return f"no early-abort signal in {total}"
    return f"{bad} of {total} show{'s' if bad == 1 else ''} an early-abort signal"


def _lines(one: Course) -> list[str]:
    state = " · ".join(
        part
        for part in (one.experiment and f"`{one.experiment}`", one.state, one.verdict, one.record)
        if part
    )
    head = f"*{one.candidate}* {text.escape(one.title, 120)}" + (f" · {state}" if state else "")
    if not one.signs:
        return [f"✓ clear · {head}"]
    return [f"⚠ {head}", *(_sign(sign) for sign in one.signs)]


def _sign(sign: Sign) -> str:
    mark = "✗" if sign.signal in (Signal.VETO, Signal.FUTILITY) else "⚠"
    record = f" ({sign.record})" if sign.record else ""
    return (
        f"    {mark} {sign.signal.value}: {text.escape(sign.why, 300)}{record}. Next: {_NEXT[sign.signal]}."
    )


def _outside(term: Term, today: date) -> str:
    return (
        f"before its first day, {_day(term.first)}" if today < term.first else f"over since {_day(term.last)}"
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
