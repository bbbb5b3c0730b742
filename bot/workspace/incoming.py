"""Blocks as they come in from the app: parsed, checked against Slack's limits, and given their ids."""

import copy
import ipaddress
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.limits import Problem, check_blocks, interactive
from bot.workspace.records import Json
from bot.workspace.state import Workspace


class BlocksError(Exception):
    """Blocks that Slack refuses: "invalid_blocks_format" if they are not JSON, else "invalid_blocks"."""

    def __init__(self, code: str, problems: Sequence[Problem]) -> None:
        super().__init__(code)
        self.code = code
        self.problems = tuple(problems)

    @property
    def summary(self) -> str:
        """The problems in a line."""
        return "; ".join(f"{p.message} [json-pointer:{p.pointer}]" for p in self.problems)


def incoming_blocks(workspace: Workspace, given: object) -> tuple[Json, ...]:
    """The blocks of a message, ready to be kept; BlocksError if Slack would refuse them."""
    blocks = _parsed(given)
    problems = check_blocks(blocks) or image_problems(workspace, blocks, "/blocks")
    if problems:
        raise BlocksError("invalid_blocks", problems)
    return with_ids(blocks)


def _parsed(given: object) -> list[Any]:
    if given is None or given == "":
        return []
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except json.JSONDecodeError:
            raise BlocksError("invalid_blocks_format", ()) from None
    if not isinstance(given, list):
        raise BlocksError("invalid_blocks_format", ())
    return given


def with_ids(blocks: Sequence[Json]) -> tuple[Json, ...]:
    """A copy in which every block has a block_id and every interactive element an action_id."""
    copied = copy.deepcopy([dict(block) for block in blocks])
    for block in copied:
        block.setdefault("block_id", _random_id())
        for _way, element in interactive(block):
            if isinstance(element, dict):
                element.setdefault("action_id", _random_id())
    return tuple(copied)


def image_problems(workspace: Workspace, blocks: Sequence[Json], pointer: str) -> list[Problem]:
    """Images that Slack could not show: a file that was never uploaded, an address only this machine has."""
    return list(_image_problems(workspace, blocks, pointer))


def _image_problems(workspace: Workspace, blocks: Sequence[Json], pointer: str) -> Iterator[Problem]:
    for way, image in _images(blocks):
        place = pointer + "".join(f"/{step}" for step in way)
        if "slack_file" in image:
            if not _uploaded(workspace, image["slack_file"]):
                yield Problem(
                    f"{place}/slack_file", "failed_constraint", "invalid slack file", {"type": "file"}
                )
        elif _only_here(str(image.get("image_url", ""))):
            message = "downloading image failed"
            yield Problem(f"{place}/image_url", "failed_constraint", message, {"type": "public_url"})


def _images(blocks: Sequence[Json]) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    for index, block in enumerate(blocks):
        if block.get("type") == "image":
            yield (index,), block
        accessory = block.get("accessory")
        if isinstance(accessory, Mapping) and accessory.get("type") == "image":
            yield (index, "accessory"), accessory
        if block.get("type") == "context":
            for place, element in enumerate(block.get("elements") or ()):
                if isinstance(element, Mapping) and element.get("type") == "image":
                    yield (index, "elements", place), element


def _uploaded(workspace: Workspace, reference: Json) -> bool:
    if "id" in reference:
        file = workspace.files.get(str(reference["id"]))
    else:
        path = urlsplit(str(reference.get("url", ""))).path.split("/")
        file = workspace.files.get(path[2]) if path[1:2] == ["files"] and len(path) > 2 else None
    return file is not None and file.uploaded


def _only_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".local", ".internal")) or "." not in host


def _random_id() -> str:
    return secrets.token_urlsafe(4)[:5]
