"""`lookout portfolio`: the candidates of a quarter scored, and the pick that its capacity allows."""

import json as to_json
import sys
from pathlib import Path

from bot.commands.registration_file import more, text_of
from bot.core.finding import Finding, errors
from bot.core.portfolio_reader import read_portfolio
from bot.errors import InputError


def run(file: Path, *, json: bool = False, seed: int = 1) -> int:
    """Score and pick; 1 when the file has an error, or no pick is feasible.

    Raises:
        InputError: the file cannot be read, or the seed is none.

    """
    if seed < 0:
        raise InputError(f"--seed {seed} is negative.", "Give a whole number from 0.")
    portfolio, findings = read_portfolio(text_of(file), name=str(file))
    if portfolio is None:
        if json:
            print(to_json.dumps(_refused(findings), indent=2))
        _complain(findings)
        return 1
    from bot.core.portfolio_beside import beside
    from bot.core.portfolio_json import retrospective_shape, shape
    from bot.core.portfolio_outcome import look_back
    from bot.core.portfolio_pick import pick
    from bot.core.portfolio_score import score
    from bot.views.portfolio_text import lines, retrospective_lines

    scored = score(portfolio, seed=seed)
    found = pick(scored)
    other = beside(scored, found)
    back = look_back(scored, found.picked) if portfolio.outcomes else None
    if json:
        past = {"retrospective": None if back is None else retrospective_shape(back)}
        whole = shape(scored, found, other) | past
        print(to_json.dumps({**whole, "findings": [one.to_json() for one in findings]}, indent=2))
    else:
        for finding in findings:
            print(finding)
        print("\n".join(["", *lines(scored, found, other)] if findings else lines(scored, found, other)))
        if back is not None:
            print("\n".join(["", *retrospective_lines(back)]))
    return int(bool(found.infeasible))


def _refused(findings: tuple[Finding, ...]) -> dict[str, object]:
    return {"pick": None, "findings": [one.to_json() for one in findings]}


def _complain(findings: tuple[Finding, ...]) -> None:
    """The errors on stderr, one a line."""
    for finding in errors(findings):
        print(finding, file=sys.stderr)
    print(more(findings), file=sys.stderr)
