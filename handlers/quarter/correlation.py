"""`/correlation`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="correlation",
    help="*Offline against online*",
    usage=("Whether offline gains can be trusted", "status | record | diagnose | replay | help"),
    example="status",
)
