"""Who may do what: every order, button and form of launches, for a stranger and for each role."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, func, select

from bot.core.inbound import Ask, Inbound, Order, Place, Press, Submit
from bot.core.permission import NEEDS, Act
from bot.errors import InputError, RefusedError, UserError
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import people
from bot.store.database import Database
from bot.store.ledger import LedgerRow
from bot.store.outbox_rows import OutboxRow
from bot.store.slot_rows import SlotRow
from bot.views.look_notes import REASON
from handlers import actions, grammar, needs, slack_verbs, switchboard
from handlers.quarter import TOPICS
from handlers.topic import Everybody, Needed, Opening, Service
from tests.services.signing_bench import AUTHOR, DEPUTY, EM, ID, ML, PM, SIGNED, Bench

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
PLACE = Place("C0LAUNCH")
HOLDERS = {
    "viewer": "U0VIEWER",
    "engineer": "U0ENG",
    "owner": "U0OWNER",
    "approver": "U0APPROVER",
    "director": "U0DIR",
    "admin": "U0ADMIN",
}
STRANGER, GONE = "U0STRANGER", "U0GONE"
PEOPLE = {"stranger": STRANGER, **HOLDERS}

VALUE = f'{{"e":"{ID}","r":1,"c":"x"}}'
FIELDS = {REASON: "we have to know"}

Do = Callable[[Session, Desk, str], object]
"""What somebody does: through the handlers, or straight at the service."""


@dataclass(frozen=True)
class Entry:
    """One thing on the switchboard, what it needs, and the ways to it from Slack and past the handlers."""

    name: str
    needed: Needed
    slack: tuple[Do, ...]
    service: tuple[Do, ...]


def through(asked: Callable[[str], Inbound]) -> Do:
    """What comes in from Slack, handled as the dispatcher does."""
    return lambda session, desk, by: slack_verbs.handle(session, desk, asked(by), "inbox/1", NOW)


def order(topic: str, verb: str) -> Entry:
    """A command."""

    def asked(by: str) -> Order:
        return Order(by, PLACE, topic, verb, ID)

    done = switchboard.ORDERS[topic, verb]
    service: Do = lambda s, d, by: done(s, d, asked(by), "inbox/1", NOW)  # noqa: E731 - one of several ways
    return Entry(f"/{topic} {verb}", needs.ORDERS[topic, verb], (through(asked),), (service,))


def press(action: str) -> Entry:
    """A button."""

    def asked(by: str) -> Press:
        return Press(by, PLACE, action, VALUE)

    done = switchboard.PRESSES[action]
    service: Do = lambda s, d, by: done(s, d, asked(by), "inbox/1", NOW)  # noqa: E731 - one of several ways
    return Entry(f"[{action}]", needs.PRESSES[action], (through(asked),), (service,))


def form(name: str) -> Entry:
    """A form: opened, and sent off without having been opened."""

    def sent(by: str) -> Submit:
        return Submit(by, PLACE, name, VALUE, FIELDS)

    drawn = switchboard.FORMS[name]
    slack: tuple[Do, ...] = (
        lambda s, d, by: slack_verbs.draw(s, d, name, Opening(by, PLACE, VALUE), NOW),
        through(sent),
    )
    service: tuple[Do, ...] = (
        lambda s, d, by: drawn.view(s, d, Opening(by, PLACE, VALUE), NOW),
        lambda s, d, by: drawn.submit(s, d, sent(by), "inbox/1", NOW),
    )
    return Entry(f"form {name}", needs.FORMS[name], slack, service)


ENTRIES = (
    *(order(topic, verb) for topic, verb in needs.ORDERS),
    *(press(action) for action in needs.PRESSES),
    *(form(name) for name in needs.FORMS),
)
OF_THE_QUARTER: dict[str, set[str]] = {
    "frame": {
        "/frame new", "/frame write", "/frame set", "/frame document", "/frame register", "/frame propose",
        "[frame.document]", "[frame.propose]", "form frame.pages",
    },
    "portfolio": {
        "/portfolio add", "/portfolio edit", "/portfolio pre-mortem", "/portfolio score", "/portfolio pick",
        "/portfolio retro", "/portfolio update", "/portfolio snooze", "/portfolio dismiss",
        "[portfolio.score]", "[portfolio.pick]", "[portfolio.snooze]", "[portfolio.dismiss]",
        "[portfolio.leave_file]",
        "form portfolio.candidate", "form portfolio.pre_mortem",
    },
    "correlation": {"/correlation status"},
    "latency": {
        "/latency simulate", "[latency.simulate]", "form latency.form.what_if", "/latency rules",
        "[latency.rules]", "form latency.form.budget",
    },
    "narrative": {
        "/narrative quarter", "/narrative launch", "/narrative incident", "[narrative.draft]",
    },
    "trace": {"/trace of", "[trace.show]"},
}  # fmt: skip
"""What of them is open to everybody, by topic."""

BY_ROLE = [pytest.param(one, one.needed, id=one.name) for one in ENTRIES if isinstance(one.needed, Act)]


@pytest.fixture(scope="module")
def desk() -> Desk:
    """Each role has one holder."""
    return open_desk(Settings(roles={str(role): (by,) for role, by in HOLDERS.items()}))  # type: ignore[misc]  # names of roles


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    """A database in which one launch is signed and locked; what a test does to it is undone."""
    path = tmp_path_factory.mktemp("launch") / "lookout.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    bench = Bench(db)
    bench.register()
    bench.sign_all()
    yield db
    db.close()


@pytest.fixture
def session(launch: Database) -> Iterator[Session]:
    """A transaction that is not committed."""
    with contextlib.suppress(_UndoneError), launch.write() as session:
        yield session
        raise _UndoneError


class _UndoneError(Exception):
    """Nothing of it is kept."""


def rows(session: Session) -> list[int]:
    """How much is on record, to be said, to be done."""
    return [session.exec(select(func.count()).select_from(t)).one() for t in (LedgerRow, OutboxRow, SlotRow)]


def refusal(session: Session, desk: Desk, do: Do, by: str) -> RefusedError:
    """What somebody is told who may not."""
    with pytest.raises(RefusedError) as refused:
        do(session, desk, by)
    return refused.value


def told(session: Session, desk: Desk, do: Do, by: str) -> str:
    """What somebody is told, if anything."""
    try:
        with session.begin_nested():
            do(session, desk, by)
    except UserError as error:
        return error.message
    return ""


def test_everything_on_the_switchboard_says_what_it_needs() -> None:
    """And nothing else does: whoever adds an order, a button or a form has to say who may use it."""
    assert set(needs.ORDERS) == set(switchboard.ORDERS)
    assert set(needs.PRESSES) == set(switchboard.PRESSES)
    assert set(needs.FORMS) == set(switchboard.FORMS)
    assert set(switchboard.FORM_BUTTONS.values()) <= set(switchboard.FORMS)
    typed = {(topic, verb) for topic, verbs in grammar.VERBS.items() for verb in verbs}
    assert typed == set(switchboard.ORDERS)
    asked = {(topic, verb) for topic, verbs in grammar.ASKS.items() for verb in verbs}
    assert asked == set(switchboard.QUESTIONS)
    assert set(grammar.FORM_VERBS.values()) <= set(switchboard.FORMS)


def test_what_is_open_to_everybody_is_this_and_no_more() -> None:
    """Asking, calling for help, and registering, which binds nobody until it is signed.

    Of the quarter's topics: writing what binds nobody until it is decided or locked, and asking for it.
    """
    everybodys = [entry for entry in ENTRIES if isinstance(entry.needed, Everybody)]
    assert [entry.name for entry in everybodys if not (of_incidents(entry) or of_the_quarter(entry))] == [
        "/experiment decide",
        "/digest now",
        "[launch.check_now]",
        "[launch.incident]",
        "[experiment.take]",
        "[experiment.leave]",
        "form experiment.new",
    ]
    services = [entry for entry in ENTRIES if isinstance(entry.needed, Service)]
    assert [entry.name for entry in services] == [
        "/experiment withdraw",
        "[launch.sign]",
        "[launch.withdraw]",
    ]


@pytest.mark.parametrize("topic", OF_THE_QUARTER)
def test_what_is_open_to_everybody_of_a_topic_of_the_quarter_is_this_and_no_more(topic: str) -> None:
    """Whoever opens another verb, button or form of theirs to everybody has to say so here."""
    everybodys = {entry.name for entry in ENTRIES if isinstance(entry.needed, Everybody)}
    assert {name for name in everybodys if topic_of(name) == topic} == OF_THE_QUARTER[topic]


def test_every_topic_of_the_quarter_is_asked_for_its_roles() -> None:
    """And what it has that nobody put on the switchboard is not there."""
    names = {entry.name for entry in ENTRIES}
    for topic in TOPICS:
        wanted = {f"/{topic.name} {verb}" for verb in topic.orders}
        wanted |= {f"[{action}]" for action in topic.presses} | {f"form {name}" for name in topic.forms}
        assert wanted == {name for name in names if topic_of(name) == topic.name}
    assert {topic.name for topic in TOPICS} == set(OF_THE_QUARTER)


def of_incidents(entry: Entry) -> bool:
    """Whether it is part of an incident's work, where whoever is awake may help."""
    return entry.name.startswith(INCIDENTS)


def of_the_quarter(entry: Entry) -> bool:
    """Whether it is part of a topic of the quarter."""
    return topic_of(entry.name) in OF_THE_QUARTER


def topic_of(name: str) -> str:
    """The topic of an entry: the command, or what its button or form is named after."""
    return name.removeprefix("form ").lstrip("/[").replace(".", " ").split()[0]


INCIDENTS = ("/triage ", "/incidents ", "/changes ", "[incident.", "form incident.")


def test_what_is_not_written_down_nobody_may(session: Session, desk: Desk) -> None:
    """A control that got onto the switchboard alone is refused to all, the admin too."""
    with pytest.raises(RefusedError, match="Nobody may do"):
        needs.order(session, desk, "U0ADMIN", "launch", "erase")
    for door in (needs.press, needs.form):
        with pytest.raises(RefusedError, match="Nobody may do"):
            door(session, desk, "U0ADMIN", "launch.erase")


@pytest.mark.parametrize(("entry", "needed"), BY_ROLE)
def test_who_lacks_the_role_is_refused_and_told_which_it_is_and_who_holds_it(
    session: Session, desk: Desk, entry: Entry, needed: Act
) -> None:
    """A stranger, and everybody with none of the roles; at the door and by the service, leaving nothing."""
    roles = NEEDS[needed]
    lacking = {role: by for role, by in PEOPLE.items() if role not in roles}
    assert {"stranger", "viewer"} <= set(lacking)
    before = rows(session)
    for by in lacking.values():
        for do in (*entry.slack, *entry.service):
            refused = refusal(session, desk, do, by)
            assert refused.message == f"To {needed.value} takes the role {' or '.join(roles)}."
            for role in roles:
                assert f"{role}: <@{HOLDERS[role]}>" in refused.hint
    assert rows(session) == before


@pytest.mark.parametrize(("entry", "needed"), BY_ROLE)
def test_who_holds_the_role_passes_until_they_are_deactivated(
    session: Session, desk: Desk, entry: Entry, needed: Act
) -> None:
    """Whatever else is in their way, it is not the role."""
    for role in NEEDS[needed]:
        by = HOLDERS[role]
        for do in (*entry.slack, *entry.service):
            assert "takes the role" not in told(session, desk, do, by)
        people.left(session, by, gone=True)
        for do in (*entry.slack, *entry.service):
            said = refusal(session, desk, do, by).message
            assert said == f"<@{by}> is deactivated in Slack and cannot {needed.value}."


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_who_left_may_do_nothing_at_all(session: Session, desk: Desk, entry: Entry) -> None:
    """Nor what is open to everybody: what they pressed may be handled after they went."""
    people.left(session, GONE, gone=True)
    before = rows(session)
    for do in entry.slack:
        assert "is deactivated in Slack" in refusal(session, desk, do, GONE).message
    assert rows(session) == before


def test_a_refusal_names_nobody_where_nobody_holds_the_role(sqlite: Database) -> None:
    """It says that an admin names somebody, and where."""
    empty = open_desk(Settings())
    with sqlite.write() as session, pytest.raises(RefusedError) as refused:
        slack_verbs.handle(session, empty, Order(STRANGER, PLACE, "experiment", "stop"), "inbox/1", NOW)
    assert refused.value.hint == (
        "Who holds it: owner: nobody yet; an admin names them under [roles] owner in lookout.toml; "
        "approver: nobody yet; an admin names them under [roles] approver in lookout.toml; "
        "director: nobody yet; an admin names them under [roles] director in lookout.toml."
    )


def test_signing_takes_a_place_among_those_who_sign_as_that(sqlite: Database) -> None:
    """No role replaces it: whoever lacks it is told which it is and who holds it."""
    bench = Bench(sqlite)
    bench.register()
    button = bench.card().element(lambda e: e["text"]["text"].startswith("Sign as em"))

    def asked(by: str) -> Press:
        return Press(by, PLACE, "launch.sign", button["value"])

    for by in (ML, PM, AUTHOR, STRANGER):
        with sqlite.write() as session, pytest.raises(RefusedError) as refused:
            slack_verbs.handle(session, bench.desk, asked(by), "inbox/1", NOW)
        assert refused.value.message == "To sign as em takes a place under [signoffs] em."
        assert refused.value.hint == f"Who may sign as em: <@{EM}>, <@{DEPUTY}>."
    assert dict(bench.launch().signatures) == {}


def test_an_amendment_is_withdrawn_by_its_author_or_a_role(sqlite: Database) -> None:
    """By nobody else, whether typed or pressed."""
    bench = Bench(sqlite)
    bench.register()
    bench.sign_all()
    changed = SIGNED.replace("title: ASOS experiment 0bad33", "title: ASOS 0bad33")
    launch = bench.propose(changed, by=PM)
    assert launch.amendment is not None
    button = bench.card().element(lambda e: e["text"]["text"].startswith("Withdraw"))
    asked: list[Callable[[str], Inbound]] = [
        lambda by: Order(by, PLACE, "experiment", "withdraw", ID),
        lambda by: Press(by, PLACE, button["action_id"].partition(":")[0], button["value"]),
    ]
    for ask in asked:
        with sqlite.write() as session, pytest.raises(RefusedError, match="To withdraw an amendment takes"):
            slack_verbs.handle(session, bench.desk, ask(STRANGER), "inbox/1", NOW)
    assert bench.launch().amendment is not None
    with sqlite.write() as session:
        slack_verbs.handle(session, bench.desk, asked[0](PM), "inbox/1", NOW)
    assert bench.launch().amendment is None


@pytest.mark.parametrize("question", switchboard.QUESTIONS, ids=lambda question: "/{} {}".format(*question))
def test_asking_is_for_everybody(session: Session, desk: Desk, question: tuple[str, str]) -> None:
    """Nobody needs a role to read, and reading leaves nothing behind."""
    topic, verb = question
    before = rows(session)
    ask: Do = lambda s, d, by: slack_verbs.answer(s, d, Ask(by, PLACE, topic, verb, ""), NOW)  # noqa: E731 - a way
    assert "role" not in told(session, desk, ask, STRANGER)
    assert rows(session) == before


def test_a_control_that_nobody_knows_is_told_so(session: Session, desk: Desk) -> None:
    """A button of another version is no way around the switchboard."""
    assert actions.OURS.match("launch.erase")
    with pytest.raises(InputError, match="does not know the control"):
        slack_verbs.handle(session, desk, Press(STRANGER, PLACE, "launch.erase", "{}"), "inbox/1", NOW)
