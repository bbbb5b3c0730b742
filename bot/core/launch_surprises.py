"""What did not go as the plan of a launch said, and what each of that asks for: from the ledger's entries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from bot.core.figures import signed
from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.core.registration import Registration

LATE_DECISION = timedelta(days=3)
"""From the look to the decision that rests on it."""
_OVER = ("veto", "near-veto")
SURE, UNSURE = 0.7, 0.3
"""Prior probabilities of success from which the opposite is a surprise."""

_LASTED = ("sustained", "held")


@dataclass(frozen=True)
class Surprise:
    """What was not planned, and what to do so that the next launch knows it earlier; plain text."""

    what: str
    action: str


_Found: TypeAlias = Surprise | None
Body: TypeAlias = Mapping[str, Any]


def surprises(
    entries: Sequence[Entry], registration: Registration, reasons: Mapping[int, str]
) -> tuple[Surprise, ...]:
    """In the order in which they happened, each once. reasons: why each look said what it did, by record."""
    found = [one for entry in entries for one in _of(entry, reasons)]
    rest = (_below_mde(entries, registration), _prior(entries, registration), _slow(entries))
    return tuple(dict.fromkeys([*found, *(one for one in rest if one is not None)]))


def as_planned(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What might have gone otherwise and did not; plain text."""
    seen = {entry.kind for entry in entries}
    broken = any(entry.kind == Kind.AMENDED and entry.body.get("breaking") for entry in entries)
    looks = [entry.body for entry in entries if entry.kind == Kind.LOOK]
    lines = [] if broken else ["The plan was not changed after a look."]
    if Kind.PEEK not in seen:
        lines.append("Nobody took a peek.")
    if looks and Kind.LATE not in seen and all(one["planned"] for one in looks):
        lines.append(f"Every look taken was on its planned day ({len(looks)}).")
    if Kind.STAGE in seen and Kind.BREACH not in seen:
        lines.append("No abort criterion of the rollout was met.")
    if Kind.DECIDED in seen and Kind.OVERRIDE_APPROVED not in seen:
        lines.append("The decision is what the rule allowed; nothing was overridden.")
    return tuple(lines)


def _of(entry: Entry, reasons: Mapping[int, str]) -> Sequence[Surprise]:
    """An entry that another version wrote in another form is passed over; the timeline shows it."""
    body = entry.body
    try:
        if entry.kind == Kind.AFTER:
            return _after(body)
        if entry.kind in (Kind.LOOK, Kind.PEEK):
            found = _look(body, reasons.get(body.get("record", 0), ""))
        else:
            read = _READ.get(entry.kind)
            found = read(body) if read else None
    except (KeyError, TypeError, ValueError):
        return ()
    return () if found is None else (found,)


def _look(body: Body, reason: str) -> _Found:
    if not body.get("look"):
        why = f" ({body['reason']})" if body.get("reason") else ""
        return Surprise(
            f"A peek was taken on day {body['day']:g}{why}.",
            "Ask which question the peek was to answer, and give it a place in the next plan",
        )
    look, because = f"Look {body['look']}, day {body['day']:g}", f": {reason.rstrip('.')}" if reason else ""
    if body["verdict"] == "invalid":
        action = "Find out what made the data unfit, and have it checked before the hour of the look"
        return Surprise(f"{look}, could not be judged{because}.", action)
    if body["verdict"] == "veto":
        action = (
            "Ask what could have shown the harm before exposure: offline, by cohort, or at a smaller stage"
        )
        return Surprise(f"{look}, vetoed{because}.", action)
    return None


def _breach(body: Body) -> _Found:
    met = [one for one in body["conditions"] if one.get("status", "breached") == "breached"]
    said = "; ".join(str(one.get("condition", "")) for one in met)
    return Surprise(
        f"At stage {body.get('name') or body['stage']} an abort criterion was met: {said}.",
        "Ask whether the line was the right one, and what would have shown the breach at an earlier stage",
    )


def _late(body: Body) -> _Found:
    return Surprise(
        f"Look {body['look']} had no data by its deadline: {body['why']}.",
        "Mend what made the data late, or plan the look later in the day",
    )


def _amended(body: Body) -> _Found:
    if not body["breaking"]:
        return None
    return Surprise(
        "The plan was changed after a look, so its error rates are no longer those signed.",
        "Ask what was known too late, and add it to what a registration is reviewed for",
    )


def _overridden(body: Body) -> _Found:
    return Surprise(
        f"A review to go against the rule was approved (override {body['override']}).",
        "Compare what the review expected with what came, in writing",
    )


def _decided(body: Body) -> _Found:
    if not body.get("acknowledged"):
        return None
    near = ", ".join(body["acknowledged"])
    return Surprise(
        f"It shipped with near-vetoes taken on by name: {near}.", f"Watch {near} until it is clear"
    )


def _waived(body: Body) -> _Found:
    action = f"Supply what was waived: {body['row']}"
    return Surprise(f"{body['row']} of the readiness check was waived: {body['reason']}.", action)


def _after(body: Body) -> Sequence[Surprise]:
    """What the check after the launch found that was not hoped for."""
    result, found = body["result"], []
    finding = result["finding"]
    if finding not in _LASTED:
        action = (
            "Have the data of the check at hand next time: a holdout, and rows by day"
            if finding == "unknown"
            else "Find out when the gain was lost and what else changed then; decide whether it stays"
        )
        said = f"The check after the launch says {finding}: {result['because']}."
        found.append(Surprise(said, action))
    if result.get("fades"):
        found.append(
            Surprise(
                "The effect wears off with the days since exposure.",
                "Have the next experiment run long enough to see it wear off, or look at old exposures alone",
            )
        )
    over = [one["metric"] for one in result.get("guardrails", ()) if one["status"] in _OVER]
    if over:
        names = ", ".join(over)
        action = f"Find out what moved {names} after the decision, and whether the launch stays"
        found.append(Surprise(f"Guardrails over their lines after the launch: {names}.", action))
    return found


def _delta(body: Body) -> _Found:
    sign = -1 if body.get("direction") == "decrease" else 1
    if body["offline"] * sign * body["online"] > 0:
        return None
    offline = f"offline {body['offline_metric']} moved {signed(body['offline'])}"
    return Surprise(
        f"Offline and online disagree: {offline}, online {body['online_metric']} {signed(body['online'])}.",
        "Look at what the eval set does not see; if the correlation decayed, rebuild the harness",
    )


def _below_mde(entries: Sequence[Entry], registration: Registration) -> _Found:
    """Whether what shipped was measured smaller than what it was planned for."""
    decided = next((one.body for one in entries if one.kind == Kind.DECIDED), None)
    delta = next((one.body for one in reversed(entries) if one.kind == Kind.DELTA), None)
    mde = registration.primary.mde
    if decided is None or decided["decision"] != "ship" or delta is None or mde is None or not mde.relative:
        return None
    if abs(delta["online"]) >= mde.relative:
        return None
    measured = f"{signed(delta['online'])} at the look"
    return Surprise(
        f"The effect is below the one it was planned for: {measured}, planned {mde.relative * 100:g} %.",
        "Plan the next one for an effect of this size, or say why a larger one is to be expected",
    )


def _prior(entries: Sequence[Entry], registration: Registration) -> _Found:
    prior = registration.hypothesis.prior_probability
    decided = next((one.body for one in entries if one.kind == Kind.DECIDED), None)
    if prior is None or decided is None:
        return None
    shipped = decided["decision"] == "ship"
    if (shipped and prior > UNSURE) or (not shipped and prior < SURE):
        return None
    became = "it shipped" if shipped else "it was stopped"
    return Surprise(
        f"The probability of success was put at {prior:g} beforehand, and {became}.",
        "Add both to the record of how well probabilities are put, and name the evidence that misled",
    )


def _slow(entries: Sequence[Entry]) -> _Found:
    decided = next((one for one in entries if one.kind == Kind.DECIDED), None)
    if decided is None:
        return None
    rests = [one for one in entries if one.kind == Kind.LOOK and one.body["record"] == decided.body["record"]]
    if not rests or decided.at - rests[0].at <= LATE_DECISION:
        return None
    days = (decided.at - rests[0].at).days
    return Surprise(
        f"The decision came {days} days after the look it rests on.",
        "Ask what the decision waited for, and name who decides and by when in the plan",
    )


_READ: Mapping[str, Callable[[Body], _Found]] = MappingProxyType(
    {
        Kind.BREACH: _breach,
        Kind.LATE: _late,
        Kind.AMENDED: _amended,
        Kind.OVERRIDE_APPROVED: _overridden,
        Kind.DECIDED: _decided,
        Kind.WAIVED: _waived,
        Kind.DELTA: _delta,
    }
)
