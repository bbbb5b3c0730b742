"""What a look that the plan does not have costs, said before anybody takes it."""

from collections.abc import Sequence

from bot.core.course import PEEK, course
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.core.verdict_words import cost_of_peek


def cost(registration: Registration, day: float, earlier: Sequence[float]) -> str:
    """The alpha a peek on `day` spends and what the later looks then ask; or that it yields no verdict.

    earlier: the days on which looks were held before. Nobody has counted the units yet, so time stands for
    information; the card of the peek has what the units make of it. Raises ValueError when the peek does not
    come after the looks before it.
    """
    said = cost_of_peek(
        registration, course(registration, Observations(cells=()), number=PEEK, day=day, earlier=earlier)
    )
    if registration.sequential.information == "days":
        return said
    return f"{said} That is by the days gone; the card counts the units."
