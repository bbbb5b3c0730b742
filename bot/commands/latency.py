"""`lookout latency`: how long a turn takes, and whether what is planned fits its budget."""

import json as to_json
import os
from pathlib import Path

from bot import clock
from bot.commands.latency_rules import rules
from bot.commands.registration_file import complain, text_of
from bot.core.finding import errors
from bot.core.latency_budget import Budget, HistogramWindow
from bot.core.latency_json import shape
from bot.core.latency_reader import read_budget
from bot.core.latency_result import Simulation
from bot.errors import InputError

__all__ = ["rules", "run"]


def run(file: Path, *, json: bool = False, seed: int = 1, charts: Path | None = None) -> int:
    """Simulate a budget; 1 when its file has an error, or a what-if cannot be computed.

    charts: a folder that gets the pictures.

    Raises:
        InputError: the file cannot be read, or a picture not written.
        SourceError: the measured turns cannot be had.

    """
    budget = read(file)
    if budget is None:
        return 1
    from bot.core.latency_simulation import simulate
    from bot.sources.turns import measured
    from bot.views.latency_text import lines

    sources = {}
    if isinstance(budget.measured, HistogramWindow):
        from bot import settings

        sources = dict(settings.load(os.environ).sources)
    found = simulate(
        budget,
        measured(budget, root=file.resolve().parent, sources=sources, now=clock.system()),
        seed=seed,
    )
    if charts is not None:
        _draw(found, charts)
    print(to_json.dumps(shape(found), indent=2) if json else "\n".join(lines(found)))
    return int(any(one.why for one in found.what_ifs))


def _draw(found: Simulation, folder: Path) -> None:
    from bot.views import chart_latency

    pictures = {
        "waterfall": chart_latency.waterfall(found),
        "distribution": chart_latency.distribution(found),
        "what_if": chart_latency.compared(found),
    }
    for name, picture in pictures.items():
        file = folder / f"{found.budget.id}_{name}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if picture is not None:
                file.write_bytes(picture)
        except OSError as error:
            what = f"{file} cannot be written: {error.strerror}."
            raise InputError(what, "Name another folder with --charts.") from None


def read(file: Path) -> Budget | None:
    """The budget; None with its findings on stderr where one of them is an error."""
    budget, findings = read_budget(text_of(file), name=str(file))
    if findings:
        complain([one for one in findings if budget is not None or one in errors(findings)])
    return budget
