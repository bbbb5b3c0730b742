"""Forms of several pages: what is sent off is stored first, then the next page is drawn, or none."""

import json
from collections.abc import Mapping
from typing import Any, cast

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.effect import Block
from bot.core.inbound import Order, Place, Submit
from bot.errors import StaleError
from bot.views.framing_actions import PAGES, FramingAction
from handlers import events, form_pages
from handlers.door import Door


def body(action: str, form: str = PAGES) -> dict[str, Any]:
    """A button pressed in a form, with a field as it stands."""
    private = {"channel": "C0PLAN", "thread": None, "value": "about"}
    view = {
        "id": "V1",
        "hash": "h1",
        "callback_id": form,
        "private_metadata": json.dumps(private),
        "state": {"values": {"prior": {"prior": {"type": "plain_text_input", "value": "0.5"}}}},
    }
    return {"view": view, "user": {"id": "U0ML"}, "actions": [{"action_id": action}]}


class Paged:
    """A door that has a page, none, or an error for it."""

    def __init__(self, page: Block | StaleError | None) -> None:
        self.page = page

    async def turned(self, sent: Submit, action: str = "") -> Block | None:
        """The page."""
        assert (sent.fields, action) == ({"prior": "0.5"}, FramingAction.BACK)
        if isinstance(self.page, StaleError):
            raise self.page
        return self.page


class Slack(AsyncWebClient):
    """Keeps the view that is shown, or refuses it."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__()
        self.refusal, self.shown = refusal, list[Mapping[str, Any]]()

    async def views_update(self, **given: Any) -> Any:
        """Show it."""
        if self.refusal:
            raise SlackApiError("refused", {"error": self.refusal})  # type: ignore[no-untyped-call]  # of the SDK
        self.shown.append(given)


async def turn(page: Block | StaleError | None, refusal: str = "") -> list[Mapping[str, Any]]:
    """Press [Back]; what was shown."""
    pressed, slack = body(FramingAction.BACK), Slack(refusal)
    door = cast(Door, Paged(page))
    await form_pages.turn(door, slack, pressed, form_pages.left(pressed), FramingAction.BACK)
    return slack.shown


def test_only_a_forms_own_buttons_leave_its_page() -> None:
    """Not those of another form, nor of a message."""
    assert form_pages.turning(body(FramingAction.BACK)) == FramingAction.BACK
    assert form_pages.turning(body(f"{FramingAction.BACK}:2")) == FramingAction.BACK
    assert form_pages.turning(body("frame.decide")) == ""
    assert form_pages.turning(body(FramingAction.BACK, "experiment.new")) == ""
    assert form_pages.turning({"actions": [{"action_id": FramingAction.BACK}]}) == ""


async def test_the_other_page_is_shown_in_the_place_of_the_one_that_was_left() -> None:
    """With the hash of what the person saw; nothing where there is none, or it cannot be drawn."""
    assert await turn({"type": "modal"}) == [{"view_id": "V1", "view": {"type": "modal"}, "hash": "h1"}]
    assert await turn(None) == []
    assert await turn(StaleError("FRM-1 was given up.")) == []
    assert await turn({"type": "modal"}, "not_found") == []


def test_a_mention_that_would_open_a_form_is_an_order() -> None:
    """Where the topic has one; a mention has no trigger."""
    event = {"user": "U0ML", "channel": "C0PLAN", "ts": "1.0", "text": "<@U0BOT> frame new Readers leave"}
    place = Place("C0PLAN", "1.0")
    assert events.read(event) == Order("U0ML", place, "frame", "new", "Readers leave")
