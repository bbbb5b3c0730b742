"""Slack's limits on blocks and views: what it would refuse, found before it is asked.

Pure functions over the JSON an app would send. `numbers` holds the limits by name.

    >>> [p.pointer for p in check_blocks([{"type": "header", "text": {"type": "plain_text", "text": ""}}])]
    ['/blocks/0/text/text']
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bot.limits import numbers
from bot.limits.blocks import blocks as _blocks
from bot.limits.blocks import interactive
from bot.limits.elements import optional_text, required_text
from bot.limits.report import Problem, Report

__all__ = ["Problem", "Surface", "check_blocks", "check_view", "interactive", "numbers"]

Surface = Literal["message", "modal", "home"]


def check_blocks(blocks: Sequence[Mapping[str, Any]], surface: Surface = "message") -> list[Problem]:
    """What Slack would refuse about these blocks; empty if nothing. Pointers begin with /blocks."""
    report = Report()
    _blocks(blocks, report.at("blocks"), surface=surface)
    return report.problems


def check_view(view: Mapping[str, Any]) -> list[Problem]:
    """What Slack would refuse about a modal or Home tab; pointers are relative to the view."""
    report = Report()
    kind = report.kind(view)
    if kind not in ("modal", "home"):
        if kind:
            report.unsupported(kind)
        return report.problems
    report.optional_string(view, "private_metadata", most=numbers.PRIVATE_METADATA, least=0)
    report.optional_string(view, "callback_id", most=numbers.CALLBACK_ID, least=0)
    report.optional_string(view, "external_id", most=numbers.EXTERNAL_ID, least=0)
    if kind == "modal":
        _modal(view, report)
    if report.present(view, "blocks"):
        _blocks(view["blocks"], report.at("blocks"), surface=kind)
    return report.problems


def _modal(view: Mapping[str, Any], at: Report) -> None:
    required_text(view, "title", at, most=numbers.VIEW_TITLE, plain=True)
    optional_text(view, "submit", at, most=numbers.VIEW_SUBMIT, plain=True)
    optional_text(view, "close", at, most=numbers.VIEW_CLOSE, plain=True)
    for field in ("notify_on_close", "clear_on_close", "submit_disabled"):
        at.boolean(view, field)
    given = view.get("blocks")
    listed = given if isinstance(given, list | tuple) else ()
    if view.get("submit") is None and any(
        isinstance(b, Mapping) and b.get("type") == "input" for b in listed
    ):
        at.add("missing_field", "submit is required when an input block is in blocks", type="required")
