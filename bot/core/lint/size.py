"""Do the figures that somebody claims hold, and is there traffic enough?"""

from bot.core.lint.report import Report
from bot.core.registration import Registration
from bot.core.sizing import Sizing, window_of
from bot.stats.undecided import Undecided

CLOSE = 0.01
"""A claimed size within this share of a computed one is taken as that one, rounded."""
CLOSE_INFLATION = 0.005


def check(registration: Registration, sizing: Sizing, report: Report) -> None:
    """Claimed sizes against computed ones; the runtime against the horizon."""
    primary = registration.primary
    _inflation(registration, sizing, report)
    if isinstance(sizing.n_fixed, Undecided):
        return
    if primary.claimed_n_per_arm is not None:
        known = {"one look": sizing.n_fixed, "with the sequential plan": float(sizing.n or 0)}
        _claim("R140", "claimed_n_per_arm", primary.claimed_n_per_arm, known, report)
    if primary.claimed_n_per_arm_cuped is not None:
        known = {
            "one look with CUPED": float(sizing.n_cuped_fixed or 0),
            "with the sequential plan and CUPED": float(sizing.n_cuped or 0),
        }
        _claim("R141", "claimed_n_per_arm_cuped", primary.claimed_n_per_arm_cuped, known, report)
    _runtime(registration, sizing, report)


def _runtime(registration: Registration, sizing: Sizing, report: Report) -> None:
    if sizing.runtime_days is None or sizing.runtime_days <= registration.horizon_days:
        return
    window = window_of(registration, registration.primary.metric)
    wait = f" with the {window}-day window" if window > 1 else ""
    arms = f"{sizing.n_cuped:,} units per arm"
    if sizing.arms is not None and sizing.arms[0] != sizing.arms[1]:
        arms = f"{sizing.arms[0]:,} control and {sizing.arms[1]:,} treatment units"
    report.warning(
        "R142",
        ("horizon_days",),
        f"the primary is under-powered: {arms} take {sizing.runtime_days:.1f} days of traffic{wait}, and the "
        f"horizon is {registration.horizon_days}.",
        "Run longer, take a larger mde, or reduce variance with a covariate.",
    )


def _inflation(registration: Registration, sizing: Sizing, report: Report) -> None:
    claimed = registration.primary.claimed_inflation
    if claimed is None or abs(claimed - sizing.inflation) <= CLOSE_INFLATION * sizing.inflation:
        return
    factor = f" It is a factor: {claimed:.0%} more is {1 + claimed:g}." if claimed < 1 else ""
    report.warning(
        "R143",
        ("primary", "claimed_inflation"),
        f"primary.claimed_inflation is {claimed:g}, but these looks inflate the sample by "
        f"{sizing.inflation:.6f}.",
        f"Correct it; it depends on the looks, the spending and the power alone.{factor}",
    )


def _claim(code: str, name: str, claimed: float, known: dict[str, float], report: Report) -> None:
    if any(abs(claimed - value) <= CLOSE * value for value in known.values()):
        return
    figures = ", ".join(f"{value:,.2f} {what}" for what, value in known.items())
    nearest = min(known.values(), key=lambda value: abs(value - claimed))
    report.warning(
        code,
        ("primary", name),
        f"primary.{name} is {claimed:,.0f}, but {figures} are computed ({claimed / nearest:.2f} times).",
        "Correct it, or say from which baseline, sd and mde it comes.",
    )
