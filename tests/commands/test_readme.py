"""What the README shows is true of the product."""

import re
from pathlib import Path

from bot import settings
from bot.cli import app
from bot.core.lint import check_registration

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_registration_in_the_readme_is_free_of_findings() -> None:
    """Whoever copies it gets no error and no warning."""
    (text,) = _blocks("yaml")
    registration, findings = check_registration(text, "README.md")
    assert registration is not None
    assert findings == []


def test_the_settings_in_the_readme_are_read(tmp_path: Path) -> None:
    """Every key is known, and the password comes from the environment."""
    (text,) = _blocks("toml")
    file = tmp_path / "lookout.toml"
    file.write_text(text, encoding="utf-8")
    for folder in ("playbooks", "templates"):
        (tmp_path / folder).mkdir()
    known = settings.load({"LOOKOUT_CONFIG": str(file), "SHOP_PASSWORD": "s3cret"})
    assert known.sources["warehouse"].timeout_seconds == 60
    assert "s3cret" not in repr(known)


def test_every_verb_is_in_the_readme() -> None:
    """A command that exists is named."""
    verbs = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert [verb for verb in sorted(verbs) if verb not in README] == []
