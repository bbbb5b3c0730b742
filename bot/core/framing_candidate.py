"""A decided framing as a candidate for a quarter: the option that it recommends, with its figures."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.candidate import PERCENT, POINTS, Candidate, Effort, Impact, Per, Proposal, Reach, Test
from bot.core.framing import F, Framing, Recommendation
from bot.core.framing_check import option_line
from bot.core.framing_reader import Framed


def proposal(framing: Framing, framed: Framed, by: str) -> Proposal:
    """The candidate that it comes to, proposed once for each recommendation.

    Of the ML option only what it brings beyond the heuristic is its own doing (see `Impact.heuristic`).
    """
    ml = framed.recommendation is Recommendation.ML_NOW
    option = framed.ml if ml else framed.heuristic
    traffic = framed.traffic
    candidate = Candidate(
        id="",
        title=option.what or framing.title,
        reach=Reach(traffic.per_day, traffic.unit, Per.DAY) if traffic else None,
        impact=_impact(framed, ml=ml),
        confidence=framed.prior,
        effort=Effort(option.weeks.middle) if option.weeks else None,
        test=Test(lag_weeks=(framed.window or 0) / 7),
        notes=f"{framing.id}: {framed.text(F.WHY)}",
    )
    chosen = framed.recommendation.words if framed.recommendation else "decided"
    prior = "" if framed.prior is None else f", prior {framed.prior:g}"
    entry = f" (ledger {framing.decided.entry})" if framing.decided else ""
    why = f"{framing.id} was decided “{chosen}”: {option_line(option)}{prior}{entry}."
    key = f"framing/{framing.number}/{framed.recommendation or 'decided'}"
    return Proposal(candidate, framing.thing, key, why, by)


_SAID = ("title", "reach", "impact", "confidence", "effort", "test", "notes")
"""What a framing says of a candidate."""


def renewed(standing: Candidate, before: Sequence[Candidate], after: Candidate) -> Candidate:
    """A candidate with what a later edition says of it; what people changed meanwhile stays as they have it.

    before: what the earlier editions said: what still stands like one of them nobody has changed.
    """
    said = {
        name: getattr(after, name)
        for name in _SAID
        if any(getattr(standing, name) == getattr(one, name) for one in before)
    }
    return replace(standing, **said)


def _impact(framed: Framed, *, ml: bool) -> Impact | None:
    value = (framed.ml if ml else framed.heuristic).value
    if value is None:
        return None
    said, baseline = value.unit.lower(), framed.baseline
    points = re.match(r"(?:pp|ppt|percentage\s+points?|points?)\b", said) is not None
    other = framed.heuristic.value if ml else None
    return Impact(
        value=value.middle,
        unit=POINTS if points else PERCENT if said.startswith(("%", "percent")) else value.unit,
        metric=framed.text(F.METRIC),
        baseline=baseline,
        # The spread of a share follows from its baseline.
        sd=math.sqrt(baseline * (1 - baseline)) if baseline and framed.kind == "proportion" else None,
        spread=(value.high - value.low) / 2 or None,
        heuristic=other.middle if other is not None else None,
    )
