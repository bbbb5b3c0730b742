"""A bot whose lives are short: run instead of `lookout serve`, it dies by SIGKILL again and again.

Everything is imported once and each life is a fork. A life dies around one of its commits: right before it,
right after it, or some milliseconds later, when it is talking to Slack, computing a look or reading metrics.
Which one is drawn from SEED and the number of the life. While the file CALM is there, lives go on; each death
is a line of the file DEATHS. SIGUSR1 kills the present life at once.
"""

import contextlib
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlmodel import Session

import bot.app
from bot.commands import serve

DEATHS, CALM = Path(os.environ["DEATHS"]), Path(os.environ["CALM"])
LONGEST = 60
"""Commits that a life lives to see, at most."""
child = 2**22 + 1  # nobody's
ending = False


def main() -> None:
    """Live, die, live again, until told to stop."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGUSR1, _strike)
    _hurry()
    life = 0
    while not ending:
        global child
        life += 1
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
            threading.Thread(target=_outlive_no_parent, daemon=True).start()
            _doom(life)
            os._exit(serve.run(os.environ))
        if ending:
            _tell(signal.SIGTERM)  # it was not there yet when that was said
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(os.waitstatus_to_exitcode(status))


def _end(_signum: int, _frame: FrameType | None) -> None:
    global ending
    ending = True
    _tell(signal.SIGTERM)


def _strike(_signum: int, _frame: FrameType | None) -> None:
    _tell(signal.SIGKILL)


def _tell(number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it is dead already, or not born yet
        os.kill(child, number)


def _outlive_no_parent() -> None:
    """End when whoever would begin the next life is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _hurry() -> None:
    """Import once for all lives what a look needs, and read the playbooks."""
    bot.app.looking.warm()
    bot.app.looking.warm = lambda: None
    desk = serve.open_desk(serve.settings.load(os.environ))
    serve.open_desk = lambda _: desk


def _doom(life: int) -> None:
    """Have this life die around one of its commits that write."""
    rng = random.Random(f"{os.environ['SEED']}/{life}")
    left = rng.randint(2, LONGEST)
    early, later = rng.random() < 0.3, rng.choice((0.0, 0.0, 0.005, 0.05, 0.2))
    writing: set[int] = set()

    @event.listens_for(Engine, "before_cursor_execute")
    def executing(connection: Connection, _c: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            writing.add(id(connection))

    @event.listens_for(Engine, "commit")
    def committing(connection: Connection) -> None:
        nonlocal left
        if id(connection) in writing:
            writing.discard(id(connection))
            left -= 1
            if left <= 0 and early:
                _die(life, "before a commit")

    @event.listens_for(Session, "after_commit")
    def committed(_: Session) -> None:
        if left > 0:
            return
        if later:
            threading.Timer(later, _die, (life, f"{later:g} s after a commit")).start()
        else:
            _die(life, "after a commit")


def _die(life: int, how: str) -> None:
    if CALM.exists():
        return
    with DEATHS.open("a", encoding="utf-8") as log:
        log.write(f"life {life}: {how}\n")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
