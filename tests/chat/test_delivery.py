"""The chat worker against a local Slack: in order, once, whatever gets lost on the way."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.chat.slack import Attempt, LeaseLost, connect
from bot.chat.worker import Worker, deliver
from bot.core.claimed import Claimed, StoreUnavailable
from bot.core.effect import CreateChannel, Ephemeral, Message, Pin, Post, Update, Upload
from bot.store import blobs
from bot.store.lanes import Outbox
from bot.workspace.faults import Fault
from bot.workspace.manifest import parse
from handlers.manifest import manifest
from tests.chat.conftest import INCIDENTS, LAUNCHES, LEASE, Bench

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def post(key: str, channel: str = INCIDENTS, thread: str | None = None) -> Post:
    """A post whose text is its key."""
    return Post(key, channel, Message(key), thread)


def image(key: str) -> Mapping[str, Any]:
    """An image block that waits for an upload."""
    return {"type": "image", "slack_file": {"id": f"upload:{key}"}, "alt_text": "z against its boundary"}


async def test_an_incident_s_beginning_arrives_as_written(bench: Bench) -> None:
    """Channel with topic and people, card posted, pinned and edited, answer in its thread, file shared."""
    with bench.db.write() as session:
        blob = blobs.put(session, b"# What happened", "text/markdown")
    divider = {"type": "divider"}
    bench.say(
        CreateChannel("#inc-20261123-ndcg", "NDCG fell", ("U0ENG", "U0PM")),
        Post("card", "#inc-20261123-ndcg", Message("Incident 7", (divider,))),
        Pin("card", "#inc-20261123-ndcg"),
        Update("card", "#inc-20261123-ndcg", Message("Incident 7, mitigated", (divider,))),
        Post("step", "#inc-20261123-ndcg", Message("Step 1"), thread="card"),
        Upload(
            "retro", "#inc-20261123-ndcg", "retro.md", "Retrospective", blob, comment="Draft", thread="card"
        ),
        Ephemeral("psst", "#inc-20261123-ndcg", "U0PM", Message("only you")),
    )
    await bench.deliver()
    channel = bench.workspace.named("inc-20261123-ndcg")
    assert channel is not None
    assert (channel.topic, set(channel.members)) == ("NDCG fell", {"U0LOOKOUT", "U0ENG", "U0PM"})
    card, step, file, psst = [m for m in bench.workspace.messages(channel.id) if m.subtype != "channel_topic"]
    assert (card.text, card.pinned, card.blocks[0]["type"]) == ("Incident 7, mitigated", True, "divider")
    assert (step.text, step.thread_ts) == ("Step 1", card.ts)
    shared = bench.workspace.files[file.files[0]]
    assert (file.text, file.thread_ts) == ("Draft", card.ts)
    assert (shared.content, shared.name, shared.title) == (b"# What happened", "retro.md", "Retrospective")
    assert (psst.text, psst.ephemeral_to) == ("only you", "U0PM")
    assert bench.box.message("card") == (channel.id, card.ts)


async def test_a_channel_named_in_a_message_is_linked(bench: Bench) -> None:
    """Also one that is only being created, in text and blocks; one that never was stays a name."""
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "see <#inc-20261123-ndcg>, not <#gone>"}}
    bench.say(
        Post("notice", INCIDENTS, Message("INC-1 in <#inc-20261123-ndcg>", (section,))),
        CreateChannel("#inc-20261123-ndcg", "NDCG fell"),
    )
    await bench.deliver()
    channel = bench.workspace.named("inc-20261123-ndcg")
    assert channel is not None
    (notice,) = bench.workspace.messages(INCIDENTS)
    assert notice.text == f"INC-1 in <#{channel.id}>"
    assert notice.blocks[0]["text"]["text"] == f"see <#{channel.id}>, not #gone"


async def test_order_holds_and_nothing_repeats_through_a_bad_night(bench: Bench) -> None:
    """Forty posts in two channels through 429, 503, refused and lost answers: each once, in order."""
    for fault in (
        Fault("chat.postMessage", count=2, retry_after=3),
        Fault("chat.postMessage", count=3, then_fail=True),
        Fault("chat.postMessage", status=503),
        Fault("chat.postMessage", error="internal_error"),
        Fault("conversations.history", status=502),
        Fault("chat.postMessage", count=2, then_fail=True),
    ):
        bench.hub.faults.add(fault)
    numbers = range(20)
    for number in numbers:
        bench.say(post(f"{number}"), post(f"l{number}", LAUNCHES))
    await bench.deliver()
    assert bench.texts(INCIDENTS) == [f"{number}" for number in numbers]
    assert bench.texts(LAUNCHES) == [f"l{number}" for number in numbers]
    assert bench.worker.counters.adopted == 5
    assert bench.worker.counters.rate_limited >= 2
    assert bench.worker.counters.delivered == {"Post": 40}


async def test_a_rate_limit_holds_its_channel_only(bench: Bench) -> None:
    """Retry-After is kept to the second, by what is behind it too; the other channel goes on."""
    bench.hub.faults.add(Fault("chat.postMessage", retry_after=30))
    bench.say(post("a1"), post("a2"), post("b1", LAUNCHES))
    async with bench.running():
        await bench.until(lambda: bench.texts(LAUNCHES) == ["b1"] and bench.worker.counters.rate_limited == 1)
        bench.clock.advance(seconds=29)
        await bench.until_looked()
        assert bench.texts(INCIDENTS) == []
        bench.clock.advance(seconds=1)
        await bench.until(lambda: bench.texts(INCIDENTS) == ["a1", "a2"])


@pytest.mark.parametrize("thread", [None, "root"])
async def test_a_crash_between_saying_and_recording_says_nothing_twice(
    bench: Bench, thread: str | None
) -> None:
    """A post that Slack has and the outbox does not know of is found by its key, in channel or thread."""
    bench.say(post("root"), post("answer", thread=thread))
    await bench.deliver_unrecorded(after=1)
    said = bench.texts(INCIDENTS)
    await bench.deliver()
    assert bench.texts(INCIDENTS) == said == ["root", "answer"]
    assert bench.worker.counters.adopted == 1
    found = bench.box.message("answer")
    assert found is not None
    assert found[1] == bench.messages(INCIDENTS)[1].ts


async def test_a_crash_before_saying_loses_nothing(bench: Bench) -> None:
    """A claim that died before the call is read back, found missing, and said once."""
    bench.say(post("1"))
    assert bench.box.claim(bench.clock(), timedelta(seconds=30)) is not None
    bench.clock.advance(seconds=31)
    await bench.deliver()
    assert bench.texts(INCIDENTS) == ["1"]
    assert bench.worker.counters.adopted == 0


async def test_read_back_turns_pages(bench: Bench) -> None:
    """A message is found below 250 others that came after it."""
    bench.say(post("early"))
    await bench.deliver_unrecorded()
    for number in range(250):
        bench.workspace.post(INCIDENTS, "U0ENG", f"chatter {number}")
    await bench.deliver()
    assert bench.texts(INCIDENTS).count("early") == 1
    assert bench.worker.counters.adopted == 1


async def test_someone_else_s_metadata_is_not_mistaken(bench: Bench) -> None:
    """Only our own event type with this very key counts."""
    for event, key in (("other_app", "1"), ("lookout_effect", "2")):
        metadata = {"event_type": event, "event_payload": {"key": key}}
        bench.workspace.post(INCIDENTS, "U0LOOKOUT", "not it", metadata=metadata)
    bench.say(post("1"))
    bench.box.claim(bench.clock(), timedelta(seconds=30))
    bench.clock.advance(seconds=31)
    await bench.deliver()
    assert bench.texts(INCIDENTS) == ["not it", "not it", "1"]


async def test_updates_keep_the_message_s_key(bench: Bench) -> None:
    """After an edit the message can still be found by its metadata."""
    bench.say(post("card"), Update("card", INCIDENTS, Message("edited")))
    await bench.deliver()
    (card,) = bench.messages(INCIDENTS)
    assert card.text == "edited"
    assert card.metadata == {"event_type": "lookout_effect", "event_payload": {"key": "card"}}


async def test_a_channel_made_before_a_crash_is_adopted(bench: Bench) -> None:
    """create's answer is lost: the channel under the name is taken, wherever in a long list it is."""
    for number in range(450):
        bench.workspace.create_channel(f"team-{number}", creator="U0PM")
    bench.hub.faults.add(Fault("conversations.create", then_fail=True))
    bench.say(CreateChannel("#inc-1", "topic", ("U0ENG",)), post("card", "#inc-1"))
    await bench.deliver()
    made = [channel for channel in bench.workspace.channels.values() if channel.name == "inc-1"]
    assert len(made) == 1
    assert (made[0].topic, "U0ENG" in made[0].members) == ("topic", True)
    assert bench.texts(made[0].id) == ["card"]


async def test_a_channel_someone_else_made_is_joined(bench: Bench) -> None:
    """The name is taken by people: the bot joins them there."""
    theirs = bench.workspace.create_channel("inc-1", creator="U0PM", members=("U0ENG",))
    bench.say(CreateChannel("#inc-1", invite=("U0ENG", "U0LOOKOUT", "UNOBODY")), post("card", "#inc-1"))
    await bench.deliver()
    assert bench.texts(theirs.id) == ["card"]
    assert bench.told == []


async def test_an_archived_channel_is_given_up_with_its_reason(bench: Bench) -> None:
    """Nothing can be posted there: channel and card are reported, and other lanes go on."""
    theirs = bench.workspace.create_channel("inc-1", creator="U0LOOKOUT")
    bench.workspace.change_channel(theirs.id, archived=True)
    bench.say(CreateChannel("#inc-1"), post("card", "#inc-1"), post("elsewhere"))
    await bench.deliver()
    assert bench.told == [("CreateChannel", "is_archived"), ("Post", "is_archived")]
    assert bench.texts(INCIDENTS) == ["elsewhere"]


async def test_a_channel_we_are_not_in_is_joined(bench: Bench) -> None:
    """not_in_channel is answered by joining, by name or id, and then posting."""
    assert "U0LOOKOUT" not in bench.workspace.channels["C0GENERAL"].members
    bench.say(post("hello", "#general"))
    await bench.deliver()
    assert bench.texts("C0GENERAL") == ["hello"]


async def test_a_channel_that_was_made_anew_is_found_again(bench: Bench) -> None:
    """The id remembered for a name is gone from Slack: the name is looked up once more."""
    bench.box.remember_channel("#general", "C0GONE")
    bench.say(post("hello", "#general"))
    await bench.deliver()
    assert bench.texts("C0GENERAL") == ["hello"]


async def test_a_channel_that_does_not_exist_is_reported_once(bench: Bench) -> None:
    """No endless retry for a wrong name, and what is behind it in the lane is refused by itself."""
    bench.box.remember_channel("#nowhere", "C0GONE")
    bench.say(post("1", "#nowhere"))
    await bench.deliver()
    assert bench.told == [("Post", "channel_not_found")]


async def test_a_person_is_told_in_direct_messages(bench: Bench) -> None:
    """A user's id as the channel opens the direct messages with them."""
    bench.say(post("hello", "U0PM"))
    await bench.deliver()
    assert bench.texts(bench.workspace.direct("U0LOOKOUT", "U0PM").id) == ["hello"]


async def test_what_slack_refuses_is_given_up_and_the_lane_goes_on(bench: Bench) -> None:
    """Bad blocks kill that post; its edits and pins are given up too, its answers go to the channel."""
    broken = Post("card", INCIDENTS, Message("card", ({"type": "section"},)))
    bench.say(
        broken,
        Update("card", INCIDENTS, Message("v2")),
        Pin("card", INCIDENTS),
        post("answer", thread="card"),
    )
    await bench.deliver()
    assert bench.told == [
        ("Post", "invalid_blocks"),
        ("Update", "message_never_sent"),
        ("Pin", "message_never_sent"),
    ]
    (answer,) = bench.messages(INCIDENTS)
    assert (answer.text, answer.thread_ts) == ("answer", "")


async def test_a_bad_token_loses_nothing(bench: Bench) -> None:
    """invalid_auth is an operator's matter: readiness says so, and everything is delivered once mended."""
    bench.hub.faults.add(Fault("*", count=3, error="invalid_auth"))
    bench.say(post("1"), post("2"))
    async with bench.running():
        await bench.until(lambda: bench.worker.trouble == "slack: invalid_auth")
        await bench.pump()
    assert bench.texts(INCIDENTS) == ["1", "2"]
    assert bench.worker.trouble is None
    assert bench.told == []


async def test_a_bot_that_was_down_for_a_weekend_loses_nothing_it_had_begun(bench: Bench) -> None:
    """Claimed on Friday, never sent; on Monday it is."""
    bench.say(post("1"))
    assert bench.box.claim(bench.clock(), LEASE) is not None
    bench.clock.advance(days=3)
    async with bench.running():
        await bench.pump()
    assert bench.texts(INCIDENTS) == ["1"]
    assert bench.told == []


async def test_after_a_day_of_failures_it_gives_up(bench: Bench) -> None:
    """24 h after its first try, not after it was put: a weekend without power loses nothing."""
    bench.say(post("1"))
    bench.clock.advance(days=3)
    bench.hub.faults.add(Fault("chat.postMessage", count=-1, status=503))
    async with bench.running():
        await bench.until(lambda: bench.worker.counters.retried >= 1)
        assert bench.told == []
        bench.clock.advance(hours=23)
        retried = bench.worker.counters.retried
        await bench.until(lambda: bench.worker.counters.retried > retried)
        assert bench.told == []
        bench.clock.advance(hours=2)
        await bench.until(lambda: bench.told)
    assert bench.told == [("Post", "given up after 1 day, 0:00:00: http_503")]


async def test_pauses_grow_to_a_minute(bench: Bench) -> None:
    """1, 2, 4 … 60 s, less up to half by chance."""
    longest = [bench.worker._backoff(tries) for tries in range(1, 30)]
    assert all(2.0**n / 2 <= pause <= 2.0**n for n, pause in enumerate(longest[:6]))
    assert all(30 <= pause <= 60 for pause in longest[6:])


async def test_a_chart_is_uploaded_for_its_message(bench: Bench) -> None:
    """An unshared upload appears nowhere by itself, and the message waits for it across lanes."""
    with bench.db.write() as session:
        blob = blobs.put(session, PNG, "image/png")
    blocks = (image("chart"), {"type": "context", "elements": [image("chart")]})
    bench.say(Post("look", INCIDENTS, Message("Look 2: continue", blocks[:1])))
    bench.say(Upload("chart", LAUNCHES, "look.png", "Look 2", blob, "z = 2.05 below 2.96", share=False))
    await bench.deliver()
    (look,) = bench.messages(INCIDENTS)
    file = bench.workspace.files[look.blocks[0]["slack_file"]["id"]]
    assert (file.content, file.alt_txt, file.channels) == (PNG, "z = 2.05 below 2.96", ())
    assert bench.messages(LAUNCHES) == []


async def test_a_chart_that_cannot_be_uploaded_leaves_a_line(bench: Bench) -> None:
    """The message is sent all the same, saying what is missing."""
    bench.say(
        Upload("chart", INCIDENTS, "look.png", "Look 2", "0" * 64, share=False),
        Post("look", INCIDENTS, Message("Look 2: continue", (image("chart"), {"type": "divider"}))),
    )
    await bench.deliver()
    assert bench.told == [("Upload", "blob_not_found")]
    (look,) = bench.messages(INCIDENTS)
    assert [block["type"] for block in look.blocks] == ["context", "divider"]
    assert "z against its boundary" in json.dumps(look.blocks[0])


async def test_a_shared_file_appears_once(bench: Bench) -> None:
    """Its answer lost, or the worker dead after sharing: found in the channel by the file's own id."""
    with bench.db.write() as session:
        blob = blobs.put(session, b"text", "text/plain")
    bench.hub.faults.add(Fault("files.completeUploadExternal", then_fail=True))
    bench.say(*(Upload(f"f{n}", INCIDENTS, "retro.md", f"Retro {n}", blob) for n in range(2)))
    await bench.deliver()
    shared = [bench.workspace.files[message.files[0]].title for message in bench.messages(INCIDENTS)]
    assert shared == ["Retro 0", "Retro 1"]
    assert bench.worker.counters.adopted == 1


async def test_an_upload_survives_a_failing_upload_address(bench: Bench) -> None:
    """Where the bytes go may fail too; the file is shared once."""
    with bench.db.write() as session:
        blob = blobs.put(session, b"text", "text/plain")
    bench.hub.faults.add(Fault("upload", count=2, status=500))
    bench.say(Upload("f", INCIDENTS, "retro.md", "Retro", blob))
    await bench.deliver()
    assert len(bench.messages(INCIDENTS)) == 1


async def test_a_message_waits_while_slack_processes_its_file(bench: Bench) -> None:
    """Right after an upload Slack may call the block invalid; some seconds later it takes it."""
    with bench.db.write() as session:
        blob = blobs.put(session, PNG, "image/png")
    bench.hub.faults.add(Fault("chat.postMessage", count=2, error="invalid_blocks"))
    bench.say(
        Upload("chart", INCIDENTS, "look.png", "Look 2", blob, share=False),
        Post("look", INCIDENTS, Message("Look 2", (image("chart"),))),
    )
    await bench.deliver()
    assert bench.told == []
    assert len(bench.messages(INCIDENTS)) == 1


async def test_steps_of_a_channel_that_slack_refuses_do_not_stop_it(bench: Bench) -> None:
    """A topic that may not be set is logged; the channel and its people are there."""
    bench.hub.faults.add(Fault("conversations.setTopic", error="restricted_action"))
    bench.say(CreateChannel("#inc-1", "topic", ("U0ENG",)), post("card", "#inc-1"))
    await bench.deliver()
    channel = bench.workspace.named("inc-1")
    assert channel is not None
    assert "U0ENG" in channel.members
    assert bench.texts(channel.id) == ["card"]


async def test_nothing_is_said_on_a_lease_about_to_end(bench: Bench) -> None:
    """With less than one call's time left the worker leaves it to whoever claims next."""
    bench.say(post("1"))
    claimed = bench.box.claim(bench.clock(), timedelta(seconds=30))
    assert claimed is not None
    bench.clock.advance(seconds=30 - bench.client.timeout + 1)
    with pytest.raises(LeaseLost):
        await deliver(Attempt(claimed, bench.client, bench.box, bench.clock))
    assert bench.texts(INCIDENTS) == []


async def test_a_database_that_stumbles_at_the_record_says_nothing_twice(bench: Bench) -> None:
    """Slack has it; the record is tried again until it is written."""

    class Stumbling(Outbox):
        stumbles = 2

        def sent(self, claimed: Claimed, result: Mapping[str, str], now: datetime) -> bool:
            self.stumbles -= 1
            if self.stumbles >= 0:
                raise StoreUnavailable("OperationalError")
            return super().sent(claimed, result, now)

    bench.worker = bench.new_worker(Stumbling(bench.db))
    bench.say(post("1"), post("2"))
    await bench.deliver()
    assert bench.texts(INCIDENTS) == ["1", "2"]


async def test_an_outbox_out_of_reach_is_named_and_recovers(bench: Bench) -> None:
    """Readiness hears of it, the worker lives, and goes on when it is back."""

    class Away(Outbox):
        away = True

        def claim(self, now: datetime, lease: timedelta, busy: Any = ()) -> Claimed | None:
            if self.away:
                raise StoreUnavailable("OperationalError")
            return super().claim(now, lease, busy)

    box = Away(bench.db)
    bench.worker = bench.new_worker(box)
    bench.say(post("1"))
    async with bench.running():
        await bench.until(lambda: bench.worker.trouble == "outbox: OperationalError")
        box.away = False
        await bench.until(lambda: bench.texts(INCIDENTS) == ["1"])
        assert bench.worker.trouble is None


async def test_two_workers_say_everything_once(bench: Bench) -> None:
    """Two workers on one outbox share the lanes."""
    other = bench.new_worker(Outbox(bench.db))
    for number in range(10):
        bench.say(post(f"{number}"), post(f"l{number}", LAUNCHES))
    async with bench.running(), bench.running(other):
        await bench.pump()
    assert bench.texts(INCIDENTS) == [f"{number}" for number in range(10)]
    assert bench.texts(LAUNCHES) == [f"l{number}" for number in range(10)]


async def test_stopping_finishes_what_is_under_way(bench: Bench) -> None:
    """A call already made is recorded before `run` returns; nothing new is begun."""
    bench.hub.faults.add(Fault("chat.postMessage", slow=0.2))
    bench.say(post("1"), post("2"))
    async with bench.running():
        await bench.until(lambda: bench.worker._busy)
    assert bench.texts(INCIDENTS) == ["1"]
    assert bench.box.message("1") is not None
    assert bench.pending() == 1


async def test_logs_name_effects_and_never_what_they_say(bench: Bench) -> None:
    """Ids, lanes and codes; no text, no token, also when things go wrong."""
    for fault in (Fault("chat.postMessage", status=503), Fault("chat.postMessage", then_fail=True)):
        bench.hub.faults.add(fault)
    bench.say(
        Post("1", INCIDENTS, Message("revenue fell by half")),
        Post("2", INCIDENTS, Message("revenue fell by half", ({"type": "section"},))),
    )
    with capture_logs() as logs:
        await bench.deliver()
    assert {line["event"] for line in logs} == {"chat.retry", "chat.delivered", "chat.dead"}
    assert "revenue" not in str(logs)
    assert bench.client.token is not None
    assert bench.client.token not in str(logs)


async def test_a_fault_of_ours_costs_one_lease_not_the_worker(bench: Bench) -> None:
    """An unforeseen exception is logged without values, and the effect is tried again after its lease."""

    body = "".join(["reve", "nue fell"])  # so that the traceback's source lines do not hold it

    class Odd(Outbox):
        odd = True

        def message(self, key: str) -> tuple[str, str] | None:
            if self.odd:
                self.odd = False
                raise LookupError(body)
            return super().message(key)

    bench.worker = bench.new_worker(Odd(bench.db))
    bench.say(post("1"), post("2", thread="1"))
    with capture_logs() as logs:
        await bench.deliver()
    assert bench.texts(INCIDENTS) == ["1", "2"]
    (crash,) = [line for line in logs if line["event"] == "chat.crashed"]
    assert crash["error"] == "LookupError"
    assert "revenue" not in str(logs)


def test_a_client_that_repeats_calls_is_refused(bench: Bench) -> None:
    """slack_sdk's default client sends a POST again after a connection error; ours must not."""
    with pytest.raises(ValueError, match="repeats calls"):
        Worker(AsyncWebClient(token="xoxb-local"), bench.box, bench.clock)
    with pytest.raises(ValueError, match="shorter than two calls"):
        Worker(connect("xoxb-local", "http://127.0.0.1"), bench.box, bench.clock, lease=timedelta(seconds=19))


@pytest.mark.parametrize("where", ["not a member", "archived", "private", "a direct message", "home page"])
async def test_who_cannot_be_whispered_to_in_a_channel_is_told_directly(bench: Bench, where: str) -> None:
    """They are not in it, it is archived, Lookout cannot be in it, or there is none: with our own scopes."""
    bench.hub.install(parse(manifest()))
    channel = LAUNCHES
    if where == "not a member":
        rest = tuple(member for member in bench.workspace.channels[LAUNCHES].members if member != "U0PM")
        bench.workspace.change_channel(LAUNCHES, members=rest)
    elif where == "archived":
        bench.workspace.change_channel(LAUNCHES, archived=True)
    elif where == "private":
        channel = "G0SECRET"
    elif where == "a direct message":
        channel = bench.workspace.direct("U0PM", "U0EM").id
    else:
        channel = "U0PM"
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "To decide takes the role owner."}}
    bench.say(Ephemeral("psst", channel, "U0PM", Message("To decide takes the role owner.", (block,))))
    await bench.deliver()
    [said] = bench.messages(bench.workspace.direct(bench.workspace.bot, "U0PM").id)
    assert (said.text, said.ephemeral_to, len(said.blocks)) == ("To decide takes the role owner.", "", 1)
    assert bench.told == []


async def test_a_whisper_that_cannot_even_be_told_directly_is_given_up_and_known(bench: Bench) -> None:
    """Nobody waits for an answer that never comes without the ops channel knowing."""
    bench.hub.install(replace(parse(manifest()), messages=False))
    bench.say(
        Ephemeral("psst", LAUNCHES, "U0GONE", Message("x")), Ephemeral("p2", "U0PM", "U0PM", Message("x"))
    )
    await bench.deliver()
    assert sorted(bench.told) == [("Ephemeral", "messages_tab_disabled"), ("Ephemeral", "user_not_found")]
