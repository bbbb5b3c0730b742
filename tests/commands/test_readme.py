"""What the README shows is true of the product."""

import re
import tomllib
from pathlib import Path

import pytest

from bot import settings
from bot.cli import app
from bot.commands import check
from bot.core.lint import check_registration
from handlers import grammar

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("kind", ["portfolio", "latency", "harness"])
def test_the_files_of_a_quarter_are_described_as_they_are(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever copies one from the playbooks' README gets no finding."""
    text = (ROOT / "playbooks" / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (shown,) = [block for block in blocks if block.startswith(f"kind: {kind}\n")]
    (tmp_path / "shown.yaml").write_text(shown, encoding="utf-8")
    assert check.run([tmp_path], json=False) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


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
    for folder in ("playbooks", "templates", "monitors"):
        (tmp_path / folder).mkdir()
    secrets = dict.fromkeys(("SHOP_PASSWORD", "MLFLOW_TOKEN", "CALENDAR_KEY"), "s3cret")
    known = settings.load({"LOOKOUT_CONFIG": str(file), **secrets})
    assert known.sources["warehouse"].timeout_seconds == 60
    assert "s3cret" not in repr(known)


def test_every_verb_is_in_the_readme() -> None:
    """A command that exists is named."""
    verbs = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert [verb for verb in sorted(verbs) if verb not in README] == []


def test_every_verb_typed_in_slack_is_in_the_readme() -> None:
    """As `/topic verb` or beside it."""
    known = {(topic, verb) for topic, verbs in grammar.OF_LAUNCHES.items() for verb in verbs}
    lines = {topic: [line for line in README.splitlines() if f"`/{topic} " in line] for topic, _ in known}
    unnamed = {
        f"/{topic} {verb}"
        for topic, verb in known
        if not any(re.search(rf"`(/{topic} )?{verb}\b", line) for line in lines[topic])
    }
    assert unnamed == set()


def test_every_setting_is_in_the_readme() -> None:
    """Each table of lookout.toml with each of its keys, but for those with a name of one's own."""
    (text,) = _blocks("toml")
    shown = tomllib.loads(text)
    for table, kind in (
        ("channels", settings.Channels),
        ("incidents", settings.IncidentSettings),
        ("launches", settings.LaunchSettings),
        ("flags", settings.FlagSettings),
        ("data", settings.DataSettings),
    ):
        assert set(shown[table]) == set(kind.model_fields), table


def _behaviours() -> list[tuple[str, str]]:
    """What the table of behaviours points to: floor and name, or a glob of names."""
    table = README.partition("| to change how")[2].partition("\n\n")[0].splitlines()[2:]
    found = []
    for row in table:
        cells = row.strip("|").split("|")[1:]
        for floor, cell in zip(("services", "views", "core"), cells, strict=True):
            found += [(floor, name) for name in re.findall(r"`([^`]+)`", cell)]
    return found


def test_every_module_the_readme_points_to_is_there() -> None:
    """In the table that says where a behaviour is."""
    for floor, name in _behaviours():
        where = ROOT if "/" in name.rstrip("/") else ROOT / "bot" / floor
        assert [*where.glob(f"{name.rstrip('/')}.py"), *where.glob(name.rstrip("/"))], name


def test_every_module_of_the_floors_is_in_the_readme() -> None:
    """Whoever looks for a behaviour finds the modules it is in; a new one is named in that table."""
    named = {
        (floor, module.stem)
        for floor, name in _behaviours()
        for module in (ROOT / "bot" / floor).glob(f"{name}.py")
        if "/" not in name
    }
    there = {
        (floor, module.stem)
        for floor in ("services", "views", "core")
        for module in (ROOT / "bot" / floor).glob("[!_]*.py")
    }
    assert sorted(there - named) == []


def test_everything_around_the_floors_that_the_readme_points_to_is_there() -> None:
    """In the second table."""
    table = README.partition("| and around them")[2].partition("\n\n")[0].splitlines()[2:]
    rooms = [ROOT, *(ROOT / "bot" / name for name in ("store", "sources", "chat")), ROOT / "handlers"]
    names = [name for row in table for name in re.findall(r"`([^` ]+)`", row.split("|")[2])]
    assert names
    for name in names:
        assert any((room / name).is_dir() or (room / f"{name}.py").is_file() for room in rooms), name


def test_every_folder_of_modules_is_in_the_picture_of_the_house() -> None:
    """By its name and a slash."""
    picture = README.partition("## The house")[2].split("```")[1]
    folders = {
        folder.name
        for top in ("bot", "handlers", "benchmarks")
        for folder in [ROOT / top, *(ROOT / top).rglob("*")]
        if any(folder.glob("*.py"))
    }
    assert [name for name in sorted(folders) if not re.search(rf"\b{name}/", picture)] == []
