"""The check after a launch: whether the effect that was measured before it is still there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from bot.core.figures import interval as ends_of
from bot.core.figures import signed
from bot.core.guardrail_table import guardrails
from bot.core.look import GuardrailResult, no_relative, relative
from bot.core.measure import measure
from bot.core.metric import Proportion, Quantile, Ratio
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.stats.effect import Effect, Interval
from bot.stats.guardrail import Status
from bot.stats.novelty import Exposed, Novelty, Point, novelty
from bot.stats.undecided import Undecided

Finding: TypeAlias = Literal["sustained", "faded", "gone", "held", "fell", "unknown"]
"""Against a holdout: sustained, faded (less than at launch), gone (none is shown any more). Without one, of
the treatment alone, then against now: held, fell. unknown: the data cannot say."""

Against: TypeAlias = Literal["holdout", "launch", ""]

NO_HOLDOUT = "no unit was kept on the control after the launch, so seasons and other changes mix in"


@dataclass(frozen=True)
class AtLaunch:
    """What the last sound look measured: its record, its day, and the primary's relative effect.

    adjusted: the effect is adjusted for having looked more than once, which makes what ships look too large.
    """

    record: int
    look: int
    day: float
    effect_rel: float | None
    ci_rel: Interval | None
    adjusted: bool = False

    @classmethod
    def of(cls, record: int, look: int, day: float, result: Mapping[str, Any]) -> "AtLaunch":
        """From the JSON of a look."""
        primary = result["primary"]
        fair = primary.get("adjusted") or {}
        adjusted = fair.get("estimate_rel") is not None
        chosen, name = (fair, "estimate_rel") if adjusted else (primary, "effect_rel")
        ends = chosen.get("ci_rel")
        interval = None if ends is None else (float(ends[0]), float(ends[1]))
        return cls(record, look, day, chosen.get(name), interval, adjusted)


@dataclass(frozen=True)
class After:
    """What the check found.

    finding, because: in a word, and why. against: what the treatment was compared with. effect: of the
    primary, treatment against it, after the last look; units: of both. guardrails: of the same days.
    novelty: the effect by days since exposure. days: of the experiment that were read, first and last. ratio:
    the effect after over the effect at launch. remarks: what else a reader should know about the data.
    """

    finding: Finding
    because: str
    against: Against
    metric: str
    launch: AtLaunch
    effect: Effect | Undecided
    guardrails: tuple[GuardrailResult, ...]
    novelty: Novelty | Undecided
    points: tuple[Point, ...]
    days: tuple[float, float] | None
    fingerprint: str = ""
    source: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def fades(self) -> bool:
        """Whether the effect gets smaller with the days since exposure, beyond chance."""
        if isinstance(self.novelty, Undecided):
            return False
        was = self.launch.effect_rel
        sign = 1 if (self.novelty.first if was is None else was) > 0 else -1
        return max(sign * self.novelty.low, sign * self.novelty.high) < 0

    @property
    def ratio(self) -> float | None:
        """The effect after over the effect at launch; None where either is missing or that was nothing."""
        now, then = relative(self.effect)[0], self.launch.effect_rel
        return now / then if self.against == "holdout" and now is not None and then else None

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        rel, ci = relative(self.effect)
        known = self.effect if isinstance(self.effect, Effect) else None
        shape: dict[str, Any] = {
            "finding": self.finding,
            "because": self.because,
            "against": self.against or None,
            "metric": self.metric,
            "days": list(self.days) if self.days else None,
            "effect_rel": rel,
            "ci_rel": list(ci) if ci else None,
            "p": known.p if known else None,
            "n": {"control": known.control.n, "treatment": known.treatment.n} if known else None,
            "mean": {"control": known.control.mean, "treatment": known.treatment.mean} if known else None,
            "at_launch": {
                "record": self.launch.record,
                "look": self.launch.look,
                "adjusted": self.launch.adjusted,
                "effect_rel": self.launch.effect_rel,
                "ci_rel": list(self.launch.ci_rel) if self.launch.ci_rel else None,
            },
            "ratio": self.ratio,
            "guardrails": [_guardrail(one) for one in self.guardrails],
            "novelty": _novelty(self.novelty),
            "fades": self.fades,
            "points": [[one.days, one.effect, one.variance] for one in self.points],
            "data_fingerprint": self.fingerprint,
            "source": self.source,
            "remarks": list(self.remarks),
        }
        return shape


def judge(
    registration: Registration,
    launch: AtLaunch,
    then: Observations | None,
    seen: Observations | None,
    exposed: Exposed | Undecided,
    *,
    since: float,
    unseen: str = "",
) -> After:
    """The finding.

    then: what the last look saw; seen: the days after day `since`, None with the reason `unseen`.
    exposed: the effect by days since exposure.
    """
    line = exposed if isinstance(exposed, Undecided) else novelty(exposed, alpha=registration.alpha)
    known = () if isinstance(exposed, Undecided) else exposed.points
    metric = registration.primary.metric
    if seen is None:
        nothing = Undecided(unseen)
        return After("unknown", unseen, "", metric, launch, nothing, (), line, known, None)
    days = since + (seen.first_day or 1), since + (seen.last_day or seen.day or 1)
    holdout = has_holdout(seen)
    effect, lines = _effects(registration, then, seen, holdout=holdout)
    if seen.broken:
        effect, lines = Undecided(seen.broken[0]), ()
    compared = _against_holdout if holdout else _alone
    finding, because = compared(registration, launch, effect)
    against: Against = "holdout" if holdout else "launch"
    return After(
        finding, because, against, metric, launch, effect, lines, line, known, days, seen.fingerprint(),
        seen.source, _remarks(seen, holdout=holdout),
    )  # fmt: skip


def _remarks(seen: Observations, *, holdout: bool) -> tuple[str, ...]:
    """What is odd about the rows; that units of the holdout went over, though most stayed."""
    moved = f"{seen.both_arms:,} units of the holdout went over to the treatment and are left out"
    return ((moved,) if holdout and seen.both_arms else ()) + seen.remarks


def has_holdout(seen: Observations) -> bool:
    """Whether units stayed on the control after the launch: more of them than went over to the treatment."""
    control = seen.units("control")
    return control > seen.both_arms and control > 0 and seen.units("treatment") > 0


def _effects(
    registration: Registration, then: Observations | None, seen: Observations, *, holdout: bool
) -> tuple[Effect | Undecided, tuple[GuardrailResult, ...]]:
    """The primary and the guardrails of the days after."""
    primary, alpha = registration.primary.metric, registration.alpha
    if holdout:
        lines = guardrails(registration, seen, (1.0,), final=True)
        return measure(registration, seen, primary, alpha=alpha).effect, lines
    if not seen.units("treatment"):
        return Undecided("the days after the last look have no unit of the treatment arm"), ()
    if then is None or then.summary != seen.summary:
        return Undecided("what the last look saw cannot be set beside the days after it"), ()
    metric = registration.metrics[primary]
    if isinstance(metric, Quantile | Ratio) and then.summary:
        return Undecided(f"{primary} has no statistics by themselves in the last look's record"), ()
    if isinstance(metric, Proportion) and _span(then) != _span(seen):
        why = f"{primary} grows with the days it is counted over: {_span(then)} then, {_span(seen)} now"
        return Undecided(why), ()
    return measure(registration, _then_and_now(then, seen), primary, alpha=alpha).plain, ()


def _span(seen: Observations) -> str:
    """How many days the data cover; empty where they have no days."""
    if seen.first_day is None or seen.last_day is None:
        return ""
    return f"{seen.last_day - seen.first_day + 1:g} days"


def _then_and_now(then: Observations, seen: Observations) -> Observations:
    """The treatment arm of the last look in the place of the control."""
    before = tuple(replace(one, side="control") for one in then.cells if one.side == "treatment")
    after = tuple(one for one in seen.cells if one.side == "treatment")
    quantiles = {
        name: {"control": then.quantiles[name]["treatment"], "treatment": arms["treatment"]}
        for name, arms in seen.quantiles.items()
        if "treatment" in arms and "treatment" in then.quantiles.get(name, {})
    }
    missing = {**then.missing, **seen.missing}
    return replace(seen, cells=(*before, *after), quantiles=quantiles, missing=missing)


def _against_holdout(
    registration: Registration, launch: AtLaunch, effect: Effect | Undecided
) -> tuple[Finding, str]:
    """The effect lasted where it is shown again, and is not shown to be less than it was.

    Less: the two estimates differ by more than both intervals together explain, as if they were independent.
    They share their units, so the difference varies less than that: the alarm is rarer than alpha, not
    oftener.
    """
    rel, ci = relative(effect)
    if rel is None or ci is None:
        return "unknown", f"the effect after the launch cannot be had: {no_relative(effect)}"
    was, before = launch.effect_rel, launch.ci_rel
    sign = 1 if registration.primary.direction == "increase" else -1
    shown = f"{signed(rel)} {ends_of(ci)} against the holdout"
    if was is None or before is None:
        return "unknown", f"{shown}, and look {launch.look} had no effect to compare it with"
    at = f"{signed(was)} at look {launch.look}"
    if sign * was <= 0:
        return "unknown", f"{shown}, and {at}: there was no gain that could last"
    low, high = sorted((sign * ci[0], sign * ci[1]))
    less = sign * (was - rel) > math.hypot(_half(ci), _half(before))
    if low > 0:
        if less:
            return "faded", f"{shown}: still there, and less than {at}"
        return "sustained", f"{shown}, {at}"
    if less or high <= 0:
        return "gone", f"{shown}: no gain is shown any more, and it was {at}"
    return "unknown", f"{shown}: neither nothing nor the {at} can be excluded"


def _half(ends: Interval) -> float:
    return abs(ends[1] - ends[0]) / 2


def _alone(registration: Registration, launch: AtLaunch, effect: Effect | Undecided) -> tuple[Finding, str]:
    rel, ci = relative(effect)
    if rel is None or ci is None:
        return "unknown", f"{NO_HOLDOUT}; nor is there a figure: {no_relative(effect)}"
    sign = 1 if registration.primary.direction == "increase" else -1
    shown = f"treatment now against treatment at look {launch.look} {signed(rel)} {ends_of(ci)}"
    low, high = sorted((sign * ci[0], sign * ci[1]))
    if high < 0:
        return "fell", f"{shown}; {NO_HOLDOUT}"
    was = launch.effect_rel
    if was is not None and sign * was > 0 and low <= sign * (1 / (1 + was) - 1):
        return "unknown", f"{shown}, so a fall by all that was gained cannot be excluded; {NO_HOLDOUT}"
    return "held", f"{shown}; {NO_HOLDOUT}"


def _guardrail(one: GuardrailResult) -> dict[str, Any]:
    judged = one.judgement
    return {
        "metric": one.metric,
        "limit": one.threshold.limit,
        "measured": judged.measured,
        "interval": list(judged.interval) if judged.interval else None,
        "p": judged.p,
        "status": str(judged.status),
        "reason": judged.reason if judged.status is Status.UNDECIDED else "",
    }


def _novelty(found: Novelty | Undecided) -> dict[str, Any]:
    if isinstance(found, Undecided):
        return {"slope": None, "reason": found.reason}
    names = ("slope", "se", "low", "high", "p", "first", "last", "points")
    return {name: getattr(found, name) for name in names} | {"days": list(found.days)}
