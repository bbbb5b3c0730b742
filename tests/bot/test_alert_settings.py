"""[incidents] in lookout.toml: grouping rules and maintenance windows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import load

RULES = """timezone = "Asia/Tokyo"
[incidents]
group_by = ["metric", "team"]
[[incidents.rules]]
name = "dips"
match = {service = "rag-*", locale = ["jp", "en"]}
group_by = ["service", "locale"]
window_hours = 6
after = 3
within_minutes = 10
[[incidents.rules]]
name = "tickets"
match = {severity = "ticket"}
[[incidents.maintenance]]
name = "reindex"
match = {service = "retrieval"}
weekly = ["saturday", "sunday"]
at = "02:00"
hours = 3
zone = "Europe/Berlin"
[[incidents.maintenance]]
name = "move"
match = {cluster = "blue*"}
from = 2026-12-01T02:00:00
until = 2026-12-01T06:00:00+09:00
reason = "moving"
"""


def written(folder: Path, text: str) -> dict[str, str]:
    """Write the text as lookout.toml and return the environment that names it."""
    (folder / "lookout.toml").write_text(text, encoding="utf-8")
    return {"LOOKOUT_CONFIG": str(folder / "lookout.toml")}


def test_rules_and_windows_are_read(tmp_path: Path) -> None:
    """The first rule that fits; what it leaves out is what holds for all."""
    settings = load(written(tmp_path, RULES))
    rule = settings.incidents.rule_for({"service": "RAG-index", "locale": "jp"})
    assert (rule.name, rule.group_by, rule.window) == ("dips", ("service", "locale"), timedelta(hours=6))
    assert (rule.after, rule.within) == (3, timedelta(minutes=10))
    tickets = settings.incidents.rule_for({"severity": "ticket"})
    assert (tickets.group_by, tickets.window, tickets.after) == (("metric", "team"), timedelta(hours=24), 1)
    assert settings.incidents.rule_for({"service": "rag-index"}).name == ""
    weekly, once = settings.incidents.windows(settings.timezone)
    assert weekly.ends(datetime(2026, 11, 21, 2, tzinfo=UTC)) == datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert once.start == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert once.end == datetime(2026, 11, 30, 21, tzinfo=UTC)


RULE = "[[incidents.rules]]\nname = 'a'\nmatch = {x = 'y'}\n"
WINDOW = "[[incidents.maintenance]]\nname = 'a'\nmatch = {x = 'y'}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            RULE + "[[incidents.rules]]\nname = 'b'\n",
            "lookout.toml:4: incidents.rules.1.match: Field required",
        ),
        (RULE + RULE, "two are called 'a'; names tell them apart"),
        (RULE + "after = 3\n", "lookout.toml:1: incidents.rules.0: a threshold needs both"),
        (RULE + "within_minutes = 3\n", "lookout.toml:1: incidents.rules.0: a threshold needs both"),
        (RULE + "after = 0\n", "lookout.toml:4: incidents.rules.0.after: Input should be greater"),
        (RULE + "group_by = []\n", "lookout.toml:4: incidents.rules.0.group_by"),
        (
            RULE + "group_by = ['a b']\n",
            "lookout.toml:4: incidents.rules.0.group_by.0: 'a b' is not the name",
        ),
        ("[[incidents.rules]]\nname = 'a'\nmatch = {}\n", "lookout.toml:3: incidents.rules.0.match"),
        ("[[incidents.rules]]\nname = 'a'\nmatch = {x = 7}\n", "lookout.toml:3: incidents.rules.0.match.x"),
        (
            WINDOW,
            "lookout.toml:1: incidents.maintenance.0: write either from and until, or weekly, at and hours",
        ),
        (WINDOW + "weekly = ['monday']\nat = '02:00'\n", "write either from and until"),
        (
            WINDOW + "weekly = ['funday']\nat = '02:00'\nhours = 2\n",
            "lookout.toml:4: incidents.maintenance.0.weekly",
        ),
        (
            WINDOW + "weekly = ['monday']\nat = '25:00'\nhours = 2\n",
            "lookout.toml:5: incidents.maintenance.0.at",
        ),
        (
            WINDOW + "weekly = ['monday']\nat = '02:00'\nhours = 2\nzone = 'Mars'\n",
            "'Mars' is not an IANA time zone",
        ),
        (WINDOW + "from = 2026-12-02T00:00:00Z\nuntil = 2026-12-01T00:00:00Z\n", "it ends before it begins"),
        (
            WINDOW + "start = 2026-12-02T00:00:00Z\n",
            "lookout.toml:4: incidents.maintenance.0.start: unknown key",
        ),
    ],
)
def test_a_fault_stops_the_start_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    """Also in the second of several tables."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value).replace(f"{tmp_path}/", "")
