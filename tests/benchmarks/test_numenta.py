"""The score of the Numenta Anomaly Benchmark, on files small enough to be counted by hand."""

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import monitors, numenta

START = datetime(2014, 4, 1)  # noqa: DTZ001 - the corpus knows no zones


def file(scores: dict[int, float], *windows: tuple[int, int], length: int = 100) -> numenta.File:
    """A file whose values are what a detector is to say of it."""
    times = tuple(START + timedelta(minutes=5 * number) for number in range(length))
    return numenta.File("f", times, tuple(scores.get(number, 0.0) for number in range(length)), windows)


def scored(*files: numenta.File) -> numenta.Scored:
    """Score the detector that says what is in the file."""
    return numenta.score(files, lambda one: one.values)


def test_the_sigmoid_is_the_benchmarks() -> None:
    """.98661 at the left edge of a window, .84828 in its middle, 0 at the right, -.98661 one width on."""
    assert [round(numenta.scaled(at), 5) for at in (-1.0, -0.5, 0.0, 1.0)] == [
        0.98661,
        0.84828,
        0.0,
        -0.98661,
    ]
    assert numenta.scaled(3.0) == -1.0


def test_silence_is_0_and_the_left_edge_of_every_window_is_100() -> None:
    """The two ends of the scale."""
    assert scored(file({}, (40, 59))).score == 0
    perfect = scored(file({40: 1.0}, (40, 59)), file({70: 0.9}, (70, 79)))
    assert perfect.score == pytest.approx(100.0)
    assert (perfect.hit, perfect.windows, perfect.false) == (2, 2, 0)


def test_a_late_hit_and_a_false_one_count_as_they_should() -> None:
    """By hand: the middle of a window of 20, a record long before it: 100 (s(-.5)/s(-1) - .11 + 1) / 2."""
    late = numenta.scaled(-0.5) / numenta.scaled(-1.0)
    found = scored(file({50: 1.0, 20: 1.0}, (40, 59)))
    assert found.score == pytest.approx(100 * (late - 0.11 + 1) / 2)
    assert found.false == 1


def test_records_just_behind_a_window_cost_little_and_the_first_records_nothing() -> None:
    """Behind: .11 s(1/19) for the next record; 15 % of a file are not scored."""
    behind = scored(file({40: 1.0, 60: 1.0}, (40, 59)))
    assert behind.score == pytest.approx(100 * (1 + 0.11 * numenta.scaled(1 / 19) + 1) / 2)
    assert scored(file({40: 1.0, 14: 1.0}, (40, 59))).score == pytest.approx(100.0)
    assert scored(file({40: 1.0, 15: 1.0}, (40, 59))).score < 100


def test_the_threshold_is_the_best_over_the_corpus() -> None:
    """Quieter records are left unsaid where saying them costs more than it earns."""
    found = scored(file({40: 0.8, **dict.fromkeys(range(16, 36), 0.5)}, (40, 59)))
    assert (found.threshold, found.score) == (0.8, pytest.approx(100.0))
    assert math.isinf(scored(file(dict.fromkeys(range(15, 40), 1.0), (60, 79))).threshold)


def test_a_checkout_is_read_and_the_monitor_is_scored_on_it(tmp_path: Path) -> None:
    """data/, labels/combined_windows.json; a clear change of level is found."""
    name = "made/level.csv"
    (tmp_path / "data" / "made").mkdir(parents=True)
    (tmp_path / "labels").mkdir()
    times = [START + timedelta(hours=number) for number in range(500)]
    lines = [
        f"{at},{10 + (number * 7 % 5) + (20 if 400 <= number < 420 else 0)}"
        for number, at in enumerate(times)
    ]
    (tmp_path / "data" / name).write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    windows = {name: [[f"{times[395]}.000000", f"{times[425]}.000000"]]}
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    files = numenta.read(tmp_path)
    assert files[0].windows == ((395, 425),)
    found = numenta.score(files, monitors._odd)
    assert found.hit == 1
    assert found.score > 80
