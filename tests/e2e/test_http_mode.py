"""The bot behind a request URL: signed requests of every kind have their effect, forged ones have none."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from bot.store.inbox import InboxRow
from bot.workspace.faults import Fault
from tests.e2e.house import ENGINEER, SCIENTIST, House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text()
SECRET = "local-signing-secret"
NEVER = "never-opened-marker"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot in HTTP mode, without a secret for any webhook."""
    async with House(tmp_path_factory.mktemp("http-mode"), mode="http") as house:
        yield house


# What Slack sends ----------------------------------------------------------------------------------------


async def test_the_request_url_proves_itself(house):
    """Slack's url_verification gets its challenge back."""
    assert await house.local.hub.http_mode.verify()


async def test_a_question_is_answered_in_the_acknowledgement(house):
    """Only the person who asked sees it."""
    after = house.newest("general")
    await house.people.command(ENGINEER, "general", "/triage help")
    answer = await house.hears("general", "/triage start [title]", to=ENGINEER, after=after)
    assert not answer.edited


async def test_a_command_opens_an_incident_and_its_button_takes_a_step(house):
    """A slash command, then a press on the card it made; both are recorded under who did them."""
    await house.people.command(ENGINEER, "ml-incidents", "/triage start Clicks fell by half")
    await house.hears("ml-incidents", "Opening an incident", to=ENGINEER)
    channel = await house.channel_of("")
    await house.hears(channel, "Clicks fell by half", "Did anything change", "changes:")
    await house.press(ENGINEER, channel, "Nothing changed")
    await house.hears(channel, f"<@{ENGINEER}>", "Nothing changed", "Evidence at that moment")
    await house.hears(channel, "Is upstream data healthy?")


async def test_a_form_is_opened_filled_in_and_taken(house):
    """The form comes within the trigger's three seconds; with nobody to sign, the card says it is locked."""
    await house.people.command(SCIENTIST, "launches", "/experiment register")
    form = await house.form(SCIENTIST)
    await house.people.submit(SCIENTIST, form.id, {"yaml": {"yaml": GOOD}})
    await house.hears("launches", "Locked: Reranker L6 to L12", "sha256 ")
    await house.hears("launches", "Locked ", "do(reranker = l12)", "Plan")
    assert not house.workspace.modals.get(SCIENTIST)


async def test_a_form_with_nothing_in_it_says_so_under_its_field(house):
    """The form stays open, so that nothing typed is lost."""
    await house.people.command(ENGINEER, "launches", "/experiment register")
    form = await house.form(ENGINEER)
    await house.people.submit(ENGINEER, form.id)
    assert dict((await house.form(ENGINEER)).errors) == {
        "yaml": "Give one of the two: the YAML pasted here, or a file below."
    }
    await house.people.close(ENGINEER, form.id)


async def test_a_mention_that_slack_repeats_counts_once(house):
    """The first acknowledgement is lost on its way, so the event comes again with X-Slack-Retry-Num."""
    house.expected_warnings = ("did not acknowledge",)
    await house.settled()
    await house.local.hub.delivery.settled()  # what was said before comes back as events, too
    house.local.hub.faults.add(Fault(method="events_api", count=2, then_fail=True))  # the message is one, too
    await house.people.say(ENGINEER, "ml-incidents", "@lookout triage start here Mention in HTTP mode")
    await house.hears("ml-incidents", "Mention in HTTP mode", "Did anything change")
    await house.local.hub.delivery.settled()
    delivered = [d for d in house.local.hub.delivery.log if d.name == "app_mention"]
    assert [(d.attempt, d.ok) for d in delivered] == [(0, False), (1, True)]
    cards = [m for m in house.said() if "Mention in HTTP mode" in m.text]
    assert len(cards) == 1


# What nobody but Slack may send --------------------------------------------------------------------------

FORGED = urlencode(
    {
        "command": "/triage", "text": f"start {NEVER}", "user_id": ENGINEER, "channel_id": "C0INC",
        "trigger_id": "1.2", "team_id": "T0LOCAL", "response_url": "http://127.0.0.1:9/x",
    }
).encode()  # fmt: skip


def sign(stamp: str, body: bytes = FORGED, secret: str = SECRET) -> str:
    """Slack's signature."""
    return "v0=" + hmac.new(secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()


def old(seconds: int) -> str:
    """A timestamp that many seconds ago."""
    return str(int(time.time()) - seconds)  # noqa: TID251 - the signature is made with real time


def case(name: str):
    """The headers of one kind of forgery."""
    now, past, future = old(0), old(301), old(-360)
    return {
        "nothing": {},
        "no signature": {"X-Slack-Request-Timestamp": now},
        "no timestamp": {"X-Slack-Signature": sign(now)},
        "another secret": headers(now, sign(now, secret="guess")),
        "another body": headers(now, sign(now, FORGED + b"&x=1")),
        "another time": headers(old(1), sign(old(2))),
        "six minutes ago": headers(past, sign(past)),
        "in the future": headers(future, sign(future)),
        "a word for a time": headers("abc", sign("abc")),
        "a negative time": headers("-1", sign("-1")),
        "an endless time": headers("9" * 5000, sign("9" * 5000)),
        "a time with a point": headers(now + ".0", sign(now + ".0")),
        "digits of another script": headers("١٢٣", sign("١٢٣")),
        "a signature beyond ASCII": headers(now, "v0=é"),
        "an empty signature": headers(now, ""),
        "only the version": headers(now, "v0="),
        "another version": headers(now, sign(now).replace("v0=", "v1=")),
        "in capitals": headers(now, "v0=" + sign(now)[3:].upper()),
    }[name]


def headers(stamp: str, signature: str) -> dict[str, bytes]:
    """The two headers, as bytes: what a client can send that is not ASCII."""
    return {"X-Slack-Request-Timestamp": stamp.encode(), "X-Slack-Signature": signature.encode()}


CASES = (
    "nothing", "no signature", "no timestamp", "another secret", "another body", "another time",
    "six minutes ago", "in the future", "a word for a time", "a negative time", "an endless time",
    "a time with a point", "digits of another script", "a signature beyond ASCII", "an empty signature",
    "only the version", "another version", "in capitals",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_a_forged_request_is_refused_and_does_nothing(house, name):
    """401, never 500; the command it carries is neither stored nor answered."""
    sent = {**case(name), "Content-Type": "application/x-www-form-urlencoded"}
    answer = await house.http.post("/slack/events", content=FORGED, headers=sent)
    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert house.stored(NEVER) == []


async def test_the_same_body_rightly_signed_is_taken(house):
    """So the refusals above were for the signature alone."""
    body, now = FORGED.replace(NEVER.encode(), b"rightly+signed+title"), old(0)
    sent = {**headers(now, sign(now, body)), "Content-Type": "application/x-www-form-urlencoded"}
    answer = await house.http.post("/slack/events", content=body, headers=sent)
    assert (answer.status_code, answer.json()["response_type"]) == (200, "ephemeral")
    await house.hears("ml-incidents", "rightly signed title")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"\xff"),
        ("application/json", json.dumps({"type": "event_callback"}).encode()),
        ("application/x-www-form-urlencoded", b"payload={"),
        ("application/x-www-form-urlencoded", b"payload=%5B%5D"),
        ("application/x-www-form-urlencoded", b"command=/nonesuch&team_id=T0LOCAL"),
        ("text/plain", b"hello"),
    ],
)
async def test_a_signed_body_that_is_not_slacks_is_refused_without_harm(house, kind, body):
    """The signature is right and the content is not: a client's error, and nothing is stored."""
    before, now = len(house.rows(InboxRow)), old(0)
    sent = {**headers(now, sign(now, body)), "Content-Type": kind}
    answer = await house.http.post("/slack/events", content=body, headers=sent)
    assert 400 <= answer.status_code < 500, answer.text
    assert len(house.rows(InboxRow)) == before


async def test_an_oversize_body_is_refused_before_its_signature_is_read(house):
    """413, whatever it is signed with."""
    answer = await house.http.post("/slack/events", content=b"x" * 1_048_577)
    assert answer.status_code == 413


async def test_webhooks_without_a_configured_secret_are_refused_here(house):
    """Also on loopback, also with some token: the door opens only where it was configured."""
    for path in ("/webhooks/generic", "/webhooks/alertmanager", "/changes/generic", "/changes/github"):
        for token in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer None"}):
            answer = await house.http.post(path, json={"title": NEVER}, headers=token)
            assert answer.status_code == 401
            assert "LOOKOUT_WEBHOOK_SECRET_" in answer.json()["hint"]
    assert house.stored(NEVER) == []
    assert all(NEVER not in shown(message) for message in house.said())
