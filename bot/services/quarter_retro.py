"""The quarter looked back on: predicted and realised, calibration, haircut; by itself after week 12."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Update, Upload
from bot.core.frozen_json import as_json
from bot.core.inbound import Order, Place, Press
from bot.core.permission import Act
from bot.core.portfolio import Portfolio
from bot.core.quarter import RETRO_WEEK
from bot.core.quarterly import Edition, Kind, Quarterly
from bot.services import permissions, quarter_course, quarter_outcomes, quarter_reminders
from bot.services.desk import Desk
from bot.services.quarter_locking import titles_of
from bot.store import blobs, ledger, outbox, portfolios, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import chart_reliability as chart
from bot.views import quarter_retro as views
from bot.views.ledger import witness

Payload = Mapping[str, Any]


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio retro [2026-Q4]`."""
    kept, _ = quarter_course.locked(session, desk, asked.text, now)
    ask(session, kept, asked.by, asked.place, key, now)


def work(db: Database, desk: Desk, payload: Payload, now: datetime) -> Finish:
    """Compare what was predicted with what came; what is returned shows it, on record where asked."""
    name = str(payload["quarter"])
    with db.read() as session:
        kept, edition = portfolios.load(session, name), portfolios.locked(session, name)
        if kept is None or edition is None:
            return lambda _session: None
        portfolio = _seen(session, kept, edition)
        lacks = _lacks(session, kept, edition, portfolio)
    shape, learnt = look_back(portfolio, edition)
    _say_what_is_open(shape, kept, edition, portfolio)
    picture = chart.png(shape["reliability"])

    def finish(session: Session) -> None:
        standing = portfolios.load(session, name, lock=True)
        if standing is None or standing.locked_edition != edition.number:
            return
        if (standing.efforts, standing.outcomes) != (kept.efforts, kept.outcomes):  # said meanwhile
            slot = f"{payload.get('key', name)}/{now.isoformat()}"
            slots.at(session, job=quarter_reminders.RETRO_JOB, slot=slot, due=now, payload=dict(payload))
            return
        entry = None
        if payload.get("record") or (not lacks and standing.reviewed_entry is None):
            body = {**_body(edition, shape, lacks), **learnt}
            by = str(payload.get("by") or "")
            entry = ledger.append(session, kind=Kind.REVIEWED, subject=name, by=by, body=body, now=now)
            standing = replace(standing, reviewed_entry=entry.number)
            portfolios.save(session, standing)
        drawn = _drawn(session, standing, picture, chart.alt(shape["reliability"]), now)
        seen = witness(entry) if entry else ""
        message = views.card(standing, shape, titles_of(edition), lacks, seen, chart=drawn)
        _show(session, standing, message, payload, now)
        if lacks and "key" not in payload:  # by itself, after week 12
            quarter_reminders.remind_of(session, desk, name, 1, now)
        if not lacks:
            quarter_reminders.settle(session, name)

    return finish


def look_back(portfolio: Portfolio, edition: Edition) -> tuple[dict[str, Any], dict[str, Any]]:
    """The retrospective as JSON, and what the team's record learns from it. Slow: for jobs."""
    from bot.core.candidate_value import Estimate
    from bot.core.portfolio_json import retrospective_shape
    from bot.core.portfolio_outcome import look_back as compare
    from bot.core.portfolio_score import score

    known = {str(one["id"]): one["expected_gain"] for one in edition.result["candidates"]}
    predicted = {name: None if gain is None else Estimate(**gain) for name, gain in known.items()}
    scored = score(portfolio, seed=int(edition.result["seed"]))
    found = compare(scored, edition.picked, predicted)
    learnt = {
        "confidences": [as_json(one) for one in found.judged],
        "projects": [as_json(one) for one in found.projects],
    }
    return retrospective_shape(found), learnt


def remind(session: Session, desk: Desk, payload: Payload, now: datetime) -> None:
    """Say what the retrospective still lacks, so often and no more, unless nothing does."""
    name, count = str(payload["quarter"]), int(payload["number"])
    kept, edition = portfolios.load(session, name), portfolios.locked(session, name)
    if kept is None or edition is None:
        return
    lacks = _lacks(session, kept, edition, _seen(session, kept, edition))
    if not lacks:
        return
    following = quarter_reminders.remind_of(session, desk, name, count + 1, now)
    who = permissions.mentions(session, desk, "owner")
    said = views.reminder(name, lacks, who, count, quarter_reminders.MOST, following)
    key = f"portfolio/{name}/remind/{count}/{now.date().isoformat()}"
    outbox.put(session, Post(key, kept.channel, said, _card(name)), now=now)


def press_record(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Put on record]: what is known stands in the ledger, and the haircut follows from it."""
    permissions.require(session, desk, press.by, Act.DECIDE)
    kept, _ = quarter_course.locked(session, desk, press.value, now)
    ask(session, kept, press.by, press.place, key, now, record=True)


def record(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio record [2026-Q4]`."""
    permissions.require(session, desk, asked.by, Act.DECIDE)
    kept, _ = quarter_course.locked(session, desk, asked.text, now)
    ask(session, kept, asked.by, asked.place, key, now, record=True)


def ask(
    session: Session, kept: Quarterly, by: str, place: Place, key: str, now: datetime, *, record: bool = False
) -> None:
    """Have the retrospective worked out and shown; with `record` put on record too."""
    payload: dict[str, Any] = {"quarter": kept.quarter, "by": by, "key": key, "record": record}
    payload |= {"channel": place.channel, "thread": place.thread}
    slots.at(session, job=quarter_reminders.RETRO_JOB, slot=key, due=now, payload=payload)


def _seen(session: Session, kept: Quarterly, edition: Edition) -> Portfolio:
    """The portfolio as it was locked, with what became of its candidates and of those of the gut feel."""
    from bot.core.portfolio_reader import read_portfolio

    portfolio, findings = read_portfolio(json.dumps(dict(edition.file)), name=f"{kept.quarter}.yaml")
    if portfolio is None:
        raise ValueError(f"the locked portfolio of {kept.quarter} cannot be read: {findings[0]}")
    names = (*edition.picked, *(edition.gut.picked if edition.gut else ()))
    locked = {one.id: one for one in portfolio.candidates}
    return replace(portfolio, outcomes=quarter_outcomes.outcomes(session, kept, names, locked))


def _lacks(session: Session, kept: Quarterly, edition: Edition, portfolio: Portfolio) -> tuple[str, ...]:
    """What nobody has said yet of what was picked, as clauses."""
    known = {one.candidate: one for one in portfolio.outcomes}
    lacks = []
    for name in quarter_outcomes.running(session, kept, edition.picked):
        launch = quarter_course.launch_of(session, name)
        state = "no experiment is linked" if launch is None else f"`{launch.id}` is {launch.state.value}"
        lacks.append(f"{name}: what became of it ({state})")
    lacks += [f"{name}: the engineer-weeks it took" for name in edition.picked if not _took(kept, name)]
    lacks += [
        f"{name}: whether it lasts (the check after its launch comes)"
        for name in edition.picked
        if name in known and known[name].succeeded is None
    ]
    return tuple(lacks)


def _say_what_is_open(shape: dict[str, Any], kept: Quarterly, edition: Edition, portfolio: Portfolio) -> None:
    """Why efforts are not compared yet: what still goes on may take more than was said of it so far."""
    known = {one.candidate for one in portfolio.outcomes}
    goes_on = [name for name in edition.picked if name not in known and _took(kept, name)]
    unsaid = [name for name in edition.picked if not _took(kept, name)]
    said = [f"{', '.join(unsaid)}: nobody has said what it took"] if unsaid else []
    said += [f"{', '.join(goes_on)}: not over yet"] if goes_on else []
    for one in shape["targets"]:
        if one["name"].startswith("effort") and one["value"] is None and said:
            one["value_reason"] = "; ".join(said)


def _took(kept: Quarterly, name: str) -> bool:
    return (kept.efforts.get(name) or {}).get("weeks") is not None


def _body(edition: Edition, shape: Mapping[str, Any], lacks: Sequence[str]) -> dict[str, Any]:
    """What the ledger keeps of a retrospective."""
    rows = shape["rows"]
    hits = [row for row in rows if row["succeeded"]]
    targets = {str(one["name"]).partition(" ")[0]: one for one in shape["targets"]}
    calibration = next((one for one in shape["targets"] if "stated confidence" in one["name"]), None)
    figures: dict[str, Any] = {"hit_rate": {"hits": len(hits), "of": len(rows)}}
    if targets.get("hit", {}).get("value") is None:
        figures.pop("hit_rate")
    if calibration is not None and calibration["value"] is not None:
        gap = 100 * float(calibration["value"])
        figures["calibration"] = {
            "said": f"{gap:+.0f} points off what was stated ({calibration['standing']})"
        }
    return {
        "edition": edition.number,
        "sha256": edition.sha256,
        "picked": list(edition.picked),
        "lacks": list(lacks),
        "figures": figures,
        "retrospective": dict(shape),
        "haircut": shape["haircut_after"]["factor"],
    }


def _drawn(session: Session, kept: Quarterly, picture: bytes | None, alt: str, now: datetime) -> str:
    """Have the reliability curve uploaded, once for each that is drawn; its key, "" where there is none."""
    if picture is None:
        return ""
    key = f"portfolio/{kept.quarter}/reliability/{hashlib.sha256(picture).hexdigest()[:16]}"
    effect = Upload(
        key=key,
        channel=kept.channel,
        filename=f"{kept.quarter}-reliability.png",
        title=f"Confidences, {kept.quarter}",
        blob=blobs.put(session, picture, "image/png"),
        alt_text=alt,
        share=False,
    )
    outbox.put(session, effect, now=now)
    return key


def _show(session: Session, kept: Quarterly, message: Message, payload: Payload, now: datetime) -> None:
    """Post the card, or edit it in place and tell who asked, or all where it comes by itself."""
    key = _card(kept.quarter)
    if key not in outbox.posted(session, key):
        outbox.put(session, Post(key, kept.channel, message), now=now)
        return
    outbox.put(session, Update(key, kept.channel, message), now=now)
    if "key" not in payload:  # an edit tells nobody
        said = Message(f"Week {RETRO_WEEK} is over. {message.text}")
        outbox.put(session, Post(f"{key}/came", kept.channel, said, key, broadcast=True), now=now)
    elif payload.get("by"):
        said = Message(f"The card of the retrospective of {kept.quarter} is brought up to date.")
        told = Ephemeral(
            f"{payload['key']}/told", str(payload["channel"]), str(payload["by"]), said, payload["thread"]
        )
        outbox.put(session, told, now=now)


def _card(quarter: str) -> str:
    return f"portfolio/{quarter}/retro"
