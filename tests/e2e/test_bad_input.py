"""What people get wrong, and what comes too late: answered to the person, with nothing half-written."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.store.experiment_rows import ExperimentRow
from bot.store.inbox import InboxRow
from bot.store.incident_rows import IncidentRow
from bot.workspace import payloads
from bot.workspace.records import Message
from tests.e2e.house import ENGINEER, MANAGER, PRODUCT, SCIENTIST, House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTRATIONS = Path(__file__).parents[1] / "data" / "registrations"
GOOD = (REGISTRATIONS / "good.yaml").read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot in Socket Mode with webhooks open on loopback, but for GitHub's, which has a secret."""
    environment = {"LOOKOUT_OPEN_WEBHOOKS": "1", "LOOKOUT_WEBHOOK_SECRET_GITHUB": "s3cret"}
    async with House(tmp_path_factory.mktemp("bad-input"), environment=environment) as house:
        yield house


# Commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("/triage frobnicate now", "Read `frobnicate`", "`/triage start NDCG@10 0.78 to 0.61`"),
        (
            "/triage `<!channel>`",
            "Read `!channel`",
            "start [here] [title] | answer | status | list | drill | help",
        ),
        ("/triage start " + "x" * 151, "151 characters", "`NDCG@10 0.78 to 0.61`"),
        ("/triage status INC-999", "INC-999", "`/triage list`"),
        ("/triage status <!here>", "There is no incident", "`/triage list`"),
        ("/triage status one two three", "Read `status one two three`", "`/triage status INC-7`"),
        ("/experiment publish", "Read `publish`", "`/experiment look 2`"),
        ("/experiment look two", "Read `look two`", "`/experiment look 2`"),
        ("/experiment look", "Read `look` without a number", "`/experiment look 2`"),
        ("/experiment look nonesuch 1", "nonesuch", "experiment"),
        ("/experiment status nonesuch", "nonesuch", "experiment"),
    ],
)
async def test_a_command_that_cannot_be_read_says_what_was_read_and_gives_an_example(
    house, text, read, expected
):
    """To the person alone; nobody else is bothered and nothing happens."""
    before, after = len(house.rows(IncidentRow)), house.newest("general")
    await house.people.command(PRODUCT, "general", text)
    answer = await house.hears("general", read, expected, to=PRODUCT, after=after)
    assert "<!" not in shown(answer)
    assert len(house.rows(IncidentRow)) == before


async def test_a_mention_that_cannot_be_read_is_answered_in_its_thread(house):
    """Only the person sees it, where they asked."""
    root = await house.people.say(PRODUCT, "ml-incidents", "Anybody awake?")
    await house.people.say(PRODUCT, "ml-incidents", "@lookout triag start x", thread_ts=root.ts)
    answer = await house.hears("ml-incidents", "Read `triag`", "`triage start NDCG@10 fell`", to=PRODUCT)
    assert answer.thread_ts == root.ts


async def test_in_a_thread_the_mention_stands_in_for_the_command(house):
    """Slack refuses slash commands there and says so itself; the mention is answered in the thread."""
    root = await house.people.say(PRODUCT, "ml-incidents", "Something is odd")
    await house.people.say(PRODUCT, "ml-incidents", "/triage list", thread_ts=root.ts)
    await house.people.say(PRODUCT, "ml-incidents", "@lookout /triage help", thread_ts=root.ts)
    answer = await house.hears("ml-incidents", "*Incidents*", after=root.ts)
    assert (answer.thread_ts, answer.ephemeral_to) == (root.ts, "")
    refused = [m for m in house.workspace.messages(root.channel) if "not supported in threads" in m.text]
    assert [m.ephemeral_to for m in refused] == [PRODUCT]


# Buttons -------------------------------------------------------------------------------------------------


async def incident(house: House, title: str) -> tuple[str, Message]:
    """An incident in its own channel: the channel's name and the card as first posted with evidence."""
    alert = {"key": title, "title": title, "status": "firing", "metric": title.replace(" ", "_")}
    answer = await house.http.post("/webhooks/generic", json=alert)
    assert answer.status_code == 202, answer.text
    channel = await house.channel_of("")
    where = title.lower().replace(" ", "-")
    channel = await house.until(
        lambda: next((c.name for c in house.workspace.channels.values() if where in c.name), None), where
    )
    message, _ = await house.button(channel, "Nothing changed")
    return channel, message


async def press_seen(house: House, user: str, message: Message, **action: object) -> None:
    """Press what a person still sees on an old card, though the card was drawn anew since."""
    pressed = {"block_id": "b", "type": "button", "action_ts": house.workspace.clock.ts(), **action}
    person = house.workspace.users[user]
    payload = payloads.message_action(house.local.hub, person, message, pressed, {})
    answer = await house.local.hub.delivery.deliver("interactive", payload)
    assert answer.ok


def element_of(message: Message, label: str) -> dict[str, str]:
    """The action id and the value of a button."""
    for block in message.blocks:
        for element in block.get("elements", ()):
            if element.get("text", {}).get("text") == label if element["type"] == "button" else False:
                return {"action_id": element["action_id"], "value": element["value"]}
    raise AssertionError(label)


async def test_a_button_of_an_old_card_says_who_did_what_when(house):
    """The manager closed it meanwhile: the engineer learns that, and nothing is changed."""
    channel, card = await incident(house, "Stale recall drop")
    seen = element_of(card, "Nothing changed")
    menu = next(e for b in card.blocks for e in b.get("elements", ()) if e["type"] == "overflow")
    option = next(o for o in menu["options"] if "False alarm" in o["text"]["text"])
    await house.people.click(MANAGER, card.channel, card.ts, menu["action_id"], value=option["value"])
    await house.hears(channel, "False alarm", "Reopen")
    version = [row.version for row in house.rows(IncidentRow)][-1]
    await press_seen(house, ENGINEER, card, **seen)
    told = await house.hears(channel, "has moved on", f"<@{MANAGER}>", to=ENGINEER)
    assert "<!date^" in shown(told)
    assert "false alarm" in shown(told)
    assert [row.version for row in house.rows(IncidentRow)][-1] == version


async def test_of_two_people_pressing_at_once_one_is_told_of_the_other(house):
    """Both saw the same card; one answer counts."""
    channel, card = await incident(house, "Race to answer")
    await house.people.join(MANAGER, channel)
    await press_seen(house, ENGINEER, card, **element_of(card, "Nothing changed"))
    await press_seen(house, MANAGER, card, **element_of(card, "Nothing changed"))
    await house.hears(channel, "has moved on", f"<@{ENGINEER}>", "Nothing changed", to=MANAGER)
    await house.settled()
    said = [m for m in house.said() if "answered" in m.text and m.channel == card.channel]
    assert len([m for m in said if not m.ephemeral_to]) == 1


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("triage.answer:no", "not JSON"),
        ("triage.answer", ""),
        ("triage.answer", "null"),
        ("triage.answer", '{"i": "1", "v": 1, "c": "x"}'),
        ("triage.answer", '{"i": true, "v": [], "c": {}}'),
        ("triage.answer", '{"i": 99999999999999999999999, "v": 1, "c": "x"}'),
        ("triage.answer", '{"i": 999999, "v": 1, "c": "x"}'),
        ("triage.more", '{"i": 1, "v": 1, "c": "<!channel>"}'),
        ("triage.nonesuch", '{"i": 1, "v": 1, "c": ""}'),
        ("experiment.why", "garbage \x00"),
        ("experiment.plan", '{"e": "nonesuch", "r": 0}'),
        ("experiment.why", '{"e": "nonesuch", "r": 99999999999999999999999}'),
        ("experiment.nonesuch", "{}"),
        ("experiment.why", "[" * 2000),
    ],
)
async def test_a_control_of_another_version_is_answered_not_retried(house, action, value):
    """A person is told what to do; it is no fault inside Lookout, and the next press works."""
    message = house.workspace.post("C0INC", house.workspace.bot, "an old card", bot_id="B0LOOKOUT")
    await press_seen(house, SCIENTIST, message, action_id=action, value=value)
    told = await house.hears("ml-incidents", "", to=SCIENTIST, after=message.ts)
    assert "Something went wrong" not in shown(told), told.text
    assert "<!channel>" not in shown(told)
    assert [row.state for row in house.rows(InboxRow) if row.state != "done"] == []


# Registrations -------------------------------------------------------------------------------------------

WRONG = GOOD.replace("mde: {relative: 0.03}", "mde: {relative: 0.03, absolute: 1}").replace(
    "looks: [4, 7, 11, 14]", "looks: [4, 7, 11, 21]"
)


def refused_whole(house: House) -> None:
    """Nothing of a refused registration is kept, nothing is announced."""
    assert house.rows(ExperimentRow) == []
    assert [m for m in house.said() if any(word in shown(m) for word in ("Locked: ", "Waiting for "))] == []


async def test_a_pasted_registration_with_errors_is_refused_whole(house):
    """Each error with line, code and mend, to the person alone."""
    await house.people.command(SCIENTIST, "launches", "/experiment register")
    form = await house.form(SCIENTIST)
    await house.people.submit(SCIENTIST, form.id, {"yaml": {"yaml": WRONG}})
    told = await house.hears("launches", "pasted.yaml has 2 errors, so nothing was registered", to=SCIENTIST)
    lines = [line for line in told.text.splitlines() if line.startswith("pasted.yaml:")]
    assert len(lines) == 2
    for line, at in zip(lines, ("  mde:", "  looks:"), strict=True):
        number = next(n for n, text in enumerate(WRONG.splitlines(), 1) if text.startswith(at))
        assert line.startswith(f"pasted.yaml:{number}: error R1"), line
    assert "Mend it and register again" in told.text
    refused_whole(house)


async def test_a_registration_pasted_behind_the_command_is_refused_the_same_way(house):
    """With a code fence around it, as people paste."""
    await house.people.command(SCIENTIST, "launches", f"/experiment register ```\n{WRONG}\n```")
    await house.hears("launches", "pasted.yaml has 2 errors", to=SCIENTIST)
    refused_whole(house)


BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("wrong.yaml", WRONG.encode(), ("wrong.yaml has 2 errors", "error R115", "error R131")),
        ("bomb.yaml", BOMB.encode(), ("bomb.yaml:1:", "&amp;a is not allowed")),
        ("large.yaml", GOOD.encode() + b"#" * 300_000, ("larger than 262144 bytes",)),
        ("binary.yaml", b"\x89PNG\r\n\x1a\n\xff\xfe", ("not UTF-8",)),
        ("utf16.yaml", GOOD.encode("utf-16"), ("not UTF-8",)),
        ("nul.yaml", b'id: "a\\0b"\n', ("nul.yaml:1:",)),
        ("empty.yaml", b" \n", ("empty.yaml",)),
        ("deep.yaml", b"[" * 5000, ("deep.yaml:1:", "deeper than 50")),
        ("twice.yaml", GOOD.encode() + b"alpha: 0.05\nalpha: 0.5\n", ("given twice",)),
        ("`<!channel>`.yaml", b"id: x\n", ("error",)),
    ],
)
async def test_an_attached_file_that_cannot_be_taken_is_refused_whole(house, name, content, says):
    """By mention with a file: the person is told in the thread which line of which file, and why."""
    after = house.newest("launches")
    file = (name, content)
    asked = await house.people.say(SCIENTIST, "launches", "@lookout experiment register", files=[file])
    told = await house.hears("launches", *says, to=SCIENTIST, after=after)
    assert told.thread_ts == asked.ts
    assert "<!channel>" not in shown(told)
    assert len(shown(told)) < 8000
    refused_whole(house)


async def test_a_mention_to_register_without_a_file_says_what_is_missing(house):
    """Not a form: a mention has no trigger to open one with."""
    await house.people.say(PRODUCT, "launches", "@lookout experiment register")
    await house.hears("launches", "There was no YAML", to=PRODUCT)
    refused_whole(house)


async def test_a_file_given_in_the_form_is_read_like_one_in_a_message(house):
    """The form's own file field."""
    file = house.people.upload(SCIENTIST, "form.yaml", WRONG.encode())
    await house.people.command(SCIENTIST, "launches", "/experiment register")
    form = await house.form(SCIENTIST)
    await house.people.submit(SCIENTIST, form.id, {"file": {"file": [file.id]}})
    await house.hears("launches", "form.yaml has 2 errors", to=SCIENTIST)
    refused_whole(house)


# Webhooks on loopback ------------------------------------------------------------------------------------


async def test_open_webhooks_are_open_on_loopback_alone(house):
    """What a proxy brings from elsewhere is not from here; a source with a secret still wants it."""
    alert = {"key": "open", "title": "Opened on loopback", "status": "firing"}
    far = await house.http.post("/webhooks/generic", json=alert, headers={"X-Forwarded-For": "203.0.113.7"})
    near = await house.http.post("/webhooks/generic", json=alert)
    github = await house.http.post("/changes/github", json={}, headers={"X-GitHub-Event": "ping"})
    assert (far.status_code, near.status_code, github.status_code) == (401, 202, 401)
