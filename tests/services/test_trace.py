"""`/trace`: the whole history of a thing, asked for by name, by button and by mention."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from bot.core.inbound import Order, Place, Press, Submit
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, RefusedError, StaleError
from bot.limits import check_blocks, check_view
from bot.services import latency_budgets, trace, trace_joining, trace_things
from bot.services.narrative_jobs import narrative_jobs
from bot.store import blobs, links, slots
from bot.store.outbox_rows import OutboxRow
from bot.views.trace_actions import About, TraceAction, button
from handlers import grammar, slack_verbs
from tests.services.decision_bench import CHANNEL, EM, ID, PM, Bench
from tests.services.incident_bench import Shown

FIRST = datetime(2026, 10, 20, 9, tzinfo=UTC)
PLACE = Place(CHANNEL)


@pytest.fixture
def bench(sqlite):
    """A launch that was vetoed and stopped, from a framing and a candidate, with an incident after it."""
    bench = Bench(sqlite).sign().stage()
    bench.look()
    with bench.db.write() as session:
        chain = ("FRM-1", "CAN-3", ID, "INC-7", "CAN-9")
        for days, (earlier, later) in enumerate(pairwise(chain)):
            now = FIRST + timedelta(days=days)
            links.join(session, Thing.read(earlier), Thing.read(later), why="so it was", by=PM, now=now)
    return bench


def effects(bench):
    """What was put into the outbox."""
    with bench.db.read() as session:
        return [{**row.effect, "kind": row.kind} for row in session.exec(select(OutboxRow))]


def work(bench):
    """Do what is waiting."""
    jobs = narrative_jobs(bench.db, bench.desk)
    while slot := slots.claim(bench.db, now=bench.now, lease=timedelta(seconds=60)):
        if slot.job in jobs:
            finish = jobs[slot.job](slot.payload, bench.now)
            with bench.db.write() as session:
                finish(session)
                assert slots.done(session, slot)
        else:
            with bench.db.write() as session:
                assert slots.done(session, slot)


def asked(bench, text):
    """Type `/trace TEXT`, and have it done; what was put of it."""
    before = len(effects(bench))
    order = grammar.parse("trace", text, by=PM, place=PLACE)
    with bench.db.write() as session:
        slack_verbs.handle(session, bench.desk, order, f"inbox/{before}", bench.now)
    work(bench)
    return effects(bench)[before:]


def test_the_card_tells_the_whole_chain_and_the_file_everything(bench):
    """What led to it, what came of it, where each stands, its ledger entries, and a picture."""
    chart, post, file = asked(bench, ID)
    card = Shown(post["message"])
    assert check_blocks(post["message"]["blocks"]) == []
    assert card.header.startswith(f"Trace · {ID} · ")
    assert f"{ID}: vetoed. It came from CAN-3. It led to INC-7." in card.notification
    for line in ("*FRM-1* framing · ? not on record", "    → CAN-3: so it was", f"*{ID}* experiment"):
        assert line in card.text
    assert "look 4 said" not in card.text.split("What happened")[0]
    assert "*veto*" not in card.text
    assert "locked" in card.text
    assert [label for label in card.buttons if label.startswith("Trace")] == ["Trace CAN-3", "Trace INC-7"]
    assert (chart["share"], file["thread"]) == (False, post["key"])
    assert "FRM-1 led to CAN-3; " in chart["alt_text"]
    with bench.db.read() as session:
        assert blobs.get(session, chart["blob"]).startswith(b"\x89PNG")
        document = blobs.get(session, file["blob"]).decode()
    assert "| INC-7 | incident | not on record |" in document
    assert document.count("| ledger ") == len(bench.kinds())


def test_a_button_traces_what_it_names(bench):
    """The same as typing it."""
    pressed = button("Trace INC-7", TraceAction.SHOW, Thing.read("INC-7"))
    action = pressed["action_id"].partition(":")[0]
    with bench.db.write() as session:
        press = Press(EM, PLACE, action, pressed["value"])
        slack_verbs.handle(session, bench.desk, press, "inbox/p", bench.now)
    work(bench)
    posts = [one for one in effects(bench) if one["kind"] == "post" and one["key"] == "inbox/p/trace"]
    assert Shown(posts[0]["message"]).header == "Trace · INC-7"


def test_a_chain_that_comes_back_says_so(bench):
    """An incident that updated the framing which its experiment came from."""
    with bench.db.write() as session:
        links.join(session, Thing.read("INC-7"), Thing.read("FRM-1"), why="misframed", now=bench.now)
    _, post, _ = asked(bench, "FRM-1")
    assert "→ FRM-1, which it came from: misframed" in Shown(post["message"]).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("INC-99", "No incident `INC-99` is on record, and nothing is joined with it."),
        ("2031-q1", "No portfolio `2031-Q1` is on record"),
        ("<!channel>", "No experiment `&lt;!channel&gt;` is on record"),
        ("INC-7 please", "Read `INC-7 please`, and expected one name."),
    ],
)
def test_what_is_not_on_record_is_said(bench, text, said):
    """What was read, what names look like; nothing is posted."""
    order = Order(PM, PLACE, "trace", "of", text)
    with pytest.raises(InputError) as caught, bench.db.write() as session:
        trace.order(session, bench.desk, order, "inbox/1", bench.now)
    assert caught.value.message.startswith(said)
    assert "`/trace INC-7`" in caught.value.hint


def test_a_thing_alone_has_no_picture(sqlite):
    """Nothing is joined with it: that is said, and what happened is told."""
    bench = Bench(sqlite)
    post, _ = asked(bench, ID)
    assert "waits for signatures. Nothing is joined with it." in Shown(post["message"]).notification


def test_a_name_may_be_a_latency_budgets(bench):
    """What has the form of an experiment's id and is registered as a budget; where it stands is told."""
    text = "kind: latency\nid: turn_800\ntitle: Chat turn\nslo: {ms: 800}\nstages:\n"
    text += "  - {name: rerank, allocated_p95_ms: 240}\n"
    with bench.db.write() as session:
        latency_budgets.register(session, text, "b.yaml", by=PM, channel=CHANNEL, now=bench.now)
        budget = trace.find(session, "turn_800")
        assert budget == Thing(ThingKind.BUDGET, "turn_800")
        told = trace.gather(session, budget).start
    assert (told.title, told.state) == ("Chat turn", "edition 1, no load test locked")


def test_two_things_are_joined_by_hand(bench):
    """By word and by form, with a reason and a name; once, and by who may supply documents."""
    with pytest.raises(InputError, match="Read `join`, and expected two names and why one led"):
        asked(bench, "join")
    (told,) = asked(bench, "join INC-7 CAN-3 the problem was another one")
    assert f"<@{PM}> joined `INC-7` with `CAN-3`, which it led to" in told["message"]["text"]
    value = About(Thing.read("INC-7")).encode()
    with bench.db.write() as session:
        view = trace_joining.form(session, bench.desk, PM, value, bench.now)
        assert check_view({**view, "callback_id": "x"}) == []
        fields = {"other": "us-mle-02-reranker", "way": "came_from", "why": "its index was the cause"}
        assert trace_joining.faults(fields) == {}
        links.join(session, Thing.read("CAN-8"), Thing.read("INC-1"), now=bench.now)
        fields["other"] = "CAN-8"
        sent = Submit(PM, PLACE, "trace.join", value, fields)
        trace_joining.submit(session, bench.desk, sent, "inbox/8", bench.now)
    with bench.db.read() as session:
        found = links.of(session, Thing.read("INC-7"))
    assert ("CAN-8", "INC-7") in [(one.earlier.id, one.later.id) for one in found]


@pytest.mark.parametrize(
    ("text", "by", "error", "said"),
    [
        ("join INC-7 FRM-1", PM, InputError, "Read `join INC-7 FRM-1`, and expected two names and why"),
        ("join INC-7 INC-7 it caused itself", PM, InputError, "INC-7 cannot have led to itself."),
        (
            "join CAN-3 us-mle-02-reranker once more by hand",
            PM,
            StaleError,
            "CAN-3 and us-mle-02-reranker are",
        ),
        ("join INC-7 INC-99 they look alike", PM, InputError, "No incident `INC-99` is on record"),
        ("join INC-7 FRM-1 short", PM, InputError, "The reason has 5 characters."),
        ("join INC-7 FRM-1 a reason of one's own", "U0NOBODY", RefusedError, ""),
    ],
)
def test_what_cannot_be_joined_is_said(bench, text, by, error, said):
    """Which name, what was expected, who may."""
    order = grammar.parse("trace", text, by=by, place=PLACE)
    with pytest.raises(error) as caught, bench.db.write() as session:
        slack_verbs.handle(session, bench.desk, order, "inbox/1", bench.now)
    assert caught.value.message.startswith(said)


@pytest.mark.parametrize("value", ["", "{}", '{"k":"ghost","i":"x"}', '{"k":"incident","i":7}', "[" * 9999])
def test_a_button_of_another_version_is_told_what_to_type(value):
    """Whatever stands in it."""
    with pytest.raises(InputError) as caught:
        About.decode(value)
    assert "`/trace`" in caught.value.hint


def test_every_kind_of_thing_can_be_read(sqlite):
    """None of them is on record here, and none of them fails."""
    with sqlite.read() as session:
        for kind, name in ((ThingKind.INCIDENT, "INC-1"), (ThingKind.CANDIDATE, "CAN-1")):
            assert trace_things.known(session, Thing(kind, name)).state == ""
        for kind in (ThingKind.FRAMING, ThingKind.PORTFOLIO, ThingKind.EXPERIMENT, ThingKind.BUDGET):
            assert trace_things.known(session, Thing(kind, "FRM-1")).happenings == ()
