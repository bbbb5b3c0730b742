"""Modals in people's hands: entering, submitting, closing, and what the app answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.workspace import inputs, payloads
from bot.workspace.api.call import ApiError
from bot.workspace.api.views import changed_view, checked_payload, new_view
from bot.workspace.hub import Hub
from bot.workspace.records import Json, User, View
from bot.workspace.refused import RefusedError

TROUBLE: Final = "We had some trouble connecting. Try again?"


class Forms:
    """Submits and closes views for people, and shows what the app made of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.workspace = hub.workspace

    def on_screen(self, user: str, view_id: str) -> View:
        """A view this person has in front of them; RefusedError if not."""
        view = self.workspace.view(view_id)
        if view is None or view.opener != user:
            raise RefusedError("This form is not open any more.")
        return view

    async def act(self, person: User, view: View, action: Json, entered: inputs.Entered) -> None:
        """A click or choice inside a view."""
        values = self._values(view, entered)
        payload = payloads.view_action(self.hub, person, view, action, values)
        answer = await self.hub.delivery.deliver("interactive", payload)
        if not answer.ok and (current := self.workspace.view(view.id)):
            self.workspace.show_view(replace(current, problem=TROUBLE))

    async def submit(self, person: User, view_id: str, entered: inputs.Entered) -> None:
        """Submit a modal: first what the client checks itself, then the app, then what the app wants next."""
        view = self.on_screen(person.id, view_id)
        if view.payload.get("submit") is None or view.payload["type"] != "modal":
            raise RefusedError("This form has nothing to submit.")
        values = self._values(view, entered)
        errors = inputs.client_errors(view.blocks, values)
        if errors:
            self.workspace.show_view(replace(view, errors=errors, problem=""))
            return
        busy = self.workspace.show_view(replace(view, errors={}, problem="", busy=True))
        payload = payloads.submission(self.hub, person, busy, values)
        answer = await self.hub.delivery.deliver("interactive", payload)
        current = self.workspace.view(view_id)
        if current is None:
            return
        current = replace(current, busy=False)
        if not answer.ok:
            self.workspace.show_view(replace(current, problem=TROUBLE))
            return
        try:
            self._respond(person, current, answer.payload)
        except ApiError as error:
            why = "; ".join(error.more.get("response_metadata", {}).get("messages", ()))
            self.workspace.warn(f"The app's answer to a submission cannot be shown: {error.code} {why}")
            self.workspace.show_view(replace(current, problem=TROUBLE))

    async def close(self, person: User, view_id: str, *, whole_stack: bool) -> None:
        """Close a modal, or all of the stack; the app hears of those that asked for it."""
        view = self.on_screen(person.id, view_id)
        cleared = whole_stack or bool(view.payload.get("clear_on_close"))
        closed = self.workspace.close_views(person.id, *(() if cleared else (view.id,)))
        for gone in reversed(closed):
            if gone.payload.get("notify_on_close"):
                payload = payloads.closed(self.hub, person, gone, cleared=cleared)
                await self.hub.delivery.deliver("interactive", payload)

    def _values(self, view: View, entered: inputs.Entered) -> dict[str, dict[str, Any]]:
        try:
            return inputs.state_values(view.blocks, entered)
        except ValueError as error:
            raise RefusedError(str(error)) from error

    def _respond(self, person: User, view: View, answer: Mapping[str, Any]) -> None:
        match answer.get("response_action"):
            case None:
                self.workspace.close_views(person.id, view.id)
            case "clear":
                self.workspace.close_views(person.id)
            case "errors":
                self.workspace.show_view(replace(view, errors=_errors(view, answer.get("errors"))))
            case "update":
                payload = checked_payload(self.workspace, answer.get("view"), "modal")
                self.workspace.show_view(changed_view(view, payload))
            case "push":
                self._push(person, view, answer.get("view"))
            case other:
                raise ApiError("invalid_response_action", response_metadata={"messages": [str(other)]})

    def _push(self, person: User, view: View, given: object) -> None:
        if len(self.workspace.modals[person.id]) >= self.hub.rules.view_stack:
            raise ApiError("push_limit_reached")
        payload = checked_payload(self.workspace, given, "modal")
        self.workspace.show_view(view)
        self.workspace.show_view(new_view(self.workspace, payload, person.id, beneath=view))


def _errors(view: View, given: object) -> dict[str, str]:
    inputs_there = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(given, Mapping) or not given or not set(given) <= inputs_there:
        raise ApiError(
            "invalid_errors",
            response_metadata={"messages": [f"errors must name input blocks of the view: {given}"]},
        )
    return {str(block_id): str(message) for block_id, message in given.items()}
