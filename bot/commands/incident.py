"""`lookout incident export`: an incident's record as a file, from the database alone."""

import re
from collections.abc import Mapping
from pathlib import Path

from bot import clock, settings
from bot.commands.output import write
from bot.commands.record import opened
from bot.errors import InputError
from bot.services import incident_export
from bot.services.opening import open_desk
from bot.store import incidents


def run(environment: Mapping[str, str], number: str, *, form: str = "html", out: Path | None = None) -> int:
    """Print the record of an incident ("INC-7" or "7"), or write it to `out`; 0 when it was.

    `form` is json, md or html; a page of HTML has its images in it and needs nothing beside it.

    Raises InputError when there is no such incident or form, or `out` cannot be written.
    """
    asked = incident_export.form_of(form)
    match = re.fullmatch(r"(?:inc-?)?(\d{1,9})", number.strip(), re.IGNORECASE)
    if match is None:
        raise InputError(f"{number!r} is no incident's number.", "Write one like INC-7.")
    configured = settings.load(environment)
    with opened(configured.database_url) as session:
        incident = incidents.load(session, int(match[1]))
        if incident is None:
            said = f"There is no incident INC-{match[1]} in this database."
            raise InputError(said, "Is LOOKOUT_DATABASE_URL the bot's?")
        desk, now = open_desk(configured), clock.system()
        document = incident_export.export(session, desk, incident, asked, now=now)
    write(document.encode(), out)
    return 0
