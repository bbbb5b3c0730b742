"""Do the cohorts add up, and can each of them answer?"""

import math

from bot.core.lint.report import Report
from bot.core.registration import Cohorts, Registration
from bot.core.sizing import Sizing

MOST_CROSSINGS = 1000


def check(registration: Registration, report: Report) -> None:
    """Dimensions that name each value once, and shares of them that are complete and sum to 1."""
    cohorts = registration.cohorts
    if cohorts.correction != "none" and cohorts.max_relative_regression is None:
        report.warning(
            "R125",
            ("cohorts", "correction"),
            f"cohorts.correction is {cohorts.correction}, but no cohort has a threshold to be judged by.",
            "Write `max_relative_regression: 0.03`, or leave the correction out.",
        )
    _dimensions(cohorts, report)
    for dimension in cohorts.shares:
        _shares(cohorts, dimension, report)


def _dimensions(cohorts: Cohorts, report: Report) -> None:
    for dimension, values in cohorts.dimensions.items():
        if len(set(values)) != len(values):
            report.error(
                "R122",
                ("cohorts", "dimensions", dimension),
                f"cohorts.dimensions.{dimension} names a value twice.",
                "Name each once.",
            )
    cells = math.prod(len(values) for values in cohorts.dimensions.values())
    if cells > MOST_CROSSINGS:
        report.error(
            "R124",
            ("cohorts", "dimensions"),
            f"cohorts.dimensions cross into {cells:,} cohorts, more than {MOST_CROSSINGS:,}.",
            "Declare the dimensions that decide; a cohort with a handful of users says nothing.",
        )


def _shares(cohorts: Cohorts, dimension: str, report: Report) -> None:
    shares, declared = cohorts.shares[dimension], cohorts.dimensions.get(dimension)
    path = ("cohorts", "shares", dimension)
    if declared is None:
        report.error(
            "R121",
            path,
            f"cohorts.shares.{dimension} is no declared dimension.",
            f"Declared: {', '.join(cohorts.dimensions) or 'none'}.",
        )
    elif set(shares) != set(declared):
        odd = sorted(set(shares) ^ set(declared))
        report.error(
            "R121",
            path,
            f"cohorts.shares.{dimension} and cohorts.dimensions.{dimension} differ in {', '.join(odd)}.",
            "Give a share for every declared value and no other.",
        )
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-6:
        report.error(
            "R120",
            path,
            f"cohorts.shares.{dimension} sum to {total:.4g}, not to 1.",
            "Shares are fractions of all units.",
        )


def check_power(registration: Registration, sizing: Sizing, report: Report) -> None:
    """Cohorts that cannot reach their size within the horizon are named before anybody looks."""
    for need in sizing.cohorts:
        if need.powered is False:
            dimension, value = need.cohort.split("=", 1)
            report.warning(
                "R123",
                ("cohorts", "shares", dimension, value),
                f"cohort {need.cohort} is under-powered: it needs {need.total_needed:,} units in the "
                f"experiment, {need.days:.1f} days of traffic; the horizon is {registration.horizon_days}.",
                "Its figures will be shown and never count as evidence; run longer to have them count.",
            )
