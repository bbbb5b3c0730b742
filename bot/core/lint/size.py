"""Do the figures that somebody claims hold, and is there traffic enough?"""

from bot.core.lint.report import Report
from bot.core.registration import Registration
from bot.core.sizing import Sizing
from bot.stats.undecided import Undecided

CLOSE = 0.01
"""A claimed size within this share of a computed one is taken as that one, rounded."""


def check(registration: Registration, sizing: Sizing, report: Report) -> None:
    """Claimed sizes against computed ones; the runtime against the horizon."""
    primary = registration.primary
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
    if sizing.runtime_days is not None and sizing.runtime_days > registration.horizon_days:
        report.warning(
            "R142",
            ("horizon_days",),
            f"the primary is under-powered: {sizing.n_cuped:,} units per arm take "
            f"{sizing.runtime_days:.1f} days of traffic, and the horizon is {registration.horizon_days}.",
            "Run longer, take a larger mde, or reduce variance with a covariate.",
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
