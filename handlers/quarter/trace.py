"""`/trace`: its words, buttons and forms."""

from datetime import datetime

from sqlmodel import Session

from bot.core.inbound import Order
from bot.core.permission import Act
from bot.services import trace, trace_joining
from bot.services.desk import Desk
from bot.views import trace_form
from bot.views.trace_actions import TraceAction
from handlers.topic import Everybody, Form, Topic, of_card

_READS = Everybody("it only has posted what is on record")


def _of(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """Trace what is named, or join two things."""
    joins = order.text.lower().split()[:1] == [trace_joining.VERB]
    (trace_joining.order if joins else trace.order)(session, desk, order, key, now)


TOPIC = Topic(
    name="trace",
    help=(
        "*Traces*\n"
        "• `/trace INC-7` the whole history of a thing: what led to it, what it led to, what happened, with "
        "a picture and the full list as a file; also `/trace FRM-1`, `CAN-3`, `2026-Q4`, a latency budget's "
        "or an experiment's id\n"
        "• `/trace join us-mle-02 INC-7 WHY` says that one led to the other, where nothing else did; this "
        "takes a role\n"
        "In a thread, mention me instead: `@lookout trace INC-7`."
    ),
    usage=("The whole history of a thing", "INC-7 | FRM-1 | an experiment | join A B WHY | help"),
    example="INC-7",
    orders={"of": (_of, _READS)},
    presses={TraceAction.SHOW: (trace.press, _READS)},
    forms={
        trace_form.FORM: (
            Form(of_card(trace_joining.form), trace_joining.submit, trace_joining.faults),
            Act.SUPPLY,
        )
    },
    form_buttons={TraceAction.JOIN: trace_form.FORM},
    whole="of",
)
