"""Documents as pages: what is passed through, what leads where, what a gap looks like."""

import pytest

from bot.core.citation import Figure, Gap, entries, known
from bot.views.cited import Citations
from bot.views.page import page

LEDGER = Figure("ship", "ledger 88")


def test_a_figure_has_its_record_behind_it():
    """And the document knows what it cited, each once, in order."""
    told = Citations()
    assert told.say("Decided {} on {}.", LEDGER, Figure("23 Nov", "record 4")) == (
        "Decided ship [ledger 88] on 23 Nov [record 4]."
    )
    assert told.cite(LEDGER) == "ship [ledger 88]"
    assert told.records == ["ledger 88", "record 4"]


def test_figures_of_one_record_beside_each_other_share_it():
    """A run of figures is cited at its end, so that a sentence can be read."""
    said = Citations().say("{} of {}, not {}.", LEDGER, Figure("look 4", "ledger 88"), Figure("3", "INC-1"))
    assert said == "Ship of look 4 [ledger 88], not 3 [INC-1]."


def test_a_sentence_without_its_record_is_a_gap():
    """Nothing is invented around it, and what would fill it is said."""
    told = Citations()
    gap = Gap("no load test on record", "`/latency loadtest` takes one")
    said = told.say("The load test of {} held {}.", LEDGER, gap)
    assert said == "**[gap: no load test on record; `/latency loadtest` takes one]**"
    assert (told.gaps, told.records) == ([gap], [])
    assert told.say("{} {}", gap, gap) == said
    assert len(told.gaps) == 1


@pytest.mark.parametrize(
    ("pattern", "given", "said"),
    [
        ("{} and {}", (LEDGER,), "2 holes {} in '{} and {}' for 1 figures"),
        ("nothing", (LEDGER,), "0 holes {} in 'nothing' for 1 figures"),
        ("{}", ("38 %",), "say() takes figures and gaps, and was given str"),
    ],
)
def test_a_number_without_its_record_cannot_be_said(pattern, given, said):
    """A template that tries is told what it did."""
    with pytest.raises(TypeError) as caught:
        Citations().say(pattern, *given)
    assert said in str(caught.value)


def test_outside_text_in_a_figure_stays_text():
    """Markup in what people wrote is shown, not obeyed; a link is one only where it is an address."""
    told = Citations()
    assert told.cite(Figure("<b>|*x*", "FRM-3")) == "\\<b\\>\\|\\*x\\* [FRM-3]"
    assert told.cite(Figure("p95", "load test", "https://wiki/x")) == "p95 [load test](https://wiki/x)"
    assert told.cite(Figure("p95", "load test", "javascript:alert(1)")) == "p95 [load test]"


def test_a_sentence_begins_large_and_a_name_keeps_its_letters():
    """What begins with a figure is a sentence all the same."""
    told = Citations()
    assert told.say("{}; done.", Figure("no look", "2026-Q4")) == "No look [2026-Q4]; done."
    assert told.say("{} moved.", Figure("us-mle-02", "ledger 1")) == "us-mle-02 [ledger 1] moved."
    assert told.say("{} | {}", LEDGER, LEDGER) == "ship | ship [ledger 88]"


def test_a_row_keeps_its_gaps_in_their_cells():
    """Cells of one record share it."""
    told = Citations()
    assert told.row(LEDGER, LEDGER, Gap("no look"), Figure("3", "INC-1")) == (
        "ship | ship [ledger 88] | **[gap: no look]** | 3 [INC-1]"
    )
    with pytest.raises(TypeError, match="given int"):
        told.row(3)


def test_what_was_not_said_is_its_gap():
    """An empty text is no figure."""
    gap = Gap("no reason is on record")
    assert known(" ", "ledger 1", gap) == gap
    assert known("x", "ledger 1", gap) == Figure("x", "ledger 1")
    assert entries([9, 3, 3]) == "ledger 3, 9"


TEXT = """# Launch

Ship [ledger 88], **[gap: no load test]**, [elsewhere](https://x.example), [bad](javascript:alert(1)).

<script>alert(1)</script>

| record | what |
|---|---|
| ledger 88 | the decision |
"""


def test_a_page_links_each_record_to_its_row():
    """And only those that have one."""
    html = page(TEXT + "\nSee [ledger 9].\n", title="A <b>", records=["ledger 88", "ledger 9"])
    assert '<a class="record" href="#ledger-88">[ledger 88]</a>' in html
    assert '<tr id="ledger-88">' in html
    assert "See [ledger 9]." in html
    assert "<title>A &lt;b&gt;</title>" in html


def test_a_page_passes_no_markup_through_and_marks_gaps():
    """HTML in the text is shown as text; only web addresses are links."""
    html = page(TEXT, title="x")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "javascript:alert(1)" in html
    assert 'href="javascript' not in html
    assert '<strong class="gap">[gap: no load test]</strong>' in html
    assert '<a href="https://x.example">elsewhere</a>' in html


def test_a_page_needs_nothing_beside_it():
    """No script, no font, no style sheet is fetched, and it is the same bytes each time."""
    html = page(TEXT, title="x")
    assert html == page(TEXT, title="x")
    assert "default-src 'none'" in html
    assert "@page { size: A4" in html
