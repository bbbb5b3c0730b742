"""The record of a decision as a document: what was declared, seen, said by the rule and decided by whom."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from bot.core.declaration import Declaration
from bot.core.effect import Upload
from bot.core.figures import day_of, plain
from bot.core.launch import Kind, Launch, Override
from bot.core.launch_steps import so_far
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.core.threshold import threshold_of
from bot.core.verdict_words import line_of
from bot.services import decision_cards, launches
from bot.services.desk import Desk
from bot.services.look_record import recall
from bot.services.scheduled_looks import zone_of
from bot.store import blobs, experiments, ledger, outbox
from bot.store.people import names
from bot.views import decision_matrix as matrix
from bot.views.decision_words import known_then
from bot.views.document import People, markdown
from bot.views.look_head import shout
from bot.views.text import escape

FIELD_MOST = 3000
"""Characters of a review's field."""


def upload(
    session: Session,
    desk: Desk,
    launch: Launch,
    entry: Entry,
    now: datetime,
    *,
    again: str = "",
    channel: str = "",
) -> str:
    """Have the document of a ledger's entry uploaded to the launch's channel; returns the text.

    With `again`, which names who asked, once more, to `channel`.
    """
    document = render(session, desk, entry)
    what = _what(entry).lower()
    effect = Upload(
        key=f"launch/{launch.id}/{entry.number}/record" + (f"/again/{again}" if again else ""),
        channel=channel or launch.channel,
        filename=f"{launch.id}-{_in_a_name(what)}-{entry.number}.md",
        title=f"{launch.id}: {what}",
        blob=blobs.put(session, document.encode(), "text/markdown"),
        alt_text=f"Record of a decision about {launch.id}, a Markdown document",
        comment=f"The record of `{launch.id}`: {escape(what, 60)} (ledger {entry.number}).",
    )
    outbox.put(session, effect, now=now)
    return document


def _in_a_name(what: str) -> str:
    """What was decided, of characters that every file system takes."""
    return "-".join(re.findall(r"[\w-]+", what))[:80]


def render(session: Session, desk: Desk, entry: Entry) -> str:
    """The document as Markdown: what was known when the entry was written, whenever it is rendered."""
    then = so_far([one for one in ledger.of(session, entry.subject) if one.number <= entry.number])
    template = desk.templates.get_template("decision.md.j2")
    return template.render(_context(session, desk, then, entry))


def _what(entry: Entry) -> str:
    body = entry.body
    match entry.kind:
        case Kind.OVERRIDE_APPROVED:
            return "Override approved"
        case Kind.OVERRIDE_REFUSED:
            return "Override refused"
        case Kind.OVERRIDE_ENDED:
            return "Override lapsed"
        case Kind.REDESIGN:
            return f"Redesign: {body['title']}"
        case _:
            return f"{body['decision'].capitalize()}{' under an override' if body.get('override') else ''}"


def _against(entry: Entry) -> str:
    """That a decision contradicts the rule, in a sentence; empty when it does not."""
    body = entry.body
    if body.get("decision") == "stop" and body.get("verdict") == "ship":
        return "The rule allowed a launch."
    return "The rule does not let it ship." if body.get("decision") == "ship" and body.get("override") else ""


def _context(session: Session, desk: Desk, launch: Launch, entry: Entry) -> dict[str, Any]:
    people = People(names(session), {str(role): who for role, who in desk.settings.roles.items()})
    override = next((one for one in launch.overrides if one.id == entry.body.get("override")), None)
    record = int(entry.body.get("record") or (override.record if override else 0))
    sha256 = launch.sha256
    registration = launches.registration(session, launch)
    found: dict[str, Any] = {"seen": None, "matrix": [], "reasons": [], "verdict": "no verdict"}
    if record:
        shown = recall(session, record)
        registration, sha256 = shown.registration, shown.result.sha256
        found = _seen(session, desk, launch, record)
    zone = zone_of(session, desk, launch, registration)
    declaration = decision_cards.declaration_of(session, launch, sha256)
    return {
        "what": markdown(_what(entry)),
        "name": markdown(registration.name),
        "id": launch.id,
        "when_utc": f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M}",
        "when_local": f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "zone": str(zone),
        "by": people.called(entry.by) if entry.by else "Lookout, when its last day was over",
        "reason": markdown(entry.body.get("reason") or entry.body.get("why") or "", FIELD_MOST),
        "against": _against(entry),
        "broken": _broken(people, launch),
        "ledger": entry.number,
        "head": entry.hash,
        "declared": _declared(people, registration, declaration, launch, zone),
        "looks": [_look(one.look, one.day, one.verdict, one.record) for one in launch.looks],
        "acknowledged": [markdown(one) for one in entry.body.get("acknowledged") or ()],
        "waived": [
            f"{markdown(row)}: {markdown(why)} ({people.called(mark.by)})"
            for row, (why, mark) in launch.waived.items()
        ],
        "override": _override(desk, people, override) if override else None,
        "redesign": _redesign(desk, entry) if entry.kind == Kind.REDESIGN else None,
        **found,
    }


def _declared(
    people: People, registration: Registration, declaration: Declaration, launch: Launch, zone: Any
) -> dict[str, Any]:
    hypothesis = registration.hypothesis
    start = launch.start or registration.data.start
    at = (
        "not in force"
        if declaration.at is None
        else f"{declaration.at.astimezone(zone):%Y-%m-%d %H:%M} {zone}"
    )
    return {
        "sha256": declaration.sha256,
        "at": at,
        "known": known_then(declaration, start, zone),
        "author": people.called(declaration.author) if declaration.author else "unknown",
        "signers": [
            {"role": markdown(role), "who": people.called(by)} for role, by in declaration.signers.items()
        ],
        "reason": markdown(declaration.reason),
        "intervention": markdown(hypothesis.intervention) or "none was written",
        "h0": markdown(hypothesis.h0) or "none was written",
        "h1": markdown(hypothesis.h1) or "none was written",
        "disconfirming": markdown("; ".join(hypothesis.disconfirming)) or "nothing was written",
        "primary": _primary(registration),
        "looks": ", ".join(day_of(registration, day) for day in registration.looks)
        + f"; spending {registration.sequential.spending}, alpha {registration.alpha:g}",
        "guardrails": _guardrails(registration),
    }


def _primary(registration: Registration) -> str:
    primary = registration.primary
    mde = primary.mde
    least = (
        ""
        if mde is None
        else ", minimum effect "
        + (f"{mde.relative * 100:g} %" if mde.relative is not None else f"{mde.absolute:g}")
    )
    rule = registration.ship_rule.replace("_", " ")
    return f"{markdown(primary.metric)}, {primary.direction}{least}, ships when {rule}"


def _guardrails(registration: Registration) -> str:
    lines = [f"{one.metric} {line_of(threshold_of(registration, one))}" for one in registration.guardrails]
    limit = registration.cohorts.max_relative_regression
    if limit is not None:
        lines.append(f"every cohort of {', '.join(registration.cohorts.dimensions)} within {limit * 100:g} %")
    rule = f"rule {registration.guardrail_rule}, correction {registration.correction}"
    return markdown(f"{'; '.join(lines) or 'none'}; {rule}", 3000)


def _seen(session: Session, desk: Desk, launch: Launch, record: int) -> dict[str, Any]:
    shown, kept = recall(session, record), experiments.look(session, record)
    result = shown.result
    control, treatment = result.units
    rows = matrix.rows(shown.registration, result)
    zone = zone_of(session, desk, launch, shown.registration)
    return {
        "seen": {
            "look": f"{result.look} of {result.looks}",
            "day": f"{result.day:g}",
            "taken": f"{kept.taken_at.astimezone(zone):%Y-%m-%d %H:%M} {zone}" if kept else "unknown",
            "alpha": f"{plain(result.alpha_spent)} of {shown.registration.alpha:g}",
            "units": f"{treatment:,} treated, {control:,} control",
            "record": record,
            "seal": (kept.seal if kept else "") or "none: it is of the first version",
            "fingerprint": result.data_fingerprint,
        },
        "matrix": [_row(row) for row in rows],
        "reasons": [markdown(one, 1000) for one in result.reasons],
        "verdict": shout(result.verdict),
    }


def _row(row: matrix.Row) -> Mapping[str, str]:
    texts = ("name", "before", "after", "change", "line", "p", "asked", "said")
    return {name: markdown(getattr(row, name)) for name in texts} | {"mark": row.mark}


def _look(look: int, day: float, verdict: str, record: int) -> dict[str, Any]:
    return {"look": look or "peek", "day": f"{day:g}", "verdict": verdict, "record": record}


def _broken(people: People, launch: Launch) -> str:
    if not launch.broken:
        return ""
    by = f" by {people.called(launch.broken_by.by)}" if launch.broken_by else ""
    why = f": {markdown(launch.broken_why)}" if launch.broken_why else ""
    return f"It was amended{by} with a look on record{why}."


def _redesign(desk: Desk, entry: Entry) -> dict[str, Any]:
    """The ways there were, with what each costs."""
    plan = desk.playbooks.cohort_redesign
    return {
        "options": [
            {
                "title": markdown(f"{one.label}: {one.title}"),
                "what": markdown(one.what, FIELD_MOST),
                "cost": markdown(one.cost),
                "pros": markdown("; ".join(one.pros), FIELD_MOST),
                "cons": markdown("; ".join(one.cons), FIELD_MOST),
                "recommended": "recommended" if one.recommended else "",
                "chosen": "chosen" if one.id == entry.body["option"] else "",
            }
            for one in plan.options
        ],
        "why": markdown(plan.why, FIELD_MOST),
    }


def _override(desk: Desk, people: People, override: Override) -> dict[str, Any]:
    labels = {one.id: one.label for one in desk.playbooks.veto.override.fields}
    answer = "nobody has answered"
    if override.approved is not None:
        answer = f"approved by {people.called(override.approved.by)}"
    elif override.refused is not None:
        answer = f"refused by {people.called(override.refused.by)}"
    elif override.ended is not None:
        answer = "nobody answered before its last day was over"
    return {
        "by": people.called(override.by),
        "at": f"{override.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "answer": answer,
        "expires": override.expires.isoformat(),
        "retrospective": override.retrospective.isoformat(),
        "fields": [
            {"label": markdown(labels.get(name, name)), "said": markdown(said, FIELD_MOST)}
            for name, said in override.fields.items()
        ],
    }
