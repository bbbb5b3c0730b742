"""A bot that is killed with SIGKILL at commit points: run instead of `lookout serve`.

Everything is imported once and each life is a fork, so that a hundred lives take a minute. A commit point
is what its transaction wrote to which row. There the process dies once right after the commit, so that
what should follow has not happened; and where an effect was sent to Slack, once more right before, so that
it was said and nothing knows of it. The next life lets that point pass. DEATHS is the file of those passed.

Of points of one kind, which write to the same tables and columns, the first and an eighth of the others are
deadly; with EVERY_DEATH set all of them are.
"""

import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlmodel import Session

import bot.app
from bot.commands import serve
from bot.store import claims, slots

DEATHS = Path(os.environ["DEATHS"])
NAMES_A_ROW = re.compile(r"(.*_)?(id|body|once|job|slot|lane|reference|state|name|group)(_\d+)?")
VALUE = re.compile(r"=\S*")
EACH, SHARE = 1, 8
OF_A_LIFE = re.compile(r"^(start|again)/.*")
"""Slots made anew by every start, or until Slack can be asked: by the moment."""
child = 0


def main() -> None:
    """Live, die, live again, until told to stop."""
    signal.signal(signal.SIGTERM, forward)
    hurry()
    while True:
        global child
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            doom(set(DEATHS.read_text().splitlines()) if DEATHS.exists() else set())
            os._exit(serve.run(os.environ))
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(os.waitstatus_to_exitcode(status))


def forward(signum: int, _: FrameType | None) -> None:
    """Tell the life under way to end."""
    os.kill(child, signum)


def hurry() -> None:
    """Read the playbooks once for all lives, and import nothing for looks: this story takes none.

    No job is given up for being under way at so many deaths: here the job is never what kills.
    """
    slots.MAX_TRIES = claims.MAX_TRIES = 10_000
    desk = serve.open_desk(serve.settings.load(os.environ))
    serve.open_desk = lambda _: desk
    bot.app.looking.warm = lambda: None


def doom(passed: set[str]) -> None:
    """Have this process die at the first commit point that is not in `passed`."""
    writes: dict[int, list[str]] = {}
    dying: dict[int, str] = {}

    @event.listens_for(Engine, "begin")
    def begun(connection: Connection) -> None:
        writes[id(connection)] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def executing(connection: Connection, _c: Any, statement: str, _p: Any, context: Any, _m: bool) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            writes[id(connection)].append(written(statement, context))

    @event.listens_for(Engine, "commit")
    def committing(connection: Connection) -> None:
        point = " & ".join(writes.pop(id(connection), []))
        if "UPDATE outbox" in point and "state=" in point:
            die(f"before {point}", passed)
        if point:
            dying[id(connection)] = f"after {point}"

    @event.listens_for(Session, "after_commit")
    def committed(session: Session) -> None:
        for point in list(dying.values()):
            die(point, passed)


def written(statement: str, context: Any) -> str:
    """What was written to which row, alike however often it is tried, and in whichever life."""
    rows = [
        f"{name}={OF_A_LIFE.sub('of a moment', str(value))}"
        for parameters in getattr(context, "compiled_parameters", ())
        for name, value in sorted(parameters.items())
        if NAMES_A_ROW.fullmatch(name) and not (name == "id" and "body" in parameters)
    ]
    return f"{' '.join(statement.split()[: 2 if statement.startswith('UPDATE') else 3])} {' '.join(rows)}"


def die(point: str, passed: set[str]) -> None:
    """Note the point and die there, unless that happened before or the point is spared."""
    line = point.replace("\n", " ")
    if line in passed or spared(line, passed):
        return
    with DEATHS.open("a", encoding="utf-8") as log:
        log.write(f"{line}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def spared(line: str, passed: set[str]) -> bool:
    """Whether enough points of its kind were deadly; the same in every life."""
    if "EVERY_DEATH" in os.environ or crc32(line.encode()) % SHARE == 0:
        return False
    kind = VALUE.sub("", line)
    return sum(VALUE.sub("", other) == kind for other in passed) >= EACH


if __name__ == "__main__":
    main()
