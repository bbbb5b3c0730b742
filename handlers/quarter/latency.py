"""`/latency`: its words, buttons and forms."""

from bot.core.permission import Act
from bot.services import latency_asking, latency_budgets, latency_simulating, latency_testing
from bot.views.latency_actions import LatencyAction, LatencyForm
from handlers.topic import Everybody, Form, Topic, of_card

_READS = Everybody("it only has posted what is on record")
_REGISTERS = Everybody("every edition stays on record, with who brought it, and locks nothing")

TOPIC = Topic(
    name="latency",
    help=(
        "*Latency budgets*\n"
        "• `/latency budget` takes a budget's YAML, pasted or as a file; again with another file it is a new "
        "edition\n"
        "• `/latency simulate [ID]` how long a turn takes, and whether each what-if of the file fits; "
        "`simulate ID p95 rerank 240; parallel intent retrieval` asks about another, in words\n"
        "• `/latency loadtest lock ID [because REASON]` locks the criteria, before the test is run\n"
        "• `@lookout latency loadtest ID 2x [FAILURE]` with the file that k6 or Locust wrote judges it\n"
        "• `/latency join ID EXPERIMENT` lets it count for a launch's readiness\n"
        "• `/latency rules [ID]` its alert rules, as a file for Prometheus\n"
        "• `/latency status [ID]` where a budget, its load test and its telemetry stand\n"
        "Load tests and joining take a role. In a thread, mention me instead: `@lookout latency status`."
    ),
    usage=("Whether it fits into the budget", "budget | simulate | loadtest | join | rules | status | help"),
    example="status",
    orders={
        "simulate": (latency_simulating.order, _READS),
        "join": (latency_budgets.join, Act.SUPPLY),
        "rules": (latency_budgets.rules, _READS),
    },
    questions={"status": latency_budgets.status},
    presses={
        LatencyAction.SIMULATE: (latency_simulating.press, _READS),
        LatencyAction.RULES: (latency_budgets.press_rules, _READS),
    },
    forms={
        LatencyForm.BUDGET: (
            Form(
                of_card(latency_asking.budget),
                latency_testing.submit_budget,
                latency_asking.budget_faults,
                latency_asking.budget_known,
            ),
            _REGISTERS,
        ),
        LatencyForm.WHAT_IF: (
            Form(
                of_card(latency_asking.what_if),
                latency_simulating.submit,
                known=latency_asking.what_if_faults,
            ),
            _READS,
        ),
        LatencyForm.LOCK: (
            Form(of_card(latency_asking.lock), latency_testing.submit_lock, known=latency_asking.lock_faults),
            Act.SUPPLY,
        ),
        LatencyForm.RESULT: (
            Form(
                of_card(latency_asking.result),
                latency_testing.submit_test,
                known=latency_asking.result_faults,
            ),
            Act.SUPPLY,
        ),
        LatencyForm.JOIN: (
            Form(of_card(latency_asking.join), latency_budgets.join_submit, known=latency_asking.join_faults),
            Act.SUPPLY,
        ),
    },
    form_buttons={
        LatencyAction.WHAT_IF: LatencyForm.WHAT_IF,
        LatencyAction.LOCK: LatencyForm.LOCK,
        LatencyAction.RESULT: LatencyForm.RESULT,
        LatencyAction.JOIN: LatencyForm.JOIN,
    },
    documents={"budget": LatencyForm.BUDGET, "loadtest": LatencyForm.RESULT},
)
