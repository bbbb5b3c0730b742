"""Somebody is called, is on it, takes a role, tells those who wait: as people do it, in a local Slack."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.house import ENGINEER, MANAGER, SCIENTIST, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = {"LOOKOUT_WEBHOOK_SECRET_GENERIC": "hush"}
BEARER = {"Authorization": "Bearer hush"}
ALERT = {"key": "k1", "title": "NDCG@10 fell", "status": "firing", "severity": "page", "metric": "ndcg"}
TOML = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["U0ENG"]
approver = ["U0EM"]
[oncall.layers.primary]
people = ["U0ENG"]
starts = 2026-01-05
[oncall.layers.backup]
people = ["U0DS"]
starts = 2026-01-05
[phone_tree]
"On-call phone" = "+81 3 0000 0000"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot that knows who is on call, paged once."""
    async with House(tmp_path_factory.mktemp("people"), toml=TOML, environment=SECRET) as house:
        answer = await house.http.post("/webhooks/generic", json=ALERT, headers=BEARER)
        assert answer.status_code == 202
        yield house


async def test_the_next_in_line_is_called_and_says_that_they_are_on_it(house: House) -> None:
    """The card names the first; five minutes later the second is called, and presses the button."""
    channel = await house.channel_of("ndcg-10-fell")
    await house.hears(channel, "On call: <@U0ENG>", "On-call phone +81 3 0000 0000")
    house.people.advance(5 * 60 + 1)
    await house.hears(channel, "nobody has been on it for 5 min", "<@U0DS>: please say that you are on it")
    await house.press(SCIENTIST, channel, "I'm on it")
    await house.hears(channel, "<@U0DS> is on it until")
    await house.hears(channel, "INC-1: ✓ <@U0DS> is on it.")
    await house.settled()


async def test_a_role_is_taken_by_the_select_and_handed_over_in_a_thread(house: House) -> None:
    """Who presses second is told, alone, who has it."""
    channel = await house.channel_of("ndcg-10-fell")
    message, element = await house.button(channel, "incident.role")
    scribe = element["options"][2]["value"]
    await house.people.click(ENGINEER, message.channel, message.ts, "incident.role", value=scribe)
    await house.hears(channel, "<@U0ENG> is scribe: keeps the timeline")
    await house.people.click(SCIENTIST, message.channel, message.ts, "incident.role", value=scribe)
    await house.hears(channel, "<@U0ENG> is scribe already", to=SCIENTIST)
    await house.people.say(ENGINEER, channel, "<@U0LOOKOUT> triage role scribe <@U0EM>", thread_ts=message.ts)
    await house.hears(channel, "<@U0EM> is scribe now, said <@U0ENG>")


async def test_an_update_is_edited_in_a_form_and_posted_where_a_person_says(house: House) -> None:
    """The form holds the draft; what was written there is what is read."""
    channel = await house.channel_of("ndcg-10-fell")
    await house.press(MANAGER, channel, "Write an update…")
    view = await house.form(MANAGER)
    assert "Status at" in str(view.blocks)
    launches = house.workspace.named("launches")
    assert launches is not None
    fields = {
        "channel": launches.id,
        "text": "Search results are worse for some; we are on it.",
        "next": "30",
    }
    await house.people.submit(MANAGER, view.id, {name: {name: value} for name, value in fields.items()})
    await house.hears("launches", "*INC-1: update 1*", "Search results are worse for some", "next update by")
    await house.hears(channel, "<@U0EM> posted update 1 in")
    await house.settled()


async def test_who_is_on_call_and_whom_to_phone_is_answered_to_whoever_asks(house: House) -> None:
    """In the acknowledgement of the command, for them alone."""
    await house.people.command(ENGINEER, "launches", "/triage oncall")
    await house.hears("launches", "*On call*", "• primary:", to=ENGINEER)
    await house.people.command(ENGINEER, "launches", "/triage phones")
    await house.hears("launches", "By hand, in this order:", "On-call phone", to=ENGINEER)
