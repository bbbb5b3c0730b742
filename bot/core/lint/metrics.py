"""Do the metrics and the primary fit together?"""

from bot.core.lint.report import Report, unknown_metric
from bot.core.metric import Proportion, Ratio
from bot.core.registration import Registration


def check(registration: Registration, report: Report) -> None:
    """Columns for every metric, a primary with an effect worth finding."""
    if registration.data.kind == "rows":
        _columns(registration, report)
    _primary(registration, report)


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
        report.error("R111", ("primary", "metric"), *unknown_metric(primary.metric, registration.metrics))
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
    if primary.cuped and metric is not None and metric.covariate is None:
        report.warning(
            "R117",
            ("primary", "cuped"),
            f"primary.cuped plans with a variance reduction, but metrics.{primary.metric} has no covariate.",
            "Name the pre-period column as `covariate:`, or plan without.",
        )
    if metric is not None and registration.data.kind == "summary" and metric.covariate:
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
    if absent:
        report.warning(
            "R116",
            ("primary", absent[0]),
            f"primary.{' and primary.'.join(absent)} not given, so no sample size can be computed.",
            "Take it from the weeks before.",
        )
