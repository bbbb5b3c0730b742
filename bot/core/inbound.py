"""What people do in Slack, as frozen values: parsed at the door, stored in the inbox, handled from there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from bot.errors import InputError


@dataclass(frozen=True)
class Place:
    """Where it happened: the channel's id, and the thread's root ts where there is one."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True)
class StartTriage:
    """Open an incident by hand; `here` keeps it in the channel it was typed in."""

    by: str
    place: Place
    title: str
    here: bool


@dataclass(frozen=True)
class RegisterExperiment:
    """Register the pasted YAML, or the YAML file at `file_url`, for the channel."""

    by: str
    place: Place
    text: str = ""
    file_url: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class AskLook:
    """Ask for a look; `experiment` is empty where the channel has only one."""

    by: str
    place: Place
    look: int
    experiment: str = ""


@dataclass(frozen=True)
class Ask:
    """A question by mention, answered in the thread: status, list or help of a topic."""

    by: str
    place: Place
    topic: str
    question: str
    about: str = ""


@dataclass(frozen=True)
class Order:
    """A command that changes something, like `/experiment stop …`; `text` is all that follows the verb."""

    by: str
    place: Place
    topic: str
    verb: str
    text: str = ""


@dataclass(frozen=True)
class Submit:
    """A form sent off; `value` is what it was opened with, `fields` what was entered, by action id.

    Of a field with several choices the values stand one a line.
    """

    by: str
    place: Place
    form: str
    value: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Dropped:
    """A file shared in a channel, by its id."""

    by: str
    place: Place
    file: str


@dataclass(frozen=True)
class OpenedHome:
    """A person opened Lookout's home page."""

    by: str


@dataclass(frozen=True)
class Changed:
    """A person's account changed: whether it is deactivated now, and what they are called."""

    by: str
    gone: bool
    name: str = ""


@dataclass(frozen=True)
class Reacted:
    """An emoji put under the message `ts`, or with `on` False taken away again."""

    by: str
    place: Place
    ts: str
    emoji: str
    on: bool


@dataclass(frozen=True)
class Altered:
    """The message `ts` was written anew, or with `gone` taken away; what it says now is for Slack to say."""

    by: str
    place: Place
    ts: str
    gone: bool


@dataclass(frozen=True)
class Misread:
    """What could not be understood or opened; `problem` is what to tell the person."""

    by: str
    place: Place
    problem: str


@dataclass(frozen=True)
class Press:
    """A button, an overflow entry or a select: `action` is its id without the suffix, `value` its JSON."""

    by: str
    place: Place
    action: str
    value: str
    message: str = ""


Inbound: TypeAlias = (
    StartTriage
    | RegisterExperiment
    | AskLook
    | Ask
    | Order
    | Submit
    | Dropped
    | OpenedHome
    | Changed
    | Reacted
    | Altered
    | Misread
    | Press
)

UNASKED = (OpenedHome, Changed, Reacted, Altered)
"""What happened without anybody asking Lookout for anything: what goes wrong with it is told to nobody."""

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        StartTriage,
        RegisterExperiment,
        AskLook,
        Ask,
        Order,
        Submit,
        Dropped,
        OpenedHome,
        Changed,
        Reacted,
        Altered,
        Misread,
        Press,
    )
}


def dump(inbound: Inbound) -> str:
    """Return the stored form: JSON with the kind's name."""
    return json.dumps({"kind": type(inbound).__name__, **asdict(inbound)}, ensure_ascii=True, sort_keys=True)


def load(text: str) -> Inbound:
    """Read the stored form back.

    Raises:
        InputError: the row was written by another version of Lookout and its kind is not known here.

    """
    fields = json.loads(text)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise InputError("This was stored by another version of Lookout.", "Run the newest version.")
    if "place" in fields:
        fields["place"] = Place(**fields["place"])
    loaded: Inbound = kind(**fields)
    return loaded
