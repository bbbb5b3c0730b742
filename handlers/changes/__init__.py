"""Where changes come from: one module a source, with the same names as those of `handlers.alerts`."""

from types import ModuleType
from typing import Final

from handlers.changes import (
    argocd,
    cloudevents,
    generic,
    github,
    gitlab,
    launchdarkly,
    mlflow,
    pagerduty,
    unleash,
)

SOURCES: Final[dict[str, ModuleType]] = {
    "argocd": argocd,
    "cloudevents": cloudevents,
    "generic": generic,
    "github": github,
    "gitlab": gitlab,
    "launchdarkly": launchdarkly,
    "mlflow": mlflow,
    "pagerduty": pagerduty,
    "unleash": unleash,
}

__all__ = ["SOURCES"]
