"""`[changes.NAME]` of lookout.toml: sources of changes that are asked."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.change import ChangeKind
from bot.errors import ConfigError
from bot.settings import load

EXAMPLE = """
[sources.shop]
kind = "ibis"
url = "duckdb://:memory:"
[changes.registry]
kind = "mlflow"
url = "https://mlflow.example"
token = "${MLFLOW_TOKEN}"
models = ["reranker"]
[changes.campaigns]
kind = "ical"
url = "https://calendar.example/${CALENDAR}/basic.ics"
change_kind = "campaign"
[changes.deploys]
kind = "sql"
source = "shop"
query = "SELECT * FROM deploys"
columns = {at = "deployed_at"}
every_minutes = 5
"""
ENVIRONMENT = {"MLFLOW_TOKEN": "t0ken", "CALENDAR": "private-1"}


def settings_of(folder: Path, text: str):
    """What is read from that file."""
    (folder / "lookout.toml").write_text(text, encoding="utf-8")
    return load({"LOOKOUT_CONFIG": str(folder / "lookout.toml"), **ENVIRONMENT})


def test_sources_of_changes_are_read_and_their_secrets_hide(tmp_path):
    """Each has its own pace where it names none."""
    found = settings_of(tmp_path, EXAMPLE).changes
    assert found["registry"].token.get_secret_value() == "t0ken"
    assert found["campaigns"].url.get_secret_value() == "https://calendar.example/private-1/basic.ics"
    assert found["campaigns"].change_kind is ChangeKind.CAMPAIGN
    assert [one.every for one in found.values()] == [timedelta(minutes=m) for m in (2, 15, 5)]
    assert "t0ken" not in repr(found)
    assert "private-1" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "mlflow"', 'kind = "svn"', "lookout.toml:6: changes.registry.kind: Input should be"),
        ('models = ["reranker"]', 'query = "x"', "kind mlflow takes no query; it takes models"),
        ('change_kind = "campaign"', "", "lookout.toml:10: changes.campaigns: kind ical needs change_kind"),
        ('change_kind = "campaign"', 'change_kind = "party"', "changes.campaigns.change_kind: Input"),
        ('source = "shop"', 'source = "shed"', "there is no warehouse 'shed'.; Configured warehouses: shop."),
        ("every_minutes = 5", "every_minutes = 0", "lookout.toml:19: changes.deploys.every_minutes"),
        ("every_minutes = 5", "hourly = true", "changes.deploys.hourly: unknown key"),
        ('{at = "deployed_at"}', '{when = "x"}', "a change has no 'when'; name the columns of id, title, at"),
        ('token = "${MLFLOW_TOKEN}"', 'token = "sesame"', "toml:8: changes.registry.token holds a secret."),
        ("${CALENDAR}", "${NOWHERE}", "changes.campaigns.url names the variable NOWHERE, which is not set."),
        ("https://mlflow.example", "file:///etc/passwd", "not an address that begins with https://"),
        ("[changes.registry]", "[changes.'My Registry']", "'My Registry' is no name"),
    ],
)  # fmt: skip
def test_a_fault_stops_the_start_with_its_line(tmp_path, old, new, says):
    """And never with a secret."""
    assert old in EXAMPLE
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, EXAMPLE.replace(old, new))
    assert says in f"{error.value.message}; {error.value.hint}"
    assert "sesame" not in f"{error.value.message} {error.value.hint}"
    assert "passwd" not in f"{error.value.message} {error.value.hint}"
