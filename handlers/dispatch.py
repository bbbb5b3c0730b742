"""The inbox worker: takes each delivery to the service it is for, in one transaction with its effects."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlmodel import Session

from bot.clock import Clock
from bot.core.effect import Ephemeral, Message
from bot.core.inbound import Changed, Inbound, OpenedHome, load
from bot.errors import UserError
from bot.services import alerts as alert_service
from bot.services import changes as change_service
from bot.services import quarantine
from bot.services.desk import Desk
from bot.store import inbox, outbox, people
from bot.store.database import Database
from bot.store.inbox import Delivery
from handlers import alerts, changes, registrations, slack_verbs
from handlers.door import SOURCE

log = structlog.get_logger()

LEASE = timedelta(seconds=60)


class LeaseLostError(Exception):
    """Another worker took the delivery over; what this one did is rolled back."""


class Dispatcher:
    """Works off the inbox, one delivery a step."""

    def __init__(self, db: Database, desk: Desk, clock: Clock) -> None:
        self._db = db
        self._desk = desk
        self._clock = clock

    def step(self) -> bool:
        """Handle the oldest delivery; False when there is none."""
        delivery = inbox.claim(self._db, now=self._clock(), lease=LEASE)
        if delivery is None:
            return False
        try:
            self._handle(delivery)
        except LeaseLostError:
            log.warning("inbox_lease_lost", delivery=delivery.id)
        except UserError as error:
            self._tell(delivery, f"{error.message} {error.hint}".strip())
        except Exception:  # noqa: BLE001 - the one guard for what nobody foresaw: logged under an id, told, tried again
            self._broken(delivery)
        return True

    def _handle(self, delivery: Delivery) -> None:
        with self._db.write() as session:
            handle(session, self._desk, delivery, self._clock())
            self._done(session, delivery)
        log.info("delivery_done", delivery=delivery.id, source=delivery.source)

    def _done(self, session: Session, delivery: Delivery) -> None:
        if not inbox.done(session, delivery):
            raise LeaseLostError

    def _tell(self, delivery: Delivery, text: str) -> None:
        """Answer the person who asked; the delivery is done, since trying again would fail again."""
        with self._db.write() as session:
            _tell(session, delivery, text, self._clock())
            self._done(session, delivery)

    def _broken(self, delivery: Delivery) -> None:
        incident = uuid4().hex[:8]
        log.exception("delivery_failed", delivery=delivery.id, source=delivery.source, error_id=incident)
        now = self._clock()
        with self._db.write() as session:
            if delivery.tries == 1:
                text = f"Something went wrong inside Lookout (error {incident}). It will be tried again."
                _tell(session, delivery, text, now)
            error = f"error {incident}"
            if inbox.failed(session, delivery, error=error, now=now):
                quarantine.gave_up(session, self._desk.settings, delivery, error=error, now=now)


def handle(session: Session, desk: Desk, delivery: Delivery, now: datetime) -> None:
    """Take one delivery to its service."""
    kind, _, source = delivery.source.partition("/")
    if kind == SOURCE:
        asked = load(delivery.body)
        people.meet(session, asked.by, delivery.headers.get("name", ""))
        slack_verbs.handle(session, desk, asked, f"inbox/{delivery.id}", now)
        return
    payload = json.loads(delivery.body)
    if kind == registrations.KIND:
        registrations.work(session, desk, payload, f"inbox/{delivery.id}", now)
    elif kind == "webhooks":
        parsed = alerts.SOURCES[source].parse(payload, delivery.headers)
        alert_service.receive(session, desk, parsed, now=now)
    else:
        change_service.record(session, changes.SOURCES[source].parse(payload, delivery.headers), now=now)


def _tell(session: Session, delivery: Delivery, text: str, now: datetime) -> None:
    if delivery.source != SOURCE:
        return
    asked: Inbound = load(delivery.body)
    if isinstance(asked, OpenedHome | Changed):
        return  # nobody asked for anything, and there is no place to answer in
    key = f"inbox/{delivery.id}/answer"
    place = asked.place
    effect = Ephemeral(key, place.channel, asked.by, Message(text), place.thread)
    outbox.put(session, effect, now=now)
