"""A harness on the command line: the finding first, then why, with intervals."""

from collections.abc import Mapping, Sequence

from bot.core.evidence import EvidenceStatus
from bot.core.figures import MINUS, signed
from bot.core.found import Found
from bot.core.harness_declared import HIT, Cause
from bot.core.offline_metrics import ESTIMATORS, Counterfactual, Measured, Ranked, Score
from bot.stats.moments import Estimate
from bot.stats.off_policy import OffPolicy
from bot.stats.undecided import Undecided

NAMES = {"ips": "IPS", "snips": "SNIPS", "dr": "doubly robust"}
CAUSES = {
    Cause.SELECTION_BIAS: "selection bias",
    Cause.LABEL_LEAKAGE: "label leakage",
    Cause.DISTRIBUTION_SHIFT: "distribution shift",
    Cause.METRIC_PROXY: "metric proxy mismatch",
    Cause.GOODHARTING: "Goodharting",
}
"""The five root causes as people say them."""


def lines(found: Measured, evidence: Mapping[Cause, Sequence[Found]]) -> list[str]:
    """All of a harness, a line each."""
    said = [f"{found.harness.title} ({found.harness.id}), sha256 {found.harness.sha256[:12]}…"]
    if found.ranked is not None:
        said += ["", *_ranked(found.ranked)]
    if found.counterfactual is not None:
        said += ["", *_counterfactual(found.counterfactual)]
    if evidence:
        said += ["", *_evidence(evidence)]
    return said


def _ranked(found: Ranked | Undecided) -> list[str]:
    if isinstance(found, Undecided):
        return [f"rankings: undecided: {found.reason}"]
    if isinstance(found.scores, Undecided):
        return [f"rankings: undecided: {found.scores.reason}"]
    first = f"rankings: {found.queries:,} queries; 95 % intervals, each by itself"
    return [first, *(_score(one) for one in found.scores)]


def _score(one: Score) -> str:
    name = f"  {one.metric.name}{f', {one.device}' if one.device else ''}"
    counted = f"{one.queries:,} queries"
    if one.difference is None:
        return f"{name}: {_level(one.control)}; {counted}"
    if isinstance(one.difference, Undecided):
        return f"{name}: undecided: {one.difference.reason}; {counted}"
    gap, relative = one.difference, one.relative
    more = f", {signed(relative.value)}" if isinstance(relative, Estimate) else ""
    word = "" if gap.beyond_zero else ", may be none"
    sides = f"{_value(one.control)} to {_value(one.treatment)}"
    span = f"({_signed(gap.low)} to {_signed(gap.high)})"
    return f"{name}: {sides}, {_signed(gap.value)} {span}{more}{word}; {counted}"


def _counterfactual(found: Counterfactual | Undecided) -> list[str]:
    if isinstance(found, Undecided):
        return [f"counterfactual: undecided: {found.reason}"]
    said = [f"counterfactual: {_headline(found)}", *_policy("all", found.whole)]
    if found.own is not None:
        said.append(f"  its own log: {_level(found.own)}")
        said += [f"  {_apart(name, found.apart[name])}" for name in ESTIMATORS if name in found.apart]
    said += [f"  note: {one}" for one in found.remarks]
    for name in sorted(one for one in found.found if one):
        said += _policy(name, found.found[name])
    return said


def _headline(found: Counterfactual) -> str:
    """What is to be taken from it, by the estimator that errs least."""
    whole = found.whole
    key = next((one for one in ("dr", "snips", "ips") if isinstance(getattr(whole, one), Estimate)), "")
    if not key:
        return f"nothing can be said: {whole.ips}".replace("undecided: ", "")
    lift = whole.lifts.get(key)
    if isinstance(lift, Estimate):
        more = "more" if lift.value > 0 else "less"
        seen = f"the target policy earns {more} than the logging one"
        word = (
            seen
            if lift.beyond_zero
            else "no difference between the target policy and the logging one is seen"
        )
        word += f" ({NAMES[key]} {signed(lift.value)}, {signed(lift.low)} to {signed(lift.high)})"
    else:
        word = f"the target policy earns {_level(getattr(whole, key))} by {NAMES[key]}"
    gap = found.apart.get(key)
    if isinstance(gap, Estimate):
        word += "; its own log says otherwise" if gap.beyond_zero else "; its own log does not contradict it"
    return word


def _policy(name: str, one: OffPolicy) -> list[str]:
    weights = one.weights
    rows = f"{weights.rows:,.0f} row{'' if weights.rows == 1 else 's'}, {weights.effective:,.0f} effective"
    first = f"  {name}: {rows}, largest weight {weights.largest:.3g}; 95 % intervals"
    said = [first, f"    as logged: {_level(one.logged)}"]
    said += [_estimator(one, key) for key in ESTIMATORS]
    if not isinstance(one.dm, Undecided):
        said.append(f"    direct method: {one.dm:.4g}, without an interval: its error is that of its model")
    return said


def _estimator(one: OffPolicy, key: str) -> str:
    value: Estimate | Undecided = getattr(one, key)
    lift = one.lifts.get(key)
    more = ""
    if isinstance(lift, Estimate):
        more = f", {signed(lift.value)} over the log ({signed(lift.low)} to {signed(lift.high)})"
    return f"    {NAMES[key]}: {_level(value)}{more}"


def _apart(key: str, one: Estimate | Undecided) -> str:
    if isinstance(one, Undecided):
        return f"{NAMES[key]} less its own: undecided: {one.reason}"
    word = "apart" if one.beyond_zero else "no difference seen"
    return (
        f"{NAMES[key]} less its own: {_signed(one.value)} ({_signed(one.low)} to {_signed(one.high)}): {word}"
    )


def _evidence(evidence: Mapping[Cause, Sequence[Found]]) -> list[str]:
    said = ["evidence of the five causes"]
    for cause, found in evidence.items():
        said += [f"  {CAUSES[cause]}: {verdict(one)}: {one.line}" for one in found]
    return said


def verdict(one: Found) -> str:
    """The verdict of a line of evidence in a word or two."""
    if one.status is EvidenceStatus.CLEAR:
        return "✓ clear"
    if one.status is EvidenceStatus.UNKNOWN:
        return "? unknown"
    return "✗ hit" if one.finding == HIT else "⚠ partial hit"


def _level(one: Estimate | Undecided | None) -> str:
    if one is None or isinstance(one, Undecided):
        return "not asked for" if one is None else f"undecided: {one.reason}"
    return f"{_number(one.value)} ({_number(one.low)} to {_number(one.high)})"


def _value(one: Estimate | Undecided | None) -> str:
    return _number(one.value) if isinstance(one, Estimate) else "?"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", MINUS)


def _signed(value: float) -> str:
    text = f"{abs(value):.3g}"
    return f"±{text}" if not float(text) else f"+{text}" if value > 0 else f"{MINUS}{text}"
