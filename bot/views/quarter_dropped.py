"""What is said to a portfolio's file in a channel: what it brings, and who may import it."""

from collections.abc import Sequence

from bot.core.effect import Message
from bot.core.portfolio import Portfolio
from bot.views import text
from bot.views.dropped import Offered
from bot.views.portfolio_actions import PortfolioAction
from bot.views.quarter_notes import button, row


def offer(portfolio: Portfolio, warnings: Sequence[str], offered: Offered) -> Message:
    """Offer to import a file without errors."""
    count = len(portfolio.candidates)
    quarter = f" for {portfolio.quarter}" if portfolio.quarter else ""
    head = f"This is a portfolio{quarter}: {count} candidate{'' if count == 1 else 's'}."
    lines = [
        f"*{head}* Nothing is imported until somebody presses; a candidate with an id that came before is "
        "brought up to date.",
        *(f"⚠ {text.escape(one, 300)}" for one in warnings),
    ]
    value = offered.encode()
    buttons = [
        button("Import", PortfolioAction.TAKE_FILE, value, primary=True),
        button("Not now", PortfolioAction.LEAVE_FILE, value),
    ]
    said = f"{head} [Import] fills the backlog from it."
    return Message(said, (text.section(text.fit(lines)), row("portfolio-dropped", buttons)))


def taken(name: str, by: str) -> Message:
    """Say who had it imported."""
    return text.message(
        f"{text.escape(name, 150)} is imported for {text.person(by)}; what came of it follows."
    )


def left(name: str, by: str) -> Message:
    """Say who waved it away."""
    again = "Drop the file again, or use `/portfolio import`."
    return text.message(f"Not imported: {text.escape(name, 150)}, says {text.person(by)}. {again}")
