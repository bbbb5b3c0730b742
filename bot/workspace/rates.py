"""Rate limits: a token bucket per method, and one per channel for messages."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.workspace.clock import monotonic

PER_MINUTE: Final = {1: 1, 2: 20, 3: 50, 4: 100}  # calls a minute by Slack's tier
SPECIAL_PER_MINUTE: Final = 600  # methods with limits of their own (auth.test, connections, uploads)


@dataclass
class Bucket:
    """`level` of at most `size` calls left, filling by `rate` a second since `at`."""

    size: float
    rate: float
    level: float
    at: float

    def take(self, now: float) -> float:
        """Take one; the seconds to wait if none is left (then nothing is taken)."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


class Rates:
    """Who may still call what. `scale` multiplies every limit; `enabled` switches all of it off and on.

    A method of tier n gets its calls a minute as the bucket's size too, so a burst may use up the minute.
    Messages: `channel_rate` a second in each channel, after a burst of `channel_burst`.
    """

    def __init__(
        self,
        *,
        enabled: bool = True,
        scale: float = 1.0,
        channel_rate: float = 1.0,
        channel_burst: int = 12,
        time: Callable[[], float] = monotonic,
    ) -> None:
        self._time = time
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self.configure(enabled=enabled, scale=scale, channel_rate=channel_rate, channel_burst=channel_burst)

    def configure(
        self,
        *,
        enabled: bool = True,
        scale: float = 1.0,
        channel_rate: float = 1.0,
        channel_burst: int = 12,
    ) -> None:
        """Set the limits; every bucket is full again."""
        if scale <= 0 or channel_rate <= 0 or channel_burst < 1:
            raise ValueError("scale and channel_rate must be above 0, channel_burst at least 1")
        self.enabled, self.scale = enabled, scale
        self.channel_rate, self.channel_burst = channel_rate, channel_burst
        self._buckets.clear()

    def call(self, method: str, tier: int, token: str) -> int:
        """Count a call; whole seconds to wait (Retry-After), 0 if it may go on."""
        per_minute = PER_MINUTE.get(tier, SPECIAL_PER_MINUTE) * self.scale
        return self._take((method, token), max(per_minute, 1), per_minute / 60)

    def message(self, channel: str) -> int:
        """Count a message in a channel; whole seconds to wait, 0 if it may go on."""
        return self._take(
            ("message", channel), max(self.channel_burst * self.scale, 1), self.channel_rate * self.scale
        )

    def _take(self, key: tuple[str, str], size: float, rate: float) -> int:
        if not self.enabled:
            return 0
        now = self._time()
        bucket = self._buckets.setdefault(key, Bucket(size, rate, size, now))
        return math.ceil(bucket.take(now))
