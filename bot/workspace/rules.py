"""How strict the workspace is, and how patient: Slack's own numbers, which a test may shorten."""

from dataclasses import dataclass


@dataclass
class Rules:
    """All times in seconds.

    `ack` is how long an app may take to acknowledge a command, an interaction or an event; `trigger` how
    long a trigger_id lives; `event_retries` the waits before each redelivery of an event that was not
    acknowledged. A response_url lives `response_url_life` and answers `response_url_uses` times.
    `refresh_grace` is how long a connection that was asked to refresh stays open.
    """

    ack: float = 3.0
    trigger: float = 3.0
    event_retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    response_url_life: float = 1800.0
    response_url_uses: int = 5
    refresh_grace: float = 10.0
    connections: int = 10
    view_stack: int = 3
