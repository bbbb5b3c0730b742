"""The web page of the local workspace: its routes.

    GET  /client/{user}/{channel}            the page of a person in a channel; `user` is who one acts as
    GET  …/thread/{ts}, …/close-thread       the thread pane
    GET  …/stream                            changes of the page as server-sent events
    POST …/send, /read, /join, /advance      what the composer, the reader and the clock do
    POST …/message/{ts}/act                  a button, menu or picker in a message
    POST …/message/{ts}/do                   the message's own menu: an emoji, a shortcut, an edit
    POST …/view/{id}/act, /submit, /close    the same in a modal
    GET  /client-files/{id}/{name}           an uploaded file

Who one acts as is in the address, so that two windows can be two people; a cookie only remembers the last.
A request that is refused answers a plain sentence, which the page shows.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.workspace import accounts, page_forms, page_messages
from bot.workspace.page_assets import asset_routes
from bot.workspace.page_guard import HEADERS, refusal
from bot.workspace.page_live import Picture, stream
from bot.workspace.page_regions import region
from bot.workspace.page_rows import home
from bot.workspace.page_screen import Screen, address
from bot.workspace.people import People, RefusedError
from bot.workspace.render import PAGES
from bot.workspace.state import Workspace

_COOKIE: Final = "acting"
_DONE: Final = 204

Answer = Callable[[Request], Awaitable[Response]]


def routes(workspace: Workspace, people: People) -> list[BaseRoute]:
    """All routes of the page."""
    page = Page(workspace, people)
    here = "/client/{user}/{channel}"
    gets: dict[str, Answer] = {
        "/": page.start,
        "/client": page.start,
        "/client/{user}": page.start,
        "/client/{user}/dm/{other}": page.direct,
        here: page.show,
        here + "/thread/{ts}": page.thread,
        here + "/close-thread": page.close_thread,
        here + "/stream": page.stream,
    }
    posts: dict[str, Answer] = {
        here + "/send": page.send,
        here + "/read": page.read,
        here + "/join": page.join,
        here + "/advance": page.advance,
        here + "/account/{who}": page.account,
        here + "/message/{ts}/act": page.act,
        here + "/message/{ts}/do": page.do,
        here + "/view/{view}/act": page.act_in_view,
        here + "/view/{view}/submit": page.submit,
        here + "/view/{view}/close": page.close_view,
    }
    return [
        *(Route(path, _guarded(answer), methods=["GET"]) for path, answer in gets.items()),
        *(Route(path, _guarded(answer), methods=["POST"]) for path, answer in posts.items()),
        *asset_routes(workspace, _guarded),
    ]


def _guarded(answer: Answer) -> Answer:
    """The same answer for those who may ask, with the headers that keep the page safe."""

    async def guarded(request: Request) -> Response:
        response = refusal(request)
        if response is None:
            try:
                response = await answer(request)
            except RefusedError as error:
                response = PlainTextResponse(str(error), 409)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return guarded


class Page:
    """Answers to the page's requests."""

    def __init__(self, workspace: Workspace, people: People) -> None:
        self._workspace = workspace
        self._people = people

    def _screen(self, request: Request, thread: str = "") -> Screen:
        user = self._workspace.users.get(request.path_params["user"])
        channel = self._workspace.channels.get(request.path_params["channel"])
        if user is None or user.is_bot or channel is None:
            raise RefusedError("There is no such person or channel in this workspace (any more).")
        if channel.is_im and user.id not in channel.members:
            raise RefusedError("This conversation is between two others.")
        if thread and self._workspace.message(channel.id, thread) is None:
            raise RefusedError("This thread does not exist (any more).")
        return Screen(self._workspace, user, channel, thread)

    async def start(self, request: Request) -> Response:
        """Lead to a person's first channel: of the one in the address, the last one, or the first."""
        persons = [user.id for user in self._people.persons()]
        asked = (request.path_params.get("user"), request.cookies.get(_COOKIE), *persons)
        user = next((user for user in asked if user in persons), None)
        channels = self._workspace.channels_of(user) if user else []
        if user is None or not channels:
            raise RefusedError("The workspace is empty.")
        return RedirectResponse(address(user, channels[0].id), 303)

    async def direct(self, request: Request) -> Response:
        """Lead to the direct messages of two members."""
        user, other = request.path_params["user"], request.path_params["other"]
        if not {user, other} <= self._workspace.users.keys():
            raise RefusedError("There is no such person in this workspace.")
        if other == self._workspace.bot:
            await self._people.open_home(user)
        return RedirectResponse(address(user, self._people.open_direct(user, other).id), 303)

    async def show(self, request: Request) -> Response:
        """The page."""
        return self._whole(self._screen(request))

    async def thread(self, request: Request) -> Response:
        """A thread: its pane for a page that is open, else the whole page with the pane."""
        screen = self._screen(request, request.path_params["ts"])
        if request.headers.get("hx-request") != "true":
            return self._whole(screen)
        picture = self._picture(screen, request.headers.get("hx-current-mark", ""))
        pane = region("thread", screen, picture.drawn("replies"))
        return HTMLResponse(str(pane + region("stream", screen, swap=True)))

    async def close_thread(self, request: Request) -> Response:
        """An empty pane, and a stream that no longer follows the thread."""
        screen = self._screen(request)
        self._picture(screen, request.headers.get("hx-current-mark", ""))
        return HTMLResponse(str(region("stream", screen, swap=True)))

    def _whole(self, screen: Screen) -> Response:
        mark = screen.channel.last_read.get(screen.user.id, "0")
        picture = self._picture(screen, mark)
        html = PAGES.get_template("page.j2").render(
            screen=screen,
            mark=mark,
            messages=picture.drawn("messages"),
            replies=picture.drawn("replies"),
            modals=picture.modals(),
            home=home(screen),
        )
        response = HTMLResponse(html)
        response.set_cookie(_COOKIE, screen.user.id, samesite="strict", httponly=True, path="/")
        return response

    def _picture(self, screen: Screen, mark: str) -> Picture:
        """What the page is about to show, its stream's address saying what that was."""
        picture = Picture(screen, mark)
        known = urlencode({"thread": screen.thread, "mark": mark, "seen": picture.fingerprint()})
        screen.stream_url = f"{screen.base}/stream?{known}"
        return picture

    async def stream(self, request: Request) -> Response:
        """Changes as they happen."""
        query = request.query_params
        screen = self._screen(request, query.get("thread", ""))
        events = stream(screen, query.get("mark", ""), query.get("seen", ""), request.is_disconnected)
        return StreamingResponse(events, media_type="text/event-stream")

    async def send(self, request: Request) -> Response:
        """Say something, or use a slash command."""
        async with request.form() as form:
            screen = self._screen(request, str(form.get("thread", "")))
            text = str(form.get("text", "")).replace("\r\n", "\n").strip()
            if screen.thread and text.startswith("/") and not text.startswith("//"):
                return self._not_in_threads(text)
            parts = [part for part in form.getlist("file") if isinstance(part, UploadFile) and part.filename]
            files = [(part.filename or "file", await part.read()) for part in parts]
        if text or files:
            await self._people.say(
                screen.user.id, screen.channel_id, text, thread_ts=screen.thread, files=files
            )
        return Response(status_code=_DONE)

    def _not_in_threads(self, text: str) -> Response:
        bot = self._workspace.users.get(self._workspace.bot)
        instead = f"@{bot.name} {text[1:]}" if bot else text[1:]
        plain = instead.isascii() and instead.isprintable()
        return PlainTextResponse(
            f"Slash commands do not work in threads. Mention the app instead: {instead}",
            409,
            headers={"X-Instead": instead} if plain else {},
        )

    async def read(self, request: Request) -> Response:
        """The person has seen everything in the channel."""
        screen = self._screen(request)
        if screen.is_member:
            self._people.read(screen.user.id, screen.channel_id)
        return Response(status_code=_DONE)

    async def do(self, request: Request) -> Response:
        """What the menu of a message offers."""
        async with request.form() as form:
            screen = self._screen(request)
            await page_messages.do(self._people, screen, request.path_params["ts"], form)
        return Response(status_code=_DONE)

    async def join(self, request: Request) -> Response:
        """Join the channel; the page is drawn anew, with its composer."""
        screen = self._screen(request)
        await self._people.join(screen.user.id, screen.channel_id)
        return Response(status_code=_DONE, headers={"HX-Refresh": "true"})

    async def advance(self, request: Request) -> Response:
        """Move the workspace's clock forward: by seconds, by a span such as "2h", or until a moment."""
        async with request.form() as form:
            until, seconds, text = (str(form.get(name, "")) for name in ("until", "seconds", "span"))
        forward = page_forms.ahead(until, seconds, text, self._workspace.clock.now())
        if forward is None:
            return PlainTextResponse("Not a time span. Write for example 90s, 20m, 3h, 2d or 2h 30m.", 400)
        self._people.advance(forward)
        return Response(status_code=_DONE)

    async def account(self, request: Request) -> Response:
        """Deactivate somebody's account, or activate it again; the page is drawn anew."""
        self._screen(request)
        who = self._workspace.users.get(request.path_params["who"])
        if who is None or who.is_bot:
            raise RefusedError("There is no such person in this workspace.")
        accounts.set_active(self._people.hub, who.id, active=who.deleted)
        return Response(status_code=_DONE, headers={"HX-Refresh": "true"})

    async def act(self, request: Request) -> Response:
        """Use a button, menu or picker of a message."""
        ts = request.path_params["ts"]
        screen = self._screen(request)
        message = self._workspace.message(screen.channel_id, ts)
        if message is None or not message.seen_by(screen.user.id):
            raise RefusedError("This message is gone.")
        async with request.form() as form:
            used = await page_forms.use(message.blocks, form, screen.zone, self._people, screen.user.id)
        await self._people.click(
            screen.user.id,
            screen.channel_id,
            ts,
            used.action_id,
            block_id=used.block_id,
            value=used.value,
            values=used.values,
        )
        return Response(status_code=_DONE)

    async def act_in_view(self, request: Request) -> Response:
        """Use a button, menu or picker of a modal."""
        screen, view = self._screen(request), request.path_params["view"]
        async with request.form() as form:
            used = await page_forms.use(self._blocks(view), form, screen.zone, self._people, screen.user.id)
        await self._people.click_in_view(
            screen.user.id,
            view,
            used.action_id,
            block_id=used.block_id,
            value=used.value,
            values=used.values,
        )
        return Response(status_code=_DONE)

    async def submit(self, request: Request) -> Response:
        """Submit a modal; what comes of it shows in the stream."""
        screen, view = self._screen(request), request.path_params["view"]
        blocks = self._blocks(view)
        async with request.form() as form:
            values = await page_forms.values(blocks, form, screen.zone, self._people, screen.user.id)
        await self._people.submit(screen.user.id, view, values)
        return Response(status_code=_DONE)

    async def close_view(self, request: Request) -> Response:
        """Close a modal."""
        screen = self._screen(request)
        await self._people.close(screen.user.id, request.path_params["view"])
        return Response(status_code=_DONE)

    def _blocks(self, view_id: str) -> tuple[page_forms.Block, ...]:
        view = self._workspace.view(view_id)
        if view is None:
            raise RefusedError("This dialog was closed meanwhile.")
        return view.blocks
