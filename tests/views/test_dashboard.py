"""The dashboard as a message: short enough for Slack whatever the evidence says, and harmless."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Incident, Status
from bot.core.playbook_reader import read_triage
from bot.limits import check_blocks
from bot.settings import shipped
from bot.views.dashboard import Board, dashboard, queries

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
HOSTILE = "<!channel> `rm` *b* <https://evil|x> & \u202e" + "long " * 200


def board(lines, **more):
    """A board whose every step has these lines."""
    text = (shipped("playbooks") / "triage.yaml").read_text()
    playbook, _ = read_triage(text, name="triage.yaml")
    incident = Incident(
        7, HOSTILE[:100], "SEV2", more.pop("status", Status.TRIAGING), "C1", "g", playbook.sha256,
        playbook.first, NOW, NOW, NOW,
    )  # fmt: skip
    evidence = dict.fromkeys(playbook.questions, lines)
    given = {"gathered_at": NOW, "took": 3.2, "next_at": NOW + timedelta(minutes=5)}
    return Board(incident, playbook, evidence, **{**given, **more})


def everything():
    """Many lines of every status, with outside text in every field."""
    return tuple(
        Evidence(f"{HOSTILE[:60]}{n}", status, f"{n} {HOSTILE}", NOW, suggests="model", source=HOSTILE,
                 query=f"{n}{HOSTILE}", url=url, symptom=n % 2 == 0)
        for n, (status, url) in enumerate(
            [(status, url) for status in EvidenceStatus
             for url in ("https://ok/1", "javascript:alert(1)", "https://a|b", "https://x" * 100, "")] * 4
        )
    )  # fmt: skip


@pytest.mark.parametrize("draw", [dashboard, queries])
@pytest.mark.parametrize("status", [Status.TRIAGING, Status.RESOLVED])
def test_it_keeps_to_slacks_limits_and_outside_text_stays_text(draw, status):
    """No mention, no link but its own, no code, whatever stands in a label."""
    message = draw(board(everything(), status=status, picture="p", alt=HOSTILE * 9))
    assert check_blocks([dict(block) for block in message.blocks]) == []
    # What an image shows in words is plain text to Slack.
    said = json.dumps([dict(one) for one in message.blocks if one["type"] != "image"]) + message.text
    assert "<!channel>" not in said
    assert "javascript:" not in said.replace("javascript:alert(1)`", "")
    assert "<https://evil" not in said
    assert len(message.text) < 3000


def test_only_addresses_of_the_web_are_links():
    """Others are left out; the line stands."""
    urls = ("https://ok/1?a=b", "ftp://x", "https://a b", "https://a>b")
    found = [Evidence("c", EvidenceStatus.SUSPECT, f"l{n}", NOW, url=url) for n, url in enumerate(urls)]
    for line, linked in zip(found, (True, False, False, False), strict=True):
        text = json.dumps([dict(block) for block in dashboard(board((line,))).blocks])
        assert ("|look>" in text) == linked


def test_before_anything_is_known_it_says_by_when():
    """And after nothing was asked it says that."""
    early = dashboard(board((), gathered_at=None, complete_by=NOW + timedelta(seconds=10)))
    assert "being gathered" in early.text
    assert "nothing was asked" in dashboard(board(())).text
    assert "No evidence has been gathered for INC-7 yet" in queries(board(())).text
