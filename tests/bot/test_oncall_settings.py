"""[oncall] and [phone_tree] of lookout.toml."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.rotation import turn
from bot.errors import ConfigError
from bot.settings import load

LAYER = '[oncall.layers.primary]\npeople = ["U01", "ben@example.com"]\nstarts = 2026-11-02\n'
OVERRIDE = '[oncall.overrides.swap]\nperson = "U03"\nstarts = {}\nends = {}\n'
SOURCE = '[oncall.source]\nkind = "pagerduty"\nschedules = ["P1"]\n'


def read(folder: Path, text: str):
    """The settings of a file with this text."""
    file = folder / "lookout.toml"
    file.write_text(text, encoding="utf-8")
    return load({"LOOKOUT_CONFIG": str(file), "LOOKOUT_ONCALL_TOKEN": "hush"})


def test_layers_are_read_in_their_order(tmp_path):
    """Each with its own zone, or that of the whole."""
    text = f'timezone = "Asia/Tokyo"\n{LAYER}[oncall.layers.backup]\npeople = ["U09"]\nstarts = 2026-11-02\n'
    text += 'zone = "Europe/Berlin"\nhours = "08:00-20:00"\ndays = ["mon", "fri"]\nevery_days = 1\n'
    settings = read(tmp_path, text)
    first, second = settings.oncall.rotation(settings.timezone)
    assert (first.name, first.zone, first.every) == ("primary", "Asia/Tokyo", 7)
    assert (second.zone, second.days, second.hours is not None) == ("Europe/Berlin", {0, 4}, True)
    assert turn(first, (), datetime(2026, 11, 2, 0, 0, tzinfo=UTC)).person == "U01"


def test_an_override_without_a_layer_is_of_the_first(tmp_path):
    """As most are."""
    text = LAYER + OVERRIDE.format("2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z")
    assert [one.layer for one in read(tmp_path, text).oncall.standing_in()] == ["primary"]


def test_everybody_who_is_named_is_to_be_looked_up(tmp_path):
    """So that who left is known, and who is behind an address."""
    text = LAYER + SOURCE + '[oncall.source.people]\n"eve@pager.example" = "U05"\n'
    assert read(tmp_path, text).oncall.references() == ("U01", "ben@example.com", "U05")


def test_without_a_word_nobody_is_on_call_and_nothing_is_quiet(tmp_path):
    """The roles are called then, as ever."""
    settings = read(tmp_path, "")
    assert not settings.oncall.configured
    assert settings.oncall.quiet.until(datetime(2026, 11, 22, 3, tzinfo=UTC), settings.zone) is None
    assert settings.oncall.lease == timedelta(minutes=15)


def test_the_token_hides(tmp_path):
    """It is never shown."""
    settings = read(tmp_path, SOURCE)
    assert settings.oncall_token.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_the_phone_tree_keeps_its_order(tmp_path):
    """Who is to be phoned first stands first."""
    text = '[phone_tree]\n"On-call phone" = "+81 3 0000 0000"\n"Bridge" = "https://meet.example/inc"\n'
    assert list(read(tmp_path, text).phone_tree) == ["On-call phone", "Bridge"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[oncall]\nquiet_hours = "22-8"', r"toml:2: oncall.quiet_hours: '22-8' is no span of hours"),
        ("[oncall]\nack = 3", r"toml:2: oncall.ack: unknown key"),
        ("[oncall]\nlease_minutes = 0", r"toml:2: oncall.lease_minutes: "),
        ('[oncall]\nquiet_days = ["sunday"]', r"toml:2: oncall.quiet_days.0: "),
        ('[oncall.zones]\nU01 = "Mars/X"', r"toml:2: oncall.zones.U01: 'Mars/X' is not an IANA time zone"),
        (LAYER + 'handoff = "25:00"', r"toml:4: oncall.layers.primary.handoff: "),
        (LAYER + "every_days = 0", r"toml:4: oncall.layers.primary.every_days: "),
        (LAYER.replace('"U01"', '"bob"'), r"toml:2: oncall.layers.primary.people.0: 'bob' is neither"),
        ("[oncall.layers.primary]\npeople = []\nstarts = 2026-11-02", r"toml:2: .*at least 1 item"),
        (LAYER + OVERRIDE.format("2026-11-04T00:00:00Z", "2026-11-03T00:00:00Z"), "not after it starts"),
        (LAYER + OVERRIDE.format("2026-11-04T00:00:00", "2026-11-05T00:00:00Z"), "timezone"),
        (
            LAYER + OVERRIDE.format("2026-11-04T00:00:00Z", "2026-11-05T00:00:00Z") + 'layer = "x"',
            "layer 'x'",
        ),
        (SOURCE + 'url = "http://pager.example"', "begins with https://"),
        (SOURCE + 'url = "https://me:secret@pager.example"', "must not hold a password"),
        (SOURCE.replace("pagerduty", "grafana"), "begins with https://"),
        (SOURCE.replace('"P1"', '"../x"'), r"toml:3: oncall.source.schedules.0: "),
        ('[phone_tree]\n"On call" = " "', "'On call': write a number or an address"),
        ("[phone_tree]\n" + "\n".join(f'"p{n}" = "{n}"' for n in range(21)), "20 are the most"),
    ],
)
def test_what_cannot_hold_stops_the_start(tmp_path, text, says):
    """With file and line, what is wrong, and never a secret."""
    with pytest.raises(ConfigError, match=says) as stopped:
        read(tmp_path, text)
    assert "secret" not in str(stopped.value)
