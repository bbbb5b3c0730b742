"""The inbox worker: takes each delivery to the service it is for, in one transaction with its effects."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlmodel import Session

from bot.clock import Clock
from bot.core.alert import Alert
from bot.core.effect import Ephemeral, Message
from bot.core.inbound import UNASKED, Inbound, load
from bot.errors import UserError
from bot.services import alerts as alert_service
from bot.services import changes as change_service
from bot.services import quarantine, subscribing
from bot.services.desk import Desk
from bot.store import claims, incident_alerts, outbox, people
from bot.store.claims import Delivery
from bot.store.database import Database
from handlers import alerts, changes, registrations, slack_verbs
from handlers.door import SOURCE

log = structlog.get_logger()

LEASE = timedelta(seconds=60)

ALERTS = "webhooks"
"""What the source of an alert's delivery begins with."""

STORM = 200
"""Alerts handled in one transaction at most: others wait for it, so it may take a tenth of a second or so."""


class LeaseLostError(Exception):
    """Another worker took the delivery over; what this one did is rolled back."""


class Dispatcher:
    """Works off the inbox: one delivery a step, of alerts all that came in together."""

    def __init__(self, db: Database, desk: Desk, clock: Clock) -> None:
        self._db = db
        self._desk = desk
        self._clock = clock

    def step(self) -> bool:
        """Handle the oldest delivery; False when there is none.

        Alerts behind it in the same storm are handled in the same transaction, so that a card is drawn once
        for all of them; where one of them cannot be, each is handled for itself.
        """
        now = self._clock()
        taken = claims.claim_alike(self._db, f"{ALERTS}/", now=now, lease=LEASE, most=STORM)
        if len(taken) < 2 or not self._together(taken):
            for delivery in taken:
                self._one(delivery)
        return bool(taken)

    def _together(self, storm: Sequence[Delivery]) -> bool:
        try:
            with self._db.write() as session:
                incident_alerts.alone(session)
                now = self._clock()  # only here: whoever lets go what was held until now has done so before
                seen = [alert for delivery in storm for alert in _alerts(session, self._desk, delivery, now)]
                alert_service.receive(session, self._desk, seen, now=now)
                self._done(session, *storm)
        except Exception as error:  # noqa: BLE001 - handled one by one, each failure then has its own delivery's name
            log.warning("storm_one_by_one", first=storm[0].id, alerts=len(storm), error=type(error).__name__)
            return False
        log.info("storm_done", first=storm[0].id, deliveries=len(storm), alerts=len(seen))
        return True

    def _one(self, delivery: Delivery) -> None:
        try:
            self._handle(delivery)
        except LeaseLostError:
            log.warning("inbox_lease_lost", delivery=delivery.id)
        except UserError as error:
            self._tell(delivery, f"{error.message} {error.hint}".strip())
        except Exception:  # noqa: BLE001 - the one guard for what nobody foresaw: logged under an id, told, tried again
            self._broken(delivery)

    def _handle(self, delivery: Delivery) -> None:
        with self._db.write() as session:
            if delivery.source.startswith(f"{ALERTS}/"):
                incident_alerts.alone(session)
            handle(session, self._desk, delivery, self._clock())
            self._done(session, delivery)
        log.info("delivery_done", delivery=delivery.id, source=delivery.source)

    def _done(self, session: Session, *deliveries: Delivery) -> None:
        if not claims.done(session, *deliveries):
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
            if claims.failed(session, delivery, error=error, now=now):
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
    elif kind == ALERTS:
        alert_service.receive(session, desk, _alerts(session, desk, delivery, now), now=now)
    else:
        change_service.record(session, changes.SOURCES[source].parse(payload, delivery.headers), now=now)


def _alerts(session: Session, desk: Desk, delivery: Delivery, now: datetime) -> Sequence[Alert]:
    """The alerts of a delivery; what it says about its subscription is done beside them."""
    source, payload = delivery.source.partition("/")[2], json.loads(delivery.body)
    said = alerts.SUBSCRIPTIONS[source](payload) if source in alerts.SUBSCRIPTIONS else None
    if said is not None:
        subscribing.heard(session, desk, said, f"inbox/{delivery.id}", now)
    parsed: Sequence[Alert] = alerts.SOURCES[source].parse(payload, delivery.headers)
    return parsed


def _tell(session: Session, delivery: Delivery, text: str, now: datetime) -> None:
    if delivery.source != SOURCE:
        return
    asked: Inbound = load(delivery.body)
    if isinstance(asked, UNASKED):
        return  # nobody asked for anything
    key = f"inbox/{delivery.id}/answer"
    place = asked.place
    effect = Ephemeral(key, place.channel, asked.by, Message(text), place.thread)
    outbox.put(session, effect, now=now)
