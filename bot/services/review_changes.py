"""What people do to a review: own it, write it, give what the record lacks, read it, publish it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.chat.file_info import permalink
from bot.core.effect import Post, Upload
from bot.core.incident import Event, Incident
from bot.core.review import (
    MILESTONES,
    PARTS,
    Check,
    Checked,
    Given,
    Outcome,
    Review,
    blockers,
    misplaced,
    recorded,
)
from bot.errors import InputError
from bot.services import (
    action_items,
    framing_joins,
    incident_candidates,
    incident_record,
    permissions,
    retrospective,
    review_reminders,
    reviewing,
)
from bot.services.desk import Desk
from bot.store import blobs, incidents, outbox, reviews, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import review as views
from bot.views.text import escape

LINK_JOB = "incident.review_link"
ASKED_AFTER, MOST_ASKED = timedelta(seconds=20), 15
"""How long after publishing, and how often, Slack is asked for the address of the page."""
PART_MOST, REASON_LEAST, REASON_MOST = 3000, 10, 500


def own(session: Session, desk: Desk, number: int, *, by: str, to: str = "", now: datetime) -> None:
    """Make somebody the owner of the review; without `to` the one who asks."""
    incident, review = reviewing.load_open(session, number)
    owner = to or by
    permissions.require_active(session, owner, "own a review")
    if owner == review.owner:
        return
    what = "took over the review" if owner == by else f"made {owner} the owner of the review"
    event = Event(now, "review_owned", what, by, {"lead": owner})
    reviewing.keep(session, desk, incident, replace(review, owner=owner), event, now=now)


def write(
    session: Session, desk: Desk, number: int, parts: Mapping[str, str], *, by: str, now: datetime
) -> None:
    """Write parts of it; an empty one takes what was written away. Raises InputError for an unknown part."""
    incident, review = reviewing.load_open(session, number)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise InputError(f"There is no part `{escape(unknown[0], 40)}`.", f"There are {', '.join(PARTS)}.")
    given = {part: said.strip()[:PART_MOST] for part, said in parts.items()}
    written = {part: said for part, said in {**review.written, **given}.items() if said}
    if written == dict(review.written):
        return
    changed = [part for part in PARTS if written.get(part) != review.written.get(part)]
    event = Event(now, "review_written", f"wrote {', '.join(changed)} of the retrospective", by)
    after = replace(review, written=written, published_at=None)
    reviewing.keep(session, desk, incident, after, event, now=now)


def give(
    session: Session,
    desk: Desk,
    number: int,
    name: str,
    at: datetime,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Give a milestone that the record lacks, and how it is known; metrics do not use it.

    Raises:
        InputError: the record has it, it would lie in a wrong order or in the future, or there is no reason.

    """
    incident, review = reviewing.load_open(session, number)
    if name not in MILESTONES:
        raise InputError(
            f"There is no milestone `{escape(name, 40)}`.", f"There are {', '.join(MILESTONES)}."
        )
    if recorded(incident)[name] is not None:
        raise InputError(
            f"The record of {incident.number} has “{name}” already, and nobody edits it.",
            "Write what you know besides into the retrospective.",
        )
    reason = " ".join(reason.split())[:REASON_MOST]
    if len(reason) < REASON_LEAST:
        raise InputError(
            f"The reason has {len(reason)} characters.", f"Say in at least {REASON_LEAST} how it is known."
        )
    wrong = "that is still to come" if at > now else misplaced(incident, review, name, at)
    if wrong:
        raise InputError(f"“{name}” cannot be at {at:%Y-%m-%d %H:%M}: {wrong}.", "Give another time.")
    given = {**review.given, name: Given(at, reason, by, now)}
    detail = {"milestone": name, "given": at.isoformat(), "reason": reason}
    event = Event(now, "milestone_given", f"gave the milestone {name}: {reason}", by, detail)
    after = replace(review, given=given, published_at=None)
    reviewing.keep(session, desk, incident, after, event, now=now)


def check(
    session: Session,
    desk: Desk,
    number: int,
    which: Check,
    outcome: Outcome,
    *,
    line: str,
    by: str,
    now: datetime,
) -> None:
    """Answer a check. A gap becomes an action item. Raises InputError without a line that says why."""
    incident, review = reviewing.load_open(session, number)
    line = " ".join(line.split())[:REASON_MOST]
    if len(line) < REASON_LEAST:
        raise InputError(
            f"The answer has {len(line)} characters.", f"Say in at least {REASON_LEAST} what was found."
        )
    checks = {**review.checks, which.value: Checked(outcome, line, now, by)}
    detail = {"check": which.value, "outcome": outcome.value}
    event = Event(now, "review_checked", f"checked: {which.ask} {outcome.value}: {line}", by, detail)
    after = replace(review, checks=checks, published_at=None)
    reviewing.keep(session, desk, incident, after, event, now=now)
    if which is Check.PORTFOLIO and outcome is Outcome.GAP:
        incident_candidates.from_review(session, desk, incident, line, by=by, now=now)
        reviewing.draw(session, desk, incident, after, now=now)
    if which is Check.FRAMING:
        framing_joins.from_review(session, desk, incident, outcome, line, by=by, now=now)
    if outcome is Outcome.GAP:
        title, due = f"{views.GAPS[which]}: {line}"[: action_items.TITLE_MOST], max(review.due, now)
        day = due.astimezone(desk.settings.zone).date()
        if title not in {item.title for item in reviews.items(session, number)}:
            action_items.add(session, desk, number, title=title, owner=review.owner, due=day, by=by, now=now)


def recheck(session: Session, desk: Desk, number: int, *, by: str, now: datetime) -> None:
    """Ask the record again what it says to the checks that no person has answered."""
    incident, review = reviewing.load_open(session, number)
    after = replace(
        review, checks={**review.checks, **reviewing.checks(session, desk, incident, review, now)}
    )
    said = "; ".join(
        f"{one.ask} {after.checks[one.value].outcome.value}" for one in reviewing.by_record(after)
    )
    event = Event(now, "review_checked", f"had the record asked again: {said or 'people answered all'}", by)
    reviewing.keep(session, desk, incident, after, event, now=now)


def ask(
    session: Session, desk: Desk, number: int, reviewers: Sequence[str], *, by: str, now: datetime
) -> None:
    """Ask people to review it; who has read it already stays as who has. Raises InputError for nobody."""
    incident, review = reviewing.load_open(session, number)
    wanted = list(dict.fromkeys(reviewers))
    if not wanted:
        raise InputError("Nobody was named.", "Name somebody other than the owner.")
    for who in wanted:
        permissions.require_active(session, who, "review anything")
    kept = {who: at for who, at in review.reviewers.items() if at is not None or who in wanted}
    after = replace(review, reviewers={**dict.fromkeys(wanted), **kept})
    new = [who for who in wanted if who not in review.reviewers]
    event = Event(now, "review_asked", f"asked {len(wanted)} to review the retrospective", by, {"of": wanted})
    reviewing.keep(session, desk, incident, after, event, now=now)
    if new:
        asked = views.asked(incident, review, new, by)
        key = f"incident/{number}/review/asked/{int(now.timestamp() * 1000)}"
        outbox.put(session, Post(key, incident.channel, asked, reviewing.card_key(number)), now=now)


def read(session: Session, desk: Desk, number: int, *, by: str, now: datetime) -> None:
    """Somebody has read it. Raises InputError for its owner, who does not review their own."""
    incident, review = reviewing.load_open(session, number)
    if by == review.owner:
        raise InputError("You own this review.", "Have somebody else read it: [Ask for reviews…].")
    if review.reviewers.get(by) is not None:
        return
    after = replace(review, reviewers={**review.reviewers, by: now})
    reviewing.keep(session, desk, incident, after, Event(now, "review_read", "has reviewed it", by), now=now)


def publish(session: Session, desk: Desk, number: int, *, by: str, now: datetime) -> Review:
    """Publish the page in the incidents channel. Raises InputError with everything that is missing."""
    incident, review = reviewing.load_open(session, number)
    if review.published:
        raise InputError(f"Edition {review.edition} of it is published, and nothing was changed since.")
    todo = blockers(incident, review, reviews.items(session, number))
    if todo:
        raise InputError(
            f"The retrospective of {incident.number} is not ready.", f"{_first_up('; '.join(todo))}."
        )
    after = replace(review, edition=review.edition + 1, published_at=now, published_by=by, link="")
    event = Event(now, "review_published", f"published the retrospective, edition {after.edition}", by)
    reviewing.keep(session, desk, incident, after, event, now=now)
    review_reminders.cancel(session, number, review_reminders.REVIEW)
    _upload(session, desk, incident, after, now)
    return after


def find_link(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Ask Slack where the page is; until it was uploaded it is asked again, some times."""
    number, edition, tries = (int(payload[name]) for name in ("incident", "edition", "tries"))
    with db.read() as session:
        file = outbox.uploaded(session, _page_key(number, edition))
    settings = desk.settings
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    found = permalink(file, token=token, api_url=settings.slack_api_url) if file else ""

    def finish(session: Session) -> None:
        incident, review = (
            incidents.load(session, number, lock=True),
            reviews.load(session, number, lock=True),
        )
        if incident is None or review is None or review.edition != edition:
            return
        if found:
            review = replace(review, link=found)
            reviews.put(session, review)
            reviewing.draw(session, desk, incident, review, now=now)
        elif tries < MOST_ASKED:
            _ask_later(session, number, edition, tries + 1, now)

    return finish


def _upload(session: Session, desk: Desk, incident: Incident, review: Review, now: datetime) -> None:
    record = incident_record.gather(session, desk, incident, pictures=True)
    page = retrospective.render(desk, record, media_type=retrospective.HTML, now=now)
    edition = f", edition {review.edition}" if review.edition > 1 else ""
    effect = Upload(
        key=_page_key(incident.id, review.edition),
        channel=desk.settings.channels.incidents,
        filename=f"{incident.number}-retrospective.html",
        title=f"{incident.number} retrospective{edition}",
        blob=blobs.put(session, page.encode(), retrospective.HTML),
        alt_text=f"The retrospective of {incident.number}, a page of HTML",
        comment=f"The retrospective of *{incident.number}* {escape(incident.title, 200)}{edition}.",
    )
    outbox.put(session, effect, now=now)
    _ask_later(session, incident.id, review.edition, 1, now)


def _ask_later(session: Session, number: int, edition: int, tries: int, now: datetime) -> None:
    payload = {"incident": number, "edition": edition, "tries": tries}
    due = now + ASKED_AFTER * tries
    slots.at(session, job=LINK_JOB, slot=f"{number}/{edition}/{tries}", due=due, payload=payload)


def _page_key(number: int, edition: int) -> str:
    return f"incident/{number}/page/{edition}"


def _first_up(said: str) -> str:
    return said[:1].upper() + said[1:]
