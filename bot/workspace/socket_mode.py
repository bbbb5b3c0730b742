"""Socket Mode: tickets, WebSockets, envelopes and their acks."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from bot.workspace.clock import monotonic
from bot.workspace.envelope import Answer, Envelope
from bot.workspace.rules import Rules
from bot.workspace.seed import APP_ID
from bot.workspace.state import Workspace

_TICKET_LIFE: Final = 60.0  # seconds between apps.connections.open and the WebSocket
_HOST: Final = "applink-local"

Peer = tuple[str, int]


class SocketMode:
    """The app's WebSockets. Any one of them gets an envelope; its ack may come over any."""

    def __init__(self, workspace: Workspace, rules: Rules) -> None:
        self.workspace = workspace
        self.rules = rules
        self.abort: Callable[[Peer], bool] = lambda _peer: False
        self._tickets: dict[str, float] = {}
        self._open: dict[WebSocket, bool] = {}  # True while it may get envelopes
        self._turn = itertools.count()
        self._acks: dict[str, tuple[WebSocket, asyncio.Future[Mapping[str, Any]]]] = {}
        self._closers: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many WebSockets are open and may get envelopes."""
        return sum(self._open.values())

    def ticket(self) -> str:
        """A permission to open one WebSocket, soon."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = monotonic() + _TICKET_LIFE
        return ticket

    async def link(self, socket: WebSocket) -> None:
        """Serve one WebSocket until it closes."""
        if monotonic() > self._tickets.pop(socket.query_params.get("ticket", ""), 0.0):
            await socket.close(1008)
            return
        await socket.accept()
        if len(self._open) >= self.rules.connections:
            await self._disconnect(socket, "too_many_websockets")
            await socket.close()
            return
        self._open[socket] = True
        self._counted()
        await socket.send_json(self._hello())
        try:
            while True:
                self._received(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed from this side meanwhile
            pass
        finally:
            self._gone(socket)

    async def send(self, envelope: Envelope, patience: float) -> Answer:
        """Give the envelope to one of the connections and wait for the ack."""
        started = monotonic()
        ready = [socket for socket, open_ in self._open.items() if open_]
        if not ready:
            return Answer(False, reason="connection_failed")
        socket = ready[next(self._turn) % len(ready)]
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._acks[envelope.id] = (socket, future)
        try:
            async with asyncio.timeout(patience):
                await socket.send_text(json.dumps(_wire(envelope)))
                payload = await future
        except TimeoutError:
            return Answer(False, reason="timeout", seconds=monotonic() - started)
        except (WebSocketDisconnect, RuntimeError, ConnectionError):
            return Answer(False, reason="connection_failed", seconds=monotonic() - started)
        finally:
            self._acks.pop(envelope.id, None)
        return Answer(True, payload, seconds=monotonic() - started)

    async def warn(self) -> int:
        """Tell every connection that it will be asked to refresh in a moment."""
        for socket in list(self._open):
            await self._disconnect(socket, "warning")
        return len(self._open)

    async def refresh(self) -> int:
        """Ask every connection to come back over a new one; the old ones close a little later."""
        asked = [socket for socket, open_ in self._open.items() if open_]
        for socket in asked:
            self._open[socket] = False
            self._counted()
            await self._disconnect(socket, "refresh_requested")
            closer = asyncio.create_task(self._close_later(socket))
            self._closers.add(closer)
            closer.add_done_callback(self._closers.discard)
        return len(asked)

    async def drop(self) -> int:
        """Cut every connection without a word, as a network does."""
        cut = list(self._open)
        for socket in cut:
            if socket.client is None or not self.abort((socket.client.host, socket.client.port)):
                await _close(socket, 1011)
            self._gone(socket)
        return len(cut)

    async def close(self) -> None:
        """Close every connection politely."""
        for closer in list(self._closers):
            closer.cancel()
        for socket in list(self._open):
            await _close(socket, 1001)
            self._gone(socket)

    def _received(self, text: str) -> None:
        try:
            ack = json.loads(text)
        except json.JSONDecodeError:
            ack = None
        if not isinstance(ack, dict) or not isinstance(ack.get("envelope_id"), str):
            self.workspace.warn("The app sent over Socket Mode what is not an acknowledgement.")
            return
        _socket, future = self._acks.get(ack["envelope_id"], (None, None))
        if future is None:
            self.workspace.warn(f"The app acknowledged {ack['envelope_id']} too late, or twice.")
        elif not future.done():
            payload = ack.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {})

    def _gone(self, socket: WebSocket) -> None:
        self._open.pop(socket, None)
        self._counted()
        for carrier, future in self._acks.values():
            if carrier is socket and not future.done():
                future.set_exception(ConnectionError("the WebSocket closed before the ack"))

    def _counted(self) -> None:
        self.workspace.connections = self.connections
        self.workspace.tell("app")

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {"host": _HOST, "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }

    async def _disconnect(self, socket: WebSocket, reason: str) -> None:
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.send_json(message)

    async def _close_later(self, socket: WebSocket) -> None:
        await asyncio.sleep(self.rules.refresh_grace)
        if socket in self._open:
            await _close(socket, 1000)


async def _close(socket: WebSocket, code: int) -> None:
    if WebSocketState.DISCONNECTED not in (socket.application_state, socket.client_state):
        await socket.close(code)


def _wire(envelope: Envelope) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "envelope_id": envelope.id,
        "type": envelope.kind,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.accepts_response,
    }
    if envelope.kind == "events_api":
        wire["retry_attempt"] = envelope.attempt
        wire["retry_reason"] = envelope.reason
    return wire
