"""`/frame`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="frame",
    help="*Framing*",
    usage=("From a vague signal to a decision", "new | list | show FRM-1 | decide FRM-1 | help"),
    example="show FRM-1",
)
