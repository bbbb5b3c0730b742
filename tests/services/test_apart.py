"""Work in a process apart: its answers, its failures, its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.services.apart import Apart, ApartError


@pytest.fixture
def apart() -> Iterator[Apart]:
    """Children that are ended after the test."""
    children = Apart()
    yield children
    children.close()


def test_the_same_child_answers_again(apart):
    """What it has imported is still there at the next call."""
    child = apart(os.getpid)
    assert child != os.getpid()
    assert apart(os.getpid) == child
    assert apart(int, "ff", base=16) == 255


def test_what_a_library_prints_does_not_disturb_the_answer(apart):
    """Its standard output leads to the log."""
    assert apart(os.write, 1, b"noise\n") == 6
    assert apart(len, "abc") == 3


def test_a_failure_is_raised_with_its_traceback_and_the_child_lives_on(apart):
    """The text says what was called and what it raised."""
    child = apart(os.getpid)
    with pytest.raises(ApartError, match=r"int failed:[\s\S]*ValueError: invalid literal"):
        apart(int, "seven")
    assert apart(os.getpid) == child


def test_a_child_that_dies_is_replaced(apart):
    """As when the system takes the memory back: that call fails, the next has another child."""
    child = apart(os.getpid)
    with pytest.raises(ApartError, match=r"the process for _exit died \(3\)"):
        apart(os._exit, 3)
    assert apart(os.getpid) not in (child, os.getpid())


def test_what_cannot_be_sent_costs_no_child(apart):
    """It is refused before a child hears of it."""
    child = apart(os.getpid)
    with pytest.raises(AttributeError):
        apart(lambda: None)
    assert apart(os.getpid) == child


def test_a_child_ends_with_its_parent_however_that_ends():
    """A parent killed by SIGKILL leaves no process behind."""
    parent = (
        "import os; from bot.services.apart import Apart\n"
        "print(Apart()(os.getpid), flush=True); os.kill(os.getpid(), 9)"
    )
    # The child writes its errors to the same pipe: reading that to its end is waiting for the child's end.
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout) > 0
