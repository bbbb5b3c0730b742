"""After a launch: whether what was measured lasted, posted by itself, and the draft of its retrospective."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.after import After, AtLaunch, has_holdout, judge
from bot.core.effect import Post, Upload
from bot.core.figures import local
from bot.core.launch import Kind, Launch
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.core.timetable import posted_at
from bot.errors import SourceError
from bot.services import launch_cards, launch_retrospective, launches, permissions, rollout_stages, tasks
from bot.services.desk import Desk
from bot.services.look_record import registration_of
from bot.services.scheduled_looks import hour_of, zone_of
from bot.stats.novelty import Exposed
from bot.stats.undecided import Undecided
from bot.store import blobs, experiments, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import after as views
from bot.views.ledger import witness

CHECK_JOB = "launch.after"
MOST_TRIES = 7
"""Days that the check waits for its data; then it says what there is, and calls the owner."""


def plan_check(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Have the check posted by itself on its day, at the hour of looks, when the launch was shipped.

    One that was stopped has nothing to be checked: its retrospective is drafted at once.
    """
    decision = launch.decision
    if decision is None:
        return
    if decision.decision != "ship":
        launch_retrospective.upload(session, desk, launch, now)
        return
    payload = {"experiment": launch.id, "decision": decision.entry, "tries": 0}
    due = _moment(session, desk, launch, decision.at)
    slots.at(session, job=CHECK_JOB, slot=f"{launch.id}/{decision.entry}", due=due, payload=payload)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Read the days after the last look and judge them; the function returned stores and posts it."""
    with db.read() as session:
        launch = launches.read(session, payload["experiment"])
        if not _due(launch, payload):
            return lambda _: None
        case = _case(session, desk, launch)
    where = {
        "sources": desk.settings.sources,
        "root": desk.settings.data.path if desk.settings.data else None,
    }
    seen, late, unseen = case.after(where)
    if late and payload["tries"] < MOST_TRIES:
        return lambda session: _wait(session, desk, payload, case, late, now)
    found = case.found(where, seen, unseen)
    return lambda session: _keep(session, desk, payload, case, found, late, now)


def given_up(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Call the owner where the job itself failed for the last time; nothing is recorded."""
    launch = launches.load(session, payload["experiment"])
    if not _due(launch, payload):
        return
    said = views.failed(launch.title or launch.id, permissions.mentions(session, desk, "owner", "approver"))
    key = f"launch/{launch.id}/{payload['decision']}/after/failed"
    outbox.put(session, Post(key, launch.channel, said), now=now)


@dataclass(frozen=True)
class _Case:
    """Everything the check needs, read from the record.

    since, until: days of the experiment; it reads those after the one, that of the decision, up to the other.
    """

    registration: Registration
    launch: AtLaunch
    then: Observations
    since: float
    until: float

    def after(self, where: Mapping[str, Any]) -> tuple[Observations | None, str, str]:
        """The days after the decision; what is late of them; why there is nothing to see."""
        from bot.sources.after import NeverError, observe_after

        try:
            seen = observe_after(self.registration, last=self.since, until=self.until, **where)
        except NeverError as error:
            return None, "", str(error)
        except (SourceError, ValueError) as error:
            return None, str(error), str(error)
        if seen is None:
            nothing = f"the data have no row after day {self.since:g}, that of the decision"
            return None, nothing, nothing
        newest = None if seen.last_day is None else self.since + seen.last_day
        if newest is not None and newest + self.registration.data.max_lag_days < self.until:
            return seen, f"the data end on day {newest:g} of {self.until:g}", ""
        return seen, "", ""

    def found(self, where: Mapping[str, Any], seen: Observations | None, unseen: str) -> After:
        """What there is to see says."""
        # without a holdout the control went over, and who of it did not come back is no control
        exposed = self._exposed(self.until if seen and has_holdout(seen) else self.launch.day, where)
        launch, then = self.launch, self.then
        return judge(self.registration, launch, then, seen, exposed, since=self.since, unseen=unseen)

    def _exposed(self, until: float, where: Mapping[str, Any]) -> Exposed | Undecided:
        from bot.sources.exposure import since_exposure

        sample = self.then.sample("control", self.registration.primary.metric)
        near = {} if sample is None else {name: sample.mean_of(name) for name in sample.columns}
        try:
            return since_exposure(self.registration, until=until, near=near, **where)
        except (SourceError, ValueError) as error:
            return Undecided(str(error))


def _case(session: Session, desk: Desk, launch: Launch) -> _Case:
    """What the check rests on: the look that was decided on, and the registration it was judged by."""
    decision = launch.decision
    record = experiments.look(session, decision.record) if decision else None
    if decision is None or record is None:
        raise ValueError(f"{launch.id} was decided without a look")
    version = experiments.of_hash(session, launch.id, record.sha256)
    force = launches.registration(session, launch)
    registration = force if version is None else registration_of(version)
    registration = registration.model_copy(update={"after": force.after})
    start = registration.data.start or launch.start
    registration = _dated(registration, start)
    at_launch = AtLaunch.of(record.id, record.number, record.day, record.result)
    since = record.day
    if start is not None:
        zone = zone_of(session, desk, launch, registration)
        since = max(since, float((decision.at.astimezone(zone).date() - start).days + 1))
    until = since + max(registration.after.days - 1, 1)  # up to the day before the check
    return _Case(registration, at_launch, Observations.from_json(record.observations), since, until)


def _dated(registration: Registration, start: date | None) -> Registration:
    """With day 1 in its data where only the ledger has it."""
    if start is None or registration.data.start is not None:
        return registration
    return registration.model_copy(update={"data": registration.data.model_copy(update={"start": start})})


def _due(launch: Launch, payload: Mapping[str, Any]) -> bool:
    """Whether the launch is as it was when the check was planned."""
    decision = launch.decision
    same = decision is not None and decision.decision == "ship" and decision.entry == payload["decision"]
    return same and launch.after is None and launch.closed_at is None


def _moment(session: Session, desk: Desk, launch: Launch, since: datetime) -> datetime:
    registration = launches.registration(session, launch)
    zone = zone_of(session, desk, launch, registration)
    day = since.astimezone(zone).date()
    return posted_at(day, registration.after.days, hour_of(desk, registration), zone)


def _wait(
    session: Session, desk: Desk, payload: Mapping[str, Any], case: _Case, late: str, now: datetime
) -> None:
    """Try again a day later; said once."""
    launch = launches.load(session, payload["experiment"])
    if not _due(launch, payload):
        return
    tries = payload["tries"] + 1
    zone = zone_of(session, desk, launch, case.registration)
    again = posted_at(now.astimezone(zone).date(), 1, hour_of(desk, case.registration), zone)
    slot = f"{launch.id}/{payload['decision']}/{tries}"
    slots.at(session, job=CHECK_JOB, slot=slot, due=again, payload={**payload, "tries": tries})
    if tries == 1:
        until = again + timedelta(days=MOST_TRIES - 1)
        said = views.waiting(case.registration, late, local(again, zone), local(until, zone))
        key = f"launch/{launch.id}/{payload['decision']}/after/waiting"
        outbox.put(session, Post(key, launch.channel, said), now=now)


def _keep(
    session: Session,
    desk: Desk,
    payload: Mapping[str, Any],
    case: _Case,
    found: After,
    late: str,
    now: datetime,
) -> None:
    """Into the ledger, onto the card, and the launch is closed; the retrospective is drafted."""
    launch = launches.load(session, payload["experiment"])
    if not _due(launch, payload):
        return
    if late and found.finding != "unknown":
        found = replace(found, because=f"{found.because}; {late}")
    body = {"day": case.until, "result": found.to_json() | {"late": late}}
    launch, entry = launches.note(session, launch.id, Kind.AFTER, by="", body=body, now=now)
    why = f"the check {case.registration.after.days} days after the launch: {found.finding}"
    launch, _ = launches.note(session, launch.id, Kind.CLOSED, by="", body={"why": why}, now=now)
    key = f"launch/{launch.id}/{entry.number}/after"
    picture = _picture(session, launch, found, key, now)
    called = permissions.mentions(session, desk, "owner", "approver") if views.asks(found) else ""
    shown = views.card(
        views.Checked(case.registration, found, called, witness(entry), late, picture[0], picture[1])
    )
    outbox.put(session, Post(key, launch.channel, shown), now=now)
    launch_retrospective.upload(session, desk, launch, now)
    tasks.ended(session, desk, launch, now)
    rollout_stages.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def _picture(session: Session, launch: Launch, found: After, key: str, now: datetime) -> tuple[str, str]:
    """The chart's key and its words; both empty where there is nothing that looking beats reading."""
    from bot.views import chart_after

    drawn = chart_after.png(found)
    if drawn is None:
        return "", ""
    alt = chart_after.alt(found)
    upload = Upload(
        key=f"{key}/chart",
        channel=launch.channel,
        filename=f"{launch.id}-after.png",
        title=f"{launch.id}, after the launch",
        blob=blobs.put(session, drawn, "image/png"),
        alt_text=alt,
        share=False,
    )
    outbox.put(session, upload, now=now)
    return upload.key, alt
