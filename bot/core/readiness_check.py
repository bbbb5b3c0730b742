"""The check of what a launch must have: what registration, looks, tracker and documents say of each row."""

import re
from dataclasses import replace

from bot.core.correlation import ALARM_PAIRS, FLOOR
from bot.core.launch import Launch
from bot.core.readiness import NAMES, WHO, How, Known, Row, Waiver, is_link, plain
from bot.core.sizing import size
from bot.stats.correlation import Pearson
from bot.stats.undecided import Undecided

AMENDS = ("engineer", "owner")
WAIVES = ("approver", "director")
_LOOKED = frozenset({"AML-05", "AML-06"})
_FREE_TEXT = frozenset({"fallback"})
_DO = re.compile(r"\bdo\s*\(")


def check(known: Known) -> tuple[Row, ...]:
    """The eight rows as they stand."""
    rows = (
        _framed(known),
        _prioritised(known),
        _registered(known),
        _trusted(known),
        _guardrails(known),
        _cohorts(known),
        _documented(known, "AML-07", ("load_test", "fallback"), "load test and fallback"),
        _operable(known),
    )
    return tuple(_with_waiver(known.launch, row) for row in rows)


def _framed(known: Known) -> Row:
    """A decided framing has letter, do() clause and what would disprove it; else a linked document must."""
    hypothesis = known.registration.hypothesis
    link = known.document("framing")
    if known.framing:
        links = (("framing", link),) if is_link(link) else ()
        return _row("AML-01", f"{known.framing}; {hypothesis.intervention}", "", links)
    undeclared = [known.framing_draft] if known.framing_draft else []
    if not _DO.search(hypothesis.intervention):
        undeclared.append("the registration has no do() clause")
    if not hypothesis.disconfirming:
        undeclared.append("it declares nothing that would disprove it")
    said = f"customer letter; {hypothesis.intervention}"
    return _documented(known, "AML-01", ("framing",), said, undeclared)


def _prioritised(known: Known) -> Row:
    """A locked pick says that it was ranked against the others; else a linked document must."""
    link = known.document("portfolio")
    if known.picked:
        return _row("AML-02", known.picked, "", (("portfolio", link),) if is_link(link) else ())
    found = _documented(known, "AML-02", ("portfolio",), "ranked in the portfolio")
    if found.present or not known.unpicked:
        return found
    return replace(found, why=f"{known.unpicked}; {found.why}")


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
            texts.append(f"{plain(name)}: {text}")
        elif name in known.shown:
            texts.append(f"{plain(name)}: {known.shown[name]}")
        else:
            wants.append(name)
            faults.append(f"{plain(name)} is “{text}”, not a link" if text else f"no {plain(name)} linked")
    artefact = "; ".join([said, *texts]) if links or texts else ""
    found = _row(row, artefact, "; ".join(faults), tuple(links), tuple(wants))
    return found if wants or found.present else replace(found, supply=AMENDS, how="amend the registration")


def _row(
    row: str,
    artefact: str,
    why: str,
    links: tuple[tuple[str, str], ...] = (),
    wants: tuple[str, ...] = (),
    supply: tuple[str, ...] = (),
    how: How = "supply it",
) -> Row:
    """A row, present where nothing says why it is not."""
    return Row(
        row, NAMES[row], not why, artefact, why, supply or WHO.get(row, WAIVES), links, wants, None, how
    )


def _registered(known: Known) -> Row:
    """Locked with its hash, and able to see the effect it was made for."""
    launch, row = known.launch, "AML-03"
    powered, unpowered = _power(known)
    if launch.locked_at is None:
        waits = launch.missing_signoffs
        why = f"not signed as {', '.join(waits)}" if waits else "not locked yet"
        why = "; ".join(filter(None, (why, unpowered)))
        return _row(row, "", why, supply=waits or AMENDS, how="sign" if waits else "amend the registration")
    locked = f"{launch.locked_at.day} {launch.locked_at:%b %Y}"
    artefact = "; ".join(filter(None, (f"registration {launch.sha256[:12]}…, locked {locked}", powered)))
    return _row(row, artefact, unpowered, supply=AMENDS, how="amend the registration")


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
    if isinstance(measured, Pearson) and measured.n >= ALARM_PAIRS:
        said = f"correlation {measured.r:.2f} over {measured.n} launches in {days} days, gate {least:g}"
        if known.correlation.harness:
            said += f", by the harness adopted in ledger {known.correlation.harness}"
        if measured.r >= least:
            return _row(row, said, "", links)
        why = f"{said}: offline gains have not predicted online ones; /correlation diagnose asks why"
        return _row(row, "", why, links, supply=WAIVES, how="waive it")
    claimed = gate.correlation if gate else None
    if claimed is not None and claimed < least:
        why = f"declared correlation {claimed:.2f} is below the gate {least:g}"
        return _row(row, "", why, links, supply=WAIVES, how="waive it")
    declared = "" if claimed is None else f"declared correlation {claimed:.2f}"
    if links:
        return _row(row, f"{declared}, gate {least:g}" if declared else "shown by a document", "", links)
    few = f"the tracker has {known.correlation.longest.pairs} of the {ALARM_PAIRS} launches it takes"
    why = f"{declared} names no source" if declared else "nothing shows that offline gains predict online"
    return _row(row, "", f"{why}; {few}", wants=("correlation",))


def _guardrails(known: Known) -> Row:
    if not known.registration.guardrails:
        why = "the registration declares no guardrails"
        return _row("AML-05", "", why, supply=AMENDS, how="amend the registration")
    judged = [] if known.look is None else list(known.look.get("guardrails") or ())
    return _held(known, "AML-05", [(str(one["metric"]), str(one["status"])) for one in judged], "guardrail")


def _cohorts(known: Known) -> Row:
    """Those with units enough; what could not be judged for want of them is no evidence either way."""
    cohorts = known.registration.cohorts
    if not cohorts.dimensions or cohorts.max_relative_regression is None:
        why = "the registration declares no cohorts with max_relative_regression"
        return _row("AML-06", "", why, supply=AMENDS, how="amend the registration")
    judged = [] if known.look is None else list(known.look.get("cohorts") or ())
    adequate = [
        (str(one["cohort"]), str(one["status"]))
        for one in judged
        if one["status"] != "underpowered" and one.get("adequacy") is not None
    ]
    return _held(known, "AML-06", adequate, "cohort")


def _held(known: Known, row: str, seen: list[tuple[str, str]], kind: str) -> Row:
    """Whether the newest look held every line by the registration's own rule.

    By `harm` a line holds unless it vetoes; by `noninferiority` harm must be ruled out. What could not be
    judged does not hold: nobody knows.
    """
    newest = known.launch.newest
    if newest is None or known.look is None:
        why = f"no look has judged the {kind}s yet"
        return _row(row, "", why, supply=("engineer",), how="take the look")
    strict = known.registration.guardrail_rule == "noninferiority"
    bad = {"veto", "undecided"} | ({"unproven", "near-veto"} if strict else set())
    faults = [f"{name} {status.replace('-', ' ')}" for name, status in seen if status in bad]
    at = f"look {newest.look} (record {newest.record})"
    if not seen:
        faults = ["no guardrail was judged" if kind == "guardrail" else "no cohort had units enough"]
    if faults:
        return _row(row, "", f"{at}: {', '.join(faults)}", supply=WAIVES, how="waive it")
    near = [name for name, status in seen if status == "near-veto"]
    said = f"{len(seen)} {kind}{'' if len(seen) == 1 else 's'} held at {at}"
    return _row(row, f"{said}; near the line: {', '.join(near)}" if near else said, "")


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
    """A waiver of what a look found counts from that look on: nobody waived what came after."""
    if row.present:
        return row
    waiver = Waiver(*launch.waived[row.id]) if row.id in launch.waived else None
    if row.id in _LOOKED:
        newest = launch.newest
        if waiver is not None and newest is not None and waiver.mark.at < newest.at:
            waiver = None
        waiver = waiver or _overridden(launch)
    return replace(row, waived=waiver)


def _overridden(launch: Launch) -> Waiver | None:
    """An approved review of the newest look's verdict stands for what that look did not hold."""
    override, newest = launch.override, launch.newest
    if override is None or override.approved is None or newest is None or override.record != newest.record:
        return None
    return Waiver(f"override {override.id} until {override.expires}", override.approved, override.id)
