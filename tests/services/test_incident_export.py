"""An incident's record as JSON, Markdown and a page of HTML: whole, safe, and readable by itself."""

import base64
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.reading import Found
from bot.commands import incident as command
from bot.core.inbound import Altered, Ask, Order, Place, Reacted
from bot.core.incident import Event
from bot.core.marked import Attachment, Said
from bot.errors import InputError
from bot.limits import check_blocks
from bot.services import incident_export, marking, triage
from bot.store import blobs, incidents, marked, people
from bot.views.triage_actions import TriageAction
from handlers import slack_verbs
from tests.services.incident_bench import ENG, MATE, Bench

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
HOSTILE = '<script>alert(1)</script> | [x](javascript:y) <!channel>\n"quoted" & \u202ereversed'
TS = "1795403400.000100"
LATER = "1795403460.000100"


@pytest.fixture
def bench(sqlite, clock, monkeypatch):
    """A resolved incident with a message and a picture that somebody marked on the way."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        people.meet(session, ENG, "yuki")
    bench.receive(bench.alert(title="reranker fell <b>", labels={"x": "\ud800"}))
    bench.work()
    bench.clock.now += timedelta(minutes=5)
    graph = Attachment("F1", 'graph "1".png', "image/png", len(PNG))
    log = Attachment("F2", "app.log", "text/plain", 3, None, "only images are kept")
    said = Said(MATE, HOSTILE, permalink="https://x.slack.com/archives/C1/p1", attachments=(graph, log))
    bench.found = Found(said, {0: PNG}, {MATE: "ravi"})
    monkeypatch.setattr(marking, "read_message", lambda *_, **__: bench.found)
    mark(bench)
    bench.answer("code_deploy")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    return bench


def mark(bench, ts=TS):
    """Put the message into the timeline."""
    with bench.write() as session:
        channel = incidents.bare(session, 1).channel
        seen = Reacted(ENG, Place(channel), ts, "pushpin", True)
        marking.reacted(session, bench.desk, seen, f"inbox/{ts}", bench.now)
    bench.work()


def export(bench, form):
    """The document."""
    with bench.db.read() as session:
        incident = incidents.load(session, 1)
        return incident_export.export(session, bench.desk, incident, form, now=bench.now)


def test_json_has_everything(bench):
    """Milestones, events, messages with their images, answers with their evidence, review and items."""
    data = json.loads(export(bench, "json"))
    assert data["incident"]["number"] == "INC-1"
    assert data["incident"]["milestones"]["detected"] == "2026-11-23T03:12:00+00:00"
    assert data["incident"]["took"]["detect"] == 360.0
    assert data["incident"]["answers"][0]["answer"] == "code_deploy"
    (message,) = data["messages"]
    assert (message["author"], message["marked_by"]) == (MATE, [ENG])
    assert base64.b64decode(message["files"][0]["base64"]) == PNG
    assert message["files"][1]["not_kept"] == "only images are kept"
    assert {"opened", "message", "answered", "mitigated", "resolved"} <= {e["kind"] for e in data["timeline"]}
    assert data["review"]["owner"] == ENG
    assert data["people"] == {ENG: "yuki", MATE: "ravi"}
    assert data["action_items"]


def test_html_stands_alone_and_says_what_was_said(bench):
    """No script, no address it would load from, outside text as text, images in it, names instead of ids."""
    html = export(bench, "html")
    assert "<script" not in html.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "\u202e" not in html
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in html
    assert 'alt="graph &#34;1&#34;.png"' in html
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)([^"]*)"', html) == [
        "https://x.slack.com/archives/C1/p1"
    ]
    assert "default-src 'none'" in html
    assert "app.log (not kept: only images are kept)" in html
    assert "yuki (engineer)" in html
    assert html.index("ravi") < html.index("marked it mitigated")


def test_markdown_keeps_a_message_in_its_line(bench):
    """A table row, whatever was written."""
    document = export(bench, "md")
    row = next(line for line in document.splitlines() if "alert(1)" in line)
    assert row.startswith("| 2026-11-23 03:10:00 |")
    assert row.count("|") - row.count("\\|") == 5
    assert "\\<script\\>" in row
    assert "\\[x\\](javascript:y)" in row
    assert '[image: graph "1".png]' in row
    assert "marked by yuki (engineer)" in row


def test_what_was_deleted_or_taken_out_is_in_no_document(bench):
    """Only that it was there; in every form."""
    with bench.write() as session:
        channel = incidents.bare(session, 1).channel
        marking.altered(session, Altered(MATE, Place(channel), TS, True), "inbox/8", bench.now)
    bench.found = replace(bench.found, said=replace(bench.found.said, text="secret plan"), images={})
    mark(bench, LATER)
    with bench.write() as session:
        (kept,) = [one for one in marked.of_incident(session, 1) if one.ts == LATER]
        session.get_one(marked.MarkedRow, kept.id).channel = "C1"
        session.flush()
        link = f"https://x.slack.com/archives/C1/p{LATER.replace('.', '')}"
        order = Order(ENG, Place("C9"), "incidents", "unmark", link)
        marking.unmark_order(session, bench.desk, order, "inbox/9", bench.now)
    for form in ("json", "md", "html"):
        document = export(bench, form)
        assert "alert(1)" not in document
        assert "secret plan" not in document
        assert base64.b64encode(PNG).decode() not in document
    assert "a message of the timeline was deleted in Slack" in document
    assert "took a message out of the timeline" in document


def test_the_command_posts_the_file_where_it_was_asked_for(bench):
    """In the thread, with what it is; HTML where nothing else is said."""
    asked = Order(ENG, Place("C9", "1.2"), "incidents", "export", "INC-1")
    for number, text in enumerate(("INC-1", "INC-1 json", "inc-1 markdown")):
        with bench.write() as session:
            slack_verbs.handle(session, bench.desk, replace(asked, text=text), f"inbox/{number}", bench.now)
    files = bench.effects("upload")[-3:]
    assert [one["filename"] for one in files] == ["INC-1.html", "INC-1.json", "INC-1.md"]
    assert {(one["channel"], one["thread"]) for one in files} == {("C9", "1.2")}
    with bench.db.read() as session:
        assert blobs.get(session, files[0]["blob"]).decode() == export(bench, "html")


@pytest.mark.parametrize(
    ("text", "problem"), [("INC-1 pdf", "no form"), ("INC-9", "no incident"), ("", "Name one")]
)
def test_what_cannot_be_exported_is_told(bench, text, problem):
    """A form or an incident that does not exist, a channel without one."""
    asked = Order(ENG, Place("C9"), "incidents", "export", text)
    with bench.write() as session, pytest.raises(InputError, match=problem):
        slack_verbs.handle(session, bench.desk, asked, "inbox/1", bench.now)


def test_the_timeline_is_shown_newest_last(bench):
    """Messages at the time they were said, with their link; what is left out is counted."""
    with bench.write() as session:
        for number in range(60):
            text = f"<!channel> note {number} {'x' * 170} end {number}."
            incidents.append(session, 1, Event(bench.now, "note", text, ENG))
    with bench.db.read() as session:
        asked = Ask(ENG, Place("C9"), "incidents", "timeline", "INC-1")
        shown = slack_verbs.answer(session, bench.desk, asked, bench.now)
    text = json.dumps(shown.blocks, ensure_ascii=False)
    assert [number for number in range(60) if f"end {number}." in text] == list(range(20, 60))
    assert check_blocks(shown.blocks) == []
    assert "<!channel>" not in text
    assert re.search(r"\d+ earlier lines are left out", text)


def test_on_the_command_line(bench, sqlite, tmp_path: Path, capsysbinary):
    """To the screen or to a file; a wrong number, form or folder is one clear line."""
    environment = {"LOOKOUT_DATABASE_URL": f"sqlite:///{sqlite.path}"}
    assert command.run(environment, "inc-1", form="json") == 0
    assert json.loads(capsysbinary.readouterr().out)["incident"]["id"] == 1
    page = tmp_path / "inc.html"
    assert command.run(environment, "1", out=page) == 0
    assert page.read_text().lstrip().startswith("<!doctype html>")
    for number, form, out in (
        ("x", "html", None),
        ("9", "html", None),
        ("1", "pdf", None),
        ("1", "md", tmp_path),
    ):
        with pytest.raises(InputError):
            command.run(environment, number, form=form, out=out)


def test_an_incident_without_anything_can_be_exported(sqlite, clock):
    """Opened by hand a moment ago: everything unknown is said as unknown."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        triage.start(session, bench.desk, title="Odd", by=ENG, channel="C1", now=bench.now)
    assert "When it started: it was opened by hand" in export(bench, "html")
    assert json.loads(export(bench, "json"))["review"] is None
    assert "No question was answered." in export(bench, "md")
