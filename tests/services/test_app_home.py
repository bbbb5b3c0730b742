"""The home page: what waits for a person, drawn when they open it and again when that changes."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.core.inbound import OpenedHome
from bot.core.launch import Kind
from bot.limits import check_view
from bot.services import app_home, home_news
from bot.services import people as people_service
from bot.store import people, slots
from bot.store.database import Database
from tests.services.signing_bench import AUTHOR, DEPUTY, EM, ML, PM, SIGNED, STRANGER, Bench

WARNED = "\n".join(line for line in SIGNED.splitlines() if not line.startswith("  h1:")) + "\n"
DIRECTOR, ADMIN = "U0DIR", "U0ADMIN"
ROLES = {
    "engineer": (AUTHOR, ML),
    "owner": (PM,),
    "approver": (EM,),
    "director": (DIRECTOR,),
    "admin": (ADMIN,),
    "viewer": ("U0VIEWER",),
}


@pytest.fixture
def bench(sqlite: Database) -> Bench:
    """Everybody has a role, and the registration waits for three signatures."""
    return Bench(sqlite, roles=ROLES)


def opened(bench: Bench, by: str) -> str:
    """What somebody sees who opens their page."""
    with bench.db.write() as session:
        app_home.opened(session, bench.desk, OpenedHome(by), bench.now)
    return shown(bench, by)


def pages(bench: Bench, by: str) -> list[dict[str, Any]]:
    """Every page of somebody, oldest first."""
    return [e["message"] for e in bench.effects("home") if e["channel"] == by]


def shown(bench: Bench, by: str) -> str:
    """All words of somebody's newest page."""
    page = pages(bench, by)[-1]
    assert check_view({"type": "home", "blocks": page["blocks"]}) == []
    return "\n".join([page["text"], *(str(block) for block in page["blocks"])])


def redraw(bench: Bench) -> None:
    """Run what draws pages again."""
    finish = app_home.redraw(bench.db, bench.desk, {}, bench.now)
    with bench.db.write() as session:
        finish(session)


def vetoed(bench: Bench) -> None:
    """Signed, locked, and vetoed by look 1."""
    bench.register()
    bench.sign_all()
    bench.looked("veto")


@pytest.mark.parametrize("by", [STRANGER, "U0VIEWER"])
def test_who_holds_no_role_sees_a_friendly_page_without_a_task(bench: Bench, by: str) -> None:
    """It says what they can follow and ask, and who gives roles; nobody's launch is named on it."""
    vetoed(bench)
    page = opened(bench, by)
    assert page.startswith("Nothing waits for you")
    assert "You can follow both" in page
    assert "/experiment status" in page
    assert "You hold no role: signing, deciding, amending and configuring take one." in page
    assert f"Roles are given in lookout.toml by <@{ADMIN}>." in page
    assert "ASOS" not in page


def test_a_signature_waits_for_whoever_can_give_it(bench: Bench) -> None:
    """Not for who signed already, nor for the author where only the author's is left, nor for others."""
    bench.register()
    assert "1 thing waits for you" in opened(bench, EM)
    assert "Sign as *em*: the registration of *ASOS experiment 0bad33*" in shown(bench, EM)
    assert "You hold the role *approver* · you sign as *em*" in shown(bench, EM)
    assert "Sign as *pm*" in opened(bench, AUTHOR)
    bench.sign("em", EM)
    assert "Nothing waits for you" in opened(bench, EM)
    assert "No signature, decision, approval or task of yours is outstanding" in shown(bench, EM)
    assert "Nothing waits for you" in opened(bench, DEPUTY)
    assert "Sign as *applied-ml*" in opened(bench, PM)
    bench.sign("pm", PM)
    assert "Sign as *applied-ml*" not in opened(bench, PM)


def test_an_amendment_waits_for_signatures_too(bench: Bench) -> None:
    """It says whose amendment it is."""
    bench.register()
    bench.sign_all()
    assert "Nothing waits" in opened(bench, EM)
    bench.propose(SIGNED.replace("title: ASOS experiment 0bad33", "title: ASOS 0bad33"))
    assert f"Sign as *em*: the amendment by <@{ML}> of *ASOS experiment 0bad33*" in opened(bench, EM)


def test_warnings_wait_for_those_who_may_acknowledge_them(bench: Bench) -> None:
    """By their codes; when one of them has, for nobody."""
    bench.register(WARNED)
    assert "1 warning of *ASOS experiment 0bad33*: R102" in opened(bench, ML)
    assert "R102" not in opened(bench, DIRECTOR)
    bench.press("Acknowledge", EM)
    assert "R102" not in opened(bench, ML)


def test_a_look_that_asks_for_a_decision_waits_for_who_decides(bench: Bench) -> None:
    """Until it is decided; a look that says continue asks nobody."""
    bench.register()
    bench.sign_all()
    bench.looked("continue")
    assert "Nothing waits" in opened(bench, PM)
    bench.looked("veto", look=2, record=2)
    for by in (PM, EM, DIRECTOR):
        assert "*VETO* at look 2 of *ASOS experiment 0bad33*" in opened(bench, by)
    assert "VETO" not in opened(bench, ML)
    body = {"decision": "stop", "verdict": "veto", "record": 2, "override": None, "reason": "harm"}
    bench.write(Kind.DECIDED, body | {"look": 2, "acknowledged": []})
    assert "Nothing waits" in opened(bench, PM)


def test_an_override_waits_for_a_director_other_than_who_asks(bench: Bench) -> None:
    """Until it is answered."""
    vetoed(bench)
    body: dict[str, Any] = {"override": "o1", "record": 1, "fields": {}}
    body |= {"expires": "2026-12-20", "retrospective": "2027-01-20"}
    bench.write(Kind.OVERRIDE_REQUESTED, body, by=PM)
    assert f"<@{PM}> asks to ship *ASOS experiment 0bad33* against look 1" in opened(bench, DIRECTOR)
    assert "asks to ship" not in opened(bench, PM)
    bench.write(Kind.OVERRIDE_REFUSED, {"override": "o1", "why": "no"}, by=DIRECTOR)
    assert "asks to ship" not in opened(bench, DIRECTOR)


def test_tasks_wait_for_their_owner_overdue_ones_first(bench: Bench) -> None:
    """A task's owner is a person, a role or a sign-off; also after the launch was stopped."""
    vetoed(bench)
    today = bench.now.date()

    def task(name: str, owner: str, days: int) -> dict[str, str]:
        due = (today + timedelta(days=days)).isoformat()
        return {"id": name, "title": f"Task {name}", "owner": owner, "due": due, "by_role": ""}

    tasks = [task("later", ML, 3), task("late", ML, -2), task("now", "engineer", 0), task("else", EM, 1)]
    bench.write(Kind.INVESTIGATION, {"playbook": "veto", "tasks": tasks})
    body = {"decision": "stop", "verdict": "veto", "record": 1, "override": None, "reason": "harm"}
    bench.write(Kind.DECIDED, body | {"look": 1, "acknowledged": []})
    page = opened(bench, ML)
    assert page.startswith("3 things wait for you, 1 overdue")
    assert "⚠ Overdue since Sat 21 Nov: Task late" in page
    assert (
        page.index("Task late") < page.index("Due today: Task now") < page.index("Due Thu 26 Nov: Task later")
    )
    assert "Task else" in opened(bench, EM)
    bench.write(Kind.TASK_DONE, {"task": "late", "note": ""}, by=ML)
    assert "Task late " not in opened(bench, ML)
    bench.write(Kind.CLOSED, {"why": "over"})
    assert "Nothing waits" in opened(bench, ML)


def test_pages_that_were_opened_are_drawn_again_when_something_changes(bench: Bench) -> None:
    """Once for all that happens together; a page that says the same is left alone, one never opened too."""
    bench.register()
    assert "Nothing waits for you" not in opened(bench, EM)
    opened(bench, STRANGER)
    with bench.db.read() as session:
        assert slots.kept(session, job=home_news.REDRAW_JOB, prefix="") == []
    bench.sign("pm", PM)
    bench.sign("em", EM)
    claimed = slots.claim(bench.db, now=bench.now, lease=timedelta(seconds=60))
    while claimed is not None and claimed.job != home_news.REDRAW_JOB:
        claimed = slots.claim(bench.db, now=bench.now, lease=timedelta(seconds=60))
    assert claimed is None, "changes are gathered first"
    with bench.db.read() as session:
        [slot] = slots.kept(session, job=home_news.REDRAW_JOB, prefix="")
    assert timedelta(0) < slot.due - bench.now <= home_news.TOGETHER + home_news.AFTER
    redraw(bench)
    redraw(bench)
    assert len(pages(bench, EM)) == 1, "what was not delivered yet is replaced"
    assert "Nothing waits for you" in shown(bench, EM)
    assert len(pages(bench, STRANGER)) == 1
    assert pages(bench, PM) == []


def test_a_task_becomes_overdue_on_the_page_by_itself(bench: Bench) -> None:
    """With nothing that happens but time."""
    vetoed(bench)
    due = (bench.now.date() + timedelta(days=1)).isoformat()
    task = {"id": "a", "title": "Drill down", "owner": ML, "due": due, "by_role": ""}
    bench.write(Kind.INVESTIGATION, {"playbook": "veto", "tasks": [task]})
    assert "Due Tue 24 Nov" in opened(bench, ML)
    bench.later(days=1)
    redraw(bench)
    assert "Due today" in shown(bench, ML)
    bench.later(days=1)
    redraw(bench)
    assert "⚠ Overdue since Tue 24 Nov" in shown(bench, ML)


def test_the_page_of_who_left_is_not_drawn_any_more(bench: Bench) -> None:
    """Nor does it ever show them anything but that nothing waits."""
    bench.register()
    opened(bench, EM)
    bench.leaves(EM)
    bench.sign("pm", PM)
    redraw(bench)
    assert len(pages(bench, EM)) == 1
    assert "Nothing waits" in opened(bench, EM)


def test_a_full_page_stays_within_slack_s_limits(bench: Bench) -> None:
    """The rest is counted; what people wrote cannot format or mention."""
    vetoed(bench)
    title = "Drill <!channel> *down* " + "x" * 300
    tasks = [
        {"id": f"t{n}", "title": title, "owner": ML, "due": date(2026, 12, 1).isoformat(), "by_role": ""}
        for n in range(60)
    ]
    bench.write(Kind.INVESTIGATION, {"playbook": "veto", "tasks": tasks})
    page = opened(bench, ML)
    assert page.startswith("60 things wait for you")
    assert "<!channel>" not in page
    assert "more" in page


def test_it_says_whose_membership_is_not_known(sqlite: Database) -> None:
    """A group that was never read, and one that Slack has not confirmed for long."""
    bench = Bench(sqlite, roles=ROLES | {"owner": ("S0PM",), "approver": ("S0EM",)})
    with bench.db.write() as session:
        people.set_members(session, "S0EM", [EM], bench.now)
    assert "the group S0PM has not been read yet" in opened(bench, STRANGER)
    assert "S0EM" not in shown(bench, STRANGER)
    bench.later(hours=2)
    assert "the group S0EM was last read from Slack at" in opened(bench, STRANGER)


def test_pages_follow_who_is_in_a_group(sqlite: Database) -> None:
    """What Slack says of people redraws them like everything else."""
    bench = Bench(sqlite, roles=ROLES | {"owner": ("S0PM",)})
    opened(bench, PM)
    with bench.db.write() as session:
        people_service.keep(session, bench.desk, people_service.Found(members={"S0PM": (PM,)}), bench.now)
    redraw(bench)
    assert "You hold the role *owner*" in shown(bench, PM)
