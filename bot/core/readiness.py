"""What a launch must have before everybody gets it: the eight rows of the checklist, present or missing.

Each row is a procedure's artefact: a document that somebody links, or what the registration, the newest look
or the tracker of offline and online deltas says. A row that is missing can be waived by name in the ledger.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from bot.core.correlation import ALARM_PAIRS, FLOOR, Correlation
from bot.core.launch import Launch, Mark
from bot.core.registration import Registration
from bot.core.sizing import size
from bot.stats.correlation import Pearson
from bot.stats.undecided import Undecided

LONGEST_LINK = 1000
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AML-01": "Problem framed",
        "AML-02": "Prioritised",
        "AML-03": "Registered, locked and powered",
        "AML-04": "Offline evidence trusted",
        "AML-05": "Guardrails held",
        "AML-06": "Cohorts unharmed",
        "AML-07": "Latency budget and fallback",
        "AML-08": "Ready for an incident",
    }
)
"""The rows by id, in order."""

DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "framing": "AML-01",
        "portfolio": "AML-02",
        "correlation": "AML-04",
        "load_test": "AML-07",
        "fallback": "AML-07",
        "dashboard": "AML-08",
        "monitors": "AML-08",
        "runbook": "AML-08",
    }
)
"""The documents that can be linked, and the row each belongs to."""

WHO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AML-01": ("owner", "engineer"),
        "AML-02": ("owner", "approver"),
        "AML-04": ("engineer", "owner"),
        "AML-07": ("engineer",),
        "AML-08": ("engineer",),
    }
)
"""The roles that usually have the document; the other rows are brought about by signing and by looks."""

_FREE_TEXT = frozenset({"fallback"})
_DO = re.compile(r"\bdo\s*\(")


@dataclass(frozen=True)
class Waiver:
    """That a row may be missing: why, by whom, when; `override` where an approved review says so."""

    reason: str
    mark: Mark
    override: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the check.

    artefact: what is there, in words; why: what is missing, empty when present. supply: the roles, or
    sign-offs, of whoever can bring it. links: documents by name; wants: the documents that are still to be
    linked. Text from people in it is as they wrote it.
    """

    id: str
    name: str
    present: bool
    artefact: str
    why: str
    supply: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    wants: tuple[str, ...] = ()
    waived: Waiver | None = None

    @property
    def settled(self) -> bool:
        """Whether it does not hold the launch back."""
        return self.present or self.waived is not None


@dataclass(frozen=True)
class Known:
    """What the check rests on.

    look: the newest sound planned look as JSON, None before the first. correlation: of offline and online
    deltas. playbook: the name of the triage playbook, on_call: how many people hold the role it calls.
    """

    launch: Launch
    registration: Registration
    look: Mapping[str, Any] | None
    correlation: Correlation
    playbook: str = ""
    on_call: int = 0

    def document(self, name: str) -> str:
        """What was supplied last under that name, else what the registration links."""
        supplied = self.launch.supplied.get(name)
        artefacts: Mapping[str, str] = self.registration.artefacts  # type: ignore[assignment]
        return supplied[0] if supplied else artefacts.get(name, "")


def is_link(text: str) -> bool:
    """Whether it is an address of the web that a reader can open.

    >>> is_link("https://wiki.example/letter"), is_link("javascript:alert(1)"), is_link("http://a b")
    (True, False, False)
    """
    if len(text) > LONGEST_LINK or re.search(r"[\s<>|\x00-\x1f\"`\\]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def check(known: Known) -> tuple[Row, ...]:
    """The eight rows as they stand."""
    rows = (
        _framed(known),
        _documented(known, "AML-02", ("portfolio",), "ranked in the portfolio"),
        _registered(known),
        _trusted(known),
        _guardrails(known),
        _cohorts(known),
        _documented(known, "AML-07", ("load_test", "fallback"), "load test and fallback"),
        _operable(known),
    )
    return tuple(_with_waiver(known.launch, row) for row in rows)


def _framed(known: Known) -> Row:
    hypothesis = known.registration.hypothesis
    undeclared = []
    if not _DO.search(hypothesis.intervention):
        undeclared.append("the registration has no do() clause")
    if not hypothesis.disconfirming:
        undeclared.append("it declares nothing that would disprove it")
    said = f"customer letter; {hypothesis.intervention}"
    return _documented(known, "AML-01", ("framing",), said, undeclared)


def _documented(
    known: Known, row: str, names: tuple[str, ...], said: str, undeclared: list[str] | None = None
) -> Row:
    """A row that is there when every one of its documents is, and nothing else is wanting."""
    wants, faults, links, texts = [], list(undeclared or []), [], []
    for name in names:
        text = known.document(name)
        if is_link(text):
            links.append((name, text))
        elif text and name in _FREE_TEXT:
            texts.append(f"{_plain(name)}: {text}")
        else:
            wants.append(name)
            faults.append(f"{_plain(name)} is “{text}”, not a link" if text else f"no {_plain(name)} linked")
    artefact = "; ".join([said, *texts]) if links or texts else ""
    return Row(row, NAMES[row], not faults, artefact, "; ".join(faults), WHO[row], tuple(links), tuple(wants))


def _registered(known: Known) -> Row:
    """Locked with its hash, and able to see the effect it was made for."""
    launch, row = known.launch, "AML-03"
    powered, unpowered = _power(known)
    if launch.locked_at is None:
        waits = launch.missing_signoffs
        why = f"not locked: {', '.join(waits)} has not signed" if waits else "not locked yet"
        return Row(row, NAMES[row], False, "", "; ".join(filter(None, (why, unpowered))), waits)
    artefact = f"registration {launch.sha256[:12]}…, locked {launch.locked_at:%-d %b %Y}"
    artefact = f"{artefact}; {powered}" if powered else artefact
    return Row(row, NAMES[row], not unpowered, artefact, unpowered)


def _power(known: Known) -> tuple[str, str]:
    """What says that the primary is powered, and what says that it is not."""
    registration = known.registration
    sizing = size(registration)
    if isinstance(sizing.n_fixed, Undecided) or sizing.n_cuped is None:
        reason = sizing.n_fixed.reason if isinstance(sizing.n_fixed, Undecided) else "no sample size"
        return "", f"nobody can say whether the primary is powered: {reason}"
    needed = f"{sizing.n_cuped:,} per arm"
    split = (known.look or {}).get("srm") or {}
    seen = min(split.get("n_control") or 0, split.get("n_treatment") or 0)
    if seen >= sizing.n_cuped:
        return f"{needed} needed, {seen:,} seen", ""
    if sizing.runtime_days is None:
        return "", f"the primary needs {needed}, and traffic.eligible_per_day is not declared"
    if sizing.runtime_days > registration.horizon_days:
        days = f"{sizing.runtime_days:.0f} days, and the horizon is {registration.horizon_days}"
        return "", f"the primary is under-powered: {needed} take {days}"
    return f"{needed} in {max(1, round(sizing.runtime_days))} of {registration.horizon_days} days", ""


def _trusted(known: Known) -> Row:
    """The tracker where it has pairs enough, else what is declared with its source, else the document."""
    row, gate = "AML-04", known.registration.evidence_gate
    least = gate.min_correlation if gate else FLOOR
    measured, days = known.correlation.longest.found, known.correlation.longest.days
    link = known.document("correlation")
    links = (("correlation", link),) if is_link(link) else ()
    wants = () if links else ("correlation",)
    if isinstance(measured, Pearson) and measured.n >= ALARM_PAIRS:
        said = f"correlation {measured.r:.2f} over {measured.n} launches in {days} days, gate {least:g}"
        held = measured.r >= least
        why = "" if held else f"{said}: offline gains have not predicted online ones"
        return Row(row, NAMES[row], held, said if held else "", why, (), links)
    few = f"the tracker has {known.correlation.longest.pairs} of the {ALARM_PAIRS} launches it takes"
    if gate is not None and gate.correlation is not None and gate.correlation < least:
        why = f"declared correlation {gate.correlation:.2f} is below the gate {least:g}"
        return Row(row, NAMES[row], False, "", why, (), links)
    declared = f"declared correlation {gate.correlation:.2f}" if gate and gate.correlation is not None else ""
    if links:
        said = f"{declared}, gate {least:g}" if declared else "shown by a document"
        return Row(row, NAMES[row], True, said, "", WHO[row], links)
    why = f"{declared} names no source" if declared else "nothing shows that offline gains predict online"
    return Row(row, NAMES[row], False, "", f"{why}; {few}", WHO[row], (), wants)


def _guardrails(known: Known) -> Row:
    declared = tuple(one.metric for one in known.registration.guardrails)
    judged = [] if known.look is None else list(known.look.get("guardrails") or ())
    seen = [(str(one["metric"]), str(one["status"])) for one in judged]
    return _held(known, "AML-05", declared, seen, "guardrail")


def _cohorts(known: Known) -> Row:
    cohorts = known.registration.cohorts
    declared = tuple(cohorts.dimensions) if cohorts.max_relative_regression is not None else ()
    judged = [] if known.look is None else list(known.look.get("cohorts") or ())
    seen = [(str(one["cohort"]), str(one["status"])) for one in judged]
    return _held(known, "AML-06", declared, [one for one in seen if one[1] != "underpowered"], "cohort")


def _held(known: Known, row: str, declared: tuple[str, ...], seen: list[tuple[str, str]], kind: str) -> Row:
    """Whether the newest look held every line by the registration's own rule.

    By `harm` a line holds unless it vetoes; by `noninferiority` harm must be ruled out. What could not be
    judged does not hold: nobody knows.
    """
    newest = known.launch.newest
    if not declared:
        line = " with max_relative_regression" if kind == "cohort" else ""
        return Row(row, NAMES[row], False, "", f"the registration declares no {kind}s{line}")
    if newest is None or known.look is None:
        return Row(row, NAMES[row], False, "", f"no look has judged the {kind}s yet")
    strict = known.registration.guardrail_rule == "noninferiority"
    bad = {"veto", "undecided"} | ({"unproven", "near-veto"} if strict else set())
    faults = [f"{name} {status.replace('-', ' ')}" for name, status in seen if status in bad]
    at = f"look {newest.look} (record {newest.record})"
    if not seen:
        none = "judged no guardrail" if kind == "guardrail" else "had units enough in no cohort"
        return Row(row, NAMES[row], False, "", f"{at} {none}")
    if faults:
        return Row(row, NAMES[row], False, "", f"{at}: {', '.join(faults)}")
    near = [name for name, status in seen if status == "near-veto"]
    said = f"{len(seen)} {kind}{'' if len(seen) == 1 else 's'} held at {at}"
    said = f"{said}; near the line: {', '.join(near)}" if near else said
    return Row(row, NAMES[row], True, said, "")


def _operable(known: Known) -> Row:
    """Dashboard and monitors linked; a runbook linked, or a playbook and somebody whom it calls."""
    called = bool(known.playbook) and known.on_call > 0
    names = ("dashboard", "monitors") if called else ("dashboard", "monitors", "runbook")
    people = f"{known.on_call} {'person' if known.on_call == 1 else 'people'} on call"
    said = f"playbook {known.playbook}, {people}" if called else "dashboard, monitors and runbook"
    row = _documented(known, "AML-08", names, said)
    runbook = known.document("runbook")
    if not called or not is_link(runbook):
        return row
    return replace(row, links=(*row.links, ("runbook", runbook)))


def _with_waiver(launch: Launch, row: Row) -> Row:
    if row.present:
        return row
    waiver = None
    if row.id in launch.waived:
        waiver = Waiver(*launch.waived[row.id])
    elif row.id in ("AML-05", "AML-06"):
        waiver = _overridden(launch)
    return replace(row, waived=waiver)


def _overridden(launch: Launch) -> Waiver | None:
    """An approved review of the newest look's verdict stands for what that look did not hold."""
    override, newest = launch.override, launch.newest
    if override is None or override.approved is None or newest is None or override.record != newest.record:
        return None
    return Waiver(f"override {override.id} until {override.expires}", override.approved, override.id)


def _plain(document: str) -> str:
    return document.replace("_", " ")
