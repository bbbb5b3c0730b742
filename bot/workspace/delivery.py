"""Getting payloads to the app: one try for what people wait for, redelivery for events."""

import asyncio
import secrets
import uuid
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.workspace.envelope import Answer, Envelope, Kind, Transport
from bot.workspace.faults import Faults
from bot.workspace.installation import VERIFICATION_TOKEN
from bot.workspace.rules import Rules
from bot.workspace.seed import APP_ID
from bot.workspace.state import Workspace

_KEPT: Final = 10_000


@dataclass(frozen=True)
class Delivered:
    """A line of the delivery log. `at` is in the workspace's time; `seconds` until the ack or giving up."""

    at: float
    kind: str
    name: str
    attempt: int
    ok: bool
    reason: str
    seconds: float


class Delivery:
    """Delivers to the app over one transport, keeps the log, repeats events that were not acknowledged."""

    def __init__(self, workspace: Workspace, transport: Transport, faults: Faults, rules: Rules) -> None:
        self.workspace = workspace
        self.transport = transport
        self.faults = faults
        self.rules = rules
        self.log: deque[Delivered] = deque(maxlen=_KEPT)
        self._under_way = 0
        self._idle = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def deliver(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        """One try; the app's answer, or why there is none."""
        accepts = payload.get("type") not in ("block_actions", "view_closed")
        return await self._send(Envelope(str(uuid.uuid4()), kind, payload, accepts_response=accepts))

    def announce(self, event: Mapping[str, Any]) -> None:
        """Deliver an event in the background, and again until it is acknowledged or the tries are over."""
        self.start(self._announce(self._event(event)))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background; `settled` waits for it, `close` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until nothing is on its way to the app (events waiting for a redelivery do not count)."""
        await asyncio.sleep(0)  # let what was just announced begin
        async with self._idle:
            await self._idle.wait_for(lambda: self._under_way == 0)

    async def close(self) -> None:
        """Stop redelivering and let go of the app."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.transport.close()

    async def _announce(self, payload: Mapping[str, Any]) -> None:
        envelope = Envelope(str(uuid.uuid4()), "events_api", payload)
        answer = await self._send(envelope)
        for attempt, wait in enumerate(self.rules.event_retries, start=1):
            if answer.ok or answer.no_retry:
                return
            await asyncio.sleep(wait)
            again = Envelope(str(uuid.uuid4()), "events_api", payload, attempt=attempt, reason=answer.reason)
            answer = await self._send(again)
        if not answer.ok:
            self.workspace.warn(f"The app never acknowledged the event {_name('events_api', payload)}.")

    async def _send(self, envelope: Envelope) -> Answer:
        self._under_way += 1
        try:
            answer = await self._send_with_faults(envelope)
        finally:
            self._under_way -= 1
            async with self._idle:
                self._idle.notify_all()
        self._record(envelope, answer)
        return answer

    async def _send_with_faults(self, envelope: Envelope) -> Answer:
        fault = self.faults.take(envelope.kind)
        if fault is not None and fault.slow:
            await asyncio.sleep(fault.slow)
        answer = await self.transport.send(envelope, self.rules.ack)
        if fault is not None and fault.then_fail and answer.ok:
            return Answer(False, reason="timeout", seconds=answer.seconds)
        return answer

    def _record(self, envelope: Envelope, answer: Answer) -> None:
        name = _name(envelope.kind, envelope.payload)
        self.log.append(
            Delivered(
                self.workspace.clock.now(),
                envelope.kind,
                name,
                envelope.attempt,
                answer.ok,
                answer.reason,
                answer.seconds,
            )
        )
        if not answer.ok:
            what = f"attempt {envelope.attempt + 1} of {name}" if envelope.attempt else name
            self.workspace.warn(f"The app did not acknowledge {what}: {answer.reason}.")

    def _event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        workspace = self.workspace
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": workspace.team_id,
            "context_team_id": workspace.team_id,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": dict(event),
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(workspace.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team_id,
                    "user_id": workspace.bot,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": "4-" + secrets.token_hex(12),
        }


def _name(kind: str, payload: Mapping[str, Any]) -> str:
    if kind == "slash_commands":
        return f"{payload.get('command')} {payload.get('text')}".strip()[:80]
    if kind == "events_api":
        return str(payload["event"].get("type"))
    actions = payload.get("actions") or [{}]
    what = actions[0].get("action_id") or payload.get("view", {}).get("callback_id") or ""
    return f"{payload.get('type')} {what}".strip()
