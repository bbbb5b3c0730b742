"""The portfolio's update: one page for leadership, drafted from the record, as Markdown and as a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.citation import Cited, Figure, Gap
from bot.core.early_abort import Course
from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.inbound import Order
from bot.core.ledger import Entry
from bot.core.quarter import RETRO_WEEK, Quarter, Term
from bot.core.quarter_update import PickedTold, UpdateTold
from bot.core.quarterly import Edition, Kind, Quarterly
from bot.errors import UserError
from bot.services import quarter_course
from bot.services.desk import Desk
from bot.services.narrative_document import Document, render
from bot.services.quarter_locking import titles_of
from bot.store import blobs, ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views.document import markdown
from bot.views.page import HTML, page
from bot.views.quarter_scores import gain_words, power_words, short, unit_words

JOB = "portfolio.update"
TEMPLATE = "portfolio_update.md.j2"
PASSED, ASKS = 3, 5
"""Candidates passed over, and asks, that one page has room for."""


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio update [2026-Q4]`."""
    kept, _ = quarter_course.locked(session, desk, asked.text, now)
    payload: dict[str, Any] = {"quarter": kept.quarter, "by": asked.by, "key": key}
    payload |= {"channel": asked.place.channel, "thread": asked.place.thread}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Draft it; what is returned posts it with both files in its thread, or says why there is none."""
    key, channel, thread = str(payload["key"]), str(payload["channel"]), payload["thread"]
    quarter = str(payload["quarter"])
    try:
        with db.read() as session:
            document = draft(session, desk, quarter, now)
    except UserError as error:
        said = Message(f"{error.message} {error.hint}")
        refused = Ephemeral(f"{key}/update/refused", channel, str(payload["by"]), said, thread)
        return lambda session: outbox.put(session, refused, now=now)
    title = f"Portfolio update, {quarter}"
    html = page(document.text, title=title, records=document.records)
    said = Message(
        f"{title}: drafted from {len(document.records)} records"
        + (f", with {len(document.gaps)} gaps" if document.gaps else "")
        + ". Read it before you send it on."
    )

    def finish(session: Session) -> None:
        outbox.put(session, Post(f"{key}/update", channel, said, thread), now=now)
        for form, content, media in (("md", document.text, "text/markdown"), ("html", html, HTML)):
            file = Upload(
                key=f"{key}/update/{form}",
                channel=channel,
                filename=f"{quarter}-portfolio-update.{form}",
                title=title,
                blob=blobs.put(session, content.encode(), media),
                alt_text=f"{title}, drafted from the record",
                thread=thread or f"{key}/update",
            )
            outbox.put(session, file, now=now)

    return finish


def draft(session: Session, desk: Desk, name: str, now: datetime) -> Document:
    """Draft the update of a locked portfolio; reads only.

    Raises InputError where none is locked, ConfigError for a template that cannot be used.
    """
    kept, edition = quarter_course.locked(session, desk, name, now)
    entries = ledger.of(session, kept.quarter)
    term = desk.settings.portfolio.term(Quarter.read(kept.quarter))
    today = now.astimezone(desk.settings.zone).date()
    told = _Teller(kept, edition, entries, term)
    courses = quarter_course.courses(session, desk, edition, now)
    update = told.update(courses, term.week(today))
    drafted = f"Drafted by Lookout from the record on {today.isoformat()}"
    title = markdown(f"Portfolio update, {kept.quarter}", 200)
    return render(desk.templates, TEMPLATE, title=title, drafted=drafted, update=update)


class _Teller:
    """Says what the record shows of one portfolio."""

    def __init__(self, kept: Quarterly, edition: Edition, entries: Sequence[Entry], term: Term) -> None:
        self.kept, self.edition, self.term = kept, edition, term
        self.result = edition.result
        self.by_id = {one["id"]: one for one in edition.result["candidates"]}
        self.lock = next(one for one in reversed(entries) if one.kind == Kind.LOCKED)
        self.review = next((one for one in reversed(entries) if one.kind == Kind.REVIEWED), None)
        self.file = f"{kept.quarter} edition {edition.number}"
        self.locked = f"ledger {self.lock.number}"

    def update(self, courses: Sequence[Course], week: int) -> UpdateTold:
        """All of it."""
        return UpdateTold(
            quarter=Figure(self.kept.quarter, self.kept.quarter),
            when=Figure(self.when(week), self.locked),
            verdict=Figure(self.verdict(courses, week), self.locked),
            candidates=Figure(
                f"{len(self.edition.picked)} of {len(self.by_id)} candidates were picked", self.locked
            ),
            locked=Figure(self.locked_on(), self.locked),
            expected=self.expected(),
            learning=Figure(short(self.result["pick"]["learning"]), self.file),
            capacity=self.capacity(),
            gut=self.gut(),
            rho=self.rho(),
            limits=self.limits(),
            haircut=self.haircut(),
            picks=tuple(self.picked(one) for one in courses),
            asks=self.asks(courses),
            passed=self.passed(),
            realised=self.realised(),
            targets=self.targets(),
        )

    def when(self, week: int) -> str:
        if week < 1:
            return f"it begins on {self.term.first.isoformat()}"
        return (
            f"week {week} of {RETRO_WEEK}"
            if week <= RETRO_WEEK
            else f"over since {self.term.last.isoformat()}"
        )

    def verdict(self, courses: Sequence[Course], week: int) -> str:
        bad = [one.candidate for one in courses if one.signs]
        what = f"{len(self.edition.picked)} picked, {self.when(week)}"
        if week < 1:
            return what
        return f"{what}: " + (f"{', '.join(bad)} need a look" if bad else "no early-abort signal")

    def locked_on(self) -> str:
        day = self.lock.at.date()
        late = (
            "late, after the quarter had begun" if self.lock.body.get("late") else "before the quarter began"
        )
        return f"locked on {day.isoformat()}, {late}, file {self.edition.sha256[:12]}"

    def expected(self) -> Cited:
        gain = self.result["beside"]["pick"]["gain"]
        if list(self.lock.body["picked"]) != list(self.lock.body["computed"]):
            return Gap(
                "what the pick made by hand expects was not worked out", "`/portfolio score` shows each"
            )
        return Figure(f"{gain_words(gain)} {unit_words(self.result['unit'])}", self.file)

    def capacity(self) -> Cited:
        found, room = self.result["pick"], (self.edition.file.get("capacity") or {}).get("engineer_weeks")
        of = "" if room is None else f" of {room:g}"
        shared = f", {', '.join(found['shared'])} paid once" if found["shared"] else ""
        return Figure(f"It takes {found['engineer_weeks']:.0f}{of} engineer-weeks{shared}", self.file)

    def gut(self) -> Cited:
        felt = self.lock.body["gut"]
        both = [name for name in felt["picked"] if name in self.edition.picked]
        after = ", said after the computed pick was shown" if felt["seen"] else ""
        return Figure(
            f"By gut feel it would have been {', '.join(felt['picked'])} ({len(both)} in common{after})",
            self.locked,
        )

    def rho(self) -> Cited:
        rho = self.lock.body.get("rho")
        if rho is None:
            reason = (self.result["beside"]["spearman"] or {}).get("reason") or "it was not computed"
            return Gap(f"no rank correlation of gut feel with RICE: {reason}")
        adds = "adds little" if self.result["beside"]["spearman"]["adds_little"] else "says something else"
        return Figure(
            f"Spearman's rho of gut feel with RICE is {rho:.2f}, so the framework {adds}", self.locked
        )

    def limits(self) -> Cited:
        bindings = self.result["pick"]["bindings"]
        if not bindings:
            return Figure("No limit costs anything", self.file)
        one = bindings[0]
        enters = f" and let {', '.join(one['enters'])} in" if one["enters"] else ""
        return Figure(
            f"What limits it most: {one['limit']} would bring {short(one['gains'])} more{enters}", self.file
        )

    def haircut(self) -> Cited:
        cut = self.result["haircut"]
        if not cut["tried"]:
            return Figure("Confidences are taken as stated, since none is on record yet", self.file)
        return Figure(f"Confidences count {cut['factor']:.2f} times, by {cut['tried']} on record", self.file)

    def picked(self, course: Course) -> PickedTold:
        one = self.by_id[course.candidate]
        weeks = one["engineer_weeks"]
        state = " · ".join(part for part in (course.experiment, course.state, course.verdict) if part)
        signs = "; ".join(f"{sign.signal.value}: {sign.why}" for sign in course.signs)
        stands: Cited = Figure(
            "; ".join(part for part in (state, signs) if part), course.record or self.locked
        )
        if not course.experiment:
            stands = Gap("no registration is linked", f"`/portfolio link {course.candidate} ID`")
        return PickedTold(
            id=Figure(course.candidate, course.candidate),
            title=Figure(titles_of(self.edition).get(course.candidate, ""), course.candidate),
            expects=Figure(gain_words(one["expected_gain"]), self.file),
            shows=Figure(power_words(one), self.file),
            takes=Figure("unknown" if weeks is None else f"{weeks['mean']:.0f} weeks", self.file),
            stands=stands,
        )

    def asks(self, courses: Sequence[Course]) -> tuple[Cited, ...]:
        found: list[Cited] = []
        for one in courses:
            found += [
                Figure(f"{one.candidate}: {sign.signal.value}, {sign.why}", sign.record or self.locked)
                for sign in one.signs
                if one.experiment
            ]
        return tuple(found[:ASKS])

    def passed(self) -> tuple[Cited, ...]:
        """Those that plain RICE has highest and the pick has not, with the reason."""
        order = [name for name in self.lock.body.get("rice", ()) if name not in self.edition.picked]
        return tuple(
            Figure(f"{name} {self.title(name)}: {self.why_not(name)}", self.file) for name in order[:PASSED]
        )

    def title(self, name: str) -> str:
        return titles_of(self.edition).get(name, "")

    def why_not(self, name: str) -> str:
        one = self.by_id[name]
        swing = one.get("otherwise")
        if one["barred"]:
            return str(one["barred"][0]["reason"])
        if swing is None or swing["loses"] is None:
            return "it does not fit"
        instead = f" in place of {', '.join(swing['instead'])}" if swing["instead"] else ""
        return f"taking it{instead} would lose {short(swing['loses'])}"

    def realised(self) -> Cited:
        if self.review is None:
            return Gap(
                "no retrospective is on record",
                f"`/portfolio retro {self.kept.quarter}`, by itself after week 12",
            )
        shape = self.review.body["retrospective"]
        if shape["realised"] is None:
            return Gap(str(shape["realised_reason"]), f"`/portfolio retro {self.kept.quarter}`")
        return Figure(
            f"{short(shape['realised'])} realised of {short(shape['predicted'])} predicted",
            f"ledger {self.review.number}",
        )

    def targets(self) -> tuple[Cited, ...]:
        if self.review is None:
            return ()
        record = f"ledger {self.review.number}"
        return tuple(
            Figure(f"{one['name']} {one['value']:.2f}, target {one['target']}: {one['standing']}", record)
            for one in self.review.body["retrospective"]["targets"]
            if one["value"] is not None
        )
