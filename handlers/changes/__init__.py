"""Where changes come from: one module a source, with the same names as those of `handlers.alerts`."""

from types import ModuleType
from typing import Final

from handlers.changes import generic, github

SOURCES: Final[dict[str, ModuleType]] = {
    "generic": generic,
    "github": github,
}

__all__ = ["SOURCES"]
