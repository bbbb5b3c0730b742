"""What people say of a quarter that no launch tells: engineer-weeks, and what became of a pick."""

import re
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block
from bot.core.inbound import Order, Submit
from bot.core.permission import Act
from bot.core.quarter import Quarter
from bot.core.quarterly import Edition, Quarterly
from bot.core.typed_number import NUMBER, number
from bot.errors import InputError
from bot.services import candidates, permissions, quarter_course, quarter_outcomes
from bot.services.desk import Desk
from bot.services.quarter_locking import titles_of, told
from bot.services.quarter_retro import ask
from bot.store import portfolios
from bot.views import quarter_forms as forms
from bot.views.text import escape


def efforts_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Efforts…]."""
    permissions.require(session, desk, by, Act.SUPPLY)
    kept, edition = quarter_course.locked(session, desk, value, now)
    titles = titles_of(edition)
    known = {name: (kept.efforts.get(name) or {}).get("weeks") for name in edition.picked}
    rows = {name: (titles.get(name, ""), "" if said is None else f"{said:g}") for name, said in known.items()}
    return {**forms.efforts(kept.quarter, rows), "private_metadata": kept.quarter}


def efforts_faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is no number of weeks."""
    wrong = {}
    for name, said in fields.items():
        try:
            _weeks(said)
        except InputError as error:
            wrong[name] = error.message
    return wrong


def efforts_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of [Efforts…] was sent off."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    kept, _ = _held(session, desk, sent.value, now)
    for name, said in sent.fields.items():
        weeks = _weeks(said)
        candidate = name.removeprefix(f"{forms.WEEKS}_")
        if weeks is not None:
            kept = quarter_outcomes.keep_effort(session, kept, candidate, weeks, by=sent.by, now=now)
    ask(session, kept, sent.by, sent.place, key, now)


def effort(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio effort [2026-Q4] CAN-7 14 weeks`."""
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    quarter, rest = _named(asked.text)
    name, _, said = rest.partition(" ")
    kept, edition = _held(session, desk, quarter, now)
    item = _of_it(session, edition, name)
    weeks = _weeks(said)
    if weeks is None:
        raise InputError("No engineer-weeks were said.", "For example `/portfolio effort CAN-7 14 weeks`.")
    kept = quarter_outcomes.keep_effort(session, kept, item, weeks, by=asked.by, now=now)
    told(session, asked.by, asked.place, key, f"{item} took {weeks:g} engineer-weeks.", now)
    ask(session, kept, asked.by, asked.place, key, now)


def outcome_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [What became of…]."""
    permissions.require(session, desk, by, Act.SUPPLY)
    quarter, _, name = value.partition(" ")
    kept, edition = quarter_course.locked(session, desk, quarter, now)
    item = candidates.meant(session, _of_it(session, edition, name), lock=False)
    impact = item.candidate.impact
    unit = "the unit of its impact" if impact is None else f"{impact.unit} of {impact.metric or 'its metric'}"
    known = {key: str(said) for key, said in (kept.outcomes.get(item.id) or {}).items()}
    return {**forms.outcome(item.id, item.candidate.title, unit, known), "private_metadata": value}


def outcome_faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with an outcome."""
    try:
        _lift(fields.get(forms.LIFT, ""))
    except InputError as error:
        return {forms.LIFT: f"{error.message} {error.hint}"}
    return {}


def outcome_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of [What became of…] was sent off."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    quarter, _, name = sent.value.partition(" ")
    fields = sent.fields
    said = (fields.get(forms.SHIPPED, ""), fields.get(forms.LIFT, ""), fields.get(forms.NOTE, ""))
    _keep_outcome(session, desk, quarter, name, said, sent, key, now)


def outcome(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio outcome [2026-Q4] CAN-7 sustained|shipped|no [0.4 (0.1 to 0.7)] WHERE IT IS WRITTEN`."""
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    quarter, rest = _named(asked.text)
    read = re.fullmatch(
        rf"(\S+)\s+(\S+)((?:\s+{NUMBER}(?:\s*\([^)]*\))?)?)\s*(.*)", rest, re.DOTALL | re.IGNORECASE
    )
    if read is None:
        example = "For example `/portfolio outcome CAN-7 sustained 0.4 (0.1 to 0.7) https://wiki/…`."
        raise InputError(f"Read `{escape(rest, 60) or 'nothing'}`.", example)
    _keep_outcome(session, desk, quarter, read[1], (read[2], read[3], read[4]), asked, key, now)


def _keep_outcome(
    session: Session, desk: Desk, quarter: str, name: str, said: tuple[str, str, str],
    asked: Order | Submit, key: str, now: datetime,
) -> None:  # fmt: skip
    kept, edition = _held(session, desk, quarter, now)
    item = _of_it(session, edition, name)
    launch = quarter_course.launch_of(session, item)
    if launch is not None and launch.decision is not None:
        raise InputError(f"`{launch.id}` says what became of {item}.", "The ledger is not typed over.")
    shipped, lift, note = said[0].strip().lower(), said[1], " ".join(said[2].split())[:300]
    if shipped not in ("sustained", "shipped", "no"):
        raise InputError(f"Read `{escape(shipped, 40)}`.", "Say sustained, shipped or no.")
    if len(note) < 5:
        raise InputError(
            "Nothing says where that is written.", "Add a link or a sentence; it stays on record."
        )
    value, low, high = _lift(lift)
    known = {"shipped": shipped != "no", "sustained": True if shipped == "sustained" else None}
    body = {**known, "lift": value, "low": low, "high": high, "note": note}
    kept = quarter_outcomes.keep_outcome(session, kept, item, body, by=asked.by, now=now)
    ask(session, kept, asked.by, asked.place, key, now)


def _held(session: Session, desk: Desk, quarter: str, now: datetime) -> tuple[Quarterly, Edition]:
    """The locked portfolio that is meant, kept from others until the transaction ends."""
    kept, edition = quarter_course.locked(session, desk, quarter, now)
    return portfolios.load(session, kept.quarter, lock=True) or kept, edition


def _named(text: str) -> tuple[str, str]:
    """The quarter that a text begins with, "" for none, and the rest."""
    word, _, rest = text.strip().partition(" ")
    try:
        return str(Quarter.read(word)), rest.strip()
    except InputError:
        return "", text.strip()


def _of_it(session: Session, edition: Edition, name: str) -> str:
    """The id of a candidate that the portfolio picks, or that the gut feel would have."""
    item = candidates.meant(session, name, lock=False)
    may = (*edition.picked, *(edition.gut.picked if edition.gut else ()))
    if item.id not in may:
        raise InputError(
            f"{edition.quarter} does not pick {item.id}.", f"It picks {', '.join(edition.picked)}."
        )
    return item.id


def _weeks(text: str) -> float | None:
    """Engineer-weeks as typed; None for an empty field."""
    said = re.sub(r"\s*(engineer-)?w(ee)?k?s?$", "", text.strip(), flags=re.IGNORECASE)
    if not said:
        return None
    try:
        weeks = number(said)
    except ValueError as error:
        raise InputError(f"{error}.", "Write engineer-weeks, such as 14.") from None
    if not 0 < weeks <= 10_000:
        raise InputError(f"{weeks:g} engineer-weeks cannot be.", "Write a number above 0.")
    return weeks


def _lift(text: str) -> tuple[float | None, float | None, float | None]:
    """A lift with its interval as typed, "0.4 (0.1 to 0.7)"; None where it is not said."""
    if not text.strip():
        return None, None, None
    shape = rf"({NUMBER})(?:\s*[(\[]?\s*({NUMBER})\s*(?:to|,|…|\.\.+|-)\s*({NUMBER})\s*[)\]]?)?"
    found = re.fullmatch(shape, text.strip(), re.IGNORECASE)
    if found is None:
        raise InputError(f"“{escape(text, 40)}” is no lift.", "Write it with its interval: 0.4 (0.1 to 0.7).")
    if not found[2]:
        raise InputError(
            f"{escape(text.strip(), 40)} has no interval, and nobody could tell it from chance.",
            "Write it with its 95 % interval: 0.4 (0.1 to 0.7).",
        )
    value = number(found[1])
    low, high = number(found[2]), number(found[3])
    if not low <= value <= high:
        raise InputError(f"{value:g} lies outside of {low:g} to {high:g}.", "Write it as 0.4 (0.1 to 0.7).")
    return value, low, high
