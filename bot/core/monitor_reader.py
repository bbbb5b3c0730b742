"""Reads a monitor from YAML; what is wrong becomes a finding with its line and mend."""

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.finding import Finding, Path, dotted, errors
from bot.core.monitor import DAY, HOUR, Direction, Feed, Monitor, PlainSums, Seasonal
from bot.core.strict_yaml import Document, parse
from bot.core.yaml_fields import Fields, unreadable
from bot.errors import InputError

SEASONAL, SUMS = "monitor", "cusum"
KINDS = (SEASONAL, SUMS)
"""What stands under `kind:`."""
MOST_DIMENSIONS = 4
MOST_DELAY = 24 * 60

_COMMON = (
    "kind", "id", "title", "metric", "service", "data", "cohorts", "direction", "timezone", "delay_minutes",
    "shadow", "url", "labels",
)  # fmt: skip
_WINDOW = re.compile(r"\[(\d+)([smhdw])\]")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

Choice = TypeVar("Choice", bound=str)


def read_monitor(text: str, *, name: str) -> tuple[Monitor | None, tuple[Finding, ...]]:
    """Read a monitor of either kind; None with the findings where one of them is an error."""
    try:
        document: Document = parse(text, name=name)
    except InputError as error:
        return None, (unreadable(error, name),)
    reader = _Reader(document)
    monitor = reader.monitor(sha256(text.encode()).hexdigest()) if reader.is_mapping(SEASONAL) else None
    findings = tuple(sorted(reader.findings, key=lambda finding: finding.line))
    return (None if errors(findings) else monitor), findings


class _Reader(Fields):
    """Reads the parts of a monitor."""

    def monitor(self, digest: str) -> Monitor:
        """The monitor, with stand-ins where there are findings."""
        data = self.document.data
        plain = data.get("kind") == SUMS
        more = ["every", "k", "h", "baseline"] if plain else ["baseline_weeks", "page", "ticket"]
        root = self.mapping((), data, [*_COMMON, *more])
        if not plain:
            self.kind(root, SEASONAL)
        monitor_id = self.text((), root, "id")
        self.identifier(("id",), monitor_id)
        cohorts = self.cohorts(root)
        every = self.choice((), root, "every", ("hour", "day"), "hour") if plain else "hour"
        feed = self.feed(root, cohorts, HOUR if every == "hour" else DAY)
        default = Direction.BOTH if plain else Direction.FALL
        direction = self.choice((), root, "direction", tuple(Direction), default)
        return Monitor(
            id=monitor_id,
            title=self.text((), root, "title"),
            metric=self.text((), root, "metric", required=False) or monitor_id,
            service=self.text((), root, "service", required=False),
            feed=feed,
            method=self.sums(root) if plain else self.seasonal(root),
            sha256=digest,
            cohorts=cohorts,
            direction=Direction(direction),
            timezone=self.zone(root),
            step=HOUR if every == "hour" else DAY,
            delay=timedelta(minutes=self.number((), root, "delay_minutes", 10, 0, MOST_DELAY)),
            shadow=self.flag((), root, "shadow"),
            url=self.text((), root, "url", required=False),
            labels=self.labels(root),
        )

    def cohorts(self, root: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the dimensions."""
        names = self.words((), root, "cohorts", required=False)
        for name in names:
            self.identifier(("cohorts",), name)
        if len(set(names)) < len(names) or len(names) > MOST_DIMENSIONS:
            what = f"cohorts are {', '.join(names)}: each once, and at most {MOST_DIMENSIONS}."
            self.find(
                "monitor-choice", ("cohorts",), what, "Leave some out: every cell needs its own traffic."
            )
        return names

    def feed(self, root: Mapping[str, Any], cohorts: tuple[str, ...], step: timedelta) -> Feed:
        """Where the numbers come from."""
        path: Path = ("data",)
        known = ["source", "numerator", "denominator", "value", "weight", "table", "sql", "time"]
        fields = self.mapping(path, root.get("data"), known)
        given = {key: self.text(path, fields, key, required=False) for key in known[1:]}
        feed = Feed(self.text(path, fields, "source"), **given)
        if bool(feed.numerator) == bool(feed.value) or bool(feed.numerator) != bool(feed.denominator):
            what = "either numerator and denominator, or value is needed."
            self.find("monitor-data", path, what, "Count successes and trials where you can.")
        elif feed.weight and not feed.value:
            self.find("monitor-data", (*path, "weight"), "a weight belongs to a value.", "Remove it.")
        if feed.table and feed.sql:
            self.find("monitor-data", (*path, "sql"), "table and sql are both given.", "Keep one.")
        if feed.in_warehouse != bool(feed.time):
            what = "a table has a time column, and PromQL has none."
            self.find("monitor-data", path, what, "Give `table` (or `sql`) and `time`, or neither.")
        if not feed.in_warehouse:
            for key in ("numerator", "denominator", "value", "weight"):
                self.query((*path, key), given[key], cohorts, step)
        return feed

    def query(self, path: Path, query: str, cohorts: tuple[str, ...], step: timedelta) -> None:
        """Warn of PromQL that looks at other hours, or lets dimensions go."""
        if not query:
            return
        wanted = int(step.total_seconds())
        for amount, unit in _WINDOW.findall(query):
            if int(amount) * _UNITS[unit] != wanted:
                what = f"[{amount}{unit}] looks back over another time than the step of {wanted // 3600} h."
                self.warn(
                    "monitor-query", path, what, f"Write [{wanted // 3600}h], so that no hour counts twice."
                )
        lost = [name for name in cohorts if not re.search(rf"\b{re.escape(name)}\b", query)]
        if lost and re.search(r"\b(sum|avg|max|min|count)\b", query):
            what = f"the query does not name {', '.join(lost)}."
            self.warn("monitor-query", path, what, f"Aggregate `by ({', '.join(cohorts)})`.")

    def seasonal(self, root: Mapping[str, Any]) -> Seasonal:
        """The method of `kind: monitor`."""
        usual = Seasonal()
        page = self.mapping(("page",), root.get("page", {}), ["per_week", "effect", "h"])
        ticket = self.mapping(("ticket",), root.get("ticket", {}), ["effect", "h"])
        ticket_h = self.number(("ticket",), ticket, "h", usual.ticket_h, 2, 100)
        h = self.number(("page",), page, "h", usual.ticket_h, 2, 100) if "h" in page else None
        effect = self.number(("page",), page, "effect", usual.effect, 0.001, 10)
        if h is not None and h < ticket_h:
            what = f"a page at {h:g} comes before a ticket at {ticket_h:g}."
            self.find("monitor-level", ("page", "h"), what, "A page needs the higher threshold.")
        return Seasonal(
            baseline_weeks=int(
                self.number((), root, "baseline_weeks", usual.baseline_weeks, 4, 26, whole=True)
            ),
            budget=self.number(("page",), page, "per_week", usual.budget, 0.001, 7),
            h=h,
            effect=effect,
            ticket_h=ticket_h,
            ticket_effect=self.number(("ticket",), ticket, "effect", min(usual.ticket_effect, effect), 0, 10),
        )

    def sums(self, root: Mapping[str, Any]) -> PlainSums:
        """The method of `kind: cusum`, and what it costs."""
        usual = PlainSums()
        method = PlainSums(
            k=self.number((), root, "k", usual.k, 0.05, 5),
            h=self.number((), root, "h", usual.h, 0.5, 20),
            baseline=int(self.number((), root, "baseline", usual.baseline, 3, 1000, whole=True)),
        )
        from bot.core.monitor_words import cost_of

        what = cost_of(method, hourly=root.get("every", "hour") == "hour")
        self.warn("monitor-cost", ("kind",), what, "Use `kind: monitor`, which keeps to a budget of pages.")
        return method

    def labels(self, root: Mapping[str, Any]) -> dict[str, str]:
        """Labels that every alarm carries."""
        found = root.get("labels", {})
        if not isinstance(found, dict):
            self.find("playbook-shape", ("labels",), "labels must be a mapping.", "Write `team: search`.")
            return {}
        return {name: self.text(("labels",), found, name) for name in found}

    def zone(self, root: Mapping[str, Any]) -> str:
        """The zone whose hours of the week are meant."""
        name = self.text((), root, "timezone", required=False) or "UTC"
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            what = f"there is no time zone {name!r}."
            self.find("monitor-choice", ("timezone",), what, "Use an IANA name such as Asia/Tokyo.")
            return "UTC"
        return name

    def choice(
        self, path: Path, fields: Mapping[str, Any], key: str, known: tuple[str, ...], usual: str
    ) -> str:
        """One of several words."""
        value = fields.get(key, usual)
        if value not in known:
            what = f"{key!r} is {value!r}."
            self.find("monitor-choice", (*path, key), what, f"Use {' or '.join(map(str, known))}.")
            return usual
        return str(value)

    def number(
        self, path: Path, fields: Mapping[str, Any], key: str, usual: float, low: float, high: float,
        *, whole: bool = False,
    ) -> float:  # fmt: skip
        """A number in a range, or the usual one where none is given."""
        value = fields.get(key, usual)
        fine = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if fine and not (whole and value != int(value)):
            return float(value)
        kind = "a whole number" if whole else "a number"
        what = f"{key!r} is {value!r}, {kind} from {low:g} to {high:g} was expected."
        self.find("monitor-number", (*path, key), what, f"Write for example `{key}: {usual:g}`.")
        return usual

    def warn(self, code: str, path: Path, message: str, hint: str) -> None:
        """Note what may be meant, and costs something."""
        line = self.document.line(path)
        self.findings.append(Finding(code, "warning", self.document.name, dotted(path), line, message, hint))
