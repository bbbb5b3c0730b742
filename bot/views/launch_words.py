"""Where a launch stands, in a headline and in what is expected of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bot.core.figures import local, look_at, weekday
from bot.core.launch import Amendment, Launch, Mark, State
from bot.core.plan import LaunchPlan
from bot.core.timetable import Calendar
from bot.views import text

_CONCLUDES = ("ship", "no-ship", "stop-futility", "inconclusive")


@dataclass(frozen=True)
class Living:
    """A launch with what its card needs: the plan of the registration in force, and when its days are.

    next_look: its number and moment, where both are known; signers: who may sign, by role outstanding;
    owners: whom to call, as mentions.
    """

    launch: Launch
    plan: LaunchPlan
    calendar: Calendar
    next_look: tuple[int, datetime] | None = None
    signers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    owners: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.launch.title or self.launch.id

    def date(self, moment: datetime) -> str:
        """A moment as a date where the launch lives."""
        return weekday(moment.astimezone(self.calendar.zone).date())


def headline(shown: Living) -> str:
    """Where it stands, as plain text."""
    launch = shown.launch
    match launch.state:
        case State.SIGNING:
            return waiting(launch) or "Ready to lock"
        case State.LOCKED:
            return f"Locked {shown.date(launch.locked_at or launch.registered_at)}, {launch.sha256[:12]}…"
        case State.RUNNING:
            return f"Running: {', '.join(_running(shown))}"
        case State.PAUSED:
            return f"Paused: {launch.paused_why}"
        case State.VETOED:
            return f"VETO at look {launch.veto.look if launch.veto else 0}"
        case State.CLOSED:
            return f"Closed{_decided(shown)}"
        case _:
            said = _decided(shown).removeprefix(", ")
            return said[:1].upper() + said[1:]


def waiting(paper: Launch | Amendment) -> str:
    """What is outstanding before it holds: `Waiting for 2 signatures: em, applied-ml`; else empty."""
    roles, warnings = paper.missing_signoffs, paper.missing_acknowledgements
    parts = []
    if roles:
        parts.append(f"{len(roles)} signature{'s' if len(roles) > 1 else ''}: {', '.join(roles)}")
    if warnings:
        many = "s" if len(warnings) > 1 else ""
        parts.append(f"{len(warnings)} warning{many} to be acknowledged")
    return f"Waiting for {'; '.join(parts)}" if parts else ""


def expected(shown: Living) -> list[str]:
    """Who is expected to do what, and when."""
    launch = shown.launch
    match launch.state:
        case State.SIGNING:
            return [*outstanding(launch, shown.signers), "No look is taken before it is locked."]
        case State.LOCKED if launch.stage < 0 and (_next(shown) == "" or shown.plan.registration.rollout):
            how = "with [Start] on the rollout card, or `/experiment start`"
            if not shown.plan.registration.rollout:
                how = "with `/experiment start`"
            return [f"{shown.owners} or an engineer begins it {how}.", *_soon(shown)]
        case State.LOCKED | State.RUNNING:
            return _soon(shown)
        case State.PAUSED:
            return [f"{_by(launch.paused)}. An engineer or owner resumes it on the rollout card."]
        case State.VETOED:
            stays = f"The launch stays at {text.escape(launch.stage_name, 80)}. " if launch.stage >= 0 else ""
            return [f"{stays}The decision card says what comes next; the rule does not let it ship."]
        case _:
            return _after(shown)


def outstanding(paper: Launch | Amendment, signers: Mapping[str, tuple[str, ...]]) -> list[str]:
    """For every missing signature who may give it, and who takes on the warnings."""
    lines = []
    for role in paper.missing_signoffs:
        name, may = text.escape(role, 80), signers.get(role, ())
        if may:
            lines.append(f"• {name}: {' or '.join(text.person(one) for one in may[:8])} signs")
        else:
            lines.append(
                f"⚠ {name}: nobody may sign. An admin names people in lookout.toml, "
                f'under [signoffs]: {name} = ["U…"]'
            )
    codes = dict.fromkeys(one["code"] for one in paper.missing_acknowledgements)
    if codes:
        lines.append(f"• {', '.join(codes)}: an engineer, owner or approver acknowledges")
    return lines


def called(verdict: str) -> str:
    """A verdict as cards say it: `STOP FUTILITY`."""
    return verdict.replace("-", " ").upper()


def broken_plan(launch: Launch) -> str:
    """What every verdict after a change that broke the plan has to say, for mrkdwn; empty when none did."""
    if not launch.broken:
        return ""
    who = f" by {_by(launch.broken_by)}" if launch.broken_by else ""
    why = f": {text.escape(launch.broken_why, 300)}" if launch.broken_why else ""
    return f"⚠ The plan was changed after a look{who}{why}. Its error rates are no longer those signed."


def _running(shown: Living) -> Sequence[str]:
    launch = shown.launch
    stage = [f"stage {launch.stage_name}"] if launch.stage >= 0 else []
    newest = launch.newest
    if newest is not None and newest.verdict in _CONCLUDES:
        return [*stage, f"look {newest.look} says {called(newest.verdict)}"]
    if shown.next_look is not None:
        number, moment = shown.next_look
        return [*stage, f"look {number} {local(moment, shown.calendar.zone)}"]
    number = 1 if newest is None else newest.look + 1
    days = shown.plan.registration.looks
    return [*stage, f"look {number} after day {days[number - 1]}" if number <= len(days) else "no look left"]


def _next(shown: Living) -> str:
    """When the next look is; empty while nobody knows."""
    if shown.next_look is None:
        return ""
    return look_at(shown.plan.registration, shown.next_look[0], shown.calendar)


def _soon(shown: Living) -> list[str]:
    launch, newest = shown.launch, shown.launch.newest
    if newest is not None and newest.verdict in _CONCLUDES:
        who = "An owner, approver or director decides"
        return [f"{who} on the card of look {newest.look}, record {newest.record}."]
    coming = _next(shown)
    if coming:
        return [f"Next: {coming}, by itself. Nothing is decided before."]
    return ["Nothing is scheduled: day 1 is not known."] if launch.start is None else []


def _decided(shown: Living) -> str:
    decision = shown.launch.decision
    if decision is None:
        return ""
    verb = "shipped" if decision.decision == "ship" else "stopped"
    return f", {verb} {shown.date(decision.at)}{' by override' if decision.override else ''}"


def _after(shown: Living) -> list[str]:
    decision = shown.launch.decision
    if decision is None:
        return ["Nothing is expected any more."]
    rests = f", on record {decision.record}: {called(decision.verdict)}" if decision.record else ""
    why = f" {text.escape(decision.reason, 400)}" if decision.reason else ""
    lines = [f"Decided by {_by(Mark(decision.by, decision.at))}{rests}.{why}"]
    lapsed = shown.launch.lapsed
    if lapsed is not None:
        over = f"⚠ Its override ended with {weekday(lapsed.expires)}: it runs against the rule."
        lines.insert(0, f"{over} {shown.owners}: roll it back, or register a re-run.")
    return lines


def _by(mark: Mark | None) -> str:
    if mark is None:
        return "nobody"
    who = text.person(mark.by) if mark.by else "Lookout"
    return f"{who}, {text.when(mark.at, style='{date_short_pretty} {time}')}"
