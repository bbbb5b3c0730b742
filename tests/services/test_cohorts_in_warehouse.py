"""Cohorts from a warehouse: means at the same hours of earlier days, and a reason for what cannot be said."""

from datetime import timedelta

import pytest

from bot.core.evidence import EvidenceStatus
from bot.errors import SourceError
from tests.services.incident_bench import Bench
from tests.services.test_series_checks import ask
from tests.services.warehouse_bench import Warehouse

CHECK = (
    "kind: cohorts\nsource: warehouse\ntable: turns\ntime: seen\nvalue: ctr\ndimensions: [locale, device]\n"
)
DEVICES, LOCALES = ("app", "web"), ("en", "jp")


@pytest.fixture
def bench(sqlite, clock, tmp_path):
    """A bench whose warehouse has a week of turns; jp fell with the incident, forty minutes ago."""
    tmp_path.joinpath("made").mkdir()
    warehouse = Warehouse(tmp_path / "made", clock())
    rows = [
        (clock() - timedelta(days=day, minutes=minutes), locale, device,
         0.3 if day == 0 and locale == "jp" else 0.5 + 0.001 * (day % 3))
        for day in range(8) for minutes in (5, 20, 35) for locale in LOCALES for device in DEVICES
    ]  # fmt: skip
    values = ", ".join(f"('{at:%Y-%m-%d %H:%M:%S}', '{loc}', '{dev}', {ctr})" for at, loc, dev, ctr in rows)
    warehouse.change(
        "CREATE TABLE turns (seen TIMESTAMP, locale VARCHAR, device VARCHAR, ctr DOUBLE, note VARCHAR)",
        f"INSERT INTO turns SELECT *, NULL FROM (VALUES {values}) v(seen, locale, device, ctr)",
    )
    bench = Bench(sqlite, clock, sources={"warehouse": warehouse.source})
    bench.warehouse = warehouse
    bench.receive(bench.alert(started_at=bench.now - timedelta(minutes=40)))
    return bench


def test_the_cohorts_that_fell_are_found(bench):
    """Each against itself at this time of the last seven days."""
    (found,) = ask(bench, CHECK)
    assert found.line.startswith(
        "2 of 4 cohorts off in the last 60 min against the same hours of the days before"
    )
    assert "all in locale=jp (2 of its 2). Worst: jp-app 0.501 → 0.3 (\u221240.1 %)" in found.line
    assert (found.status, found.source) == (EvidenceStatus.SUSPECT, "warehouse")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("ALTER TABLE turns RENAME COLUMN ctr TO rate", "turns has no column ctr (value)"),
        ("ALTER TABLE turns RENAME COLUMN device TO kind", "turns has no column device (dimension)"),
        ("ALTER TABLE turns ALTER ctr TYPE VARCHAR", "ctr"),
        ("DROP TABLE turns", "turns"),
    ],
)
def test_a_table_that_is_not_as_declared_is_named(bench, change, reason):
    """The column that is missing, or holds no numbers; the table that is gone."""
    bench.warehouse.change(change)
    with pytest.raises(SourceError) as raised:
        ask(bench, CHECK)
    assert reason in str(raised.value)


def test_nulls_and_nan_are_no_values_and_unnamed_cohorts_are_one_of_their_own(bench):
    """A cohort with nothing now is not clear."""
    bench.warehouse.change(
        "UPDATE turns SET ctr = 'NaN' WHERE locale = 'en' AND device = 'app' "
        "AND seen > TIMESTAMP '2026-11-22 12:00'",
        "UPDATE turns SET locale = NULL WHERE locale = 'jp' AND device = 'web'",
    )
    (found,) = ask(bench, CHECK)
    assert "2 of 3 cohorts off" in found.line
    assert found.line.endswith("; of 1 nothing is known")
    assert "none-web" in str(found.chart)


def test_a_table_without_rows_is_unknown(bench):
    """Neither clear nor off."""
    bench.warehouse.change("DELETE FROM turns")
    (found,) = ask(bench, CHECK)
    assert found.status is EvidenceStatus.UNKNOWN
    assert "turns has no row in the last" in found.line


def test_a_table_without_a_source_or_time_says_what_to_configure(bench):
    """Under the name the playbook gives the check."""
    (found,) = ask(bench, "kind: cohorts\ntable: turns\ntime: seen\n")
    assert found.line == "no source is configured: name it under checks.it of the playbook"
    (found,) = ask(bench, "kind: cohorts\nsource: warehouse\ntable: turns\n")
    assert found.line == "no time column is configured: name it under checks.it of the playbook"
