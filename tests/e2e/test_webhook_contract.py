"""Every row of the HTTP contract, against the running bot: on SQLite and on PostgreSQL."""

import asyncio
import hashlib
import hmac
import itertools
import json
import re
import resource
import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, make_url

from bot.store.inbox import InboxRow
from tests.e2e.house import House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "s3cret-tøken"
BEARER = {"Authorization": f"Bearer {SECRET}".encode()}
PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
NEVER = "never-stored-marker"
"""Stands in every body that must be refused, and so may stand nowhere in the database."""

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A bot with secrets for all sources, once on each kind of database."""
    database, drop = "", None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        name = f"lookout_contract_{uuid.uuid4().hex[:12]}"
        sql(server, f"CREATE DATABASE {name}")
        database = make_url(server).set(database=name).render_as_string(hide_password=False)
        drop = (server, f"DROP DATABASE {name} WITH (FORCE)")
    names = ("ALERTMANAGER", "GENERIC", "GITHUB")
    secrets = {f"LOOKOUT_WEBHOOK_SECRET_{name}": SECRET for name in names}
    folder = tmp_path_factory.mktemp(f"contract-{request.param}")
    async with House(folder, database=database, environment=secrets) as house:
        yield house
    if drop:
        sql(*drop)


def sql(url: str, *statements: str) -> None:
    """Execute statements outside any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def alert(**fields: object) -> dict[str, object]:
    """A generic alert unlike every other one of this run."""
    number = next(_numbers)
    return {
        "key": f"key-{number}",
        "title": f"Metric {number} fell",
        "status": "firing",
        "metric": f"metric_{number}",
    } | fields


def change(**fields: object) -> dict[str, object]:
    """A generic change unlike every other one of this run."""
    number = next(_numbers)
    return {
        "id": f"change-{number}", "kind": "config", "title": f"Change {number}", "at": "2026-11-23T02:00:00Z",
    } | fields  # fmt: skip


def group(**fields: object) -> dict[str, object]:
    """A body that a running Alertmanager sent, under a fingerprint of its own."""
    captured = json.loads((PAYLOADS / "alertmanager_captured" / "firing_firing_1.json").read_text())["body"]
    number = next(_numbers)
    captured["alerts"][0] |= {"fingerprint": f"{number:016x}"}
    captured["alerts"][0]["labels"] |= {"job": f"job-{number}"}
    return captured | fields


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """GitHub's headers for a body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "deployment_status",
        "X-GitHub-Delivery": f"delivery-{next(_numbers)}",
    }


# Accepted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/webhooks/generic", alert),
        ("/webhooks/alertmanager", group),
        ("/changes/generic", change),
    ],
)
async def test_a_delivery_is_stored_before_it_is_answered_and_a_repeat_is_called_one(house, path, body):
    """202 with the id of a row that is there; the same bytes again: 200, the same id, duplicate."""
    content = json.dumps(body()).encode()
    first = await house.http.post(path, content=content, headers=BEARER)
    row = next(row for row in house.rows(InboxRow) if row.id == first.json()["id"])
    assert (row.source, row.body) == (path[1:], content.decode())
    again = await house.http.post(path, content=content, headers=BEARER)
    assert (first.status_code, first.json()) == (202, {"id": row.id, "duplicate": False})
    assert (again.status_code, again.json()) == (200, {"id": row.id, "duplicate": True})


async def test_many_senders_at_once_with_one_body_store_it_once(house):
    """Of twenty copies side by side one is new, whoever came first."""
    content = json.dumps(alert()).encode()
    posts = [house.http.post("/webhooks/generic", content=content, headers=BEARER) for _ in range(20)]
    answers = await asyncio.gather(*posts)
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_github_is_known_by_its_signature_and_counted_by_its_delivery(house):
    """A redelivery has the same X-GitHub-Delivery, whatever else of it changed."""
    body = (PAYLOADS / "github" / "deployment_status__with-installation.json").read_bytes()
    headers = signed(body)
    first = await house.http.post("/changes/github", content=body, headers=headers)
    again = await house.http.post("/changes/github", content=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == {"id": first.json()["id"], "duplicate": True}


async def test_a_delivery_of_exactly_the_limit_is_taken(house):
    """1 MiB is allowed; unknown fields are ignored."""
    body = alert(padding="")
    body["padding"] = "x" * (1_048_576 - len(json.dumps(body)))
    answer = await house.http.post("/webhooks/generic", content=json.dumps(body), headers=BEARER)
    assert answer.status_code == 202


# Refused -------------------------------------------------------------------------------------------------

LEGACY = {"Authorization": f"Basic {SECRET}".encode()}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/webhooks/generic", {}),
        ("/webhooks/generic", {"Authorization": "Bearer"}),
        ("/webhooks/generic", {"Authorization": "Bearer wrong"}),
        ("/webhooks/generic", {"Authorization": b"Bearer \xff\xfe"}),
        ("/webhooks/generic", LEGACY),
        ("/webhooks/alertmanager", {}),
        ("/changes/generic", {"Authorization": "Bearer wrong"}),
        ("/webhooks/nagios", BEARER),
        ("/webhooks/github", BEARER),
        ("/webhooks/..%2fgeneric", BEARER),
        ("/webhooks/%00", BEARER),
        ("/changes/alertmanager", BEARER),
        ("/changes/github", BEARER),
        ("/changes/github", {"X-Hub-Signature-256": "sha256=" + "0" * 64}),
        ("/changes/github", {"X-Hub-Signature-256": "sha256=é".encode()}),
        ("/changes/github", {"X-Hub-Signature": "sha1=" + "0" * 40}),
    ],
)
async def test_who_cannot_prove_who_they_are_is_refused(house, path, headers):
    """401 for a bad or missing token or signature and for a source there is none of; nothing is kept."""
    answer = await house.http.post(path, content=json.dumps(alert(title=NEVER)), headers=headers)
    assert answer.status_code == (404 if "%2f" in path else 401)
    assert SECRET not in answer.text
    assert house.stored(NEVER) == []


async def test_a_signature_over_another_body_or_with_another_secret_is_refused(house):
    """Both were made by somebody, neither by GitHub for this body."""
    body = json.dumps({"title": NEVER}).encode()
    for headers in (signed(body + b" "), signed(body, "another")):
        answer = await house.http.post("/changes/github", content=body, headers=headers)
        assert (answer.status_code, set(answer.json())) == (401, {"error", "path", "hint"})
    assert house.stored(NEVER) == []


@pytest.mark.parametrize("path", ["/webhooks/generic", "/changes/github", "/slack/events"])
async def test_an_oversize_body_is_refused_by_its_declared_length(house, path):
    """413, or 404 where Socket Mode needs no request URL."""
    answer = await house.http.post(path, content=b"x" * 1_048_577, headers=BEARER)
    assert answer.status_code == (404 if path.startswith("/slack") else 413)


async def test_an_endless_body_is_refused_in_bounded_memory(house):
    """Chunked, so no length is declared: 413 after about 1 MiB, without keeping what is sent on."""
    before = peak_memory(house.bot.pid)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))
    head = "POST /webhooks/generic HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    writer.write(f"{head}Authorization: Bearer x\r\n\r\n".encode())
    sending = asyncio.create_task(send_chunks(writer, b"x" * 65536, 1600))
    status = await asyncio.wait_for(reader.readline(), 30)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.close()
    assert status.split()[1] == b"413"
    assert peak_memory(house.bot.pid) - before < 24_000


async def send_chunks(writer: asyncio.StreamWriter, chunk: bytes, count: int) -> None:
    """Send one chunk after the other, as fast as they are taken."""
    for _ in range(count):
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()


def peak_memory(pid: int) -> int:
    """The most memory the process ever held, kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        (b"", "", "not JSON"),
        (b'{"title": "never-stored-marker"', "", "not JSON"),
        (b'"never-stored-marker"', "", "a text instead of an object"),
        (b'["never-stored-marker"]', "", "a list instead of an object"),
        (b'{"title": "never-stored-marker \xff"}', "", "not UTF-8"),
        (b'{"title": "never-stored-marker", "value": NaN}', "", "NaN"),
        (b'{"title": "never-stored-marker", "value": -Infinity}', "", "-Infinity"),
        (b'{"title": "never-stored-marker", "title": "b"}', "", "stands twice"),
        (b'{"l": {"\\ud800": "never-stored-marker", "\\ud800": ""}}', "", "stands twice"),
        (b'{"never-stored-marker": ' + b"[" * 100_000, "", "deep"),
        (b'{"a": ' * 60 + b"1" + b"}" * 60, "/a" * 51, "nested deeper than 50"),
        (b'{"key": "never-stored-marker", "value": ' + b"9" * 5000 + b"}", "", "number"),
    ],
)
async def test_broken_json_is_named_to_the_person_who_writes_the_sender(house, body, path, says):
    """422 with error, path and hint, and no more; nothing is kept."""
    answer = await house.http.post("/webhooks/generic", content=body, headers=BEARER)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert set(problem) == {"error", "path", "hint"}
    assert (problem["path"], bool(problem["hint"])) == (path, True)
    assert says in problem["error"]
    assert house.stored(NEVER) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"key": None}, "/key"),
        ({"key": ""}, "/key"),
        ({"status": "on"}, "/status"),
        ({"severity": 1}, "/severity"),
        ({"value": "0.6"}, "/value"),
        ({"value": 10**400}, "/value"),
        ({"cohort": {"a/b": []}}, "/cohort/a~1b"),
        ({"cohort": {"\ud800": 1}}, "/cohort/\ufffd"),
        ({"labels": {"x" * 100_000: 1}}, None),
        ({"started_at": "yesterday"}, "/started_at"),
        ({"started_at": "2026-11-23T02:00:00"}, "/started_at"),
    ],
)
async def test_a_wrong_field_is_named_by_its_pointer(house, fields, path):
    """For `generic`, where a person writes the sender."""
    content = json.dumps(alert(title=NEVER, **fields))
    answer = await house.http.post("/webhooks/generic", content=content, headers=BEARER)
    assert answer.status_code == 422, answer.text
    assert path is None or answer.json()["path"] == path
    assert len(answer.text) < 2000
    assert house.stored(NEVER) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [({"kind": "magic"}, "/kind"), ({"at": None}, "/at"), ({"at": "noon"}, "/at"), ({"id": 7}, "/id")],
)
async def test_a_wrong_field_of_a_change_is_named_by_its_pointer(house, fields, path):
    """The same for changes."""
    content = json.dumps(change(title=NEVER) | fields)
    answer = await house.http.post("/changes/generic", content=content, headers=BEARER)
    assert (answer.status_code, answer.json()["path"]) == (422, path)
    assert house.stored(NEVER) == []


# Kept aside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/webhooks/alertmanager", b'{"version": "9", "alarms": [], "n": %d}', "/alerts"),
        ("/webhooks/alertmanager", b'{"alerts": [{"status": "odd"}], "n": %d}', "/alerts/0/status"),
        ("/webhooks/alertmanager", b'not JSON \xff\x00 <!channel> `%d`', ""),
        ("/webhooks/alertmanager", b'{"n": %d, "a": "\\ud800\\u0000", "value": NaN}', ""),
        ("/webhooks/alertmanager", b'{"n": %d, "value": ' + b"9" * 5000 + b"}", ""),
        ("/changes/github", b'{"deployment_status": {"state": "success"}, "n": %d}', None),
    ],
)  # fmt: skip
async def test_what_a_vendor_sends_and_nobody_understands_is_kept_and_said_once(house, path, body, pointer):
    """202 with what is wrong, since any refusal would come back for ever; raw in the database."""
    content = body.replace(b"%d", str(next(_numbers)).encode())
    headers = signed(content) if "github" in path else BEARER
    answer = await house.http.post(path, content=content, headers=headers)
    again = await house.http.post(path, content=content, headers=headers)
    assert (answer.status_code, again.status_code) == (202, 202)
    kept = answer.json()
    assert set(kept) == {"id", "quarantined", "error", "path", "hint"}
    assert kept["quarantined"] is True
    assert pointer is None or kept["path"] == pointer
    assert again.json()["id"] == kept["id"]
    row = next(row for row in house.rows(InboxRow) if row.id == kept["id"])
    assert (row.state, row.body.encode("utf-8", "surrogateescape")) == ("quarantined", content)
    await house.hears("lookout-ops", f"Delivery {kept['id']} from {path[1:]} ", kept["error"][:20])
    told = [m for m in house.said() if f"Delivery {kept['id']} from" in m.text]
    assert len(told) == 1
    assert "<!" not in shown(told[0])


# Not now -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)  # the disk of PostgreSQL is not ours
async def test_a_full_disk_is_answered_503_and_forgotten_when_there_is_room_again(house):
    """What could not be stored is refused so that it comes again, and nothing of it stays."""
    content = json.dumps(alert(title=NEVER)).encode()
    resource.prlimit(house.bot.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        answers = [
            await house.http.post("/webhooks/generic", content=content, headers=BEARER) for _ in range(3)
        ]
        alive = await house.http.get("/healthz")
        trouble = await house.ready(503)
    finally:
        resource.prlimit(house.bot.pid, resource.RLIMIT_FSIZE, (-1, resource.RLIM_INFINITY))
    assert [answer.status_code for answer in answers] == [503] * 3
    assert set(answers[0].json()) == {"error", "path", "hint"}
    assert alive.status_code == 200
    assert not trouble["database"]["ready"]
    assert trouble["database"]["reason"]
    assert house.stored(NEVER) == []
    await house.ready()
    await takes_deliveries(house)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)  # PostgreSQL has no lock of the whole database
async def test_a_locked_database_is_answered_503_while_the_bot_stays_alive(house):
    """Another program holds SQLite's lock for longer than a writer waits."""
    content = json.dumps(alert(title=NEVER)).encode()
    with sqlite3.connect(house.folder / "lookout.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        post = asyncio.create_task(house.http.post("/webhooks/generic", content=content, headers=BEARER))
        alive = await house.http.get("/healthz")
        answer = await post
        other.execute("ROLLBACK")
    other.close()
    assert (alive.status_code, answer.status_code) == (200, 503)
    assert house.stored(NEVER) == []
    await takes_deliveries(house)


@pytest.mark.parametrize("house", ["postgres"], indirect=True)  # SQLite has no replicas
async def test_a_database_that_only_reads_is_answered_503(house):
    """As after a failover to a replica."""
    name = make_url(house.database_url).database
    setting = f"ALTER DATABASE {name} SET default_transaction_read_only"
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    server = make_url(house.database_url).set(database="postgres")
    content = json.dumps(alert(title=NEVER)).encode()
    sql(server, f"{setting} = on", cut)
    try:
        answer = await house.http.post("/webhooks/generic", content=content, headers=BEARER)
        trouble = await house.ready(503)
    finally:
        sql(server, f"{setting} = off", cut)
    assert answer.status_code == 503
    assert "read-only" in trouble["database"]["reason"]
    await house.ready()
    assert house.stored(NEVER) == []
    await takes_deliveries(house)


async def takes_deliveries(house: House) -> None:
    """The bot stores, works and speaks again, without having been started again."""
    fields = alert()
    answer = await house.http.post("/webhooks/generic", json=fields, headers=BEARER)
    assert answer.status_code == 202
    await house.hears("ml-incidents", str(fields["title"]))


# Hostile text --------------------------------------------------------------------------------------------

ACTIVE = re.compile(
    r"<(?!@[UW][A-Z0-9]+>|#C[A-Z0-9]+>|!date\^\d+\^[^>|]*\|[^>]*UTC>|!subteam\^S[A-Z0-9]+>)[^>]*>"
)
"""What Slack would act on and Lookout never writes of itself."""

HOSTILE = (
    "<!channel> <!here|x> @channel `code` *bold* ~gone~ <https://evil.example|click> https://evil.example &"
)


async def test_text_from_outside_is_shown_and_does_nothing(house):
    """In title, metric, service, cohort, severity and labels; 10 kB of it is cut, not refused."""
    marked = f"{HOSTILE} {next(_numbers)}q"
    fields = alert(
        title=marked + " x" * 5000,
        metric=HOSTILE,
        severity=HOSTILE,
        value=0.6,
        baseline=0.8,
        cohort={HOSTILE: HOSTILE * 50},
        labels={"service": HOSTILE, HOSTILE: HOSTILE * 100},
        url="javascript:alert(1)",
    )
    before = house.newest()
    answer = await house.http.post("/webhooks/generic", json=fields, headers=BEARER)
    assert answer.status_code == 202, answer.text
    again = fields | {"key": "another", "status": "firing"}
    await house.http.post("/webhooks/generic", json=again, headers=BEARER)
    await house.http.post("/webhooks/generic", json=again | {"status": "resolved"}, headers=BEARER)
    await house.hears("ml-incidents", "evil.example", after=before)
    channel = await house.channel_of("channel-here-x-channel")
    await house.hears(channel, "may only mean")
    await house.settled()
    written = [message for message in house.said() if "evil.example" in shown(message)]
    assert len(written) >= 4
    for message in written:
        for text in mrkdwn(message):
            assert ACTIVE.findall(text) == [], text
            assert not set("`~") & set(text.replace("~1", "")), text
            assert not re.search(r"(?<!:\u200b)//evil|@channel|\*bold\*", text), text
        assert len(shown(message)) < 20_000


async def test_half_characters_and_nul_reach_people_without_harm(house):
    """Both databases refuse one or the other; the sender must not repeat it for ever."""
    number = next(_numbers)
    body = json.dumps(
        alert(title=f"odd \ud800 {number}\x00z", key=f"k\x00\udfff{number}", labels={"\ud800": "\x00"})
    )
    answer = await house.http.post("/webhooks/generic", content=body.encode(), headers=BEARER)
    again = await house.http.post("/webhooks/generic", content=body.encode(), headers=BEARER)
    assert (answer.status_code, again.status_code) == (202, 200)
    message = await house.hears("ml-incidents", f"odd \ufffd {number} z")
    assert "\x00" not in shown(message)


def mrkdwn(message) -> list[str]:
    """Every text of a message that Slack reads as mrkdwn."""
    found = [message.text]

    def walk(value):
        if isinstance(value, dict):
            if value.get("type") == "mrkdwn":
                found.append(value["text"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner)

    walk(list(message.blocks))
    return found
