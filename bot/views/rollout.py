"""The rollout card: where the launch is, what is expected of whom, the stages, the newest check, buttons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.condition import Check, Status
from bot.core.effect import Block, Message
from bot.core.flag import Told
from bot.core.launch import Launch, State
from bot.core.rollout import Stage
from bot.core.stages import exposes, following, is_full, place
from bot.views import flags, text
from bot.views.experiment_actions import Reference
from bot.views.rollout_actions import RolloutAction, button
from bot.views.rollout_words import reading_line, tally

DATED = "{date_short_pretty} {time}"
MOST_READINGS = 12
_OVER = (State.STOPPED, State.CLOSED)


@dataclass(frozen=True)
class Entered:
    """When a stage was entered, and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Shown:
    """Everything the card says.

    entered: by the stage's name. lacks: how much longer the stage is to run. check: the newest, None before
    the first. wants: why the stage for everybody is closed; empty when it is open, or when it is not next.
    """

    launch: Launch
    stages: tuple[Stage, ...]
    now: datetime
    told: Told
    host: str = ""
    entered: Mapping[str, Entered] = field(default_factory=dict)
    lacks: timedelta = timedelta(0)
    check: Check | None = None
    every: timedelta = timedelta(minutes=15)
    wants: str = ""

    @property
    def here(self) -> int | None:
        """Where the present stage stands; None when an amendment took it out."""
        return place(self.stages, self.launch)

    @property
    def next(self) -> int | None:
        """The stage that comes next."""
        return following(self.stages, self.launch)

    @property
    def running(self) -> bool:
        """Whether somebody is exposed and watched."""
        return exposes(self.stages, self.launch)

    @property
    def unwatched(self) -> bool:
        """Whether the present stage, though running, has nothing to be checked."""
        if self.here is None or not self.running or self.stages[self.here].abort_if:
            return False
        return is_full(self.stages, self.here) or (self.check is not None and not self.check.readings)

    @property
    def awaits(self) -> bool:
        """Whether no check was made yet of what is watched."""
        return self.check is None and self.running


def card(shown: Shown) -> Message:
    """Draw it."""
    launch = shown.launch
    head, what = _head(shown), _expected(shown)
    blocks = [
        text.header(f"{head}: {launch.title or launch.id}"),
        text.section(what),
        text.section(text.fit([_stage_line(shown, index) for index in range(len(shown.stages))])),
        *_check(shown),
        *_buttons(shown),
        text.context(
            text.fit([flags.line(shown.told, shown.host), f"`{launch.id}` · ledger {launch.entry}"])
        ),
    ]
    title = text.escape(launch.title or launch.id, 200)
    return Message(f"{text.escape(head, 200)}: {title}. {what}"[: text.NOTIFICATION], tuple(blocks))


def stage_name(shown: Shown) -> str:
    """`stage 2 of 4, 10%`."""
    if shown.here is None:
        return shown.launch.stage_name
    return f"stage {shown.here + 1} of {len(shown.stages)}, {shown.launch.stage_name}"


def _head(shown: Shown) -> str:
    launch = shown.launch
    if launch.state in _OVER:
        return "Rollout over"
    if launch.stage < 0:
        return "Rollout ready"
    if launch.paused is not None:
        return f"Paused at {stage_name(shown)}"
    if launch.state is State.VETOED:
        return f"Held at {stage_name(shown)}"
    return f"Rollout at {stage_name(shown)}"


def _expected(shown: Shown) -> str:
    """What is expected of whom, and when."""
    launch = shown.launch
    match launch.state:
        case State.STOPPED:
            return "Stopped: nothing is rolled out any more, and nothing is checked."
        case State.CLOSED:
            return "Closed: nothing is checked any more."
        case State.SIGNING:
            return "It cannot start before every sign-off is there."
    if launch.stage < 0 and launch.state is State.VETOED:
        return "The newest look vetoed: nobody is exposed until that is decided."
    if launch.stage < 0 and launch.open:
        first = text.escape(shown.stages[0].stage, 80)
        return f"Nobody is exposed yet. [Start] begins with {first}, which is then checked {_often(shown)}."
    if launch.paused is not None:
        who = f" by {text.person(launch.paused.by)}" if launch.paused.by else ""
        at = text.when(launch.paused.at, style=DATED)
        then = "[Resume…] takes a reason."
        if launch.state is State.VETOED:
            then = "The newest look vetoed besides: it stays paused until that is decided."
        return f"Paused {at}{who}: {text.escape(launch.paused_why, 500)}. {then}"
    if launch.state is State.VETOED:
        return "The newest look vetoed: it stays where it is until that is decided. It is still checked."
    return _next(shown)


def _next(shown: Shown) -> str:
    upcoming = shown.next
    watched = f"Checked {_often(shown)}." if shown.running else "Not checked any more."
    if shown.unwatched:
        watched = "It declares no condition, so nothing is checked."
    if shown.here is None:
        return f"The registration in force has no such stage any more: amend it, or stop. {watched}"
    if upcoming is None:
        return f"This is the last stage. {watched}"
    name = text.escape(shown.stages[upcoming].stage, 80)
    if shown.wants:
        return f"Next: {name}, which is closed: {shown.wants}. {watched}"
    if shown.lacks:
        at = text.when(shown.now + shown.lacks, style=DATED)
        return f"Next: {name}, from {at} on by [Advance]. {watched}"
    if shown.awaits:
        return f"Next: {name}, once it has been checked. {watched}"
    if shown.check is not None and not shown.check.fine:
        return f"Held: {_unfit(shown.check)}. Next: {name}, once a check is fine. {watched}"
    return f"Next: {name}, when somebody presses [Advance]; it is checked once more first. {watched}"


def _unfit(check: Check) -> str:
    """What keeps a launch from going on, in a few words; the lines below say it whole."""
    found = check.breached or check.blocking
    how = "is breached" if check.breached else "cannot be read"
    if not check.breached and check.of(Status.HELD):
        return "the data are not fit to go on with"
    names = text.escape(", ".join(one.metric or one.condition for one in found), 200)
    return f"{names} {how}"


def _often(shown: Shown) -> str:
    return f"every {text.duration(shown.every)}"


def _stage_line(shown: Shown, index: int) -> str:
    stage = shown.stages[index]
    name = text.escape(stage.stage, 80)
    days = "" if stage.days is None else f", {stage.days:g} day{'' if stage.days == 1 else 's'}"
    here, entered = shown.here, shown.entered.get(stage.stage)
    days = f"{f', {text.escape(stage.population, 120)}' if stage.population else ''}{days}"
    if shown.launch.state in _OVER:
        return f"• {name}: " + (f"from {text.when(entered.at, style=DATED)}" if entered else "not reached")
    if index == here:
        since = f" since {text.when(entered.at, style=DATED)}" if entered else ""
        return f"• *{name}: now*{since}{days}{_aborts(stage)}"
    if entered is not None and (here is None or index < here):
        return f"• {name}: done, from {text.when(entered.at, style=DATED)}"
    if here is not None and index < here:
        return f"• {name}: skipped"
    needs = ", after a decision to ship" if is_full(shown.stages, index) else ""
    return f"• {name}: to come{days}{needs}{_aborts(stage)}"


def _aborts(stage: Stage) -> str:
    if not stage.abort_if:
        return ""
    return "; aborted if " + text.escape(" or ".join(stage.abort_if), 600)


def _check(shown: Shown) -> list[Block]:
    check = shown.check
    if check is None or shown.launch.stage < 0 or shown.unwatched:
        return []
    when = text.when(check.at, style="{time}")
    lines = [f"*Check of {when}: {tally(check)}*"]
    lines += [reading_line(one) for one in check.readings[:MOST_READINGS]]
    return [text.section(text.fit(lines))]


def _buttons(shown: Shown) -> list[Block]:
    launch = shown.launch
    at = Reference(launch.id, launch.stage)
    buttons: Sequence[Block] = ()
    if launch.state in (State.STOPPED, State.CLOSED, State.SIGNING):
        return []
    if launch.stage < 0:
        if launch.open and launch.state is not State.VETOED:
            buttons = [button("Start", RolloutAction.START, at, "primary")]
        elif launch.state is State.SHIPPED:
            buttons = _advance(shown)
    elif launch.paused is not None:
        again = [] if launch.state is State.VETOED else [button("Resume…", RolloutAction.RESUME, at)]
        buttons = [*again, button("Check now", RolloutAction.CHECK, at)]
    else:
        asks = [] if shown.unwatched else [button("Check now", RolloutAction.CHECK, at)]
        buttons = [*_advance(shown), *asks]
        if shown.running:
            buttons = [*buttons, button("Pause…", RolloutAction.PAUSE, at, "danger")]
    return [{"type": "actions", "block_id": "rollout", "elements": list(buttons)}] if buttons else []


def _advance(shown: Shown) -> list[Block]:
    """[Advance]: not before its days are over, nor while its check is not fine; what is unknown is not."""
    upcoming, launch = shown.next, shown.launch
    if upcoming is None or shown.wants or shown.lacks or launch.state is State.VETOED:
        return []
    if shown.awaits or (shown.check is not None and not shown.check.fine):
        return []
    to = Reference(launch.id, upcoming)
    return [button(f"Advance to {shown.stages[upcoming].stage}", RolloutAction.ADVANCE, to, "primary")]
