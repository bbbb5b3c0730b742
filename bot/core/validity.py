"""Whether the data of a look can be judged at all: every check, each a named finding."""

from collections.abc import Callable, Iterable

from bot.core import splits
from bot.core.data_finding import DataFinding, error, warning
from bot.core.figures import level, p_is, share
from bot.core.measure import Measured, measure
from bot.core.observation import SIDES, Observations
from bot.core.reconciling import contradiction
from bot.core.registration import Registration
from bot.stats.reconciliation import Reconciliation
from bot.stats.srm import THRESHOLD, Srm, mix_p
from bot.stats.undecided import Undecided

CONTAMINATION = 0.001
"""Share of units seen in both arms above which the assignment is taken as broken; below it they are left
out."""


def examine(
    registration: Registration,
    seen: Observations,
    *,
    day: float,
    srm: Srm | Undecided,
    reconciliation: Reconciliation | Undecided,
) -> tuple[DataFinding, ...]:
    """Every finding about the data, errors first and worst first; `day` is the one the look was asked for."""
    wrong = [
        *_arms(registration, seen),
        *splits.overall(registration, seen, srm),
        *splits.within_cohorts(registration, seen, srm),
        *contradiction(registration, seen, reconciliation),
    ]
    odd = [
        *wrong,
        *_both_arms(seen),
        *_repeated(seen),
        *_infinite(registration, seen),
        *_said(seen.broken, seen, error),
        *_vanished(seen),
        *_fresh(registration, seen, day),
        *_said(seen.remarks, seen, warning),
        *_values(registration, seen),
        *_undeclared(registration, seen),
        *_missing(seen),
    ]
    return tuple(sorted(odd, key=lambda one: one.level != "error"))


def _missing(seen: Observations) -> list[DataFinding]:
    """Metrics that could not be had; their own lines say so, so the notes do not."""
    return [
        warning("metric-unavailable", f"{name}: {why}.", shown=False)
        for name, why in sorted(seen.missing.items())
    ]


def _said(
    sentences: Iterable[str], seen: Observations, make: Callable[[str, str], DataFinding]
) -> list[DataFinding]:
    return [make(seen.codes.get(one, "odd-rows"), one) for one in sentences]


def _arms(registration: Registration, seen: Observations) -> list[DataFinding]:
    found = []
    for side in SIDES:
        if seen.units(side) == 0:
            label = getattr(registration.arms, side)
            other = f" ({_units(seen.other_arm)} in neither arm)" if seen.other_arm else ""
            found.append(error("missing-arm", f"the {side} arm `{label}` has no units{other}"))
    return found


def _both_arms(seen: Observations) -> list[DataFinding]:
    if not seen.both_arms:
        return []
    total = sum(seen.units(side) for side in SIDES)
    said = f"{_units(seen.both_arms)} seen in both arms"
    if seen.both_arms > CONTAMINATION * (total + seen.both_arms):
        return [error("units-in-both-arms", f"{said}: the assignment is not stable")]
    return [warning("units-in-both-arms", f"{said}, and left out.")]


def _repeated(seen: Observations) -> list[DataFinding]:
    if seen.duplicates <= 0:
        return []
    return [
        error(
            "repeated-units",
            f"{seen.duplicates:,} rows repeat a unit, and the data has no day: "
            "name the day column, or give one row per unit",
        )
    ]


def _infinite(registration: Registration, seen: Observations) -> list[DataFinding]:
    found = []
    for metric, count in sorted(seen.infinite.items()):
        if metric != registration.primary.metric:
            said = f"{metric}: {_units(count)} with an infinite value left out."
            found.append(warning("infinite-values", said))
        elif count:
            found.append(error("infinite-values", f"an infinite value of {metric} for {_units(count)}"))
    return found


def _vanished(seen: Observations) -> list[DataFinding]:
    """Arms with fewer units than at a look or on a day before; the source may have said so itself."""
    if "decreasing-counts" in seen.codes.values():
        return []
    for day, *sizes in sorted(seen.earlier):
        for side, then in zip(SIDES, sizes, strict=True):
            now = seen.units(side)
            if then - now > CONTAMINATION * then:
                said = f"the {side} arm had {then:,} units on day {day:g} and has {now:,} now: units vanished"
                return [error("decreasing-counts", said)]
    return []


def _fresh(registration: Registration, seen: Observations, day: float) -> list[DataFinding]:
    """Whether the data reach the day of the look, and begin on the first."""
    found, allowed = [], registration.data.max_lag_days
    if seen.last_day is not None and seen.last_day < day:
        lag, newest = day - seen.last_day, f"{seen.last_day:g}"
        ends = f"the data end on day {newest}, and this look is on day {day:g}"
        if allowed and lag > allowed:
            found.append(error("stale-data", f"{ends}: they may lie at most {_days(allowed)} behind"))
        elif seen.summary and lag >= 1:
            found.append(
                warning(
                    "stale-data", f"the newest statistics are of day {newest}, for the look on day {day:g}."
                )
            )
        elif not seen.summary and allowed:
            found.append(
                warning(
                    "stale-data", f"T{ends[1:]}: it is judged by the information there was on day {newest}."
                )
            )
        elif not seen.summary:
            found.append(error("look-before-its-day", ends))
    if not seen.summary and seen.first_day is not None and seen.first_day >= 2:
        said = f"The data begin on day {seen.first_day:g} of the experiment, not on its first."
        found.append(warning("late-start", said))
    return found


def _values(registration: Registration, seen: Observations) -> list[DataFinding]:
    """Of every metric that is judged: values that are missing, do not vary, or were no covariate."""
    judged = dict.fromkeys((registration.primary.metric, *(one.metric for one in registration.guardrails)))
    found = []
    for metric in judged:
        found += _unknown(registration, seen, metric)
        found += _covariate(seen, metric, measure(registration, seen, metric))
    return [*found, *_constant(registration, seen)]


def _unknown(registration: Registration, seen: Observations, metric: str) -> list[DataFinding]:
    """Units without a value; and whether one arm has more of them, which makes the arms differ."""
    nulls = seen.nulls.get(metric, 0)
    samples = [seen.sample(side, metric) for side in SIDES]
    if not nulls or None in samples:
        return []
    found, units = [], [seen.units(side) for side in SIDES]
    known = [sample.n for sample in samples if sample is not None]
    total = sum(units)
    if metric == registration.primary.metric:
        found.append(warning("null-values", f"{metric} is known for {total - nulls:,} of {total:,} units."))
    rest = [all_ - n for all_, n in zip(units, known, strict=True)]
    p = mix_p((known[0], rest[0]), (known[1], rest[1]))
    if isinstance(p, float) and p < THRESHOLD:
        shares = [share(n / all_) for all_, n in zip(units, known, strict=True)]
        found.append(
            warning(
                "uneven-nulls",
                f"⚠ {metric} is known for {shares[0]} of the control and {shares[1]} of the treatment "
                f"({p_is(p)}): those with a value may differ between the arms.",
            )
        )
    return found


def _covariate(seen: Observations, metric: str, measured: Measured) -> list[DataFinding]:
    if seen.covariate_moves(metric):
        moving = _units(seen.moving[metric])
        return [
            warning(
                "covariate-after-exposure",
                f"The covariate of {metric} changes during the experiment for {moving}, so it was measured "
                "after exposure: the effect is judged without CUPED.",
            )
        ]
    if measured.cuped is None or not measured.cuped.balance_p < THRESHOLD:
        return []
    samples = [seen.sample(side, metric) for side in SIDES]
    means = [one.mean_of("covariate") for one in samples if one and "covariate" in one.columns]
    figures = f" goes from {level(means[0])} to {level(means[1])}" if len(means) == len(SIDES) else " differs"
    return [
        warning(
            "covariate-imbalance",
            f"⚠ The arms differed before the experiment began: the covariate of {metric}{figures} "
            f"({p_is(measured.cuped.balance_p)}).",
        )
    ]


def _constant(registration: Registration, seen: Observations) -> list[DataFinding]:
    """The primary without variance; the reason of the verdict says so, where it stands in the way."""
    primary = registration.primary.metric
    for side in SIDES:
        sample = seen.sample(side, primary)
        name = next((one for one in ("value", "numerator") if sample and one in sample.columns), None)
        if sample is None or name is None or sample.n < 2:
            continue
        variance = sample.variance(name)
        if not variance > 0:
            what = "does not vary" if variance == 0 else "has no variance stated"
            said = f"{primary} {what} in the {side} arm ({_units(sample.n)})."
            return [warning("no-variance", said, shown=False)]
    return []


def _undeclared(registration: Registration, seen: Observations) -> list[DataFinding]:
    """Units whose cohort is none of those declared."""
    total = sum(seen.units(side) for side in SIDES)
    found = []
    for number, dimension in enumerate(registration.cohorts.dimensions):
        other = sum(seen.count(side, {number: None}) for side in SIDES)
        if other and total:
            said = (
                f"{dimension}: {_units(other)} ({share(other / total)}) with none of the declared values; "
                "they count in the whole only."
            )
            found.append(warning("undeclared-cohort-values", said))
    return found


def _units(count: int) -> str:
    return f"{count:,} unit{'' if count == 1 else 's'}"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
