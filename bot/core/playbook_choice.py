"""Which triage tree an incident walks: the one whose labels fit it best.

A tree says `for: {labels: {metric: "*latency*", service: [reranker, retrieval]}}`: every label named has to
be there with one of the values, in which `*` and `?` stand for anything. The tree that asks for more labels
wins, then the one that names more of them without `*` or `?`, then the first by name. The tree without
`for:` is for everything else.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from bot.core.incident import IncidentAlert
from bot.core.playbook import Playbook


def choose(general: Playbook, others: Sequence[Playbook], labels: Mapping[str, str]) -> Playbook:
    """Return the tree for an incident with these labels."""
    fitting = [(tree, how) for tree in others if (how := fit(tree, labels)) is not None]
    if not fitting:
        return general
    return min(fitting, key=lambda one: (-one[1][0], -one[1][1], one[0].id))[0]


def fit(tree: Playbook, labels: Mapping[str, str]) -> tuple[int, int] | None:
    """How well the tree fits: labels asked for, and how many of them exactly; None where it does not."""
    if not tree.fits or not all(_matches(labels.get(name), wanted) for name, wanted in tree.fits.items()):
        return None
    exact = [name for name, wanted in tree.fits.items() if not any(set("*?[") & set(one) for one in wanted)]
    return len(tree.fits), len(exact)


def labels_of(
    title: str, alert: IncidentAlert | None = None, labels: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The labels by which a tree is chosen: the sender's own, and what Lookout understood of the alert."""
    found = dict(labels or {})
    if alert is not None:
        found = {**alert.labels, **found, **alert.cohort}
        known = {
            "metric": alert.metric,
            "service": alert.service,
            "severity": alert.severity,
            "source": alert.source,
        }
        found |= {name: value for name, value in known.items() if value}
    return {**found, "title": title}


def _matches(value: str | None, wanted: Sequence[str]) -> bool:
    """Whether one of the patterns fits, whatever its case; a label that is not there fits nothing."""
    return value is not None and any(fnmatchcase(value.lower(), one.lower()) for one in wanted)
