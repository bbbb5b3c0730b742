"""Both deltas of an experiment that ran elsewhere, as people type them or enter them into a form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.core.outside import kept
from bot.core.relative_words import HINT, relative
from bot.errors import InputError

EXAMPLE = "For example `/correlation record reranker-l12 offline=+5% online=+0.3% on=2026-10-03`."
NAME_MOST = 80
EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What an experiment may be called."""
_PAIR = re.compile(r"(?:^|\s)([A-Za-z][A-Za-z_-]*)=")
FIELDS = (
    "offline",
    "online",
    "ci",
    "on",
    "offline_metric",
    "online_metric",
    "direction",
    "eval_set",
    "built",
)
"""What may be said besides the experiment, in this order in the form; the first two must be."""


class WordsError(InputError):
    """Fields that cannot be read; `faults` says what is wrong, by the field's name."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        named = "; ".join(f"{name.replace('_', ' ')}: {said}" for name, said in faults.items())
        super().__init__(f"Nothing was recorded. {named}.", EXAMPLE)
        self.faults = dict(faults)


@dataclass(frozen=True)
class Recorded:
    """Both deltas, relative as measured; with direction "decrease" a negative online one is better.

    ci: of the online delta. on: the day it was finished, None for today.
    """

    experiment: str
    offline: float
    online: float
    ci: tuple[float, float] | None = None
    on: date | None = None
    offline_metric: str = ""
    online_metric: str = ""
    direction: str = "increase"
    eval_set: str = ""
    built: date | None = None


def typed(text: str) -> Mapping[str, str]:
    """Take what was typed apart: the experiment first, then `name=value` in any order.

    >>> typed("x-1 offline=+3 % online=0.1%")["offline"]
    '+3 %'
    """
    places = list(_PAIR.finditer(text))
    first = text[: places[0].start()] if places else text
    fields = {"experiment": first.strip()}
    ends = [*(one.start() for one in places[1:]), len(text)]
    for place, end in zip(places, ends, strict=False):  # without a pair the text ends nothing
        name = place[1].lower().replace("-", "_")
        if name in fields:
            raise InputError(f"`{name}` is given twice.", EXAMPLE)
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise InputError(f"`{kept(name, 40)}=` is not known.", f"Known: {known}. {EXAMPLE}")
        fields[name] = text[place.end() : end].strip()
    return fields


def read(fields: Mapping[str, str], today: date) -> Recorded:
    """Read the fields. Raises WordsError with what is wrong, by field."""
    faults: dict[str, str] = {}
    said = {name: value.strip() for name, value in fields.items() if value and value.strip()}
    experiment = said.get("experiment", "")
    if not EXPERIMENT.fullmatch(experiment):
        faults["experiment"] = (
            f"“{kept(experiment, 60)}” cannot be an experiment's id" if experiment else "none is named"
        )
    numbers = {}
    for name in ("offline", "online"):
        try:
            numbers[name] = relative(said.get(name, ""))
        except ValueError as error:
            faults[name] = f"{error}. {HINT}" if said.get(name) else f"it is not given. {HINT}"
    days = {name: _day(said.get(name, ""), name, today, faults) for name in ("on", "built")}
    direction = said.get("direction", "increase").lower()
    if direction not in ("increase", "decrease"):
        faults["direction"] = f"“{kept(direction, 40)}” is neither increase nor decrease"
    ci = _interval(said.get("ci", ""), numbers.get("online"), faults)
    if faults:
        raise WordsError(faults)
    return Recorded(
        experiment=experiment,
        offline=numbers["offline"],
        online=numbers["online"],
        ci=ci,
        on=days["on"],
        offline_metric=kept(said.get("offline_metric", ""), NAME_MOST),
        online_metric=kept(said.get("online_metric", ""), NAME_MOST),
        direction=direction,
        eval_set=kept(said.get("eval_set", ""), NAME_MOST),
        built=days["built"],
    )


def _day(text: str, name: str, today: date, faults: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        faults[name] = f"“{kept(text, 40)}” is no day; write it as {today.isoformat()}"
        return None
    if day > today:
        faults[name] = f"{day} is in the future"
    elif day.year < 2000:
        faults[name] = f"{day} is too long ago to be meant"
    return day


def _interval(text: str, online: float | None, faults: dict[str, str]) -> tuple[float, float] | None:
    if not text:
        return None
    ends = re.split(r"\s*(?:\.\.|…|,|\bto\b)\s*", text.strip("[]() "))
    try:
        if len(ends) != 2:
            raise ValueError(f"“{kept(text, 40)}” is no interval")
        low, high = (relative(one) for one in ends)
    except ValueError as error:
        faults["ci"] = f"{error}. Write it as `-0.4% .. 0.9%`"
        return None
    if not low <= high:
        faults["ci"] = "its ends are the wrong way round"
    elif online is not None and not low <= online <= high:
        faults["ci"] = "the online delta does not lie in it"
    return low, high
