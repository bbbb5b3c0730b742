"""Bodies that strangers send."""

import pytest

from handlers.json_body import UnreadableError, parse


def test_plain_json_is_read() -> None:
    """An object comes back as it is, with unusual but harmless text in it."""
    assert parse('{"a": [1, null, "é \\ud800"]}'.encode()) == {"a": [1, None, "é \ud800"]}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"\xff", "not UTF-8 from byte 0"),
        (b"{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b"", "not JSON: Expecting value at line 1 column 1"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        (b"[" * 60 + b"]" * 60, "nested deeper than 50"),
        (b"[" * 100_000, "nested deeper than 50"),
    ],
)
def test_what_is_not_taken_says_why(body: bytes, error: str) -> None:
    """Each fault has its own message and a hint."""
    with pytest.raises(UnreadableError) as caught:
        parse(body)
    assert caught.value.error == error
    assert caught.value.hint
