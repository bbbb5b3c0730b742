"""The living card of a launch, state by state, as its reader sees it."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core.finding import Finding
from bot.core.launch import Kind, Launch
from bot.core.launch_steps import so_far
from bot.core.ledger import GENESIS, Entry, sealed
from bot.core.lint import check_registration
from bot.core.plan import work_out
from bot.core.timetable import Calendar
from bot.limits import check_blocks
from bot.views import findings_card, launch_card, standing
from bot.views.launch_words import Living, broken_plan
from bot.views.text import NOTIFICATION
from tests.services.incident_bench import Shown

HERE = Path(__file__).parent
GOOD = (HERE.parent / "data" / "registrations" / "cohort_underpowered.yaml").read_text(encoding="utf-8")
TEXT = GOOD.replace("day: day}", "day: day, start: 2026-11-24}") + "signoffs: [pm, em, applied-ml]\n"
AT = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Tokyo")
SHA = "9f2c01ab34cd" + "0" * 52
NEW = "77aa02bb56ef" + "0" * 52
WARNING = {"code": "R123", "path": "cohorts", "message": "cohort locale=mixed is under-powered"}


class Life:
    """Entries of one launch, a minute apart."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        body = {"sha256": SHA, "title": "Reranker L6 to L12", "channel": "C0LAUNCH", "owner": "applied-ml"}
        body |= {"signoffs": ["pm", "em", "applied-ml"], "warnings": [WARNING], "start": "2026-11-24"}
        self.add(Kind.REGISTERED, by="U0AUTHOR", **body)

    def add(self, kind: Kind, by: str = "", **body: Any) -> "Life":
        """One more entry."""
        number = len(self.entries) + 1
        previous = self.entries[-1].hash if self.entries else GENESIS
        at = AT + timedelta(minutes=number)
        self.entries.append(sealed(number, at, kind, "reranker-l12", by, body, previous))
        return self

    def signed(self, sha256: str = SHA, *roles: str) -> "Life":
        """Everybody signs, or only these roles."""
        for role in roles or ("pm", "em", "applied-ml"):
            self.add(Kind.SIGNED, by=f"U0{role[:2].upper()}", sha256=sha256, role=role)
        return self

    def locked(self) -> "Life":
        """Signed, acknowledged and locked."""
        self.signed().add(Kind.ACKNOWLEDGED, by="U0EM", codes=["R123"])
        return self.add(Kind.LOCKED, sha256=SHA)

    def look(self, number: int, verdict: str) -> "Life":
        """A look on record."""
        return self.add(Kind.LOOK, record=40 + number, look=number, day=4.0, verdict=verdict)

    @property
    def launch(self) -> Launch:
        """What they add up to."""
        return so_far(self.entries)


def living(launch: Launch, **more: Any) -> Living:
    """With its plan and calendar."""
    registration, _ = check_registration(TEXT, "x.yaml")
    assert registration is not None
    calendar = Calendar(registration.data.start, time(9), ZONE)
    known: dict[str, Any] = {
        "next_look": (2, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
        "signers": MappingProxyType({"pm": ("U0PM",), "em": ("U0EM", "U0DEPUTY")}),
        "owners": "<@U0PM>",
    }
    return Living(launch, work_out(registration, launch.sha256), calendar, **known | more)


def drawn(shown: Living) -> str:
    """The card as text, checked against Slack's limits."""
    message = launch_card.card(shown)
    assert check_blocks(message.blocks) == []
    assert len(message.text) <= NOTIFICATION
    card = Shown({"text": message.text, "blocks": [dict(block) for block in message.blocks]})
    return f"{card.notification}\n\n{card.text}\n[{'] ['.join(card.buttons)}]\n"


def test_the_card_says_where_it_stands_what_to_do_and_the_rule() -> None:
    """Golden: waiting for signatures, then locked. GOLDEN=1 writes it anew."""
    shown = (
        drawn(living(Life().signed(SHA, "pm").launch)) + "\n====\n\n" + drawn(living(Life().locked().launch))
    )
    golden = HERE / "launch_card.txt"
    if os.environ.get("GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def head(life: Life, **more: Any) -> tuple[str, str]:
    """The header and what is expected of whom."""
    message = launch_card.card(living(life.launch, **more))
    assert check_blocks(message.blocks) == []
    return message.blocks[0]["text"]["text"], message.blocks[1]["text"]["text"]


DECIDED: Mapping[str, Any] = {
    "record": 44,
    "look": 4,
    "acknowledged": [],
    "override": None,
    "reason": "as planned",
}


@pytest.mark.parametrize(
    ("life", "header", "asks"),
    [
        (Life().locked(), "Locked Mon 23 Nov, 9f2c01ab34cd…", "Next: look 2, after day 7, posts"),
        (
            Life().locked().look(1, "continue"),
            "Running: look 2 Tue 1 Dec 09:00 JST",
            "by itself. Nothing is decided before.",
        ),
        (
            Life().locked().add(Kind.STAGE, stage=1, name="50\u00a0%", check={}).look(1, "continue"),
            "Running: stage 50\u00a0%, look 2 Tue 1 Dec 09:00 JST",
            "Next: look 2",
        ),
        (
            Life().locked().look(4, "ship"),
            "Running: look 4 says SHIP",
            "An owner, approver or director decides on the card of look 4, record 44.",
        ),
        (
            Life().locked().add(Kind.PAUSED, by="U0PM", why="p99 1,810 ms, above 1,500"),
            "Paused: p99 1,810 ms, above 1,500",
            "An engineer or owner resumes it on the rollout card.",
        ),
        (
            Life().locked().add(Kind.STAGE, stage=1, name="50\u00a0%", check={}).look(4, "veto"),
            "VETO at look 4",
            "The launch stays at 50\u00a0%. The decision card says what comes next",
        ),
        (
            Life().locked().look(4, "ship").add(
                Kind.DECIDED, by="U0PM", decision="ship", verdict="ship", **DECIDED
            ),
            "Shipped Mon 23 Nov",
            "on record 44: SHIP. as planned",
        ),
        (
            Life().locked().look(4, "veto").add(
                Kind.DECIDED, by="U0PM", decision="stop", verdict="veto", **DECIDED
            ),
            "Stopped Mon 23 Nov",
            "on record 44: VETO.",
        ),
        (
            Life().locked().look(4, "ship").add(
                Kind.DECIDED, by="U0PM", decision="ship", verdict="ship", **DECIDED
            ).add(Kind.CLOSED, why="checked"),
            "Closed, shipped Mon 23 Nov",
            "Decided by",
        ),
    ],
)  # fmt: skip
def test_every_state_is_said_first_and_then_what_is_expected(life: Life, header: str, asks: str) -> None:
    """The header begins with it; the name follows."""
    shown = head(life)
    assert shown[0] == f"{header} · Reranker L6 to L12"
    assert asks in shown[1]


def test_a_launch_without_a_known_day_1_is_begun_by_hand() -> None:
    """The owners are called."""
    life = Life().locked()
    registration, _ = check_registration(GOOD, "x.yaml")
    assert registration is not None
    shown = Living(
        life.launch, work_out(registration, SHA), Calendar(None, time(9), ZONE), None, owners="<@U0PM>"
    )
    said = launch_card.card(shown).blocks[1]["text"]["text"]
    assert "<@U0PM> or an engineer begins it with `/experiment start`." in said


def test_who_begins_a_rollout_is_told_of_its_button() -> None:
    """Engineers may as well, and the rollout card has [Start]."""
    life = Life().locked()
    text = GOOD + "\nrollout:\n  - {stage: 50 %, days: 13}\n  - {stage: 100 %}\n"
    registration, _ = check_registration(text, "x.yaml")
    assert registration is not None
    shown = Living(life.launch, work_out(registration, SHA), Calendar(None, time(9), ZONE), owners="<@U0PM>")
    said = launch_card.card(shown).blocks[1]["text"]["text"]
    start = "<@U0PM> or an engineer begins it with [Start] on the rollout card, or `/experiment start`."
    assert start in said


def test_a_plan_that_was_broken_says_by_whom_when_and_why() -> None:
    """And a proposed amendment what it waits for."""
    proposal = {"text_sha256": "", "reason": "the <!here> metric moved", "diff": ["alpha: 0.05 → 0.1"]}
    proposal |= {"touches": ["alpha"], "signoffs": ["em"], "warnings": []}
    life = Life().locked().look(1, "continue").add(
        Kind.AMENDMENT, by="U0ML", sha256=NEW, breaking=True, **proposal
    )  # fmt: skip
    assert "An amendment by <@U0ML> is proposed. Waiting for 1 signature: em." in head(life)[1]
    life.signed(NEW, "em").add(Kind.AMENDED, sha256=NEW, breaking=True, signoffs=["em"], warnings=[])
    said = broken_plan(life.launch)
    assert said.startswith("⚠ The plan was changed after a look by <@U0ML>, <!date^")
    assert said.endswith(": the &lt;!here&gt; metric moved. Its error rates are no longer those signed.")
    assert said in head(life)[1]
    assert broken_plan(Life().launch) == ""


def test_a_card_with_too_much_on_it_still_fits() -> None:
    """Sixty sign-offs, long titles, hostile names."""
    life = Life()
    body = dict(life.entries[0].body) | {"signoffs": ["<!channel> " + "x" * 180 + str(n) for n in range(60)]}
    body |= {"title": "`*<@U1>*`" * 30, "warnings": [WARNING | {"message": "<!here> " * 400}] * 40}
    launch = so_far([sealed(1, AT, "registered", "x", "U0AUTHOR", body, GENESIS)])
    drawn(living(launch, signers={}))
    message = launch_card.card(living(launch, signers={}))
    many = standing.standings([living(launch, signers={})] * 60)
    assert check_blocks(many.blocks) == []
    sections = [block for block in message.blocks if block["type"] in ("section", "context")]
    for shown in (message.text, str(sections), many.text, str(many.blocks)):
        assert "<!channel>" not in shown
        assert "<!here>" not in shown
        assert "<@U1>" not in shown


def test_findings_are_shown_with_their_line_their_mend_and_where_to_read_more() -> None:
    """Errors first; of many the first ones, and how many more."""
    wrong = Finding("R131", "error", "a.yaml", "sequential.looks", 31, "look <4> is on day 21.", "Move it.")
    weak = Finding("R123", "warning", "a.yaml", "cohorts", 40, "mixed is under-powered.")
    card = findings_card.card(
        "a.yaml",
        [weak, wrong],
        done="nothing was registered",
        said="a.yaml has 1 error",
        source="id: x\n" * 30 + "  looks: [<!here>, 7]\n",
    )
    text = Shown({"text": card.text, "blocks": [dict(one) for one in card.blocks]}).text
    assert text.splitlines() == [
        "a.yaml: 1 error, so nothing was registered",
        "✗ error *R131* · line 31 · sequential.looks",
        "> looks: [&lt;!here&gt;, 7]",
        "look &lt;4&gt; is on day 21.",
        "Mend: Move it.",
        "More: `lookout explain R131`",
        "⚠ warning *R123* · line 40 · cohorts",
        "mixed is under-powered.",
        "More: `lookout explain R123`",
        "Mend it and register again; `lookout check` says the same on your machine. "
        "1 warning would have to be acknowledged.",
    ]
    many = findings_card.card("`<!here>`.yaml", [wrong] * 60, done="nothing was registered", said="x")
    assert check_blocks(many.blocks) == []
    assert "48 more in `lookout check`." in many.blocks[-1]["elements"][0]["text"]
