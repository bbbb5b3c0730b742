"""What changes in a model registry, told alike by MLflow's webhooks and by asking it."""

from datetime import datetime
from hashlib import sha256

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept

SOURCE = "mlflow"
_NOUNS = {ChangeKind.MODEL: "Model", ChangeKind.PROMPT: "Prompt"}


def version_change(
    kind: ChangeKind,
    name: str,
    version: str,
    at: datetime,
    *,
    deleted: bool = False,
    by: str = "",
    url: str = "",
) -> Change:
    """A version of a model or prompt that was registered or deleted: this happens to it once."""
    verb = "deleted" if deleted else "registered"
    return Change(
        source=SOURCE,
        id=_fitting(f"{kind.value}_version/{name}/{version}{'/deleted' if deleted else ''}"),
        kind=kind,
        title=kept(f"{_NOUNS[kind]} {name}: version {version or '?'} {verb}", 300),
        at=at,
        by=by,
        service=name,
        version=version,
        url=url,
    )


def alias_change(
    kind: ChangeKind,
    name: str,
    alias: str,
    version: str,
    at: datetime,
    *,
    previous: str = "",
    earliest: datetime | None = None,
    url: str = "",
) -> Change:
    """An alias that points elsewhere now, or (`version` "") nowhere.

    It may come back to where it was, so its time is part of its id.
    """
    words = f"now points at version {version}" if version else "removed"
    moved = f"{kind.value}_alias/{name}/{alias}/{version or '-'}"
    return Change(
        source=SOURCE,
        id=_fitting(f"{moved}/{at.isoformat()}"),
        kind=kind,
        title=kept(f"{_NOUNS[kind]} {name}: alias {alias} {words}", 300),
        at=at,
        service=name,
        version=version,
        previous_version=previous,
        url=url,
        earliest=earliest,
        twin=_fitting(f"{SOURCE}/{moved}"),
    )


def _fitting(name: str) -> str:
    """At most 200 characters, and still another for another name."""
    return name if len(name) <= 200 else f"{name[:160]}…{sha256(name.encode()).hexdigest()[:32]}"
