"""The check after a launch as a card: first whether the gain lasted, then what is expected of whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.after import NO_HOLDOUT, After
from bot.core.effect import Block, Message
from bot.core.figures import interval, share, signed
from bot.core.look import relative
from bot.core.registration import Registration
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided
from bot.views import text
from bot.views.look_words import MARKS, chance, guardrail

_HEADS = {
    "sustained": "the gain lasted",
    "faded": "the gain is smaller than at launch",
    "gone": "the gain is gone",
    "held": "no fall is shown",
    "fell": "the primary metric fell",
    "unknown": "it cannot be said whether the gain lasted",
}
MARK = {"sustained": "✓", "faded": "⚠", "gone": "✗", "held": "✓", "fell": "✗", "unknown": "?"}
_ASKS = {
    "faded": "Decide whether what is left of the gain is worth what it costs to keep.",
    "gone": "Decide whether it stays: what it was launched for is not there any more.",
    "fell": "Find out whether the launch or something else made it fall, and whether it stays.",
    "unknown": "Look at it yourself: the check could not, and it is not asked again.",
}
_BREACHED = (Status.VETO, Status.NEAR_VETO)


@dataclass(frozen=True)
class Checked:
    """A check and its place in the record.

    called: whom it calls, as mentions. witness: the ledger's entry and head. late: what was late of the data
    when it was given up waiting for. chart, alt: the key of the uploaded chart, and its words.
    """

    registration: Registration
    found: After
    called: str
    witness: str
    late: str = ""
    chart: str = ""
    alt: str = ""


def asks(found: After) -> bool:
    """Whether somebody has to do something about it."""
    return found.finding in _ASKS or found.fades or bool(_breached(found))


def card(shown: Checked) -> Message:
    """The card, posted once."""
    registration, found = shown.registration, shown.found
    days = registration.after.days
    head = f"{days} day{'' if days == 1 else 's'} after the launch: {_HEADS[found.finding]}"
    name, why = text.escape(registration.name, 200), text.escape(found.because, 900)
    blocks: list[Block] = [
        text.header(f"{MARK[found.finding]} {head}"),
        text.section(text.fit([f"*{name}*: {why}.", *_expected(shown)])),
        text.section(text.fit([_primary(found), novelty_line(found), *_guardrails(registration, found)])),
        text.context(text.fit(_data(shown))),
    ]
    if shown.chart:
        image = {"id": f"upload:{shown.chart}"}
        blocks.append({"type": "image", "slack_file": image, "alt_text": text.plain(shown.alt, 2000)})
    blocks.append(text.context(_small_print(shown)))
    return Message(f"{name} · {head}. {why}.", tuple(blocks))


def waiting(registration: Registration, late: str, again: str, until: str) -> Message:
    """The data are not there: said once, with when it is tried again and until when."""
    days = registration.after.days
    head = f"{days} days after the launch: the data are not there yet"
    name, why = text.escape(registration.name, 200), text.escape(late, 600)
    said = (
        f"*{name}*: {why}.\nIt is tried again {again}, and every day until {until}; "
        "then the owner is called. Nothing is recorded before."
    )
    return Message(f"{name} · {head}: {why}.", (text.header(head), text.section(said)))


def failed(title: str, owners: str) -> Message:
    """Lookout itself failed at the check, again and again."""
    name = text.escape(title, 200)
    head = "The check after the launch could not be made"
    said = f"*{name}*: Lookout failed at it, and its log says at what. {owners}: look at it yourself."
    return Message(f"{name} · {head}: Lookout failed at it.", (text.header(head), text.section(said)))


def novelty_line(found: After) -> str:
    """Whether the effect goes with the days since exposure, for mrkdwn."""
    line = found.novelty
    if isinstance(line, Undecided):
        return f"? Novelty: unknown, {text.escape(line.reason, 300)}"
    (first, last), p = line.days, chance(line.p)
    span = (
        f"{signed(line.first)} on the day of exposure"
        if first == 0
        else f"{signed(line.first)} on day {first}"
    )
    moves = (
        f"{span}, {signed(line.last)} {last} days later"
        if first == 0
        else f"{span}, {signed(line.last)} on {last}"
    )
    if found.fades:
        return f"⚠ Novelty: it wears off with the days since exposure: {moves}, {p}"
    if line.low > 0 or line.high < 0:
        return f"✓ Novelty: none, it grows with the days since exposure: {moves}, {p}"
    return f"✓ Novelty: none is shown: {moves}, {p}"


def _expected(shown: Checked) -> list[str]:
    found = shown.found
    if not asks(found):
        return [
            "Nothing is expected of anybody; the launch is closed. The draft of its retrospective follows."
        ]
    to_do = [_ASKS[found.finding]] if found.finding in _ASKS else []
    if found.fades and not to_do:
        to_do.append("The effect wears off: decide whether and when it is looked at again.")
    if broken := _breached(found):
        names = text.escape(", ".join(broken), 300)
        to_do.append(f"A guardrail is over its line after the launch: {names}.")
    return [
        f"{shown.called}: {' '.join(to_do)}",
        "The draft of its retrospective follows; review it within five days.",
    ]


def _primary(found: After) -> str:
    name, at = text.escape(found.metric, 80), found.launch
    then = "no effect" if at.effect_rel is None else signed(at.effect_rel)
    span = f" {interval(at.ci_rel)}" if at.ci_rel else ""
    allowed = ", allowing for the looks" if at.adjusted else ""
    was = f"{then}{span} at look {at.look}{allowed}"
    rel, ci = relative(found.effect)
    if rel is None or ci is None or isinstance(found.effect, Undecided):
        return f"*{name}* after: unknown · {was}"
    control, treatment = found.effect.control.n, found.effect.treatment.n
    if found.against == "launch":
        sizes = f"n {treatment:,} now / {control:,} then"
        return f"*{name}* now against then {signed(rel)} {interval(ci)} · {sizes} · {was}"
    left = "" if found.ratio is None else f" · {share(max(found.ratio, 0.0), 0)} of it is there"
    left = " · all of it is there" if found.ratio is not None and found.ratio >= 1 else left
    sizes = f"n {treatment:,} treated / {control:,} in the holdout"
    return f"*{name}* after {signed(rel)} {interval(ci)} · {was}{left} · {sizes}"


def _guardrails(registration: Registration, found: After) -> list[str]:
    if not registration.guardrails:
        return []
    if found.against != "holdout":
        return ["? Guardrails: not judged, without a holdout there is nothing to hold them against"]
    return ["*Guardrails* after the launch"] + [
        f"{MARKS[one.judgement.status]} {guardrail(one)}" for one in found.guardrails
    ]


def _breached(found: After) -> list[str]:
    return [one.metric for one in found.guardrails if one.judgement.status in _BREACHED]


def _data(shown: Checked) -> Sequence[str]:
    found = shown.found
    days = (
        "no day was read"
        if found.days is None
        else f"days {found.days[0]:g} to {found.days[1]:g} of the experiment"
    )
    source = f" of {text.escape(found.source, 100)}" if found.source else ""
    lines = [f"Read: {days}{source}", *(text.escape(one, 300) for one in found.remarks)]
    if shown.late:
        lines.append(f"Given up waiting: {text.escape(shown.late, 300)}")
    if found.against == "launch" and NO_HOLDOUT not in found.because:
        lines.append(NO_HOLDOUT)
    return lines


def _small_print(shown: Checked) -> str:
    found = shown.found
    data = f" · data {found.fingerprint[:12]}…" if found.fingerprint else ""
    return f"`{shown.registration.id}` · rests on record {found.launch.record}{data} · {shown.witness}"
