"""What a framing says in sentences: the same in cards, forms and documents, as plain text."""

import datetime as dt
from collections.abc import Sequence

from bot.core.figures import level, share, weekday
from bot.core.framing import F, Recommendation
from bot.core.framing_check import Lack, Reach, option_line, reach, span_words
from bot.core.framing_reader import Framed
from bot.core.framing_worth import Worth, compare
from bot.stats.undecided import Undecided

ANSWERED = {"open": "not known yet", "yes": "yes", "no": "no"}


def revisited(framed: Framed) -> str:
    """When it is looked at again, in a clause; empty where no day is set."""
    if framed.revisit is None:
        return ""
    return f"looked at again on {date(framed.revisit)}"


def date(day: dt.date) -> str:
    """`Tue 5 Jan 2027`."""
    return f"{weekday(day)} {day.year}"


def options(framed: Framed) -> list[str]:
    """A line each for the heuristic and for ML: what it is, what it brings, what it costs."""
    return [
        f"Heuristic: {_what(framed.text(F.HEURISTIC))}: {option_line(framed.heuristic)}",
        f"ML: {_what(framed.text(F.ML))}: {option_line(framed.ml)}",
    ]


def worth(framed: Framed) -> str:
    """What ML would bring on top at which cost, or why nobody can say."""
    found = compare(framed)
    if isinstance(found, Undecided):
        return f"? The two cannot be compared: {found.reason}."
    return f"ML brings {on_top(found)} on top of the heuristic, at {times(found)} the cost."


def order(framed: Framed) -> str:
    """What it saves to ask stage 1 first; empty while figures or the prior are missing."""
    found, prior = compare(framed), framed.prior
    if isinstance(found, Undecided) or prior is None or found.staged is None:
        return ""
    if framed.heuristic.weeks is None or framed.ml.weeks is None:
        return ""
    first, then = framed.heuristic.weeks.middle, framed.ml.weeks.middle
    return (
        f"Heuristic first spends {_weeks(first)}, and ML's {then:g} only if stage 1 comes out well "
        f"(probability {prior:g}): {found.staged:.3g} expected. ML now spends {then:g} either way."
    )


def on_top(found: Worth) -> str:
    """What ML brings beyond the heuristic, with its unit."""
    return f"{span_words(found.on_top.low, found.on_top.high)} {found.unit}".strip()


def times(found: Worth) -> str:
    """`4 times`."""
    return f"{found.times:.2g} times"


def takes(framed: Framed) -> str:
    """What a test of it takes, in a sentence; empty where baseline or effect is not given."""
    found = reach(framed)
    if isinstance(found, Undecided) or framed.baseline is None or framed.effect is None:
        return ""
    unit = framed.traffic.unit if framed.traffic else "units"
    said = (
        f"To see {points(framed.effect)} from {share(framed.baseline)} takes {found.per_arm:,} {unit} "
        "per arm (80 % power, two-sided 5 %)"
    )
    return f"{said}{_days(found, framed)}."


def _days(found: Reach, framed: Framed) -> str:
    if found.days is None or framed.traffic is None:
        return ""
    ripe = f", {framed.window} of them until the last one's outcome is known" if framed.window else ""
    return f": {found.days:.0f} days at {level(framed.traffic.per_day)} a day{ripe}"


def points(effect: float) -> str:
    """A change of a share: `+4 points`."""
    return f"{effect * 100:+.3g} points".replace("-", "\N{MINUS SIGN}")


def stages(framed: Framed) -> list[str]:
    """A line each: the question, its answer so far, what shows it."""
    first, second = _first_up(ANSWERED[framed.stage1]), _first_up(ANSWERED[framed.stage2])
    return [
        f"Does any intervention move it? {first}. {framed.text(F.STAGE1)}".strip(),
        f"Does ML beat the heuristic? {second}. {framed.text(F.STAGE2)}".strip(),
    ]


def lacking(found: Sequence[Lack], most: int = 8) -> str:
    """What keeps it from being decided, page by page, in one line."""
    said = [f"{one.what} ({one.step.heading.lower()})" for one in found[:most]]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(said) + more


def six_pager(framed: Framed, name: str) -> str:
    """The paragraph of AML-01 that defends it, from what is written and computed; `name` is FRM-3."""
    chosen = framed.recommendation
    parts = [f"Hypothesis: {_sentence(framed.text(F.H1))}"]
    if framed.text(F.STAGE1):
        parts.append(f"Stage 1 test: {_sentence(framed.text(F.STAGE1))} {takes(framed)}".rstrip())
    if chosen is Recommendation.ML_NOW:
        parts.append(f"We are running the ML option: {_sentence(framed.text(F.ML))}")
    elif chosen is Recommendation.NOT_NOW:
        parts.append("We are doing neither now.")
    elif chosen is Recommendation.HEURISTIC_FIRST:
        parts.append(f"We are not running the ML option now ({_what(framed.text(F.ML))}).")
    found = compare(framed)
    if isinstance(found, Worth):
        said = f"ML's expected value over the heuristic is {on_top(found)}"
        parts.append(f"{said} at {times(found)} the engineering cost.")
    if framed.text(F.WHY):
        parts.append(_sentence(framed.text(F.WHY)))
    if framed.revisit is not None:
        first = chosen is Recommendation.HEURISTIC_FIRST
        after = ", if stage 1 has succeeded and stage 2 is worth asking" if first else ""
        parts.append(f"We look at it again on {date(framed.revisit)}{after}.")
    if framed.text(F.TENET):
        parts.append(f"Tenet: {_sentence(framed.text(F.TENET))}")
    return " ".join(parts) + f" ({name})"


def _weeks(value: float) -> str:
    return f"{value:g} engineer-week{'' if value == 1 else 's'}"


def _what(said: str) -> str:
    return said.rstrip(". ") or "not described"


def _sentence(said: str) -> str:
    bare = said.strip()
    return bare if not bare or bare[-1] in ".?!…" else f"{bare}."


def _first_up(said: str) -> str:
    return said[:1].upper() + said[1:]
