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


def test_credentials_come_from_the_environment(tmp_path: Path) -> None:
    """A password is percent-encoded within a URL; a whole URL is taken as it is; none is shown."""
    text = """[sources.shop]
kind = "ibis"
url = "postgresql://reader:${SHOP_PASSWORD}@db/shop"
[sources.lake]
kind = "ibis"
url = "${LAKE_URL}"
timeout_seconds = 600
"""
    secrets = {"SHOP_PASSWORD": "a/b@c", "LAKE_URL": "postgresql://u:p%40ss@lake/x"}
    sources = load(written(tmp_path, text) | secrets).sources
    assert sources["shop"].url.get_secret_value() == "postgresql://reader:a%2Fb%40c@db/shop"
    assert sources["lake"].url.get_secret_value() == secrets["LAKE_URL"]
    assert (sources["shop"].timeout_seconds, sources["lake"].timeout_seconds) == (60, 600)
    assert not any(secret in repr(sources) for secret in ("a/b@c", "a%2Fb", "p%40ss"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[sources.a]\nkind = 'ibis'\nurl = 'postgresql://u:hunter2@h/d'",
            "lookout.toml:3: sources.a.url holds a secret in its password. Write ${NAME} in its place",
        ),
        (
            "[sources.a]\nkind = 'ibis'\nurl = 'postgresql://h/d?password=hunter2'",
            "lookout.toml:3: sources.a.url holds a secret in its option password.",
        ),
        (
            "[sources.a]\nkind = 'prometheus'\nurl = 'https://u:hunter2@h/'",
            "lookout.toml:3: sources.a.url holds a secret in its password.",
        ),
        (
            "[sources.a]\nkind = 'ibis'\nurl = 'postgresql://u:${NOT_SET}@h/d'",
            "lookout.toml:3: sources.a.url names the variable NOT_SET, which is not set.",
        ),
        ("sources = 'postgresql://u:hunter2@h/d'", "lookout.toml:1: sources"),
        ("[sources]\na = 'postgresql://u:hunter2@h/d'", "lookout.toml:2: sources.a"),
        ("[sources.a]\nkind = 'ibis'\nurl = ['postgresql://u:hunter2@h/d']", "lookout.toml:3: sources.a.url"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str, says: str) -> None:
    """With its line and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value).replace(f"{tmp_path}/", "")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[roles]\nowner = ['U1', '@maria']",
            "lookout.toml:2: roles.owner.1: '@maria' is neither a Slack id (U…), nor a user group's (S…), "
            "nor an e-mail address",
        ),
        ("[signoffs]\npm = ['maria']", "lookout.toml:2: signoffs.pm.0: 'maria' is neither a Slack id"),
        ("[signoffs]\npm = 'U1'", "lookout.toml:2: signoffs.pm: "),
        ("[roles]\n\n[launches]\nlook_at = '25:00'", "lookout.toml:4: launches.look_at"),
        (
            "[launches.zones]\nlaunches = 'Mars'",
            "lookout.toml:1: launches.zones: 'Mars' is not an IANA time zone",
        ),
        (
            "[launches.zones]\nlaunches = 'UTC'\n'#launches' = 'Asia/Tokyo'",
            "lookout.toml:1: launches.zones: a channel has two zones",
        ),
        ("[launches]\nsign_many = true", "lookout.toml:2: launches.sign_many: unknown key."),
        (
            "[flags]\nurl = 'ftp://flags.example'",
            "lookout.toml:2: flags.url: not an address that begins",
        ),
        ("[flags]\nurl = 'https://'", "lookout.toml:2: flags.url: not an address that begins"),
        ("[flags]\nurl = 'https://h/${NOT_SET}'", "lookout.toml:2: flags.url names the variable NOT_SET"),
        ("[flags]\ntimeout_seconds = 3", "lookout.toml:1: flags.url: Field required"),
        (
            "[rollout_metrics.p99_latency_ms]\nsource = 'prom'\nquery = 'up'",
            "lookout.toml:2: rollout_metrics.p99_latency_ms.source: there is no source 'prom'. "
            "Configured sources: none.",
        ),
    ],
)
def test_a_fault_of_launches_stops_the_start_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    """People, zones, the flag system and the metrics of rollouts are checked before anything starts."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value).replace(f"{tmp_path}/", "")


def test_people_zones_and_flags_are_read(tmp_path: Path) -> None:
    """People by id, group or address; a channel's zone without its hash; a token from outside."""
    text = """[roles]
director = ["U1", "W2", "S0ML", "grace@example.com"]
[launches.zones]
"#jp-launches" = "Asia/Tokyo"
[flags]
url = "https://flags.example/hook?token=${FLAG_TOKEN}"
"""
    settings = load(written(tmp_path, text) | {"FLAG_TOKEN": "a b"})
    assert settings.roles["director"] == ("U1", "W2", "S0ML", "grace@example.com")
    assert settings.launches.zones == {"jp-launches": "Asia/Tokyo"}
    assert settings.flags is not None
    assert settings.flags.url == "https://flags.example/hook?token=a%20b"


def test_a_wrong_address_of_the_flag_system_is_not_repeated(tmp_path: Path) -> None:
    """It may hold a token."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, "[flags]\nurl = 'hunter2'"))
    assert "hunter2" not in str(caught.value)


def test_monitors_are_read_from_a_folder_that_is_there(tmp_path: Path) -> None:
    """Relative to the file; one that is not there stops the start with its line."""
    (tmp_path / "watched").mkdir()
    found = load(written(tmp_path, '[monitors]\npath = "watched"\n'))
    assert found.monitors is not None
    assert found.monitors.path == tmp_path / "watched"
    assert load({}).monitors is None
    with pytest.raises(ConfigError, match=r"lookout.toml:2: monitors.path .*gone is not a folder"):
        load(written(tmp_path, '[monitors]\npath = "gone"\n'))
