"""A portfolio's file dropped into a channel: offered to be imported, or its faults shown with their lines."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message, Update
from bot.core.finding import Finding, errors
from bot.core.inbound import Press
from bot.core.permission import Act
from bot.core.portfolio import Portfolio
from bot.core.strict_yaml import parse
from bot.errors import InputError, StaleError
from bot.services import permissions, quarter_import
from bot.services.desk import Desk
from bot.services.registering import FaultyError
from bot.store import blobs, outbox
from bot.views import findings_card
from bot.views import quarter_dropped as views
from bot.views.dropped import Offered

_KIND = re.compile(r"^kind\s*:\s*[\"']?portfolio\b", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """A portfolio's file as it was read; portfolio: None where a finding is an error."""

    text: str
    name: str
    portfolio: Portfolio | None
    findings: tuple[Finding, ...]


def seen(text: str, name: str) -> Seen | None:
    """What a YAML file comes to; None where it is no portfolio."""
    if not _is_portfolio(text, name):
        return None
    from bot.core.portfolio_reader import read_portfolio

    return Seen(text, name, *read_portfolio(text, name=name))


def answer(session: Session, found: Seen, key: str) -> Message:
    """The offer to import it, or what is wrong in it."""
    if found.portfolio is None:
        error = FaultyError(found.name, errors(found.findings), findings_card.NOT_IMPORTED, found.text)
        said = f"{error.message}{error.hint}"
        return findings_card.card(error.name, error.findings, done=error.done, said=said, source=error.text)
    blob = blobs.put(session, found.text.encode("utf-8", "surrogatepass"), "text/yaml")
    warnings = quarter_import.warnings_of(found.findings)
    return views.offer(found.portfolio, warnings, Offered(key, blob, found.name))


def take(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Import]: the backlog is filled from what was offered, whatever became of the file since."""
    permissions.require(session, desk, press.by, Act.SUPPLY)
    offered = Offered.decode(press.value)
    try:
        blobs.get(session, offered.blob)
    except KeyError:
        raise StaleError("What was offered here is no longer kept.", "Drop the file again.") from None
    place = press.place
    quarter_import.ask(session, press.by, place, key, blob=offered.blob, name=offered.name, now=now)
    outbox.put(session, Update(offered.key, place.channel, views.taken(offered.name, press.by)), now=now)


def leave(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Not now]: the offer goes, and says who waved it away."""
    del desk, key
    offered = Offered.decode(press.value)
    said = views.left(offered.name, press.by)
    outbox.put(session, Update(offered.key, press.place.channel, said), now=now)


def _is_portfolio(text: str, name: str) -> bool:
    """Whether somebody meant it as one, however faulty the rest is."""
    try:
        data = parse(text, name=name).data
    except InputError:
        return _KIND.search(text) is not None
    return isinstance(data, dict) and data.get("kind") == "portfolio"
