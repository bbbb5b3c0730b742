"""Narratives as documents: a template, what it may say, and the records that stand behind it.

A template gets `say`, `cite` and `row`, which put the record behind each figure; `gaps` and `records` are
what the document lacks and rests on. It is rendered twice, so that its head can say what its body came to.
"""

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from jinja2 import Environment, Template, TemplateError
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from bot.core import narrative as stories
from bot.core import quarter_narrative
from bot.core import quarter_update as updates
from bot.core.citation import Figure, Gap
from bot.errors import ConfigError
from bot.views.cited import Citations

DECISION = "decision_paragraph.md.j2"

_AGAIN = re.compile(r"(\*\*\[gap: [^\n]*?\]\*\*)(?:[ \n]+\1)+")
"""The same gap said again right behind itself: sentences of one missing record are one gap."""

_NO_FIELD = re.compile(r"'[\w.]*?(\w+) object' has no attribute '(\w+)'")
"""What Jinja says of it."""

Index = Callable[[Sequence[str]], Sequence[tuple[str, str]]]
"""Record names in; each with what it is and where it can be read."""


@dataclass(frozen=True)
class Document:
    """A document's Markdown, the records it cites and the gaps it shows."""

    text: str
    records: tuple[str, ...]
    gaps: tuple[Gap, ...]


def render(templates: Environment, name: str, *, index: Index = lambda _: (), **told: object) -> Document:
    """Return the document.

    Raises:
        ConfigError: the template is not there, cannot be read, or names what does not exist; with its line.

    """
    try:
        template = templates.get_template(name)
        cited = Citations()
        _render(template, cited, cited, (), told)
        again = Citations()
        text = _render(template, again, cited, index(cited.records), told)
    except (TemplateError, TypeError) as error:
        raise ConfigError(*_fault(name, error)) from None
    return Document(text, tuple(again.records), tuple(again.gaps))


def _render(
    template: Template,
    citing: Citations,
    before: Citations,
    rows: Sequence[tuple[str, str]],
    told: dict[str, object],
) -> str:
    text = template.render(
        say=citing.say,
        cite=citing.cite,
        row=citing.row,
        gaps=[one.words for one in before.gaps],
        known=lambda one: isinstance(one, Figure),
        records=[{"name": name, "what": what} for name, what in rows],
        **told,
    )
    return _AGAIN.sub(r"\1", text)


def _fault(name: str, error: Exception) -> tuple[str, str]:
    """What is wrong with a template, with its line, and what to do."""
    file, line = name, 0
    if isinstance(error, TemplateSyntaxError):
        file, line = error.filename or error.name or name, error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.endswith(".j2"):
                file, line = frame.filename, frame.lineno or 0
    where = f"{Path(file).name}:{line}" if line else Path(file).name
    hint = "bot/core/narrative.py and its neighbours name every field; `lookout doctor` tries every template."
    return f"The template {where} cannot be used: {_why(error)}.", hint


def _why(error: Exception) -> str:
    """What it names that does not exist, and what was probably meant."""
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    found = _NO_FIELD.search(str(error))
    if found is None:
        return str(error).rstrip(".")
    told = (getattr(one, found[1], None) for one in (stories, quarter_narrative, updates))
    fields = getattr(next(filter(None, told), None), "__dataclass_fields__", {})
    near = get_close_matches(found[2], list(fields), n=1)
    meant = f"; `{near[0]}` is near" if near else f"; it has {', '.join(fields)}" if fields else ""
    return f"{found[1]} has no field `{found[2]}`{meant}"
