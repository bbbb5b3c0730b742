"""Reading a registration for a command: every fault goes to stderr with its line."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.finding import Finding, errors
from bot.core.strict_yaml import parse
from bot.errors import InputError

if TYPE_CHECKING:  # the linter takes half a second to import, and who only reads a text needs none
    from bot.core.registration import Registration


@dataclass(frozen=True)
class Read:
    """A registration file as read; `registration` is None when its shape is wrong."""

    registration: "Registration | None"
    sha256: str
    findings: list[Finding]

    @property
    def usable(self) -> bool:
        """Whether it has no finding of level error."""
        return self.registration is not None and not errors(self.findings)


def text_of(file: Path) -> str:
    """The file's text; raises InputError when there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Is the path right?") from None


def read(file: Path) -> Read:
    """Read and lint a registration; raises InputError when it is no YAML."""
    from bot.core.lint import check_document
    from bot.core.registration import sha256

    document = parse(text_of(file), name=str(file))
    registration, findings = check_document(document)
    return Read(registration, sha256(document.data), findings)


def complain(findings: Sequence[Finding]) -> None:
    """The findings on stderr, one a line, and once where to read more."""
    for finding in findings:
        print(finding, file=sys.stderr)
    if findings:
        print(more(findings), file=sys.stderr)


def more(findings: Sequence[Finding]) -> str:
    """Where to read about the first of these, an error when there is one."""
    first = next(iter([*errors(findings), *findings]))
    return f"`lookout explain {first.code}` says more, with an example and the mend."
