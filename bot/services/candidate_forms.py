"""What people do to candidates: add, edit, write a pre-mortem, waive, drop; by form and as typed."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core import candidate_words as words
from bot.core.backlog import Item, Standing
from bot.core.effect import Block, Ephemeral, Message
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.permission import Act
from bot.errors import InputError
from bot.services import candidates, permissions
from bot.services.desk import Desk
from bot.store import candidates as store
from bot.store import outbox
from bot.views import candidate as views
from bot.views import candidate_forms as forms
from bot.views.text import escape, fit, section


def add_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of `/portfolio add` and [Edit…]; the value is a candidate's id, or what was typed."""
    del desk, by, now
    item = store.find(session, value) if value.startswith("CAN-") else None
    if item is not None:
        return {**forms.candidate(words.words(item.candidate), item), "private_metadata": _seen(item)}
    return {**forms.candidate(words.typed(value)), "private_metadata": ""}


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form of a candidate, by field."""
    try:
        words.read(fields)
    except words.WordsError as error:
        return {name: said for name, said in error.faults.items() if name in fields}
    return {}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of a candidate was sent off: a new one, or a new edition of the one that it shows."""
    name, _, edition = sent.value.partition("@")
    if not name:
        item = candidates.add(session, desk, words.read(sent.fields), by=sent.by, now=now)
        _answer(session, sent.by, sent.place, key, f"{item.id} is in the backlog.", now)
        return
    item = candidates.meant(session, name)
    changed = words.read(_changed(item, sent.fields, edition), item.candidate)
    after = candidates.change(session, desk, item, changed, now)
    same = "Nothing of it changed." if after.edition == item.edition else f"{item.id} is changed."
    _answer(session, sent.by, sent.place, key, same, now)


def add(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`@lookout portfolio add TITLE; reach=…; effort=…`."""
    if not asked.text.strip():
        raise InputError("A candidate needs a title.", words.EXAMPLE)
    item = candidates.add(session, desk, words.read(words.typed(asked.text)), by=asked.by, now=now)
    _answer(session, asked.by, asked.place, key, f"{item.id} is in the backlog.", now)


def edit(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`@lookout portfolio edit CAN-7 effort=14 weeks; team=chatbot`."""
    item, rest = _meant(session, asked.text)
    fields = words.typed(rest if "=" in rest.partition(";")[0] else f"title={rest}")
    if not rest or not fields:
        raise InputError(
            "Nothing was named to change.", "`/portfolio edit CAN-7 effort=14 weeks; team=chatbot`"
        )
    candidates.change(session, desk, item, words.read(fields, item.candidate), now)
    _answer(session, asked.by, asked.place, key, f"{item.id} is changed.", now)


def pre_mortem_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Pre-mortem…]."""
    del desk, by, now
    item = candidates.meant(session, value, lock=False)
    return {**forms.pre_mortem(item), "private_metadata": item.id}


def pre_mortem_faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with a pre-mortem, by field."""
    try:
        words.pre_mortem(fields.get(forms.RISKS, ""), fields.get(forms.CONTINGENCY, ""))
    except words.WordsError as error:
        return error.faults
    return {}


def pre_mortem_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of a pre-mortem was sent off."""
    del key
    found = words.pre_mortem(sent.fields.get(forms.RISKS, ""), sent.fields.get(forms.CONTINGENCY, ""))
    candidates.supply(session, desk, _open(session, sent.value), found, by=sent.by, now=now)


def pre_mortem(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio pre-mortem CAN-7 serving cost: 4 weeks; two on-calls: 2 weeks; then stop at week 8`."""
    del key
    item, rest = _meant(session, asked.text)
    risks, _, contingency = rest.rpartition(";")
    said = contingency.strip()
    found = words.pre_mortem(risks, said[4:] if said.lower().startswith("then") else said)
    candidates.supply(session, desk, _open(session, item.id), found, by=asked.by, now=now)


def waive_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Waive detectability…]."""
    del now
    permissions.require(session, desk, by, Act.WAIVE)
    item = candidates.meant(session, value, lock=False)
    return {**forms.waive(item), "private_metadata": item.id}


def waive_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of a waiver was sent off."""
    del key
    _waive(session, desk, sent.value, sent.fields.get(forms.WHY, ""), sent.by, now)


def waive(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio waive CAN-7 WHY`."""
    del key
    name, _, why = asked.text.strip().partition(" ")
    _waive(session, desk, name, why, asked.by, now)


def drop_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Drop…]."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    item = candidates.meant(session, value, lock=False)
    return {**forms.drop(item), "private_metadata": item.id}


def drop_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form of [Drop…] was sent off."""
    del key
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    why = _why(sent.fields.get(forms.WHY, ""))
    candidates.drop(session, desk, candidates.meant(session, sent.value), by=sent.by, why=why, now=now)


def drop(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio drop CAN-7 WHY`."""
    del key
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    item, rest = _meant(session, asked.text)
    candidates.drop(session, desk, item, by=asked.by, why=_why(rest), now=now)


def take_up(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio take-up CAN-7`."""
    del key
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    item, _ = _meant(session, asked.text)
    candidates.take_up(session, desk, item, by=asked.by, now=now)


def press_take_up(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Take it up again]."""
    del key
    permissions.require(session, desk, press.by, Act.SUPPLY)
    item = candidates.meant(session, press.value)
    candidates.take_up(session, desk, item, by=press.by, now=now)


def listing(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/portfolio list`: the backlog, those that lack something said to."""
    del desk, now
    every = store.every(session, None if ask.about.strip().lower() == "all" else Standing.OPEN)
    if not every:
        return Message("The backlog is empty. `/portfolio add` begins it, `/portfolio import` reads a file.")
    head = f"{len(every)} candidate{'' if len(every) == 1 else 's'} in the backlog:"
    lines = [views.line(item) for item in every]
    return Message(
        head, (section(fit([head, *lines, "`/portfolio show CAN-1` shows one, `score` ranks them."])),)
    )


def show(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/portfolio show CAN-7`: its card, for whoever asks."""
    del desk, now
    return candidates.shown(session, candidates.meant(session, ask.about.strip(), lock=False))


def _waive(session: Session, desk: Desk, name: str, why: str, by: str, now: datetime) -> None:
    permissions.require(session, desk, by, Act.WAIVE)
    candidates.waive(session, desk, _open(session, name), by=by, why=_why(why), now=now)


def _open(session: Session, name: str) -> Item:
    item = candidates.meant(session, name)
    if item.standing is Standing.DROPPED:
        raise InputError(
            f"{item.id} was dropped: {escape(item.why, 300)}", "`/portfolio take-up` brings it back."
        )
    return item


def _meant(session: Session, text: str) -> tuple[Item, str]:
    """The candidate that a text begins with, and the rest."""
    name, _, rest = text.strip().partition(" ")
    if not name:
        raise InputError("No candidate was named.", "For example `/portfolio show CAN-1`.")
    return candidates.meant(session, name), rest.strip()


def _why(text: str) -> str:
    why = " ".join(text.split())
    if len(why) < forms.WHY_LEAST:
        raise InputError(
            f"The reason is “{escape(why, 60)}”.",
            f"Say it in at least {forms.WHY_LEAST} characters; it stays.",
        )
    return why[: forms.WHY_MOST]


def _seen(item: Item) -> str:
    """What an edit was begun with."""
    return f"{item.id}@{item.edition}"


def _changed(item: Item, fields: Mapping[str, str], edition: str) -> Mapping[str, str]:
    """The fields to be taken: of one that another changed meanwhile, nothing is taken at all."""
    if edition != str(item.edition):
        raise InputError(
            f"{item.id} was changed by somebody else while this form was open.", "Open [Edit…] again."
        )
    before = words.words(item.candidate)
    return {name: said for name, said in fields.items() if said != before.get(name, "")}


def _answer(session: Session, by: str, place: Place, key: str, said: str, now: datetime) -> None:
    effect = Ephemeral(f"{key}/answer", place.channel, by, Message(said), place.thread)
    outbox.put(session, effect, now=now)
