"""`/portfolio`: its words, buttons and forms."""

from handlers.topic import Topic

TOPIC = Topic(
    name="portfolio",
    help="*The quarter's portfolio*",
    usage=("Which of the candidates are run", "add | import | score | pick | status | retro | update | help"),
    example="score",
)
