"""Findings about one document, with their lines."""

import difflib
from collections.abc import Iterable

from bot.core.finding import Finding, Level, dotted
from bot.core.strict_yaml import Document


class Report:
    """Collects findings; a path may end at a key that is missing, the line is then that of its parent."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []

    def error(self, code: str, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        """The file cannot be used until this is mended."""
        self._add(code, "error", path, message, hint)

    def warning(self, code: str, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        """Usable, but somebody will regret it."""
        self._add(code, "warning", path, message, hint)

    def _add(self, code: str, level: Level, path: tuple[str | int, ...], message: str, hint: str) -> None:
        line = self.document.line(path)
        self.findings.append(Finding(code, level, self.document.name, dotted(path), line, message, hint))


def unknown_metric(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and mend for a metric that nobody declared."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]}?" if near else f"Declared metrics: {', '.join(names)}."
    return f"metric {name} is not declared under metrics.", hint
