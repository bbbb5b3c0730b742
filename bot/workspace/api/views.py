"""views.*: modals, their stack, and the Home tab."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.limits import check_view
from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape, bad_arguments
from bot.workspace.incoming import image_problems, with_ids
from bot.workspace.records import View
from bot.workspace.state import Workspace
from bot.workspace.triggers import Trigger

_LARGEST: Final = 250_000  # bytes of a view's JSON


def open_(call: Call) -> Shape:
    """views.open"""
    payload = _payload(call, "modal")
    trigger = _trigger(call)
    call.workspace.close_views(trigger.user)
    return _shown(call, new_view(call.workspace, payload, trigger.user))


def push(call: Call) -> Shape:
    """views.push: on top of the view in which the trigger_id arose."""
    payload = _payload(call, "modal")
    trigger = _trigger(call)
    stack = call.workspace.modals.get(trigger.user, ())
    if not trigger.view_id or not stack:
        raise ApiError("not_found")
    if len(stack) >= call.hub.rules.view_stack:
        raise ApiError("push_limit_reached")
    return _shown(call, new_view(call.workspace, payload, trigger.user, beneath=stack[-1]))


def update(call: Call) -> Shape:
    """views.update, by view_id or external_id; hash_conflict if the view has changed since `hash`."""
    view = _find(call)
    if call.text("hash") and call.text("hash") != view.hash:
        raise ApiError("hash_conflict")
    payload = _payload(call, str(view.payload["type"]), but=view.id)
    return _shown(call, changed_view(view, payload))


def publish(call: Call) -> Shape:
    """views.publish: the Home tab of one person."""
    user = call.needed("user_id")
    if user not in call.workspace.users:
        raise ApiError("user_not_found")
    payload = _payload(call, "home")
    before = call.workspace.homes.get(user)
    if before is not None and call.text("hash") not in ("", before.hash):
        raise ApiError("hash_conflict")
    view = changed_view(before, payload) if before else new_view(call.workspace, payload, user)
    return _shown(call, view)


def new_view(
    workspace: Workspace, payload: Mapping[str, Any], user: str, *, beneath: View | None = None
) -> View:
    """A view not shown yet, on top of another if there is one beneath."""
    id_ = workspace.new_id("V")
    return View(
        id=id_,
        hash=_hash(),
        payload=payload,
        opener=user,
        root_id=beneath.root_id if beneath else id_,
        previous_id=beneath.id if beneath else None,
    )


def changed_view(view: View, payload: Mapping[str, Any]) -> View:
    """The view with another payload and a new hash; errors shown before are gone."""
    return replace(view, payload=payload, hash=_hash(), errors={}, problem="", busy=False)


def checked_payload(workspace: Workspace, given: object, kind: str) -> dict[str, Any]:
    """A view's payload with ids filled in. invalid_arguments, with the reasons, if Slack would refuse it."""
    if not isinstance(given, Mapping):
        raise bad_arguments("must provide an object [json-pointer:/view]")
    problems = check_view(given)
    if not problems and given["type"] != kind:
        raise bad_arguments(f"unsupported type: {given['type']} [json-pointer:/view/type]")
    problems = problems or image_problems(workspace, given["blocks"], "/blocks")
    if problems:
        raise bad_arguments(*[f"{p.message} [json-pointer:/view{p.pointer}]" for p in problems])
    if len(json.dumps(given)) > _LARGEST:
        raise ApiError("view_too_large")
    return {**given, "blocks": with_ids(given["blocks"])}


def _payload(call: Call, kind: str, but: str = "") -> dict[str, Any]:
    given = call.json("view", "invalid_arguments")
    if given is None:
        raise bad_arguments("missing required field: view")
    payload = checked_payload(call.workspace, given, kind)
    external_id = payload.get("external_id")
    if external_id and any(view.id != but for view in _by_external_id(call, str(external_id))):
        raise ApiError("duplicate_external_id")
    return payload


def _trigger(call: Call) -> Trigger:
    trigger = call.hub.triggers.use(call.needed("trigger_id"))
    if isinstance(trigger, str):
        call.workspace.warn(f"{call.method}: {trigger}")
        raise ApiError(trigger)
    return trigger


def _find(call: Call) -> View:
    if call.text("view_id"):
        view = call.workspace.view(call.text("view_id"))
    else:
        view = next(iter(_by_external_id(call, call.needed("external_id"))), None)
    if view is None:
        raise ApiError("not_found")
    return view


def _by_external_id(call: Call, external_id: str) -> list[View]:
    shown = [view for stack in call.workspace.modals.values() for view in stack]
    shown += call.workspace.homes.values()
    return [view for view in shown if view.payload.get("external_id") == external_id]


def _shown(call: Call, view: View) -> Shape:
    return {"view": shapes.view(call.workspace, call.workspace.show_view(view))}


def _hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"
