"""The cards of experiments: the verdict first, then why, then what next; hostile text stays text."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core.analysis import analyse
from bot.core.launch import Kind, Launch, Mark
from bot.core.ledger import GENESIS, Entry, sealed
from bot.core.observation import Cell, Observations
from bot.core.plan import work_out
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.core.timetable import Calendar
from bot.limits import check_blocks, check_view
from bot.stats.sample import Sample
from bot.views import experiment, look, look_answers, look_notes
from bot.views.experiment_actions import ExperimentAction, Reference
from bot.views.look_shown import Shown

HERE = Path(__file__).parent
GOOD = (HERE.parent / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
GOLDEN = HERE / "look_card.txt"
SHA = "9f2c" * 16
TOKYO = Calendar(date(2026, 11, 20), time(9), ZoneInfo("Asia/Tokyo"))


def registration(**changes: Any) -> Registration:
    """The good registration on a summary table."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv", "start": "2026-11-20"}
    return load(data | changes)


def seen(
    rate: float = 0.187, csat: float = 4.185, n: int = 20_112, treated: int | None = None
) -> Observations:
    """Two cohorts; p of the primary is about 0.04 by default."""
    cells = []
    for side, primary, happy, size in (("control", 0.183, 4.21, n), ("treatment", rate, csat, treated or n)):
        for locale, share in (("en", 0.8), ("jp", 0.2)):
            count = round(size * share)
            samples = {
                "rate": Sample.summary(count, primary, 0.2**2, "value"),
                "csat": Sample.summary(count, happy, 0.55**2, "value"),
            }
            cells.append(Cell(side, (locale,), count, samples))  # type: ignore[arg-type]  # the two sides
    return Observations(cells=tuple(cells), summary=True)


def shown(number: int = 2, plan: Registration | None = None, **more: Any) -> Shown:
    """A look with record 41 and a chart."""
    rule = plan or registration()
    result = analyse(rule, SHA, seen(**more), look=number)
    return Shown(rule, result, 41, "look/x/chart", "z against its boundary", calendar=TOKYO)


def readable(blocks: Any) -> str:
    """The card as a person reads it, line by line."""
    lines = []
    for block in blocks:
        match block["type"]:
            case "header" | "section":
                lines.append(block["text"]["text"])
            case "context":
                lines.append(block["elements"][0]["text"])
            case "actions":
                lines.append(" ".join(f"[{element['text']['text']}]" for element in block["elements"]))
            case "image":
                lines.append(f"[image: {block['alt_text']}]")
    return "\n".join(lines) + "\n"


def test_the_card_of_a_look_that_must_continue_is_the_golden_one() -> None:
    """Phone line, header, verdict, figures, guardrails, cohorts, alpha spent, buttons, small print."""
    card = look.card(shown())
    assert check_blocks(card.blocks) == []
    assert f"{card.text}\n---\n{readable(card.blocks)}" == GOLDEN.read_text(encoding="utf-8")


def test_the_phone_line_has_the_verdict_and_the_reason() -> None:
    """Read alone on a locked screen it answers the question."""
    assert look.card(shown()).text == (
        "Look 2 of 4: CONTINUE · Reranker L6 to L12. p = 0.045, and look 2 stops only below 0.0030. "
        "Nothing to decide before Tue 1 Dec 09:00 JST (look 3, after day 11)."
    )


@pytest.mark.parametrize(
    ("number", "more", "head"),
    [
        (4, {}, "Look 4 of 4: NO SHIP · the effect was not shown"),
        (4, {"rate": 0.19}, "Look 4 of 4: SHIP · significant on the plan, no veto"),
        (2, {"csat": 4.12}, "Look 2 of 4: VETO · csat fell 2.14\u00a0%, the line was \N{MINUS SIGN}1\u00a0%"),
        (2, {"treated": 22_000}, "Look 2 of 4: INVALID · the data cannot be judged"),
        (4, {"n": 4_000}, "Look 4 of 4: INCONCLUSIVE · the question was not answered"),
    ],
)
def test_every_verdict_stands_in_the_header_with_its_reason(
    number: int, more: dict[str, Any], head: str
) -> None:
    """And every such card passes Slack's limits, as do its answers."""
    one = shown(number, **more)
    card = look.card(one)
    assert card.blocks[0]["text"]["text"] == head
    for message in (card, look_answers.why(one), look_answers.matrix(one)):
        assert check_blocks(message.blocks) == []
        assert message.text


def test_a_ship_leaves_the_decision_to_those_who_sign() -> None:
    """The rule allows; people decide."""
    card = look.card(shown(4, registration(signoffs=["pm", "em"]), rate=0.19))
    assert "The rule allows it; the decision is for people: pm, em." in readable(card.blocks)


def test_near_vetoes_come_before_what_is_fine() -> None:
    """Worst first, each with its mark and in words."""
    text = readable(
        look.card(shown(4, registration(correction="bonferroni"), rate=0.19, csat=4.16, n=600)).blocks
    )
    assert (
        "⚠ csat \N{MINUS SIGN}1.2\u00a0%: near-veto, crossed but not significant, line \N{MINUS SIGN}1\u00a0%"
        in text
    )


def test_hostile_names_stay_text_and_within_slacks_limits() -> None:
    """Titles, metrics and cohorts from YAML cannot mention, link or break a card."""
    evil = "<!channel> `x` *b* " + "long " * 30
    data = parse(GOOD, name="x").data
    data["title"] = evil[:200]
    data["data"] = {"kind": "summary", "path": "x.csv"}
    data["metrics"] = {"rate": {"kind": "mean"}, evil: {"kind": "mean"}}
    data["guardrails"] = [{"metric": evil, "max_relative_regression": 0.01}]
    data["cohorts"] = {"dimensions": {evil: ["en", "jp"]}, "max_relative_regression": 0.03}
    rule = load(data)
    one = Shown(rule, analyse(rule, SHA, seen(), look=2), 1, "k", evil * 30)
    plan = work_out(rule, SHA)
    for message in (
        look.card(one),
        look_notes.failed(rule, 2, evil * 20),
        look_answers.why(one),
        look_answers.matrix(one),
        experiment.plan(plan),
    ):
        assert check_blocks(message.blocks) == []
        assert "<!channel>" not in json.dumps([message.text, *_mrkdwn(message.blocks)])


def _mrkdwn(blocks: Any) -> list[str]:
    """All text in which Slack would act on a mention; plain_text it shows as it is."""
    if isinstance(blocks, dict):
        if blocks.get("type") == "mrkdwn":
            return [blocks["text"]]
        return [text for value in blocks.values() for text in _mrkdwn(value)]
    return [text for item in blocks for text in _mrkdwn(item)] if isinstance(blocks, list | tuple) else []


def test_the_plan_says_what_it_costs_and_what_it_can_show() -> None:
    """Units expected, alpha spent by each look, what the horizon shows, each guardrail's chances."""
    data = parse(GOOD, name="x").data
    guardrails = [{**data["guardrails"][0], "baseline": 4.2, "sd": 0.55, "spending": "pocock"}]
    sequential = data["sequential"] | {"sided": 1, "futility": {"spending": "obrien-fleming"}}
    work = work_out(registration(guardrails=guardrails, sequential=sequential), SHA)
    message = experiment.plan(work)
    assert check_blocks(message.blocks) == []
    said = readable(message.blocks)
    assert "stops only if the one-sided p is below" in said
    assert "; for want of effect if z is below" in said
    assert "alpha spent by then 0.05" in said
    assert "if there is no effect" in said
    assert "14 days of traffic" in said
    assert "csat may not get worse by more than 1\u00a0%; clears with probability" in said
    assert "watched at every look (pocock)" in said


def test_the_form_is_a_valid_modal_with_yaml_or_file() -> None:
    """Both fields optional; the channel comes back with the form."""
    form = experiment.register_form("C0LAUNCH")
    assert check_view(form) == []
    assert form["callback_id"] == "experiment.register"
    assert json.loads(form["private_metadata"]) == {"channel": "C0LAUNCH"}


def test_button_values_are_read_back_and_ids_are_enum_members() -> None:
    """What a button carries fits an option's 75 characters and survives the round trip."""
    reference = Reference("a" * 50, 123_456)
    assert Reference.decode(reference.encode()) == reference
    buttons = next(block for block in look.card(shown()).blocks if block["type"] == "actions")["elements"]
    assert [ExperimentAction(button["action_id"]) for button in buttons] == [
        "experiment.why",
        "experiment.plan",
        "experiment.matrix",
        "experiment.cohorts",
    ]


def test_an_unplanned_look_is_marked_as_such() -> None:
    """In the small print and in words."""
    one = shown()
    off = replace(one, result=analyse(one.registration, SHA, seen(), look=2, day=8))
    text = readable(look.card(off).blocks)
    assert "Held on day 8 instead of day 7" in text
    assert "not on its day" in text


def peek(**changes: Any) -> Shown:
    """A peek on day 9, after the looks of days 4 and 7."""
    rule = registration(**changes)
    result = analyse(rule, SHA, seen(), look=0, day=9, earlier=[4.0, 7.0])
    return Shown(rule, result, 42, "look/x/chart", "z against its boundary")


def test_a_peek_says_that_it_is_one_and_what_it_spent() -> None:
    """In the header, in the notes and in the small print, and what it costs the looks to come."""
    one = peek()
    text = readable(look.card(one).blocks)
    assert text.startswith("Peek on day 9: CONTINUE")
    assert "⚠ A peek: the plan has no look on day 9 (" in text or "no look on day 9. It spends" in text
    assert "a peek, not in the plan" in text
    why = readable(look_answers.why(one).blocks)
    assert "Why CONTINUE at the peek on day 9" in why
    assert "this peek asks for p below" in why


def test_a_peek_the_plan_does_not_judge_has_no_verdict() -> None:
    """A rule without a spending function cannot say what an unplanned look may spend."""
    data = parse(GOOD, name="x").data["sequential"]
    one = peek(sequential=data | {"spending": "nominal", "alphas": [0.01, 0.01, 0.01, 0.03]})
    card = look.card(one)
    assert card.blocks[0]["text"]["text"] == "Peek on day 9: NO VERDICT · the plan does not have this look"
    for message in (card, look_answers.why(one), look_answers.matrix(one)):
        assert check_blocks(message.blocks) == []
    assert "no later look asks more or less because of it" in readable(look_answers.why(one).blocks)


def test_a_peek_that_could_not_be_taken_is_no_look_of_the_plan() -> None:
    """It has no number."""
    said = look_notes.failed(registration(), 0, "no table")
    assert said.blocks[0]["text"]["text"].startswith("Peek: not taken")


def test_a_one_sided_plan_says_so_where_p_stands() -> None:
    """The p of the declared direction, on the card and in the answer."""
    data = parse(GOOD, name="x").data["sequential"]
    one = shown(plan=registration(sequential=data | {"sided": 1}))
    assert "one-sided p = 0.022, and look 2 stops only below" in look.card(one).text
    assert "stops at the first one-sided p below 0.05" in readable(look_answers.why(one).blocks)


def test_stopping_for_futility_says_what_was_asked() -> None:
    """The bound beside the z, in the answer to why."""
    data = parse(GOOD, name="x").data["sequential"]
    plan = registration(sequential=data | {"futility": {"spending": "pocock"}})
    one = shown(3, plan, rate=0.1825)
    card = look.card(one)
    assert card.blocks[0]["text"]["text"] == "Look 3 of 4: STOP · going on is not worth it"
    why = readable(look_answers.why(one).blocks)
    assert "For want of effect it stops where z in the declared direction is below" in why
    assert "it is \N{MINUS SIGN}0.25." in why


def test_the_answer_to_why_has_the_chance_of_a_later_look_both_ways() -> None:
    """If the estimate is the truth, and allowing for how little is known of it."""
    one = shown()
    power = one.result.primary.predictive_power
    assert power is not None
    assert f"{power * 100:.0f}\u00a0% allowing for how little is known of it" in readable(
        look_answers.why(one).blocks
    )


def test_the_worst_cohort_is_named_when_several_are_evidence() -> None:
    """Which moved furthest the wrong way, and how far it is from the floor."""
    assert "nearest to the floor" not in readable(look.card(shown()).blocks)
    text = readable(look.card(shown(n=120_000)).blocks)
    assert "nearest to the floor: locale=en +2.2\u00a0%, 5.2 points from it" in text


def test_a_mix_that_differs_between_the_arms_is_shown_with_the_effect_at_a_fixed_mix() -> None:
    """Simpson: every cohort falls while all together rise."""
    cells = []
    for side, sizes, change in (("control", (30_000, 30_000), 0.0), ("treatment", (30_100, 29_900), -0.001)):
        for locale, n, mean in zip(("en", "jp"), sizes, (0.9, 0.1), strict=True):
            samples = {
                "rate": Sample.summary(n, mean + change, 0.2**2, "value"),
                "csat": Sample.summary(n, 4.2, 0.55**2, "value"),
            }
            cells.append(Cell(side, (locale,), n, samples))  # type: ignore[arg-type]  # the two sides
    rule = registration()
    result = analyse(rule, SHA, Observations(cells=tuple(cells), summary=True), look=2)
    one = Shown(rule, result, 1)
    text = readable(look.card(one).blocks)
    assert "⚠ with the mix of locale held fixed it is \N{MINUS SIGN}0.2\u00a0%" in text


def test_an_invalid_look_says_how_the_data_are_mended() -> None:
    """In the answer to why, once for each kind of finding."""
    why = readable(look_answers.why(shown(treated=22_000)).blocks)
    assert "• Find what loses or adds units in one arm, mend it, and start again." in why


def test_a_winsorised_primary_is_marked() -> None:
    """Beside its figures."""
    metrics = {"rate": {"kind": "mean", "winsorise": {"cap": 5.0}}, "csat": {"kind": "mean"}}
    assert "· winsorised" in readable(look.card(shown(plan=registration(metrics=metrics))).blocks)


AT = datetime(2026, 11, 27, 0, 0, tzinfo=UTC)


def launch(**changes: Any) -> Launch:
    """A launch that is locked and runs."""
    nothing: MappingProxyType[str, Any] = MappingProxyType({})
    given = {"acknowledged": nothing, "signatures": nothing, "locked_at": AT}
    return Launch("reranker-l12", "Reranker", "C0L", "ml", "U0A", AT, SHA, ("pm",), (), **given | changes)


def entry(kind: Kind, **body: Any) -> Entry:
    """An entry of the ledger."""
    return sealed(7, AT, kind, "reranker-l12", "U0ML", body, GENESIS)


def test_the_next_look_is_said_with_its_date_hour_and_zone() -> None:
    """In the phone's line too: after day 11 is over, at the hour of the launch's zone."""
    card = look.card(shown())
    said = "Nothing to decide before Tue 1 Dec 09:00 JST (look 3, after day 11)."
    assert said in card.text
    assert said in readable(card.blocks)
    undated = replace(shown(), calendar=replace(TOKYO, start=None))
    assert "Nothing to decide before look 3, after day 11." in look.card(undated).text


def test_a_peek_says_first_that_it_is_one_who_asked_why_and_what_it_cost() -> None:
    """Before any figure, and on the phone; the reason cannot mention anybody."""
    body = {"reason": "The board meets <!channel> tomorrow", "cost": "It spends 0.002 of alpha."}
    one = replace(peek(), launch=launch(), entry=entry(Kind.PEEK, **body))
    card = look.card(one)
    assert check_blocks(card.blocks) == []
    first = card.blocks[1]["text"]["text"].splitlines()[0]
    assert first.startswith("*A peek, not in the plan*: <@U0ML> asked, because “The board meets")
    assert first.endswith("It spends 0.002 of alpha.")
    assert "<!channel>" not in first
    assert "Peek on day 9 (not in the plan): CONTINUE" in card.text


def test_a_look_under_a_plan_that_was_broken_says_so() -> None:
    """When, by whom and why, on the card and in the answer; the phone hears of it too."""
    broken = launch(broken=True, broken_by=Mark("U0EM", AT), broken_why="looks were moved")
    one = replace(shown(), launch=broken)
    card, why = look.card(one), look_answers.why(one)
    said = "⚠ The plan was changed after a look by <@U0EM>"
    for text in (readable(card.blocks), readable(why.blocks)):
        assert said in text
        assert "looks were moved" in text
        assert "before any data" not in text
    assert card.text.endswith("⚠ The plan was changed after a look.")


def test_a_late_look_says_when_it_was_due_and_a_decision_that_follows_is_announced() -> None:
    """Late after a restart; at a verdict that asks for a decision, its card follows."""
    late = replace(shown(), launch=launch(), due=AT)
    text = readable(look.card(late).blocks)
    assert "Posted late: it was due Fri 27 Nov 09:00 JST." in text
    assert "decision card" not in text
    vetoed = replace(shown(csat=4.10), launch=launch(), entry=entry(Kind.LOOK))
    text = readable(look.card(vetoed).blocks)
    assert "The decision card follows." in text
    assert "ledger 7 · head" in text
    assert "decision card" not in readable(look.card(shown(csat=4.10)).blocks)


def test_an_invalid_look_says_how_it_is_asked_for_again() -> None:
    """It does not count, and nothing posts it a second time by itself."""
    text = readable(look.card(shown(treated=22_000)).blocks)
    assert "Once the data are sound: `/experiment look reranker-l12 2`." in text
