"""How documents say figures: the record behind each in brackets, and a gap where there is none.

`Citations` goes into a template as `cite`, `say` and `row`; afterwards it knows what was cited and what is
missing.
"""

from collections.abc import Sequence

from bot.core.citation import Cited, Figure, Gap
from bot.views.document import markdown

MOST = 2000
"""Characters of one figure: a letter or a reason may be long."""


class Citations:
    """What one document has cited so far: `records` in the order of their first figure, `gaps` each once."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.gaps: list[Gap] = []

    def cite(self, one: Cited) -> str:
        """A figure with its record, as in `38 % [record 41]`; a gap with its mark."""
        return self.say("{}", one)

    def say(self, pattern: str, *told: Cited) -> str:
        """A sentence with its figures; only its gaps, marked, where one of them is missing.

        Of figures beside each other that come from one record, the last has it behind it.

        Raises:
            TypeError: a hole without its figure, a figure without its hole, or what is neither.

        """
        parts = pattern.split("{}")
        _only_cited("say", told)
        if len(parts) != len(told) + 1:
            raise TypeError(
                f"say() has {len(parts) - 1} holes {{}} in {pattern[:60]!r} for {len(told)} figures"
            )
        missing = [one for one in told if isinstance(one, Gap)]
        if missing:
            return " ".join(map(self._gap, dict.fromkeys(missing)))
        figures = [one for one in told if isinstance(one, Figure)]
        said = [parts[0]]
        for place, figure in enumerate(figures):
            after = figures[place + 1] if place + 1 < len(figures) else None
            said.append(self._figure(figure, alone=after is None or after.record != figure.record))
            said.append(parts[place + 1])
        begins = not parts[0] and pattern.endswith(".")
        return _upper("".join(said)) if begins else "".join(said)

    def row(self, *cells: Cited) -> str:
        """The cells of a table's row, a bar between them; of those of one record the last has it behind it.

        Raises:
            TypeError: a cell is neither a figure nor a gap.

        """
        _only_cited("row", cells)
        said = []
        for place, cell in enumerate(cells):
            after = cells[place + 1] if place + 1 < len(cells) else None
            shared = isinstance(after, Figure) and isinstance(cell, Figure) and after.record == cell.record
            said.append(self._gap(cell) if isinstance(cell, Gap) else self._figure(cell, alone=not shared))
        return " | ".join(said)

    def _figure(self, figure: Figure, *, alone: bool) -> str:
        if figure.record not in self.records:
            self.records.append(figure.record)
        said = markdown(figure.said, MOST)
        if not alone:
            return said
        shown = f"[{markdown(figure.record)}]"
        return f"{said} {shown}({figure.link})" if _safe(figure.link) else f"{said} {shown}"

    def _gap(self, gap: Gap) -> str:
        if gap not in self.gaps:
            self.gaps.append(gap)
        what = markdown(gap.what, MOST)
        return f"**[gap: {'; '.join(filter(None, (what, gap.how)))}]**"


def _only_cited(name: str, given: Sequence[object]) -> None:
    for one in given:
        if not isinstance(one, Figure | Gap):
            str(one)  # a name that does not exist says so itself
            raise TypeError(f"{name}() takes figures and gaps, and was given {type(one).__name__}")


def _upper(sentence: str) -> str:
    """A sentence with its first letter large; a name that begins it keeps its own."""
    word = sentence.split(" ", 1)[0].rstrip(",;:.")
    return sentence[:1].upper() + sentence[1:] if word.isalpha() else sentence


def _safe(link: str) -> bool:
    """Whether a link can stand in Markdown's parentheses."""
    return link.startswith(("https://", "http://")) and not set(link) & set(" ()<>\n\\\"'")
