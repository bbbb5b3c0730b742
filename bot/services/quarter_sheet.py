"""What one portfolio's update says: each figure from the lock, the file or the ledger, or the gap."""

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo
from typing import Any

from bot.core.citation import Cited, Figure, Gap
from bot.core.early_abort import Course
from bot.core.ledger import Entry
from bot.core.quarter import RETRO_WEEK, Term
from bot.core.quarter_update import PickedTold, UpdateTold
from bot.core.quarterly import Edition, Kind, Quarterly
from bot.services.quarter_locking import titles_of
from bot.views.quarter_retro import amount
from bot.views.quarter_scores import gain_words, power_words, short, unit_words

PASSED, ASKS = 3, 5
"""Candidates passed over, and asks, that one page has room for."""


class Told:
    """Says what the record shows of one portfolio."""

    def __init__(
        self,
        kept: Quarterly,
        edition: Edition,
        entries: Sequence[Entry],
        term: Term,
        today: date,
        zone: tzinfo,
    ) -> None:
        self.kept, self.edition, self.term, self.today, self.zone = kept, edition, term, today, zone
        self.result = edition.result
        self.by_id = {one["id"]: one for one in edition.result["candidates"]}
        self.lock = next(one for one in reversed(entries) if one.kind == Kind.LOCKED)
        self.review = next((one for one in reversed(entries) if one.kind == Kind.REVIEWED), None)
        self.file = f"{kept.quarter} edition {edition.number}"
        self.locked = f"ledger {self.lock.number}"

    def update(self, courses: Sequence[Course]) -> UpdateTold:
        """All of it."""
        return UpdateTold(
            quarter=Figure(self.kept.quarter, self.kept.quarter),
            when=Figure(self._when(), self.locked),
            verdict=Figure(self._verdict(courses), self.locked),
            candidates=Figure(
                f"{len(self.edition.picked)} of {len(self.by_id)} candidates were picked", self.locked
            ),
            locked=Figure(self._locked_on(), self.locked),
            expected=self._expected(),
            learning=Figure(short(self.result["pick"]["learning"]), self.file),
            capacity=self._capacity(),
            gut=self._gut(),
            rho=self._rho(),
            limits=self._limits(),
            haircut=self._haircut(),
            picks=tuple(self._picked(one) for one in courses),
            asks=self._asks(courses),
            passed=self._passed(),
            realised=self._realised(),
            targets=self._targets(),
        )

    def _when(self) -> str:
        week = self.term.week(self.today)
        if week < 1:
            return f"it begins on {self.term.first.isoformat()}"
        if self.today > self.term.last:
            return f"over since {self.term.last.isoformat()}"
        return f"week {week} of {RETRO_WEEK}" if week <= RETRO_WEEK else f"week {week}, to be looked back on"

    def _verdict(self, courses: Sequence[Course]) -> str:
        bad = [one.candidate for one in courses if one.signs]
        what = f"{len(self.edition.picked)} picked, {self._when()}"
        if self.today < self.term.first:
            return what
        return f"{what}: " + (f"{', '.join(bad)} need a look" if bad else "no early-abort signal")

    def _locked_on(self) -> str:
        day = self.lock.at.astimezone(self.zone).date()
        late = (
            "late, after the quarter had begun" if self.lock.body.get("late") else "before the quarter began"
        )
        return f"locked on {day.isoformat()}, {late}, file {self.edition.sha256[:12]}"

    def _expected(self) -> Cited:
        gain = {**self.result["beside"]["pick"]["gain"], "mean": self.result["pick"]["expected"]}
        if list(self.lock.body["picked"]) != list(self.lock.body["computed"]):
            return Gap(
                "what the pick made by hand expects was not worked out", "`/portfolio score` shows each"
            )
        return Figure(f"{gain_words(gain)} {unit_words(self.result['unit'])}", self.file)

    def _capacity(self) -> Cited:
        found, room = self.result["pick"], (self.edition.file.get("capacity") or {}).get("engineer_weeks")
        of = "" if room is None else f" of {room:g}"
        shared = f", {', '.join(found['shared'])} paid once" if found["shared"] else ""
        return Figure(f"It takes {found['engineer_weeks']:.0f}{of} engineer-weeks{shared}", self.file)

    def _gut(self) -> Cited:
        felt = self.lock.body["gut"]
        both = [name for name in felt["picked"] if name in self.edition.picked]
        after = ", said after the computed pick was shown" if felt["seen"] else ""
        return Figure(
            f"By gut feel it would have been {', '.join(felt['picked'])} ({len(both)} in common{after})",
            self.locked,
        )

    def _rho(self) -> Cited:
        rho = self.lock.body.get("rho")
        if rho is None:
            reason = (self.result["beside"]["spearman"] or {}).get("reason") or "it was not computed"
            return Gap(f"no rank correlation of gut feel with RICE: {reason}")
        adds = "adds little" if self.result["beside"]["spearman"]["adds_little"] else "says something else"
        return Figure(
            f"Spearman's rho of gut feel with RICE is {rho:.2f}, so the framework {adds}", self.locked
        )

    def _limits(self) -> Cited:
        bindings = self.result["pick"]["bindings"]
        if not bindings:
            return Figure("No limit costs anything", self.file)
        one = bindings[0]
        enters = f" and let {', '.join(one['enters'])} in" if one["enters"] else ""
        return Figure(
            f"What limits it most: {one['limit']} would bring {short(one['gains'])} more{enters}", self.file
        )

    def _haircut(self) -> Cited:
        cut = self.result["haircut"]
        if not cut["tried"]:
            return Figure("Confidences are taken as stated, since none is on record yet", self.file)
        how = "as stated" if cut["factor"] == 1 else f"{cut['factor']:.2f} times what was stated"
        return Figure(f"Confidences count {how}, by {cut['tried']} on record", self.file)

    def _picked(self, course: Course) -> PickedTold:
        one = self.by_id[course.candidate]
        weeks = one["engineer_weeks"]
        state = " · ".join(part for part in (course.experiment, course.state, course.verdict) if part)
        signs = "; ".join(f"{sign.signal.value}: {sign.why}" for sign in course.signs)
        stands: Cited = Figure(
            "; ".join(part for part in (state, signs) if part), course.record or self.locked
        )
        if not course.experiment and not course.record:
            stands = Gap("no registration is linked", f"`/portfolio link {course.candidate} ID`")
        return PickedTold(
            id=Figure(course.candidate, course.candidate),
            title=Figure(titles_of(self.edition).get(course.candidate, ""), course.candidate),
            expects=Figure(gain_words(one["expected_gain"]), self.file),
            shows=Figure(power_words(one), self.file),
            takes=Figure("unknown" if weeks is None else f"{weeks['mean']:.0f} weeks", self.file),
            stands=stands,
        )

    def _asks(self, courses: Sequence[Course]) -> tuple[Cited, ...]:
        found: list[Cited] = []
        for one in courses:
            found += [
                Figure(f"{one.candidate}: {sign.signal.value}, {sign.why}", sign.record or self.locked)
                for sign in one.signs
                if one.experiment
            ]
        return tuple(found[:ASKS])

    def _passed(self) -> tuple[Cited, ...]:
        """Those that plain RICE has highest and the pick has not, with the reason."""
        order = [name for name in self.lock.body.get("rice", ()) if name not in self.edition.picked]
        return tuple(
            Figure(f"{name} {self._title(name)}: {self._why_not(name)}", self.file) for name in order[:PASSED]
        )

    def _title(self, name: str) -> str:
        return titles_of(self.edition).get(name, "")

    def _why_not(self, name: str) -> str:
        one = self.by_id[name]
        swing = one.get("otherwise")
        if one["barred"]:
            return str(one["barred"][0]["reason"])
        if swing is None or swing["loses"] is None:
            return "it does not fit"
        instead = f" in place of {', '.join(swing['instead'])}" if swing["instead"] else ""
        return f"taking it{instead} would lose {short(swing['loses'])}"

    def _realised(self) -> Cited:
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

    def _targets(self) -> tuple[Cited, ...]:
        if self.review is None:
            return ()
        record = f"ledger {self.review.number}"
        known = (one for one in self.review.body["retrospective"]["targets"] if one["value"] is not None)
        return tuple(Figure(_target(one), record) for one in known)


def _target(one: Mapping[str, Any]) -> str:
    name = str(one["name"])
    return f"{name} {amount(name)(one['value'])} ({one['standing']}, target {one['target']})"
