"""Decisions: the card after a look that asks for one, and ship or stop, which the rule allows or does not."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block, Ephemeral, Message, Post
from bot.core.inbound import Order, Submit
from bot.core.launch import Kind, Launch, LookSeen, Override
from bot.core.outside import kept
from bot.core.permission import Act
from bot.errors import InputError, RefusedError, StaleError
from bot.services import (
    after_launch,
    decision_cards,
    decision_record,
    deltas,
    framing_answers,
    launch_cards,
    launches,
    permissions,
    readiness,
    rollouts,
    tasks,
)
from bot.services.desk import Desk
from bot.services.scheduled_looks import zone_now
from bot.store import ledger, outbox
from bot.store.experiments import LookRecord
from bot.views import decision_forms as forms
from bot.views import decision_matrix as matrix
from bot.views import decision_notes as notes
from bot.views.decision import SHOWN
from bot.views.decision_actions import Pick
from bot.views.text import duration, escape, person


def judged(session: Session, desk: Desk, launch: Launch, record: LookRecord, now: datetime) -> None:
    """Post the decision card of a look just stored, where it asks for a decision; hold the launch on a veto.

    Cards of looks before it lose their buttons.
    """
    if not launch.open or not any(one.record == record.id for one in launch.looks):
        return
    if record.verdict in decision_cards.DECIDES and record.number:
        decision_cards.post(session, desk, launch, record.id, now)
    decision_cards.draw(session, desk, launch, now)
    newest = launch.newest
    if record.verdict == "veto" and newest is not None and newest.record == record.id:
        rollouts.hold(session, desk, launch, f"look {record.number} vetoed (record {record.id})", now)


def ship_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Ship]. Raises UserError when the rule does not allow it, or who asks may not."""
    permissions.require(session, desk, by, Act.DECIDE)
    pick = Pick.decode(value)
    launch = launches.read(session, pick.experiment)
    seen, override = _allowed(session, desk, launch, pick, now)
    case = decision_cards.case(session, desk, launch, seen.record, now)
    near = matrix.to_acknowledge(matrix.rows(case.registration, case.result))
    return forms.ship(notes.asked(case), near, override=notes.under(override) if override else "")


def ship(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Ship, from the form. Raises UserError when the rule, the signatures or readiness do not allow it."""
    del key
    permissions.require(session, desk, submit.by, Act.DECIDE)
    pick = Pick.decode(submit.value)
    launch = launches.load(session, pick.experiment)
    seen, override = _allowed(session, desk, launch, pick, now)
    case = decision_cards.case(session, desk, launch, seen.record, now)
    near = matrix.to_acknowledge(matrix.rows(case.registration, case.result))
    unticked = [name for name in forms.boxes(near) if not submit.fields.get(name)]
    if unticked:
        names = ", ".join(escape(row.name, 120) for row in near)
        raise InputError(f"A launch over these lines takes them on by name: {names}.", "Tick each of them.")
    reason = kept(submit.fields.get(forms.REASON, ""), forms.REASON_MOST)
    if (near or override) and not reason:
        raise InputError("Why it ships although these lines are not clear was not said.", "Say why.")
    body = _body(launch, seen) | {
        "decision": "ship",
        "acknowledged": [row.name for row in near],
        "override": override.id if override else None,
        "reason": reason,
    }
    _settle(session, desk, launch, submit.by, body, now)


def stop_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Stop]."""
    permissions.require(session, desk, by, Act.DECIDE)
    pick = Pick.decode(value)
    launch = launches.read(session, pick.experiment)
    undecided(launch, now)
    newest_seen(launch, pick.record)
    return forms.stop(notes.stopping(launch), least(launch))


def stop(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Stop, from the form."""
    del key
    permissions.require(session, desk, submit.by, Act.DECIDE)
    pick = Pick.decode(submit.value)
    launch = launches.load(session, pick.experiment)
    undecided(launch, now)
    newest_seen(launch, pick.record)
    _stopped(session, desk, launch, submit.by, submit.fields.get(forms.REASON, ""), now)


def order_stop(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/experiment stop [ID] REASON`; before the lock, when there is nothing to decide, it is given up."""
    del key
    permissions.require(session, desk, order.by, Act.DECIDE)
    launch, reason = launches.meant(session, order.place.channel, order.text)
    _stopped(session, desk, launch, order.by, reason, now)


def order_decide(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/experiment decide [ID]`: the card of the newest look, posted again."""
    launch, rest = launches.meant(session, order.place.channel, order.text)
    if rest:
        problem = f"Read `decide {escape(rest, 60)}`, and expected an experiment's id or nothing."
        raise InputError(problem, "The card has the buttons to decide with.")
    newest = launch.newest
    if launch.decision is not None:
        _again(session, desk, launch, order.place.channel, key, now)
        return
    if newest is None:
        why = "it is not locked yet" if launch.locked_at is None else "no planned look is on record"
        raise InputError(f"There is nothing to decide about `{launch.id}`: {why}.", "`/experiment plan`.")
    if newest.verdict not in decision_cards.DECIDES:
        said = f"Look {newest.look} of `{launch.id}` says {newest.verdict}: there is nothing to decide yet."
        outbox.put(session, Ephemeral(f"{key}/answer", order.place.channel, order.by, Message(said)), now=now)
        return
    decision_cards.post(session, desk, launch, newest.record, now, again=key)


def _again(session: Session, desk: Desk, launch: Launch, channel: str, key: str, now: datetime) -> None:
    """The decision that was taken, and its document once more, the same to the byte."""
    done = launch.decision
    if done is None:
        return
    entry = next(one for one in ledger.of(session, launch.id) if one.number == done.entry)
    outbox.put(session, Post(f"{key}/decided", channel, notes.decided(launch, entry)), now=now)
    decision_record.upload(session, desk, launch, entry, now, again=key, channel=channel)


def _allowed(
    session: Session, desk: Desk, launch: Launch, pick: Pick, now: datetime
) -> tuple[LookSeen, Override | None]:
    """The look that allows a launch, and the override it needs. Raises UserError when it may not ship."""
    _locked(launch)
    undecided(launch, now)
    seen = newest_seen(launch, pick.record)
    if pick.choice != launch.sha256[:SHOWN]:
        raise StaleError(
            f"`{launch.id}` was amended after this button was drawn: registration {launch.sha256[:SHOWN]}… "
            "is in force.",
            "Read the card again, it shows what changed; or type `/experiment decide`.",
        )
    override = None
    if seen.verdict != "ship":
        override = in_force(session, desk, launch, seen, now)
        if override is None:
            said = seen.verdict.replace("-", " ").upper()
            hint = (
                "A veto can be overridden only by a review that a director approves."
                if said == "VETO"
                else ""
            )
            raise RefusedError(f"Look {seen.look} says {said}, so `{launch.id}` does not ship.", hint)
    unsigned = launch.missing_signoffs
    if unsigned:
        who = "; ".join(f"{role}: {permissions.mentions(session, desk, role)}" for role in unsigned)
        raise RefusedError(f"`{launch.id}` lacks the signature of {', '.join(unsigned)}.", who)
    rows = readiness.missing(session, desk, launch, now)
    if rows:
        lacks = "; ".join(notes.lack(row, permissions.mentions(session, desk, *row.supply)) for row in rows)
        raise RefusedError(
            f"`{launch.id}` is not ready: {lacks}.", f"`/launch check {launch.id}` shows every row."
        )
    return seen, override


def in_force(session: Session, desk: Desk, launch: Launch, seen: LookSeen, now: datetime) -> Override | None:
    """The approved review of this look's veto whose last day is not past; None when there is none."""
    override = launch.override
    if override is None or override.record != seen.record or seen.verdict != "veto":
        return None
    zone = zone_now(session, desk, launch)
    return override if now.astimezone(zone).date() <= override.expires else None


def _locked(launch: Launch) -> None:
    if launch.locked_at is None:
        missing = ", ".join(launch.missing_signoffs) or "warnings to be taken on"
        raise RefusedError(f"`{launch.id}` is not locked, so nothing is decided yet.", f"Missing: {missing}.")


def undecided(launch: Launch, now: datetime) -> None:
    """Raise StaleError when somebody was first."""
    done = launch.decision
    if done is not None:
        raise StaleError(
            f"`{launch.id}` was decided {duration(now - done.at)} ago by {person(done.by)}: {done.decision}.",
            "The first decision stands.",
        )
    if launch.closed_at is not None:
        raise StaleError(f"`{launch.id}` is closed.", "Register a new experiment.")


def newest_seen(launch: Launch, record: int) -> LookSeen:
    """The newest look, when the card was of it. Raises StaleError with what the newer one says."""
    seen = decision_cards.seen_of(launch, record)
    newer = decision_cards.newer(launch, seen)
    if newer:
        raise StaleError(newer, "Use the newest card, or type `/experiment decide`.")
    return seen


def least(launch: Launch) -> int:
    """How long a reason to stop must be: longer where it contradicts the rule, which allows a launch."""
    newest = launch.newest
    against = newest is not None and newest.verdict == "ship" and not decision_cards.newer(launch, newest)
    return forms.AGAINST_LEAST if against else forms.REASON_LEAST


def _body(launch: Launch, seen: LookSeen | None) -> dict[str, object]:
    return {
        "verdict": seen.verdict if seen else "",
        "record": seen.record if seen else 0,
        "look": seen.look if seen else 0,
        "sha256": launch.sha256,
        "broken": launch.broken,
        "acknowledged": [],
        "override": None,
    }


def _stopped(session: Session, desk: Desk, launch: Launch, by: str, reason: str, now: datetime) -> None:
    undecided(launch, now)
    reason, wanted = kept(reason, forms.REASON_MOST), least(launch)
    example = f"For example `/experiment stop {launch.id} the effect is too small to keep it`."
    if not reason:
        raise InputError(f"Why `{launch.id}` is stopped was not said.", example)
    if len(reason) < wanted:
        against = "The rule allows a launch; stopping against it" if wanted > forms.REASON_LEAST else "That"
        raise InputError(f"{against} takes a reason of at least {wanted} characters.", example)
    if launch.locked_at is None:
        launch, entry = launches.note(session, launch.id, Kind.CLOSED, by=by, body={"why": reason}, now=now)
        said = notes.given_up(launch, entry)
        outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/closed", launch.channel, said), now=now)
        launch_cards.draw(session, desk, launch, now=now)
        return
    body = _body(launch, launch.newest) | {"decision": "stop", "reason": reason}
    _settle(session, desk, launch, by, body, now)


def _settle(
    session: Session, desk: Desk, launch: Launch, by: str, body: dict[str, object], now: datetime
) -> None:
    """Write the decision, tell the channel with its document, and let the rollout and what is after know."""
    launch, entry = launches.note(session, launch.id, Kind.DECIDED, by=by, body=body, now=now)
    key = f"launch/{launch.id}/{entry.number}"
    outbox.put(session, Post(f"{key}/decided", launch.channel, notes.decided(launch, entry)), now=now)
    decision_record.upload(session, desk, launch, entry, now)
    decision_cards.draw(session, desk, launch, now)
    tasks.ended(session, desk, launch, now)
    rollouts.concluded(session, desk, launch, now)
    deltas.record(session, desk, launch, now)
    framing_answers.decided(session, launch, entry, now)
    after_launch.plan_check(session, desk, launches.read(session, launch.id), now)
    launch_cards.draw(session, desk, launches.read(session, launch.id), now=now)
