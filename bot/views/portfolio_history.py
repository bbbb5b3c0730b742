"""What the ledger says of candidates and portfolios, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.views.document import markdown

Body = Mapping[str, Any]


def _locked(body: Body) -> str:
    late = f", late: {_plain(body['late'])}" if body.get("late") else ""
    other = (
        f", instead of the computed {_names(body['computed'])}: {_plain(body['overruled'])}"
        if body.get("overruled")
        else ""
    )
    rho = "" if body.get("rho") is None else f", rho {body['rho']:.2f}"
    return (
        f"locked the pick {_names(body['picked'])}{other}; by gut feel {_names(body['gut']['picked'])}{rho}; "
        f"edition {body['edition']}, file {body['sha256'][:12]}{late}"
    )


def _reviewed(body: Body) -> str:
    lacks = f", lacking {len(body['lacks'])} things" if body.get("lacks") else ""
    return f"looked back on {_names(body['picked'])}{lacks}; the haircut is {body['haircut']:.2f}"


def _effort(body: Body) -> str:
    return f"{_plain(body['candidate'])} took {body['weeks']:g} engineer-weeks"


def _outcome(body: Body) -> str:
    what = (
        "shipped and still there"
        if body.get("sustained")
        else "shipped"
        if body["shipped"]
        else "not shipped"
    )
    return f"{_plain(body['candidate'])} was {what}: {_plain(body['note'])}"


def _waived(body: Body) -> str:
    return f"waived that the quarter can show its effect: {_plain(body['why'])}"


def _pre_mortem(body: Body) -> str:
    risks = "; ".join(f"{_plain(one['risk'])} (+{one['weeks']:g} weeks)" for one in body["risks"])
    return f"pre-mortem: {risks}; then {_plain(body['contingency'])}"


def _names(names: list[str]) -> str:
    return _plain(", ".join(names) or "nothing")


def _plain(said: object) -> str:
    return markdown(str(said), 400)


PORTFOLIO_WORDS: Mapping[str, Callable[[Body], str]] = {
    "portfolio_locked": _locked,
    "portfolio_reviewed": _reviewed,
    "portfolio_effort": _effort,
    "portfolio_outcome": _outcome,
    "candidate_waived": _waived,
    "candidate_pre_mortem": _pre_mortem,
}
"""By kind of entry."""
