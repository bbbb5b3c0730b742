"""Registering: a YAML text is checked, put on record, and waits for its signatures in the channel."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Post
from bot.core.finding import Finding, errors
from bot.core.inbound import Place
from bot.core.latency_record import Kind as OfBudget
from bot.core.launch import Kind
from bot.core.lint import check_document
from bot.core.registration import Registration, canonical_json, sha256
from bot.core.strict_yaml import Document, parse
from bot.errors import InputError
from bot.services import framing_joins, launch_cards, launches, reruns, seen_data, signing
from bot.services.desk import Desk
from bot.store import experiments, ledger, outbox
from bot.store.experiments import Registered
from bot.views import experiment as views
from bot.views import findings_card
from bot.views.text import escape

MOST_FINDINGS = 8
"""Findings shown in a refusal's text; the card and `lookout check` show more."""


class FaultyError(InputError):
    """A file with errors; `findings` are all there are, of the `text` of the file `name`."""

    def __init__(self, name: str, findings: Sequence[Finding], done: str, text: str) -> None:
        wrong = errors(findings)
        count = f"{len(wrong)} error{'' if len(wrong) == 1 else 's'}"
        said = "\n".join(escape(str(one), 600) for one in wrong[:MOST_FINDINGS])
        rest = "" if len(wrong) <= MOST_FINDINGS else f"\n(and {len(wrong) - MOST_FINDINGS} more)"
        super().__init__(
            f"{escape(name, 80)} has {count}, so {done}.\n{said}{rest}\n",
            findings_card.mend(done),
        )
        self.name, self.findings, self.done, self.text = name, tuple(findings), done, text


@dataclass(frozen=True)
class Checked:
    """A text without errors: the content, what it means, and its warnings as the ledger keeps them."""

    document: Document
    registration: Registration
    warnings: tuple[dict[str, str], ...]
    text: str

    @property
    def sha256(self) -> str:
        """The registration's hash."""
        return sha256(self.document.data)

    def version(self, channel: str, by: str, now: datetime) -> Registered:
        """As it is put on record."""
        return Registered(
            id=self.registration.id,
            sha256=self.sha256,
            name=self.document.name,
            text=self.text,
            canonical=canonical_json(self.document.data),
            channel=channel,
            registered_by=by,
            registered_at=now,
        )

    def as_on_record(self, known: Registered) -> "Checked":
        """The same content in the words in which it is on record."""
        return replace(self, text=known.text, document=replace(self.document, name=known.name))

    def text_sha256(self) -> str:
        """The hash of the text as given, comments and all."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def check(desk: Desk, text: str, name: str, *, done: str = "nothing was registered") -> Checked:
    """Read and check a text. Raises FaultyError with every finding when it has an error."""
    document, registration, findings = _read(desk, text, name, done)
    if registration is not None:
        findings = [*findings, *_of_this_house(registration, desk, document)]
    if registration is None or errors(findings):
        raise FaultyError(name, findings, done, text)
    warnings = [one for one in findings if one.level == "warning"]
    kept = tuple({"code": one.code, "path": one.path, "message": one.message} for one in warnings)
    return Checked(document, registration, kept, text)


def register(
    session: Session,
    desk: Desk,
    *,
    text: str,
    name: str,
    by: str,
    channel: str,
    thread: str | None = None,
    now: datetime,
) -> Registered:
    """Put a registration on record for a channel and post its card; without anything outstanding it locks.

    The same content again changes nothing, and the person is told. Raises FaultyError, and nothing is
    written, when the file has an error, InputError when its id is taken by other content.
    """
    checked = check(desk, text, name)
    reruns.refuse(session, checked.registration)
    wanted = checked.version(channel, by, now)
    if experiments.original(session, wanted.id) is None:
        _own_id(session, wanted.id)
        seen_data.refuse(session, checked.registration)
    if not experiments.add(session, wanted):
        return _again(session, checked.registration, wanted, thread, now)
    launch, entry = launches.note(
        session, wanted.id, Kind.REGISTERED, by=by, body=_body(checked, channel), now=now
    )
    waits = launch.missing_signoffs or launch.missing_acknowledgements
    soon = launch if waits else replace(launch, locked_at=now)  # so that the card is not posted to be edited
    card = launch_cards.card(session, desk, soon, now=now)
    outbox.put(session, Post(launch.card, channel, card, thread, broadcast=thread is not None), now=now)
    reruns.announce(session, desk, launch, entry, now)
    framing_joins.declared(session, desk, checked.registration, by=by, now=now)
    signing.settle(session, desk, launch, now)
    return wanted


def _own_id(session: Session, name: str) -> None:
    """Raises InputError where a latency budget has the id: its entries in the ledger would be mixed up."""
    if name in ledger.subjects(session, OfBudget.BUDGET):
        said = f"`{escape(name, 80)}` is a latency budget."
        raise InputError(said, "Give the experiment an id of its own.")


def say_findings(
    session: Session, error: FaultyError, *, key: str, by: str, place: Place, now: datetime
) -> None:
    """Show the findings to the person who gave the file."""
    said = f"{error.message}{error.hint}"
    shown = findings_card.card(error.name, error.findings, done=error.done, said=said, source=error.text)
    outbox.put(session, Ephemeral(f"{key}/findings", place.channel, by, shown, place.thread), now=now)


def content(canonical: str) -> Any:
    """The parsed content of a registration on record."""
    return json.loads(canonical)


def _read(desk: Desk, text: str, name: str, done: str) -> tuple[Document, Registration | None, list[Finding]]:
    try:
        document = parse(text, name=name)
    except InputError as error:
        line, _, message = error.message.removeprefix(f"{name}:").partition(": ")
        fault = Finding("R000", "error", name, "", int(line), message, error.hint)
        raise FaultyError(name, [fault], done, text) from None
    return document, *check_document(document, desk.settings.rollout_metrics)


def _of_this_house(registration: Registration, desk: Desk, document: Document) -> list[Finding]:
    """A registration from Slack may read files only below the configured folder, and known warehouses."""
    if registration.data.path is not None and desk.settings.data is None:
        return [
            _finding(
                document,
                "R168",
                ("data", "path"),
                "data.path names a file, and no folder for data is configured.",
                "Name a warehouse as data.source, or set [data] path in lookout.toml.",
            )
        ]
    source = registration.data.source
    known = {name for name, one in desk.settings.sources.items() if one.kind == "ibis"}
    if source is not None and source not in known:
        configured = f"Configured warehouses: {', '.join(sorted(known)) or 'none'}."
        what = f"data.source {source} is not configured."
        return [_finding(document, "R169", ("data", "source"), what, configured)]
    return []


def _finding(document: Document, code: str, path: tuple[str, str], message: str, hint: str) -> Finding:
    return Finding(code, "error", document.name, ".".join(path), document.line(path), message, hint)


def _body(checked: Checked, channel: str) -> dict[str, Any]:
    registration = checked.registration
    rerun = {"rerun_of": registration.rerun_of} if registration.rerun_of else {}
    return rerun | {
        "sha256": checked.sha256,
        "text_sha256": checked.text_sha256(),
        "title": registration.title,
        "channel": channel,
        "owner": registration.owner,
        "signoffs": list(dict.fromkeys(registration.signoffs)),
        "warnings": list(checked.warnings),
        "start": registration.data.start.isoformat() if registration.data.start else None,
    }


def _again(
    session: Session, registration: Registration, wanted: Registered, thread: str | None, now: datetime
) -> Registered:
    there = experiments.load(session, wanted.id)
    if there is None or there.sha256 != wanted.sha256:
        known = "" if there is None else f" (registration {there.sha256[:12]}…)"
        raise InputError(
            f"{wanted.id} is registered with other content{known}; a registration never changes unseen.",
            f"Propose the change with `/experiment amend {wanted.id}`, or give this one a new id.",
        )
    told = views.again(registration, there.sha256)
    key = f"experiment/{wanted.id}/again/{wanted.registered_by}/{now.timestamp():.6f}"
    outbox.put(session, Ephemeral(key, wanted.channel, wanted.registered_by, told, thread), now=now)
    return there
