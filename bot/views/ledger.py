"""How an entry of the ledger is named in a message: the channel is then a witness outside the database."""

from bot.core.ledger import Entry


def witness(entry: Entry) -> str:
    """`ledger 88 · head 5d1e0a2b9c4d…`: the entry's number and the beginning of its hash."""
    return f"ledger {entry.number} · head {entry.hash[:12]}…"
