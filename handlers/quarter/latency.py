"""`/latency`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="latency",
    help="*Latency budgets*",
    usage=("Whether it fits into the budget", "budget | simulate | loadtest | status | help"),
    example="status",
)
