"""What a topic of commands is made of: its words, what they go to, and who may.

An order or a button changes something in the transaction it is given and says so through the outbox; a
question only reads. A form is drawn when it is opened, checked when it is sent off (what is wrong is shown in
it), and done from the inbox.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlmodel import Session

from bot.core.effect import Block, Message
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.permission import Act
from bot.services.desk import Desk

OrderVerb: TypeAlias = Callable[[Session, Desk, Order, str, datetime], None]
"""session, desk, order, the delivery's key, now."""

Question: TypeAlias = Callable[[Session, Desk, Ask, datetime], Message]
PressVerb: TypeAlias = Callable[[Session, Desk, Press, str, datetime], None]


@dataclass(frozen=True)
class Opening:
    """Who opens a form, where, and with what: a button's value, or what was typed behind the command."""

    by: str
    place: Place
    value: str = ""


TYPED, FILE = "typed", "file"
"""Fields of a document that came without its form: what was typed behind the verb; the file's address and
name, a line each, as a field for files has them too."""

Submitted: TypeAlias = Callable[[Session, Desk, Submit, str, datetime], None]
Known: TypeAlias = Callable[[Session, Mapping[str, str]], Mapping[str, str]]
Redraw: TypeAlias = Callable[[Desk, Mapping[str, str]], Block]
Drawn: TypeAlias = Callable[[Session, Desk, Opening, datetime], Block]
Turn: TypeAlias = Callable[[Session, Desk, Submit, datetime], Block | None]
"""The page after what was just sent off; None closes the form. It only reads: what was sent off may not be on
record yet."""


def _no_fault(_fields: Mapping[str, str]) -> Mapping[str, str]:
    return {}


def _not_known(_session: Session, _fields: Mapping[str, str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Form:
    """view: the modal (callback_id and private_metadata are filled in); check: faults by action id.

    known: faults that only the record knows. redraw: the modal again, whenever one of its fields changes.
    then: of a form of several pages, the next one; each page is stored when it is sent off. turns: buttons in
    it that leave for another page, by action id; the page left is stored as it is, unchecked.
    """

    view: Drawn
    submit: Submitted
    check: Callable[[Mapping[str, str]], Mapping[str, str]] = _no_fault
    known: Known = _not_known
    redraw: Redraw | None = None
    then: Turn | None = None
    turns: Mapping[str, Turn] = field(default_factory=dict)


def of_card(draw: Callable[[Session, Desk, str, str, datetime], Block]) -> Drawn:
    """Draw a form from who opens it and the value of the button."""
    return lambda session, desk, opened, now: draw(session, desk, opened.by, opened.value, now)


@dataclass(frozen=True)
class Everybody:
    """Everybody may whose account is active; `why` says what keeps that harmless."""

    why: str


@dataclass(frozen=True)
class Service:
    """Who may depends on what it is done to, and the service decides; `who` says by what."""

    who: str


Needed: TypeAlias = Act | Everybody | Service
"""An act stands for the roles of `bot.core.permission.NEEDS`."""


@dataclass(frozen=True)
class Topic:
    """One slash command and what belongs to it: every word, button and form, and who may use it.

    help: what `/name help` says; usage: description and hint that Slack shows; example: what to type behind
    the command. orders, presses, forms: by verb, action id and form name, each with who may; questions:
    answered at once to who asks. form_verbs: verbs that open a form; form_buttons: buttons that do, by action
    id. documents: verbs that take a document, and the form that takes it: alone they open the form; with text
    behind them, or a file beside a mention, the form is taken as sent off, with the fields TYPED and FILE.
    whole: the question or order that takes what begins with no verb, as in `/trace INC-7`.
    """

    name: str
    help: str
    usage: tuple[str, str]
    example: str
    orders: Mapping[str, tuple[OrderVerb, Needed]] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    presses: Mapping[str, tuple[PressVerb, Needed]] = field(default_factory=dict)
    forms: Mapping[str, tuple[Form, Needed]] = field(default_factory=dict)
    form_verbs: Mapping[str, str] = field(default_factory=dict)
    form_buttons: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""
