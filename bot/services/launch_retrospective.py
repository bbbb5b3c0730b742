"""The draft of a launch's retrospective: what the ledger shows, and what it does not show said as unknown."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.effect import Upload
from bot.core.figures import interval, signed
from bot.core.launch import Kind, Launch, Task
from bot.core.launch_surprises import Surprise, as_planned, surprises
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.services import launches
from bot.services.desk import Desk
from bot.services.scheduled_looks import zone_now, zone_of
from bot.store import blobs, experiments, ledger, outbox
from bot.store.people import names
from bot.views.document import People, markdown
from bot.views.ledger_history import told
from bot.views.text import duration, escape

REVIEW_WITHIN = timedelta(days=5)
LONG = 1000
"""Characters of a sentence from outside."""


def upload(session: Session, desk: Desk, launch: Launch, now: datetime) -> str:
    """Draft the document and have it uploaded to the launch's channel; returns the text."""
    document = draft(session, desk, launch, now)
    review = _day(now + REVIEW_WITHIN, zone_now(session, desk, launch))
    effect = Upload(
        key=f"launch/{launch.id}/{launch.entry}/retrospective",
        channel=launch.channel,
        filename=f"{launch.id}-retrospective.md",
        title=f"{launch.id}: retrospective (draft)",
        blob=blobs.put(session, document.encode(), "text/markdown"),
        alt_text=f"Draft of the retrospective of {launch.id}, a Markdown document",
        comment=f"The draft of the blameless retrospective of `{launch.id}`: "
        f"{escape(launch.title or launch.id, 200)}. Please review it by {review}.",
    )
    outbox.put(session, effect, now=now)
    return document


def draft(session: Session, desk: Desk, launch: Launch, now: datetime) -> str:
    """The document as Markdown."""
    template = desk.templates.get_template("launch_retrospective.md.j2")
    return template.render(_context(session, desk, launch, now))


def _context(session: Session, desk: Desk, launch: Launch, now: datetime) -> dict[str, Any]:
    registration = launches.registration(session, launch)
    entries = ledger.of(session, launch.id)
    people = People(names(session), {str(role): who for role, who in desk.settings.roles.items()})
    zone = zone_of(session, desk, launch, registration)
    found = surprises(entries, registration, _reasons(session, launch))
    review_by = _day(now + REVIEW_WITHIN, zone)
    return {
        "name": markdown(registration.name),
        "id": launch.id,
        "review_by": review_by,
        "zone": str(zone),
        "facts": _facts(people, launch, registration),
        "milestones": _milestones(launch, entries, zone),
        "expected": _expected(launch, registration, entries),
        "timeline": [_event(people, entry, zone) for entry in entries],
        "decisions": [_event(people, entry, zone) for entry in entries if entry.kind in _DECISIONS],
        "surprises": [markdown(one.what, LONG) for one in found],
        "planned": [markdown(one) for one in as_planned(entries)],
        "unknown": [markdown(one, LONG) for one in _unknown(launch, registration, entries)],
        "actions": _actions(people, launch, found, review_by),
        "head": launch.head,
        "entry": launch.entry,
    }


_DECISIONS = (
    Kind.LOCKED, Kind.AMENDED, Kind.PAUSED, Kind.RESUMED, Kind.DECIDED, Kind.REDESIGN,
    Kind.OVERRIDE_REQUESTED, Kind.OVERRIDE_APPROVED, Kind.OVERRIDE_REFUSED, Kind.OVERRIDE_ENDED, Kind.WAIVED,
)  # fmt: skip


def _facts(people: People, launch: Launch, registration: Registration) -> list[tuple[str, str]]:
    hypothesis, decision = registration.hypothesis, launch.decision
    said = "nothing yet"
    if decision is not None:
        by = " by override" if decision.override else ""
        verdict = decision.verdict.replace("-", " ") or "no verdict was on record"
        said = f"{decision.decision}{by}, by {people.called(decision.by)}; the rule said: {markdown(verdict)}"
    prior = hypothesis.prior_probability
    return [
        ("Experiment", launch.id),
        ("Registration", f"SHA-256 {launch.sha256}"),
        ("Registered by", people.called(launch.author)),
        ("Intervention", markdown(hypothesis.intervention, LONG) or "none was written"),
        ("Claim", markdown(hypothesis.h1, LONG) or "none was written"),
        ("Probability put on it", "none was written" if prior is None else f"{prior:g}"),
        ("Decided", said),
        (
            "The plan",
            "was changed after a look" if launch.broken else "is the one signed, or amended within its rules",
        ),
    ]


def _milestones(launch: Launch, entries: Sequence[Entry], zone: ZoneInfo) -> list[dict[str, str]]:
    """Each that was reached, with how long it took from the one before."""
    first = next((one.at for one in launch.looks if one.look), None)
    after = next((entry.at for entry in entries if entry.kind == Kind.AFTER), None)
    stages = [entry.at for entry in entries if entry.kind in (Kind.STARTED, Kind.STAGE)]
    reached = [
        ("registered", launch.registered_at),
        ("locked", launch.locked_at),
        ("exposed", stages[0] if stages else None),
        ("first look", first),
        ("decided", launch.decision.at if launch.decision else None),
        ("checked after the launch", after),
    ]
    rows, before = [], None
    for name, at in reached:
        if name == "exposed" and at is None:  # no stage is known where there is no rollout
            continue
        took = duration(at - before) if at is not None and before is not None else ""
        rows.append({"name": name, "utc": _utc(at), "local": _local(at, zone), "took": took})
        before = at or before
    return rows


def _expected(
    launch: Launch, registration: Registration, entries: Sequence[Entry]
) -> list[tuple[str, str, str]]:
    """What was expected beside what came: the effect, what lasted, offline against online, the looks."""
    mde, delta = registration.primary.mde, _body(entries, Kind.DELTA)
    planned = "no effect was named"
    if mde is not None:
        planned = f"{mde.relative * 100:g} %" if mde.relative is not None else f"{mde.absolute:g}"
    result = (_body(entries, Kind.AFTER) or {}).get("result") or {}
    at = result.get("at_launch") or {}
    online = at.get("effect_rel") if at else (delta or {}).get("online")
    came = _effect(online, at.get("ci_rel")) + (", allowing for the looks" if at.get("adjusted") else "")
    rows = [(f"Effect on {registration.primary.metric}", planned, came)]
    if result:
        days = f"after {registration.after.days} days"
        rows.append((f"The same {days}", _effect(online, None), _lasted(result)))
    if delta is not None:
        offline = f"{signed(delta['offline'])} offline ({delta['offline_metric']})"
        rows.append(("Offline and online", offline, f"{signed(delta['online'])} online"))
    held = [one for one in launch.looks if one.look]
    rows.append(("Looks", f"{len(registration.looks)} planned", f"{len({one.look for one in held})} taken"))
    return [(markdown(a), markdown(b), markdown(c, LONG)) for a, b, c in rows]


def _lasted(result: Mapping[str, Any]) -> str:
    ci = result.get("ci_rel")
    against = {"holdout": " against the holdout", "launch": " treatment now against then"}
    where = against.get(result.get("against") or "", "")
    return f"{result['finding']}: {_effect(result.get('effect_rel'), ci)}{where}"


def _effect(value: float | None, ends: Sequence[float] | None) -> str:
    if value is None:
        return "unknown"
    return signed(value) + (f" {interval((ends[0], ends[1]))}" if ends else "")


def _event(people: People, entry: Entry, zone: ZoneInfo) -> dict[str, str]:
    at = datetime.fromisoformat(entry.body["at"]) if entry.body.get("adopted") else entry.at
    return {
        "utc": _utc(at),
        "local": _local(at, zone),
        "who": people.called(entry.by) if entry.by else "Lookout",
        "what": told(entry),
        "entry": str(entry.number),
    }


def _unknown(launch: Launch, registration: Registration, entries: Sequence[Entry]) -> list[str]:
    lines = []
    decision = launch.decision
    if decision is not None and decision.decision == "ship":
        result = (_body(entries, Kind.AFTER) or {}).get("result") or {}
        if not result:
            lines.append("Whether the gain lasts: the check after the launch is not there yet.")
        elif result["finding"] == "unknown":
            lines.append(f"Whether the gain lasted: {result['because']}.")
        novelty = result.get("novelty") or {}
        if result and novelty.get("slope") is None:
            lines.append(f"Whether the effect wears off: {novelty.get('reason', 'it was not computed')}.")
        if result.get("against") == "launch":
            lines.append("Whether guardrails hold after the launch: no unit was kept on the control.")
    elif decision is not None and not decision.record:
        lines.append("What the effect would have been: no planned look was on record when it was stopped.")
    if registration.offline is None:
        lines.append("Whether offline evidence predicted it: no offline delta was declared.")
    if registration.hypothesis.prior_probability is None:
        lines.append("How likely success was thought to be: no probability was written down.")
    if decision is not None and not decision.reason:
        lines.append("Why it was decided so, beyond the rule: no reason was given.")
    return lines


def _actions(people: People, launch: Launch, found: Sequence[Surprise], review_by: str) -> list[str]:
    owner = markdown(launch.owner) or "nobody yet"
    given = f"(owner: {owner}, due {review_by})"
    asked = dict.fromkeys(one.action for one in found)
    always = ["Read this with those who took part, and write down what is missing here"]
    lines = [f"{markdown(one, LONG)} {given}" for one in [*asked, *always]]
    return [*(_open_task(people, one) for one in launch.tasks if one.done is None), *lines]


def _open_task(people: People, task: Task) -> str:
    return f"{markdown(task.title)} (owner: {people.called(task.owner)}, due {task.due.isoformat()})"


def _reasons(session: Session, launch: Launch) -> dict[int, str]:
    """Why the looks that were invalid or vetoed were so, by record."""
    found = {}
    for seen in launch.looks:
        record = experiments.look(session, seen.record) if seen.verdict in ("invalid", "veto") else None
        reasons = record.result.get("reasons") if record else None
        if reasons:
            found[seen.record] = str(reasons[0])
    return found


def _body(entries: Sequence[Entry], kind: Kind) -> Mapping[str, Any] | None:
    return next((entry.body for entry in reversed(entries) if entry.kind == kind), None)


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "not reached"


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "not reached"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()
