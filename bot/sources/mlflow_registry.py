"""MLflow's model registry, asked: new versions of models and prompts, and where their aliases point now."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.core.change import Change, ChangeKind
from bot.core.change_reading import ChangeReading
from bot.core.mlflow_change import alias_change, version_change
from bot.core.outside import kept
from bot.errors import SourceError
from bot.settings.changes import ChangeSourceSettings
from bot.sources.web_answer import Patience, ask

API = "/api/2.0/mlflow"
PAGE = 100
MOST_PAGES = 20
"""Of one list: 2,000 names, or 2,000 versions since the last reading."""
MOST_BYTES = 4 * 1024 * 1024
"""Of one page."""
FIRST = timedelta(days=7)
"""How far back versions are taken at the first reading; aliases are only remembered then."""
LATE = timedelta(minutes=10)
"""A version may show up so much later than it was created: what is known already stays one change."""
_PROMPT = "mlflow.prompt.is_prompt"
_PROMPTS = f"tags.`{_PROMPT}` = 'true'"
"""Without it a registry of MLflow 3 lists models only."""


@dataclass(frozen=True)
class _Registry:
    """One reading of one registry."""

    name: str
    settings: ChangeSourceSettings
    client: httpx.Client
    patience: Patience

    @property
    def base(self) -> str:
        """Its address as configured, without a slash at the end."""
        url = self.settings.url
        return url.get_secret_value().rstrip("/") if url else ""

    def page(self, kind: ChangeKind, name: str, version: str) -> str:
        """Where a person sees a version; without what the address may hold of a password."""
        parts = urlsplit(self.base)
        top = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}/#"
        if kind is ChangeKind.PROMPT:
            return f"{top}/prompts/{quote(name, safe='')}"
        return f"{top}/models/{quote(name, safe='')}" + (f"/versions/{version}" if version else "")

    def items(self, endpoint: str, key: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, page by page. Raises SourceError."""
        token = self.settings.token
        at: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            body = ask(
                self.client,
                f"{self.base}{API}/{endpoint}",
                name=self.name,
                patience=self.patience,
                most=MOST_BYTES,
                params={**params, "max_results": str(PAGE), **at},
                token=token.get_secret_value() if token else "",
            )
            answer = _object(body, self.name)
            listed = answer.get(key, [])
            yield from (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else ()
            following = answer.get("next_page_token")
            if not isinstance(following, str) or not following:
                return
            at = {"page_token": following}
        raise SourceError(f"{self.name} lists more than {MOST_PAGES * PAGE} {key.replace('_', ' ')}")


def read(
    name: str, settings: ChangeSourceSettings, cursor: Mapping[str, Any], now: datetime, client: httpx.Client
) -> ChangeReading:
    """Return the versions registered since the last reading, and the aliases that have moved.

    The registry keeps no time of an alias: it moved after the last reading, and now at the latest. Where
    lookout.toml names another registry or other models since, nothing has moved: it is a first reading.
    Raises SourceError with the reason to show.
    """
    registry = _Registry(name, settings, client, Patience.of(settings.timeout_seconds))
    kinds = [(ChangeKind.MODEL, ""), *([(ChangeKind.PROMPT, _PROMPTS)] if settings.prompts else [])]
    of = _asked_for(settings)
    before = _moment(cursor.get("at")) if cursor.get("of", of) == of else None
    known: Mapping[str, Any] = cursor.get("aliases") if isinstance(cursor.get("aliases"), dict) else {}  # type: ignore[assignment]
    since = (before - LATE) if before else now - FIRST
    changes: list[Change] = []
    aliases: dict[str, dict[str, str]] = {}
    for kind, only in kinds:
        changes += _versions(registry, kind, only, since)
        aliases |= _aliases(registry, kind, only)
    if before is not None:
        changes += _moved(registry, known, aliases, (before, now))
    return ChangeReading(tuple(changes), {"at": now.isoformat(), "of": of, "aliases": aliases})


def _asked_for(settings: ChangeSourceSettings) -> str:
    """What tells one configuration of a source from another; its address may be a secret, so it is hashed."""
    url = settings.url.get_secret_value() if settings.url else ""
    return sha256(json.dumps([url, sorted(settings.models), settings.prompts]).encode()).hexdigest()[:16]


def _versions(registry: _Registry, kind: ChangeKind, only: str, since: datetime) -> Iterator[Change]:
    """Those created since then, the newest first."""
    params = {"order_by": "creation_timestamp DESC", **({"filter": only} if only else {})}
    for item in registry.items("model-versions/search", "model_versions", params):
        name, version, at = _text(item, "name"), _text(item, "version"), _milliseconds(item)
        if not name or not version or at is None or _other(item, kind):
            continue
        if at < since:
            return
        if _wanted(registry.settings.models, name):
            yield version_change(
                kind, name, version, at, by=_text(item, "user_id"), url=registry.page(kind, name, version)
            )


def _aliases(registry: _Registry, kind: ChangeKind, only: str) -> dict[str, dict[str, str]]:
    """The version that each alias points at, by "kind/name" and alias."""
    found: dict[str, dict[str, str]] = {}
    for item in registry.items(
        "registered-models/search", "registered_models", {"filter": only} if only else {}
    ):
        name, listed = _text(item, "name"), item.get("aliases")
        if name and _wanted(registry.settings.models, name) and not _other(item, kind):
            pairs = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            found[f"{kind.value}/{name}"] = {
                _text(one, "alias"): _text(one, "version") for one in pairs if _text(one, "alias")
            }
    return found


def _moved(
    registry: _Registry,
    known: Mapping[str, Any],
    aliases: Mapping[str, Mapping[str, str]],
    span: tuple[datetime, datetime],
) -> Iterator[Change]:
    earliest, latest = span
    for key in sorted({*known, *aliases}):
        kind, _, name = key.partition("/")
        was = known.get(key)
        before = was if isinstance(was, dict) else {}
        after = aliases.get(key, {})
        for alias in sorted({*before, *after}):
            old, new = str(before.get(alias, "")), after.get(alias, "")
            if old != new and kind in (ChangeKind.MODEL, ChangeKind.PROMPT):
                yield alias_change(
                    ChangeKind(kind),
                    name,
                    alias,
                    new,
                    latest,
                    previous=old,
                    earliest=earliest,
                    url=registry.page(ChangeKind(kind), name, new),
                )


def _other(item: Mapping[str, Any], kind: ChangeKind) -> bool:
    """Whether it is a prompt among the models, where MLflow 2 lists them."""
    tags = item.get("tags")
    named = [one.get("key") for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []
    return kind is ChangeKind.MODEL and _PROMPT in named


def _wanted(models: Sequence[str], name: str) -> bool:
    return not models or name in models


def _object(body: bytes, name: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise SourceError(
            f"{name} answered 200 with something that is not an object of JSON: is its url right?"
        )
    return answer


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return kept(str(value), 250) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _milliseconds(item: Mapping[str, Any]) -> datetime | None:
    """MLflow's times are milliseconds since 1970, as a number, or as a text by some proxies."""
    try:
        value = float(item["creation_timestamp"])
        return datetime.fromtimestamp(value / 1000, UTC) if value > 0 else None
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
