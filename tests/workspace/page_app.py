"""A small app behind the page: it answers what people do, and keeps what it was told."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.workspace.envelope import Answer, Envelope
from bot.workspace.hub import Hub
from bot.workspace.records import Message, View
from bot.workspace.seed import BOT, BOT_ID, ENGINEER

INCIDENTS = "C0INC"


def label(text: str) -> dict[str, Any]:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


CARD: tuple[dict[str, Any], ...] = (
    {"type": "header", "block_id": "head", "text": label("INC-7 · reranker NDCG@10 0.78 → 0.61")},
    {
        "type": "actions",
        "block_id": "answers",
        "elements": [
            {
                "type": "button",
                "action_id": "answer:drift",
                "text": label("Schema drift"),
                "style": "primary",
            },
            {
                "type": "button",
                "action_id": "stop",
                "text": label("False alarm"),
                "style": "danger",
                "confirm": {
                    "title": label("Close INC-7?"),
                    "text": {"type": "mrkdwn", "text": "It was *no* incident."},
                    "confirm": label("Close it"),
                    "deny": label("Keep open"),
                },
            },
            {
                "type": "static_select",
                "action_id": "severity",
                "options": [{"text": label(f"SEV{n}"), "value": str(n)} for n in (1, 2, 3)],
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [
                    {"text": label("Assign"), "value": "assign"},
                    {"text": label("Back"), "value": "b"},
                ],
            },
        ],
    },
)
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "localize",
    "title": label("Localize INC-7"),
    "submit": label("Localize"),
    "close": label("Not yet"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": label("Why"),
            "hint": label("One sentence"),
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "helpers",
            "label": label("Helpers"),
            "optional": True,
            "element": {"type": "multi_users_select", "action_id": "people"},
        },
    ],
}


class App:
    """A transport that is the app: it acknowledges at once, with what `answers` holds by kind or action."""

    def __init__(self, hub: Hub) -> None:
        self.told: list[Envelope] = []
        self.answers: dict[str, Answer] = {}
        self.hold: asyncio.Event | None = None  # while set and not released, nothing is acknowledged
        hub.delivery.transport = self

    async def send(self, envelope: Envelope, patience: float) -> Answer:
        """Keep what was told and answer it."""
        self.told.append(envelope)
        if self.hold is not None:
            await self.hold.wait()
        return self.answers.get(str(envelope.payload.get("type", envelope.kind)), Answer(ok=True))

    async def close(self) -> None:
        """Nothing is open."""

    def last(self, kind: str) -> Mapping[str, Any]:
        """The last payload of an interaction or delivery of this kind."""
        return next(e.payload for e in reversed(self.told) if kind in (e.kind, e.payload.get("type")))


def post_card(hub: Hub, text: str = "INC-7 NDCG fell") -> Message:
    """The app posts its card into the incidents channel."""
    return hub.workspace.post(INCIDENTS, BOT, text, bot_id=BOT_ID, blocks=CARD)


def open_form(hub: Hub, **fields: Any) -> View:
    """The app opens its modal on the engineer's screen."""
    view_id = hub.workspace.new_id("V")
    return hub.workspace.show_view(View(view_id, "1", {**FORM, **fields}, ENGINEER, view_id))
