"""What every document is written with, Markdown: outside text made harmless, and what people are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.outside import kept

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


@dataclass(frozen=True)
class People:
    """What a document calls people: names by Slack id, and who holds which role."""

    names: Mapping[str, str]
    roles: Mapping[str, tuple[str, ...]]
    as_markdown: bool = True

    def called(self, reference: str) -> str:
        """The name with the roles held; the id where Slack never gave a name."""
        held = [role for role, who in self.roles.items() if reference in who]
        name = self.names.get(reference, reference)
        name = markdown(name) if self.as_markdown else kept(name, 500)
        return f"{name} ({', '.join(held)})" if held else name


def markdown(text: str, limit: int = 500) -> str:
    r"""Outside text that stays text: one line, no markup, no table cell of its own.

    >>> markdown("a | <b>")
    'a \\| \\<b\\>'
    """
    return _SPECIAL.sub(r"\\\1", kept(text, limit))
