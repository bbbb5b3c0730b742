"""Walking an incident by typing, as from a phone's thread: every button has a word, and each is answered."""

import pytest

from bot.core.inbound import Ask, Order, Place
from bot.core.incident import Status
from bot.errors import InputError, StaleError
from bot.limits import check_blocks
from bot.services import triage, walking
from bot.services.walking import pick
from bot.store import incidents
from bot.views.triage_actions import TriageAction
from handlers import grammar, needs, switchboard
from handlers.topic import Everybody
from tests.services.incident_bench import ENG, MATE, Bench, Shown

HOME = "C0INC"


@pytest.fixture
def bench(sqlite, clock):
    """A bench with one incident that lives in the channel C0INC."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        triage.start(session, bench.desk, title="NDCG fell", by=ENG, channel=HOME, now=bench.now)
    bench.work()
    return bench


class Typing:
    """Types at the bot in a thread, each message with a key of its own."""

    def __init__(self, bench):
        self.bench, self.count = bench, 0

    def __call__(self, text, *, by=ENG, channel=HOME, thread="171.1"):
        """Type it, and return the answer."""
        self.count += 1
        place = Place(channel, thread)
        asked = grammar.parse("triage", text, by=by, place=place)
        assert isinstance(asked, Order)
        with self.bench.write() as session:
            needs.order(session, self.bench.desk, by, asked.topic, asked.verb)
            switchboard.ORDERS[asked.topic, asked.verb](
                session, self.bench.desk, asked, f"inbox/{self.count}", self.bench.now
            )
        said = [e for e in self.bench.effects() if e["key"] == f"inbox/{self.count}/stands"]
        return said[-1] | {"said": Shown(said[-1]["message"]).text}

    def stands(self):
        """The incident."""
        with self.bench.db.read() as session:
            return incidents.load(session, 1)


@pytest.fixture
def typed(bench):
    """What is typed, in a thread of the incident's channel."""
    return Typing(bench)


def test_a_whole_incident_is_walked_by_typing(typed):
    """Each answer says where it stands and what can be typed next."""
    reply = typed("answer nothing")
    assert (reply["channel"], reply["thread"]) == (HOME, "171.1")
    assert "*INC-1* · step 2 of 7: Is upstream data healthy?" in reply["said"]
    assert "Next: `answer …` with `row_counts` Row counts off · `schema` Schema drift" in reply["said"]
    assert "step 1 of 7" in typed("back")["said"]
    said = typed("answer Code deploy")["said"]
    assert "Code deploy regression (category 1): Roll back the deploy now" in said
    assert "Next: `claim 1` Roll back the deploy · `mitigated`, or `back` if that was not it." in said
    assert "`done 1` Roll back the deploy" in typed("claim 1")["said"]
    assert "`claim 2` Verify recovery" in typed("done 1")["said"]
    assert "`done 1`" in typed("undo 1")["said"]
    typed("refresh")
    typed("escalate")
    assert "mitigated\nNext: `resolved`" in typed("mitigated anyway")["said"]
    assert "Next: `reopen`" in typed("resolved")["said"]
    assert "mitigated" in typed("reopen")["said"]
    assert "false alarm" in typed("false-alarm")["said"]
    assert typed.stands().status is Status.FALSE_ALARM


@pytest.mark.parametrize("verb", sorted(walking.VERBS))
def test_every_word_is_known_to_the_grammar_and_to_who_may(verb):
    """An incident is everybody's."""
    assert verb in grammar.VERBS["triage"]
    assert isinstance(needs.ORDERS["triage", verb], Everybody)


def test_the_lead_is_taken_and_given(typed):
    """By mention, as Slack writes it."""
    typed("lead", by=MATE)
    assert typed.stands().lead == MATE
    typed(f"lead <@{ENG}|ana>", by=MATE)
    assert typed.stands().lead == ENG
    with pytest.raises(InputError, match="Read `lead ana`"):
        typed("lead ana")


def test_an_incident_elsewhere_is_named_first(typed):
    """Without a thread only the person reads the answer; without an incident there is a hint."""
    reply = typed("answer INC-1 nothing", channel="C9", thread=None)
    assert (reply["kind"], reply["channel"], reply["user"]) == ("ephemeral", "C9", ENG)
    assert typed.stands().position == "upstream"
    with pytest.raises(InputError, match="No incident has its card in this channel") as error:
        typed("answer nothing", channel="C9")
    assert "triage answer INC-7 nothing" in error.value.hint
    with pytest.raises(InputError, match="There is no incident “INC-99”"):
        typed("back INC-99")


def test_a_roll_back_is_entered_by_name_from_any_step(typed):
    """And only where the tree has one; the evidence suggests none here."""
    typed("answer nothing")
    with pytest.raises(InputError, match="The evidence suggests no roll-back") as error:
        typed("roll-back")
    assert error.value.hint == "Name one: `code_deploy`, `model`, `config`, `prompt`."
    assert "category 2" in typed("roll-back model")["said"]
    assert "step 2 of 7" in typed("back")["said"]


def test_a_step_taken_by_another_is_taken_over_and_said(typed):
    """By message only: the button would do it by accident."""
    typed("answer config")
    typed("claim 2", by=MATE)
    typed("claim 2")
    claim = typed.stands().claims["revert_config/2"]
    assert claim.by == ENG
    notes = typed.bench.notes()
    assert f"<@{ENG}> took step 2 over: Verify recovery (from <@{MATE}>)" in notes[-1]
    with pytest.raises(StaleError, match="<@U0ENG> took step 2 at"):
        typed("claim 2")


def test_another_tree_is_named_by_its_id(typed):
    """Where the labels chose the wrong one."""
    assert "step 1 of 5" in typed("switch the-turn-got-slow")["said"]
    with pytest.raises(InputError, match="Read `switch` without a tree") as error:
        typed("switch")
    assert error.value.hint == "Trees: `the-model-got-worse`, `the-turn-got-slow`."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answer", r"Nothing is no answer here\."),
        ("answer c", r"“c” fits several answers\."),
        ("answer maybe", r"“maybe” is no answer here\."),
        ("answer 9", r"“9” is no answer here\."),
        ("claim", "Read `claim` without a number"),
        ("claim two", "Read `claim two`"),
        ("back now", "Read `back now`"),
        ("mitigated soon", "Read `mitigated soon`"),
        ("mitigated", "INC-1 is localizing, not localized"),
        ("claim 1", "there is no checklist yet"),
        ("answer <!channel>", r"“&lt;!channel&gt;” is no answer here"),
    ],
)
def test_what_cannot_be_done_says_what_was_read_and_what_is_possible(typed, text, said):
    """Nothing is changed."""
    with pytest.raises(InputError, match=said):
        typed(text)
    assert typed.stands().version == 1


def test_an_answer_is_known_by_id_label_number_or_a_part_of_it(typed):
    """Whatever its case, with quotes or without."""
    with typed.bench.db.read() as session:
        tree = typed.bench.desk.playbooks.tree(incidents.load(session, 1).playbook)
    choices = tree.questions["changed"].choices
    for text in ("nothing", "Nothing changed", "5", "“nothing”", "NOTHING-CHANGED"):
        assert pick(choices, text).id == "nothing"
    assert pick(choices, "registry").id == "model"
    found = tree.leaves["escalated"].choices
    assert pick(found, "10 Query-distribution shift").id == "found_10"
    assert pick(found, "label drift").id == "found_6"


def test_the_status_says_what_can_be_typed_next(typed):
    """For whoever does not see the card."""
    with typed.bench.db.read() as session:
        said = triage.status(session, typed.bench.desk, about="INC-1", channel="", now=typed.bench.now)
    assert "Next: `answer …` with `code_deploy` Code deploy" in text_of(said)


def test_the_tree_shows_the_way_and_where_one_stands(typed):
    """As text that a phone can scroll."""
    typed("answer nothing")
    with typed.bench.db.read() as session:
        ask = Ask(ENG, Place(HOME, "171.1"), "triage", "tree")
        shown = text_of(
            switchboard.QUESTIONS["triage", "tree"](session, typed.bench.desk, ask, typed.bench.now)
        )
    assert "└─ ✓ Nothing changed → step 2" in shown
    assert "2. Is upstream data healthy? (here)" in shown


def text_of(message):
    """The text of a message that is not in the outbox."""
    assert check_blocks(message.blocks) == []
    return Shown({"text": message.text, "blocks": message.blocks}).text


@pytest.mark.parametrize("text", ["false alarm", "False_alarm", "falsealarm", "FALSE-ALARM"])
def test_two_words_are_as_good_as_one(typed, text):
    """Nobody looks up a hyphen at 3 am."""
    typed(text)
    assert typed.stands().status is Status.FALSE_ALARM


def test_two_people_who_type_at_once_do_not_step_on_each_other(typed):
    """The second answer is for a question that was answered: it is told so."""
    typed("answer nothing", by=MATE)
    with pytest.raises(InputError, match="“nothing” is no answer here"):
        typed("answer nothing")
    typed.bench.press(TriageAction.BACK, by=MATE)
    assert typed.stands().position == "changed"
