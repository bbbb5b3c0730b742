"""How a launch is rolled out, as a registration says it: stages, what aborts one, when looks are posted."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from bot.core.part import Label, Name, Part, Positive, Text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # not found is a KeyError
        raise PydanticCustomError("zone", "No such time zone; use an IANA name like Asia/Tokyo") from error
    return name


class Schedule(Part):
    """When a look is posted: at a local time like 09:00 in the IANA `zone`, on the day after its own.

    What is left out is configured: [launches] look_at, and the zone of the channel.
    """

    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    zone: Annotated[Name, AfterValidator(_zone)] | None = None


class RolloutMetric(Part):
    """Where a name in `abort_if` is read: PromQL or a SQL text that gives one number."""

    source: Name
    query: Annotated[str, Field(min_length=1, max_length=20_000)]


class Stage(Part):
    """One step of the rollout: whom it exposes, in words, for how long; `abort_if` are conditions.

    A condition reads like `p99_latency_ms > 1500`; population like `4,000 users` or `175 new users a day`.
    """

    stage: Label
    population: Text = ""
    days: Positive | None = None
    abort_if: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
