"""Asks the warehouse whether people click elsewhere than they did."""

from collections.abc import Sequence

from bot.core.found import Found
from bot.services.checks.asked import Asked
from bot.services.checks.shares import shares
from bot.services.checks.warehouses import unconfigured


def run(asked: Asked) -> Sequence[Found]:
    """The one line about click positions.

    Raises:
        SourceError: with the reason to show.

    """
    lacking = unconfigured(asked, asked.options.table)
    return [lacking or shares(asked, noun="click positions", finding="shifted")]
