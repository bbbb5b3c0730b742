"""Candidates from a file, pasted, in the form or beside a mention; faults are shown with their lines."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.chat.download import download
from bot.core.effect import Block, Ephemeral, Message, Post
from bot.core.finding import Finding, errors
from bot.core.inbound import Place, Submit
from bot.core.permission import Act
from bot.errors import InputError, SourceError, UserError
from bot.services import permissions, quarter_files, registering
from bot.services.desk import Desk
from bot.services.registering import FaultyError
from bot.store import blobs, outbox, slots
from bot.store.slots import Finish
from bot.views import quarter_forms as forms
from bot.views import quarter_notes as views
from bot.views.findings_card import NOT_IMPORTED
from bot.views.text import escape

JOB = "portfolio.import"
TYPED = "typed"
"""The field of what was pasted behind the command (see handlers.topic)."""
MOST_WARNINGS = 6


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of `/portfolio import`."""
    del value, now
    permissions.require(session, desk, by, Act.SUPPLY)
    return forms.import_file()


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Exactly one of the two has to be given."""
    given = [name for name in (forms.TEXT, forms.FILE) if fields.get(name, "").strip()]
    if len(given) == 1:
        return {}
    return {forms.TEXT: "Give one of the two: the text pasted here, or a file below."}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Have it read: a file is fetched first, and either is too long to be worked on here."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    fields = sent.fields
    text = _unfenced(fields.get(TYPED, "") or fields.get(forms.TEXT, ""))
    url, _, name = fields.get(forms.FILE, "").partition("\n")
    if not text.strip() and not url:
        raise InputError(
            "There was nothing to read.", "Paste YAML or CSV behind the command, or attach a file."
        )
    blob = "" if url else blobs.put(session, text.encode("utf-8", "surrogatepass"), "text/plain")
    ask(session, sent.by, sent.place, key, url=url, blob=blob, name=name or "pasted", now=now)


def ask(
    session: Session,
    by: str,
    place: Place,
    key: str,
    *,
    url: str = "",
    blob: str = "",
    name: str,
    now: datetime,
) -> None:
    """Have a file read, from its address or as a blob, and the backlog filled from it."""
    payload = {"by": by, "channel": place.channel, "thread": place.thread, "key": key}
    payload |= {"url": url, "name": name, "blob": blob}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def read(load: Callable[[str], str], desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Read the file, then fill the backlog from it; what is wrong is told to the person alone.

    load: gives the text of a blob.
    """
    from bot.core.portfolio_reader import read_portfolio

    try:
        text = _fetched(desk, payload) if payload["url"] else load(payload["blob"])
        portfolio, findings = read_portfolio(text, name=str(payload["name"]))
    except (UserError, SourceError) as error:
        said = f"{error.message} {error.hint}" if isinstance(error, UserError) else f"{escape(str(error))}."
        return lambda session: _tell(session, payload, Message(said), now)
    if portfolio is None:
        fault = FaultyError(str(payload["name"]), errors(findings), NOT_IMPORTED, text)
        place = Place(payload["channel"], payload["thread"])

        def refuse(session: Session) -> None:
            key, by = str(payload["key"]), str(payload["by"])
            registering.say_findings(session, fault, key=key, by=by, place=place, now=now)

        return refuse
    read_well = portfolio

    def finish(session: Session) -> None:
        by, channel = str(payload["by"]), str(payload["channel"])
        try:
            with session.begin_nested():
                taken = quarter_files.take(session, desk, read_well, by=by, channel=channel, now=now)
        except UserError as error:
            _tell(session, payload, Message(f"{error.message} {error.hint}"), now)
            return
        counts = (len(taken.new), len(taken.changed), len(taken.same))
        warnings = warnings_of(findings)
        if taken.unwaived:
            unwaived = ", ".join(taken.unwaived)
            warnings.insert(
                0, f"the waivers of {unwaived} do not count: that takes an approver or a director"
            )
        said = views.imported(str(taken.quarter), str(payload["name"]), by, counts, warnings)
        outbox.put(session, Post(f"{payload['key']}/imported", channel, said, payload["thread"]), now=now)

    return finish


def warnings_of(findings: Sequence[Finding]) -> list[str]:
    """The findings that are no errors, as lines."""
    lines = [f"{one.code}, line {one.line}: {one.message}" for one in findings]
    more = len(lines) - MOST_WARNINGS
    return [*lines[:MOST_WARNINGS], *([f"and {more} more in what lookout check prints"] if more > 0 else [])]


def _fetched(desk: Desk, payload: Mapping[str, Any]) -> str:
    token = desk.settings.slack_bot_token
    secret = token.get_secret_value() if token else ""
    return download(str(payload["url"]), token=secret, api_url=desk.settings.slack_api_url)


def _unfenced(text: str) -> str:
    """What was pasted, without a code fence around it."""
    lines = text.strip().splitlines()
    fenced = len(lines) > 1 and lines[0].startswith("```") and lines[-1].rstrip().endswith("```")
    return "\n".join([*lines[1:-1], lines[-1].rstrip().removesuffix("```")]) if fenced else text


def _tell(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    key, channel, by = f"{payload['key']}/told", str(payload["channel"]), str(payload["by"])
    outbox.put(session, Ephemeral(key, channel, by, said, payload["thread"]), now=now)
