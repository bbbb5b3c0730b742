"""`/correlation replay`: past experiments scored again by a new harness, judged against what is on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.chat.download import download
from bot.core.correlation import Pair
from bot.core.correlation_ledger import SUBJECT, Kind
from bot.core.effect import Block, Ephemeral, Message, Post, Upload
from bot.core.inbound import Submit
from bot.core.permission import Act
from bot.core.replay import Replay, replay
from bot.core.replay_reader import read_replay
from bot.errors import LookoutError, UserError
from bot.services import deltas, home_news, permissions
from bot.services.desk import Desk
from bot.stats.correlation import Pearson
from bot.stats.permutation import Permuted
from bot.store import blobs, ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import correlation_forms as forms
from bot.views import correlation_replay as views

JOB = "correlation.replay"
TYPED = "typed"
NO_TABLE = "Paste the table, or attach it as a file."
BOTH = "Give one of the two: the table pasted here, or a file."


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of `/correlation replay` and [Replay…]."""
    del value, now
    permissions.require(session, desk, by, Act.SUPPLY)
    return forms.replay()


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form, by field."""
    if TYPED in fields:
        return {}
    table, file = (fields.get(name, "").strip() for name in (forms.TABLE, forms.FILE))
    if bool(table) == bool(file):
        return {forms.TABLE: BOTH if table else NO_TABLE}
    try:
        if table:
            read_replay(table)
    except UserError as error:
        return {forms.TABLE: f"{error.message} {error.hint}"}
    return {}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Have it computed; a pasted table is read at once, so that what is wrong with it is said at once."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    table = (sent.fields.get(TYPED) or sent.fields.get(forms.TABLE) or "").strip()
    url, _, name = sent.fields.get(forms.FILE, "").partition("\n")
    if not url:
        read_replay(table)
    payload = {
        "by": sent.by,
        "channel": sent.place.channel,
        "thread": sent.place.thread,
        "key": key,
        "table": "" if url else table,
        "url": url,
        "name": name.strip(),
    }
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Read the table and draw; what is returned computes on what is on record then, and posts it."""
    try:
        scores = _scores(desk, payload)
    except LookoutError as error:
        said = Message(f"Nothing was replayed. {error}")
        return lambda session: _whisper(session, payload, said, now)
    with db.read() as session:
        drawn = replay(scores, deltas.pairs(session), now)
    picture, alt = _picture(drawn, now)

    def finish(session: Session) -> None:
        ledger.lock(session)
        found = replay(scores, deltas.pairs(session), now)
        entry = ledger.append(
            session,
            kind=Kind.REPLAY,
            subject=SUBJECT,
            by=str(payload["by"]),
            body=_body(found, scores),
            now=now,
        )
        home_news.changed(session, now)
        deltas.watch_soon(session, entry, now)
        chart = ""
        if picture is not None and found.replayed == drawn.replayed:
            chart = f"correlation/replay/{entry.number}/chart"
            blob = blobs.put(session, picture, "image/png")
            upload = Upload(
                chart, str(payload["channel"]), "replay.png", "Replay", blob, alt_text=alt, share=False
            )
            outbox.put(session, upload, now=now)
        said = views.card(found, entry, chart=chart, alt=alt)
        post = Post(f"correlation/replay/{entry.number}", str(payload["channel"]), said, payload["thread"])
        outbox.put(session, post, now=now)

    return finish


def _scores(desk: Desk, payload: Mapping[str, Any]) -> Mapping[str, float]:
    if not payload["url"]:
        return read_replay(str(payload["table"]))
    token = desk.settings.slack_bot_token
    text = download(
        str(payload["url"]),
        token=token.get_secret_value() if token else "",
        api_url=desk.settings.slack_api_url,
    )
    return read_replay(text, name=str(payload["name"]) or "the file")


def _picture(found: Replay, now: datetime) -> tuple[bytes | None, str]:
    """The scatter of the new deltas, and the same in words."""
    from bot.views import chart_correlation as chart

    pairs = [Pair(one.experiment, now, one.after, one.online) for one in found.replayed]
    agreeing = found.agreeing[1]
    return chart.png(pairs, ()), f"{len(pairs)} experiments replayed, {agreeing} moved the same way online."


def _body(found: Replay, scores: Mapping[str, float]) -> Mapping[str, Any]:
    new = found.new if isinstance(found.new, Pearson) else None
    return {
        "outcome": str(found.outcome),
        "r": new.r if new else None,
        "low": new.low if new else None,
        "high": new.high if new else None,
        "n": len(found.replayed),
        "p": found.chance.p if isinstance(found.chance, Permuted) else None,
        "r_old": found.old.r if isinstance(found.old, Pearson) else None,
        "why": found.why_undecided,
        "scores": dict(scores),
        "missing": list(found.missing),
        "pairs": sorted(one.entry for one in found.replayed),
    }


def _whisper(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    effect = Ephemeral(
        f"{payload['key']}/told", str(payload["channel"]), str(payload["by"]), said, payload["thread"]
    )
    outbox.put(session, effect, now=now)
