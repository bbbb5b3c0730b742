"""The strict YAML reader: what it takes, what it refuses, and where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.strict_yaml import Document, parse, parse_quickly
from bot.errors import InputError

ROOT = Path(__file__).parents[2]


def refusal(text: str) -> str:
    """The error's text."""
    with pytest.raises(InputError) as caught:
        parse(text, name="x.yaml")
    return str(caught.value)


def test_scalars_are_read_by_the_strict_rules() -> None:
    """Only true and false are booleans; 1e3 is a number; dates, versions and leading zeros stay text."""
    text = """
    a: true
    b: no
    c: 1e3
    d: 2026-11-03
    e: 007
    f: 1.5
    g: -4
    h: ~
    i: '12'
    j: 1%
    k: [1, .5, {x: null}]
    yes: on
    """
    assert parse(text, name="x.yaml").data == {
        "a": True,
        "b": "no",
        "c": 1000.0,
        "d": "2026-11-03",
        "e": "007",
        "f": 1.5,
        "g": -4,
        "h": None,
        "i": "12",
        "j": "1%",
        "k": [1, 0.5, {"x": None}],
        "yes": "on",
    }


def test_every_part_knows_its_line() -> None:
    """A path gives its line, an unknown one that of the nearest part around it."""
    document = parse("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", name="x.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("b", 1)) == 4
    assert document.line(("b", 1, "d")) == 5
    assert document.line(("b", 1, "missing", 3)) == 4
    assert document.line(()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\n", "x.yaml:1: anchor &x is not allowed. Write the value out."),
        ("a: 1\nb: *x\n", "x.yaml:2: alias *x is not allowed. Write the value out."),
        ("a: 1\nb: !!python/name:os.system\n", "x.yaml:2: tag tag:yaml.org,2002:python/name:os.system"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "x.yaml:4: a.b is given twice, first in line 2. Keep one of them."),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: a second document begins. Keep one document to a file."),
        ("a: 1\nb: [1, 2\nc: 3\n", "x.yaml:3: "),
        ("a: '1\n", "x.yaml:2: found unexpected end of stream (column 1)."),
        ("[x]: 1\n", "x.yaml:1: a key must be a word. Write `name: value`."),
        ("'': 1\n", "x.yaml:1: a key must be a word."),
        ("a: 1e999\n", "x.yaml:1: 1e999 is too large a number."),
        ("a: 1234567890123456789\n", "x.yaml:1: 1234567890123456789 is too large a number."),
        ('a: "\\0"\n', "x.yaml:1: text holds NUL or half a surrogate pair."),
        ('a: "\\ud800"\n', "x.yaml:1: text holds NUL or half a surrogate pair."),
        ("a: 1\nb: \x07\n", "x.yaml:2: a character that may not stand in text."),
    ],
)
def test_refusals_name_the_line(text: str, message: str) -> None:
    """Every refusal says file, line, what and how to mend it."""
    assert refusal(text).startswith(message)


def test_five_thousand_levels_are_refused_without_recursion() -> None:
    """Depth is bounded at 50, whatever the text."""
    assert "nested deeper than 50 levels" in refusal("a: " + "[" * 5000)
    assert parse("[" * 50 + "]" * 50, name="x.yaml").data != []


def test_size_is_bounded() -> None:
    """More than 256 KB is refused unread."""
    assert refusal("a: " + "x" * 300_000) == "x.yaml:1: 292 KB is more than 256 KB. Split the file."


def test_empty_text_is_no_data() -> None:
    """An empty file gives None."""
    assert parse("", name="x.yaml").data is None
    assert parse("# only a comment\n", name="x.yaml").data is None


FILES = [
    *sorted((ROOT / "playbooks").rglob("*.yaml")),
    *sorted((ROOT / "tests" / "data").rglob("*.yaml")),
    *sorted((ROOT / "bot" / "demo").rglob("*.yaml")),
]


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES])
def test_both_parsers_read_every_file_of_ours_alike(file: Path) -> None:
    """The same values on the same lines, and the same words for what is refused."""

    def read(how: Callable[..., Document]) -> object:
        try:
            document = how(file.read_text(encoding="utf-8"), name="x.yaml")
        except InputError as error:
            return error.message, error.hint
        return document.data, document.lines

    assert read(parse_quickly) == read(parse)
