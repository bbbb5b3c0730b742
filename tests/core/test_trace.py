"""Chains of things: what is followed, what is left out, and what leads back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.thing import Link, Thing
from bot.core.trace import walk

START = datetime(2026, 11, 2, tzinfo=UTC)


def chain_of(start, *pairs, most=40):
    """Walk from `start` over links given as "FRM-1 > CAN-1", each a day after the one before."""
    links = []
    for days, pair in enumerate(pairs):
        earlier, later = (Thing.read(one) for one in pair.split(" > "))
        links.append(Link(earlier, later, "", "", START + timedelta(days=days)))
    touching = lambda thing: [one for one in links if thing in (one.earlier, one.later)]  # noqa: E731
    return walk(Thing.read(start), touching, most)


def names(chain):
    """The chain's things."""
    return [thing.id for thing in chain.things]


def test_a_thing_with_no_links_is_its_own_chain():
    """Nothing is made up around it."""
    chain = chain_of("INC-7")
    assert (names(chain), chain.links, chain.left_out) == (["INC-7"], (), 0)


def test_the_chain_is_the_same_from_either_end():
    """Composition 1 and 2 in a line: from the framing to the candidate that an incident proposed."""
    pairs = ("FRM-1 > CAN-1", "CAN-1 > us-mle-02", "us-mle-02 > INC-7", "INC-7 > CAN-9")
    line = ["FRM-1", "CAN-1", "us-mle-02", "INC-7", "CAN-9"]
    for start in line:
        assert names(chain_of(start, *pairs)) == line
    assert [chain_of("INC-7", *pairs).rank[Thing.read(one)] for one in line] == [0, 1, 2, 3, 4]


def test_what_else_came_of_what_led_to_it_is_not_its_history():
    """A sibling is left out: the other experiment of the same framing."""
    pairs = ("FRM-1 > first", "FRM-1 > second")
    assert names(chain_of("first", *pairs)) == ["FRM-1", "first"]
    assert names(chain_of("FRM-1", *pairs)) == ["FRM-1", "first", "second"]


def test_a_quarter_is_shown_beside_its_candidates_and_not_followed():
    """Through it all candidates would hang together; from the quarter itself they all do."""
    pairs = ("CAN-1 > 2026-Q4", "CAN-2 > 2026-Q4", "CAN-1 > first", "FRM-1 > CAN-2")
    assert names(chain_of("first", *pairs)) == ["CAN-1", "first", "2026-Q4"]
    assert set(names(chain_of("2026-Q4", *pairs))) == {"2026-Q4", "CAN-1", "CAN-2", "first", "FRM-1"}


def test_a_chain_that_comes_back_to_its_framing_is_drawn_once():
    """The newest link of the circle is the one that leads back."""
    chain = chain_of("INC-7", "FRM-1 > first", "first > INC-7", "INC-7 > FRM-1")
    assert names(chain) == ["FRM-1", "first", "INC-7"]
    assert [(link.earlier.id, link.later.id) for link in chain.back] == [("INC-7", "FRM-1")]


def test_what_lies_beyond_is_counted():
    """A chain without an end does not hang the bot."""
    pairs = [f"first-{n} > first-{n + 1}" for n in range(100)]
    chain = chain_of("first-0", *pairs, most=10)
    assert (len(chain.things), chain.left_out) == (10, 1)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), max_size=25), st.integers(1, 8))
def test_every_link_leads_down_or_is_known_to_lead_back(pairs, start):
    """Whatever was joined: rows are finite and every link is drawn one way or the other."""
    chain = chain_of(f"INC-{start}", *(f"INC-{a} > INC-{b}" for a, b in pairs))
    for link in chain.links:
        assert (link in chain.back) or chain.rank[link.earlier] < chain.rank[link.later]
    assert chain.start in chain.things
    assert max(chain.rank.values()) < len(chain.things)
