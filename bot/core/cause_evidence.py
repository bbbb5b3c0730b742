"""What the figures say of each root cause of a collapsed correlation: hit, partial hit or clear (AML-04).

A verdict is that of the point estimate against bounds that the line states; where chance alone could explain
it, nothing is claimed.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.core import chart_spec
from bot.core.chart_spec import Bar
from bot.core.eval_evidence import beside
from bot.core.figures import MINUS, share, weekday
from bot.core.found import Found, clear, suspect, unknown
from bot.core.harness_declared import HIT, PARTIAL, Bounds, Goodhart, Leakage, Proxy, Selection, Shift
from bot.core.offline_metrics import Score
from bot.stats.divergence import ESTIMATOR, Divergence, divergence
from bot.stats.moments import Estimate, apart
from bot.stats.ranking import metric
from bot.stats.undecided import Undecided

DAY = 86400
SHOWN = 20
"""Positions drawn."""


def judged(line: str, value: float, bounds: Bounds, *, chart: Mapping[str, object] | None = None) -> Found:
    """A line whose value is a hit, a partial hit or clear."""
    if value >= bounds.hit:
        return suspect(line, HIT, chart=chart)
    if value >= bounds.partial:
        return suspect(line, PARTIAL, chart=chart)
    return clear(line, chart=chart)


def selection(evaluated: Mapping[str, float], produced: Mapping[str, float], asked: Selection) -> list[Found]:
    """How far the eval set's mix is from production's, and what of production it has nothing of."""
    if not evaluated or not produced:
        return [unknown("eval mix: no row of the eval set or of production has a segment")]
    names, p, q = beside(evaluated, produced)
    found = divergence(p, q)
    if isinstance(found, Undecided):
        return [unknown(f"eval mix: {found.reason}")]
    rows, asked_for = float(p.sum()), float(q.sum())
    shares = {name: (p[at] / rows, q[at] / asked_for) for at, name in enumerate(names)}
    ordered = sorted(names, key=lambda name: -abs(shares[name][0] - shares[name][1]))
    worst, off = ordered[0], found.value >= asked.bounds.partial
    bars = [
        Bar(name, 100 * shares[name][0], usual=100 * shares[name][1], off=off and name == worst)
        for name in ordered[:SHOWN]
    ]
    chart = chart_spec.bars("Share by segment: the eval set beside production", bars, unit="%")
    apart_most = f"{share(shares[worst][0])} of the eval set and {share(shares[worst][1])} of production"
    line = (
        f"KL(eval‖production) {found.value:.2g} nats ({found.low:.2g} to {found.high:.2g}) over {asked.days} "
        f"days, {_bounds(asked.bounds, '{:g}')}; most apart “{worst}”, {apart_most}; {found.segments} "
        f"segments, {rows:,.0f} and {asked_for:,.0f} rows; {ESTIMATOR}"
    )
    return [judged(line, found.value, asked.bounds, chart=chart), _unseen(found, asked)]


def _unseen(found: Divergence, asked: Selection) -> Found:
    """What production asks and the eval set does not have at all: the KL does not feel it."""
    line = (
        f"{share(found.unseen)} of production is in segments of which the eval set has no row, "
        f"{_bounds(asked.unseen, '{:.0%}')}"
    )
    return judged(line, found.unseen, asked.unseen)


def leakage(ordinary: Estimate | float, strict: Estimate | float, asked: Leakage, name: str) -> Found:
    """How much of the offline gain is gone where no label of the future reaches the training set."""
    before, after = _value(ordinary), _value(strict)
    said = f"{name} gain {_gain(ordinary)} on the ordinary split, {_gain(strict)} on the time-strict one"
    if before <= 0 or (isinstance(ordinary, Estimate) and not ordinary.beyond_zero):
        return unknown(f"{said}: no gain on the ordinary split, so none to lose")
    gone = 1 - after / before
    computed = isinstance(ordinary, Estimate) and isinstance(strict, Estimate)
    how = "" if computed else "; as declared, without intervals"
    line = f"{said}: {share(gone)} of it is gone, {_bounds(asked.bounds, '{:.0%}')}{how}"
    if gone < asked.bounds.partial:
        return clear(line)
    if isinstance(ordinary, Estimate) and isinstance(strict, Estimate):
        gap = apart(ordinary, strict)
        if not gap.beyond_zero:
            return unknown(
                f"{line}; the two may differ by chance ({_number(gap.low)} to {_number(gap.high)})"
            )
    return judged(line, gone, asked.bounds)


def shift(built: datetime | None, items: int, newer: int, asked: Shift, now: datetime) -> Found:
    """How much of the catalog the eval set cannot know."""
    eval_set, catalog = asked.eval_set.name, asked.catalog.name
    if built is None:
        return unknown(f"no row of {eval_set} says when it was made ({asked.built})")
    if built > now:
        return unknown(
            f"{eval_set} was built on {weekday(built.date())}, which is in the future: {asked.built}?"
        )
    if not items:
        return unknown(f"{catalog} has no rows to hold the eval set against")
    days = (now - built).total_seconds() / DAY
    line = (
        f"catalog turnover {share(newer / items)} since the eval set was built, {days:.0f} days ago: "
        f"{newer:,} of {items:,} items of {catalog} are newer, {_bounds(asked.bounds, '{:.0%}')}"
    )
    return judged(line, newer / items, asked.bounds)


def last_seen(places: Mapping[int, float], seen: float) -> int:
    """The first position up to which at least the share `seen` of clicks are.

    >>> last_seen({1: 60.0, 2: 20.0, 3: 12.0, 7: 8.0}, 0.9)
    3
    """
    total, held = sum(places.values()), 0.0
    for place in sorted(places):
        held += places[place]
        if held >= seen * total:
            return place
    return max(places, default=1)


def proxy(
    clicks: Mapping[str, Mapping[int, float]],
    seen: Mapping[str, int],
    inside: Mapping[str, Estimate | Undecided],
    whole: Estimate | Undecided,
    by_position: Mapping[int, float],
    asked: Proxy,
) -> Found:
    """Whether the offline gain sits where people look.

    seen: the last position they look at, by device and under "". inside: the share of the gain up to there;
    whole: the gain; by_position: what each position adds to it.
    """
    name = asked.ranking.metrics[0].name
    looked = f"{_held(clicks[''], seen[''])} of clicks are at positions 1 to {seen['']}"
    by_device = ", ".join(f"{one} 1 to {seen[one]}" for one in sorted(seen) if one)
    looked += f" ({by_device})" if by_device else ""
    if isinstance(whole, Undecided):
        return unknown(f"{looked}; the {name} gain is undecided: {whole.reason}")
    if not whole.low > 0:
        return unknown(f"{looked}; the {name} gain is {_gain(whole)}: none that could be located")
    share_inside = inside[""]
    if isinstance(share_inside, Undecided):
        return unknown(f"{looked}; where the {name} gain sits is undecided: {share_inside.reason}")
    unseen = 1 - share_inside.value
    span = f"{share(share_inside.low)} to {share(share_inside.high)}" if share_inside.se else "in every query"
    line = (
        f"{looked}, and there is {share(share_inside.value)} ({span}) of the {name} gain of {_gain(whole)}; "
        f"most of it at {_peak(by_position)}: {share(unseen)} is where few look, "
        f"{_bounds(asked.bounds, '{:.0%}')}"
    )
    more = [
        f"{device} {share(one.value)}"
        for device, one in sorted(inside.items())
        if device and isinstance(one, Estimate)
    ]
    if more:
        line += f"; of the gain where people look, by device: {', '.join(more)}"
    return judged(line, unseen, asked.bounds, chart=_positions(clicks[""], by_position, seen[""]))


def _positions(clicks: Mapping[int, float], gains: Mapping[int, float], last: int) -> Mapping[str, object]:
    total, whole = sum(clicks.values()), sum(gains.values())
    places = sorted({*clicks, *gains})[:SHOWN]
    bars = [
        Bar(
            f"position {at}",
            100 * gains.get(at, 0.0) / whole,
            usual=100 * clicks.get(at, 0.0) / total,
            off=at > last and gains.get(at, 0.0) / whole > clicks.get(at, 0.0) / total,
        )
        for at in places
    ]
    return chart_spec.bars("Share by position: the offline gain beside the clicks", bars, unit="%")


def goodhart(asked: Goodhart, scores: Mapping[str, Score]) -> Found:
    """Whether the metric that decides is what the model was trained on, and whether others fell meanwhile."""
    if not asked.training_loss:
        return unknown("what the model is trained on is not declared: name it under `training_loss`")
    kept = f"{len(asked.others)} other{'' if len(asked.others) == 1 else 's'}" if asked.others else "no other"
    said = f"judged by {asked.metric}, trained on {asked.training_loss}, {kept} kept beside it"
    if not _same(asked.metric, asked.training_loss):
        return clear(said)
    if not asked.others:
        return suspect(f"{said}: gameable, and nothing else would show it", HIT)
    fell = [name for name in asked.others if (one := _of(scores, name)) and _moved(one, up=False)]
    mine = _of(scores, asked.metric)
    if mine is not None and _moved(mine, up=True) and fell:
        return suspect(f"{said}: {asked.metric} rose while {', '.join(fell)} fell", HIT)
    if scores:
        return suspect(f"{said}: gameable, though no other metric fell: a chronic risk", PARTIAL)
    return suspect(f"{said}: gameable, a chronic risk", PARTIAL)


def _same(decides: str, loss: str) -> bool:
    """Whether the metric, or its kind at any depth, is in the name of the loss."""
    word, given = decides.casefold(), loss.casefold()
    one = metric(word)
    return word in given or (one is not None and one.kind in given)


def _of(scores: Mapping[str, Score], name: str) -> Score | None:
    one = metric(name)
    return None if one is None else scores.get(one.key)


def _moved(one: Score, *, up: bool) -> bool:
    gap = one.difference
    return isinstance(gap, Estimate) and (gap.low > 0 if up else gap.high < 0)


def _peak(gains: Mapping[int, float]) -> str:
    """Where the gain is: the fewest positions in a row that hold half of it.

    >>> _peak({1: 0.0, 5: 0.3, 6: 0.4, 7: 0.2, 8: 0.1})
    'positions 5 to 6'
    """
    whole, places = sum(gains.values()), sorted(gains)
    spans = [
        (places[j] - places[i], -held, places[i], places[j])
        for i in range(len(places))
        for j in range(i, len(places))
        if (held := sum(gains[place] for place in places[i : j + 1])) >= whole / 2
    ]
    _, _, first, last = min(spans)
    return f"position {first}" if first == last else f"positions {first} to {last}"


def _held(places: Mapping[int, float], last: int) -> str:
    return share(sum(many for place, many in places.items() if place <= last) / sum(places.values()))


def _bounds(bounds: Bounds, form: str) -> str:
    partial, hit = (form.format(one).replace("%", " %") for one in (bounds.partial, bounds.hit))
    return f"partial from {partial}, hit from {hit}"


def _value(one: Estimate | float) -> float:
    return one.value if isinstance(one, Estimate) else one


def _gain(one: Estimate | float) -> str:
    if isinstance(one, Estimate):
        return f"{_number(one.value)} ({_number(one.low)} to {_number(one.high)})"
    return _number(one)


def _number(value: float) -> str:
    text = f"{abs(value):.3g}"
    return f"±{text}" if not float(text) else f"+{text}" if value > 0 else f"{MINUS}{text}"
