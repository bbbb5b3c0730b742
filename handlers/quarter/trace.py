"""`/trace`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="trace",
    help="*Traces*",
    usage=("The whole history of a thing", "INC-7 | FRM-1 | an experiment | help"),
    example="INC-7",
)
