"""What Lookout shows at `/metrics`: acks, the three durable rooms, sources, looks and verdicts."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self, rooms: Callable[[], Mapping[str, float]]) -> None:
        self.registry = CollectorRegistry()
        self.acks = Histogram(
            "lookout_ack_seconds",
            "Time from a request of Slack's to its acknowledgement.",
            ["kind"],
            buckets=ACK_BUCKETS,
            registry=self.registry,
        )
        self.late_acks = Counter(
            "lookout_acks_late", "Acknowledgements after Slack's 3 s.", ["kind"], registry=self.registry
        )
        self.registry.register(_Rooms(rooms))

    def acked(self, kind: str, seconds: float) -> None:
        """Count one acknowledgement of `kind` (command, action, view, event) after `seconds`."""
        self.acks.labels(kind).observe(seconds)
        if seconds > 3.0:
            self.late_acks.labels(kind).inc()


class _Rooms(Collector):
    """Reads the rooms' figures when somebody looks, so that idle replicas agree with busy ones."""

    def __init__(self, rooms: Callable[[], Mapping[str, float]]) -> None:
        self._rooms = rooms

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield one gauge a figure."""
        for name, value in self._rooms().items():
            yield GaugeMetricFamily(f"lookout_{name}", name.replace("_", " "), value=value)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Say nothing beforehand: registering must not read the database."""
        return ()
