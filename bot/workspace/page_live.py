"""The stream that keeps an open page true: whatever looks different than before is sent as HTML.

The page is not told what happened but how it now looks: each part has an id, and an element with
`hx-swap-oob` takes the place of the one with its id. So a change that is missed, or told twice, does no harm.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from markupsafe import Markup

from bot.workspace.changes import Subscription
from bot.workspace.page_regions import region
from bot.workspace.page_rows import Place, home, modal, row, thread, timeline
from bot.workspace.page_screen import Screen
from bot.workspace.records import View

_REGIONS = ("status", "nav", "head", "clock", "warnings", "suggestions", "completions")
_HEARTBEAT = 10.0  # seconds without a change after which we look whether the browser is still there
_SETTLING = 0.02  # seconds of quiet after which changes are drawn
_TOGETHER = 100  # changes drawn together at most, so that a busy app cannot hold the page back


class Picture:
    """What a page shows now, and how to bring it up to date."""

    def __init__(self, screen: Screen, read_mark: str) -> None:
        self._screen = screen
        self._read_mark = read_mark
        self._parts: dict[str, Markup] = {}
        self._lists: dict[str, list[Place]] = {"messages": [], "replies": []}
        self._views: tuple[View, ...] = ()
        self._look()

    def fingerprint(self) -> str:
        """A digest that two pictures share when they look the same."""
        seen = repr((self._parts, self._lists, self._views))
        return hashlib.sha256(seen.encode()).hexdigest()[:16]

    def drawn(self, name: str) -> Markup:
        """The rows of "messages" or "replies"."""
        return Markup("").join(row(place, self._screen) for place in self._lists[name])

    def modals(self) -> Markup:
        """The open modals, topmost last."""
        return Markup("").join(modal(view, self._screen) for view in self._views)

    def everything(self) -> Markup:
        """All of it, for a page whose picture is too old to know."""
        parts = Markup("").join(self._parts.values())
        lists = Markup("").join(
            Markup('<ol id="{}" hx-swap-oob="innerHTML">{}</ol>').format(name, self.drawn(name))
            for name in self._lists
            if name == "messages" or self._screen.thread
        )
        dialogs = Markup('<div id="modals" hx-swap-oob="innerHTML">{}</div>').format(self.modals())
        return parts + lists + dialogs

    def changes(self) -> Markup:
        """What looks different than the last time."""
        parts, lists, views = self._parts, self._lists, self._views
        self._look()
        out = [html for name, html in self._parts.items() if parts.get(name) != html]
        for name, places in self._lists.items():
            out.extend(self._list_changes(name, lists[name], places))
        out.extend(self._view_changes(views))
        return Markup("").join(out)

    def _look(self) -> None:
        screen = self._screen
        self._parts = {name: region(name, screen, swap=True) for name in _REGIONS}
        self._parts["home"] = home(screen, swap=True)
        self._lists = {
            "messages": timeline(screen, self._read_mark),
            "replies": thread(screen) if screen.thread else [],
        }
        self._views = screen.workspace.modals.get(screen.user.id, ())

    def _list_changes(self, name: str, old: Sequence[Place], new: Sequence[Place]) -> list[Markup]:
        before = {place.id: place for place in old}
        now = {place.id for place in new}
        out = [
            Markup('<li id="{}" hx-swap-oob="delete"></li>').format(place.id)
            for place in old
            if place.id not in now
        ]
        for place in new:
            if place.id not in before:
                drawn = row(place, self._screen)
                out.append(Markup('<ol hx-swap-oob="beforeend:#{}">{}</ol>').format(name, drawn))
            elif before[place.id] != place:
                out.append(row(place, self._screen, swap=True))
        return out

    def _view_changes(self, old: Sequence[View]) -> list[Markup]:
        before = {view.id: view for view in old}
        now = {view.id for view in self._views}
        out = [
            Markup('<dialog id="v-{}" hx-swap-oob="delete"></dialog>').format(view.id)
            for view in old
            if view.id not in now
        ]
        for view in self._views:
            if view.id not in before:
                shown = modal(view, self._screen)
                out.append(Markup('<div hx-swap-oob="beforeend:#modals">{}</div>').format(shown))
            elif before[view.id] != view:
                out.append(modal(view, self._screen, swap=True))
        return out


async def stream(
    screen: Screen, read_mark: str, fingerprint: str, gone: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[str, None]:
    """Server-sent events named "html", until the browser is gone or the workspace closes.

    `fingerprint` is the one of the picture the page was drawn from; if it looks different by now, all of it
    is sent first. A browser whose stream ends comes again by itself, with that old fingerprint.
    """
    with screen.workspace.subscribe() as subscription:
        picture = Picture(screen, read_mark)
        yield "retry: 800\n\n"
        if picture.fingerprint() != fingerprint:
            yield event(picture.everything())
        while True:
            kinds = await _news(subscription)
            if "closing" in kinds or not screen.is_there:
                return
            if not kinds:
                if await gone():
                    return
                yield ": still here\n\n"
            html = picture.changes()
            if html:
                yield event(html)


async def _news(subscription: Subscription) -> set[str]:
    """The kinds of the changes that come next, together; empty if there were none for a while."""
    kinds: set[str] = set()
    for number in range(_TOGETHER):
        try:
            change = await asyncio.wait_for(subscription.get(), _SETTLING if number else _HEARTBEAT)
        except TimeoutError:
            break
        kinds.add(change.kind)
    return kinds


def event(html: Markup) -> str:
    """One event; a line break would end a field, so each line is a field of its own."""
    lines = str(html).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "event: html\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
