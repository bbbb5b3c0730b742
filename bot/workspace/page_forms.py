"""What the page's forms send, read into the values that `people` takes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile

from bot.workspace import inputs
from bot.workspace.people import People, RefusedError
from bot.workspace.render import key, split_key

Block = Mapping[str, Any]
Values = dict[str, dict[str, str | list[str]]]

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST: Final = 366 * 86400.0


def find(blocks: Sequence[Block], name: str) -> tuple[Block, Block] | None:
    """The block and element that a form names; None when the message has changed since it was drawn."""
    wanted = split_key(name)
    return inputs.find(blocks, action_id=wanted[1], block_id=wanted[0]) if wanted else None


async def values(blocks: Sequence[Block], form: FormData, zone: tzinfo, people: People, user: str) -> Values:
    """What all elements of these blocks hold; files are uploaded and stand there by their ids."""
    out: Values = {}
    for block, element in inputs.elements(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        held = await _held(element, form.getlist(key(block, element)), zone, people, user)
        out.setdefault(str(block.get("block_id", "")), {})[str(element["action_id"])] = held
    return out


async def _held(
    element: Block, sent: Sequence[str | UploadFile], zone: tzinfo, people: People, user: str
) -> str | list[str]:
    kind = str(element["type"])
    if kind == "file_input":
        files = [part for part in sent if isinstance(part, UploadFile) and part.filename]
        return [people.upload(user, file.filename or "file", await file.read()).id for file in files]
    texts = [part for part in sent if isinstance(part, str)]
    if kind.startswith("multi_") or kind == "checkboxes":
        return [text for text in texts if text]
    text = texts[0] if texts else ""
    return unix(text, zone) if kind == "datetimepicker" else text.replace("\r\n", "\n")


def unix(local: str, zone: tzinfo) -> str:
    """A datetime-local value as seconds since the epoch, empty if it is none."""
    try:
        return str(int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp()))
    except ValueError:
        return ""


def span(text: str) -> float | None:
    """A time span such as "90s", "20m" or "2h 30m" in seconds; None if it is not one, or over a year."""
    if not re.fullmatch(r"\s*(\d{1,6}(\.\d{1,3})?\s*[smhd]\s*)+", text):
        return None
    seconds = sum(
        float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", text)
    )
    return seconds if 0 < seconds <= _LONGEST else None


def ahead(until: str, seconds: str, text: str, now: float) -> float | None:
    """Seconds by which a request moves the clock: until a moment, by seconds, by a span. None if unclear."""
    try:
        if until:
            forward = max(float(until) - now, 0.0) + 1.0
        elif seconds:
            forward = float(seconds)
        else:
            return span(text)
    except ValueError:
        return None
    return forward if 0 < forward <= _LONGEST else None


@dataclass(frozen=True)
class Used:
    """The element a person used, its value, and what the others hold."""

    block_id: str
    action_id: str
    value: str | list[str]
    values: Values


async def use(blocks: Sequence[Block], form: FormData, zone: tzinfo, people: People, user: str) -> Used:
    """Which element a form says was used. RefusedError when it is not there any more."""
    found = find(blocks, str(form.get("element", "")))
    if found is None:
        raise RefusedError("This message has changed meanwhile; look again.")
    block, element = found
    held = await values(blocks, form, zone, people, user)
    block_id, action_id = str(block.get("block_id", "")), str(element["action_id"])
    value = held.get(block_id, {}).get(action_id, str(form.get(key(block, element), "")))
    return Used(block_id, action_id, value, held)
