"""`/trace`: its words, buttons and forms."""

from bot.services import trace
from bot.views.trace_actions import TraceAction
from handlers.topic import Everybody, Topic

_READS = Everybody("it only has posted what is on record")

TOPIC = Topic(
    name="trace",
    help=(
        "*Traces*\n"
        "• `/trace INC-7` the whole history of a thing: what led to it, what it led to, what happened, with "
        "a picture and the full list as a file; also `/trace FRM-1`, `CAN-3`, `2026-Q4`, a latency budget's "
        "or an experiment's id\n"
        "In a thread, mention me instead: `@lookout trace INC-7`."
    ),
    usage=("The whole history of a thing", "INC-7 | FRM-1 | an experiment | help"),
    example="INC-7",
    orders={"of": (trace.order, _READS)},
    presses={TraceAction.SHOW: (trace.press, _READS)},
    whole="of",
)
