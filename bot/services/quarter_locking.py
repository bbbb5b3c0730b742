"""The gut feel and the lock: what is picked goes on record before its quarter, and stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from sqlmodel import Session

from bot.core.effect import Block, Ephemeral, Message, Post, Upload
from bot.core.inbound import Order, Place, Submit
from bot.core.permission import Act
from bot.core.quarter import Quarter
from bot.core.quarterly import Edition, Kind, Quarterly
from bot.core.registration import canonical_json
from bot.core.thing import Thing, ThingKind
from bot.core.typed_number import names
from bot.errors import InputError, RefusedError, StaleError
from bot.services import candidates, permissions, quarter_files, quarter_reminders, quarter_working
from bot.services.desk import Desk
from bot.store import blobs, ledger, links, outbox, portfolios
from bot.store import candidates as backlog
from bot.views import quarter_forms as forms
from bot.views import quarter_notes as notes
from bot.views.text import escape

WHY_LEAST, LATE_LEAST = 40, 20
"""Characters of a reason to pick otherwise, and of one to be late."""


def gut_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Gut feel…]."""
    permissions.require(session, desk, by, Act.DECIDE)
    quarter = quarter_working.quarter_of(session, desk, value, now)
    _unlocked(session, quarter)
    newest = portfolios.newest(session, str(quarter))
    before = () if newest is None or newest.gut is None else newest.gut.picked
    named = {one.id: one.candidate.title for one in backlog.every(session)}
    if not named:
        raise InputError("The backlog is empty.", "`/portfolio add` writes a candidate.")
    view = forms.gut(str(quarter), named, before, seen=newest is not None)
    return {**view, "private_metadata": str(quarter)}


def gut_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The pick by gut feel was sent off."""
    permissions.require(session, desk, sent.by, Act.DECIDE)
    picked = [one for one in sent.fields.get(forms.PICKED, "").splitlines() if one]
    _keep_gut(session, desk, Quarter.read(sent.value), picked, sent.fields.get(forms.WHY, ""), sent, key, now)


def gut(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio gut [2026-Q4] CAN-1 CAN-2 CAN-3 [because WHY]`."""
    permissions.require(session, desk, asked.by, Act.DECIDE)
    quarter, rest = quarter_working.read_quarter(session, desk, asked.text, now)
    listed, _, why = rest.partition("because")
    _keep_gut(session, desk, quarter, names(listed), why.strip(" :"), asked, key, now)


def lock_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Lock…]: what is picked stands in it."""
    permissions.require(session, desk, by, Act.DECIDE)
    quarter = quarter_working.quarter_of(session, desk, value, now)
    _unlocked(session, quarter)
    edition = _lockable(session, desk, quarter)
    said = (
        f"*{quarter}*, edition {edition.number}, file {edition.sha256[:12]}…. Nothing of it can change then."
    )
    titles = titles_of(edition)
    view = forms.lock(str(quarter), said, titles, edition.picked, late=_late(desk, quarter, now))
    return {**view, "private_metadata": f"{quarter}@{edition.number}"}


def lock_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of [Lock…] was sent off."""
    del key
    permissions.require(session, desk, sent.by, Act.DECIDE)
    name, _, edition = sent.value.partition("@")
    picked = [one for one in sent.fields.get(forms.PICKED, "").splitlines() if one]
    why, late = sent.fields.get(forms.WHY, ""), sent.fields.get(forms.LATE, "")
    _lock(session, desk, Quarter.read(name), edition, picked, why, late, sent.by, now)


def lock(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio lock [2026-Q4] [late WHY]`: the computed pick as it stands on the card."""
    del key
    permissions.require(session, desk, asked.by, Act.DECIDE)
    quarter, rest = quarter_working.read_quarter(session, desk, asked.text, now)
    word, _, why = rest.partition(" ")
    if rest and word.lower().rstrip(":") != "late":
        raise InputError(f"Read `{escape(rest, 60)}`.", "Write `/portfolio lock 2026-Q4` or `… late WHY`.")
    _lock(session, desk, quarter, "", None, "", why, asked.by, now)


def titles_of(edition: Edition) -> dict[str, str]:
    """The titles of an edition's candidates, by id."""
    return {str(one["id"]): str(one["title"]) for one in edition.file.get("candidates", ())}


def _keep_gut(
    session: Session, desk: Desk, quarter: Quarter, picked: Sequence[str], why: str,
    asked: Order | Submit, key: str, now: datetime,
) -> None:  # fmt: skip
    items = [candidates.meant(session, name, lock=False) for name in picked]
    chosen = tuple(dict.fromkeys(one.id for one in items))
    if not chosen:
        raise InputError(
            "No candidate was named.", "For example `/portfolio gut CAN-1 CAN-5 CAN-2`, best first."
        )
    kept = quarter_files.opened(session, desk, quarter, asked.place.channel)
    _unlocked(session, quarter)
    note: dict[str, Any] = {
        "by": asked.by,
        "at": now.isoformat(),
        "picked": list(chosen),
        "why": " ".join(why.split())[:1000],
        "seen": kept.edition > 0,
    }
    portfolios.save(session, replace(kept, gut=note))
    quarter_working.ask(
        session, quarter, quarter_working.PICK, by=asked.by, place=asked.place, key=key, now=now
    )


def _unlocked(session: Session, quarter: Quarter) -> None:
    found = portfolios.load(session, str(quarter))
    if found is not None and found.locked:
        raise StaleError(
            f"The portfolio of {quarter} is locked (ledger {found.locked_entry}).",
            f"`/portfolio pick {quarter.following}` works on the next one.",
        )


def _lockable(session: Session, desk: Desk, quarter: Quarter) -> Edition:
    """The newest edition, where it is what the backlog says and the gut feel is beside it."""
    edition = portfolios.newest(session, str(quarter))
    if edition is None:
        raise InputError(f"Nothing was picked for {quarter} yet.", f"`/portfolio pick {quarter}` does.")
    if edition.gut is None:
        raise InputError(
            f"No pick by gut feel is on record for {quarter}, so nobody could tell what the numbers added.",
            f"`/portfolio gut {quarter} CAN-1 CAN-2 CAN-3`, or [Gut feel…] on the card.",
        )
    if quarter_files.sealed(quarter_working.portfolio_of(session, desk, quarter))[1] != edition.sha256:
        raise StaleError(
            f"The candidates have changed since edition {edition.number}.",
            f"`/portfolio pick {quarter}` first.",
        )
    return edition


def _lock(
    session: Session, desk: Desk, quarter: Quarter, seen: str, picked: Sequence[str] | None, why: str,
    late: str, by: str, now: datetime,
) -> None:  # fmt: skip
    kept = quarter_files.opened(session, desk, quarter, "")
    _unlocked(session, quarter)
    edition = _lockable(session, desk, quarter)
    if seen and seen != str(edition.number):
        raise StaleError(
            f"{quarter} has edition {edition.number} by now.", "Look at the card, then lock again."
        )
    chosen = edition.picked if picked is None else tuple(picked)
    overruled = _overruled(edition, chosen, " ".join(why.split()))
    _allowed(edition, chosen)
    is_late, late = _late(desk, quarter, now), " ".join(late.split())
    if is_late and len(late) < LATE_LEAST:
        raise RefusedError(
            f"{quarter} has begun, and a portfolio is locked before its quarter.",
            f"`/portfolio lock {quarter} late WHY` locks it all the same, and the record says so.",
        )
    body = _body(edition, chosen, overruled, late if is_late else "")
    entry = ledger.append(session, kind=Kind.LOCKED, subject=str(quarter), by=by, body=body, now=now)
    portfolios.set_picked(session, str(quarter), edition.number, chosen)
    after = replace(kept, locked_edition=edition.number, locked_entry=entry.number, locked_at=now)
    portfolios.save(session, after)
    _join(session, desk, quarter, chosen, by, now)
    term = desk.settings.portfolio.term(quarter)
    quarter_reminders.plan(session, desk, quarter)
    first = datetime.combine(term.first, time(), tzinfo=desk.settings.zone)
    said = notes.locked(
        str(quarter), entry, titles_of(edition), first=first, late=is_late, overruled=overruled
    )
    outbox.put(session, Post(f"portfolio/{quarter}/{entry.number}", after.channel, said), now=now)
    _upload(session, after, edition, entry.number, now)
    quarter_working.draw(session, desk, after, now)


def _overruled(edition: Edition, chosen: Sequence[str], why: str) -> str:
    """Why something else is picked than was computed; "" where it is not. Raises InputError for no reason."""
    if set(chosen) == set(edition.picked):
        return ""
    if not chosen:
        raise InputError("Nothing is picked.", "A quarter without experiments needs no lock.")
    if len(why) < WHY_LEAST:
        raise InputError(
            f"{', '.join(chosen)} is not the computed pick ({', '.join(edition.picked) or 'nothing'}).",
            f"Say why in at least {WHY_LEAST} characters; it stays on record.",
        )
    return why[:1000]


def _allowed(edition: Edition, chosen: Sequence[str]) -> None:
    """Raise RefusedError where a rule bars what is picked by hand."""
    known = titles_of(edition)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise InputError(f"{escape(unknown[0], 60)} is not in edition {edition.number}.", "Pick again first.")
    for one in edition.result.get("candidates", ()):
        bars = one.get("barred") or ()
        if one["id"] in chosen and bars:
            raise RefusedError(
                f"{one['id']} cannot be picked: {escape(bars[0]['reason'], 400)}.", bars[0]["mend"]
            )


def _late(desk: Desk, quarter: Quarter, now: datetime) -> bool:
    return now.astimezone(desk.settings.zone).date() >= desk.settings.portfolio.term(quarter).first


def _body(edition: Edition, chosen: Sequence[str], overruled: str, late: str) -> Mapping[str, Any]:
    if edition.gut is None:
        raise StaleError("The pick by gut feel is gone.", "Pick again.")
    gut: dict[str, Any] = {
        "by": edition.gut.by,
        "at": edition.gut.at.isoformat(),
        "picked": list(edition.gut.picked),
    }
    gut |= {"why": edition.gut.why, "seen": edition.gut.seen}
    beside = edition.result.get("beside") or {}
    return {
        "edition": edition.number,
        "sha256": edition.sha256,
        "picked": list(chosen),
        "computed": list(edition.picked),
        "gut": gut,
        "rice": list(beside.get("ranking") or ()),
        "rho": (beside.get("spearman") or {}).get("rho"),
        "seed": edition.result.get("seed"),
        "overruled": overruled,
        "late": late,
    }


def _join(
    session: Session, desk: Desk, quarter: Quarter, chosen: Sequence[str], by: str, now: datetime
) -> None:
    portfolio = Thing(ThingKind.PORTFOLIO, str(quarter))
    for name in chosen:
        thing = Thing(ThingKind.CANDIDATE, name)
        links.join(session, thing, portfolio, why="picked", by=by, now=now)
        candidates.draw(session, desk, candidates.meant(session, name), now)


def _upload(session: Session, kept: Quarterly, edition: Edition, entry: int, now: datetime) -> None:
    """The file itself, so that anybody can compute its hash and everything in it again."""
    content = canonical_json(dict(edition.file)).encode()
    effect = Upload(
        key=f"portfolio/{kept.quarter}/{entry}/file",
        channel=kept.channel,
        filename=f"{kept.quarter}-portfolio.json",
        title=f"Portfolio of {kept.quarter}",
        blob=blobs.put(session, content, "application/json"),
        alt_text=f"The portfolio of {kept.quarter} as it was locked, JSON",
        comment=f"As locked; `lookout portfolio {kept.quarter}-portfolio.json` computes it again.",
    )
    outbox.put(session, effect, now=now)


def told(session: Session, by: str, place: Place, key: str, said: str, now: datetime) -> None:
    """Tell who asked."""
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, by, Message(said), place.thread), now=now)
