"""CloudWatch alarms through SNS: whose they are, what they say, and how a subscription is confirmed."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.sns import Subscription, amazons, confirmation_url, signed_text
from bot.errors import SourceError
from bot.sources import sns
from bot.sources.sns import MOST_ASKED, MOST_READ, Certificates
from handlers.alerts import cloudwatch
from handlers.json_body import UnreadableError

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads" / "cloudwatch_sns"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:1234567890:lookout"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=y"


def sent(name):
    """A message that SNS sent."""
    return json.loads((PAYLOADS / name).read_text())


@pytest.fixture(scope="module")
def key():
    """A key as SNS has one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(key):
    """Its certificate, valid in November 2026."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(1)
        .not_valid_before(datetime(2026, 11, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 12, 1, tzinfo=UTC))
    )
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def asked(pem, monkeypatch):
    """The addresses at which certificates were asked for, of an SNS that answers."""
    addresses = []

    def get(url):
        addresses.append(url)
        return pem

    monkeypatch.setattr(cloudwatch, "CERTIFICATES", Certificates(get))
    return addresses


def alarm(**fields):
    """An alarm as CloudWatch writes it into a message."""
    return {
        "AlarmName": "NDCG@10 fell", "AlarmDescription": "reranker NDCG@10 0.78 -> 0.61",
        "AWSAccountId": "1234567890", "Region": "EU (Ireland)", "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [0.61 (23/11/26 02:34:00)] was less than 0.7.",
        "StateChangeTime": "2026-11-23T02:36:00.123+0000",
        "Trigger": {
            "MetricName": "ndcg", "Namespace": "Search",
            "Dimensions": [{"name": "service", "value": "reranker"}, {"name": "locale", "value": "jp"}],
        },
    } | fields  # fmt: skip


def envelope(said, **fields):
    """A notification that carries it."""
    return {
        "Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Subject": "ALARM: NDCG",
        "Message": said if isinstance(said, str) else json.dumps(said),
        "Timestamp": "2026-11-23T02:59:58.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
    } | fields  # fmt: skip


def signed(key, message):
    """The message with SNS's signature, as bytes."""
    algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
    mark = key.sign(signed_text(message), PKCS1v15(), algorithm)
    return json.dumps(message | {"Signature": base64.b64encode(mark).decode()}).encode()


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["ALARM: NDCG", None])
def test_a_message_signed_by_sns_for_a_named_topic_is_believed(key, asked, version, subject):
    """SHA-1 or SHA-256, with a subject or without one; the certificate is fetched once."""
    body = signed(key, envelope(alarm(), SignatureVersion=version, Subject=subject))
    for _ in range(2):
        assert cloudwatch.authentic({}, body, f"arn:other, {TOPIC}", NOW)
    assert asked == [CERTIFICATE]


def test_what_was_changed_on_the_way_replayed_or_from_another_topic_is_not_believed(key, asked):
    """Anybody may have a topic: the signature alone proves nothing."""
    body = signed(key, envelope(alarm()))
    assert not cloudwatch.authentic({}, body.replace(b"0.61", b"0.99"), TOPIC, NOW)
    assert not cloudwatch.authentic({}, body, "arn:aws:sns:eu-west-1:1234567890:another", NOW)
    assert not cloudwatch.authentic({}, body, "", NOW)
    assert not cloudwatch.authentic({}, body, TOPIC, NOW + timedelta(hours=2))
    late = signed(key, envelope(alarm(), Timestamp="2026-12-02T00:00:00Z"))
    assert not cloudwatch.authentic({}, late, TOPIC, datetime(2026, 12, 2, tzinfo=UTC)), "certificate ran out"
    for wrong in (b"", b"[]", b"{}", b"\xff", b'{"Type": "Notification"}'):
        assert not cloudwatch.authentic({}, wrong, TOPIC, NOW)
    odd = (("Signature", "é"), ("Signature", 7), ("SignatureVersion", "3"), ("Type", "Other"))
    for field, value in (*odd, ("TopicArn", [TOPIC]), ("TopicArn", {}), ("Type", [])):
        changed = json.dumps(json.loads(body) | {field: value}).encode()
        assert not cloudwatch.authentic({}, changed, TOPIC, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.org/x.pem",
        "https://evil.org/sns.eu-west-1.amazonaws.com/x.pem",
        "https://evil.org#sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.org/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem?a=1/../y",
        "https://sns.eu-west-1.amazonaws.com/x.pem?a.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem#a.pem",
        "https://sns.eu-west-1.amazon\naws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x",
        "https://169.254.169.254/x.pem",
        "file:///etc/x.pem",
        "https://[sns/x.pem",
        "",
    ],
)
def test_no_other_address_than_sns_own_is_ever_asked(key, asked, url):
    """The address stands in a body that anybody can send."""
    body = signed(key, envelope(alarm(), SigningCertURL=url))
    assert not cloudwatch.authentic({}, body, TOPIC, NOW)
    assert asked == []
    assert not confirmation_url(url)


def test_addresses_of_every_partition_are_known():
    """Also of China and of the US government."""
    for region in ("us-east-1", "ap-northeast-1", "us-gov-west-1"):
        assert amazons(f"https://sns.{region}.amazonaws.com/a.pem")
    assert amazons("https://sns.cn-north-1.amazonaws.com.cn/a.pem")


def test_a_certificate_that_cannot_be_had_is_said_so_and_not_asked_for_at_every_forgery(key, monkeypatch):
    """SNS never repeats what is refused, so it is told to send again; forgeries cannot make us ask on."""
    asked, time = [], [0.0]

    def refuse(url):
        asked.append(url)
        raise SourceError("sns.eu-west-1.amazonaws.com: ConnectTimeout")

    monkeypatch.setattr(cloudwatch, "CERTIFICATES", Certificates(refuse, lambda: time[0]))
    body = signed(key, envelope(alarm()))
    for _ in range(3):
        with pytest.raises(SourceError, match="ConnectTimeout"):
            cloudwatch.authentic({}, body, TOPIC, NOW)
    assert asked == [CERTIFICATE]
    for number in range(50):
        with pytest.raises(SourceError):
            cloudwatch.CERTIFICATES.of(CERTIFICATE.replace("-1.pem", f"-{number}0.pem"))
    assert len(asked) == MOST_ASKED
    time[0] = 61.0
    with pytest.raises(SourceError):
        cloudwatch.authentic({}, body, TOPIC, NOW)
    assert len(asked) == MOST_ASKED + 1


def test_forgeries_do_not_drive_out_the_certificate_that_is_signed_with(pem):
    """However many addresses they name, of which none has one."""
    time, asked = [0.0], []

    def get(url):
        asked.append(url)
        if url != CERTIFICATE:
            raise SourceError("answered 404")
        return pem

    certificates = Certificates(get, lambda: time[0])
    certificates.of(CERTIFICATE)
    for number in range(40):
        time[0] += 10.0
        with pytest.raises(SourceError, match="404"):
            certificates.of(CERTIFICATE.replace("-1.pem", f"-{number}0.pem"))
    assert certificates.of(CERTIFICATE) == pem
    assert asked.count(CERTIFICATE) == 1


def test_an_address_that_is_none_is_no_answer():
    """It is refused before anything is asked, and told as other failures are."""
    with pytest.raises(SourceError, match="InvalidURL"):
        sns.fetch("https://sns.eu-west-1.amazon\naws.com/x.pem")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(302, headers={"location": "http://169.254.169.254/"}), "answered 302"),
        (httpx.Response(500), "answered 500"),
        (httpx.Response(200, content=b"x" * (MOST_READ + 1)), "more than 65536 bytes"),
    ],
)
def test_redirects_errors_and_floods_are_no_answer(answer, says):
    """Nothing is followed, and little is read."""
    with pytest.raises(SourceError, match=says):
        sns.fetch(CERTIFICATE, transport=httpx.MockTransport(lambda _: answer))


def test_a_subscription_is_confirmed_at_sns_alone():
    """The answer has to be a confirmation."""
    answers = [b"<ConfirmSubscriptionResponse><ConfirmSubscriptionResult/>", b"<html>"]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answers.pop(0)))
    sns.confirm(CONFIRM, transport=transport)
    with pytest.raises(SourceError, match="without a confirmation"):
        sns.confirm(CONFIRM, transport=transport)
    for elsewhere in ("https://evil.org/?Action=ConfirmSubscription", CONFIRM.replace("Confirm", "Un")):
        with pytest.raises(SourceError, match="not one of Amazon SNS"):
            sns.confirm(elsewhere, transport=transport)


def test_an_alarm_fires_and_resolves_under_its_name():
    """Value and baseline from the description, dimensions as labels and cohort, the time of the change."""
    (fired,) = cloudwatch.parse(envelope(alarm()), {})
    assert (fired.source, fired.key, fired.title, fired.status) == (
        "cloudwatch", "1234567890/EU (Ireland)/NDCG@10 fell", "NDCG@10 fell", "firing",
    )  # fmt: skip
    assert (fired.metric, fired.service, fired.cohort) == ("ndcg", "reranker", {"locale": "jp"})
    assert (fired.baseline, fired.value) == (0.78, 0.61)
    assert fired.started_at == datetime(2026, 11, 23, 2, 36, 0, 123000, tzinfo=UTC)
    (measured,) = cloudwatch.parse(envelope(alarm(AlarmDescription=None)), {})
    assert (measured.baseline, measured.value) == (None, 0.61)
    (over,) = cloudwatch.parse(envelope(alarm(NewStateValue="OK")), {})
    assert (over.status, over.key, over.started_at, over.ended_at) == (
        "resolved",
        fired.key,
        None,
        fired.started_at,
    )


def test_the_payloads_that_were_sent_are_read():
    """Insufficient data says that nobody knows; a subscription is no alarm; other documents are named."""
    (blind,) = cloudwatch.parse(sent("cloudwatch_insufficient_data.json"), {})
    assert (blind.title, blind.status, blind.severity) == (
        "notificationCountAlarm has too little data to be judged", "firing", "warning",
    )  # fmt: skip
    assert (blind.metric, blind.labels["TopicName"], blind.value) == (
        "NumberOfNotificationsDelivered",
        "alerta-test",
        None,
    )
    asks = sent("cloudwatch_subscription_confirmation.json")
    assert cloudwatch.parse(asks, {}) == ()
    assert cloudwatch.subscription(asks) == Subscription(asks["TopicArn"], asks["SubscribeURL"])
    assert signed_text(asks).splitlines()[:2] == [b"Message", asks["Message"].splitlines()[0].encode()]
    for other in ("events__eventBridgeEvent.json", "events__snsSqsEvent.json"):
        with pytest.raises(UnreadableError, match="Type is missing"):
            cloudwatch.parse(sent(other), {})
    inside = json.loads(sent("events__snsSqsEvent.json")["Records"][0]["body"])
    with pytest.raises(UnreadableError, match="not about an alarm"):
        cloudwatch.parse(inside, {})


def test_alarms_that_eventbridge_passes_on_are_read_too():
    """The same alarm in other words."""
    passed_on = {
        "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "resources": ["arn:aws:cloudwatch:eu-west-1:1:alarm:NDCG"],
        "detail": {
            "alarmName": "NDCG", "state": {"value": "ALARM", "timestamp": "2026-11-23T02:36:00.000+0000"},
            "configuration": {
                "metrics": [{"metricStat": {"metric": {"name": "ndcg", "dimensions": {"locale": "jp"}}}}]
            },
        },
    }  # fmt: skip
    (fired,) = cloudwatch.parse(envelope(passed_on), {})
    assert (fired.key, fired.metric, fired.cohort) == (
        "arn:aws:cloudwatch:eu-west-1:1:alarm:NDCG", "ndcg", {"locale": "jp"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("a plain text", "not about an alarm"),
        ({"AlarmName": "x", "NewStateValue": "ODD"}, "the state is 'ODD'"),
        ({"AlarmName": 7}, "not about an alarm"),
        ([1], "not about an alarm"),
        ("NaN", "not about an alarm"),
    ],
)
def test_what_is_no_alarm_is_named(said, error):
    """It is kept in quarantine."""
    with pytest.raises(UnreadableError, match=error):
        cloudwatch.parse(envelope(said), {})


def test_a_subscription_elsewhere_is_never_followed():
    """And the end of one is known as such."""
    begins = {"Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "SubscribeURL": "https://evil.org/"}
    assert cloudwatch.subscription(begins) == Subscription(TOPIC)
    ends = {"Type": "UnsubscribeConfirmation", "TopicArn": TOPIC, "SubscribeURL": CONFIRM}
    assert cloudwatch.subscription(ends) == Subscription(TOPIC, ended=True)
    assert cloudwatch.subscription(envelope(alarm())) is None
    assert cloudwatch.subscription([]) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(sorted(alarm())), JSON))
def test_any_field_of_any_kind_is_read_or_named(fields):
    """Nothing a sender writes raises anything but what quarantine understands."""
    with contextlib.suppress(UnreadableError):
        cloudwatch.parse(envelope(alarm(**fields)), {})
