"""What a launch must have before everybody gets it: the eight rows of the checklist, present or missing.

Each row is a procedure's artefact: a document that somebody links, or what the registration, the newest look
or the tracker of offline and online deltas says. A row that is missing can be waived by name in the ledger.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from bot.core.correlation import Correlation
from bot.core.launch import Launch, Mark
from bot.core.registration import Registration

LONGEST_LINK = 1000
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AML-01": "Problem framed",
        "AML-02": "Prioritised",
        "AML-03": "Registered, locked and powered",
        "AML-04": "Offline evidence trusted",
        "AML-05": "Guardrails held",
        "AML-06": "Cohorts unharmed",
        "AML-07": "Latency budget and fallback",
        "AML-08": "Ready for an incident",
    }
)
"""The rows by id, in order."""

DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "framing": "AML-01",
        "portfolio": "AML-02",
        "correlation": "AML-04",
        "load_test": "AML-07",
        "fallback": "AML-07",
        "dashboard": "AML-08",
        "monitors": "AML-08",
        "runbook": "AML-08",
    }
)
"""The documents that can be linked, and the row each belongs to."""

WHO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AML-01": ("owner", "engineer"),
        "AML-02": ("owner", "approver"),
        "AML-04": ("engineer", "owner"),
        "AML-07": ("engineer",),
        "AML-08": ("engineer",),
    }
)
"""The roles that usually have the document; the other rows are brought about by signing and by looks."""

How: TypeAlias = Literal["supply it", "sign", "amend the registration", "take the look", "waive it"]
"""What would bring a row about, completing "who can …"."""


@dataclass(frozen=True)
class Waiver:
    """That a row may be missing: why, by whom, when; `override` where an approved review says so."""

    reason: str
    mark: Mark
    override: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the check.

    artefact: what is there, in words; why: what is missing, empty when present. supply: the roles, or
    sign-offs, of whoever can do what is named by `how`. links: documents by name; wants: the documents that
    are still to be linked. Text from people in it is as they wrote it.
    """

    id: str
    name: str
    present: bool
    artefact: str
    why: str
    supply: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    wants: tuple[str, ...] = ()
    waived: Waiver | None = None
    how: How = "supply it"

    @property
    def settled(self) -> bool:
        """Whether it does not hold the launch back."""
        return self.present or self.waived is not None


@dataclass(frozen=True)
class Known:
    """What the check rests on.

    look: the newest sound planned look as JSON, None before the first. correlation: of offline and online
    deltas. playbook: the name of the triage playbook, on_call: how many people hold the role it calls.
    framing: the decided framing that led to it, in words; framing_draft: one that did and is not decided.
    picked: the locked pick that it comes from, in words; unpicked: that its candidate is in none. shown: what
    the record itself shows in place of a document, in words, by the document's name.
    """

    launch: Launch
    registration: Registration
    look: Mapping[str, Any] | None
    correlation: Correlation
    playbook: str = ""
    on_call: int = 0
    framing: str = ""
    framing_draft: str = ""
    picked: str = ""
    unpicked: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)

    def document(self, name: str) -> str:
        """What was supplied last under that name, else what the registration links."""
        supplied = self.launch.supplied.get(name)
        artefacts: Mapping[str, str] = self.registration.artefacts  # type: ignore[assignment]
        return supplied[0] if supplied else artefacts.get(name, "")


def is_link(text: str) -> bool:
    """Whether it is an address of the web that a reader can open.

    >>> is_link("https://wiki.example/letter"), is_link("javascript:alert(1)"), is_link("http://a b")
    (True, False, False)
    """
    if len(text) > LONGEST_LINK or re.search(r"[\s<>|\x00-\x1f\"`\\]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def plain(document: str) -> str:
    """The name of a document in words."""
    return document.replace("_", " ")
