"""lookout.toml and the environment."""

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import load

EXAMPLE = """timezone = "Asia/Tokyo"
[channels]
incidents = "ml-incidents"
ops = "C0OPS12"
[roles]
engineer = ["U01", "S0ML"]
[signoffs]
pm = ["U02"]
[sources.prom]
kind = "prometheus"
url = "http://127.0.0.1:9090"
"""


def written(folder: Path, text: str) -> dict[str, str]:
    """Write the text as lookout.toml and return the environment that names it."""
    file = folder / "lookout.toml"
    file.write_text(text, encoding="utf-8")
    return {"LOOKOUT_CONFIG": str(file)}


def test_the_example_is_read(tmp_path: Path) -> None:
    """Channels become references, sources are typed, secrets hide."""
    environment = written(tmp_path, EXAMPLE) | {
        "SLACK_BOT_TOKEN": "xoxb-secret",
        "LOOKOUT_WEBHOOK_SECRET_ALERTMANAGER": "hush",
        "LOOKOUT_SLACK_API_URL": "http://127.0.0.1:1/api",
    }
    settings = load(environment)
    assert (settings.channels.incidents, settings.channels.ops) == ("#ml-incidents", "C0OPS12")
    assert settings.roles["engineer"] == ("U01", "S0ML")
    assert settings.sources["prom"].kind == "prometheus"
    assert settings.slack_api_url == "http://127.0.0.1:1/api/"
    assert settings.webhook_secrets["alertmanager"].get_secret_value() == "hush"
    assert "xoxb" not in repr(settings)
    assert "hush" not in repr(settings)


def test_without_a_file_the_defaults_hold() -> None:
    """An absent lookout.toml is fine; the shipped playbooks are used."""
    settings = load({})
    assert settings.timezone == "UTC"
    assert settings.port == 3000
    assert settings.channels.launches == "#launches"
    assert (settings.playbooks.path / "triage.yaml").is_file()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("timezon = 'UTC'", "lookout.toml:1: unknown key 'timezon'."),
        ("[channels]\nincident = 'x'", "lookout.toml:2: channels.incident: unknown key."),
        ("timezone = 'Mars'", "lookout.toml:1: timezone: 'Mars' is not an IANA time zone"),
        ("[roles]\nqueen = ['U1']", "lookout.toml:2: roles.queen: Input should be"),
        ("[sources.a]\nkind = 'excel'\nurl = 'x'", "lookout.toml:2: sources.a.kind"),
        ("[sources.a]\nkind = 'ibis'", "lookout.toml:1: sources.a.url: Field required"),
        ("[roles]\nowner = ['U1']\nengineer = ['U1', 7]", "lookout.toml:3: roles.engineer.1"),
        ("retention_days = 0", "lookout.toml:1: retention_days"),
        ("[playbooks]\npath = 'nowhere'", "lookout.toml:2: playbooks.path"),
        (
            "[sources.w]\nkind = 'ibis'\nurl = 'duckdb:///nowhere/w.duckdb'",
            "lookout.toml:3: sources.w.url: no file /nowhere/w.duckdb.",
        ),
        ("a = ", "lookout.toml: not valid TOML"),
    ],
)
def test_a_fault_stops_the_start_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    """The message names file, line, key and value."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value).replace(f"{tmp_path}/", "")


def test_a_bad_variable_is_named_without_its_value() -> None:
    """The environment may hold secrets, so a fault in it names only the variable."""
    with pytest.raises(ConfigError) as caught:
        load({"LOOKOUT_PORT": "hunter2"})
    assert str(caught.value).startswith("LOOKOUT_PORT: ")
    assert "hunter2" not in str(caught.value)


def test_a_named_file_must_exist() -> None:
    """LOOKOUT_CONFIG naming nothing is an error, not a default."""
    with pytest.raises(ConfigError, match="no such file"):
        load({"LOOKOUT_CONFIG": "/nowhere/lookout.toml"})
