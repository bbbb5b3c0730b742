"""Decisions: the rule allows or it does not, the first one counts, nothing stale or forged gets past it."""

import threading
from datetime import timedelta

import pytest

from bot.core.launch import Kind, State
from bot.errors import InputError, LookoutError, RefusedError, StaleError
from bot.services import amending
from bot.services.amending import Proposal
from bot.store import people
from bot.store.database import Database
from bot.views.decision_actions import DecisionAction, Pick
from tests.services.decision_bench import (
    AML_05,
    CLEAN,
    DIRECTOR,
    EM,
    ENG,
    FLAT,
    ID,
    JP,
    NEAR,
    NOBODY,
    PM,
    TEXT,
    Bench,
    plain,
)  # fmt: skip

UNCLEAR = TEXT.replace("sequential:", "guardrail_rule: noninferiority\nsequential:")


def amend(bench: Bench, text: str, *, breaking: bool = False) -> None:
    """An amendment is proposed and signed by all, a minute later."""
    bench.now += timedelta(minutes=1)
    proposal = Proposal(ENG, text, "reranker.yaml", "the survey changed its wording", breaking)
    with bench.db.write() as session:
        launch = amending.propose(session, bench.desk, ID, proposal, bench.now)
    assert launch.amendment is not None
    card = bench.card(f"launch/{ID}/{launch.amendment.entry}/amendment")
    for label, by in (("Sign as pm", PM), ("Sign as em", EM), ("Sign as applied_ml", "U0ML")):
        bench.press(label, by, card)
    assert bench.launch().amended == 1


def test_a_veto_shows_the_matrix_and_the_argument_and_nothing_to_ship_with(database: Database) -> None:
    """AML-05: five guardrails each with its line, who declared it when, and what is done next."""
    bench = Bench(database).sign().stage()
    bench.look(AML_05)
    card = bench.card()
    assert plain(card.header) == "VETO · csat fell 1.43 %, the line was -1 %"
    assert plain(card.notification).startswith(
        "Reranker MiniLM-L6 to L12 · VETO · csat fell 1.43 %, the line was"
    )
    for line in (
        "Declared on Tue 3 Nov by <@U0PM>, <@U0EM>, <@U0ML>, before any data. p = 0.020. The launch stays at",
        "useful_answer_rate (primary) +6.0 %: significant on the plan · 0.183 → 0.194 · p &lt;",
        "✗ csat -1.43 %, line -1 %: veto · 4.21 → 4.15 · p = 0.020\n",
        "⚠ retention_28d -0.59 %, line -0.5 %: near-veto, crossed but not significant · 0.512 → 0.509",
        "✓ turn_latency_ms +2.8 %, line ≤ 800: holds · 720 → 740",
        "? spam_flag_rate ±0.00 %, line +5 %: not crossed, not ruled out",
        "*Cohorts* (useful_answer_rate, line -3 %)\n✓ locale=en +6.01 %: holds",
        "• Pre-declared on Tue 3 Nov by <@U0PM>, <@U0EM>, <@U0ML>: csat, threshold -1 %, measured -1.43 % ",
        "moved +6.0 %: they disagree. The rule was written for this",
        "*Next:* hold the launch by Mon 23 Nov (<@U0ML>) · veto documented by Tue 24 Nov · csat",
        "root cause by Mon 30 Nov · diagnostic run by Mon 7 Dec · re-run or archive by Mon 7 Dec (<@U0EM>)",
    ):
        assert line in plain(card.text), line
    assert card.buttons == ["[Open investigation]", "Request override…", "Stop…"]
    assert bench.launch().state is State.VETOED


def test_a_cohort_s_veto_hides_in_no_aggregate(sqlite: Database) -> None:
    """AML-06: the aggregate is significant and up, the Japanese users lose 8 %: that is the header."""
    bench = Bench(sqlite).sign()
    bench.look(CLEAN, locales=JP, n=40_000)
    card = bench.card()
    assert plain(card.header) == "VETO · locale=jp fell 8.16 %, the line was -3 %"
    said = plain(card.text)
    assert "✗ useful_answer_rate in locale=jp -8.16 %, line -3 %: veto · 0.196 → 0.18 · p &lt; 0.001" in said
    assert said.index("locale=jp -8.16") < said.index("csat") < said.index("*Cohorts*")
    assert not [label for label in card.buttons if "Ship" in label]


@pytest.mark.parametrize(
    ("arms", "n", "header", "asked"),
    [
        (FLAT, 20_000, "NO SHIP · the effect was not shown", "closes it with [Stop], and says what was"),
        (FLAT, 2_000, "INCONCLUSIVE · the question was not answered", "A run that can answer it takes"),
    ],
)
def test_what_did_not_show_an_effect_can_only_be_stopped(
    sqlite: Database, arms: object, n: int, header: str, asked: str
) -> None:
    """No success metric improved: nothing ships, whatever the guardrails say."""
    bench = Bench(sqlite).sign()
    record = bench.look(arms, n=n)  # type: ignore[arg-type]  # Arms
    card = bench.card()
    assert card.header == header
    assert asked in card.text
    assert card.buttons == ["Stop…"]
    with pytest.raises(RefusedError, match="so `us-mle-02-reranker` does not ship"):
        forge(bench, record)
    assert bench.launch().decision is None


def test_harm_that_was_not_ruled_out_ships_nothing_where_the_plan_asks_for_that(sqlite: Database) -> None:
    """By `noninferiority` only what improves the primary and is non-inferior on every line ships."""
    bench = Bench(sqlite, text=UNCLEAR).sign()
    record = bench.look(NEAR)
    assert bench.card().header == "INCONCLUSIVE · harm was not ruled out"
    assert bench.card().buttons == ["Stop…"]
    with pytest.raises(RefusedError, match="Look 4 says INCONCLUSIVE"):
        forge(bench, record)


def test_a_look_that_must_continue_posts_no_card(sqlite: Database) -> None:
    """Look 2 of AML-03: p below 0.05 is no reason, and typing `decide` says so."""
    bench = Bench(sqlite).sign()
    record = bench.look({**CLEAN, "useful_answer_rate": (0.183, 0.187, 0.04)}, number=2)
    assert not bench.posted("/decision/")
    bench.order("decide")
    assert "Look 2 of `us-mle-02-reranker` says continue: there is nothing to decide yet." in str(
        bench.effects("ephemeral")[-1]
    )
    with pytest.raises(RefusedError, match="Look 2 says CONTINUE"):
        forge(bench, record)


def test_ship_takes_near_vetoes_on_by_name_and_says_why(database: Database) -> None:
    """Each line that was crossed but not by more than chance has its box; the record names it."""
    bench = Bench(database).sign().stage()
    bench.look(NEAR)
    card = bench.card()
    assert card.header == "SHIP · significant on the plan, no veto"
    assert card.buttons == ["[Ship…]", "Stop…"]
    assert "It must acknowledge retention_28d." in card.text
    assert bench.fill("Ship", PM, {"reason": "28 days are not over"}) == {
        "near_0": "The decision must take this on by name."
    }
    name, value, _ = bench.open("Ship", PM)
    for fields in ({}, {"near_0": "yes"}, {"reason": "we want it"}):  # as a client that checks nothing sends
        with pytest.raises(InputError):
            bench.submit(name, value, fields, PM)
    assert bench.launch().decision is None
    assert bench.fill("Ship", PM, {"near_0": "yes", "reason": "28 days are not over"}) == {}
    launch = bench.launch()
    assert launch.state is State.SHIPPED
    (news,) = bench.posted("/decided")
    assert "*SHIP* · Reranker MiniLM-L6 to L12, decided by <@U0PM> (look 4: ship)." in news.text
    assert "Taken on by name: retention_28d." in news.text
    assert f"ledger {launch.decision.entry}" in news.text if launch.decision else False
    assert "*Decided: SHIP* by <@U0PM>" in bench.card().text
    assert bench.card().buttons == []
    assert "- Taken on by name: retention\\_28d" in bench.documents()[0]


def test_nobody_ships_without_the_role(sqlite: Database) -> None:
    """The refusal says which role is needed and who holds it; the form is not even drawn."""
    bench = Bench(sqlite).sign()
    record = bench.look(CLEAN)
    for who in (ENG, NOBODY):
        with pytest.raises(RefusedError) as refusal:
            bench.open("Ship", who)
        assert "takes the role owner or approver or director" in refusal.value.message
        assert "owner: <@U0PM>; approver: <@U0EM>" in refusal.value.hint
        with pytest.raises(RefusedError):
            forge(bench, record, by=who)
        with pytest.raises(RefusedError):
            bench.order("stop", "I do not like it at all", by=who)
    assert bench.kinds()[-1] == Kind.LOOK


def test_missing_rows_of_readiness_are_named_with_who_can_supply_them(sqlite: Database) -> None:
    """[Ship] is there, for the rule says so; it refuses with the rows, and the card shows them."""
    bench = Bench(sqlite, ready=False).sign()
    bench.look(CLEAN)
    assert "• AML-07 Latency budget and fallback: " in bench.card().text
    with pytest.raises(RefusedError) as refusal:
        bench.open("Ship", PM)
    assert "AML-07 Latency budget and fallback: " in refusal.value.message
    assert "(from <@U0ENG> <@U0ML>)" in refusal.value.message
    assert "`/launch check us-mle-02-reranker`" in refusal.value.hint
    for row in ("AML-01", "AML-02", "AML-03", "AML-04", "AML-07", "AML-08"):
        bench.write(Kind.WAIVED, {"row": row, "reason": "agreed in the review of 3 Nov"}, EM)
    assert bench.fill("Ship", PM, {}) == {}


def test_nothing_is_decided_before_the_lock(sqlite: Database) -> None:
    """Stopping what nobody locked gives it up; nothing was decided, and no document is made."""
    bench = Bench(sqlite)
    with pytest.raises(InputError, match="it is not locked yet"):
        bench.order("decide")
    bench.order("stop", "we found a better idea")
    assert bench.launch().state is State.CLOSED
    assert "*Given up before it was locked*" in bench.posted("/closed")[0].text
    assert bench.documents() == []


def test_stopping_takes_a_reason_and_more_of_one_against_the_rule(database: Database) -> None:
    """The rule allows a launch, a person stops it: reviewed in writing, and every copy says so."""
    bench = Bench(database).sign()
    bench.look(CLEAN)
    _, _, view = bench.open("Stop", EM)
    assert "Look 4 says SHIP. Stopping contradicts the rule" in str(view)
    assert "initial_value" not in str(view)  # nobody's reason is written for them
    for said in ("", "no", "we changed our minds"):
        with pytest.raises(InputError):
            bench.order("stop", said, by=EM)
    assert bench.launch().decision is None
    bench.fill("Stop", EM, {"reason": "Its licence ends in March, and the contract was not renewed."})
    (news,) = bench.posted("/decided")
    assert "*STOP*" in news.text
    assert "⚠ Against the rule, which allowed a launch." in news.text
    assert "| Against the rule | The rule allowed a launch. |" in bench.documents()[0]


def test_stopping_after_a_veto_takes_a_reason(sqlite: Database) -> None:
    """That is what the rule says, so a short one will do."""
    bench = Bench(sqlite).sign()
    bench.look()
    with pytest.raises(InputError, match="Why `us-mle-02-reranker` is stopped was not said"):
        bench.order("stop", " \u200b ")
    bench.order("stop", "CSAT fell")
    assert "Against the rule" not in bench.documents()[0]
    assert bench.launch().state is State.STOPPED


def test_ship_and_stop_at_once_give_one_decision(database: Database) -> None:
    """Two people in two sessions: one decides, the other is told who decided what, and when."""
    bench = Bench(database).sign()
    bench.look(CLEAN)
    shipping, stopping = bench.open("Ship", PM), bench.open("Stop", EM)
    reason = {"reason": "Its licence ends in March, and the contract was not renewed."}
    start, told = threading.Barrier(2), []

    def send(form: tuple[str, str, object], by: str, fields: dict[str, str]) -> None:
        start.wait()
        try:
            bench.submit(form[0], form[1], fields, by)
        except LookoutError as error:
            told.append(error)

    threads = [
        threading.Thread(target=send, args=(shipping, PM, {})),
        threading.Thread(target=send, args=(stopping, EM, reason)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decision = bench.launch().decision
    assert decision is not None
    assert bench.kinds().count(Kind.DECIDED) == 1
    assert len(bench.posted("/decided")) == len(bench.documents()) == 1
    (error,) = told
    assert isinstance(error, StaleError)
    assert error.message == (
        f"`us-mle-02-reranker` was decided 0 s ago by <@{decision.by}>: {decision.decision}."
    )


def test_the_second_press_is_told_how_long_ago(sqlite: Database) -> None:
    """Also on a form that was open all the while, and on the same person's double click."""
    bench = Bench(sqlite).sign()
    bench.look(CLEAN)
    name, value, _ = bench.open("Ship", PM)
    bench.fill("Ship", PM, {})
    bench.now += timedelta(seconds=3)
    with pytest.raises(StaleError, match="was decided 3 s ago by <@U0PM>: ship"):
        bench.submit(name, value, {}, PM)
    with pytest.raises(StaleError, match="was decided 3 s ago by <@U0PM>: ship"):
        bench.order("stop", "Its licence ends in March, and the contract was not renewed.", by=EM)


def test_a_card_that_a_later_look_overtook_decides_nothing(database: Database) -> None:
    """Look 3 allowed a launch, nobody shipped, look 4 vetoes: the old button is refused, and says so."""
    bench = Bench(database).sign()
    first = bench.look(CLEAN, number=3)
    old = bench.card()
    assert old.buttons == ["[Ship…]", "Stop…"]
    bench.look(AML_05, number=4)
    now = bench.card(f"launch/{ID}/decision/{first}")
    assert now.buttons == []
    assert "Look 4 (record 2) was taken after this and says VETO." in now.text
    for attempt in (
        lambda: bench.open("Ship", PM, old),
        lambda: bench.open("Stop", PM, old),
        lambda: forge(bench, first),
    ):
        with pytest.raises(StaleError, match="Look 4 \\(record 2\\) was taken after this and says VETO"):
            attempt()
    assert bench.launch().decision is None


def test_an_amendment_makes_an_old_button_stale_and_a_new_one_works(database: Database) -> None:
    """Whoever ships has seen what is in force; a change that touches nothing of the plan asks no new look."""
    bench = Bench(database).sign()
    bench.look(CLEAN)
    old = bench.card()
    form = bench.open("Ship", PM)
    amend(bench, TEXT.replace("owner: applied-ml", "owner: search"))
    with pytest.raises(StaleError, match="was amended after this button was drawn"):
        bench.open("Ship", PM, old)
    with pytest.raises(StaleError, match="was amended after this button was drawn"):
        bench.submit(form[0], form[1], {}, PM)
    assert bench.launch().decision is None
    bench.fill("Ship", PM, {})
    assert bench.launch().state is State.SHIPPED


def test_a_look_does_not_count_for_a_plan_that_was_changed_after_it(database: Database) -> None:
    """Look 3 allowed a launch under the plan that was signed; that of today has not been looked at."""
    bench = Bench(database).sign()
    record = bench.look(CLEAN, number=3)
    amend(bench, TEXT.replace("{metric: csat, max_relative_regression: 0.01}",
                              "{metric: csat, max_relative_regression: 0.02}"), breaking=True)  # fmt: skip
    card = bench.card()
    assert card.buttons == []
    said = "The plan was changed by <@U0ENG> after look 3 (record 1), which does not count"
    assert said in card.text
    with pytest.raises(StaleError, match="does not count for the plan in force"):
        forge(bench, record)
    assert bench.launch().decision is None
    bench.look(CLEAN, number=4)
    assert "⚠ The plan was broken by <@U0ENG>, with a look on record: the survey changed" in bench.card().text
    bench.fill("Ship", PM, {})
    assert "**The plan was broken.** It was amended by U0ENG" in bench.documents()[0]


def test_an_amendment_after_a_veto_is_refused(sqlite: Database) -> None:
    """The line that vetoed stays where it was signed; the way on is a re-run."""
    bench = Bench(sqlite).sign()
    bench.look()
    for breaking in (False, True):
        with pytest.raises(RefusedError, match="look 4 vetoed us-mle-02-reranker: an amendment after a veto"):
            amend(bench, TEXT.replace("owner: applied-ml", "owner: search"), breaking=breaking)


@pytest.mark.parametrize(
    "value",
    [
        "", "{", "[]", "null", '{"e":1,"r":1,"c":""}', '{"e":"us-mle-02-reranker","r":true,"c":""}',
        '{"e":"us-mle-02-reranker","r":1e400,"c":""}', "[" * 100_000,
        Pick("no-such-experiment", 1).encode(), Pick(ID, 99).encode(), Pick(ID, 0).encode(),
        Pick(ID, -1).encode(), Pick(ID, 1).encode(), Pick(ID, 1, "0" * 12).encode(),
    ],
)  # fmt: skip
def test_a_forged_press_ships_nothing(sqlite: Database, value: str) -> None:
    """Whatever stands in a button's value, it is read as foreign, and told so in words."""
    bench = Bench(sqlite).sign()
    bench.look(CLEAN)
    with pytest.raises((InputError, StaleError)):
        bench.submit(DecisionAction.SHIP, value, {}, PM)
    assert bench.launch().decision is None


def test_a_veto_is_not_shipped_by_a_forged_press(database: Database) -> None:
    """There is no button; sending what it would have sent is refused by the rule itself."""
    bench = Bench(database).sign()
    record = bench.look()
    for by in (PM, EM, DIRECTOR):
        with pytest.raises(RefusedError, match="Look 4 says VETO, so `us-mle-02-reranker` does not ship"):
            forge(bench, record, by=by)
    assert bench.launch().state is State.VETOED


def test_a_paused_rollout_is_said_where_it_is_decided(sqlite: Database) -> None:
    """A decision to ship does not resume what a breach has paused."""
    bench = Bench(sqlite).sign().stage()
    bench.write(Kind.PAUSED, {"why": "p99_latency_ms 1810 > 1500"})
    bench.look(CLEAN)
    assert (
        "⚠ The rollout is paused: p99_latency_ms 1810 &gt; 1500. A decision to ship does not"
        in bench.card().text
    )
    assert "Shipping does not resume it." in str(bench.open("Ship", PM)[2])


def test_somebody_who_left_decides_nothing(sqlite: Database) -> None:
    """A role of an account that Slack deactivated counts no more, whatever lookout.toml says."""
    bench = Bench(sqlite).sign()
    bench.look(CLEAN)
    form = bench.open("Ship", PM)
    with bench.db.write() as session:
        people.left(session, PM, gone=True)
    with pytest.raises(RefusedError, match="<@U0PM> is deactivated in Slack and cannot decide on a launch"):
        bench.submit(form[0], form[1], {}, PM)
    assert bench.launch().decision is None


def test_the_record_can_be_had_again_and_is_the_same(database: Database) -> None:
    """`/experiment decide` after the decision posts it, and the very document, in the channel that asks."""
    bench = Bench(database).sign().stage()
    bench.look()
    bench.order("stop", "CSAT fell")
    bench.now += timedelta(days=40)
    bench.write(Kind.WAIVED, {"row": "AML-05", "reason": "said later, not known then"}, EM)
    bench.order("decide", by=NOBODY)
    first, again = [one for one in bench.effects("upload") if "/record" in one["key"]]
    assert first["blob"] == again["blob"]
    assert len(bench.posted("/decided")) == 2
    with pytest.raises(InputError, match="Read `decide twice`"):
        bench.order("decide", "twice")


def test_the_record_says_what_was_declared_seen_said_and_decided(sqlite: Database) -> None:
    """A reader a year later needs nothing else: hashes, people, matrix, reasons, the decision."""
    bench = Bench(sqlite).sign().stage()
    bench.look()
    bench.order("stop", "CSAT fell; see <#C0OTHER> | and *this*")
    (document,) = bench.documents()
    launch = bench.launch()
    assert launch.decision is not None
    for line in (
        "# Stop: Reranker MiniLM-L6 to L12",
        "2026-11-23 03:12 UTC (2026-11-23 03:12 UTC), by Mia (owner).",
        f"| Registration | SHA-256 {launch.sha256} |",
        "| In force | 2026-11-03 09:00 UTC, before any data |",
        "| Signed as applied\\_ml | Alma (engineer) |",
        "| Intervention | do(reranker = MiniLM-L12) |",
        "| Would count against it | CSAT falls by more than 1 %; lift below 3 % in any locale |",
        "| csat | 4.21 | 4.15 | -1.43 % | -1 % | p = 0.020 | at 0.05 | ✗ veto |",
        "**VETO**",
        f"| Ledger | entry {launch.decision.entry}, head {launch.head} |",
        "- Readiness row waived: AML-01: a small change (Emil (approver))",
    ):
        assert line in plain(document), line
    assert "| and *this*" not in document  # text of people cannot break the tables


def forge(bench: Bench, record: int, by: str = PM) -> None:
    """Send what [Ship] of a record would send if it were there, with the hash in force."""
    value = Pick(ID, record, bench.launch().sha256[:12]).encode()
    bench.submit(DecisionAction.SHIP, value, {"near_0": "yes", "reason": "because I say so, and loudly"}, by)


def test_sixty_lines_in_doubt_fit_the_card_and_the_form(sqlite: Database) -> None:
    """The worst lines are on the card, all are in the form and in the record; Slack's limits hold."""
    names = [f"guardrail_{number}_{'x' * 80}" for number in range(55)]
    text = TEXT.replace("primary:", "".join(f"  {name}: {{kind: mean}}\n" for name in names) + "primary:", 1)
    more = "".join(f"  - {{metric: {name}, max_relative_regression: 0.01}}\n" for name in names)
    text = text.replace("guardrails:\n", f"guardrails:\n{more}", 1)
    bench = Bench(sqlite, text=text).sign()
    bench.look({**CLEAN, **dict.fromkeys(names, (4.21, 4.15, 0.3))})
    assert "more lines, see the record)" in bench.card().text
    _, _, view = bench.open("Ship", PM)
    named = [one.get("block_id", "") for one in view["blocks"]]
    boxes = [one for one in named if one.startswith("near_")]
    assert len(boxes) == 41
    ticked = dict.fromkeys(boxes, "yes")
    with pytest.raises(InputError, match="takes them on by name"):
        forge(bench, 1)
    bench.fill("Ship", PM, {**ticked, "reason": "All of them are noise, see the letter."})
    assert bench.documents()[0].count("- Taken on by name: ") == 55
