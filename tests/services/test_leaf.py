"""At a leaf: its checklist on the card, roll-backs offered from elsewhere, and the tree one began with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.change import Change, ChangeKind
from bot.core.incident import Status
from bot.core.playbook_reader import read_triage
from bot.errors import ConfigError, InputError, StaleError
from bot.services import changes, triage
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import incidents
from bot.views.triage_actions import Control, TriageAction
from tests.services.incident_bench import ENG, MATE, ROOT, Bench


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite with one incident."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    return bench


def steps(bench):
    """The checklist as it stands on the card: its text, and its button."""
    return [
        (block["text"]["text"], block["accessory"]["text"]["text"], block["accessory"])
        for block in bench.card().blocks
        if block.get("accessory", {}).get("action_id", "").partition(":")[0]
        in {TriageAction.TAKE, TriageAction.DONE, TriageAction.UNDO}
    ]


def press(bench, number, *, by=ENG):
    """Press the button of a step of the card as it stands."""
    accessory = steps(bench)[number - 1][2]
    control = Control.decode(accessory["value"])
    with bench.write() as session:
        triage.press(
            session, bench.desk, action=TriageAction(accessory["action_id"].partition(":")[0]),
            control=control, by=by, now=bench.now,
        )  # fmt: skip


def test_each_step_has_the_button_that_comes_next(bench):
    """Take, Done, Undo; with who and when."""
    bench.answer("code_deploy")
    assert [(said, label) for said, label, _ in steps(bench)] == [
        ("1. Roll back the deploy", "Take"),
        ("2. Verify recovery", "Take"),
        ("3. Hold further deploys of this service", "Take"),
    ]
    press(bench, 1, by=MATE)
    said, label, _ = steps(bench)[0]
    assert said.startswith("1. Roll back the deploy · taken by <@U0MATE> <!date")
    assert label == "Done"
    press(bench, 1, by=MATE)
    said, label, _ = steps(bench)[0]
    assert said.startswith("✓ done: 1. Roll back the deploy · <@U0MATE> <!date")
    assert label == "Undo"
    assert "<@U0MATE> did step 1: Roll back the deploy · <!date" in bench.notes()[-1]


def test_taking_steps_leaves_every_other_button_good(bench):
    """The version a card showed is still that of the incident."""
    bench.answer("code_deploy")
    version = bench.press(TriageAction.RETRY).version
    press(bench, 1)
    press(bench, 2, by=MATE)
    assert bench.press(TriageAction.MITIGATED, version=version).status is Status.MITIGATED
    assert [label for _, label, _ in steps(bench)] == ["Done", "Done", "Take"]
    press(bench, 2, by=MATE)
    assert [said[:2] for said, _, _ in steps(bench)] == ["1.", "3."]


def test_the_second_to_press_take_is_told_who_was_first(bench):
    """Both saw [Take]; one has it."""
    bench.answer("code_deploy")
    drawn = Control.decode(steps(bench)[0][2]["value"])
    press(bench, 1, by=MATE)
    with bench.write() as session, pytest.raises(StaleError, match="<@U0MATE> took step 1 at <!date"):
        triage.press(session, bench.desk, action=TriageAction.TAKE, control=drawn, by=ENG, now=bench.now)


def test_a_step_of_an_old_card_does_nothing(bench):
    """The incident went back and elsewhere since."""
    bench.answer("code_deploy")
    drawn = Control.decode(steps(bench)[0][2]["value"])
    bench.press(TriageAction.BACK, by=MATE)
    bench.answer("model")
    with bench.write() as session, pytest.raises(StaleError, match="INC-1 has moved on: <@U0ENG> answered"):
        triage.press(session, bench.desk, action=TriageAction.TAKE, control=drawn, by=ENG, now=bench.now)
    with bench.db.read() as session:
        assert incidents.load(session, 1).claims == {}


@pytest.mark.parametrize(
    "choice", ["", "x", "roll_back_deploy/", "roll_back_deploy/-1", "roll_back_deploy/999"]
)
def test_a_control_that_names_no_step_is_refused(bench, choice):
    """It was not drawn by us."""
    bench.answer("code_deploy")
    with pytest.raises(InputError, match="This control cannot be read"):
        bench.press(TriageAction.TAKE, choice=choice)


def deployed(bench, minutes=20):
    """A deploy that is heard of now, and happened before the onset."""
    at = bench.now - timedelta(minutes=minutes)
    change = Change("generic", f"d{minutes}", ChangeKind.CODE_DEPLOY, "reranker 4.2", at)
    with bench.write() as session:
        changes.record(session, [change], now=bench.now)
    bench.work()


def test_a_deploy_heard_of_late_offers_its_roll_back_at_any_step(bench):
    """The button goes straight to the leaf; back returns to the step one came from."""
    bench.work()
    bench.answer("nothing", "healthy")
    deployed(bench)
    card = bench.card()
    assert "⚠ *Roll back first, investigate after?* Step 1: code deploy “reranker 4.2”" in card.text
    (offered,) = [b["accessory"] for b in card.blocks if b.get("accessory", {}).get("style") == "primary"]
    control = Control.decode(offered["value"])
    with bench.write() as session:
        after = triage.press(
            session, bench.desk, action=TriageAction(offered["action_id"]), control=control, by=ENG,
            now=bench.now,
        )  # fmt: skip
    assert (after.position, after.category) == ("roll_back_deploy", 1)
    assert "Do now: Roll back the deploy now, investigate after" in bench.card().text
    assert "An unneeded roll-back costs less than a longer incident." in bench.card().text
    assert "Ruled out: row counts, schema" in bench.card().text
    assert "answered “Code deploy” to step 1 out of turn" in bench.notes()[-1]
    assert "reranker 4.2" in bench.notes()[-1]
    assert bench.press(TriageAction.BACK).position == "features"


def test_what_was_answered_with_the_deploy_before_ones_eyes_is_not_offered_again(bench):
    """A person who says "nothing" beside a deploy has a reason."""
    deployed(bench)
    assert "[Code deploy]" in bench.card().buttons
    assert "roll back first, investigate after." in bench.card().text
    bench.answer("nothing")
    assert "Roll back first, investigate after?" not in bench.card().text


def test_the_card_shows_the_way_and_what_is_left(bench):
    """In a line, with short names; a tree of its own is named."""
    assert "*1 change, here* · left: upstream, features, eval set, UI, traffic, unknown" in (
        bench.card().text
    )
    bench.answer("nothing")
    assert "Way: ✓ 1 change: Nothing changed → *2 upstream, here* · left: features," in bench.card().text
    bench.answer("schema")
    assert "Way: ✓ 1 change: Nothing changed → ✓ 2 upstream: Schema drift → *here*" in bench.card().text
    bench.receive(bench.alert("slow", metric="turn_latency_p95_ms", service="chat"))
    card = bench.card(2)
    assert "*Step 1 of 5: Did anything change in the last 24 h?*" in card.text
    assert "The turn got slow, or fallbacks creep up. Way: *1 change, here*" in card.text


def test_another_tree_is_walked_from_its_first_question_on(bench):
    """From the menu, when the labels chose the wrong one; what the other tree had found is forgotten."""
    bench.work()
    bench.answer("nothing")
    menu = bench.card().element(lambda e: e["type"] == "overflow")["options"]
    option = next(one for one in menu if one["text"]["text"].startswith("Other tree: The turn got slow"))
    assert len(menu) <= 5
    assert len(option["value"]) <= 75
    control = Control.decode(option["value"])
    after = bench.press(TriageAction.MORE, choice=control.choice)
    assert (after.position, after.path, after.version) == ("changed", (), 3)
    assert "*Step 1 of 5: Did anything change in the last 24 h?*" in bench.card().text
    assert "Evidence is being gathered" in bench.card().text
    assert "went over to the tree “The turn got slow, or fallbacks creep up”" in bench.notes()[-1]
    with pytest.raises(StaleError, match="INC-1 has moved on"):
        bench.press(TriageAction.ANSWER, choice="healthy", version=2)
    with pytest.raises(InputError, match="That tree is no longer there"):
        bench.press(TriageAction.MORE, choice="tree:000000000000")
    with pytest.raises(InputError, match="INC-1 walks the-turn-got-slow already"):
        bench.press(TriageAction.MORE, choice=control.choice)
    bench.answer("code_deploy")
    with pytest.raises(InputError, match="INC-1 is localized"):
        bench.press(TriageAction.MORE, choice=control.choice)


def test_an_edited_tree_of_its_own_is_kept_by_who_began_with_it(bench):
    """Whichever tree it was; even one that this version would refuse."""
    bench.receive(bench.alert("slow", metric="turn_latency_p95_ms", service="chat"))
    books = bench.desk.playbooks
    text = books.others[0].text.replace("Do users wait, or only the measurement?", "Edited?")
    edited, findings = read_triage(text, name="latency.yaml")
    assert findings == ()
    bench.desk = replace(bench.desk, playbooks=replace(books, others=(edited,)))
    with bench.write() as session:
        triage.answer(session, bench.desk, incident=2, choice="nothing", version=1, by=ENG, now=bench.now)
    assert "Do users wait, or only the measurement?" in bench.card(2).text
    with bench.db.read() as session:
        listed = triage.list_open(session, bench.desk, now=bench.now)
    assert "step 2 of 5: Do users wait" in listed.text + str(listed.blocks)


def test_checks_that_a_site_has_not_set_up_share_a_line(bench):
    """Every kind that the shipped tree names says so in the same words; at 3 am nobody sets them up."""
    bench.work()
    expected = {
        "upstream": "upstream_feed", "features": "feature_drift, shards", "eval_set": "eval_set_age",
        "frontend": "click_positions", "traffic": "traffic_sources", "unknown_cause": "stages",
    }  # fmt: skip
    for choice, step in zip(
        ("nothing", "healthy", "steady", "fresh", "unchanged", "neither"), expected, strict=True
    ):
        bench.answer(choice)
        text = bench.card().text
        assert f"? unknown · not set up in the playbook: {expected[step]}\n" in f"{text}\n", step
        assert "under checks." not in text
        assert "→ suggests" not in text, "one clear check of several says nothing for an answer"


def test_trees_that_do_not_go_together_stop_the_start(tmp_path):
    """With file and line of the first fault."""
    for file in (ROOT / "playbooks").glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    latency = (tmp_path / "latency.yaml").read_text(encoding="utf-8")
    (tmp_path / "second.yaml").write_text(latency, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"second\.yaml:4: error duplicate-tree 'the-turn-got-slow' is the id"
    ):
        open_desk(Settings(playbooks={"path": tmp_path}))
    (tmp_path / "second.yaml").write_text("kind: triage\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"second\.yaml:1: error"):
        open_desk(Settings(playbooks={"path": tmp_path}))
    for extra in ("second.yaml", "latency.yaml"):
        (tmp_path / extra).unlink()
    assert open_desk(Settings(playbooks={"path": tmp_path})).playbooks.others == ()
