"""Who is behind the roles: what Slack says of groups, addresses and accounts, and what is made of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from bot.chat.directory import Directory, Unknown
from bot.chat.web import MOST_WAITED
from bot.core.permission import Act
from bot.errors import RefusedError, SourceError
from bot.services import people as service
from bot.services import permissions
from bot.services.desk import Desk
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import people, slots
from bot.store.database import Database
from tests.services.incident_bench import Bench

ROLES = {"engineer": ("S0ML",), "owner": ("maria@example.com",), "director": ("U0DIR",)}


class Slack:
    """Slack's answers: groups, accounts by id; `codes` are errors by what was asked for."""

    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = {"S0ML": ["U0ENG", "U0EM"]}
        self.gone: set[str] = set()
        self.codes: dict[str, str] = {}
        self.pauses: list[str] = []
        self.asked: list[str] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as Slack would."""
        arguments = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        [wanted] = arguments.values()
        self.asked.append(wanted)
        if self.pauses:
            return httpx.Response(429, headers={"Retry-After": self.pauses.pop(0)})
        if wanted in self.codes:
            return httpx.Response(200, json={"ok": False, "error": self.codes[wanted], "needed": "x:read"})
        return httpx.Response(200, json={"ok": True, **self._found(request.url.path, wanted)})

    def _found(self, path: str, wanted: str) -> dict[str, Any]:
        if path.endswith("usergroups.users.list"):
            return {"users": self.groups[wanted]}
        person = "U0PM" if "@" in wanted else wanted
        profile = {"email": f"{person.lower()}@example.com"}
        return {
            "user": {"id": person, "name": person.lower(), "deleted": person in self.gone, "profile": profile}
        }

    def directory(self) -> Directory:
        """What asks it."""
        transport = httpx.MockTransport(self)
        return Directory("xoxb-1", "https://slack.test/api/", transport=transport, sleep=self.slept.append)


@pytest.fixture
def slack() -> Slack:
    """A Slack that knows the group S0ML and everybody."""
    return Slack()


@pytest.fixture
def bench(database: Database, clock: Any) -> Bench:
    """A database and a desk whose roles are held by a group, an address and an id."""
    return Bench(database, clock, roles=ROLES, signoffs={"pm": ("maria@example.com",)})


def refresh(bench: Bench, slack: Slack, *acted: str) -> None:
    """Look everybody up and keep what was said."""
    with slack.directory() as directory:
        found = service.look_up(directory, service.references(bench.desk.settings), acted)
    with bench.write() as session:
        service.keep(session, bench.desk, found, bench.now)


def held(bench: Bench, role: str) -> tuple[str, ...]:
    """Who holds a role."""
    with bench.write() as session:
        return permissions.holders(session, bench.desk, role)


def refusal(bench: Bench, by: str, act: Act) -> str:
    """What somebody is told who may not."""
    with bench.write() as session, pytest.raises(RefusedError) as refused:
        permissions.require(session, bench.desk, by, act)
    return str(refused.value)


def ops(bench: Bench) -> list[str]:
    """What the ops channel was told."""
    return [e["message"]["text"] for e in bench.effects("post") if e["channel"] == "#lookout-ops"]


def test_groups_and_addresses_become_people(bench: Bench, slack: Slack) -> None:
    """Each role is then held by whom Slack names; accounts are described."""
    refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM", "U0ENG")
    assert held(bench, "owner") == ("U0PM",)
    assert held(bench, "director") == ("U0DIR",)
    with bench.write() as session:
        assert permissions.signers(session, bench.desk, "pm") == ("U0PM",)
        assert permissions.signs_as(session, bench.desk, "U0PM") == ("pm",)
        assert permissions.roles_of(session, bench.desk, "U0PM") == ("owner", "viewer")
        assert people.names(session)["U0ENG"] == "u0eng"


def test_nobody_is_behind_a_group_that_has_not_been_read(bench: Bench) -> None:
    """And a refusal says so, instead of pretending that nobody is configured."""
    assert held(bench, "engineer") == ()
    said = refusal(bench, "U0ENG", Act.AMEND)
    assert "engineer: the group S0ML has not been read yet" in said
    assert "owner: the address maria@\u200bexample.com has not been read yet" in said


def test_who_is_taken_out_of_a_group_holds_nothing_any_more(bench: Bench, slack: Slack) -> None:
    """What Slack says now is what counts."""
    refresh(bench, slack)
    slack.groups["S0ML"] = ["U0EM"]
    refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM",)
    slack.groups["S0ML"] = []
    refresh(bench, slack)
    assert held(bench, "engineer") == ()
    assert "has not been read" not in refusal(bench, "U0EM", Act.ROLL)


def test_a_group_that_was_removed_has_nobody_and_ops_hears_once(bench: Bench, slack: Slack) -> None:
    """Not its last members for ever; told again only when it had come back and went again."""
    refresh(bench, slack)
    slack.codes["S0ML"] = "no_such_subteam"
    refresh(bench, slack)
    bench.clock.advance(minutes=10)
    refresh(bench, slack)
    assert held(bench, "engineer") == ()
    assert len(ops(bench)) == 1
    assert "the group S0ML: [roles] engineer" in ops(bench)[0]
    assert "the group S0ML is not known to Slack" in refusal(bench, "U0ENG", Act.ROLL)
    del slack.codes["S0ML"]
    refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM", "U0ENG")
    bench.clock.advance(minutes=10)
    slack.codes["S0ML"] = "no_such_subteam"
    refresh(bench, slack)
    assert len(ops(bench)) == 2


@pytest.mark.parametrize(
    ("wanted", "code"), [("maria@example.com", "users_not_found"), ("U0DIR", "user_not_found")]
)
def test_an_address_or_id_that_slack_does_not_know_is_nobody(
    bench: Bench, slack: Slack, wanted: str, code: str
) -> None:
    """A typing error in lookout.toml gives nobody a role; once mended, it does."""
    slack.codes[wanted] = code
    refresh(bench, slack)
    role = "owner" if "@" in wanted else "director"
    assert held(bench, role) == ()
    assert f"[roles] {role}" in ops(bench)[0]
    slack.codes.clear()
    refresh(bench, slack)
    assert len(held(bench, role)) == 1


@pytest.mark.parametrize("code", ["missing_scope", "invalid_auth", "internal_error"])
def test_what_slack_could_not_say_stays_as_it_was_and_is_asked_again(
    bench: Bench, slack: Slack, code: str
) -> None:
    """An outage takes nobody's role away; one more try is a minute away, however many failed."""
    refresh(bench, slack)
    slack.codes["S0ML"] = code
    refresh(bench, slack)
    refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM", "U0ENG")
    assert ops(bench) == []
    bench.clock.advance(seconds=61)
    claimed = slots.claim(bench.db, now=bench.now, lease=service.AGAIN)
    assert claimed is not None
    assert claimed.job == service.REFRESH_JOB
    assert slots.claim(bench.db, now=bench.now, lease=service.AGAIN) is None


def test_who_left_holds_nothing_and_signs_nothing(bench: Bench, slack: Slack) -> None:
    """Also one whose id stands in lookout.toml, and one who signed; active again, they do."""
    slack.gone = {"U0DIR", "U0PM", "U0OLD"}
    refresh(bench, slack, "U0OLD")
    assert held(bench, "director") == ()
    assert held(bench, "owner") == ()
    assert "<@U0DIR> is deactivated in Slack and cannot approve an override." in refusal(
        bench, "U0DIR", Act.APPROVE
    )
    with bench.write() as session:
        assert people.deactivated(session) == {"U0DIR", "U0PM", "U0OLD"}
        assert not permissions.may(session, bench.desk, "U0PM", Act.AMEND)
    slack.gone = set()
    refresh(bench, slack)
    assert held(bench, "director") == ("U0DIR",)


def test_a_pause_slack_asks_for_is_kept(slack: Slack) -> None:
    """Retry-After is waited for, up to what the job's lease allows."""
    slack.pauses = ["3", "odd"]
    with slack.directory() as directory:
        assert directory.group("S0ML") == ("U0ENG", "U0EM")
    assert slack.slept == [3.0, 1.0]
    slack.pauses = [str(MOST_WAITED + 1)]
    with slack.directory() as directory, pytest.raises(SourceError, match="asks for a pause of 61 s"):
        directory.group("S0ML")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(503, text="<html>"), "answered 503"),
        (httpx.Response(200, text="[1]"), "answered 200"),
        (httpx.Response(200, text="not json"), "answered 200"),
        (
            httpx.Response(200, json={"ok": False, "error": "missing_scope", "needed": "users:read"}),
            "users:read",
        ),
        (httpx.Response(200, json={"ok": False}), "unknown error"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_reason(answer: httpx.Response, says: str) -> None:
    """Never an empty group: nobody would know why all lost their roles."""
    directory = Directory("t", "https://slack.test/api/", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(SourceError, match=says):
        directory.group("S0ML")


def test_slack_that_cannot_be_reached_is_a_reason() -> None:
    """The error names the method and never the token."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    directory = Directory("xoxb-1", "https://slack.test/api/", transport=httpx.MockTransport(refuse))
    with pytest.raises(SourceError, match=r"users\.info: ConnectError") as failed:
        directory.account("U1")
    assert "xoxb" not in str(failed.value)


def test_an_unknown_group_is_told_from_a_failure(slack: Slack) -> None:
    """Only Slack's own word takes a group away."""
    slack.codes["S0ML"] = "no_such_subteam"
    with slack.directory() as directory, pytest.raises(Unknown):
        directory.group("S0ML")


def test_without_a_token_nobody_is_asked(database: Database, clock: Any) -> None:
    """A bot without Slack keeps what it has."""
    desk: Desk = open_desk(Settings(roles={"engineer": ("S0ML",)}))
    finish: Callable[..., None] = service.refresh(database, desk, {}, clock())
    with database.write() as session:
        finish(session)
        assert people.standing(session, "S0ML") == "unread"


def test_everybody_is_looked_up_at_every_start_and_every_ten_minutes(database: Database, clock: Any) -> None:
    """The start's own slot is due at once, whenever the schedule's next one is."""
    with database.write() as session:
        service.schedule(session, clock())
    claimed = slots.claim(database, now=clock(), lease=service.AGAIN)
    assert claimed is not None
    assert claimed.slot.startswith("start/")
    clock.advance(minutes=10)
    assert slots.tick(database, clock()) == 1


def test_a_bot_that_keeps_dying_leaves_no_slots_of_its_starts_behind(database: Database, clock: Any) -> None:
    """The newest start's stands for those before it, so none is given up for its workers' deaths."""
    for _ in range(7):
        with database.write() as session:
            service.schedule(session, clock())
        assert slots.claim(database, now=clock(), lease=service.AGAIN) is not None
        clock.advance(seconds=3)
    with database.read() as session:
        assert len(slots.kept(session, job=service.REFRESH_JOB, prefix="start/")) == 1
        assert slots.counts(session, now=clock()).dead == 0


def test_what_slack_cannot_confirm_counts_for_a_day_and_ops_is_told_how_old_it_is(
    bench: Bench, slack: Slack
) -> None:
    """Then nobody holds what a group or address held, which refusals say, until Slack answers again."""
    refresh(bench, slack)
    slack.codes = {"S0ML": "internal_error", "maria@example.com": "missing_scope", "U0DIR": "internal_error"}
    for minutes in (59, 2, 10):
        bench.clock.advance(minutes=minutes)
        refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM", "U0ENG")
    [old] = ops(bench)
    assert old.startswith("⚠ Slack has not said since <!date^")
    assert "the group S0ML: [roles] engineer" in old
    assert "the address maria@\u200bexample.com: [roles] owner, [signoffs] pm" in old
    assert "Whom it named then count until <!date^" in old
    bench.clock.advance(hours=23)
    refresh(bench, slack)
    refresh(bench, slack)
    assert held(bench, "engineer") == held(bench, "owner") == ()
    assert held(bench, "director") == ("U0DIR",)
    assert [said[:1] for said in ops(bench)] == ["⚠", "✗"]
    assert "nobody holds what they hold" in ops(bench)[1]
    said = refusal(bench, "U0ENG", Act.ROLL)
    assert "the group S0ML was last read from Slack at <!date^" in said
    assert "too long ago to count" in said
    slack.codes.clear()
    refresh(bench, slack)
    assert held(bench, "engineer") == ("U0EM", "U0ENG")


def test_a_long_stop_of_lookout_lets_memberships_lapse_at_the_first_try(bench: Bench, slack: Slack) -> None:
    """Told once, not twice."""
    refresh(bench, slack)
    slack.codes["S0ML"] = "internal_error"
    bench.clock.advance(hours=100)
    refresh(bench, slack)
    assert held(bench, "engineer") == ()
    assert [said[:1] for said in ops(bench)] == ["✗"]


def test_a_page_mentions_the_person_behind_an_address_and_the_group_itself(
    bench: Bench, slack: Slack
) -> None:
    """Not an address nobody is notified by, once Slack has said whose it is; nobody who left."""
    with bench.write() as session:
        assert permissions.called(session, bench.desk, "owner") == ("maria@example.com",)
    slack.gone = {"U0DIR"}
    refresh(bench, slack)
    with bench.write() as session:
        assert permissions.called(session, bench.desk, "owner") == ("U0PM",)
        assert permissions.called(session, bench.desk, "pm") == ("U0PM",)
        assert permissions.called(session, bench.desk, "engineer") == ("S0ML",)
        assert permissions.called(session, bench.desk, "director") == ()


def test_the_people_of_a_group_are_invited_into_an_incident_s_channel(bench: Bench, slack: Slack) -> None:
    """A group's mention calls only those who are in the channel."""
    refresh(bench, slack)
    bench.receive(bench.alert())
    [made] = bench.effects("channel")
    assert made["invite"] == ["U0EM", "U0ENG"]
