"""`lookout doctor`: whether every template can be read, and names only what exists."""

from collections.abc import Iterator

from bot.commands.diagnosis import Diagnosis
from bot.errors import ConfigError
from bot.services.opening import open_desk
from bot.settings import Settings


def templates(configured: Settings) -> Iterator[Diagnosis]:
    """One line for those that can be used, and one for each that cannot."""
    from bot.services.template_trying import tried

    try:
        desk = open_desk(configured)
    except ConfigError:
        return  # said of the playbooks already
    found = list(tried(desk.templates))
    for name, fault in found:
        if fault:
            mend = f"Mend it, or take {name} out of [templates] path: the shipped one is used then."
            yield Diagnosis("templates", False, fault, mend)
    good = sum(not fault for _, fault in found)
    yield Diagnosis("templates", True, f"{good} of {len(found)} can be used, in {configured.templates.path}")
