"""Templates tried before anybody needs them: each is read, narratives are drafted of all and of nothing."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from jinja2 import Environment
from jinja2.exceptions import TemplateSyntaxError

from bot.core.citation import Cited, Figure, Gap
from bot.core.narrative import IncidentStory, LaunchStory
from bot.core.quarter_narrative import QuarterStory
from bot.core.quarter_update import UpdateTold
from bot.errors import ConfigError
from bot.services.narrative_document import DECISION, render

_STORIES: dict[str, tuple[str, type]] = {
    "narrative_launch.md.j2": ("launch", LaunchStory),
    DECISION: ("launch", LaunchStory),
    "narrative_quarter.md.j2": ("quarter", QuarterStory),
    "narrative_incident.md.j2": ("incident", IncidentStory),
    "portfolio_update.md.j2": ("update", UpdateTold),
}
"""What each narrative is told of: the name in its template, and the story."""


def tried(templates: Environment) -> Iterator[tuple[str, str]]:
    """Every template there is, with what is wrong with it; "" for nothing.

    Both ways through a template are gone: with every record there, and with none.
    """
    for name in sorted(one for one in templates.list_templates() if one.endswith(".j2")):
        yield name, _fault(templates, name)


def _fault(templates: Environment, name: str) -> str:
    try:
        templates.get_template(name)
        if name in _STORIES:
            called, kind = _STORIES[name]
            for full in (True, False):
                render(templates, name, **{called: specimen(kind, full=full)}, title="x", drafted="x")
    except ConfigError as error:
        return error.message
    except TemplateSyntaxError as error:
        return f"{name}:{error.lineno} cannot be read: {error.message}."
    return ""


def specimen(kind: type, *, full: bool) -> Any:
    """A story in which every figure is on record and every list has one item; or one of gaps alone."""
    hints = get_type_hints(kind)
    return kind(**{one.name: _value(hints[one.name], full) for one in fields(kind)})


def _value(hint: Any, full: bool) -> Any:
    if get_origin(hint) is tuple:
        return (_value(get_args(hint)[0], full),) if full else ()
    if hint == Cited:
        return Figure("1", "ledger 1") if full else Gap("nothing is on record")
    if is_dataclass(hint) and isinstance(hint, type):
        return specimen(hint, full=full)
    raise TypeError(f"a story has a field of {hint}, which is nothing that can be told")
