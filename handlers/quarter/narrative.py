"""`/narrative`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="narrative",
    help="*Narratives*",
    usage=("Documents drafted from the record", "quarter | launch ID | incident INC-7 | help"),
    example="quarter",
)
