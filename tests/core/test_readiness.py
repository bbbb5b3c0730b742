"""The eight rows a launch must have: what makes each present, and what it says while it is missing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from bot.core.correlation import Pair, correlation
from bot.core.launch import Launch, LookSeen, Mark, Override
from bot.core.readiness import DOCUMENTS, NAMES, Known, Row, is_link
from bot.core.readiness_check import check
from bot.core.registration import load

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WIKI = "https://wiki.example/"
PLAN: dict[str, Any] = {
    "id": "reranker-l12",
    "hypothesis": {"intervention": "do(reranker = L12)", "disconfirming": ["CSAT falls"]},
    "arms": {"control": "a", "treatment": "b"},
    "horizon_days": 14,
    "traffic": {"eligible_per_day": 200_000},
    "data": {"source": "warehouse", "table": "t"},
    "metrics": {"rate": {"kind": "mean", "column": "rate"}, "csat": {"kind": "mean", "column": "csat"}},
    "primary": {"metric": "rate", "baseline": 0.183, "sd": 0.142, "mde": {"relative": 0.03}},
    "sequential": {"looks": [4, 7, 11, 14]},
    "guardrails": [{"metric": "csat", "max_relative_regression": 0.01}],
    "cohorts": {"dimensions": {"locale": ["en", "jp"]}, "max_relative_regression": 0.03},
    "evidence_gate": {"min_correlation": 0.5, "correlation": 0.68},
    "artefacts": {name: f"{WIKI}{name}" for name in DOCUMENTS},
}
CLEAR: dict[str, Any] = {
    "srm": {"n_control": 40_112, "n_treatment": 39_874},
    "guardrails": [{"metric": "csat", "status": "clear"}],
    "cohorts": [
        {"cohort": "locale=en", "status": "clear", "adequacy": 1.2},
        {"cohort": "locale=jp", "status": "unproven", "adequacy": 0.9},
        {"cohort": "locale=mixed", "status": "underpowered", "adequacy": 0.2},
    ],
}
LAUNCH = Launch(
    id="reranker-l12",
    title="Reranker",
    channel="C0LAUNCH",
    owner="applied-ml",
    author="U0ENG",
    registered_at=NOW,
    sha256="9f2c" * 16,
    signoffs=("pm", "em"),
    warnings=(),
    acknowledged=MappingProxyType({}),
    signatures=MappingProxyType({"pm": Mark("U0PM", NOW), "em": Mark("U0EM", NOW)}),
    locked_at=NOW,
    looks=(LookSeen(41, 2, 7.0, "continue", NOW + timedelta(days=7), 9),),
)


def rows(
    launch: Launch = LAUNCH,
    look: Any = CLEAR,
    *,
    pairs: tuple[Pair, ...] = (),
    on_call: int = 2,
    **plan: Any,
) -> dict[str, Row]:
    """The rows by id, of a launch that has everything but what the test takes away."""
    known = Known(
        launch=launch,
        registration=load(PLAN | plan),
        look=look,
        correlation=correlation(pairs, NOW),
        playbook="triage",
        on_call=on_call,
    )
    found = check(known)
    assert [row.id for row in found] == list(NAMES)
    return {row.id: row for row in found}


def changed(**fields: Any) -> Launch:
    """The launch with other fields."""
    return replace(LAUNCH, **fields)


def linked(**documents: str) -> dict[str, str]:
    """The documents that a registration links; an empty one is left out."""
    return {name: link for name, link in {**PLAN["artefacts"], **documents}.items() if link}


def test_a_launch_with_everything_is_ready() -> None:
    """Every row is there and says what it rests on."""
    found = rows()
    assert all(row.present and row.settled and row.artefact and not row.why for row in found.values())
    assert found["AML-01"].links == (("framing", f"{WIKI}framing"),)
    assert found["AML-03"].artefact == (
        "registration 9f2c9f2c9f2c…, locked 23 Nov 2026; 10,735 per arm needed, 39,874 seen"
    )
    assert found["AML-04"].artefact == "declared correlation 0.68, gate 0.5"
    assert found["AML-05"].artefact == "1 guardrail held at look 2 (record 41)"
    assert found["AML-06"].artefact == "2 cohorts held at look 2 (record 41)"
    assert found["AML-08"].artefact == "playbook triage, 2 people on call"


@pytest.mark.parametrize(
    ("row", "plan", "why"),
    [
        ("AML-01", {"artefacts": linked(framing="")}, "no framing linked"),
        ("AML-01", {"artefacts": linked(framing="TODO")}, "framing is “TODO”, not a link"),
        (
            "AML-01",
            {"hypothesis": {"intervention": "L12 is better"}},
            "the registration has no do() clause; it declares nothing that would disprove it",
        ),
        ("AML-02", {"artefacts": linked(portfolio="")}, "no portfolio linked"),
        (
            "AML-04",
            {"artefacts": linked(correlation="")},
            "declared correlation 0.68 names no source; the tracker has 0 of the 5 launches it takes",
        ),
        (
            "AML-04",
            {"evidence_gate": None, "artefacts": linked(correlation="")},
            "nothing shows that offline gains predict online; the tracker has 0 of the 5 launches it takes",
        ),
        (
            "AML-04",
            {"evidence_gate": {"min_correlation": 0.7, "correlation": 0.68}},
            "declared correlation 0.68 is below the gate 0.7",
        ),
        ("AML-05", {"guardrails": []}, "the registration declares no guardrails"),
        ("AML-06", {"cohorts": {}}, "the registration declares no cohorts with max_relative_regression"),
        (
            "AML-07",
            {"artefacts": linked(load_test="", fallback="")},
            "no load test linked; no fallback linked",
        ),
        (
            "AML-08",
            {"artefacts": linked(dashboard="", monitors="")},
            "no dashboard linked; no monitors linked",
        ),
    ],
)
def test_what_is_not_there_is_named(row: str, plan: dict[str, Any], why: str) -> None:
    """A missing row says what is missing of it, and holds the launch back."""
    found = rows(**plan)
    assert (found[row].why, found[row].present, found[row].settled) == (why, False, False)
    assert found[row].supply
    assert [one.id for one in found.values() if not one.present] == [row]


def test_who_can_bring_a_row_depends_on_what_is_missing() -> None:
    """A document is supplied, a declaration amended, a signature signed, a look taken, a veto waived."""
    unsigned = changed(locked_at=None, signatures=MappingProxyType({"pm": Mark("U0PM", NOW)}), looks=())
    found = rows(unsigned, None)
    assert (found["AML-03"].why, found["AML-03"].supply, found["AML-03"].how) == (
        "not signed as em", ("em",), "sign",
    )  # fmt: skip
    assert (found["AML-05"].why, found["AML-05"].how) == (
        "no look has judged the guardrails yet",
        "take the look",
    )
    assert rows(guardrails=[])["AML-05"].how == "amend the registration"
    no_do = rows(hypothesis={"intervention": "x"})["AML-01"]
    assert (no_do.how, no_do.wants) == ("amend the registration", ())
    missing = rows(artefacts=linked(portfolio=""))["AML-02"]
    assert (missing.how, missing.wants, missing.supply) == (
        "supply it",
        ("portfolio",),
        ("owner", "approver"),
    )


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (
            {"traffic": {"eligible_per_day": 500}},
            "the primary is under-powered: 10,735 per arm take 43 days, and the horizon is 14",
        ),
        ({"traffic": None}, "the primary needs 10,735 per arm, and traffic.eligible_per_day is not declared"),
        (
            {"primary": {"metric": "rate", "baseline": 0.183, "mde": {"relative": 0.03}}},
            "nobody can say whether the primary is powered: primary.sd is missing",
        ),
    ],
)
def test_a_primary_that_is_not_powered_is_missing(plan: dict[str, Any], why: str) -> None:
    """What cannot be computed is not taken for power; units seen in the data are."""
    few = {**CLEAR, "srm": {"n_control": 900, "n_treatment": 905}}
    assert rows(look=few, **plan)["AML-03"].why == why
    none = {**CLEAR, "srm": {"n_control": None, "n_treatment": None}}
    assert rows(look=none)["AML-03"].artefact.endswith("10,735 per arm in 1 of 14 days")


def pairs(*online: float) -> tuple[Pair, ...]:
    """Launches of the last days: offline deltas 1, 2, 3, … %, and these online ones."""
    return tuple(
        Pair(f"x{n}", NOW - timedelta(days=n), 0.01 * n, value) for n, value in enumerate(online, start=1)
    )


def test_the_tracker_outweighs_what_is_declared() -> None:
    """With launches enough; a measured correlation below the gate is not mended by a link."""
    good = rows(pairs=pairs(0.01, 0.02, 0.03, 0.04, 0.06))["AML-04"]
    assert good.present
    assert good.artefact.startswith("correlation 0.99 over 5 launches in 90 days, gate 0.5")
    bad = rows(pairs=pairs(0.05, 0.01, 0.02, -0.03, -0.01))["AML-04"]
    assert (bad.present, bad.how, bad.wants) == (False, "waive it", ())
    assert bad.why.endswith(
        "gate 0.5: offline gains have not predicted online ones; /correlation diagnose asks why"
    )
    assert rows(pairs=pairs(0.05, 0.01, 0.02, -0.03))["AML-04"].present


def look(**statuses: str) -> dict[str, Any]:
    """A look at which the guardrail and the cohorts had these statuses."""
    cohorts = [{**one, "status": statuses.get(one["cohort"][7:], one["status"])} for one in CLEAR["cohorts"]]
    return {
        **CLEAR,
        "guardrails": [{"metric": "csat", "status": statuses.get("csat", "clear")}],
        "cohorts": cohorts,
    }


@pytest.mark.parametrize(
    ("rule", "status", "held"),
    [
        ("harm", "unproven", True),
        ("harm", "near-veto", True),
        ("harm", "veto", False),
        ("harm", "undecided", False),
        ("noninferiority", "clear", True),
        ("noninferiority", "unproven", False),
        ("noninferiority", "near-veto", False),
    ],
)
def test_lines_hold_by_the_registrations_own_rule(rule: str, status: str, held: bool) -> None:
    """By harm what does not veto holds; by non-inferiority harm must be ruled out; unknown never holds."""
    seen = rows(look=look(csat=status, jp="clear"), guardrail_rule=rule)["AML-05"]
    assert seen.present is held
    if not held:
        assert seen.why == f"look 2 (record 41): csat {status.replace('-', ' ')}"
    elif status == "near-veto":
        assert seen.artefact.endswith("near the line: csat")


def test_a_cohort_hidden_in_a_good_aggregate_holds_the_launch_back() -> None:
    """And one without units enough is no evidence either way."""
    assert rows(look=look(jp="veto"))["AML-06"].why == "look 2 (record 41): locale=jp veto"
    alone = {**CLEAR, "cohorts": [CLEAR["cohorts"][2]]}
    assert rows(look=alone)["AML-06"].why == "look 2 (record 41): no cohort had units enough"
    lost = {"cohort": "locale=jp", "status": "undecided", "adequacy": None}
    assert rows(look={**CLEAR, "cohorts": [CLEAR["cohorts"][0], lost]})["AML-06"].present


def test_on_call_takes_a_playbook_and_somebody_who_is_called() -> None:
    """Else a runbook is asked for."""
    nobody = rows(on_call=0, artefacts=linked(runbook=""))["AML-08"]
    assert (nobody.why, nobody.wants) == ("no runbook linked", ("runbook",))
    assert rows(on_call=0)["AML-08"].artefact == "dashboard, monitors and runbook"
    assert rows(on_call=1)["AML-08"].artefact == "playbook triage, 1 person on call"
    assert rows(on_call=1)["AML-08"].links[-1] == ("runbook", f"{WIKI}runbook")


def test_what_was_supplied_outweighs_what_was_registered() -> None:
    """A supplied link stands in for one that was missing or wrong; a fallback may be named in words."""
    supplied = MappingProxyType({"portfolio": (f"{WIKI}q3", Mark("U0PM", NOW))})
    found = rows(changed(supplied=supplied), artefacts=linked(portfolio="later", fallback="L6 stays warm"))
    assert found["AML-02"].links == (("portfolio", f"{WIKI}q3"),)
    assert found["AML-07"].artefact == "load test and fallback; fallback: L6 stays warm"
    assert found["AML-07"].present


def test_a_waiver_settles_a_row_without_making_it_present() -> None:
    """It names who and why; a row that is there needs none."""
    waived = MappingProxyType({"AML-02": ("agreed with finance", Mark("U0DIR", NOW))})
    row = rows(changed(waived=waived), artefacts=linked(portfolio=""))["AML-02"]
    assert (row.present, row.settled) == (False, True)
    assert row.waived is not None
    assert (row.waived.reason, row.waived.mark.by) == ("agreed with finance", "U0DIR")
    assert rows(changed(waived=waived))["AML-02"].waived is None


@pytest.mark.parametrize("row", ["AML-05", "AML-06"])
def test_a_waiver_does_not_cover_what_a_later_look_finds(row: str) -> None:
    """Waived before there was a look, the veto of that look still holds the launch back."""
    early = MappingProxyType({row: ("no look yet, a dry run", Mark("U0DIR", NOW))})
    vetoed = look(csat="veto", jp="veto")
    assert rows(changed(waived=early, looks=()), None)[row].settled
    assert not rows(changed(waived=early), vetoed)[row].settled
    late = MappingProxyType({row: ("seen and taken on", Mark("U0DIR", NOW + timedelta(days=8)))})
    assert rows(changed(waived=late), vetoed)[row].settled


def test_an_approved_override_of_the_newest_look_stands_for_what_it_vetoed() -> None:
    """Not one that is pending, of an older look, or ended."""
    asked = Override("o1", 41, "U0PM", NOW, {}, date(2026, 12, 20), date(2027, 1, 20))
    approved = Mark("U0DIR", NOW + timedelta(days=8))

    def settled(**fields: Any) -> bool:
        launch = changed(overrides=(replace(asked, **fields),))
        return rows(launch, look(csat="veto"))["AML-05"].settled

    assert settled(approved=approved)
    assert not settled()
    assert not settled(approved=approved, record=40)
    assert not settled(approved=approved, ended=NOW + timedelta(days=30))


@pytest.mark.parametrize(
    "text",
    [
        "", "wiki", "ftp://wiki.example/x", "javascript:alert(1)", "https://", "http://a b", "https://x|y",
        "https://x>y", "https://x/\n", "https://[", "https://x/" + "y" * 1000, "file:///etc/passwd",
        "https://x/`", '"https://x"', "<https://x>",
    ],
)  # fmt: skip
def test_what_is_no_link_is_refused(text: str) -> None:
    """Only addresses of the web, which nothing can break out of in a message."""
    assert not is_link(text)


@pytest.mark.parametrize(
    "text", ["https://wiki.example/a?b=1&c=2#d", "http://10.0.0.1:8080/x", "HTTPS://X.test"]
)
def test_what_is_a_link_is_taken(text: str) -> None:
    """With a query, a port or an anchor."""
    assert is_link(text)
