"""The review of an incident: what it needs before its page is published, and who is reminded of it."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlmodel import select

from bot.core.correlation import Correlation, Window
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.review import MILESTONES, Check, Outcome
from bot.errors import InputError, RefusedError, StaleError
from bot.limits import check_view
from bot.services import review_changes, reviewing, triage
from bot.services.incident_cards import RECOVERY_STEP
from bot.stats.correlation import Pearson
from bot.stats.undecided import Undecided
from bot.store import blobs, incidents, people, reviews
from bot.store.outbox_rows import UploadRow
from bot.store.slot_rows import SlotRow
from bot.views import review_forms as views
from bot.views.review_actions import About, ReviewAction
from bot.views.triage_actions import More, TriageAction
from handlers import slack_verbs
from handlers.switchboard import FORMS
from handlers.topic import Opening
from tests.services.incident_bench import ENG, MATE, Bench, Shown

CHANNEL = "C1"


@pytest.fixture
def bench(sqlite, clock):
    """A resolved incident, walked to a category by ENG."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    resolve(bench)
    return bench


def resolve(bench, *answers):
    """Walk it to its end."""
    bench.answer(*(answers or ("code_deploy",)))
    bench.clock.advance(minutes=5)
    bench.press(TriageAction.MITIGATED)
    bench.clock.advance(minutes=30)
    bench.press(TriageAction.RESOLVED)


def handle(bench, asked, key="inbox/1"):
    """What comes in from Slack, as the dispatcher takes it in."""
    with bench.write() as session:
        slack_verbs.handle(session, bench.desk, asked, key, bench.now)


def press(bench, action, what="", *, by=ENG):
    """Press a button."""
    handle(
        bench, Press(by, Place(CHANNEL), action, About(1, what).encode()), f"inbox/p{bench.now}{action}{what}"
    )


def send(bench, form, fields, what="", *, by=ENG):
    """Send a form off."""
    handle(bench, Submit(by, Place(CHANNEL), form, About(1, what).encode(), fields))


def type_in(bench, verb, text="", *, by=ENG):
    """Type a command about INC-1."""
    handle(
        bench, Order(by, Place(CHANNEL), "incidents", verb, f"INC-1 {text}".strip()), f"inbox/{verb}{text}"
    )


def card(bench):
    """The review's card as it stands."""
    return Shown(bench.last("incident/1/review"))


def review(bench):
    """The review as it stands."""
    with bench.db.read() as session:
        return reviews.load(session, 1)


def items(bench):
    """The action items."""
    with bench.db.read() as session:
        return reviews.items(session, 1)


def kinds(bench):
    """The kinds of what happened."""
    with bench.db.read() as session:
        return [event.kind for event in incidents.timeline(session, 1)]


def told(bench):
    """What people were told alone."""
    return [one["message"]["text"] for one in bench.effects("ephemeral")]


def fill(bench):
    """Everything that a page needs, but the review by another."""
    written = {
        "summary": "It fell.",
        "impact": "50,000 turns.",
        "cause": "A deploy.",
        "helped": "",
        "hindered": "",
    }
    send(bench, ReviewAction.WRITE, written)
    for check in Check:
        answer = {"outcome": "fine", "line": "Looked at by hand, nothing is off."}
        send(bench, ReviewAction.CHECK, answer, check.value)


def test_it_begins_when_the_incident_is_resolved(bench):
    """With a card, the draft, an owner, a day, and what is still to be done."""
    shown = card(bench)
    assert shown.header == "INC-1 · retrospective · due Sat 28 Nov"
    assert f"Owner: <@{ENG}>." in shown.text
    assert "To publish: write summary, impact and cause; answer the checks" in shown.text
    assert "Publish" not in shown.buttons
    assert "✓ acknowledged" in shown.text
    uploads = [one["filename"] for one in bench.effects("upload")]
    assert "INC-1-retrospective.md" in uploads


def test_a_false_alarm_has_none(sqlite, clock):
    """Nothing is expected of anybody."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    assert review(bench) is None
    with bench.write() as session, pytest.raises(InputError, match="has no review"):
        reviewing.load(session, 1)


def test_the_record_suggests_items_and_answers_checks(sqlite, clock):
    """What missed its target or could not be seen becomes an item; a residual regression too."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.work()
    bench.clock.advance(minutes=20)
    bench.answer("code_deploy")
    bench.press(TriageAction.MITIGATED)
    worse = Evidence("metric", EvidenceStatus.SUSPECT, "ndcg (jp) is at 0.70, needs 0.76", bench.now)
    with bench.write() as session:
        incidents.keep_evidence(session, 1, {RECOVERY_STEP: [worse]})
    bench.press(TriageAction.RESOLVED)
    titles = [item.title for item in items(bench)]
    assert "Mend what has not recovered: ndcg (jp) is at 0.70, needs 0.76" in titles
    assert any(title.startswith("localized after 20 min, target 15 min") for title in titles)
    assert review(bench).checks["recovery"].outcome is Outcome.GAP
    assert "⚠ a gap · *Is recovery uniform over the cohorts?*" in card(bench).text
    assert {item.owner for item in items(bench)} == {ENG}


@pytest.mark.parametrize(
    ("found", "outcome", "said"),
    [
        (Pearson(12, 0.68, 0.3, 0.87, 0.01), Outcome.FINE, "correlation 0.68 over 12 launches"),
        (Pearson(12, 0.31, -0.2, 0.7, 0.2), Outcome.GAP, "the line is 0.5"),
        (Pearson(4, 0.31, -0.9, 0.98, 0.7), Outcome.UNKNOWN, "too few to judge by"),
        (Undecided("0 pairs"), Outcome.UNKNOWN, "the record cannot say: 0 pairs"),
    ],
)
def test_the_correlation_is_checked_again(clock, found, outcome, said):
    """By the same line as ever; what says nothing either way is left to people."""
    pairs = found.n if isinstance(found, Pearson) else 0
    health = Correlation(clock(), (Window(90, pairs, found),), ())
    checked = reviewing._correlation(health, clock())
    assert (checked.outcome, said in checked.line) == (outcome, True)


def test_publishing_needs_everything(bench):
    """What is missing is said all at once; then the page comes into the incidents channel, with a link."""
    with pytest.raises(InputError, match="not ready"):
        press(bench, ReviewAction.PUBLISH)
    fill(bench)
    with pytest.raises(InputError, match="Have somebody other than the owner review it"):
        press(bench, ReviewAction.PUBLISH)
    press(bench, ReviewAction.REVIEWED, by=MATE)
    assert "[Publish]" in card(bench).buttons
    press(bench, ReviewAction.PUBLISH)
    page = bench.effects("upload")[-1]
    assert (page["channel"], page["filename"]) == ("#ml-incidents", "INC-1-retrospective.html")
    with bench.db.read() as session:
        html = blobs.get(session, page["blob"]).decode()
    assert "Blameless retrospective, edition 1" in html
    assert "50,000 turns." in html
    assert card(bench).header == "INC-1 · retrospective · published, edition 1"
    assert "review_published" in kinds(bench)
    with pytest.raises(InputError, match="nothing was changed since"):
        press(bench, ReviewAction.PUBLISH)


def test_what_is_changed_after_publishing_is_a_second_edition(bench):
    """The page that people have read is never changed under their hands."""
    fill(bench)
    press(bench, ReviewAction.REVIEWED, by=MATE)
    press(bench, ReviewAction.PUBLISH)
    type_in(bench, "write", "helped The roll-back took two minutes.")
    assert "Edition 1 is published" in card(bench).text
    type_in(bench, "publish")
    keys = [one["key"] for one in bench.effects("upload") if "/page/" in one["key"]]
    assert keys == ["incident/1/page/1", "incident/1/page/2"]
    assert review(bench).edition == 2


def test_the_link_comes_once_slack_knows_it(bench, monkeypatch):
    """Asked for again until the file is there; a page published anew forgets the old address."""
    fill(bench)
    press(bench, ReviewAction.REVIEWED, by=MATE)
    press(bench, ReviewAction.PUBLISH)
    asked = []

    def permalink(file, *, token, api_url):
        asked.append(file)
        return "https://x.slack.com/files/F1"

    monkeypatch.setattr(review_changes, "permalink", permalink)
    bench.clock.advance(seconds=30)
    bench.work()
    assert (asked, review(bench).link) == ([], "")
    with bench.write() as session:
        session.add(UploadRow(key="incident/1/page/1", file="F1"))
    bench.clock.advance(seconds=60)
    bench.work()
    assert (asked, review(bench).link) == (["F1"], "https://x.slack.com/files/F1")
    assert "<https://x.slack.com/files/F1|the page>" in card(bench).text


def by_hand(sqlite, clock):
    """An incident opened by hand: when it started is not on record."""
    bench = Bench(sqlite, clock)
    with bench.write() as session:
        triage.start(session, bench.desk, title="Odd", by=ENG, channel=CHANNEL, now=bench.now)
    bench.clock.advance(minutes=5)
    resolve(bench)
    return bench


def test_a_missing_milestone_is_given_by_a_person_with_a_reason(sqlite, clock):
    """It stands beside the record, which stays as it is."""
    bench = by_hand(sqlite, clock)
    assert "? started: not on record" in card(bench).text
    at = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
    fields = {"at_started": str(int(at.timestamp())), "reason_started": "The graph shows the step at 02:40."}
    send(bench, ReviewAction.MILESTONES, fields)
    given = review(bench).given["started"]
    assert (given.at, given.by) == (at, ENG)
    assert f"✓ started <!date^{int(at.timestamp())}" in card(bench).text
    assert f"given by <@{ENG}>" in card(bench).text
    with bench.db.read() as session:
        assert incidents.bare(session, 1).started != at


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("started 23:59 because nobody knows", "before that"),
        ("started 2027-01-01 00:00 because nobody knows", "still to come"),
        ("detected 02:00 because I say so myself", "nobody edits it"),
        ("begun 02:00 because I say so myself", "no milestone `begun`"),
        ("started 02:40 because so", "at least 10"),
        ("started yesterdayish because the graph shows it", "no time I know"),
        ("started 02:40", "no milestone, time and reason"),
    ],
)
def test_a_milestone_that_cannot_be_is_refused(sqlite, clock, typed, problem):
    """One that the record has, in the future, out of order, or without a reason."""
    bench = by_hand(sqlite, clock)
    bench.clock.now = datetime.combine(bench.now.date() + timedelta(days=1), time(23, 59, 30), tzinfo=UTC)
    with pytest.raises(InputError, match=problem):
        type_in(bench, "milestone", typed)
    assert review(bench).given == {}


def test_a_check_that_finds_a_gap_becomes_an_item(bench):
    """Once, however often it is answered so."""
    for _ in range(2):
        type_in(bench, "checked", "portfolio gap A monitor of recall by shard.")
    titles = [item.title for item in items(bench)]
    assert titles.count("Propose for next quarter's portfolio: A monitor of recall by shard.") == 1
    assert f"A monitor of recall by shard. (<@{ENG}>)" in card(bench).text


def test_reviewers_are_asked_by_name_and_the_owner_is_none(bench):
    """Who was asked sees a button; who has read it stays on record when others are asked."""
    type_in(bench, "reviewers", f"<@{MATE}> <@U0EM>")
    asked = bench.effects("post")[-1]
    assert f"<@{MATE}>, <@U0EM>: <@{ENG}> asks you to review" in asked["message"]["text"]
    with pytest.raises(InputError, match="You own this review"):
        press(bench, ReviewAction.REVIEWED)
    type_in(bench, "reviewed", by=MATE)
    send(bench, ReviewAction.ASK, {"reviewers": "U0DIR"})
    assert set(review(bench).reviewers) == {MATE, "U0DIR"}
    assert review(bench).read_by == (MATE,)


def test_who_left_neither_owns_nor_reviews(bench):
    """Their names are refused; an owner who leaves is named, and who is on call is reminded for them."""
    with bench.write() as session:
        people.left(session, "U0GONE", gone=True)
    for verb in ("own", "reviewers"):
        with pytest.raises(RefusedError):
            type_in(bench, verb, "<@U0GONE>")


def due_reminders(bench, *, days, of="the retrospective of"):
    """Go to a day at 09:00 in Tokyo and see what is reminded of, as far as it says `of`."""
    start = bench.now
    bench.clock.now = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(days=days)
    assert bench.now > start
    before = len(bench.effects("post"))
    bench.work()
    posts = bench.effects("post")[before:]
    shown = [Shown(one["message"]) for one in posts if "/reminder/" in one["key"]]
    return [one for one in shown if of in one.text]


def test_the_owner_is_reminded_three_times(bench):
    """The day before, then every second day, each saying when the next one comes; then no more."""
    shown = due_reminders(bench, days=4)
    assert f"<@{ENG}>: the retrospective of *INC-1*" in shown[0].text
    assert "is due Sat 28 Nov" in shown[0].text
    assert "Reminder 1 of 3. The next one comes" in shown[0].text
    shown += due_reminders(bench, days=6)
    assert "⚠ 1 day overdue" in shown[-1].text
    shown += due_reminders(bench, days=8)
    assert "This is the last reminder." in shown[-1].text
    assert "Snooze 3 days" not in shown[-1].buttons
    assert due_reminders(bench, days=30) == []


def test_a_reminder_is_snoozed_or_silenced(bench):
    """A snooze counts towards the same cap; silence is for good."""
    due_reminders(bench, days=4)
    press(bench, ReviewAction.SNOOZE, "review")
    assert "Snoozed until" in told(bench)[-1]
    assert due_reminders(bench, days=6) == []
    (shown,) = due_reminders(bench, days=7)
    assert "Reminder 2 of 3" in shown.text
    type_in(bench, "quiet")
    assert due_reminders(bench, days=40) == []
    with pytest.raises(InputError, match="No more reminders"):
        type_in(bench, "snooze")


def test_a_published_review_is_reminded_of_no_more(bench):
    """Also where a slot was due already."""
    fill(bench)
    press(bench, ReviewAction.REVIEWED, by=MATE)
    press(bench, ReviewAction.PUBLISH)
    assert due_reminders(bench, days=4) == []


def test_published_and_resolved_again_it_is_reminded_of_again(bench):
    """The page of the first time does not say what came after it."""
    fill(bench)
    press(bench, ReviewAction.REVIEWED, by=MATE)
    press(bench, ReviewAction.PUBLISH)
    bench.press(TriageAction.REOPEN)
    bench.press(TriageAction.RESOLVED)
    assert len(due_reminders(bench, days=4)) == 1


def test_open_again_it_waits(bench):
    """Nobody is reminded of the past of what goes on; resolved again it gets its days anew."""
    type_in(bench, "write", "summary It fell.")
    bench.press(TriageAction.REOPEN)
    assert "waits: the incident is open again" in card(bench).header
    assert due_reminders(bench, days=4) == []
    with pytest.raises(StaleError, match="is open again"):
        press(bench, ReviewAction.OWN, by=MATE)
    bench.press(TriageAction.RESOLVED)
    assert card(bench).header == "INC-1 · retrospective · due Wed 2 Dec"
    assert review(bench).written["summary"] == "It fell."


def add(bench, text):
    """Add an item by typing."""
    type_in(bench, "action", text)
    return items(bench)[-1]


def test_items_are_added_done_moved_and_dropped(bench):
    """Each with who did it in the timeline; one that is done is not done again."""
    count = len(items(bench))
    item = add(bench, f"<@{MATE}> 2026-12-01 Build the shard monitor")
    assert (item.title, item.owner, item.due.isoformat()) == ("Build the shard monitor", MATE, "2026-12-01")
    press(bench, ReviewAction.ITEM_DONE, str(item.number), by=MATE)
    assert items(bench)[-1].done_by == MATE
    with pytest.raises(StaleError, match=f"was done by <@{MATE}> already"):
        type_in(bench, "done", str(item.number))
    other = add(bench, "Write the runbook")
    assert other.due.isoformat() == "2026-11-28"
    type_in(bench, "move", f"{other.number} <@{MATE}> 2026-12-24")
    assert (items(bench)[-1].owner, items(bench)[-1].due.isoformat()) == (MATE, "2026-12-24")
    send(bench, ReviewAction.CHANGE_ITEM, {"item": str(other.number), "drop": "There is one already."})
    assert items(bench)[-1].dropped == "There is one already."
    assert len(items(bench)) == count + 2
    expected = ["action_added", "action_done", "action_added", "action_changed", "action_dropped"]
    assert [kind for kind in kinds(bench) if kind.startswith("action")] == expected


def test_only_what_an_item_begins_with_is_its_owner_and_day(bench):
    """Addresses, days and people inside of it are its text."""
    text = "Tell ops@example.com what 2026-11-01 and @stranger showed"
    item = add(bench, f"2026-12-01 <@{MATE}> {text}")
    assert (item.title, item.owner, item.due.isoformat()) == (text, MATE, "2026-12-01")


def test_the_form_shows_no_more_people_than_slack_takes(bench):
    """Those that have not read it first; who has read it stays on record all the same."""
    for number in range(11):
        press(bench, ReviewAction.REVIEWED, by=f"U0READ{number}")
    type_in(bench, "reviewers", f"<@{MATE}>")
    users = views.ask(review(bench))["blocks"][0]["element"]["initial_users"]
    assert (len(users), users[0]) == (10, MATE)


@pytest.mark.parametrize(
    ("verb", "text", "problem"),
    [
        ("action", "", "0 characters"),
        ("action", "2026-01-01 Too late", "is past"),
        ("action", "2026-99-99 Never", "no day"),
        ("action", "9999-12-31 Never", "is years away"),
        ("action", "@stranger do it", "I do not know @stranger"),
        ("done", "", "no action item's number"),
        ("done", "99", "no action item 99"),
        ("drop", "1 no", "at least 10"),
        ("move", "1", "neither a person nor a day"),
        ("checked", "framing maybe It was.", "Expected one of"),
        ("checked", "framing fine ok", "at least 10"),
        ("write", "poem Roses are red", "no part"),
        ("reviewers", "", "Nobody was named"),
    ],
)
def test_what_cannot_be_read_is_told(bench, verb, text, problem):
    """What was read, and how it is written."""
    if verb in ("drop", "move"):
        add(bench, "Write the runbook")
    before = items(bench)
    with pytest.raises(InputError) as told:
        type_in(bench, verb, text)
    assert problem in str(told.value)
    assert items(bench) == before


def test_what_is_due_of_one_person_comes_in_one_message(bench):
    """However many they are; those of others come apart, and each item has its own cap."""
    for text in (f"<@{MATE}> 2026-11-26 One", f"<@{MATE}> 2026-11-26 Two", "2026-11-26 Three"):
        add(bench, text)
    first, second, third = (item.number for item in items(bench)[-3:])
    shown = due_reminders(bench, days=3, of="action item")
    assert len(shown) == 2
    mine = next(one for one in shown if f"<@{MATE}>" in one.text)
    assert f"{first}. *One* is due today" in mine.text
    assert f"{second}. *Two* is due today" in mine.text
    assert "(nobody owns it)" in next(one for one in shown if one is not mine).text
    press(bench, ReviewAction.ITEM_DONE, str(first), by=MATE)
    press(bench, ReviewAction.QUIET, f"items:{third}")
    (shown,) = due_reminders(bench, days=5, of="Two")
    assert ("One" in shown.text, "*Two* was due Thu 26 Nov, ⚠ 2 days overdue" in shown.text) == (False, True)
    press(bench, ReviewAction.SNOOZE, f"items:{second}")
    assert due_reminders(bench, days=7, of="Two") == []
    (last,) = due_reminders(bench, days=8, of="Two")
    assert "Reminder 3 of 3" in last.text
    assert due_reminders(bench, days=30, of="Two") == []


def test_an_item_of_somebody_who_left_goes_to_who_is_on_call(bench):
    """And says for whom."""
    add(bench, f"<@{MATE}> 2026-11-26 One")
    with bench.write() as session:
        people.left(session, MATE, gone=True)
    (shown,) = due_reminders(bench, days=3, of="One")
    assert f"(for <@{MATE}>, who has left)" in shown.text


def test_the_same_morning_is_reminded_of_once(bench):
    """Two workers, or a restart: the message has a key of its own."""
    add(bench, f"<@{MATE}> 2026-11-26 One")
    due_reminders(bench, days=3, of="One")
    keys = [one["key"] for one in bench.effects("post") if "/reminder/" in one["key"]]
    assert len(keys) == len(set(keys)) == 1
    with bench.db.read() as session:
        waiting = session.exec(select(SlotRow.slot).where(SlotRow.state == "waiting")).all()
    assert len([slot for slot in waiting if slot.startswith("1/items/")]) == 1


def test_questions_show_the_card_and_the_items(bench):
    """To the one who asks; of all incidents, or only what is theirs."""
    add(bench, f"<@{MATE}> 2026-12-01 Build <the> monitor")

    def ask(question, about="", by=ENG):
        with bench.db.read() as session:
            asked = Ask(by, Place(CHANNEL), "incidents", question, about)
            return slack_verbs.answer(session, bench.desk, asked, bench.now)

    assert ask("review", "INC-1").blocks == card(bench).message["blocks"] or ask("review", "INC-1").text
    assert "Build &lt;the&gt; monitor" in ask("actions", "mine", by=MATE).text
    assert ask("actions", "mine", by="U0DIR").text == "No action item is open."
    assert "INC-1" in ask("actions").text
    with pytest.raises(InputError, match="no incident"):
        ask("review", "INC-99")


def test_a_note_is_a_line_of_the_timeline(bench):
    """Said in the card's thread too, with who said it."""
    type_in(bench, "note", "vendor   says <!channel> it is theirs", by=MATE)
    assert kinds(bench)[-1] == "note"
    assert "noted: vendor says &lt;!channel&gt; it is theirs" in bench.notes()[-1]
    with pytest.raises(InputError, match="0 characters"):
        type_in(bench, "note")


def test_a_form_shows_what_is_there(bench):
    """And fits Slack's limits; the last item's options too."""
    type_in(bench, "write", "summary It fell.")
    for number in range(3):
        add(bench, f"Item {number} " + "x" * 300)
    with bench.db.read() as session:
        for form in (one for one in FORMS if one in set(ReviewAction)):
            what = Check.RECOVERY.value if form == ReviewAction.CHECK else ""
            opened = Opening(ENG, Place(CHANNEL), About(1, what).encode())
            view = slack_verbs.draw(session, bench.desk, form, opened, bench.now)
            assert check_view(view) == [], form
            if form == ReviewAction.WRITE:
                assert view["blocks"][0]["element"]["initial_value"] == "It fell."


@pytest.mark.parametrize("value", ["", "[]", '{"i": true, "w": ""}', '{"i": 1}', '{"i": 1, "w": 5}'])
def test_a_control_of_another_version_is_refused(bench, value):
    """Nothing is done by guessing."""
    for action in (ReviewAction.OWN, ReviewAction.PUBLISH, ReviewAction.QUIET):
        with pytest.raises(InputError, match="cannot be read"):
            handle(bench, Press(ENG, Place(CHANNEL), action, value))


def test_milestones_keep_their_names():
    """Others count on them."""
    assert MILESTONES == ("started", "detected", "acknowledged", "localized", "mitigated", "resolved")
