"""CloudWatch alarms through Amazon SNS: signed by a certificate of Amazon's, for topics that are named here.

The signature only proves that SNS sent it, and everybody can have a topic there: so the secret of this source
names the topics, by ARN and with commas between them. A subscription is confirmed by itself, once SNS has
asked for it with a signature that holds and for such a topic. Bodies come as text/plain.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core.alert import Alert, AlertStatus, fallen
from bot.core.sns import SIGNED, Subscription, certificate_url, confirmation_url, signed_text
from bot.sources.sns import Certificates
from handlers import json_body
from handlers.alerts.alert_group import cohort_of
from handlers.fields import inner, moment, number, text, texts
from handlers.json_body import UnreadableError
from handlers.signatures import digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()
SLOW = True
"""To prove itself it may have a certificate fetched: not on the event loop."""
HINT = (
    "LOOKOUT_WEBHOOK_SECRET_CLOUDWATCH holds the ARNs of the SNS topics, with commas between them; "
    "raw message delivery must be off, since it leaves the signature out."
)

OLD = timedelta(minutes=75)
"""SNS tries for an hour at most; what is older is a replay."""

CERTIFICATES = Certificates()

_STATES: Mapping[str, AlertStatus] = {"ALARM": "firing", "OK": "resolved", "INSUFFICIENT_DATA": "firing"}
_HASHES = {"1": "SHA1", "2": "SHA256"}
"""By signature version."""


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """SNS's signature over the message, of the last hour, for one of the topics in the secret.

    Raises:
        SourceError: the certificate cannot be had now; SNS never sends again what is answered with 401.

    """
    try:
        message = json_body.parse(body)
    except UnreadableError:
        return False
    if not isinstance(message, dict):
        return False
    topics = {topic.strip() for topic in secret.split(",") if topic.strip()}
    sent = moment(message.get("Timestamp"))
    timely = sent is not None and abs(now - sent) <= OLD
    return timely and text(message, "TopicArn") in topics and signed(message, now)


def signed(message: Mapping[str, Any], now: datetime, certificates: Certificates | None = None) -> bool:
    """Whether SNS signed the message, with a certificate that is valid now. Raises SourceError."""
    said, hashed = signed_text(message), _HASHES.get(str(message.get("SignatureVersion")))
    url, given = message.get("SigningCertURL"), message.get("Signature")
    if said is None or hashed is None or not isinstance(url, str) or not isinstance(given, str):
        return False
    try:
        signature = base64.b64decode(given.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return False
    if not certificate_url(url):
        return False
    return _verified((certificates or CERTIFICATES).of(url), signature, said, hashed, now)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The message's id, which a retry repeats."""
    return (text(payload, "MessageId") if isinstance(payload, dict) else "") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alarm; nothing for what SNS says about the subscription.

    Insufficient data fires too: it comes only where the alarm was told to say so, and nobody knows then.

    Raises:
        UnreadableError: this is no message of SNS, or not about an alarm.

    """
    kind = text(payload, "Type") if isinstance(payload, dict) else ""
    if kind not in SIGNED:
        raise UnreadableError(
            "Type is missing", "/Type", "Expected a message of Amazon SNS, not raw delivery."
        )
    if kind != "Notification" or not isinstance(payload, dict):
        return ()
    message = payload.get("Message")
    try:
        said = json_body.parse(message.encode("utf-8", "surrogatepass")) if isinstance(message, str) else None
    except UnreadableError:
        said = None
    alarm = _alarm(said)
    if not text(alarm, "AlarmName"):
        raise UnreadableError("the message is not about an alarm", "/Message", "Send CloudWatch alarms here.")
    return (_alert(alarm, payload),)


def subscription(payload: object) -> Subscription | None:
    """What SNS says about the subscription itself; None where it brings a notification."""
    if (
        not isinstance(payload, dict)
        or payload.get("Type") not in SIGNED
        or payload["Type"] == "Notification"
    ):
        return None
    url, begins = payload.get("SubscribeURL"), payload["Type"] == "SubscriptionConfirmation"
    ours = begins and isinstance(url, str) and confirmation_url(url)
    return Subscription(text(payload, "TopicArn"), str(url) if ours else "", ended=not begins)


def _alarm(said: object) -> Mapping[str, Any]:
    """The alarm as CloudWatch itself sends it, or as EventBridge does, in the words of the former."""
    detail = inner(said, "detail")
    if not detail:
        return said if isinstance(said, dict) else {}
    metrics = inner(detail, "configuration").get("metrics")
    first = metrics[0] if isinstance(metrics, list) and metrics else {}
    metric = inner(inner(first, "metricStat"), "metric")
    dimensions = inner(metric, "dimensions")
    state = inner(detail, "state")
    return {
        "AlarmName": detail.get("alarmName"),
        "NewStateValue": state.get("value"),
        "NewStateReason": state.get("reason"),
        "StateChangeTime": state.get("timestamp"),
        "AlarmDescription": inner(detail, "configuration").get("description"),
        "AlarmArn": next(iter(_texts(inner({"s": said}, "s").get("resources"))), ""),
        "Trigger": {
            "MetricName": metric.get("name"),
            "Namespace": metric.get("namespace"),
            "Dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
        },
    }


def _alert(alarm: Mapping[str, Any], envelope: Mapping[str, Any]) -> Alert:
    state = text(alarm, "NewStateValue").upper()
    if state not in _STATES:
        hint = f"Expected {', '.join(_STATES)}."
        raise UnreadableError(f"the state is {state[:40]!r}", "/Message/NewStateValue", hint)
    trigger, name = inner(alarm, "Trigger"), text(alarm, "AlarmName")
    reason, described = text(alarm, "NewStateReason"), text(alarm, "AlarmDescription")
    labels = _dimensions(trigger) | texts(
        {"alertname": name, "namespace": trigger.get("Namespace"), "region": alarm.get("Region")}
    )
    at = moment(alarm.get("StateChangeTime")) or moment(envelope.get("Timestamp"))
    moved = fallen(f"{described} {name}")
    return Alert(
        source="cloudwatch",
        key=text(alarm, "AlarmArn") or "/".join((text(alarm, "AWSAccountId"), text(alarm, "Region"), name)),
        title=f"{name} has too little data to be judged" if state == "INSUFFICIENT_DATA" else name,
        status=_STATES[state],
        severity="warning" if state == "INSUFFICIENT_DATA" else labels.get("severity", ""),
        metric=text(trigger, "MetricName"),
        service=labels.get("service", "") or labels.get("ServiceName", ""),
        value=moved[1] if moved else _measured(reason),
        baseline=moved[0] if moved else None,
        cohort=cohort_of(labels),
        started_at=at if _STATES[state] == "firing" else None,
        ended_at=at if _STATES[state] == "resolved" else None,
        labels=labels,
        annotations=texts({"reason": reason, "description": described}),
    )


def _dimensions(trigger: Mapping[str, Any]) -> dict[str, str]:
    """The metric's dimensions as labels; CloudWatch writes their fields small, its documents large."""
    given = trigger.get("Dimensions")
    pairs = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return texts({text(one, "name", "Name"): text(one, "value", "Value") for one in pairs})


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _measured(reason: str) -> float | None:
    """The datapoint that a reason names: "Threshold Crossed: 1 datapoint [0.61 (23/11/26 …)] was …"."""
    points = re.findall(r"\[(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?) \(", reason)
    return number(points[0]) if len(points) == 1 else None


def _verified(pem: bytes, signature: bytes, said: bytes, hashed: str, now: datetime) -> bool:
    """PKCS #1 v1.5 over the text, by the key of a certificate that is valid now."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not valid or not isinstance(key, RSAPublicKey):
        return False
    algorithm = hashes.SHA1() if hashed == "SHA1" else hashes.SHA256()  # noqa: S303 - version 1 is what most topics sign
    try:
        key.verify(signature, said, PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
