"""`lookout monitor replay` and `list`: in words, in JSON, with a picture."""

import csv
import json
from pathlib import Path

import pytest

from bot.commands import monitor
from bot.commands.check import run as check
from bot.commands.doctor_monitors import monitors
from bot.errors import InputError
from bot.settings import Settings
from tests.core.monitor_bench import history

FILE = """kind: monitor
id: useful_answer_rate
title: Useful-answer rate
data: {source: prom, numerator: useful, denominator: answers}
cohorts: [locale, device, tenure]
page: {h: 12}
"""
FALL = 4 * 168 + 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five weeks as CSV, with a fall of one cohort in the fifth; a file of each kind."""
    where = tmp_path_factory.mktemp("monitors")
    seen = history(5, fall=(FALL, 6, 0.3))
    with (where / "past.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "locale", "device", "tenure", "numerator", "denominator"])
        for hour in range(len(seen)):
            at = seen.at(hour).strftime("%Y-%m-%d %H:%M:%S")
            for number, cell in enumerate(seen.cells):
                rows.writerow([at, *cell, int(seen.x[hour, number]), int(seen.n[hour, number])])
    (where / "m.yaml").write_text(FILE)
    (where / "c.yaml").write_text(FILE.replace("kind: monitor", "kind: cusum").replace("page: {h: 12}\n", ""))
    return where


def test_a_replay_says_what_would_have_been_raised_and_draws_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which cohort, how much, since when; how many pages a week; where the picture is."""
    picture = folder / "x.png"
    assert monitor.run({}, folder / "m.yaml", data=folder / "past.csv", out=picture) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        "useful_answer_rate: 18 cohorts, 5.0 weeks from 2026-09-07; watched 1.0 weeks from 2026-10-05"
    )
    assert said[1].startswith("threshold 12.0, set in its file (learnt up to 2026-10-05)")
    assert any("1 page (1.00 a week)" in line for line in said)
    page = next(line for line in said if " PAGE " in line)
    assert "locale=jp,device=mobile,tenure=returning -" in page
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_replay_of_plain_sums_is_loud(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page nearly every day, as its cost promises; in JSON, for programs."""
    where = folder / "c.png"
    monitor.run({}, folder / "c.yaml", data=folder / "past.csv", since="2026-10-05", out=where, json=True)
    shape = json.loads(capsys.readouterr().out)
    assert shape["pages"] >= 5
    assert shape["alarms"][0]["level"] == "page"
    assert set(shape["alarms"][0]["cohort"]) <= {"locale", "device", "tenure"}


def test_a_replay_of_plain_sums_says_what_they_cost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Above what they would have raised."""
    few = {"data": folder / "past.csv", "since": "2026-10-09", "until": "2026-10-10"}
    assert monitor.run({}, folder / "c.yaml", out=folder / "d.png", **few) == 0
    assert "what it costs: a plain CUSUM" in capsys.readouterr().out


def test_a_past_too_short_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made up, and it exits with 1."""
    short = {"data": folder / "past.csv", "out": folder / "y.png"}
    assert monitor.run({}, folder / "m.yaml", since="2026-09-20", **short) == 1
    assert "312 hours before it are there, 672 are needed to learn" in capsys.readouterr().out
    assert monitor.run({}, folder / "m.yaml", until="2026-10-05", **short) == 1
    assert "672 hours are there, more than 672 are needed" in capsys.readouterr().out
    assert monitor.run({}, folder / "c.yaml", since="2027-01-01", **short) == 1
    assert "840 points are there, more than 2784 are needed" in capsys.readouterr().out


def test_what_was_typed_wrongly_is_told(folder: Path) -> None:
    """The option, the value, an example."""
    with pytest.raises(InputError, match="--from yesterday is no time"):
        monitor.run({}, folder / "m.yaml", data=folder / "past.csv", since="yesterday")
    with pytest.raises(InputError, match="There is no file"):
        monitor.run({}, folder / "m.yaml", data=folder / "none.csv")
    with pytest.raises(InputError, match="There is no prometheus source 'prom'"):
        monitor.run({}, folder / "m.yaml")
    with pytest.raises(InputError, match="cannot be written"):
        monitor.run({}, folder / "m.yaml", data=folder / "past.csv", out=folder / "no" / "x.png")


def test_a_file_with_a_fault_is_not_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its findings are printed."""
    (tmp_path / "m.yaml").write_text(FILE.replace("title", "titel"))
    assert monitor.run({}, tmp_path / "m.yaml") == 1
    printed = capsys.readouterr()
    assert "unknown key 'titel'" in printed.out + printed.err


def test_check_takes_monitors_and_prints_what_plain_sums_cost(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning, so that it still may be used."""
    assert check([folder]) == 0
    said = capsys.readouterr().out
    assert "m.yaml: monitor, fine" in said
    assert "warning monitor-cost a plain CUSUM (k=0.5, h=4) whose truth is 14 points" in said
    assert "c.yaml: cusum, fine" in said


def test_list_says_how_monitors_stand(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the configured folder; without one, how to have one."""
    config = tmp_path / "lookout.toml"
    database = {"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path}/l.db", "LOOKOUT_CONFIG": str(config)}
    config.write_text("")
    assert monitor.listing(database) == 0
    assert "No monitor is configured" in capsys.readouterr().out
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "m.yaml").write_text(FILE)
    config.write_text(
        '[monitors]\npath = "m"\n[sources.prom]\nkind = "prometheus"\nurl = "http://127.0.0.1:9"\n'
    )
    assert monitor.listing(database) == 0
    assert capsys.readouterr().out == "useful_answer_rate: begins with its first hour\n"
    assert monitor.listing(database, json=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["until"] is None


def test_doctor_says_how_many_there_are_and_what_is_wrong(tmp_path: Path) -> None:
    """Nothing where none is configured; a file with a fault by its line."""
    assert list(monitors(Settings())) == []
    (tmp_path / "m.yaml").write_text(FILE)
    given = {
        "monitors": {"path": tmp_path},
        "sources": {"prom": {"kind": "prometheus", "url": "http://127.0.0.1:9"}},
        "database_url": f"sqlite:///{tmp_path}/l.db",
    }
    (fine,) = monitors(Settings(**given))
    assert (fine.ok, fine.said) == (True, "1 configured, 1 still without a baseline")
    (tmp_path / "m.yaml").write_text(FILE.replace("title", "titel"))
    (wrong,) = monitors(Settings(**given))
    assert wrong.ok is False
