"""The guardrails of a look: each against its line, at the level its correction and its spending leave it."""

from collections.abc import Sequence
from functools import partial

from bot.core.look import GuardrailResult
from bot.core.measure import measure
from bot.core.observation import Observations
from bot.core.registration import Guardrail, Registration
from bot.core.threshold import threshold_of
from bot.stats.guardrail import judge_all
from bot.stats.guardrail_power import level_at


def guardrails(
    registration: Registration, seen: Observations, held: Sequence[float], *, final: bool
) -> tuple[GuardrailResult, ...]:
    """Every guardrail at a look.

    held: information fractions of the looks so far, this one last; final: whether no look follows. Who has a
    spending is judged at the nominal level which that function, at its part of alpha, has there.
    """
    declared = registration.guardrails
    effects = [measure(registration, seen, one.metric, alpha=registration.alpha).effect for one in declared]
    lines = [threshold_of(registration, one) for one in declared]
    judged = judge_all(
        list(zip(effects, lines, strict=True)),
        alpha=registration.alpha,
        correction=registration.correction,
        levels=[partial(_level, tuple(held), final, one) for one in declared],
    )
    return tuple(
        GuardrailResult(one.metric, line, effect, judgement, one.spending)
        for one, line, effect, judgement in zip(declared, lines, effects, judged, strict=True)
    )


def _level(held: tuple[float, ...], final: bool, guardrail: Guardrail, alpha: float) -> float:
    return level_at(held, alpha, guardrail.spending, final=final)
