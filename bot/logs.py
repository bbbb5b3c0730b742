"""Structured logs: a JSON object a line, ids of incidents, deliveries, effects; never a body or a token."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class Steady:
    """A stream whose failures do not reach who logs: a full disk must not end a worker at its report."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose the text."""
        with suppress(OSError):
            return self._stream.write(text)
        return 0

    def flush(self) -> None:
        """Flush, or leave it."""
        with suppress(OSError):
            self._stream.flush()


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
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, Steady(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_known)
    for noisy in ("slack_bolt", "slack_sdk", "apscheduler", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _known(record: logging.LogRecord) -> bool:
    """Leave out what Bolt warns of at every start: it reads SLACK_BOT_TOKEN, we gave it a client with it."""
    return "`token` will be unused" not in record.getMessage()
