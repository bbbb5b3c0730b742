"""[timeline] and [review]: defaults, what they may hold, and where a wrong value stands."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import Settings, load


def read(tmp_path: Path, text: str) -> Settings:
    """The configuration of this text."""
    file = tmp_path / "lookout.toml"
    file.write_text(text)
    return load({"LOOKOUT_CONFIG": str(file)})


def test_without_anything_written_there_are_two_emoji_and_five_days() -> None:
    """As the README says."""
    settings = Settings()
    assert settings.timeline.emoji == ("pushpin", "memo")
    assert (settings.review.within, settings.review.reminds) == (timedelta(days=5), time(9))


def test_emoji_may_be_written_with_colons(tmp_path: Path) -> None:
    """As people see them in Slack."""
    text = '[timeline]\nemoji = [":eyes:", "+1"]\n[review]\nwithin_days = 2.5\nremind_at = "08:30"\n'
    settings = read(tmp_path, text)
    assert settings.timeline.emoji == ("eyes", "+1")
    assert (settings.review.within, settings.review.reminds) == (timedelta(days=2.5), time(8, 30))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[timeline]\nemoji = ["two words"]\n', "toml:2: timeline.emoji.0: 'two words' is not the name of"),
        ("[timeline]\nemojis = []\n", "toml:2: timeline.emojis: unknown key"),
        ("[review]\nwithin_days = 0\n", "toml:2: review.within_days: Input should be greater than 0"),
        ('[review]\nremind_at = "9"\n', "toml:2: review.remind_at: String should match"),
    ],
)
def test_a_wrong_value_stops_the_start(tmp_path: Path, text: str, problem: str) -> None:
    """With file and line."""
    with pytest.raises(ConfigError) as told:
        read(tmp_path, text)
    assert problem in str(told.value)
