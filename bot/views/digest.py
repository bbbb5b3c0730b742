"""A digest: what needs somebody first, then a line for each launch, then how far offline evidence can be
trusted, what was decided and what is overdue."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.correlation import FLOOR, Correlation, Window
from bot.core.digest import Digest, Guarded, Health, News, Overdue, Seen
from bot.core.effect import Block, Message
from bot.core.figures import interval, level, local, plain, signed, weekday
from bot.core.launch import State
from bot.core.verdict_words import line_of
from bot.limits.numbers import MESSAGE_BLOCKS
from bot.stats.correlation import Pearson
from bot.stats.guardrail import Status
from bot.views import text

MOST_NEEDS = 8
MOST_LINES = 40
_MARKS = {Status.VETO: "✗", Status.NEAR_VETO: "⚠", Status.UNDECIDED: "?"}


def words(digest: Digest, zone: ZoneInfo) -> dict[str, Any]:
    """What the template is given: every text is fit for mrkdwn."""
    needs = [f"{_name(one)} {text.escape(need, 300)}" for one in digest.launches for need in one.needs]
    return {
        "kind": digest.kind,
        "summary": f"*{summary(digest)}*",
        "needs": _most(needs, MOST_NEEDS),
        "launches": _most_rows([_row(one, digest, zone) for one in digest.launches]),
        "correlation": correlation(digest.correlation),
        "decisions": _most([_news(one) for one in digest.decisions], MOST_LINES),
        "overdue": _most([_overdue(one, digest.day) for one in digest.overdue], MOST_LINES),
        "changes": _most([_news(one) for one in digest.changes], MOST_LINES),
    }


def card(digest: Digest, body: str) -> Message:
    """The message; `body` is what the template made of the words, a blank line ends a section."""
    title = {"daily": "Launch health", "weekly": "Launch week"}[digest.kind]
    head = f"{title} · {weekday(digest.day)}"
    if digest.silent:
        said = f"{head}: no launch is going on, nothing was decided, nothing is overdue."
        return Message(said, (text.context(said),))
    parts = [part.strip() for part in body.split("\n\n") if part.strip()]
    blocks: list[Block] = [text.header(head)]
    blocks += [text.section(text.fit(part.splitlines())) for part in parts][: MESSAGE_BLOCKS - 2]
    return Message(f"{head}. {summary(digest)}", (*blocks, text.context(_small_print(digest))))


def summary(digest: Digest) -> str:
    """How many go on, how many of them need somebody."""
    going = sum(one.state is not State.SIGNING for one in digest.launches)
    signing = len(digest.launches) - going
    said = [f"{going} running" if going else "Nothing is running"]
    if signing:
        said.append(f"{signing} being signed")
    needing = sum(bool(one.needs) for one in digest.launches)
    ask = {0: "None needs you", 1: "One needs somebody"}.get(needing, f"{needing} need somebody")
    late = f" {len(digest.overdue)} overdue." if digest.overdue else ""
    alarm = " Offline evidence does not predict online effects." if digest.correlation.alarm else ""
    return f"{', '.join(said)}. {ask}.{late}{alarm}"


def correlation(found: Correlation) -> str:
    """How well offline deltas predicted online ones, over both windows."""
    if not found.last:
        return "? Offline→online correlation: unknown, no launch has both deltas on record yet"
    longest = found.longest
    others = [one for one in found.windows if one is not longest]
    mark = (
        "⚠"
        if found.alarm
        else "✓"
        if isinstance(longest.found, Pearson) and longest.found.r >= FLOOR
        else "?"
    )
    verdict = {
        "⚠": f", below {FLOOR:g}: offline gains are no evidence until the harness is mended",
        "✓": f", above {FLOOR:g}",
        "?": "",
    }[mark]
    parts = [f"{mark} Offline→online correlation {_window(longest)}{verdict}"]
    parts += [_window(one) for one in others]
    parts.append(f"{found.agreeing} of the last {len(found.last)} agree in direction")
    if found.eval_set_age is not None:
        name = text.escape(found.eval_set, 80) or "eval set"
        parts.append(f"{name} is {found.eval_set_age} d old")
    return " · ".join(parts)


def _window(one: Window) -> str:
    if not isinstance(one.found, Pearson):
        return f"unknown over {one.days} d: {text.escape(one.found.reason, 200)}"
    found = one.found
    span = f"{found.low:.2f} … {found.high:.2f}".replace("-", "\N{MINUS SIGN}")
    r = f"{found.r:.2f}".replace("-", "\N{MINUS SIGN}")
    return f"{r} ({span}; {found.n} launches, {one.days} d)"


def _row(one: Health, digest: Digest, zone: ZoneInfo) -> dict[str, str]:
    facts = [_days(one)]
    if digest.everywhere:
        facts.append(text.channel(one.channel))
    facts.append(_next(one, zone))
    if one.seen is None:
        facts.append("no look yet")
    else:
        facts += _of_look(one, one.seen, digest)
    return {"mark": _mark(one), "name": _name(one), "facts": " · ".join(fact for fact in facts if fact)}


def _of_look(one: Health, seen: Seen, digest: Digest) -> list[str]:
    """What the newest look said, and how old that is."""
    split = {True: "split fine", False: "✗ split uneven", None: "split unknown"}[seen.split_ok]
    data = "" if seen.data_to is None else f"data to day {seen.data_to:g}"
    age = text.duration(digest.at - seen.taken)
    return [
        f"alpha {plain(seen.alpha_spent)} of {one.alpha:g} spent",
        _guarded(seen.worst),
        split,
        data,
        f"as of look {seen.look}, {age} ago",
    ]


def _guarded(one: Guarded | None) -> str:
    """The worst guardrail, its line, and how far it is from it: `csat +0.6 % of +1 %, 0.4 points left`."""
    if one is None:
        return "no guardrails"
    name = text.escape(one.metric, 60)
    if one.measured is None:
        return f"? worst guardrail {name} unknown"
    limit, found = one.threshold, one.measured
    shown = signed(found, 2) if limit.relative else level(found)
    left = abs(limit.limit - found) if limit.relative else abs(limit.value - found)
    distance = f"{abs(left) * 100:.2g} points" if limit.relative else level(left)
    beyond = one.status in (Status.VETO, Status.NEAR_VETO)
    said = f"{shown} of {line_of(limit)}, {distance} {'beyond' if beyond else 'left'}"
    note = {Status.VETO: " (veto)", Status.NEAR_VETO: " (near-veto)", Status.UNPROVEN: " (not ruled out)"}
    return f"worst guardrail {name} {said}{note.get(one.status, '')}"


def _mark(one: Health) -> str:
    seen = one.seen
    if one.state is State.VETOED or (seen is not None and seen.split_ok is False):
        return "✗"
    if one.needs:
        return "⚠"
    if seen is None:
        return "•"
    return _MARKS.get(seen.worst.status, "✓") if seen.worst else "✓"


def _days(one: Health) -> str:
    if one.state is State.SIGNING:
        return "being signed"
    if one.day is None:
        return "no start yet"
    if one.day < 1:
        return f"starts in {1 - one.day} d"
    state = {State.PAUSED: ", paused", State.VETOED: ", vetoed"}.get(one.state, "")
    return (
        f"day {min(one.day, one.horizon)} of {one.horizon}{' (over)' if one.day > one.horizon else ''}{state}"
    )


def _next(one: Health, zone: ZoneInfo) -> str:
    if one.next_look is None or one.state is State.SIGNING:
        return ""
    number, moment = one.next_look
    return f"look {number} {local(moment, zone)}"


def _news(one: News) -> str:
    lift = "" if one.effect is None else f", {signed(one.effect)}"
    span = "" if one.interval is None or one.effect is None else f" {interval(one.interval)}"
    who = f" by {text.person(one.by)}" if one.by else ""
    when = text.when(one.at, style="{date_short_pretty}")
    return f"`{one.experiment}` {text.escape(one.said, 300)}{lift}{span}{who}, {when}"


def _overdue(one: Overdue, today: date) -> str:
    who = f" ({', '.join(text.person(each) for each in one.who)})" if one.who else ""
    days = (today - one.since).days
    waited = "today" if days < 1 else f"{days} d"
    return f"{text.escape(one.what, 200)}{who} for `{one.experiment}`: {waited}"


def _small_print(digest: Digest) -> str:
    said = f"Since {text.when(digest.since, style='{date_short_pretty} {time}')}"
    if digest.due is not None and digest.at - digest.due > timedelta(minutes=5):
        said += f" · was due {text.when(digest.due, style='{date_short_pretty} {time}')}, caught up late"
    return f"{said} · thresholds are those registered · `/digest unsubscribe {digest.kind}` ends it"


def _name(one: Health) -> str:
    return f"`{one.id}`"


def _most(lines: Sequence[str], most: int) -> list[str]:
    kept = list(lines[:most])
    return kept if len(lines) <= most else [*kept, f"and {len(lines) - most} more"]


def _most_rows(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    kept = list(rows[:MOST_LINES])
    more = {"mark": "•", "name": f"{len(rows) - MOST_LINES} more", "facts": "`/experiment status` has them"}
    return kept if len(rows) <= MOST_LINES else [*kept, more]
