"""The page in a real browser: typing, seeing messages arrive, dialogs, modals, phones."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bot.workspace.envelope import Answer
from bot.workspace.records import Command
from bot.workspace.seed import BOT, BOT_ID, DIRECTOR, ENGINEER
from bot.workspace.server import LocalWorkspace, ThreadedWorkspace
from tests.workspace.page_app import INCIDENTS, App, open_form, post_card

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.xdist_group("browser"),
]


class Stage:
    """A workspace with an app, and the pages that are open on it."""

    def __init__(self, threaded: ThreadedWorkspace) -> None:
        self.threaded = threaded
        self.app = threaded.look(lambda local: App(local.hub))
        threaded.look(
            lambda local: local.workspace.register(
                [
                    Command("/triage", "Walk an incident", "start [title] | status"),
                    Command("/experiment", "Look at experiments", "look N"),
                ]
            )
        )
        self.problems: list[str] = []
        self.pages: list[Page] = []

    def post(self, text: str, user: str = DIRECTOR, **fields: Any) -> Any:
        """Someone says something."""
        return self.threaded.look(lambda local: local.workspace.post(INCIDENTS, user, text, **fields))

    def card(self) -> Any:
        """The app posts its card."""
        return self.threaded.look(lambda local: post_card(local.hub))

    def heard(self, kind: str) -> Any:
        """The last payload of this kind that the app was told, perhaps in a moment."""

        async def wait(_local: LocalWorkspace) -> Any:
            async with asyncio.timeout(5):
                while not any(kind in (e.kind, e.payload.get("type")) for e in self.app.told):
                    await asyncio.sleep(0.01)
            return self.app.last(kind)

        return self.threaded.do(wait)

    def watch(self, context: BrowserContext, user: str = ENGINEER) -> Page:
        """The incidents channel as this person, live."""
        page = context.new_page()
        self.pages.append(page)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        with page.expect_response(re.compile("/stream")):
            page.goto(f"{self.threaded.local.url}/client/{user}/{INCIDENTS}")
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A fresh workspace; no page may have met an error, a policy violation included."""
    with ThreadedWorkspace(LocalWorkspace) as threaded:
        stage = Stage(threaded)
        yield stage
        for page in stage.pages:
            page.close()
        assert stage.problems == []


@pytest.fixture(scope="module")
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """Windows of a usual size; every test opens and closes its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone, 390 pixels wide; every test opens and closes its own pages."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    context.set_default_timeout(15_000)
    yield context
    context.close()


def no_sideways_scroll(page: Page) -> bool:
    """Whether the page is no wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_typing_a_command_completes_and_reaches_the_app(desktop: BrowserContext, stage: Stage) -> None:
    """A slash lists the commands with their hints; Tab completes; Enter sends; the composer is empty."""
    page = stage.watch(desktop)
    composer = page.get_by_label("Message #ml-incidents")
    composer.press_sequentially("/tr")
    options = page.get_by_role("option")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("start [title] | status")
    composer.press("Tab")
    expect(composer).to_have_value("/triage ")
    composer.press_sequentially("start NDCG fell")
    composer.press("Enter")
    expect(composer).to_have_value("")
    assert stage.heard("slash_commands")["text"] == "start NDCG fell"


def test_mentions_complete_and_shift_enter_breaks_the_line(desktop: BrowserContext, stage: Stage) -> None:
    """@ offers people and the app; Shift+Enter is a new line in one message."""
    page = stage.watch(desktop)
    composer = page.get_by_label("Message #ml-incidents")
    composer.press_sequentially("@gra")
    composer.press("Enter")
    expect(composer).to_have_value("@grace ")
    composer.press_sequentially("please")
    composer.press("Shift+Enter")
    composer.press_sequentially("look")
    composer.press("Enter")
    message = page.locator("#messages .message").last
    expect(message).to_contain_text("@Grace Okafor please")
    expect(message.locator("br")).to_have_count(1)


def test_messages_arrive_and_change_without_reload_or_loss(desktop: BrowserContext, stage: Stage) -> None:
    """A message appears by itself and is edited in place; the text being typed and its caret stay."""
    page = stage.watch(desktop)
    composer = page.get_by_label("Message #ml-incidents")
    composer.fill("half a sentence")
    card = stage.card()
    shown = page.locator(f"#m-{card.ts.replace('.', '-')}")
    expect(shown).to_contain_text("Schema drift")
    stage.threaded.look(
        lambda local: local.workspace.change_message(
            INCIDENTS, card.ts, edited=local.workspace.clock.ts(), blocks=(), text="Localized in 14 min"
        )
    )
    expect(shown).to_contain_text("Localized in 14 min")
    expect(shown).to_contain_text("(edited)")
    expect(page.locator("#messages > li")).to_have_count(1)
    expect(composer).to_have_value("half a sentence")
    expect(composer).to_be_focused()


def test_scroll_position_is_kept_when_one_reads_older_messages(desktop: BrowserContext, stage: Stage) -> None:
    """Who has scrolled up stays there and is offered a way down; who is at the end stays at the end."""
    for number in range(40):
        stage.post(f"line {number}", thread_ts="", user=ENGINEER)
    page = stage.watch(desktop)
    expect(page.locator("div.text").get_by_text("line 39", exact=True)).to_be_in_viewport()
    page.locator("#scroller").evaluate("(box) => { box.scrollTop = 100; }")
    stage.post("said below")
    expect(page.get_by_text("said below")).to_be_attached()
    assert page.locator("#scroller").evaluate("(box) => box.scrollTop") == 100
    page.get_by_role("button", name="New messages below").click()
    expect(page.get_by_text("said below")).to_be_in_viewport()
    stage.post("and at the end")
    expect(page.get_by_text("and at the end")).to_be_in_viewport()


def test_a_message_taller_than_the_screen_is_read_from_its_beginning(
    phone: BrowserContext, stage: Stage
) -> None:
    """It arrives with its first line at the top, stays so when it is edited, and what follows is followed."""
    page = stage.watch(phone)
    tall = stage.post("\n".join(["first line", *(f"line {number}" for number in range(60))]))
    begins = page.locator("#messages .byline").first
    expect(begins).to_be_in_viewport(ratio=1)
    stage.threaded.look(lambda local: local.workspace.change_message(INCIDENTS, tall.ts, pinned=True))
    expect(page.locator("#messages .pin")).to_be_visible()
    expect(begins).to_be_in_viewport(ratio=1)
    stage.post("after it")
    expect(page.get_by_text("after it")).to_be_in_viewport()


def test_unread_marks_appear_and_go(desktop: BrowserContext, stage: Stage) -> None:
    """A message in another channel raises its mark live; opening the channel clears it."""
    page = stage.watch(desktop)
    stage.threaded.look(lambda local: local.workspace.post("C0LAUNCH", BOT, "look 2", bot_id=BOT_ID))
    launches = page.get_by_role("link", name=re.compile("launches"))
    expect(launches).to_contain_text("1 unread")
    launches.click()
    expect(page.get_by_text("look 2")).to_be_visible()
    page.get_by_role("link", name=re.compile("ml-incidents")).click()
    expect(page.get_by_role("link", name=re.compile("launches"))).not_to_contain_text("unread")


def test_button_asks_before_it_acts(desktop: BrowserContext, stage: Stage) -> None:
    """A button with a confirmation opens a dialog; only yes reaches the app."""
    page = stage.watch(desktop)
    stage.card()
    page.get_by_role("button", name="False alarm").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Close INC-7?")
    dialog.get_by_role("button", name="Keep open").click()
    expect(dialog).to_be_hidden()
    assert stage.app.told == []
    page.get_by_role("button", name="False alarm").click()
    with page.expect_response(re.compile("/act")) as acted:
        dialog.get_by_role("button", name="Close it").click()
    assert acted.value.status == 204
    assert stage.heard("block_actions")["actions"][0]["action_id"] == "stop"


def test_menus_act_when_something_is_chosen(desktop: BrowserContext, stage: Stage) -> None:
    """A select and an overflow menu send what was chosen; the menu closes."""
    page = stage.watch(desktop)
    stage.card()
    with page.expect_response(re.compile("/act")):
        page.get_by_label("Choose").select_option("2")
    assert stage.heard("block_actions")["actions"][0]["selected_option"]["value"] == "2"
    page.get_by_label("More actions").click()
    with page.expect_response(re.compile("/act")):
        page.get_by_role("button", name="Assign").click()
    assert stage.heard("block_actions")["actions"][0]["selected_option"]["value"] == "assign"
    expect(page.get_by_role("button", name="Assign")).to_be_hidden()


def test_button_shows_that_it_is_at_work_until_the_ack(desktop: BrowserContext, stage: Stage) -> None:
    """A pressed button turns its spinner until the app acknowledges; a second press is not sent."""
    page = stage.watch(desktop)
    stage.card()
    released = stage.threaded.look(lambda _local: asyncio.Event())
    stage.app.hold = released
    button = page.get_by_role("button", name="Schema drift")
    button.click()
    expect(button).to_have_class(re.compile("htmx-request"))
    assert button.evaluate("(b) => getComputedStyle(b, '::after').animationName") == "turn"
    button.dispatch_event("click")
    stage.threaded.look(lambda _local: released.set())
    expect(button).not_to_have_class(re.compile("htmx-request"))
    assert len(stage.app.told) == 1


def test_app_that_does_not_answer_a_click_is_shown(desktop: BrowserContext, stage: Stage) -> None:
    """When the app stays silent, the person is told so in the channel."""
    page = stage.watch(desktop)
    stage.card()
    stage.app.answers["block_actions"] = Answer(ok=False, reason="timeout")
    page.get_by_role("button", name="Schema drift").click()
    expect(page.locator("#messages .system")).to_contain_text("did not respond")


def test_modal_opens_keeps_what_was_entered_and_shows_errors(desktop: BrowserContext, stage: Stage) -> None:
    """A modal opens by itself; an error stands under its field, the text is kept; then it closes."""
    page = stage.watch(desktop)
    stage.threaded.look(lambda local: open_form(local.hub))
    modal = page.get_by_role("dialog", name="Localize INC-7")
    expect(modal.get_by_label("Why")).to_be_focused()
    modal.get_by_label("Why").fill("schema")
    modal.get_by_text("Choose…").click()
    modal.get_by_label("Grace Okafor").check()
    errors = {"response_action": "errors", "errors": {"why": "At least ten words, please"}}
    stage.app.answers["view_submission"] = Answer(ok=True, payload=errors)
    modal.get_by_role("button", name="Localize").click()
    expect(modal.get_by_role("alert")).to_have_text("At least ten words, please")
    expect(modal.get_by_label("Why")).to_have_value("schema")
    expect(modal.get_by_label("Grace Okafor")).to_be_checked()
    stage.app.answers["view_submission"] = Answer(ok=True)
    modal.get_by_role("button", name="Localize").click()
    expect(modal).to_be_hidden()
    values = stage.heard("view_submission")["view"]["state"]["values"]
    assert values["helpers"]["people"]["selected_users"] == [DIRECTOR]


def test_escape_closes_a_modal_and_tells_the_app(desktop: BrowserContext, stage: Stage) -> None:
    """Escape is the same as the close button: the app hears of it when it asked to."""
    page = stage.watch(desktop)
    stage.threaded.look(lambda local: open_form(local.hub, notify_on_close=True))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert stage.heard("view_closed")["user"]["id"] == ENGINEER


def test_thread_refuses_slash_commands_and_offers_the_mention(desktop: BrowserContext, stage: Stage) -> None:
    """In a thread a command is not sent; the note's button puts the mention into the composer."""
    stage.card()
    page = stage.watch(desktop)
    page.locator("#messages .message").hover()
    page.get_by_role("link", name=re.compile("Reply in a thread")).click()
    thread = page.get_by_role("complementary", name="Thread")
    composer = thread.get_by_label("Message in the thread")
    expect(composer).to_be_focused()
    composer.fill("/triage status")
    composer.press("Enter")
    thread.get_by_role("button", name="Use the mention").click()
    stage.problems = [problem for problem in stage.problems if "409" not in problem]  # was to be refused
    expect(composer).to_have_value("@lookout triage status")
    composer.press("Enter")
    expect(thread.locator("#replies .message").last).to_contain_text("@Lookout triage status")
    expect(page.locator("#messages .replies")).to_contain_text("1 reply")
    page.get_by_role("link", name="Close the thread").click()
    expect(thread).to_be_hidden()


def test_acting_as_someone_else_is_a_switch_and_two_windows_can_be_two_people(
    desktop: BrowserContext, stage: Stage
) -> None:
    """The switch shows the channel as the other person; the first window stays who it was."""
    page = stage.watch(desktop)
    page.locator("#acting summary").click()
    page.locator(f'#acting [data-person="{DIRECTOR}"]').click()
    expect(page.locator("#acting summary")).to_contain_text("Grace Okafor")
    other = stage.watch(desktop)
    expect(other.locator("#acting summary")).to_contain_text("Yuki Tanaka")
    page.get_by_label("Message #ml-incidents").fill("from the director")
    page.get_by_role("button", name="Send").click()
    expect(other.locator("#messages .message").last).to_contain_text("Grace Okafor")
    other.get_by_label("Message #ml-incidents").fill("from the engineer")
    other.get_by_role("button", name="Send").click()
    expect(page.locator("#messages .message").last).to_contain_text("Yuki Tanaka")


def test_clock_moves_and_a_draft_survives_a_change_of_channel(desktop: BrowserContext, stage: Stage) -> None:
    """Advancing shows how far ahead one is; what was typed is there again after looking elsewhere."""
    page = stage.watch(desktop)
    page.get_by_role("button", name="+15 min").click()
    expect(page.locator("#clock")).to_contain_text("15 min ahead")
    page.get_by_label("Message #ml-incidents").press_sequentially("draft")
    page.get_by_role("link", name=re.compile("launches")).click()
    expect(page.get_by_label("Message #launches")).to_have_value("")
    page.get_by_role("link", name=re.compile("ml-incidents")).click()
    expect(page.get_by_label("Message #ml-incidents")).to_have_value("draft")


def test_hostile_message_does_nothing(desktop: BrowserContext, stage: Stage) -> None:
    """Markup in a message is text on the screen; no script runs, nothing is loaded."""
    page = stage.watch(desktop)
    stage.post('<img src=x onerror="document.title=1"><script>document.title=2</script> <!channel>', user=BOT)
    expect(page.locator("#messages .message")).to_contain_text("<script>document.title=2</script>")
    assert "ml-incidents" in page.title()


def test_page_comes_back_after_the_workspace_was_away(desktop: BrowserContext, stage: Stage) -> None:
    """A page whose stream was cut catches up by itself with what was said meanwhile."""
    page = stage.watch(desktop)
    stage.threaded.look(lambda local: local.workspace.tell("closing"))
    stage.post("said while away")
    expect(page.get_by_text("said while away")).to_be_visible()
    stage.problems.remove("[object Event]")  # htmx logs that the stream was cut


def test_phone_has_drawer_sheets_and_no_sideways_scroll(phone: BrowserContext, stage: Stage) -> None:
    """At 390 pixels channels are a drawer, threads and modals fill the screen, wide tables scroll inside."""
    cells = [{"type": "raw_text", "text": "a rather long heading"}] * 9
    stage.post("table", user=BOT, blocks=({"type": "table", "block_id": "t", "rows": [cells, cells]},))
    stage.post("x" * 400)
    stage.card()
    page = stage.watch(phone)
    assert no_sideways_scroll(page)
    page.get_by_role("button", name=re.compile("Open channels")).tap()
    expect(page.get_by_role("link", name=re.compile("launches"))).to_be_in_viewport()
    page.get_by_role("button", name="Close the sidebar").tap()
    expect(page.get_by_role("link", name=re.compile("launches"))).not_to_be_in_viewport()
    page.get_by_role("link", name=re.compile("Reply in a thread")).last.tap()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread).to_be_in_viewport(ratio=1)
    box = thread.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert no_sideways_scroll(page)
    page.get_by_role("link", name="Close the thread").tap()
    stage.threaded.look(lambda local: open_form(local.hub))
    modal = page.get_by_role("dialog").bounding_box()
    assert modal is not None
    assert (modal["width"], modal["height"]) == (390, 844)
    assert no_sideways_scroll(page)
