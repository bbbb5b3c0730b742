"""What an incident leads to: a candidate proposed with its evidence, checks that the record answers again."""

import pytest

from bot.core.inbound import Order, Place, Press
from bot.core.review import Check, Outcome
from bot.core.thing import Thing, ThingKind
from bot.services import review_changes
from bot.store import candidates, experiments, links, reviews
from bot.views.review_actions import About, ReviewAction
from bot.views.triage_actions import TriageAction
from handlers import grammar, slack_verbs
from tests.services.incident_bench import ENG, MATE, Bench, Shown
from tests.services.life import registered

LINE = "A monitor of feature drift by cohort"


@pytest.fixture
def bench(sqlite, clock):
    """A bench with one incident that is resolved: category 5 of the reranker."""
    bench = Bench(sqlite, clock)
    resolved(bench, "k1")
    return bench


def resolved(bench, key):
    """An incident of the reranker, found to be feature drift, mitigated and resolved."""
    bench.receive(bench.alert(key, cohort={"locale": "jp"}))
    bench.clock.advance(minutes=18)
    from bot.services import triage
    from bot.store import incidents
    from bot.views.triage_actions import Control

    with bench.db.read() as session:
        number = max(one.id for one in incidents.open_ones(session))
    for action, choice in (
        (TriageAction.ANSWER, "nothing"), (TriageAction.ANSWER, "healthy"), (TriageAction.ANSWER, "drifted"),
        (TriageAction.MITIGATED, ""), (TriageAction.RESOLVED, ""),
    ):  # fmt: skip
        with bench.write() as session:
            version = triage.find(session, number).version
            control = Control.decode(Control(number, version, choice).encode())
            triage.press(session, bench.desk, action=action, control=control, by=MATE, now=bench.now)
        bench.clock.advance(minutes=9)
    return number


def review(bench, number=1):
    """The review as it stands."""
    with bench.db.read() as session:
        return reviews.load(session, number)


def proposed(bench):
    """Every candidate of the backlog."""
    with bench.db.read() as session:
        return candidates.every(session)


def test_a_gap_for_the_portfolio_proposes_its_candidate_with_the_evidence(bench):
    """Composition 2, step 6; answered again, it is the same candidate. The card names what it led to."""
    for _ in range(2):
        with bench.write() as session:
            review_changes.check(
                session, bench.desk, 1, Check.PORTFOLIO, Outcome.GAP, line=LINE, by=ENG, now=bench.now
            )
    (item,) = proposed(bench)
    assert (item.candidate.title, item.by) == (LINE, ENG)
    assert item.why == (
        "INC-1: category 5 Feature drift, detected after 6 min, localized after 36 min, mitigated after "
        f"45 min, cohorts jp. Its review found: {LINE}."
    )
    with bench.db.read() as session:
        came = links.after(session, Thing(ThingKind.INCIDENT, "INC-1"), ThingKind.CANDIDATE)
    assert [one.id for one in came] == [item.id]
    card = Shown(bench.last("incident/1/review"))
    assert f"(step 6, AML-02)\n{LINE} (<@{ENG}>)\n→ {item.id}" in card.text
    assert "*Is recovery uniform over the cohorts?* (step 3, AML-06)" in card.text
    assert {"Check again", "Trace INC-1", "Draft the paragraph"} <= set(card.buttons)


def test_a_cause_that_comes_again_proposes_by_itself(bench):
    """The second incident with one cause within 90 days; a third adds nothing but its join."""
    bench.clock.advance(days=20)
    second = resolved(bench, "k2")
    (item,) = proposed(bench)
    assert item.candidate.title == "End repeated feature drift of reranker"
    assert item.why.startswith(
        "INC-2 has the cause of INC-1 again within 90 days: category 5 Feature drift, "
    )
    assert item.by == ""
    found = review(bench, second).checks["portfolio"]
    assert (found.outcome, found.by) == (Outcome.GAP, "")
    assert found.line == f"the same cause as INC-1: {item.id} is proposed to end it"
    bench.clock.advance(days=20)
    resolved(bench, "k3")
    assert len(proposed(bench)) == 1
    with bench.db.read() as session:
        before = links.before(session, Thing(ThingKind.CANDIDATE, item.id), ThingKind.INCIDENT)
    assert {one.id for one in before} == {"INC-1", "INC-2", "INC-3"}


def test_a_cause_of_long_ago_proposes_nothing(bench):
    """Ninety days are what AML-08 calls a repeat."""
    bench.clock.advance(days=100)
    second = resolved(bench, "k2")
    assert proposed(bench) == ()
    assert "portfolio" not in review(bench, second).checks


def test_the_record_is_asked_again_by_button_and_by_word(bench):
    """What people answered stays; the rest is what the record says now."""
    with bench.write() as session:
        review_changes.check(
            session,
            bench.desk,
            1,
            Check.RECOVERY,
            Outcome.FINE,
            line="all of them are back",
            by=ENG,
            now=bench.now,
        )
    before = review(bench).checks["correlation"].at
    bench.clock.advance(hours=3)
    asked = [
        Press(ENG, Place("C1"), ReviewAction.RECHECK, About(1).encode()),
        grammar.parse("incidents", "recheck INC-1", by=ENG, place=Place("C1")),
    ]
    assert isinstance(asked[1], Order)
    for number, one in enumerate(asked):
        with bench.write() as session:
            slack_verbs.handle(session, bench.desk, one, f"inbox/{number}", bench.now)
    after = review(bench)
    assert after.checks["correlation"].at == bench.now > before
    assert after.checks["recovery"].line == "all of them are back"


def test_an_alert_that_names_its_experiment_is_joined_with_it(sqlite, clock):
    """Both ways, so that `/trace` shows the incident under the launch; a name of nothing joins nothing."""
    bench = Bench(sqlite, clock)
    known = registered()
    with bench.write() as session:
        experiments.add(session, known)
    bench.receive(bench.alert("a", labels={"experiment": known.id}))
    bench.receive(bench.alert("b", labels={"experiment": "ghost"}, service="other", metric="other"))
    with bench.db.read() as session:
        after = links.after(session, Thing(ThingKind.EXPERIMENT, known.id), ThingKind.INCIDENT)
        assert [one.id for one in after] == ["INC-1"]
        assert links.of(session, Thing(ThingKind.EXPERIMENT, "ghost")) == []
