"""A storm of alerts: those that came in together are handled together, and none holds up the others."""

import json
import re
from datetime import timedelta

import pytest

from bot.store import claims, inbox
from bot.store.database import Database
from handlers.dispatch import STORM, Dispatcher
from tests.services.incident_bench import Bench


@pytest.fixture
def bench(database, clock):
    """A bench on each kind of database."""
    return Bench(database, clock)


@pytest.fixture
def dispatcher(bench):
    """What works off the bench's inbox."""
    return Dispatcher(bench.db, bench.desk, bench.clock)


def deliver(bench, *numbers, source="webhooks/generic", body=None):
    """Store alerts of one metric as the webhook does."""
    with bench.write() as session:
        for number in numbers:
            alert = {
                "key": f"k{number}",
                "title": f"NDCG fell in shard {number}",
                "metric": "ndcg",
                "status": "firing",
            }
            text = json.dumps(alert) if body is None else body
            inbox.put(session, source=source, key=f"d{number}", body=text, now=bench.now)


def state(bench):
    """How many deliveries wait, and how many are set aside."""
    with bench.db.read() as session:
        counts = inbox.counts(session)
    return counts.new, counts.quarantined


def test_a_storm_is_handled_in_few_transactions_and_makes_one_card_that_counts(bench, dispatcher):
    """Three steps for half a thousand alerts; the thread has one note, which counts on."""
    deliver(bench, *range(2 * STORM + 50))
    assert [dispatcher.step() for _ in range(4)] == [True, True, True, False]
    assert state(bench) == (0, 0)
    assert len([e for e in bench.effects("post") if e["key"].endswith("/card")]) == 1
    assert f"{2 * STORM + 50} alerts in this incident" in bench.card().text
    assert len([note for note in bench.notes() if "joined this incident" in note]) == 1
    (note,) = [e["key"] for e in bench.effects("post") if "/event/" in e["key"]]
    said = bench.last(note)["text"]
    assert re.fullmatch(rf"{2 * STORM + 49} more alerts joined this incident since <!date\^.*>:", said)


def test_an_alert_that_cannot_be_handled_does_not_hold_up_those_around_it(bench, dispatcher):
    """It is tried again by itself, at last set aside; the others are in after the first step."""
    deliver(bench, 1, 2)
    deliver(bench, 3, body='{"unreadable": true}')
    deliver(bench, 4, 5)
    assert dispatcher.step()
    assert state(bench) == (1, 0)
    assert "4 alerts in this incident" in bench.card().text
    for _ in range(claims.MAX_TRIES):
        bench.clock.advance(minutes=5)
        dispatcher.step()
    assert state(bench) == (0, 1)


def test_what_people_and_changes_send_keeps_its_place_between_alerts(bench, dispatcher):
    """A storm ends where another kind of delivery stands in line: order is kept."""
    deliver(bench, 1, 2)
    change = {"id": "r1", "kind": "code_deploy", "title": "reranker v2", "at": bench.now.isoformat()}
    deliver(bench, 3, source="changes/generic", body=json.dumps(change))
    deliver(bench, 4)
    waiting = [state(bench)[0] for _ in iter(dispatcher.step, False)]
    assert waiting == [2, 1, 0]


def test_a_storm_taken_over_by_another_worker_counts_once(bench, dispatcher):
    """A lease that ran out in the middle: the slower worker's transaction is rolled back whole."""
    deliver(bench, 1, 2, 3)
    slow = claims.claim_alike(bench.db, "webhooks/", now=bench.now, lease=timedelta(seconds=60), most=STORM)
    assert len(slow) == 3
    bench.clock.advance(minutes=2)
    while dispatcher.step():
        pass
    with bench.write() as session:
        assert not any(claims.done(session, delivery) for delivery in slow)
    assert "3 alerts in this incident" in bench.card().text


def test_the_same_delivery_to_two_replicas_is_one_alert(database_url, clock):
    """Each stores it as it comes and works off what it finds; one of them calls it a repeat."""
    replicas = [Database(database_url) for _ in range(2)]
    benches = [Bench(db, clock) for db in replicas]
    body = json.dumps({"key": "k", "title": "NDCG fell", "metric": "ndcg", "status": "firing"})
    answers = []
    for bench in benches:
        with bench.write() as session:
            answers.append(inbox.put(session, source="webhooks/generic", key="d", body=body, now=clock()))
    assert [answer.duplicate for answer in answers] == [False, True]
    assert answers[0].id == answers[1].id
    workers = [Dispatcher(bench.db, bench.desk, clock) for bench in benches]
    assert [worker.step() for worker in workers] == [True, False]
    assert "1 alert in this incident, 1 firing" in benches[1].card().text
    for db in replicas:
        db.close()
