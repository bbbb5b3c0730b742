"""Amazon SNS: which addresses are its own, and over which text it signs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com(?:\.cn)?")
"""An endpoint of SNS in one region; those of China end in .cn."""

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""By the type of a message, the fields that its signature covers, in their order.

Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
"""


@dataclass(frozen=True)
class Subscription:
    """What SNS says about the subscription of a topic: that it is to be confirmed at `url`, or has ended.

    The address is empty where it is not one of SNS: that is never asked for.
    """

    topic: str
    url: str = ""
    ended: bool = False


def amazons(url: str) -> bool:
    """Whether an address is one of SNS itself, over HTTPS and with nothing that could lead elsewhere.

    >>> amazons("https://sns.eu-west-1.amazonaws.com/x.pem"), amazons("https://sns.eu-west-1.amazonaws.com.evil.org/")
    (True, False)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and port in (None, 443)
    return parts.scheme == "https" and plain and bool(_HOST.fullmatch(parts.hostname or ""))


def certificate_url(url: str) -> bool:
    """Whether an address is that of a certificate of SNS, in the one way in which it can be written."""
    return amazons(url) and bool(re.fullmatch(r"https://[a-z0-9.-]+/[A-Za-z0-9_.-]{1,100}\.pem", url))


def confirmation_url(url: str) -> bool:
    """Whether asking for an address confirms a subscription at SNS, and does nothing else."""
    return amazons(url) and parse_qs(urlsplit(url).query).get("Action") == ["ConfirmSubscription"]


def signed_text(message: Mapping[str, object]) -> bytes | None:
    """What SNS signs of a message: names and values, a line each; None where a field is missing.

    A subject may be missing: then it is left out.
    """
    fields = SIGNED.get(str(message.get("Type")))
    if fields is None:
        return None
    lines: list[str] = []
    for name in fields:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            return None
        lines += [name, value]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")
