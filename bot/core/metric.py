"""The kinds of metrics a registration can name."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from bot.core.part import Day, Name, Number, Part, Share


class Winsorise(Part):
    """Limits to which the units' values are pulled in before anything is computed.

    lower, upper: shares of all units, both arms together; floor, cap: values, metric units.
    """

    lower: Share | None = None
    upper: Share | None = None
    floor: Number | None = None
    cap: Number | None = None


class Mean(Part):
    """Mean over units of each unit's mean over its days.

    window_days: days a unit needs until its value is complete (28 for 28-day retention); before the first
    unit has had them there is nothing to judge.
    """

    kind: Literal["mean"]
    column: Name | None = None
    covariate: Name | None = None
    winsorise: Winsorise | None = None
    window_days: Day | None = None


class Proportion(Part):
    """Share of units for which the column was ever 1."""

    kind: Literal["proportion"]
    column: Name | None = None
    covariate: Name | None = None
    window_days: Day | None = None


class Ratio(Part):
    """Sum of the numerator over sum of the denominator; units are the randomised ones."""

    kind: Literal["ratio"]
    numerator: Name | None = None
    denominator: Name | None = None
    covariate: Name | None = None
    window_days: Day | None = None


class Quantile(Part):
    """The q-quantile over rows, clustered by unit."""

    kind: Literal["quantile"]
    column: Name | None = None
    q: Share
    covariate: Name | None = None
    window_days: Day | None = None


Metric: TypeAlias = Annotated[Mean | Proportion | Ratio | Quantile, Field(discriminator="kind")]
