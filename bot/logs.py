"""Structured logs: a JSON object a line, ids of incidents, deliveries, effects; never a body or a token."""

import logging
import sys

import structlog


def configure(*, level: str = "INFO") -> None:
    """Send structlog and the libraries' own logs to standard error.

    Bolt and slack_sdk log bodies below WARNING (Bolt's request verification at INFO), so they stay there.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("slack_bolt", "slack_sdk", "apscheduler", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
