"""The quarter's topics: before an experiment and across experiments, one slash command a module."""

from collections.abc import Sequence

from handlers.quarter import correlation, frame, latency, narrative, portfolio, trace
from handlers.topic import Topic

TOPICS: Sequence[Topic] = (
    frame.TOPIC,
    portfolio.TOPIC,
    correlation.TOPIC,
    latency.TOPIC,
    narrative.TOPIC,
    trace.TOPIC,
)
"""In the order in which help lists them."""
