"""The menu of a message: an emoji, an app's shortcut, writing it anew, taking it away."""

from starlette.datastructures import FormData

from bot.workspace.page_screen import Screen
from bot.workspace.people import People
from bot.workspace.refused import RefusedError


async def do(people: People, screen: Screen, ts: str, form: FormData) -> None:
    """Do what a form of the menu says: react, shortcut, edit or delete. RefusedError when it cannot be."""
    user, channel = screen.user.id, screen.channel_id
    given = {name: str(form.get(name, "")) for name in ("react", "shortcut", "edit", "delete")}
    if given["react"]:
        await people.react(user, channel, ts, given["react"])
    elif given["shortcut"]:
        await people.shortcut(user, channel, ts, given["shortcut"])
    elif given["edit"].strip():
        await people.edit(user, channel, ts, given["edit"].replace("\r\n", "\n").strip())
    elif given["delete"]:
        await people.delete(user, channel, ts)
    else:
        raise RefusedError("There is nothing left of it: delete it instead.")
