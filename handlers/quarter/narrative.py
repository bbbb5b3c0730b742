"""`/narrative`: its words, buttons and forms."""

from bot.services import narrative
from bot.views.trace_actions import TraceAction
from handlers.topic import Everybody, Topic

_READS = Everybody("it only drafts what is on record, and says what is not")

TOPIC = Topic(
    name="narrative",
    help=(
        "*Narratives*\n"
        "• `/narrative quarter [2026-Q4]` drafts the quarter's defence: tenets, portfolio, rigour, quality, "
        "fairness, production, on-call, velocity\n"
        "• `/narrative launch [ID]` drafts a launch's six-pager; `/narrative decision [ID]` its decision in "
        "one paragraph, for you alone\n"
        "• `/narrative incident [INC-7]` drafts an incident's paragraph\n"
        "Each comes as Markdown and as a page to print. A figure has its record behind it; where none is, a "
        "gap says what would fill it.\n"
        "In a thread, mention me instead: `@lookout narrative launch`."
    ),
    usage=("Documents drafted from the record", "quarter | launch ID | decision ID | incident INC-7 | help"),
    example="quarter",
    orders={
        "quarter": (narrative.quarter, _READS),
        "launch": (narrative.launch, _READS),
        "incident": (narrative.incident, _READS),
    },
    questions={"decision": narrative.decision},
    presses={TraceAction.DRAFT: (narrative.press, _READS)},
)
