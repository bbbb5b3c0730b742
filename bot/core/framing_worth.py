"""Heuristic and ML side by side: what ML would bring on top, at which cost, and what their order saves.

Stage 1 asks whether any intervention moves it, stage 2 whether ML beats the heuristic. With the heuristic
first, the weeks of ML are spent only if stage 1 comes out positive, with the prior probability p of H1:

    expected weeks = w_heuristic + p * w_ml        and, with ML at once, w_ml whatever comes out.
"""

import re
from dataclasses import dataclass

from bot.core.framing_figures import Span
from bot.core.framing_reader import Framed, Option
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Worth:
    """What the options come to, in the unit both are given in.

    on_top: what ML would bring beyond the heuristic. times: ML's weeks over the heuristic's, half way.
    heuristic_a_week, on_top_a_week: value per engineer-week, half way. staged: expected engineer-weeks with
    the heuristic first; None while there is no prior. favours_heuristic: it brings more for a week, or ML
    brings nothing on top.
    """

    unit: str
    on_top: Span
    times: float
    heuristic_a_week: float
    on_top_a_week: float
    staged: float | None
    favours_heuristic: bool


def compare(framed: Framed) -> Worth | Undecided:
    """Put the two options side by side; Undecided where their figures are missing or in different units."""
    heuristic, ml = _figures("heuristic", framed.heuristic), _figures("ML option", framed.ml)
    if isinstance(heuristic, Undecided):
        return heuristic
    if isinstance(ml, Undecided):
        return ml
    (value, weeks), (ml_value, ml_weeks) = heuristic, ml
    if _unit(value) != _unit(ml_value):
        units = f"the heuristic is in {value.unit or 'no unit'} and ML in {ml_value.unit or 'no unit'}"
        return Undecided(f"{units}: values in different units cannot be compared")
    on_top = Span(ml_value.low - value.high, ml_value.high - value.low, value.unit)
    a_week, on_top_a_week = value.middle / weeks.middle, on_top.middle / ml_weeks.middle
    return Worth(
        unit=value.unit,
        on_top=on_top,
        times=ml_weeks.middle / weeks.middle,
        heuristic_a_week=a_week,
        on_top_a_week=on_top_a_week,
        staged=None if framed.prior is None else weeks.middle + framed.prior * ml_weeks.middle,
        favours_heuristic=on_top.middle <= 0 or a_week >= on_top_a_week,
    )


def _figures(name: str, option: Option) -> tuple[Span, Span] | Undecided:
    """Expected value and cost."""
    if option.value is None:
        return Undecided(f"the {name} has no expected value")
    if option.weeks is None:
        return Undecided(f"the {name} has no cost in engineer-weeks")
    return option.value, option.weeks


def _unit(span: Span) -> str:
    """The unit however it is spelt: pp, percentage points and points are one."""
    unit = re.sub(r"\W+", " ", span.unit.lower()).strip()
    return re.sub(r"^(?:pp|ppt|percentage points?|points?)\b", "points", unit)
