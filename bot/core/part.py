"""What every part of a registration shares: frozen, strict, bounded values."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _label(value: object) -> object:
    """A value of an arm or cohort column: numbers and booleans are compared as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


Label: TypeAlias = Annotated[str, BeforeValidator(_label), Field(min_length=1, max_length=200)]
Text: TypeAlias = Annotated[str, Field(max_length=4000)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Day: TypeAlias = Annotated[int, Field(ge=1, le=3660)]


def _freeze(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


Frozen = AfterValidator(_freeze)
EMPTY: Any = Field(default_factory=dict, validate_default=True)


class Part(BaseModel):
    """What all parts of a registration share: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)
