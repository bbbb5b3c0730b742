"""`lookout doctor` says of every source what is wrong with it, and never with what secret it was asked."""

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from bot.commands import doctor

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
