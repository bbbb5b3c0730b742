"""What a feed's days say: row counts and null shares against what is usual, freshness, schema."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from bot.core import chart_spec
from bot.core.checks.upstream import Upstream
from bot.core.feed import Feed, FeedDay, SchemaSeen, differences, fingerprint
from bot.core.figures import share, weekday
from bot.core.found import Found, clear, suspect, unknown
from bot.stats.band import Band, of_counts, of_shares
from bot.stats.undecided import Undecided

WORST = 3
"""Columns, and differences of a schema, that are named; more are counted."""
DATED_HOURS = 48.0
"""How old a feed of dates may be where nothing is configured: yesterday's date has come."""
LATE, GRACE = 2.0, 3600.0
"""A feed is late from twice the age it usually has at this hour, and not before an hour more than that."""
USUAL_AGE = 0.95
"""The share of past days whose age is usual."""
FEWEST_FOR_NULLS = 50
"""Rows today from which their nulls are looked at; else yesterday's are."""
DAY = 86400


def rows(feed: Feed, options: Upstream) -> Found:
    """Row counts: yesterday's, and today's so far, against the same weekdays'."""
    more = {"query": feed.text}
    if not feed.days:
        what = f"row counts: {feed.name} has no row at all in {7 * options.weeks + 1} days"
        return suspect(what, "rows", **more)
    told = [_counted(feed, options, day) for day in _judged_days(feed)]
    chart = _daily(feed, told[-1][1])
    off = [line for line, band, holds in told if band is not None and not holds]
    if off:
        return suspect(f"row counts: {'; '.join(off)}", "rows", chart=chart, **more)
    fine = [line for line, band, _ in told if band is not None]
    if not fine:
        return unknown(f"row counts: {told[0][0]}", chart=chart, **more)
    return clear(f"row counts: {'; '.join(fine)}", chart=chart, **more)


def freshness(feed: Feed, options: Upstream) -> Found:
    """How old the newest row is, against the configured limit, or what it usually is at this hour."""
    more = {"query": feed.text}
    if not feed.days:
        return unknown(f"freshness: {feed.name} has no row", **more)
    age = _age(feed, feed.today)
    assert age is not None  # noqa: S101 - there is a row
    newest = max(feed.days)
    said = f"freshness: newest {weekday(newest)}"
    if not feed.dated:
        seconds = feed.days[newest].newest or 0.0
        said = f"{said} {_clock(seconds)}, {_hours(age)} ago"
    if options.max_age_hours:
        most = options.max_age_hours * 3600
        tail = f"{_hours(most)} is the most configured"
    elif feed.dated:
        most, tail = DATED_HOURS * 3600, "yesterday's date was expected"
    else:
        past = sorted(
            found
            for back in range(1, 7 * options.weeks + 1)
            if (found := _age(feed, feed.today - timedelta(days=back))) is not None
        )
        if len(past) < 7:
            return unknown(f"{said}; {len(past)} past days known, 7 are needed to say what is usual", **more)
        usual = past[min(int(USUAL_AGE * len(past)), len(past) - 1)]
        most = max(LATE * usual, usual + GRACE)
        tail = f"at this time of day it is {_hours(usual)} at most on 19 days of 20"
    if age > most:
        return suspect(f"{said}; {tail}", "freshness", **more)
    return clear(f"{said}; {tail}", **more)


def nulls(feed: Feed, options: Upstream) -> Found:
    """Null shares by column, of today where it has rows enough, else of the newest whole day."""
    more = {"query": feed.text}
    day = _for_nulls(feed)
    if day is None:
        return unknown(f"null shares: {feed.name} has no row", **more)
    if not day.nulls:
        return unknown(f"null shares: {feed.name} has no column to look at", **more)
    bands = {column: _null_band(feed, options, day, column) for column in day.nulls}
    known = {column: band for column, band in bands.items() if isinstance(band, Band)}
    if not known:
        reason = next(band.reason for band in bands.values() if isinstance(band, Undecided))
        return unknown(f"null shares: {reason}", **more)
    seen = {column: day.nulls[column] / day.rows for column in known}
    off = [column for column, band in known.items() if not band.holds(seen[column])]
    off.sort(key=lambda column: -abs(seen[column] - known[column].middle))
    named = [f"{column} {share(seen[column])}, usual {share(known[column].middle)}" for column in off]
    if off:
        return suspect(
            f"null shares {_day(feed, day.date)}: {_some(named)}",
            "nulls",
            chart=_null_chart(seen, known, off),
            **more,
        )
    many = "1 column" if len(known) == 1 else f"{len(known)} columns"
    return clear(f"null shares: {many} as usual, {_day(feed, day.date)}", **more)


def schema(feed: Feed, options: Upstream, before: SchemaSeen | None, onset: datetime) -> Found:
    """The schema against the recorded one, or the one that was seen the day before."""
    print_ = fingerprint(feed.schema)
    query = f"columns and types of {feed.name}"
    if options.schema is not None:
        changed = differences(options.schema, feed.schema)
        if changed:
            return suspect(f"schema: not the recorded one: {_some(changed)}", "schema", query=query)
        return clear(f"schema: fingerprint {print_} as recorded in the playbook", query=query)
    if before is None:
        return unknown(f"schema: fingerprint {print_}; none was seen before to compare it with", query=query)
    changed = differences(before.schema, feed.schema)
    last = f"{weekday(before.last_seen.date())} {before.last_seen:%H:%M} UTC"
    if changed:
        many = "1 column" if len(changed) == 1 else f"{len(changed)} columns"
        when = "before" if before.last_seen <= onset else "after"
        return suspect(
            f"schema: {feed.name} changed {many} since {last}, {when} the onset: {_some(changed)}",
            "schema",
            query=query,
        )
    since = f"{weekday(before.first_seen.date())}"
    if before.first_seen > onset:
        late = "after the onset: nothing earlier is known"
        return unknown(f"schema: fingerprint {print_} was first seen on {since}, {late}", query=query)
    return clear(f"schema: fingerprint {print_} unchanged since {since}", query=query)


def _judged_days(feed: Feed) -> Sequence[date]:
    """Today as far as it is, and the day before; of dates the newest there is."""
    if feed.dated:
        return [max(feed.days)]
    return [feed.today, feed.today - timedelta(days=1)]


def _counted(feed: Feed, options: Upstream, day: date) -> tuple[str, Band | None, bool]:
    """The words about one day, its band (None where nothing is usual), whether it holds the count."""
    partial = day == feed.today and not feed.dated
    found = feed.days.get(day)
    count = 0 if found is None else found.so_far if partial else found.rows
    name = f"{_day(feed, day)}{' so far' if partial else ''}"
    low = _band(feed, options, day, "early" if partial else "rows")
    high = _band(feed, options, day, "late" if partial else "rows")
    if isinstance(low, Undecided) or isinstance(high, Undecided):
        reason = low.reason if isinstance(low, Undecided) else ""
        return f"{_many(count)} {name}; {reason}", None, True
    band = Band(low.low, (low.middle + high.middle) / 2, high.high, low.days)
    usual = f"usual for a {day:%A} {_many(band.low)} to {_many(band.high)}"
    if partial:
        usual += " by this time"
    return f"{_many(count)} {name}, {usual}", band, band.holds(count)


def _band(feed: Feed, options: Upstream, day: date, part: str) -> Band | Undecided:
    """The band of that part of a day, from the weeks before it; the first date there is may be cut off."""
    first = min(feed.days)
    past = [day - timedelta(days=back) for back in range(1, 7 * options.weeks + 1)]
    counts: dict[int, list[float]] = {}
    for one in past:
        if one <= first and one != max(past):
            continue
        known = feed.days.get(one)
        counts.setdefault(one.weekday(), []).append(float(getattr(known, part)) if known else 0.0)
    alike = counts.pop(day.weekday(), [])
    return of_counts(alike, list(counts.values()), tolerance=options.tolerance)


def _age(feed: Feed, day: date) -> float | None:
    """Seconds since the newest row at this time of that day; None where none is known from two days."""
    for back in range(8):
        known = feed.days.get(day - timedelta(days=back))
        if known is None:
            continue
        newest = known.newest_so_far if back == 0 else known.newest
        if feed.dated:
            newest = 0.0
        if newest is not None:
            return back * DAY + feed.clock - newest
    return None if day != feed.today else (feed.today - max(feed.days)).days * DAY + feed.clock


def _for_nulls(feed: Feed) -> FeedDay | None:
    days = [feed.days[day] for day in sorted(feed.days, reverse=True) if feed.days[day].rows]
    if not days:
        return None
    return next((day for day in days[:2] if day.rows >= FEWEST_FOR_NULLS), days[0])


def _null_band(feed: Feed, options: Upstream, day: FeedDay, column: str) -> Band | Undecided:
    past = [(one.nulls.get(column, 0), one.rows) for one in feed.days.values() if one.date < day.date]
    return of_shares(
        [(float(part), float(whole)) for part, whole in past], day.rows, tolerance=options.null_tolerance
    )


def _null_chart(
    seen: Mapping[str, float], bands: Mapping[str, Band], off: Sequence[str]
) -> Mapping[str, object]:
    bars = [
        chart_spec.Bar(column, 100 * seen[column], usual=100 * bands[column].middle, off=True)
        for column in off
    ]
    return chart_spec.bars("Null shares, now beside usual", bars, unit="%")


def _daily(feed: Feed, band: Band | None) -> Mapping[str, object]:
    """Rows by day; today, which is not over, left out. The band is that of the newest day's weekday."""
    days = [day for day in sorted(feed.days) if feed.dated or day < feed.today]
    points = [(datetime.combine(day, time(12), tzinfo=UTC), float(feed.days[day].rows)) for day in days]
    return chart_spec.line(
        f"{feed.name}: rows by day", points, band=None if band is None else (band.low, band.high)
    )


def _day(feed: Feed, day: date) -> str:
    named = {feed.today: "today", feed.today - timedelta(days=1): "yesterday"}
    return named.get(day, f"on {weekday(day)}")


def _some(parts: Sequence[str]) -> str:
    rest = f"; {len(parts) - WORST} more" if len(parts) > WORST else ""
    return f"{'; '.join(parts[:WORST])}{rest}"


def _many(count: float) -> str:
    """A count as people say it: 1.02M, 98.4k, 812."""
    if count >= 999_500:
        return f"{count / 1e6:.3g}M"
    return f"{count / 1e3:.3g}k" if count >= 10_000 else f"{count:.0f}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"


def _hours(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 120:
        return f"{max(minutes, 0):.0f} min"
    return f"{minutes / 60:.3g} h" if minutes < 72 * 60 else f"{minutes / 1440:.3g} days"
