"""The twelve candidates of AML-02 through a whole quarter: the cards and the page, as golden files."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from bot.store.database import Database
from bot.views.page import page
from tests.services.portfolio_bench import AML_02, PortfolioBench, messages

GOLDEN = Path(__file__).parents[1] / "data" / "portfolio"


def golden(name: str, text: str) -> None:
    """Compare with a golden file; set LOOKOUT_GOLDEN=write to accept what changed, and read it."""
    path = GOLDEN / name
    if os.environ.get("LOOKOUT_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_reference_is_picked_with_its_reasons_and_told_on_one_page(sqlite: Database) -> None:
    """1, 2 and 3: the swing bet is in for what it teaches; 11 is out for want of a pre-mortem."""
    bench = PortfolioBench(sqlite)
    bench.type(f"import {AML_02.replace('2026-Q3', '2027-Q1')}")
    bench.type("gut CAN-1 CAN-5 CAN-2 because they feel right")
    bench.type("lock")
    card = bench.card("portfolio/2027-Q1/card")
    assert card.header == "Locked for 2027-Q1: CAN-1, CAN-2, CAN-3"
    assert "teaches: whether HRNN is the direction of cold start, for 4 quarters" in card.text
    assert "`CAN-11` Personalize HRNN replaced by a two-tower of our own: ✗ 24 engineer-weeks" in card.text
    golden("aml_02_pick.txt", f"{card.text}\n")
    bench.now = datetime(2027, 4, 2, tzinfo=UTC)
    bench.type("outcome CAN-1 sustained 0.4 (0.1 to 0.7) https://wiki/reranker")
    bench.type("outcome CAN-2 no https://wiki/intent")
    bench.type("outcome CAN-3 no https://wiki/hrnn")
    for number, weeks in ((1, 14), (2, 9), (3, 30)):
        bench.type(f"effort CAN-{number} {weeks}")
    assert bench.entries("2027-Q1")[-1].kind == "portfolio_reviewed"  # by itself: nothing lacks any more
    bench.type("update")
    key = next(key for key, _ in reversed(messages(bench.db)) if key.endswith("/update"))
    text = bench.file(f"{key}/md")
    golden("aml_02_update.md", re.sub("hash [0-9a-f]{12}", "hash 0123456789ab", text))
    assert "[gap:" not in text
    assert len(text.split()) < 420  # what fits on a printed page
    assert bench.file(f"{key}/html").count("<h1>") == page(text, title="x").count("<h1>") == 1
