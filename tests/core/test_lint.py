"""Registrations that are wrong, one file per fault; each file's last lines say what must be found."""

from pathlib import Path

import pytest

from bot.core.finding import errors
from bot.core.lint import check_registration

FOLDER = Path(__file__).parents[1] / "data" / "registrations"
FILES = sorted(FOLDER.glob("*.yaml"))
EXPECT = "# expect "


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_fault_is_found_with_line_code_and_mend(file: Path) -> None:
    """The findings are exactly those the file announces."""
    text = file.read_text(encoding="utf-8")
    expected = [line.removeprefix(EXPECT) for line in text.splitlines() if line.startswith(EXPECT)]
    _, findings = check_registration(text, file.name)
    assert [str(finding).removeprefix(f"{file.name}:") for finding in findings] == expected


def test_the_files_cover_every_code() -> None:
    """Each code of the linter has a file that shows it; R168 and R169 need a configuration."""
    source = "".join(path.read_text() for path in Path("bot/core/lint").glob("*.py"))
    shown = "".join(file.read_text(encoding="utf-8") for file in FILES)
    codes = {word for word in source.replace('"', " ").replace(",", " ").split() if _is_code(word)}
    assert len(codes) > 30
    assert {code for code in codes if code not in shown} == set()


def _is_code(word: str) -> bool:
    return len(word) == 4 and word[0] == "R" and word[1:].isdigit()


def test_a_registration_with_an_error_of_meaning_is_still_worked_out() -> None:
    """`plan` can show what a refused registration comes to; one with an error of shape cannot be."""
    peeking, findings = check_registration((FOLDER / "peeking.yaml").read_text(), "x")
    assert peeking is not None
    assert errors(findings)
    assert check_registration((FOLDER / "unknown_key.yaml").read_text(), "x")[0] is None
