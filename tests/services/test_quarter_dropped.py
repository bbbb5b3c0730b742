"""A portfolio's file dropped into a channel: offered, imported by whoever may, faults with their lines."""

import pytest

from bot.core.effect import Post
from bot.errors import RefusedError
from bot.services import quarter_dropped
from bot.store import candidates, outbox
from bot.store.database import Database
from tests.services.portfolio_bench import HOME, NOBODY, OWNER, PortfolioBench
from tests.services.test_portfolio import TINY

KEY = "dropped/F1/inbox/9"


def drop(bench: PortfolioBench, text: str) -> None:
    """Somebody drops it, without a word."""
    found = quarter_dropped.seen(text, "quarter.yaml")
    assert found is not None
    with bench.db.write() as session:
        said = quarter_dropped.answer(session, found, KEY)
        outbox.put(session, Post(KEY, HOME.channel, said), now=bench.now)


def test_what_is_no_portfolio_is_nobodys_business() -> None:
    """Whatever else it is, or cannot be read as."""
    for text in ("primary: x", "kind: latency", "- kind: portfolio", "note: of the kind: portfolio", "{", ""):
        assert quarter_dropped.seen(text, "x.yaml") is None


def test_it_is_offered_and_imported_once_somebody_presses_who_may(sqlite: Database) -> None:
    """As it was dropped; nothing happens before."""
    bench = PortfolioBench(sqlite)
    drop(bench, f"kind: portfolio\n{TINY}" if "kind:" not in TINY else TINY)
    card = bench.card(KEY)
    assert card.buttons == ["[Import]", "Not now"]
    assert "2 candidates" in card.text
    value = card.element(lambda e: e["text"]["text"] == "Import")["value"]
    with pytest.raises(RefusedError, match="takes the role"):
        bench.press("portfolio.take_file", value, by=NOBODY)
    with bench.db.read() as session:
        assert candidates.every(session) == ()
    bench.press("portfolio.take_file", value, by=OWNER)
    with bench.db.read() as session:
        assert [one.id for one in candidates.every(session)] == ["CAN-1", "CAN-2"]
    assert f"is imported for <@{OWNER}>" in bench.card(KEY).text


def test_an_offer_is_waved_away_by_anybody(sqlite: Database) -> None:
    """And says who did."""
    bench = PortfolioBench(sqlite)
    drop(bench, TINY)
    value = bench.card(KEY).element(lambda e: e["text"]["text"] == "Not now")["value"]
    bench.press("portfolio.leave_file", value, by=NOBODY)
    assert f"Not imported: quarter.yaml, says <@{NOBODY}>" in bench.card(KEY).text


@pytest.mark.parametrize("text", ["kind: portfolio\ncandidates: 7\n", "kind: portfolio\ncandidates: [\n"])
def test_what_is_wrong_in_it_is_shown_and_nothing_is_offered(sqlite: Database, text: str) -> None:
    """With what to do, in the words of a portfolio."""
    bench = PortfolioBench(sqlite)
    drop(bench, text)
    card = bench.card(KEY)
    assert "so nothing was imported" in card.header
    assert "Mend it and import again" in card.text
    assert card.buttons == []
