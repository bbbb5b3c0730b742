"""`/correlation record`: the deltas of an experiment that ran elsewhere, or a correction, into the ledger."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core import delta_words as words
from bot.core.effect import Block, Post
from bot.core.inbound import Submit
from bot.core.permission import Act
from bot.errors import StaleError
from bot.services import deltas, permissions
from bot.services.desk import Desk
from bot.store import ledger, outbox
from bot.views import correlation as views
from bot.views import correlation_forms as forms
from bot.views.text import escape

TYPED = "typed"


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of `/correlation record` and [Record…]."""
    del value, now
    permissions.require(session, desk, by, Act.SUPPLY)
    return forms.record({})


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form, by field."""
    if TYPED in fields:
        return {}
    try:
        words.read(fields, date.max)
    except words.WordsError as error:
        return {name: said for name, said in error.faults.items() if name in fields}
    return {}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Put it on record, and say in the channel what the correlation has become."""
    del key
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    fields = words.typed(sent.fields[TYPED]) if TYPED in sent.fields else sent.fields
    today = now.astimezone(ZoneInfo(desk.settings.timezone)).date()
    recorded = words.read(fields, today)
    ledger.lock(session)
    before = next(
        (one for one in deltas.counted(session, now) if one.experiment == recorded.experiment), None
    )
    if before is not None and _same(session, before.entry, recorded):
        name = escape(recorded.experiment, 80)
        raise StaleError(f"`{name}` is on record with these deltas already (ledger {before.entry}).")
    entry = deltas.add(session, recorded, sent.by, now)
    found = deltas.correlation(session, now)
    said = views.recorded(deltas.pair(entry), entry, corrects=before.entry if before else 0, found=found)
    post = Post(f"correlation/delta/{entry.number}", sent.place.channel, said, sent.place.thread)
    outbox.put(session, post, now=now)


def _same(session: Session, number: int, recorded: words.Recorded) -> bool:
    """Whether an entry says the same."""
    entries = (one for one in ledger.of_kind(session, "delta") if one.number == number)
    body = next(entries).body
    said = (body.get("offline"), body.get("online"), body.get("on"), body.get("direction") or "increase")
    on = recorded.on.isoformat() if recorded.on else None
    return said == (recorded.offline, recorded.online, on, recorded.direction)
