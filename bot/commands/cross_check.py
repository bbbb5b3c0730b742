"""`lookout look --cross-check`: the mixed model on the units, beside the two-stage analysis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.registration import Registration
from bot.settings import SourceSettings
from bot.sources import raw_rows
from bot.stats.mixed import MOST_ROWS, MixedModel, mixed_model
from bot.stats.undecided import Undecided


def run(
    registration: Registration,
    *,
    day: float,
    sources: Mapping[str, SourceSettings],
    root: Path | None,
) -> MixedModel | Undecided:
    """The mixed model of the primary up to `day`. Raises SourceError when the units cannot be had."""
    rows = raw_rows.fetch(registration, day=day, sources=sources, root=root, most=MOST_ROWS)
    if isinstance(rows, Undecided):
        return rows
    return mixed_model(rows.values, rows.treated, rows.cohorts)


def as_json(found: MixedModel | Undecided) -> dict[str, Any]:
    """`cross_check` of the look's JSON: metric units, without CUPED; null with a reason when undecided."""
    if isinstance(found, Undecided):
        return {"cross_check": None, "cross_check_reason": found.reason}
    two = found.two_stage
    return {
        "cross_check": {
            "mean": found.mean,
            "se": found.se,
            "tau2": found.tau2,
            "two_stage": {"mean": two.mean, "se": two.mean_se, "tau2": two.tau2},
            "units": found.rows,
            "cohorts": found.cohorts,
            "agrees": found.agrees,
            "reason": found.reason,
        }
    }


def as_text(found: MixedModel | Undecided) -> str:
    """One line for people."""
    if isinstance(found, Undecided):
        return f"Cross-check by the mixed model: none, {found.reason}"
    sizes = f"{found.rows:,} units, {found.cohorts} cohorts, without CUPED"
    return f"Cross-check on {sizes}: {found.reason}"
