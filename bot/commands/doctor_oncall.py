"""The part of `lookout doctor` about who is called: on call, quiet hours, the phone tree."""

from collections.abc import Iterator

from bot import clock
from bot.commands.diagnosis import Diagnosis
from bot.core.rotation import turn
from bot.errors import SourceError
from bot.settings import Settings
from bot.settings.oncall import OnCallSource


def people(configured: Settings) -> Iterator[Diagnosis]:
    """Ask who is on call, and print whom to phone where nothing works."""
    settings, now = configured.oncall, clock.system()
    if settings.source is not None:
        yield _service(configured, settings.source)
    for layer in settings.rotation(configured.timezone):
        found = turn(layer, settings.standing_in(), now)
        if found is None:
            yield Diagnosis(f"on call {layer.name}", None, "nobody has the turn just now")
            continue
        until = f" until {found.until:%Y-%m-%d %H:%M} UTC" if found.until is not None else ""
        yield Diagnosis(f"on call {layer.name}", True, f"{found.person}{until}")
    if not settings.configured:
        mend = "Name layers under [oncall.layers.NAME], or a service under [oncall.source]."
        yield Diagnosis("on call", None, "nothing says who it is; the role engineer is called", mend)
    if not configured.phone_tree:
        mend = 'Write for example [phone_tree] with "On-call phone" = "+81 …" into lookout.toml.'
        yield Diagnosis("phone tree", None, "none: nobody knows whom to phone when Slack fails", mend)
    for name, number in configured.phone_tree.items():
        yield Diagnosis("phone", True, f"{name}: {number}")


def _service(configured: Settings, source: OnCallSource) -> Diagnosis:
    from bot.sources import oncall  # httpx, only where a service is asked

    what, token = f"on call by {oncall.name(source.kind)}", configured.oncall_token
    now = clock.system()
    try:
        found = oncall.ask(source, token.get_secret_value() if token else "", now=now)
    except SourceError as error:
        mend = "Check LOOKOUT_ONCALL_TOKEN, the url and the schedules of [oncall.source]."
        return Diagnosis(what, False, str(error), mend)
    current = [one for one in found if one.covers(now)]
    named = [one.person or f"{one.name} (no address)" for one in current]
    if not named:
        return Diagnosis(what, None, "nobody is on call just now", "Fill the hole in its schedule.")
    if not all(one.person for one in current):
        mend = "Say who they are under [oncall.source.people]."
        return Diagnosis(what, None, ", ".join(named), mend)
    return Diagnosis(what, True, ", ".join(dict.fromkeys(named)))
