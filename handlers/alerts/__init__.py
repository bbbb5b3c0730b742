"""Where alerts come from: one module a source, each with the same few names.

`VENDOR` says whether the sender is a product nobody here can correct (what cannot be read is then kept in
quarantine, else refused); `KEEP_HEADERS` are kept with the delivery; `authentic(headers, body, secret, now)`,
`delivery_key(headers, body, payload)` and `parse(payload, headers)` do as they say.
"""

from types import ModuleType
from typing import Final

from handlers.alerts import alertmanager, datadog, generic, google, grafana, opsgenie, pagerduty, sentry

SOURCES: Final[dict[str, ModuleType]] = {
    "alertmanager": alertmanager,
    "datadog": datadog,
    "generic": generic,
    "google": google,
    "grafana": grafana,
    "opsgenie": opsgenie,
    "pagerduty": pagerduty,
    "sentry": sentry,
}
