"""Do the metrics, the primary and the guardrails fit together?"""

import difflib
from collections.abc import Iterable

from bot.core.lint.report import Report
from bot.core.metric import Mean, Proportion, Quantile, Ratio
from bot.core.registration import Guardrail, Registration


def check(registration: Registration, report: Report) -> None:
    """Columns for every metric, a primary with an effect worth finding, one line per guardrail."""
    if registration.data.kind == "rows":
        _columns(registration, report)
    _primary(registration, report)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for position, guardrail in enumerate(registration.guardrails):
        _guardrail(registration, guardrail, position, report)
        key = (guardrail.metric, tuple(guardrail.thresholds))
        if key in seen:
            report.error(
                "R114",
                ("guardrails", position),
                f"{guardrail.metric} has two guardrails of the same kind.",
                "Keep the stricter one.",
            )
        seen.add(key)


def _columns(registration: Registration, report: Report) -> None:
    for name, metric in registration.metrics.items():
        needed = ("numerator", "denominator") if isinstance(metric, Ratio) else ("column",)
        for part in needed:
            if getattr(metric, part) is None:
                report.error(
                    "R110",
                    ("metrics", name, part),
                    f"metrics.{name}.{part} is missing.",
                    "A ratio needs numerator and denominator: the columns to be summed."
                    if isinstance(metric, Ratio)
                    else f"Name the column, e.g. `column: {name}`.",
                )


def _primary(registration: Registration, report: Report) -> None:
    primary = registration.primary
    metric = registration.metrics.get(primary.metric)
    if metric is None:
        report.error("R111", ("primary", "metric"), *_unknown(primary.metric, registration.metrics))
    if primary.mde is None:
        report.error(
            "R115",
            ("primary", "mde"),
            "primary.mde is missing: nobody said which effect would be worth having.",
            "Write e.g. `mde: {relative: 0.03}`.",
        )
    elif (primary.mde.relative is None) == (primary.mde.absolute is None):
        report.error(
            "R115", ("primary", "mde"), "primary.mde needs either relative or absolute.", "Keep one of them."
        )
    _size_inputs(registration, report)
    if primary.cuped and isinstance(metric, Mean | Proportion | Ratio) and metric.covariate is None:
        report.warning(
            "R117",
            ("primary", "cuped"),
            f"primary.cuped plans with a variance reduction, but metrics.{primary.metric} has no covariate.",
            "Name the pre-period column as `covariate:`, or plan without.",
        )
    if metric is not None and registration.data.kind == "summary" and getattr(metric, "covariate", None):
        report.warning(
            "R118",
            ("metrics", primary.metric, "covariate"),
            "a summary table has no covariances, so CUPED cannot be used.",
            "Give the table adjusted means, or read rows.",
        )


def _size_inputs(registration: Registration, report: Report) -> None:
    primary = registration.primary
    metric = registration.metrics.get(primary.metric)
    absent = [part for part in ("baseline", "sd") if getattr(primary, part) is None]
    if isinstance(metric, Proportion) and "sd" in absent:
        absent.remove("sd")
    if isinstance(metric, Quantile):
        return
    if absent:
        report.warning(
            "R116",
            ("primary", absent[0]),
            f"primary.{' and primary.'.join(absent)} not given, so no sample size can be computed.",
            "Take it from the weeks before.",
        )


def _guardrail(registration: Registration, guardrail: Guardrail, position: int, report: Report) -> None:
    path = ("guardrails", position)
    if guardrail.metric not in registration.metrics:
        report.error("R112", (*path, "metric"), *_unknown(guardrail.metric, registration.metrics))
    given = list(guardrail.thresholds)
    if len(given) != 1:
        said = f"{len(given)} thresholds ({', '.join(given)})" if given else "no threshold"
        report.error(
            "R113",
            path,
            f"the guardrail on {guardrail.metric} has {said}.",
            "Give one, e.g. `max_relative_regression: 0.01` or `max: 800`.",
        )


def _unknown(name: str, known: Iterable[str]) -> tuple[str, str]:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]}?" if near else f"Declared metrics: {', '.join(names)}."
    return f"metric {name} is not declared under metrics.", hint
