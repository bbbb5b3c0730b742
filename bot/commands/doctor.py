"""`lookout doctor`: what is wrong with configuration, Slack, database and sources; how to mend it."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from slack_sdk.errors import SlackApiError, SlackClientError

from bot import clock, settings
from bot.chat.slack import connect
from bot.commands.diagnosis import Diagnosis
from bot.commands.doctor_changes import changes
from bot.commands.doctor_monitors import monitors
from bot.commands.doctor_oncall import people
from bot.commands.doctor_roles import roles
from bot.commands.doctor_templates import templates
from bot.errors import ConfigError, SourceError, UserError
from bot.services.opening import open_desk
from bot.settings import Settings, SourceSettings
from bot.store import inbox, outbox, slots
from bot.store.database import Database
from handlers.manifest import SCOPES

WAL_RESET_FIXED = (3, 51, 3)
"""SQLite 3.7.0-3.51.2 has a rare corruption when several connections reset the WAL."""


def run(environment: Mapping[str, str]) -> int:
    """Print one line a thing; 1 when anything is broken."""
    configured = settings.load(environment)
    print(Diagnosis("configuration", True, environment.get("LOOKOUT_CONFIG", "./lookout.toml (or defaults)")))
    broken = False
    kept = (_database, _sources, changes, monitors, _webhooks)
    for look in (_playbooks, templates, _slack, roles, people, *kept):
        for diagnosis in look(configured):
            print(diagnosis)
            broken = broken or diagnosis.ok is False
    return int(broken)


def _playbooks(configured: Settings) -> Iterator[Diagnosis]:
    try:
        desk = open_desk(configured)
    except ConfigError as error:
        yield Diagnosis("playbooks", False, error.message, error.hint)
        return
    for tree in desk.playbooks.trees:
        counted = f"{len(tree.questions)} questions, {len(tree.leaves)} leaves"
        labels = ", ".join(f"{name} {' or '.join(values)}" for name, values in tree.fits.items())
        yield Diagnosis("playbooks", True, f"{tree.id}: {counted}, for {labels or 'everything else'}")
    yield Diagnosis("playbooks", True, f"escalation: {len(desk.playbooks.escalation.rungs)} rungs")


def _slack(configured: Settings) -> Iterator[Diagnosis]:
    token = configured.slack_bot_token
    if token is None:
        yield Diagnosis(
            "Slack", False, "SLACK_BOT_TOKEN is not set", "Install the app and copy its bot token."
        )
        return
    if configured.slack_app_token is None and configured.slack_signing_secret is None:
        mend = "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode."
        yield Diagnosis("Slack", False, "neither an app token nor a signing secret is set", mend)
    client = connect(token.get_secret_value(), configured.slack_api_url)
    try:
        answer = asyncio.run(_auth(client.auth_test))
    except (SlackApiError, SlackClientError, OSError, TimeoutError) as error:
        reason = error.response["error"] if isinstance(error, SlackApiError) else type(error).__name__
        yield Diagnosis(
            "Slack", False, f"auth.test at {configured.slack_api_url}: {reason}", "Check token and URL."
        )
        return
    yield Diagnosis("Slack", True, f"{answer[0]} in {answer[1]}")
    missing = sorted(set(SCOPES) - answer[2]) if answer[2] else []
    if missing:
        mend = "Update the app from `lookout manifest` and install it again."
        yield Diagnosis("Slack scopes", False, f"missing {', '.join(missing)}", mend)


async def _auth(call: Callable[[], object]) -> tuple[str, str, frozenset[str]]:
    answer = await call()  # type: ignore[misc] # slack_sdk's coroutine methods, as a plain callable
    scopes = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
    return (
        str(answer["user"]),
        str(answer["team"]),
        frozenset(filter(None, scopes.replace(" ", "").split(","))),
    )


def _database(configured: Settings) -> Iterator[Diagnosis]:
    db = Database(configured.database_url)
    try:
        db.upgrade()
        yield Diagnosis("database", True, f"{db.name}, {db.version()}")
        if db.sqlite and sqlite3.sqlite_version_info < WAL_RESET_FIXED:
            said = f"SQLite {sqlite3.sqlite_version} can, rarely, corrupt a WAL written by several processes"
            yield Diagnosis("database", None, said, "Run one process, or use PostgreSQL.")
        yield from _rooms(db)
    except UserError as error:
        yield Diagnosis("database", False, error.message, error.hint)
    finally:
        db.close()


def _rooms(db: Database) -> Iterator[Diagnosis]:
    now = clock.system()
    with db.read() as session:
        came, out, due = inbox.counts(session), outbox.counts(session), slots.counts(session, now=now)
        odd = inbox.quarantined(session, limit=5)
    late = any(
        at is not None and now - at > timedelta(minutes=5) for at in (came.oldest, out.oldest, due.oldest)
    )
    said = f"{came.new} deliveries, {out.pending} messages and {due.due} jobs wait"
    yield Diagnosis("rooms", None if late else True, said, "Is `lookout serve` running?" if late else "")
    if out.dead or due.dead:
        yield Diagnosis(
            "rooms", None, f"{out.dead} messages and {due.dead} jobs were given up", "See the log."
        )
    for delivery in odd:
        said = f"delivery {delivery.id} from {delivery.source}: {delivery.error} {delivery.path}".rstrip()
        yield Diagnosis("quarantine", None, said, delivery.hint)


def _sources(configured: Settings) -> Iterator[Diagnosis]:
    for name, source in configured.sources.items():
        try:
            yield Diagnosis(f"source {name}", True, _ask(source))
        except (SourceError, UserError) as error:
            mend = f"Check the url of [sources.{name}], its variables, and that it is reachable from here."
            yield Diagnosis(f"source {name}", False, str(error), mend)


def _ask(source: SourceSettings) -> str:
    from bot.sources import warehouse  # Ibis and DuckDB take half a second to import
    from bot.sources.prometheus import Prometheus

    if source.kind == "prometheus":
        url = source.url.get_secret_value()
        Prometheus(url, timeout=source.timeout_seconds).instant("vector(1)", at=clock.system())
        return "Prometheus answers"
    count = len(warehouse.tables(source))
    return f"{count} table{'' if count == 1 else 's'}"


def _webhooks(configured: Settings) -> Iterator[Diagnosis]:
    names = sorted(configured.webhook_secrets)
    if names:
        yield Diagnosis("webhooks", True, f"secrets for {', '.join(names)}")
    else:
        mend = "Set LOOKOUT_WEBHOOK_SECRET_ALERTMANAGER (and so on) to let alerts in."
        yield Diagnosis("webhooks", None, "no source has a secret, so every webhook is refused", mend)
