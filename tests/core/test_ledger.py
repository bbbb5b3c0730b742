"""The chain's laws: whatever is changed, left out, swapped or put in, the first bad number is named."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.ledger import GENESIS, Break, Entry, Head, broken, digest, sealed, unwitnessed
from bot.errors import InputError

START = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
BODY = st.dictionaries(TEXT, JSON, max_size=4)
STEP = st.tuples(st.sampled_from(["signed", "look", "decided"]), TEXT, TEXT, BODY)


def chain(steps: list[tuple[str, str, str, dict[str, Any]]]) -> list[Entry]:
    """Entries a second apart."""
    entries: list[Entry] = []
    for number, (kind, subject, by, body) in enumerate(steps, start=1):
        previous = entries[-1].hash if entries else GENESIS
        entries.append(sealed(number, START + timedelta(seconds=number), kind, subject, by, body, previous))
    return entries


CHAIN = st.lists(STEP, min_size=1, max_size=6).map(chain)


@given(CHAIN)
def test_what_was_written_holds_and_holds_after_reading_it_back(entries: list[Entry]) -> None:
    """Through JSON, as both databases keep bodies: texts with lone surrogates, floats, nesting and all."""
    assert broken(entries) is None
    read = [replace(one, body=json.loads(json.dumps(dict(one.body)))) for one in entries]
    assert broken(read) is None


@given(CHAIN, st.data())
def test_a_changed_field_is_found_at_its_entry(entries: list[Entry], data: st.DataObject) -> None:
    """Any field of any entry; a changed hash is found there too, not at the next."""
    at = data.draw(st.integers(0, len(entries) - 1))
    one = entries[at]
    change = data.draw(
        st.sampled_from(
            [
                {"at": one.at + timedelta(microseconds=1)},
                {"kind": one.kind + "x"},
                {"subject": one.subject + " "},
                {"by": "U0EVE" + one.by},
                {"body": {**one.body, "new": None}},
                {"body": dict(list(one.body.items())[1:])} if one.body else {"body": {"": 0}},
                {"previous": "f" * 64},
                {"hash": "0" * 64},
                {"number": one.number + len(entries)},
            ]
        )
    )
    found = broken([*entries[:at], replace(one, **change), *entries[at + 1 :]])
    assert found is not None
    assert found.number == at + 1


@given(CHAIN, st.data())
def test_a_value_changed_deep_in_a_body_is_found(entries: list[Entry], data: st.DataObject) -> None:
    """1 for 1.0 too: a hash is over what was written."""
    at = data.draw(st.integers(0, len(entries) - 1))
    before, after = dict(entries[at].body), data.draw(BODY)
    assume(json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))
    found = broken([*entries[:at], replace(entries[at], body=after), *entries[at + 1 :]])
    assert found == Break(at + 1, "its hash does not fit what it says: it was changed")


@given(st.lists(STEP, min_size=3, max_size=6).map(chain), st.data())
def test_an_entry_removed_swapped_or_put_in_is_found(entries: list[Entry], data: st.DataObject) -> None:
    """Even with the numbers made to fit; only what is cut off the end is not."""
    at = data.draw(st.integers(0, len(entries) - 2))
    removed = [*entries[:at], *entries[at + 1 :]]
    swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
    doubled = [*entries[: at + 1], *entries[at:]]
    for spoilt, number in ((removed, at + 1), (swapped, at + 1), (doubled, at + 2)):
        assert broken(spoilt).number == number  # type: ignore[union-attr]  # None fails the test
        fitted = [replace(one, number=place) for place, one in enumerate(spoilt, start=1)]
        found = broken(fitted)
        assert found is not None
        assert found.number == number
    assert broken(entries[:-1]) is None


@given(CHAIN, st.data())
def test_an_entry_sealed_anew_is_found_at_the_next_and_by_a_witness(
    entries: list[Entry], data: st.DataObject
) -> None:
    """Whoever rewrites one must rewrite all after it, and then no head in Slack fits."""
    at = data.draw(st.integers(0, len(entries) - 1))
    one = entries[at]
    forged = sealed(one.number, one.at, one.kind, one.subject, one.by + "x", one.body, one.previous)
    spoilt = [*entries[:at], forged, *entries[at + 1 :]]
    found = broken(spoilt)
    assert found == (None if at == len(entries) - 1 else Break(at + 2, found.reason if found else ""))
    assert unwitnessed(entries, [Head(one.number, one.hash[:12])]) is None
    missed = unwitnessed(spoilt, [Head(one.number, one.hash[:12])])
    assert missed is not None
    assert missed.number == one.number


@given(STEP)
def test_a_stranger_can_compute_the_hash_from_the_exported_line(step: tuple[str, str, str, Any]) -> None:
    """Take `"hash":"…",` out of the line and hash what is left."""
    (entry,) = chain([step])
    rest = entry.line().replace(f'"hash":"{entry.hash}",', "")
    assert len(rest) == len(entry.line()) - 74
    assert hashlib.sha256(rest.encode("utf-8", "surrogatepass")).hexdigest() == entry.hash == digest(entry)


def test_the_same_moment_in_another_zone_is_the_same_entry() -> None:
    """Times are hashed in UTC."""
    tokyo = START.astimezone(timezone(timedelta(hours=9)))
    assert sealed(1, tokyo, "look", "x", "", {}, GENESIS) == sealed(1, START, "look", "x", "", {}, GENESIS)


def test_a_body_is_kept_as_json_gives_it_back() -> None:
    """Tuples are lists, numbers as keys are texts, and two halves of a character are one."""
    entry = sealed(1, START, "look", "x", "", {"a": (1, 2), 3: "\ud83d\ude00"}, GENESIS)  # type: ignore[dict-item]  # on purpose
    assert entry.body == {"a": [1, 2], "3": "\U0001f600"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), {1, 2}, b"x", START])
def test_what_json_cannot_hold_is_refused(bad: object) -> None:
    """Before anything is written."""
    with pytest.raises((ValueError, TypeError)):
        sealed(1, START, "look", "x", "", {"a": bad}, GENESIS)


def test_a_head_is_read_as_a_message_has_it() -> None:
    """Either form, capitals or not."""
    assert Head.read("88:5D1E0A2B9C4D") == Head(88, "5d1e0a2b9c4d")
    assert Head.read(" ledger 88 · head 5d1e0a2b9c4d… ") == Head(88, "5d1e0a2b9c4d")
    for bad in ("", "x", "88", "88:xyz", "88:5d1e", "0:5d1e0a", "-1:5d1e0a"):
        with pytest.raises(InputError, match="is no head of the ledger"):
            Head.read(bad)
