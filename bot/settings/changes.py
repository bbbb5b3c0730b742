"""Sources of changes that are asked now and then, for systems that send no webhooks: `[changes.NAME]`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from bot.core.change import ChangeKind
from bot.settings.frozen import Frozen

COLUMNS = ("id", "title", "at", "kind", "ended_at", "by", "service", "version", "previous_version", "url")
"""What a query may give, by the names of the generic change; the first three it must."""

_EVERY = {"mlflow": 2.0, "ical": 15.0, "sql": 10.0}
_NEEDS: Mapping[str, frozenset[str]] = {
    "mlflow": frozenset({"url"}),
    "ical": frozenset({"url", "change_kind"}),
    "sql": frozenset({"source", "query"}),
}
_MAY: Mapping[str, frozenset[str]] = {
    "mlflow": frozenset({"token", "models", "prompts"}),
    "ical": frozenset({"token", "service"}),
    "sql": frozenset({"columns", "change_kind", "service", "ids_of"}),
}
_EVERYBODY = frozenset({"kind", "every_minutes", "timeout_seconds"})


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
        raise ValueError(f"{name!r} is no name: use small letters, digits, - and _, at most 40 of them")
    return name


ChangeSourceName: TypeAlias = Annotated[str, AfterValidator(_name)]


class ChangeSourceSettings(Frozen):
    """One source that is asked.

    kind: mlflow (a model registry), ical (a calendar of campaigns or releases), sql (a query of a warehouse).
    every_minutes: how often. timeout_seconds: what one reading may take altogether. url, token: secrets; the
    token is sent as a bearer. models: names of registered models and prompts, all of them where none is
    named. prompts: whether prompts are read too. change_kind: what its changes are where they do not say.
    service: whose they are where they do not say. source, query, columns: the warehouse of [sources], one
    SELECT, and what its columns are called. ids_of: the source of webhooks whose ids the query's are, so that
    what both tell is one change.
    """

    kind: Literal["mlflow", "ical", "sql"]
    every_minutes: Annotated[float, Field(ge=1, le=24 * 60)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 10.0
    url: SecretStr | None = None
    token: SecretStr | None = None
    models: tuple[Annotated[str, Field(min_length=1, max_length=250)], ...] = ()
    prompts: bool = True
    change_kind: ChangeKind | None = None
    service: Annotated[str, Field(max_length=200)] = ""
    source: str = ""
    query: Annotated[str, Field(max_length=20_000)] = ""
    columns: Mapping[str, Annotated[str, Field(min_length=1, max_length=200)]] = {}
    ids_of: Annotated[str, Field(max_length=40)] = ""

    @property
    def every(self) -> timedelta:
        """How often it is asked."""
        return timedelta(minutes=self.every_minutes or _EVERY[self.kind])

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address = value.get_secret_value()
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https", "webcal") or not parts.hostname:
                raise ValueError("not an address that begins with https://, http:// or webcal://")
        return value

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        unknown = sorted(set(value) - set(COLUMNS))
        if unknown:
            raise ValueError(f"a change has no {unknown[0]!r}; name the columns of {', '.join(COLUMNS)}")
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "ChangeSourceSettings":
        given = self.model_fields_set - _EVERYBODY
        missing = sorted(name for name in _NEEDS[self.kind] if not getattr(self, name))
        if missing:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        odd = sorted(given - _NEEDS[self.kind] - _MAY[self.kind])
        if odd:
            may = ", ".join(sorted(_NEEDS[self.kind] | _MAY[self.kind]))
            raise ValueError(f"kind {self.kind} takes no {odd[0]}; it takes {may}")
        return self
