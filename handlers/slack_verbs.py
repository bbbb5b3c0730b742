"""What was asked in Slack, taken to the service that does it; a question answered from what is stored."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from sqlmodel import Session

from bot.core.channel_links import link_channels
from bot.core.claimed import Claimed
from bot.core.effect import Block, Ephemeral, Message, Post
from bot.core.inbound import (
    Altered,
    Ask,
    AskLook,
    Changed,
    Dropped,
    Inbound,
    Misread,
    OpenedHome,
    Order,
    Place,
    Press,
    Reacted,
    RegisterExperiment,
    StartTriage,
    Submit,
)
from bot.errors import InputError
from bot.services import (
    app_home,
    dropped,
    experiments,
    home_news,
    homes,
    incident_homes,
    look_questions,
    marking,
    registering,
    signing,
    stakeholders,
    triage,
    watching,
)
from bot.services.desk import Desk
from bot.store import outbox, people, slots
from bot.store.lanes import OnDead
from bot.views.experiment import REGISTER, register_form
from bot.views.experiment_actions import ExperimentAction
from bot.views.text import escape
from bot.views.triage_actions import Control, TriageAction
from handlers import needs, switchboard
from handlers.help import HELP
from handlers.topic import Opening

FILE_JOB = dropped.REGISTERED_BY_MENTION


def handle(session: Session, desk: Desk, asked: Inbound, key: str, now: datetime) -> None:
    """Do what was asked; `key` names the delivery, so that its answer is said once.

    Raises:
        bot.errors.UserError: it cannot be done; the person is to be told.

    """
    match asked:
        case StartTriage(by=by, place=place, title=title, here=here):
            triage.start(session, desk, title=title, by=by, channel=place.channel if here else None, now=now)
        case AskLook():
            _look(session, desk, asked, now)
        case RegisterExperiment():
            _register(session, desk, asked, key, now)
        case Press():
            _press(session, desk, asked, key, now)
        case Order(topic=topic, verb=verb):
            needs.order(session, desk, asked.by, topic, verb)
            switchboard.ORDERS[topic, verb](session, desk, asked, key, now)
        case Submit(form=form):
            needs.form(session, desk, asked.by, form)
            switchboard.FORMS[form].submit(session, desk, asked, key, now)
        case Dropped() | OpenedHome() | Changed() | Reacted() | Altered():
            _noticed(session, desk, asked, key, now)
        case Ask(place=place):
            found = answer(session, desk, asked, now)
            outbox.put(session, Post(f"{key}/answer", place.channel, found, place.thread), now=now)
        case Misread(problem=problem):
            raise InputError(problem)


def draw(
    session: Session,
    desk: Desk,
    form: str,
    opened: Opening,
    now: datetime,
    *,
    entered: Mapping[str, str] | None = None,
) -> Block:
    """Draw a form, again with what was `entered` where it is open already; reads only.

    Raises:
        bot.errors.UserError: it may not be opened, or what it is about is not known.

    """
    if form == REGISTER:
        return register_form(opened.place.channel)
    drawn = switchboard.FORMS[form]
    needs.form(session, desk, opened.by, form)
    if entered is not None and drawn.redraw is not None:
        view = drawn.redraw(desk, entered)
    else:
        view = drawn.view(session, desk, opened, now)
    return _carried(view, form, opened.place, opened.value)


def turned(session: Session, desk: Desk, sent: Submit, action: str, now: datetime) -> Block | None:
    """The page of a form that follows what was sent off, or a button in it; None where there is none.

    Raises:
        bot.errors.UserError: it may not be opened, or what it is about is not known any more.

    """
    form = switchboard.FORMS[sent.form]
    turn = form.turns.get(action) if action else form.then
    if turn is None:
        return None
    needs.form(session, desk, sent.by, sent.form)
    view = turn(session, desk, sent, now)
    return None if view is None else _carried(view, sent.form, sent.place, sent.value)


def _carried(view: Block, form: str, place: Place, value: str) -> Block:
    """The view with its form's name, and with where and with what it was opened."""
    about = view.get("private_metadata", value)  # a form may settle what it is about when it is drawn
    private = {"channel": place.channel, "thread": place.thread, "value": about}
    return {**view, "type": "modal", "callback_id": form, "private_metadata": json.dumps(private)}


def faults(session: Session, form: str, entered: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with what was entered into a form, by action id; reads only."""
    checked = switchboard.FORMS[form]
    return checked.check(entered) or checked.known(session, entered)


def _noticed(
    session: Session,
    desk: Desk,
    seen: Dropped | OpenedHome | Changed | Reacted | Altered,
    key: str,
    now: datetime,
) -> None:
    """What people did without asking for anything: a file, the home page, an account, an emoji, an edit."""
    match seen:
        case Changed(by=by, gone=gone):
            people.left(session, by, gone=gone)
            home_news.changed(session, now)
            if gone:
                signing.left(session, desk, (by,), now)
                watching.left(session, desk, (by,), now)
        case Dropped():
            dropped.noticed(session, seen, key, now)
        case OpenedHome():
            app_home.opened(session, desk, seen, now)
        case Reacted():
            marking.reacted(session, desk, seen, key, now)
        case Altered():
            marking.altered(session, seen, key, now)


def answer(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer a question; reads only.

    Raises:
        InputError: it names nothing that is known.

    """
    found = _answer(session, desk, ask, now)
    return link_channels(found, partial(outbox.channel_id, session))


def _answer(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    match (ask.topic, ask.question):
        case ("triage", "status"):
            return triage.status(session, desk, about=ask.about, channel=ask.place.channel, now=now)
        case ("triage" | "incidents", "list"):
            return triage.list_open(session, desk, now=now)
        case ("experiment", "status"):
            return experiments.status(session, desk, about=ask.about, channel=ask.place.channel, now=now)
        case (topic, question) if (topic, question) in switchboard.QUESTIONS:
            return switchboard.QUESTIONS[topic, question](session, desk, ask, now)
        case (topic, _) if topic in HELP:
            return Message(HELP[topic])
        case _:
            return Message("\n\n".join(HELP.values()))


def register(session: Session, desk: Desk, asked: RegisterExperiment, text: str, now: datetime) -> None:
    """Register the YAML `text` for the channel it was given in; its faults are shown to who gave it."""
    place, name = asked.place, asked.file_name or "pasted.yaml"
    try:
        experiments.register(
            session,
            desk,
            text=text,
            name=name,
            by=asked.by,
            channel=place.channel,
            thread=place.thread,
            now=now,
        )
    except registering.FaultyError as error:
        key = f"register/{asked.by}/{now.timestamp():.6f}"
        registering.say_findings(session, error, key=key, by=asked.by, place=place, now=now)


def undeliverable(desk: Desk) -> OnDead:
    """Return what tells the ops channel of an effect that Slack refused for good."""

    def tell(session: Session, claimed: Claimed, reason: str, now: datetime) -> None:
        if stakeholders.undelivered(session, claimed, reason, now):
            return
        if incident_homes.elsewhere(session, desk, claimed, reason, now):
            return
        if homes.elsewhere(session, desk, claimed, reason, now):
            return
        kind = type(claimed.effect).__name__
        ops = desk.settings.channels.ops
        if claimed.lane == ops:
            return  # the news could not be told there either; the log and /metrics have it
        what = f"{kind} {claimed.id} for {escape(claimed.lane, 80)}"
        text = f"Given up: {what}. Slack said {escape(reason, 80)}."
        outbox.put(session, Post(f"dead/{claimed.id}", ops, Message(text)), now=now)

    return tell


def _look(session: Session, desk: Desk, asked: AskLook, now: datetime) -> None:
    place = asked.place
    experiments.ask_look(
        session,
        desk,
        experiment=asked.experiment or None,
        look=asked.look,
        by=asked.by,
        channel=place.channel,
        thread=place.thread,
        now=now,
    )


def _register(session: Session, desk: Desk, asked: RegisterExperiment, key: str, now: datetime) -> None:
    if asked.file_url:
        slots.at(session, job=FILE_JOB, slot=key, due=now, payload=_file(asked))
    else:
        register(session, desk, asked, asked.text, now)


def _file(asked: RegisterExperiment) -> dict[str, str | None]:
    place = asked.place
    named = {"url": asked.file_url, "name": asked.file_name}
    return {"by": asked.by, "channel": place.channel, "thread": place.thread, **named}


def _press(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    if press.action in TriageAction.__members__.values():
        control = Control.decode(press.value)
        triage.press(session, desk, action=TriageAction(press.action), control=control, by=press.by, now=now)
        return
    if press.action in switchboard.PRESSES:
        needs.press(session, desk, press.by, press.action)
        switchboard.PRESSES[press.action](session, desk, press, key, now)
        return
    if press.action not in map(str, _EXPLANATIONS):
        problem = f"This version of Lookout does not know the control `{escape(press.action, 80)}`."
        raise InputError(problem, "Use the newest card of the incident or experiment.")
    explain = _EXPLANATIONS[ExperimentAction(press.action)]
    shown = explain(session, desk, press.value, now)
    place = press.place
    effect = Ephemeral(f"{key}/answer", place.channel, press.by, shown, place.thread)
    outbox.put(session, effect, now=now)


_EXPLANATIONS: dict[ExperimentAction, Callable[[Session, Desk, str, datetime], Message]] = {
    ExperimentAction.WHY: look_questions.why_message,
    ExperimentAction.PLAN: look_questions.plan_message,
    ExperimentAction.MATRIX: look_questions.matrix_message,
    ExperimentAction.COHORTS: look_questions.cohorts_message,
}
