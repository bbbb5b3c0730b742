"""What can be typed, and what is answered to what cannot be read."""

import pytest

from bot.core.inbound import Ask, AskLook, Place, RegisterExperiment, StartTriage
from bot.errors import InputError
from handlers.grammar import OpenForm, parse

HERE = Place("C1", "1.2")


@pytest.mark.parametrize(
    ("command", "text", "read"),
    [
        ("triage", "start NDCG@10  0.78 to 0.61", StartTriage("U1", HERE, "NDCG@10 0.78 to 0.61", False)),
        ("triage", "start here recall fell", StartTriage("U1", HERE, "recall fell", True)),
        ("triage", "START", StartTriage("U1", HERE, "", False)),
        ("triage", "start hereafter", StartTriage("U1", HERE, "hereafter", False)),
        ("triage", "status INC-7", Ask("U1", HERE, "triage", "status", "INC-7")),
        ("triage", "list", Ask("U1", HERE, "triage", "list")),
        ("triage", "", Ask("U1", HERE, "triage", "help")),
        ("experiment", "look 2", AskLook("U1", HERE, 2)),
        ("experiment", "look us-mle-02 4", AskLook("U1", HERE, 4, "us-mle-02")),
        ("experiment", "register", OpenForm("U1", HERE)),
        ("experiment", "register id: a\ntitle: b", RegisterExperiment("U1", HERE, "id: a\ntitle: b")),
        ("experiment", "register\nid: a", RegisterExperiment("U1", HERE, "id: a")),
        ("experiment", "register ```yaml\nid: a\n```", RegisterExperiment("U1", HERE, "id: a")),
        ("experiment", "list", Ask("U1", HERE, "experiment", "status")),
    ],
)
def test_reads_what_was_meant(command: str, text: str, read: object) -> None:
    """Each form of a command becomes one frozen value."""
    assert parse(command, text, by="U1", place=HERE) == read


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        ("triage", "begin", "Read `begin`, which /triage does not know."),
        ("experiment", "look two", "Read `look two`."),
        ("experiment", "look", "Read `look` without a number."),
        ("experiment", "look -1", "Read `look -1`."),
        ("experiment", "look 1; drop table", "Read `look 1; drop table`."),
        ("triage", "status INC 7", "Read `status INC 7`."),
        ("triage", "start " + "x" * 151, "The title has 151 characters; 150 is the most that fits a header."),
        ("coffee", "please", "Read `coffee`, which is not a topic of mine."),
        ("triage", "`<!channel>` now", "Read `!channel`, which /triage does not know."),
    ],
)
def test_says_what_was_read_what_was_expected_and_an_example(command: str, text: str, says: str) -> None:
    """A text that cannot be read is answered with what was read, and how it should look."""
    with pytest.raises(InputError) as caught:
        parse(command, text, by="U1", place=HERE)
    assert caught.value.message == says
    assert any(word in caught.value.hint for word in ("example", "Say what fell", "`/experiment look 2`"))
