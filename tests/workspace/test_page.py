"""The page over HTTP: what it shows to whom, what its forms do, whom it refuses."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest
from markupsafe import Markup
from starlette.requests import Request

import bot.workspace
from bot.workspace.envelope import Answer
from bot.workspace.hub import Hub
from bot.workspace.installation import Installation
from bot.workspace.manifest import Manifest
from bot.workspace.page_forms import ahead, span, unix
from bot.workspace.page_guard import refusal
from bot.workspace.page_live import Picture, event, stream
from bot.workspace.page_screen import Screen
from bot.workspace.people import People
from bot.workspace.records import Command, File, Timer, View
from bot.workspace.seed import BOT, BOT_ID, DIRECTOR, ENGINEER, PRODUCT_MANAGER
from bot.workspace.server import create_app
from tests.workspace.page_app import CARD, INCIDENTS, App, open_form, post_card

HERE = f"/client/{ENGINEER}/{INCIDENTS}"
ORIGIN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def hub() -> Hub:
    """A seeded workspace."""
    return Hub(Installation(manifest=Manifest(events=frozenset({"app_home_opened"}))))


@pytest.fixture
def app(hub: Hub) -> App:
    """The app that is installed in it."""
    return App(hub)


@pytest.fixture
async def client(hub: Hub, app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen."""
    transport = httpx.ASGITransport(create_app(hub, People(hub)), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


def words(response: httpx.Response) -> str:
    """The text of a page, without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


async def test_start_leads_to_the_first_person_and_then_to_the_last_one(client: httpx.AsyncClient) -> None:
    """Without a cookie one acts as the first person; the cookie, strict and unreadable, keeps the last."""
    first = await client.get("/")
    assert first.headers["location"] == f"/client/{ENGINEER}/C0GENERAL"
    shown = await client.get(f"/client/{PRODUCT_MANAGER}/{INCIDENTS}")
    assert "SameSite=strict" in shown.headers["set-cookie"]
    assert "HttpOnly" in shown.headers["set-cookie"]
    assert (await client.get("/")).headers["location"].startswith(f"/client/{PRODUCT_MANAGER}/")


async def test_page_shows_channels_people_and_messages(client: httpx.AsyncClient, hub: Hub) -> None:
    """The page has the channel's messages with author, blocks and time, and everyone one can act as."""
    post_card(hub)
    page = await client.get(HERE)
    assert page.status_code == 200
    shown = words(page)
    for expected in ("Yuki Tanaka", "Maria Alvarez", "launches", "INC-7 · reranker NDCG@10", "Schema drift"):
        assert expected in shown
    assert page.text.count('aria-current="page"') == 1


async def test_unread_counts_stand_beside_other_channels_until_they_are_read(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    """A message elsewhere counts as unread, a mention loudly; reading the channel clears it."""
    hub.workspace.post("C0LAUNCH", BOT, "look 2 is due", bot_id=BOT_ID)
    hub.workspace.post("C0LAUNCH", BOT, f"<@{ENGINEER}> sign off", bot_id=BOT_ID)
    assert "launches , 2 unread, for you" in words(await client.get(HERE))
    read = await client.post(f"/client/{ENGINEER}/C0LAUNCH/read", headers=ORIGIN)
    assert read.status_code == 204
    assert "unread" not in words(await client.get(HERE)).replace("Jump to unread", "")


async def test_new_marker_stands_above_the_first_unread_message(client: httpx.AsyncClient, hub: Hub) -> None:
    """The line "New" is above what others said since the person read the channel, and only there."""
    hub.workspace.post(INCIDENTS, BOT, "old", bot_id=BOT_ID)
    hub.workspace.mark_read(ENGINEER, INCIDENTS)
    fresh = hub.workspace.post(INCIDENTS, BOT, "fresh", bot_id=BOT_ID)
    page = (await client.get(HERE)).text
    assert page.count('id="new-mark"') == 1
    assert page.index('id="new-mark"') > page.index(f'data-ts="{fresh.ts}"')
    assert 'id="new-mark"' not in (await client.get(f"/client/{ENGINEER}/C0OPS")).text


async def test_ephemeral_messages_are_for_one_person(client: httpx.AsyncClient, hub: Hub) -> None:
    """Only its addressee sees an ephemeral message, and is told so."""
    hub.workspace.post(INCIDENTS, BOT, "I read begin", bot_id=BOT_ID, ephemeral_to=ENGINEER)
    assert "Only visible to you I read begin" in words(await client.get(HERE))
    assert "I read begin" not in (await client.get(f"/client/{DIRECTOR}/{INCIDENTS}")).text


async def test_message_tells_when_it_was_said_edited_pinned_and_answered(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    """The marks around a message: time with UTC beside it, edited, pinned, reactions, replies."""
    card = post_card(hub)
    hub.workspace.post(INCIDENTS, ENGINEER, "on it", thread_ts=card.ts)
    hub.workspace.post(INCIDENTS, BOT, "noted", bot_id=BOT_ID, thread_ts=card.ts)
    hub.workspace.change_message(
        INCIDENTS, card.ts, edited=hub.workspace.clock.ts(), pinned=True, reactions={"eyes": (DIRECTOR,)}
    )
    page = await client.get(HERE)
    shown = words(page)
    assert "(edited)" in shown
    assert "2 replies" in shown
    assert "pinned" in shown
    assert 'title="Grace Okafor"' in page.text
    assert re.search(r'<time datetime="[^"]+\+09:00" title="[^"]+ UTC">', page.text)
    assert "on it" not in shown


async def test_thread_opens_beside_the_channel(client: httpx.AsyncClient, hub: Hub) -> None:
    """An open page gets the pane and a stream that follows the thread; a direct address the whole page."""
    card = post_card(hub)
    hub.workspace.post(INCIDENTS, ENGINEER, "on it", thread_ts=card.ts)
    pane = await client.get(f"{HERE}/thread/{card.ts}", headers={"HX-Request": "true"})
    assert "<html" not in pane.text
    assert "on it" in words(pane)
    assert f"thread={card.ts}" in unescape(pane.text)
    whole = await client.get(f"{HERE}/thread/{card.ts}")
    assert "<html" in whole.text
    assert "on it" in words(whole)
    closed = await client.get(f"{HERE}/close-thread")
    assert "thread=&" in unescape(closed.text)


async def test_what_is_typed_is_said(client: httpx.AsyncClient, hub: Hub) -> None:
    """The composer posts in the person's name, with files, in the channel or a thread."""
    sent = await client.post(f"{HERE}/send", data={"text": "hello <b>"}, headers=ORIGIN)
    assert sent.status_code == 204
    (message,) = hub.workspace.timeline(INCIDENTS, ENGINEER)
    assert (message.user, message.text) == (ENGINEER, "hello &lt;b&gt;")
    parts = {"file": ("plan.md", b"# Plan\n\n<script>x</script>", "text/markdown")}
    await client.post(f"{HERE}/send", data={"text": "see", "thread": message.ts}, files=parts, headers=ORIGIN)
    thread = await client.get(f"{HERE}/thread/{message.ts}")
    assert "plan.md" in words(thread)
    assert "<h1>Plan</h1>" in thread.text
    assert "<script>x" not in thread.text


async def test_slash_command_reaches_the_app_but_not_from_a_thread(
    client: httpx.AsyncClient, hub: Hub, app: App
) -> None:
    """A command is delivered; in a thread the page says that Slack has none there, and what works."""
    hub.workspace.register([Command("/triage", "Walk an incident", "start [title]")])
    page = await client.get(HERE)
    assert 'data-insert="/triage "' in page.text
    assert "start [title]" in page.text
    await client.post(f"{HERE}/send", data={"text": "/triage start x"}, headers=ORIGIN)
    assert app.last("slash_commands")["text"] == "start x"
    card = post_card(hub)
    told = len(app.told)
    refused = await client.post(
        f"{HERE}/send", data={"text": "/triage start x", "thread": card.ts}, headers=ORIGIN
    )
    assert refused.status_code == 409
    assert refused.headers["X-Instead"] == "@lookout triage start x"
    assert len(app.told) == told


async def test_elements_of_a_message_send_what_was_chosen(
    client: httpx.AsyncClient, hub: Hub, app: App
) -> None:
    """A button, a menu and an overflow each arrive as Slack's action, with the message's state."""
    card = post_card(hub)
    act = f"{HERE}/message/{card.ts}/act"
    severity = "answers/severity"
    pressed = {"element": "answers/answer%3Adrift", severity: "2"}
    assert (await client.post(act, data=pressed, headers=ORIGIN)).status_code == 204
    payload = app.last("block_actions")
    assert payload["actions"][0]["action_id"] == "answer:drift"
    assert payload["state"]["values"]["answers"]["severity"]["selected_option"]["value"] == "2"
    await client.post(act, data={"element": severity, severity: "3"}, headers=ORIGIN)
    assert app.last("block_actions")["actions"][0]["selected_option"]["value"] == "3"
    more = "answers/more"
    await client.post(act, data={"element": more, more: "assign"}, headers=ORIGIN)
    assert app.last("block_actions")["actions"][0]["selected_option"]["value"] == "assign"


async def test_a_button_that_is_gone_says_so(client: httpx.AsyncClient, hub: Hub, app: App) -> None:
    """A click on an element of an older drawing is refused in words, and the app hears nothing."""
    card = post_card(hub)
    act = f"{HERE}/message/{card.ts}/act"
    for element in ("answers/gone", "nonsense", "/", ""):
        refused = await client.post(act, data={"element": element}, headers=ORIGIN)
        assert refused.status_code == 409
        assert "changed meanwhile" in refused.text
    assert (await client.post(f"{HERE}/message/1.0/act", data={}, headers=ORIGIN)).status_code == 409
    assert app.told == []


async def test_modal_is_submitted_with_its_values_and_shows_errors(
    client: httpx.AsyncClient, hub: Hub, app: App
) -> None:
    """The form's fields become state.values; what the app finds wrong stands under the field."""
    view = open_form(hub)
    assert "Localize INC-7" in words(await client.get(HERE))
    assert "Localize INC-7" not in words(await client.get(f"/client/{DIRECTOR}/{INCIDENTS}"))
    errors = {"response_action": "errors", "errors": {"why": "At least ten words"}}
    app.answers["view_submission"] = Answer(ok=True, payload=errors)
    fields = {"why/text": "a\r\nb", "helpers/people": [DIRECTOR, PRODUCT_MANAGER]}
    submitted = await client.post(f"{HERE}/view/{view.id}/submit", data=fields, headers=ORIGIN)
    assert submitted.status_code == 204
    values = app.last("view_submission")["view"]["state"]["values"]
    assert values["why"]["text"]["value"] == "a\nb"
    assert values["helpers"]["people"]["selected_users"] == [DIRECTOR, PRODUCT_MANAGER]
    assert "At least ten words" in words(await client.get(HERE))
    await client.post(f"{HERE}/view/{view.id}/close", headers=ORIGIN)
    assert "Localize INC-7" not in words(await client.get(HERE))
    again = await client.post(f"{HERE}/view/{view.id}/submit", data=fields, headers=ORIGIN)
    assert again.status_code == 409


async def test_app_that_does_not_answer_is_shown_where_people_look(
    client: httpx.AsyncClient, hub: Hub, app: App
) -> None:
    """A command that times out leaves Slack's line in the channel."""
    hub.workspace.register([Command("/triage")])
    app.answers["slash_commands"] = Answer(ok=False, reason="timeout")
    await client.post(f"{HERE}/send", data={"text": "/triage start"}, headers=ORIGIN)
    assert "operation_timeout" in words(await client.get(HERE))


async def test_clock_moves_by_buttons_and_spans(client: httpx.AsyncClient, hub: Hub) -> None:
    """Buttons and a typed span advance the time; anything else is refused in words."""
    await client.post(f"{HERE}/advance", data={"seconds": "900"}, headers=ORIGIN)
    await client.post(f"{HERE}/advance", data={"span": "1h 30m"}, headers=ORIGIN)
    assert hub.workspace.clock.offset == 6300
    assert "1 h 45 min ahead" in words(await client.get(HERE))
    for wrong in ({"span": "soon"}, {"seconds": "-5"}, {"seconds": "nan"}, {"seconds": "inf"}, {}):
        assert (await client.post(f"{HERE}/advance", data=wrong, headers=ORIGIN)).status_code == 400
    assert hub.workspace.clock.offset == 6300


async def test_page_offers_to_go_to_what_the_app_waits_for(client: httpx.AsyncClient, hub: Hub) -> None:
    """The button says when, in the reader's zone, and what; it goes there, and away when nothing is left."""
    with hub.workspace.subscribe() as changes:
        hub.workspace.expect(Timer(hub.workspace.clock.now() + 900, "INC-1: No category after 15 min"))
        assert (await changes.get()).kind == "clock"
    page = (await client.get(HERE)).text
    assert 'title="INC-1: No category after 15 min"' in page
    until = re.findall(r'name="until" value="([^"]+)"', page)[0]
    await client.post(f"{HERE}/advance", data={"until": until}, headers=ORIGIN)
    assert hub.workspace.clock.offset == pytest.approx(901, abs=5)
    hub.workspace.expect(None)
    assert "To next timer" not in words(await client.get(HERE))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("2h 30m", 9000),
        ("1.5h", 5400),
        ("2d", 172800),
        ("", None),
        ("-1h", None),
        ("9999d", None),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, seconds: float | None) -> None:
    """Seconds, minutes, hours, days and their sums; nothing negative, nothing over a year."""
    assert span(text) == seconds


def test_next_timer_is_passed_by_a_second() -> None:
    """Advancing until a moment goes just past it, also when it is already behind."""
    assert ahead("160", "", "", 100) == 61
    assert ahead("90", "", "", 100) == 1
    assert ahead("x", "", "", 100) is None


def test_local_date_and_time_become_a_moment(hub: Hub) -> None:
    """What is typed into a date-and-time control is in the person's zone."""
    screen = Screen(hub.workspace, hub.workspace.users[ENGINEER], hub.workspace.channels[INCIDENTS])
    assert unix("1970-01-01T09:00", screen.zone) == "0"
    assert unix("tomorrow", screen.zone) == ""


async def test_other_pages_and_other_names_are_refused(client: httpx.AsyncClient, hub: Hub) -> None:
    """A POST needs this page's Origin, and any request a loopback Host."""
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ):
        answer = await client.post(f"{HERE}/send", data={"text": "x"}, headers=headers)
        assert answer.status_code == 403
    for host in ("evil.example", "127.0.0.1.evil.example:8000"):
        assert (await client.get(HERE, headers={"Host": host})).status_code in (403, 421)
    assert hub.workspace.messages(INCIDENTS) == []


@pytest.mark.parametrize(
    "host", ["[", "evil.example", "", "127.0.0.1.evil.example", "127.0.0.1@evil.example"]
)
def test_page_itself_knows_the_names_of_this_machine(host: str) -> None:
    """Even without the server's guard the page answers only as loopback, and a broken Host is refused."""
    headers = [(b"host", host.encode()), (b"origin", f"http://{host}".encode())]
    for method in ("GET", "POST"):
        answer = refusal(Request({"type": "http", "method": method, "headers": headers}))
        assert answer is not None
        assert answer.status_code == 421


async def test_page_forbids_all_scripts_but_its_own(client: httpx.AsyncClient, hub: Hub) -> None:
    """The policy allows only files of the page, and the page has no inline script, handler or style."""
    post_card(hub, '<img src=x onerror="alert(1)">')
    open_form(hub)
    page = await client.get(HERE)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)", page.text)
    assert not re.search(r"<[^>]+\s(on\w+|style)=", page.text)
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert (await client.get(asset)).status_code == 200


async def test_uploaded_files_cannot_act_in_the_page(client: httpx.AsyncClient, hub: Hub) -> None:
    """An image is shown, HTML and SVG are only downloaded, and a sandbox holds whatever is opened."""
    people = People(hub)
    for name, kind, shown in (
        ("a.png", "image/png", True),
        ("a.html", "text/html", False),
        ("a.svg", "image/svg+xml", False),
    ):
        file = people.upload(ENGINEER, name, b"<script>x</script>", mimetype=kind)
        answer = await client.get(f"/client-files/{file.id}/{name}")
        assert answer.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Type"] == (kind if shown else "application/octet-stream")
    hub.workspace.put_file(File("F9", "x", "x", "text/plain", 1, ENGINEER, 0))
    assert (await client.get("/client-files/F9/x")).status_code == 404


async def test_unknown_people_channels_and_conversations_of_others_are_refused(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    """A wrong address is answered in words; direct messages are for their two members."""
    others = hub.workspace.direct(DIRECTOR, PRODUCT_MANAGER)
    for path in (
        "/client/U9/C0INC",
        f"/client/{ENGINEER}/C9",
        f"/client/{BOT}/C0INC",
        f"/client/{ENGINEER}/{others.id}",
    ):
        assert (await client.get(path)).status_code == 409
    assert (await client.get(f"{HERE}/thread/1.0")).status_code == 409


async def test_channel_one_is_not_in_offers_to_join(client: httpx.AsyncClient, hub: Hub) -> None:
    """A channel made by the app can be looked into and joined."""
    made = hub.workspace.create_channel("inc-20261123-ndcg", creator=BOT)
    here = f"/client/{ENGINEER}/{made.id}"
    assert "You are not in this channel" in words(await client.get(here))
    joined = await client.post(f"{here}/join", headers=ORIGIN)
    assert joined.headers["HX-Refresh"] == "true"
    assert "You are not in this channel" not in words(await client.get(here))


async def test_suggestions_of_a_channel_are_offered_above_its_composer(
    client: httpx.AsyncClient, hub: Hub
) -> None:
    """What to type next stands there to be filled in, escaped, in its own channel only."""
    hub.workspace.suggest(INCIDENTS, ["/triage start <x>"])
    assert 'data-fill="/triage start &lt;x&gt;"' in (await client.get(HERE)).text
    assert "data-fill" not in (await client.get(f"/client/{ENGINEER}/C0OPS")).text


async def test_home_of_the_app_stands_above_its_direct_messages(
    client: httpx.AsyncClient, hub: Hub, app: App
) -> None:
    """Opening the app's messages tells it so; the Home tab it publishes is shown there and can be used."""
    lead = await client.get(f"/client/{ENGINEER}/dm/{BOT}")
    await hub.delivery.settled()
    assert app.last("events_api")["event"]["type"] == "app_home_opened"
    home = {"type": "home", "blocks": list(CARD)}
    view = hub.workspace.show_view(View("V9", "1", home, ENGINEER, "V9"))
    direct = lead.headers["location"]
    assert "Schema drift" in words(await client.get(direct))
    assert "Schema drift" not in words(await client.get(HERE))
    pressed = {"element": "answers/answer%3Adrift"}
    assert (
        await client.post(f"{direct}/view/{view.id}/act", data=pressed, headers=ORIGIN)
    ).status_code == 204
    assert app.last("block_actions")["view"]["id"] == "V9"


async def test_warnings_are_in_the_page(client: httpx.AsyncClient, hub: Hub) -> None:
    """What the app did that Slack would not put up with is listed, escaped."""
    hub.workspace.warn("The app called <b>chat.shout</b>")
    page = await client.get(HERE)
    assert "1 warning" in words(page)
    assert "&lt;b&gt;chat.shout" in page.text


async def test_stream_sends_only_what_looks_different(hub: Hub) -> None:
    """A new message is appended, an edited one replaced, a deleted one taken away; nothing else is sent."""
    screen = Screen(hub.workspace, hub.workspace.users[ENGINEER], hub.workspace.channels[INCIDENTS])
    picture = Picture(screen, "0")
    card = post_card(hub)
    assert f'<ol hx-swap-oob="beforeend:#messages"><li id="m-{card.ts.replace(".", "-")}"' in str(
        picture.changes()
    )
    assert picture.changes() == ""
    hub.workspace.change_message(INCIDENTS, card.ts, edited=hub.workspace.clock.ts())
    edited = str(picture.changes())
    assert edited.startswith(f'<li id="m-{card.ts.replace(".", "-")}" hx-swap-oob="true"')
    assert "(edited)" in edited
    hub.workspace.post(INCIDENTS, BOT, "for the director", bot_id=BOT_ID, ephemeral_to=DIRECTOR)
    hub.workspace.post("C0GENERAL", DIRECTOR, "elsewhere")
    elsewhere = str(picture.changes())
    assert "elsewhere" not in elsewhere
    assert 'id="nav"' in elsewhere
    hub.workspace.delete_message(INCIDENTS, card.ts)
    assert 'hx-swap-oob="delete"' in str(picture.changes())


async def test_stream_opens_changes_and_closes_modals(hub: Hub) -> None:
    """A modal is added to the page, its form replaced when it changes, and the dialog taken away."""
    screen = Screen(hub.workspace, hub.workspace.users[ENGINEER], hub.workspace.channels[INCIDENTS])
    picture = Picture(screen, "0")
    view = open_form(hub)
    assert f'hx-swap-oob="beforeend:#modals"><dialog id="v-{view.id}"' in str(picture.changes())
    hub.workspace.show_view(replace(view, errors={"why": "Say why"}))
    changed = str(picture.changes())
    assert f'<form id="v-{view.id}-form"' in changed
    assert "<dialog" not in changed
    assert "Say why" in changed
    hub.workspace.close_views(ENGINEER, view.id)
    assert f'<dialog id="v-{view.id}" hx-swap-oob="delete">' in str(picture.changes())


async def here() -> bool:
    """The browser is still there."""
    return False


async def test_stream_catches_up_when_the_page_is_older(hub: Hub) -> None:
    """What happened between drawing the page and opening its stream is sent at once; else nothing is."""
    screen = Screen(hub.workspace, hub.workspace.users[ENGINEER], hub.workspace.channels[INCIDENTS])
    drawn = Picture(screen, "0").fingerprint()
    post_card(hub, "said meanwhile")
    late = stream(screen, "0", drawn, here)
    await anext(late)  # how soon to come back
    first = await anext(late)
    assert first.startswith("event: html\ndata: ")
    assert "INC-7" in first
    await late.aclose()
    current = stream(screen, "0", Picture(screen, "0").fingerprint(), here)
    await anext(current)
    waiting = asyncio.ensure_future(anext(current))
    await asyncio.sleep(0)  # the stream now listens
    hub.workspace.post(INCIDENTS, DIRECTOR, "said later")
    later = await waiting
    assert "said later" in later
    assert "INC-7" not in later
    hub.workspace.tell("closing")
    assert [event async for event in current] == []


def test_lines_of_preformatted_text_survive_the_stream() -> None:
    """Every line break, empty lines included, reaches the browser; none ends the event early."""
    sent = event(Markup("<pre>a\n\r\n\rb\u2028c</pre>"))
    assert sent == "event: html\ndata: <pre>a\ndata: \ndata: \ndata: b\u2028c</pre>\n\n"


def test_vendored_files_are_the_ones_the_readme_names() -> None:
    """The digests in static/README.md are those of the files beside it."""
    folder = Path(bot.workspace.__file__).parent / "static"
    readme = (folder / "README.md").read_text()
    for file in sorted(folder.glob("*.min.js")):
        assert f"`{file.name}`" in readme
        assert hashlib.sha256(file.read_bytes()).hexdigest() in readme
