"""Offline against online as people read it: the status, an alarm and its end, what was put on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.correlation import (
    AGREEING,
    ALARM_PAIRS,
    FLOOR,
    FRESH,
    LAST,
    STALE,
    TOO_FEW,
    Correlation,
    Pair,
    Window,
)
from bot.core.diagnosis import Diagnosis, Line
from bot.core.effect import Block, Message
from bot.core.figures import MINUS, p_is, signed
from bot.core.ledger import Entry
from bot.core.replay import FORWARD, TARGET, Forward
from bot.stats.correlation import Pearson
from bot.stats.permutation import Permuted
from bot.stats.rank import Spearman
from bot.views import text
from bot.views.correlation_actions import CorrelationAction, button
from bot.views.ledger import witness

_GATE = {"open": "✓", "closed": "⚠", "unknown": "?"}
_MARKS = {"suspect": "⚠", "clear": "✓", "unknown": "?"}
_DAY = "{date_short_pretty}"
NOT_NAMED = "not measured: no data are named under evidence.selection_bias in playbooks/correlation.yaml"


@dataclass(frozen=True)
class Health:
    """All that the status shows.

    kl: what is known of the eval set's distance from production. adopted: when a replay had a new harness
    adopted, and how it has done since. diagnosis: the one that is open, or that the alarm led to. chart: the
    key of its upload.
    """

    found: Correlation
    kl: tuple[Line, ...] = ()
    adopted: datetime | None = None
    forward: Forward | None = None
    diagnosis: Diagnosis | None = None
    chart: str = ""
    alt: str = ""


def coefficient(value: float) -> str:
    """A correlation with two digits and a real minus sign.

    >>> ascii(coefficient(-0.314)), coefficient(0.999)
    ("'\\\\u22120.31'", '1.00')
    """
    shown = f"{abs(value):.2f}"
    return f"{MINUS}{shown}" if value < 0 and shown != "0.00" else shown


def spoken(found: Pearson) -> str:
    """A correlation with its interval: `0.71 (0.31 … 0.92, 12 experiments)`."""
    ends = f"{coefficient(found.low)} … {coefficient(found.high)}"
    return f"{coefficient(found.r)} ({ends}, {found.n} experiments)"


def verdict(found: Correlation) -> str:
    """The status in a line: what a registration reads, and why."""
    longest, gate = found.longest, found.gate
    if gate == "unknown":
        if isinstance(longest.found, Pearson):
            few = f"{longest.pairs} experiments in {longest.days} days, and it takes {ALARM_PAIRS}"
            return f"? not known yet: {few}"
        return f"? not known: {text.escape(longest.found.reason, 300)}"
    side = "above" if gate == "open" else "below"
    return f"{_GATE[gate]} {coefficient(_known(found).r)}, {side} {FLOOR:g}"


def card(shown: Health) -> Message:
    """The status."""
    found = shown.found
    head = f"Offline against online · {verdict(found)}"
    lines = [_window(one) for one in reversed(found.windows)]
    blocks: list[Block] = [
        text.header(_plain(head)),
        text.section(_next(shown)),
        text.section(text.fit(lines)),
        text.section(text.fit([_directions(found), *(_pair(one) for one in found.last)])),
        text.section(text.fit([_eval_set(found), *_kl(shown.kl), *_forward(shown)])),
    ]
    if shown.chart:
        blocks.append({"type": "image", "slack_file": {"id": f"upload:{shown.chart}"}, "alt_text": shown.alt})
    blocks += [{"type": "actions", "elements": _buttons(shown)}, text.context(_rests_on(found))]
    return Message(f"{head}. {_next(shown)}", tuple(blocks))


def alarm(found: Correlation, entry: Entry, candidate: str) -> Message:
    """The correlation fell below the floor."""
    known = _known(found)
    head = f"Offline gains no longer predict online ones · r {coefficient(known.r)}, floor {FLOOR:g}"
    flat = [one for one in found.longest.inside if not one.agrees]
    said = (
        f"⚠ Over {found.longest.days} days r is {spoken(known)}. Until it is {FLOOR:g} again, "
        "readiness takes no offline gain for evidence, and a launch needs a waiver by name."
    )
    sure = "" if known.high < FLOOR else f" The interval reaches above {FLOOR:g}: it may be noise."
    what = f"Next: [Diagnose] walks the five causes with their evidence. {candidate} is in the backlog."
    blocks: list[Block] = [
        text.header(_plain(head)),
        text.section(f"{said}{sure}"),
        text.section(text.fit([_directions(found), *(_pair(one) for one in flat[:LAST])])),
        text.section(what),
        {
            "type": "actions",
            "elements": [button("Diagnose", CorrelationAction.DIAGNOSE, style="primary")],
        },
        text.context(f"{witness(entry)} · told once, until it has recovered"),
    ]
    return Message(f"{head}. {said}", tuple(blocks))


def restored(found: Correlation, entry: Entry) -> Message:
    """It is at or above the floor again."""
    said = (
        f"✓ Offline gains predict online ones again: over {found.longest.days} days r is "
        f"{spoken(_known(found))}{_scored(found)}, the floor is {FLOOR:g}. "
        "Registrations may count them as evidence."
    )
    return Message(said, (text.section(said), text.context(witness(entry))))


def recorded(pair: Pair, entry: Entry, *, corrects: int, found: Correlation) -> Message:
    """An experiment's deltas were put on record by hand."""
    what = f"corrects ledger {corrects}" if corrects else "on record"
    said = f"`{text.escape(pair.experiment, 80)}` {what}: {moved(pair)}. By {text.person(entry.by)}."
    blocks = (
        text.section(said),
        text.section(f"Offline against online: {verdict(found)}."),
        text.context(f"{witness(entry)} · a correction is a new entry, the newest counts"),
    )
    return Message(said, blocks)


def _scored(found: Correlation) -> str:
    """By which harness, where it is not the one of the time."""
    return f", by the harness adopted in ledger {found.harness}" if found.harness else ""


def _known(found: Correlation) -> Pearson:
    """The correlation that is judged, where it is known that there is one."""
    if not isinstance(found.longest.found, Pearson):
        raise ValueError(f"there is no correlation: {found.longest.found.reason}")
    return found.longest.found


def _next(shown: Health) -> str:
    gate = shown.found.gate
    if gate == "open":
        return _open(shown)
    if gate == "unknown":
        few = ALARM_PAIRS - shown.found.longest.pairs
        more = f"{few} more experiments with both deltas" if few > 0 else "Deltas that vary"
        return (
            f"Nobody can say yet whether offline gains predict online ones. {more} would; launches decided "
            "here bring theirs, `/correlation record` adds those that ran elsewhere."
        )
    closed = "Offline gains are no evidence for now."
    if shown.adopted is not None and shown.forward is not None and shown.forward.left:
        return f"{closed} The new harness still has {shown.forward.left} experiments to hold in."
    found = shown.diagnosis
    if found is None:
        return f"{closed} Next: find the cause with [Diagnose]."
    if found.conclusion is None:
        return f"{closed} {found.name} is looking for the cause in {text.channel(found.channel)}."
    cause = found.conclusion.dominant.replace("_", " ") or "no established cause"
    return f"{closed} {found.name} ended with {cause}. Next: mend the harness and replay it with [Replay…]."


def _open(shown: Health) -> str:
    """That offline gains count; of a harness that was just adopted, what is still to come."""
    if shown.adopted is None or shown.forward is None or shown.forward.holds:
        return "Nothing is expected of you: registrations may count offline gains as evidence."
    if shown.forward.holds is None:
        left = (
            f"it has {shown.forward.left} experiments still to hold in" if shown.forward.left else "watch it"
        )
        return f"Registrations may count offline gains of the new harness as evidence; {left}."
    return (
        f"The new harness did not hold on its first {FORWARD} experiments, though all of them together are "
        f"above {FLOOR:g}. Next: find out why with [Diagnose], and replay a better one with [Replay…]."
    )


def _window(one: Window) -> str:
    if not isinstance(one.found, Pearson):
        return f"*{one.days} days* ? {text.escape(one.found.reason, 300)}"
    parts = [f"*{one.days} days* r {spoken(one.found)}"]
    if isinstance(one.chance, Permuted):
        parts.append(f"by chance alone {p_is(one.chance.p)} ({one.chance.how})")
    if isinstance(one.ranked, Spearman):
        parts.append(f"Spearman {coefficient(one.ranked.rho)}, {p_is(one.ranked.p)}")
    return " · ".join(parts)


def _directions(found: Correlation) -> str:
    last = len(found.last)
    if not last:
        return "*Direction* ? no experiment has both deltas on record yet"
    said = f"{found.agreeing} of the last {last} moved the same way"
    if last < LAST:
        return f"*Direction* ? {said}; judged from {LAST} on"
    mark = "✓" if found.agreeing >= AGREEING else "⚠"
    alert = f", below {TOO_FEW} is an alert" if found.agreeing < AGREEING else ""
    return f"*Direction* {mark} {said}, at least {AGREEING} should{alert}"


def _pair(one: Pair) -> str:
    mark = "✓ same way" if one.agrees else "⚠ not the same way"
    when = text.when(one.at, style=_DAY)
    return f"{mark} · `{text.escape(one.experiment, 80)}` {moved(one)} · {when}"


def moved(one: Pair) -> str:
    """Both deltas with their signs."""
    return f"offline {signed(one.offline)}, online {signed(one.online)}"


def _eval_set(found: Correlation) -> str:
    if found.eval_set_age is None:
        return "*Eval set* ? nobody declared when it was built (`offline.built` of the registration)"
    age, name = found.eval_set_age, text.escape(found.eval_set, 80) or "the newest"
    mark = "✓" if age <= FRESH else "⚠"
    stale = f", stale above {STALE} d" if age > FRESH else ""
    return f"*Eval set* {mark} {name} is {age} d old, at most {FRESH} d wanted{stale}"


def _kl(lines: Sequence[Line]) -> list[str]:
    if not lines:
        return [f"*KL(eval‖production)* ? {NOT_NAMED}"]
    return [
        f"*Eval set against production* {_MARKS[one.status]} {text.escape(one.line, 400)}" for one in lines
    ]


def _forward(shown: Health) -> list[str]:
    forward = shown.forward
    if shown.adopted is None or forward is None:
        return []
    seen = len(forward.pairs)
    said = (
        f"*New harness* adopted {text.when(shown.adopted, style=_DAY)} on its replay (ledger "
        f"{shown.found.harness}), which scored what was finished before: {seen} of {FORWARD} "
        f"experiments since, {forward.agreeing} moved the same way"
    )
    if forward.left:
        return [f"{said}; {forward.left} more must hold"]
    found = forward.found
    r = f"r {coefficient(found.r)}" if isinstance(found, Pearson) else f"no r: {found.reason}"
    held = {True: "✓ it held", False: "⚠ it did not hold", None: "? it cannot be judged"}[forward.holds]
    return [f"{said}. {held}: {text.escape(r, 200)}, target {TARGET:g}"]


def _buttons(shown: Health) -> list[Block]:
    closed = shown.found.gate == "closed" and shown.diagnosis is None and shown.adopted is None
    return [
        button("Diagnose", CorrelationAction.DIAGNOSE, style="primary" if closed else ""),
        button("Record…", CorrelationAction.RECORD),
        button("Replay…", CorrelationAction.REPLAY),
    ]


def _rests_on(found: Correlation) -> str:
    entries = sorted(one.entry for one in found.longest.inside if one.entry)
    numbers = ", ".join(map(str, entries[-20:]))
    rests = f"rests on ledger {numbers}" if entries else "rests on nothing yet"
    return f"{rests} · Pearson with Fisher's interval (95 %), permutation of pairs · {text.when(found.at)}"


def _plain(said: str) -> str:
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
