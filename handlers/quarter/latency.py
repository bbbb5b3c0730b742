"""`/latency`: its words, buttons and forms."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block
from bot.core.permission import Act
from bot.services import latency_budgets, latency_simulating, latency_testing, permissions
from bot.services.desk import Desk
from bot.views import latency_forms as forms
from handlers.topic import Everybody, Form, Opening, Topic

_READS = Everybody("it only has posted what is on record")
_REGISTERS = Everybody("every edition stays on record, with who brought it, and locks nothing")


def _budget(_session: Session, _desk: Desk, _opened: Opening, _now: datetime) -> Block:
    return forms.budget()


def _loadtest(session: Session, desk: Desk, opened: Opening, _now: datetime) -> Block:
    permissions.require(session, desk, opened.by, Act.SUPPLY)
    every = latency_budgets.budgets(session)
    return forms.loadtest(every[0] if len(every) == 1 else "")


TOPIC = Topic(
    name="latency",
    help=(
        "*Latency budgets*\n"
        "• `/latency budget` takes a budget's YAML, pasted or as a file; again with another file it is a new "
        "edition\n"
        "• `/latency simulate [ID]` how long a turn takes, and whether each what-if of the file fits\n"
        "• `/latency loadtest lock ID [because REASON]` locks the criteria, before the test is run\n"
        "• `@lookout latency loadtest ID 2x [FAILURE]` with the file that k6 or Locust wrote judges it\n"
        "• `/latency join ID EXPERIMENT` lets it count for a launch's readiness\n"
        "• `/latency status [ID]` where a budget and its load test stand\n"
        "Load tests take a role. In a thread, mention me instead: `@lookout latency status`."
    ),
    usage=("Whether it fits into the budget", "budget | simulate | loadtest | join | status | help"),
    example="status",
    orders={
        "simulate": (latency_simulating.order, _READS),
        "join": (latency_budgets.join, Act.SUPPLY),
    },
    questions={"status": latency_budgets.status},
    forms={
        forms.BUDGET_FORM: (Form(_budget, latency_testing.submit_budget), _REGISTERS),
        forms.TEST_FORM: (Form(_loadtest, latency_testing.submit_test), Act.SUPPLY),
    },
    documents={"budget": forms.BUDGET_FORM, "loadtest": forms.TEST_FORM},
)
