"""How an amendment comes in: typed into the form, or as a file in the form or beside a mention."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.chat.download import download
from bot.core.effect import Ephemeral, Message
from bot.core.inbound import Place, Submit
from bot.errors import InputError, SourceError, UserError
from bot.services import amending, launches, registering
from bot.services.amending import Proposal
from bot.services.desk import Desk
from bot.store import outbox, slots
from bot.views.amendment import BREAKING
from bot.views.text import escape

JOB = "experiment.amendment_file"
TYPED = "typed"
"""The field of what was typed behind a mention: `[ID] [breaking] REASON`."""


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Take what was sent: text at once, a file once it is read."""
    experiment, proposal = _read(session, sent)
    url, _, name = sent.fields.get("file", "").partition("\n")
    if not url:
        _propose(session, desk, experiment, proposal, _where(sent, key), now)
        return
    payload = _where(sent, key) | {
        "experiment": experiment,
        "url": url,
        "name": name or "attached.yaml",
        "reason": proposal.reason,
        "breaking": proposal.breaking,
        "base": proposal.base,
    }
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def read_file(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Callable[[Session], None]:
    """Read the attached file, then propose what it says; what is wrong is told to the person alone."""
    settings = desk.settings
    token = settings.slack_bot_token
    proposal = Proposal(
        by=payload["by"],
        text="",
        name=payload["name"],
        reason=payload["reason"],
        breaking=payload["breaking"],
        base=payload["base"],
    )
    try:
        secret = token.get_secret_value() if token else ""
        text = download(payload["url"], token=secret, api_url=settings.slack_api_url)
    except (UserError, SourceError) as error:
        said = f"{error.message} {error.hint}" if isinstance(error, UserError) else f"{escape(str(error))}."
        return lambda session: _tell(session, payload, said, now)
    proposal = replace(proposal, text=text)

    def finish(session: Session) -> None:
        try:
            with session.begin_nested():
                _propose(session, desk, payload["experiment"], proposal, payload, now)
        except UserError as error:
            _tell(session, payload, f"{error.message} {error.hint}", now)

    return finish


def _propose(
    session: Session,
    desk: Desk,
    experiment: str,
    proposal: Proposal,
    where: Mapping[str, Any],
    now: datetime,
) -> None:
    try:
        amending.propose(session, desk, experiment, proposal, now)
    except registering.FaultyError as error:
        place = Place(where["channel"], where["thread"])
        registering.say_findings(session, error, key=where["key"], by=where["by"], place=place, now=now)


def _read(session: Session, sent: Submit) -> tuple[str, Proposal]:
    """Which experiment is meant, and the proposal without a file's text."""
    fields = sent.fields
    if TYPED in fields:
        launch, reason = launches.meant(session, sent.place.channel, fields[TYPED])
        word, _, rest = reason.partition(" ")
        breaking = word.rstrip(":").lower() == BREAKING
        proposal = Proposal(sent.by, "", "", rest.strip() if breaking else reason, breaking)
        return launch.id, proposal
    experiment, _, base = sent.value.partition(" ")
    breaking = BREAKING in fields.get("breaking", "").split()
    if not experiment:
        raise InputError("This form does not say which experiment it is about.", "Open it again.")
    text, reason = fields.get("yaml", ""), fields.get("reason", "")
    return experiment, Proposal(sent.by, text, "pasted.yaml", reason, breaking, base)


def _where(sent: Submit, key: str) -> dict[str, Any]:
    return {"by": sent.by, "channel": sent.place.channel, "thread": sent.place.thread, "key": key}


def _tell(session: Session, where: Mapping[str, Any], said: str, now: datetime) -> None:
    effect = Ephemeral(f"{where['key']}/told", where["channel"], where["by"], Message(said), where["thread"])
    outbox.put(session, effect, now=now)
