"""Which incident something typed is about."""

from bot.core.inbound import Place
from bot.services import triage
from bot.services.incident_named import meant
from bot.store.outbox_rows import MessageRow
from tests.services.incident_bench import ENG, Bench


def test_a_name_counts_before_the_thread_and_the_thread_before_the_channel(sqlite, clock):
    """In a channel of several incidents a thread tells which one, as the one who types sees it."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        for title in ("first", "second", "third"):
            triage.start(session, bench.desk, title=title, by=ENG, channel="C1", now=bench.now)
        session.add(MessageRow(key="incident/1/notice", channel="C1", ts="1795400000.000001"))
    thread = Place("C1", "1795400000.000001")
    asked = (
        ("INC-2 healthy", thread),
        ("inc2: healthy", thread),
        ("healthy", thread),
        ("healthy", Place("C1")),
    )
    with bench.db.read() as session:
        found = [meant(session, place, text) for text, place in asked]
    assert [incident.title for incident, _ in found] == ["second", "second", "first", "third"]
    assert {rest for _, rest in found} == {"healthy"}
