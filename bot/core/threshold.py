"""The lines of a registration, with the direction that is worse."""

from bot.core.registration import Guardrail, Registration
from bot.stats.effect import Harm
from bot.stats.guardrail import Threshold


def harm_of(registration: Registration) -> Harm:
    """The direction of the primary that is worse."""
    return "decrease" if registration.primary.direction == "increase" else "increase"


def threshold_of(registration: Registration, guardrail: Guardrail) -> Threshold:
    """The line of a guardrail of a checked registration."""
    kind, value = next(iter(guardrail.thresholds.items()))
    harm = harm_of(registration) if guardrail.metric == registration.primary.metric else "decrease"
    return Threshold(kind, value, harm)  # type: ignore[arg-type]  # the fields of Guardrail are these kinds
