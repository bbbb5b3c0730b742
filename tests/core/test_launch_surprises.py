"""What a launch's retrospective calls a surprise: from the ledger's entries, each with what it asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.launch import Kind
from bot.core.launch_surprises import as_planned, surprises
from bot.core.ledger import Entry, sealed
from bot.core.registration import load

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "id": "after-1",
    "hypothesis": {"intervention": "do(x = 1)", "prior_probability": 0.8},
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": 14,
    "data": {"path": "rows.csv", "unit": "user", "arm": "arm", "day": "day"},
    "metrics": {"rate": {"kind": "mean"}},
    "primary": {"metric": "rate", "mde": {"relative": 0.03}},
    "sequential": {"looks": [7, 14]},
}
LOOK = {"record": 4, "look": 2, "day": 14.0, "planned": True, "verdict": "ship"}
SHIP = {"decision": "ship", "verdict": "ship", "record": 4, "look": 2, "acknowledged": [], "reason": ""}
DELTA = {"offline": 0.06, "online": 0.05, "offline_metric": "ndcg", "direction": "increase"}
FAULTY = {"finding": "faded", "because": "+1.0 % against the holdout", "fades": True}


def entry(kind: Kind, body: dict[str, Any], *, days: float = 0) -> Entry:
    """An entry so many days after the first."""
    return sealed(1, NOW + timedelta(days=days), kind, "after-1", "U1", body, "0" * 64)


def told(*entries: Entry, reasons: dict[int, str] | None = None, **changes: Any) -> list[str]:
    """What surprised."""
    return [one.what for one in surprises(entries, load(PLAN | changes), reasons or {})]


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (Kind.LOOK, LOOK | {"verdict": "invalid"}, "Look 2, day 14, could not be judged: the split is off."),
        (Kind.LOOK, LOOK | {"verdict": "veto"}, "Look 2, day 14, vetoed: the split is off."),
        (Kind.PEEK, LOOK | {"look": 0, "reason": "a worry"}, "A peek was taken on day 14 (a worry)."),
        (Kind.LATE, {"look": 1, "why": "no rows"}, "Look 1 had no data by its deadline: no rows."),
        (
            Kind.AMENDED,
            {"breaking": True},
            "The plan was changed after a look, so its error rates are no longer",
        ),
        (
            Kind.OVERRIDE_APPROVED,
            {"override": "o-1"},
            "A review to go against the rule was approved (override o-1).",
        ),
        (
            Kind.WAIVED,
            {"row": "AML-07", "reason": "later"},
            "AML-07 of the readiness check was waived: later.",
        ),
        (
            Kind.BREACH,
            {"stage": 1, "conditions": [{"condition": "p99 > 1500"}]},
            "At stage 1 an abort criterion was met: p99 > 1500.",
        ),
        (
            Kind.DECIDED,
            SHIP | {"acknowledged": ["retention_28d"]},
            "It shipped with near-vetoes taken on by name: retention_28d.",
        ),
        (
            Kind.DECIDED,
            SHIP | {"decision": "stop"},
            "The probability of success was put at 0.8 beforehand, and it was",
        ),
        (
            Kind.AFTER,
            {"result": FAULTY},
            "The check after the launch says faded: +1.0 % against the holdout.",
        ),
        (
            Kind.DELTA,
            DELTA | {"online": -0.01, "online_metric": "rate"},
            "Offline and online disagree: offline ndcg moved +6.0 %, online rate \N{MINUS SIGN}1.0 %.",
        ),
    ],
)
def test_what_was_not_planned_is_a_surprise(kind: Kind, body: dict[str, Any], said: str) -> None:
    """Each with what to do about it."""
    found = surprises([entry(kind, body)], load(PLAN), {4: "the split is off."})
    assert found[0].what.startswith(said)
    assert found[0].action


def test_nothing_of_a_launch_that_went_as_planned_is_one() -> None:
    """And what went as planned is said."""
    entries = [
        entry(Kind.STAGE, {"stage": 0, "name": "1 %"}),
        entry(Kind.LOOK, LOOK, days=14),
        entry(Kind.DECIDED, SHIP, days=15),
        entry(Kind.DELTA, DELTA | {"online_metric": "rate"}, days=15),
        entry(Kind.AFTER, {"result": {"finding": "sustained", "because": "it lasted"}}, days=43),
    ]
    assert told(*entries) == []
    assert as_planned(entries) == (
        "The plan was not changed after a look.",
        "Nobody took a peek.",
        "Every look taken was on its planned day (1).",
        "No abort criterion of the rollout was met.",
        "The decision is what the rule allowed; nothing was overridden.",
    )


def test_an_effect_below_the_one_planned_for_and_a_slow_decision_are_surprises() -> None:
    """Both are about what shipped."""
    entries = [
        entry(Kind.LOOK, LOOK),
        entry(Kind.DECIDED, SHIP, days=9),
        entry(Kind.DELTA, DELTA | {"online": 0.012, "online_metric": "rate"}, days=9),
    ]
    assert told(*entries) == [
        "The effect is below the one it was planned for: +1.2 % at the look, planned 3 %.",
        "The decision came 9 days after the look it rests on.",
    ]


def test_what_wears_off_and_what_broke_after_the_launch_are_surprises_of_their_own() -> None:
    """Beside a gain that is still there."""
    lines = [{"metric": "csat", "status": "veto"}, {"metric": "spam", "status": "clear"}]
    result = {"finding": "sustained", "because": "", "fades": True, "guardrails": lines}
    assert told(entry(Kind.AFTER, {"result": result})) == [
        "The effect wears off with the days since exposure.",
        "Guardrails over their lines after the launch: csat.",
    ]


@pytest.mark.parametrize("kind", [one for one in Kind if one not in (Kind.DECIDED, Kind.DELTA, Kind.LOOK)])
def test_an_entry_of_another_version_is_passed_over(kind: Kind) -> None:
    """It stands in the timeline; no retrospective fails for it."""
    assert told(entry(kind, {"tango": 2})) == []
