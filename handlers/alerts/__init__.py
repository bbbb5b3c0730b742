"""Where alerts come from: one module a source, each with the same few names.

`VENDOR` says whether the sender is a product nobody here can correct (what cannot be read is then kept in
quarantine, else refused); `KEEP_HEADERS` are kept with the delivery; `authentic(headers, body, secret, now)`,
`delivery_key(headers, body, payload)` and `parse(payload, headers)` do as they say. An adapter may have
`HINT`, said to who could not prove itself, and `SLOW` where `authentic` has to ask elsewhere: it then runs in
a thread, and raises SourceError where it cannot say now.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Final

from bot.core.sns import Subscription
from handlers.alerts import (
    alertmanager,
    cloudwatch,
    datadog,
    generic,
    google,
    grafana,
    opsgenie,
    pagerduty,
    sentry,
)

SOURCES: Final[dict[str, ModuleType]] = {
    "alertmanager": alertmanager,
    "cloudwatch": cloudwatch,
    "datadog": datadog,
    "generic": generic,
    "google": google,
    "grafana": grafana,
    "opsgenie": opsgenie,
    "pagerduty": pagerduty,
    "sentry": sentry,
}

SUBSCRIPTIONS: Final[dict[str, Callable[[object], Subscription | None]]] = {
    "cloudwatch": cloudwatch.subscription,
}
"""Sources whose deliveries may be about the subscription by which they come: what such a one says."""
