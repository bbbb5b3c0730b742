"""`lookout doctor` says of every source what is wrong with it, and never with what secret it was asked."""

import asyncio
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from bot.commands import doctor
from bot.workspace.accounts import set_active
from bot.workspace.installation import BOT_TOKEN
from bot.workspace.manifest import parse
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def test_every_source_is_asked_and_no_secret_is_said(
    tmp_path: Path, postgres_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that answers, one that refuses its user, one that nobody serves, one that knows no such engine."""
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE exposure (user INT)")
    server = make_url(postgres_server)
    refusing = server.set(drivername="postgresql", username="nobody_here", password="hunter2")
    (tmp_path / "lookout.toml").write_text(f"""
[sources.files]
kind = "ibis"
url = "duckdb://{tmp_path / "w.duckdb"}"
[sources.shop]
kind = "ibis"
url = "${{SHOP_URL}}"
[sources.gone]
kind = "ibis"
url = "postgresql://reader:${{GONE_PASSWORD}}@127.0.0.1:1/gone"
[sources.prom]
kind = "prometheus"
url = "http://reader:${{GONE_PASSWORD}}@127.0.0.1:1"
""")
    environment = {
        "LOOKOUT_CONFIG": str(tmp_path / "lookout.toml"),
        "LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'lookout.db'}",
        "SHOP_URL": refusing.render_as_string(hide_password=False),
        "GONE_PASSWORD": "hunter2",
    }
    assert doctor.run(environment) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert "✓ fine    source files: 1 table" in lines
    for name, reason in {
        "shop": "the warehouse: ",
        "gone": "the warehouse: ",
        "prom": "prometheus cannot be reached: ConnectError",
    }.items():
        (at,) = [number for number, line in enumerate(lines) if line.startswith(f"✗ broken  source {name}:")]
        assert reason in lines[at]
        assert lines[at + 1].strip().startswith(f"mend: Check the url of [sources.{name}], its variables")
    assert "hunter2" not in said.out + said.err


ROLES = """
[roles]
engineer = ["S0ML"]
owner = ["maria@example.com", "U0DS"]
approver = ["S0GONE", "nobody@example.com"]
director = ["U0DIR"]
[signoffs]
pm = ["maria@example.com"]
legal = []
"""


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], toml: str, **environment: str) -> list[str]:
    """What doctor prints for a lookout.toml."""
    (tmp_path / "lookout.toml").write_text(toml)
    named = {"LOOKOUT_CONFIG": str(tmp_path / "lookout.toml")}
    doctor.run(named | {"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'lookout.db'}"} | environment)
    return capsys.readouterr().out.splitlines()


async def test_roles_are_looked_up_in_slack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who holds each, by name; what Slack does not know, who left, what nobody may do."""
    async with LocalWorkspace() as local:
        set_active(local.hub, "U0DIR", active=False)
        token = {"SLACK_BOT_TOKEN": BOT_TOKEN, "LOOKOUT_SLACK_API_URL": local.api_url}
        lines = await asyncio.to_thread(told, tmp_path, capsys, ROLES, **token)
    assert "✓ fine    role engineer: tom, yuki" in lines
    assert "✓ fine    role owner: maria, ravi" in lines
    assert "✓ fine    sign-off pm: maria" in lines
    for broken in ("[roles] approver: S0GONE", "[roles] approver: nobody@example.com"):
        assert f"✗ broken  {broken}: Slack knows no such account, group or address" in lines
    assert "⚠ note    [roles] director: U0DIR: deactivated in Slack, so it holds nothing" in lines
    for nobody in ("role approver", "role director", "sign-off legal"):
        assert f"⚠ note    {nobody}: nobody holds it" in lines
    assert "⚠ note    permissions: nobody may approve an override" in lines
    assert "⚠ note    permissions: nobody may waive a row of the readiness check" in lines


async def test_roles_that_slack_cannot_say_are_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An outage or a missing scope breaks nothing: what was known last still counts."""
    async with LocalWorkspace() as local:
        local.hub.install(parse({**manifest(), "oauth_config": {"scopes": {"bot": ["users:read"]}}}))
        token = {"SLACK_BOT_TOKEN": BOT_TOKEN, "LOOKOUT_SLACK_API_URL": local.api_url}
        lines = await asyncio.to_thread(told, tmp_path, capsys, ROLES, **token)
    [group] = [line for line in lines if "[roles] engineer: S0ML" in line]
    assert group.startswith("⚠ note")
    assert "missing_scope usergroups:read" in group
    assert "⚠ note    role engineer: who holds it cannot be said without asking Slack" in lines
    assert not [line for line in lines if "permissions" in line and "rollout" in line]


def test_without_roles_everything_is_refused_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deny by default: doctor says what nobody may do, and whom to name."""
    lines = told(tmp_path, capsys, "")
    [at] = [number for number, line in enumerate(lines) if "nobody may decide on a launch" in line]
    assert "under [roles] as owner or approver or director" in lines[at + 1]
