"""The flag system is told: signed, once, in order, until it takes it or people are told to do it by hand."""

import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from bot.core.flag import Cause, Delivery, FlagEvent
from bot.core.launch import Kind
from bot.services import flags
from bot.services.flags import TELL_JOB
from bot.settings import FlagSettings
from bot.sources import flag_system
from bot.store.database import Database
from tests.services.rollout_bench import FlagSystem, RolloutBench, flag_server

STAGES = """
rollout:
  - {stage: 1%}
  - {stage: 10%}
  - {stage: 50%}
"""
SOME = Delivery(FlagEvent.STAGE, Cause.PERSON, "x", "1%", 0, "", "", "", 1, "ab")
HTML = "<html><b>Bad</b> gateway &amp; " + "x" * 9000


@pytest.fixture
def system() -> Iterator[FlagSystem]:
    """A flag system on this machine."""
    with flag_server() as told:
        yield told


@pytest.fixture
def bench(database: Database, clock: Any, system: FlagSystem) -> RolloutBench:
    """A launch at its first stage, on each kind of database; the flag system has not been told yet."""
    return started(RolloutBench(database, clock, flags=system.url))


@pytest.fixture
def lite(sqlite: Database, clock: Any, system: FlagSystem) -> RolloutBench:
    """The same on SQLite, for what does not depend on the database."""
    return started(RolloutBench(sqlite, clock, flags=system.url))


def started(bench: RolloutBench) -> RolloutBench:
    """Lock it and start it."""
    from tests.services.rollout_bench import LAUNCH, ROLLOUT

    bench.lock(LAUNCH.replace(ROLLOUT, STAGES))
    bench.press("Start")
    return bench


def test_an_event_is_posted_signed_with_the_ledger_entry_that_says_so(
    bench: RolloutBench, system: FlagSystem
) -> None:
    """Body, idempotency key, timestamp, and an HMAC that the receiver can compute."""
    bench.work()
    ((headers, body, raw),) = system.heard
    (entry,) = bench.entries(Kind.STAGE)
    assert body == {
        "event": "stage", "cause": "person", "experiment": "reranker-l12", "stage": "1%", "stage_index": 0,
        "previous": "", "by": "U0ENG", "at": bench.clock().isoformat(),
        "ledger": entry.number, "head": entry.hash,
        "delivery": f"reranker-l12.{entry.number}.stage.{entry.hash[:12]}",
    }  # fmt: skip
    assert headers["X-Lookout-Delivery"] == body["delivery"]
    assert headers["X-Lookout-Timestamp"] == str(int(bench.clock().timestamp()))
    signed = headers["X-Lookout-Timestamp"].encode() + b"." + raw
    wanted = hmac.new(b"sesame", signed, hashlib.sha256).hexdigest()
    assert headers["X-Lookout-Signature"] == f"v1={wanted}"
    assert "Flag: 127.0.0.1 took stage 1%" in bench.card().text


def test_a_system_that_is_down_for_an_hour_is_told_in_order_once_it_is_back(
    bench: RolloutBench, system: FlagSystem
) -> None:
    """The pause does not overtake the stage; each has one key at every try; people know meanwhile."""
    system.answers = [(500, {}, "boom")] * 8
    bench.work()
    assert "⚠ Flag not set yet: stage 1%, tried once" in bench.card().text
    assert "answered 500: boom. If it cannot wait, set it by hand to 1%" in bench.card().text
    bench.press("Pause", reason="it looks odd")
    for _ in range(70):
        bench.work()
        bench.clock.advance(minutes=1)
        if not bench.waiting(TELL_JOB):
            break
    assert system.taken == [("stage", "1%")] * 9 + [("paused", "1%")]
    assert len({body["delivery"] for _, body, _ in system.heard}) == 2
    assert sum("did not take “stage 1%” yet" in said for said in bench.said()) == 1
    updates = [e["message"]["text"] for e in bench.effects("update") if "/flags/" in e["key"]]
    assert updates == [updates[-1]]
    assert "took “stage 1%”" in updates[-1]
    assert "at try 9" in updates[-1]


def test_an_event_that_is_never_taken_is_given_up_after_hours_and_told_twice(
    lite: RolloutBench, system: FlagSystem
) -> None:
    """In the launch's channel and in ops, with what to do by hand; the next event goes on."""
    system.answers = [(503, {}, "")] * 100
    tries = 0
    while lite.waiting(TELL_JOB):
        tries += "flags.tell" in lite.work()
        lite.clock.advance(minutes=15)
        assert tries < 60
    for channel in ("C0LAUNCH", "#lookout-ops"):
        (said,) = [one for one in lite.said(channel) if one.startswith("✗")]
        assert "did not take “stage 1%” of `reranker-l12`: set it by hand to 1%" in said
    assert "✗ Flag not set: stage 1%" in lite.card().text
    system.answers = []
    lite.press("Pause", reason="it looks odd")
    lite.work()
    assert system.taken[-1] == ("paused", "1%")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, {}, "no such flag"), "answered 400: no such flag"),
        ((401, {}, ""), "answered 401"),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), "answered 302, and no redirect is followed"),
        ((404, {}, HTML), "answered 404: &lt;html&gt;&lt;b&gt;Bad"),
    ],
)
def test_a_refusal_is_final_and_its_words_are_bounded_and_harmless(
    lite: RolloutBench, system: FlagSystem, answer: tuple[int, dict[str, str], str], said: str
) -> None:
    """A 4xx does not get better by trying again; a redirect is not followed."""
    system.answers = [answer]
    lite.work()
    assert len(system.heard) == 1
    assert not lite.waiting(TELL_JOB)
    (told,) = [one for one in lite.said() if one.startswith("✗")]
    assert said in told
    assert len(told) < 500
    assert "sesame" not in told


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("120", 120), ("Mon, 23 Nov 2026 03:22:00 GMT", 600), ("soon", 5), ("-3", 5), ("999999", 3600)],
)
def test_retry_after_is_honoured_as_far_as_it_makes_sense(
    lite: RolloutBench, system: FlagSystem, after: str, seconds: int
) -> None:
    """Seconds or a date; nonsense is the usual wait, and nobody is waited for longer than an hour."""
    system.answers = [(429, {"Retry-After": after}, "slow down")]
    lite.work()
    (waiting,) = lite.waiting(TELL_JOB)
    assert (waiting.due - lite.clock()).total_seconds() == seconds


def test_without_a_secret_nothing_is_sent_and_people_are_told(sqlite: Database, clock: Any) -> None:
    """An unsigned event could come from anybody."""
    with flag_server() as system:
        bench = started(RolloutBench(sqlite, clock, flags=system.url, flags_secret=None))
        bench.work()
        assert system.heard == []
    assert "LOOKOUT_FLAGS_SECRET is not set" in bench.card().text
    assert "set it by hand to 1%" in bench.card().text


def test_without_a_flag_system_the_card_says_that_nobody_was_told(sqlite: Database, clock: Any) -> None:
    """Lookout flips no flag that it was not told how to flip."""
    bench = started(RolloutBench(sqlite, clock))
    assert not bench.waiting(TELL_JOB)
    assert "nobody was told, no flag system is configured: set it by hand to 1%" in bench.card().text


def test_without_a_flag_system_a_launch_that_stopped_is_turned_off_by_hand(
    sqlite: Database, clock: Any
) -> None:
    """The card never asks to set the flag to where the launch was."""
    bench = started(RolloutBench(sqlite, clock))
    bench.decide("stop", "no-ship")
    assert "no flag system is configured: turn it off by hand" in bench.card().text
    assert "set it by hand" not in bench.card().text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "http://127.0.0.1:1/hooks/t0ken",
            "cannot be reached (ConnectError: [Errno 111] Connection refused)",
        ),
        ("http://[::1", "the configured url is not one that can be posted to"),
    ],
)
def test_an_address_that_cannot_be_reached_never_raises(clock: Any, url: str, said: str) -> None:
    """Nobody listens: tried again. No address: a person has to mend it."""
    settings = FlagSettings(url="http://127.0.0.1/", timeout_seconds=1).model_copy(update={"url": url})
    found = flag_system.post(settings, "s", SOME, clock())
    assert found.said == said
    assert found.outcome == ("again" if "reached" in said else "refused")


def test_a_crash_between_answer_and_commit_repeats_the_same_delivery(
    lite: RolloutBench, system: FlagSystem
) -> None:
    """The receiver knows it by its key."""
    (waiting,) = lite.waiting(TELL_JOB)
    flags.attempt(lite.db, lite.desk, waiting.payload, lite.clock())
    lite.work()
    first, second = system.heard
    assert first[2] == second[2]
    assert first[0]["X-Lookout-Delivery"] == second[0]["X-Lookout-Delivery"]


def test_an_address_or_secret_that_the_answer_repeats_is_shown_to_nobody(
    sqlite: Database, clock: Any, system: FlagSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """Many servers answer 404 with the path that was asked for, and the path may be a token."""
    caplog.set_level("DEBUG")
    url = system.url.replace("http://", "http://lookout:pass-w0rd@") + "/t0ken-in-path?key=t0ken-in-query"
    bench = started(RolloutBench(sqlite, clock, flags=url))
    echo = "Cannot POST /hooks/launch/t0ken-in-path?key=t0ken-in-query for lookout:pass-w0rd, sesame"
    system.answers = [(404, {}, echo)]
    bench.work()
    everything = str(bench.effects()) + str(bench.tellings())
    assert "answered 404: Cannot POST /…/" in everything
    for secret in ("t0ken-in-path", "t0ken-in-query", "pass-w0rd", "sesame"):
        assert secret not in everything
        ours = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
        assert secret not in "\n".join(ours)
    assert "sesame" not in repr(bench.desk.settings)


def drip(between: float, head: bytes, count: int) -> Iterator[str]:
    """A server that sends its answer a byte at a time; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(count):
                if over.wait(between):
                    return
                connection.sendall(b"a")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    over.set()
    listening.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("head", "outcome", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", "again", "no answer in 0.3 s"),
        (b"", "again", "no answer in 0.3 s"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 99999\r\n\r\n", "again", "answered 503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "told", "answered 200"),
    ],
)
def test_a_system_that_answers_a_byte_at_a_time_is_not_waited_for_without_end(
    clock: Any, head: bytes, outcome: str, said: str
) -> None:
    """A time-out for each byte would never end; a status that says it was taken is enough."""
    with contextmanager(drip)(0.05, head, 400) as url:
        found = flag_system.post(FlagSettings(url=url, timeout_seconds=0.3), "s", SOME, clock())
    assert found.outcome == outcome
    assert found.said.startswith(said)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"\x00\xff rubbish \r\n\r\n", "again"),
        (b"", "again"),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "again"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "told"),
        (b"HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "refused"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "again"),
    ],
)
def test_rubbish_is_an_outcome_too(clock: Any, answer: bytes, outcome: str) -> None:
    """Whatever comes back is told, tried again or refused; never an error of ours."""
    with contextmanager(drip)(0, answer, 0) as url:
        found = flag_system.post(FlagSettings(url=url, timeout_seconds=0.5), "s", SOME, clock())
    assert found.outcome == outcome


def test_a_launch_that_lookout_never_rolled_out_has_a_flag_that_is_not_ours(
    sqlite: Database, clock: Any, system: FlagSystem
) -> None:
    """What was not started here is not told of: nobody said how to flip it."""
    from tests.services.rollout_bench import LAUNCH, ROLLOUT

    for text in (LAUNCH.replace(ROLLOUT, ""), LAUNCH.replace(ROLLOUT, STAGES).replace("-l12\n", "-l13\n", 1)):
        bench = RolloutBench(sqlite, clock, flags=system.url)
        bench.lock(text)
        bench.decide("stop")
        bench.work()
    assert system.heard == []


def test_what_became_of_a_launch_is_told_with_its_cause(bench: RolloutBench, system: FlagSystem) -> None:
    """A receiver that rolls back only what was aborted can tell; every event has a key of its own."""
    bench.work()
    bench.press("Pause", reason="it looks odd")
    bench.work()
    bench.press("Resume", reason="it was a chart")
    bench.work()
    bench.press("Advance to 10%")
    bench.work()
    bench.veto()
    bench.work()
    bench.decide("stop")
    bench.work()
    assert [(b["event"], b["cause"], b["stage"], b["previous"]) for _, b, _ in system.heard] == [
        ("stage", "person", "1%", ""),
        ("paused", "person", "1%", ""),
        ("resumed", "person", "1%", ""),
        ("stage", "person", "10%", "1%"),
        ("held", "veto", "10%", ""),
        ("stopped", "decision", "10%", ""),
    ]
    keys = [body["delivery"] for _, body, _ in system.heard]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: int(key.split(".")[1]))


def test_two_workers_tell_one_event_under_one_key(bench: RolloutBench, system: FlagSystem) -> None:
    """A lease that ran out has it told twice at most, by the same key; only one of them is kept."""
    (waiting,) = bench.waiting(TELL_JOB)
    first = flags.attempt(bench.db, bench.desk, waiting.payload, bench.clock())
    bench.work()
    with bench.db.write() as session:
        first(session)
    bench.work()
    assert len({body["delivery"] for _, body, _ in system.heard}) == 1
    assert "Flag: 127.0.0.1 took stage 1%" in bench.card().text
