"""What is imported on the way to the command line: `lookout --help` must not wait for numerics."""

import subprocess
import sys

import pytest

HEAVY = (
    "numpy", "scipy", "pandas", "ibis", "duckdb", "pyarrow", "matplotlib", "statsmodels",
    "sqlalchemy", "sqlmodel", "slack_sdk", "slack_bolt", "aiohttp", "uvicorn", "alembic",
)  # fmt: skip


def imported_by(program: str) -> set[str]:
    """The top-level packages loaded after running `program` in a Python of its own."""
    listing = f"import sys\n{program}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "program",
    [
        "import bot.cli",
        "sys.argv = ['lookout', '--help']\nfrom bot.cli import app\napp(standalone_mode=False)",
    ],
    ids=["importing the command", "printing its help"],
)
def test_the_command_line_imports_nothing_heavy(program):
    """Each verb imports what it needs when it is called."""
    assert imported_by(program).isdisjoint(HEAVY)


def test_serving_imports_no_data_frames_or_charts():
    """The bot hears Slack before it can compute: what only a look needs is imported behind its back."""
    only_for_looks = {"pandas", "ibis", "duckdb", "pyarrow", "matplotlib", "statsmodels"}
    assert imported_by("import bot.commands.serve").isdisjoint(only_for_looks)
