"""An incident as its paragraph in a six-pager tells it: found, localized, mitigated, and what it changed."""

from datetime import datetime, timedelta

from bot.core.checklist import items
from bot.core.citation import Cited, Figure, Gap
from bot.core.incident import Event, Incident, milestones
from bot.core.incident_metrics import DETECT_TARGET, LOCALIZE_TARGET, MITIGATE_TARGET, ROLLED_BACK_TARGET
from bot.core.narrative import IncidentStory
from bot.core.playbook import Category, Leaf
from bot.core.review import ActionItem, Check, Outcome, Review
from bot.core.review import milestones as with_given
from bot.core.thing import Thing, ThingKind
from bot.services import incident_record
from bot.services.incident_record import IncidentRecord
from bot.services.narrative_teller import Teller, counted, dated, listed
from bot.services.trace_things import known
from bot.store import links
from bot.views.text import duration

_OUTCOMES = {Outcome.FINE: "fine", Outcome.GAP: "a gap"}


def gather(teller: Teller, incident: Incident) -> IncidentStory:
    """Read all of it; reads only."""
    record = incident_record.gather(teller.session, teller.desk, incident)
    return _Told(teller, record).story()


class _Told:
    """Says what an incident's record shows, all of it under its number."""

    def __init__(self, teller: Teller, record: IncidentRecord) -> None:
        self.teller, self.record = teller, record
        self.incident, self.review = record.incident, record.review
        self.category: Category | None = record.playbook.categories.get(record.incident.category)
        self.thing = Thing(ThingKind.INCIDENT, record.incident.number)
        self.at = with_given(record.incident, record.review)

    def story(self) -> IncidentStory:
        """The whole of it."""
        incident = self.incident
        took = milestones(incident)
        rolled = bool(self.category and self.category.roll_back_first)
        return IncidentStory(
            id=self.say(incident.number),
            title=self.say(incident.title),
            severity=self.say(incident.severity),
            status=self.say(incident.status.words),
            began=self.moment("started", "when it began"),
            detected=self.took(took.detect, DETECT_TARGET, self.at["detected"], "when it was detected"),
            detected_by=self.detected_by(),
            acknowledged=self.moment("acknowledged", "who first looked at it"),
            localized=self.took(
                took.localize, LOCALIZE_TARGET, self.at["localized"], "when it was localized"
            ),
            category=self.root_category(),
            way=self.way(),
            mitigated=self.took(
                took.mitigate,
                ROLLED_BACK_TARGET if rolled else MITIGATE_TARGET,
                self.at["mitigated"],
                "when it was mitigated",
            ),
            mitigation=self.mitigation(),
            resolved=self.took(took.resolve, None, self.at["resolved"], "when it was resolved"),
            mttr=self.say(duration(took.mitigate)) if took.mitigate is not None else self.gap("its MTTR"),
            cohorts=self.cohorts(),
            summary=self.written("summary", "what happened"),
            impact=self.written("impact", "who was hit and how many"),
            cause=self.written("cause", "the root cause"),
            helped=self.written("helped", "what went well"),
            hindered=self.written("hindered", "what was hard"),
            recovery=self.check(Check.RECOVERY),
            correlation=self.check(Check.CORRELATION),
            framing=self.check(Check.FRAMING, ThingKind.FRAMING),
            portfolio=self.check(Check.PORTFOLIO, ThingKind.CANDIDATE),
            published=self.published(),
            experiments=self.experiments(),
            actions=self.actions(),
        )

    def say(self, said: str) -> Figure:
        """What its record says."""
        return Figure(said, self.incident.number)

    def gap(self, what: str) -> Gap:
        """What its record does not say, and where it would be said."""
        verb = "its review's card" if self.review else "a review, which begins when it is resolved,"
        return Gap(f"{what} is not on record", f"{verb} takes it")

    def moment(self, name: str, what: str) -> Cited:
        """A milestone's time; one that a person gave says so."""
        at = self.at[name]
        if at is None:
            return self.gap(what)
        given = self.review.given.get(name) if self.review else None
        by = f" (given by {self.teller.people.called(given.by)})" if given and given.at == at else ""
        return self.say(f"{self._clock(at)}{by}")

    def took(self, span: timedelta | None, target: timedelta | None, at: datetime | None, what: str) -> Cited:
        """How long a stage took, beside its target; its time alone where nobody knows how long."""
        if span is None:
            return self.gap(what) if at is None else self.say(f"at {self._clock(at)}")
        beside = ""
        if target is not None:
            beside = f" ({'within' if span <= target else 'past'} the target of {duration(target)})"
        return self.say(f"after {duration(span)}{beside}")

    def detected_by(self) -> Cited:
        """What or who noticed it."""
        if self.incident.opened_by:
            return self.say(f"by hand, by {self.teller.people.called(self.incident.opened_by)}")
        if not self.incident.alerts:
            return self.gap("what detected it")
        first = min(self.incident.alerts, key=lambda one: one.first_seen)
        return self.say(f"by the alert “{first.title}” ({first.source})")

    def root_category(self) -> Cited:
        """The named category of its tree."""
        if self.category is None:
            return self.gap("its root-cause category")
        return self.say(f"category {self.category.number}, {self.category.name}")

    def way(self) -> Cited:
        """How many questions of the tree it took."""
        answered = len(self.incident.path)
        if not answered:
            return self.gap("how it was localized")
        back = sum(one.kind == "back" for one in self.record.events)
        again = f", {counted(back, 'of them', 'of them')} taken back" if back else ""
        return self.say(
            f"{counted(answered, 'answer')} of the triage tree “{self.record.playbook.title}”{again}"
        )

    def mitigation(self) -> Cited:
        """What was done, as the leaf says and the people ticked off."""
        event = self._last("mitigated")
        if event is None:
            return self.gap("what mitigated it")
        leaf = self._leaf()
        what, tail = event.text.partition(";")[::2]
        steps = items(self.incident, leaf) if leaf else ()
        done = [one.text for one in steps if one.done]
        said = f"the tree asked for “{leaf.action}”" if leaf else what
        if steps:
            said += (
                f", and {len(done)} of its {counted(len(steps), 'step')} {'is' if len(done) == 1 else 'are'}"
            )
            said += f" on record as done{f' ({listed(done)})' if done else ''}"
        return self.say(f"{said};{tail}".rstrip(".;"))

    def _leaf(self) -> Leaf | None:
        """The leaf it was mitigated at."""
        place = self.record.playbook.at(self.incident.position)
        return place if isinstance(place, Leaf) else None

    def cohorts(self) -> Cited:
        """The cohorts that its alerts named."""
        named = self.incident.cohorts
        return self.say(listed(named)) if named else Gap("no alert named a cohort", "label alerts by cohort")

    def written(self, part: str, what: str) -> Cited:
        """A part of the retrospective as a person wrote it."""
        said = (self.review.written.get(part, "") if self.review else "").strip()
        number = self.incident.number
        if not said:
            return Gap(f"nobody wrote {what}", f"`/incidents write {part}` in {number}'s channel")
        return self.say(" ".join(said.split()).rstrip("."))

    def check(self, which: Check, leads_to: ThingKind | None = None) -> Cited:
        """A check's answer, with what it led to."""
        found = self.review.checks.get(which.value) if self.review else None
        after = links.after(self.teller.session, self.thing, leads_to) if leads_to else []
        if found is None or found.outcome is Outcome.UNKNOWN:
            if after:
                return Figure(f"led to {listed([one.id for one in after])}", after[0].id)
            return Gap(
                f"nobody answered “{which.ask}”",
                f"`/incidents checked {which.value} fine` or `gap`, with what was found",
            )
        led = f"; it led to {listed([one.id for one in after])}" if after else ""
        return self.say(f"{_OUTCOMES[found.outcome]}: {found.line.rstrip('.')}{led}")

    def published(self) -> Cited:
        """Whether its retrospective is published."""
        review: Review | None = self.review
        if review is None or review.published_at is None:
            return Gap("its retrospective is not published", "the review's card says what it still needs")
        day = dated(review.published_at.astimezone(self.teller.zone).date())
        return self.say(
            f"edition {review.edition} on {day} by {self.teller.people.called(review.published_by)}"
        )

    def experiments(self) -> tuple[Cited, ...]:
        """What it came from, where that is known."""
        before = links.before(self.teller.session, self.thing, ThingKind.EXPERIMENT)
        told = [(one, known(self.teller.session, one, self.teller.zone)) for one in before]
        return tuple(Figure(f"{said.title or one.id} ({said.state})", one.id) for one, said in told)

    def actions(self) -> tuple[Cited, ...]:
        """The action items, with owner, day and state."""
        return tuple(self.say(self._action(item)) for item in self.record.items)

    def _action(self, item: ActionItem) -> str:
        owner = self.teller.people.called(item.owner) if item.owner else "nobody yet"
        state = "done" if item.done_at else "dropped" if item.dropped else f"due {dated(item.due)}"
        return f"{item.title.rstrip('.')} ({owner}, {state})"

    def _clock(self, at: datetime) -> str:
        there = at.astimezone(self.teller.zone)
        return f"{dated(there.date())} {there:%H:%M} ({self.teller.zone})"

    def _last(self, kind: str) -> Event | None:
        return next((one for one in reversed(self.record.events) if one.kind == kind), None)
