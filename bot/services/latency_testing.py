"""Load tests of a latency budget: criteria locked first, then result files, judged as they come."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from bot.chat.download import content, slacks
from bot.core.effect import Ephemeral, Message, Post
from bot.core.inbound import Submit
from bot.core.latency_budget import LoadTest
from bot.core.latency_record import Kind, Standing, Test
from bot.core.load_result import LoadResult
from bot.core.permission import Act
from bot.core.registration import canonical_json
from bot.errors import InputError, LookoutError, RefusedError, StaleError, UserError
from bot.services import latency_budgets, permissions
from bot.services.desk import Desk
from bot.store import blobs, ledger, outbox, slots
from bot.store.slots import Finish
from bot.views import latency as views
from bot.views import latency_forms as forms
from bot.views.text import escape

JOB = "latency.file"
TYPED, FILE = "typed", "file"
MOST = 32 * 1024 * 1024
"""Of an attached file; a longer one is a list of points, of which a summary says as much."""
_LOAD = re.compile(r"^(\d+(?:\.\d+)?)x$", re.IGNORECASE)


def submit_budget(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """`/latency budget`: the YAML typed behind it, pasted into the form, or as a file."""
    text = (sent.fields.get(TYPED) or sent.fields.get(forms.YAML) or "").strip()
    fenced = re.fullmatch(r"```(?:ya?ml)?\s*\n?(.*?)\s*```", text, re.DOTALL)
    if sent.fields.get(FILE):
        _later(session, "budget", sent, "", key, now)
        return
    if not text:
        raise InputError("There was no budget.", "Paste the YAML, or attach it as a file.")
    channel = sent.place.channel
    del desk
    latency_budgets.register(
        session, fenced[1] if fenced else text, "pasted.yaml", by=sent.by, channel=channel, now=now
    )


def submit_test(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """`/latency loadtest lock ID [because …]`, or `ID 2x [FAILURE]` with a result file."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    text = sent.fields.get(TYPED) or " ".join(
        sent.fields.get(name, "") for name in (forms.BUDGET, forms.LOAD, forms.FAILURE)
    )
    word, _, rest = text.strip().partition(" ")
    if word.lower() == "lock":
        lock(session, rest, by=sent.by, now=now)
        return
    head, _, pasted = text.strip().partition("\n")
    _asked(session, head)  # what is wrong with it is said before the file is read
    if sent.fields.get(FILE):
        _later(session, "loadtest", sent, head, key, now)
    elif pasted.strip():
        _judged(session, head, pasted.strip().encode(), by=sent.by, now=now)
    else:
        raise InputError(
            "There was no result file.", "Attach it: `@lookout latency loadtest ID 2x` with the file."
        )


def lock(session: Session, text: str, *, by: str, now: datetime) -> Standing:
    """Lock the criteria of the newest edition, before any result of theirs."""
    found, rest = latency_budgets.named(session, text)
    reason = re.sub(r"^because\s+", "", rest, flags=re.IGNORECASE).strip()[:500]
    budget = latency_budgets.file_of(session, found)
    if budget.load_test is None:
        raise InputError(
            f"Edition {found.edition.number} of `{found.id}` declares no load test.",
            "Add `load_test:` with its criteria, and register the edition with `/latency budget`.",
        )
    ledger.lock(session)
    digest = criteria_hash(budget.load_test)
    before = found.test
    if before is not None and before.sha256 == digest and not before.results:
        raise StaleError(f"These criteria are locked already (ledger {before.entry}).")
    if before is not None and before.results and not reason:
        raise InputError(
            f"`{found.id}` has results on record, so a new test needs a reason.",
            f"`/latency loadtest lock {found.id} because the reranker has twice the replicas now`.",
        )
    body = {
        "test": len(found.tests) + 1,
        "edition": found.edition.number,
        "sha256": digest,
        "criteria": [asdict(one) for one in budget.load_test.criteria],
        "reason": reason,
        "seen": len(found.results),
    }
    entry = ledger.append(session, kind=Kind.LOCKED, subject=found.id, by=by, body=body, now=now)
    found = latency_budgets.load(session, found.id)
    said = views.locked(found, budget.load_test, entry)
    outbox.put(session, Post(f"latency/{found.id}/{entry.number}", found.channel, said, found.card), now=now)
    latency_budgets.draw(session, found, now)
    return found


def criteria_hash(test: LoadTest) -> str:
    """SHA-256 of what is asked, however its file is formatted."""
    return sha256(canonical_json(json.loads(json.dumps(asdict(test)))).encode()).hexdigest()


def run(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job: read the attached file, then register or judge it; what is wrong is told to one person."""
    from bot.core.load_reader import read

    token = desk.settings.slack_bot_token
    api_url, url = desk.settings.slack_api_url, str(payload["url"])
    result: LoadResult | None = None
    try:
        if not slacks(url, api_url):
            raise InputError("The file is not kept by Slack.", "Attach the file itself.")
        found = content(url, token=token.get_secret_value() if token else "", most=MOST)
        if found is None:
            raise InputError(
                f"The file is larger than {MOST // 2**20} MB.", "Attach the tool's summary instead."
            )
        if payload["what"] == "loadtest":
            result = read(found)
        else:
            text = found.decode("utf-8")
    except (LookoutError, UnicodeDecodeError) as error:
        said = Message(escape(str(error), 2000))
        return lambda session: _whisper(session, payload, said, now)

    def finish(session: Session) -> None:
        try:
            with session.begin_nested():
                if result is not None:
                    record(session, str(payload["text"]), result, by=str(payload["by"]), now=now)
                else:
                    latency_budgets.register(
                        session, text, str(payload["name"]), by=str(payload["by"]),
                        channel=str(payload["channel"]), now=now,
                    )  # fmt: skip
        except UserError as error:
            _whisper(session, payload, Message(f"{error.message} {error.hint}"), now)

    return finish


def record(session: Session, text: str, result: LoadResult, *, by: str, now: datetime) -> Standing:
    """Put a result on record and judge the test by it. Raises RefusedError where no criteria are locked."""
    ledger.lock(session)
    found, test, load, failure = _asked(session, text)
    seen = next((one for one in found.results if one.file == result.sha256), None)
    if seen is not None:
        raise StaleError(f"This file is on record already (ledger {seen.entry}).", "One file shows one run.")
    early = result.began is not None and result.began < test.at
    why = "it began before the criteria were locked" if early else ""
    same = next(
        (one for one in test.results if (one.load, one.failure, one.counts) == (load, failure, True)), None
    )
    if same is not None and not early:
        raise StaleError(
            f"{load:g}x{f' with {failure}' if failure else ''} is on record already (ledger {same.entry}).",
            f"The first result counts. A new test: `/latency loadtest lock {found.id} because …`.",
        )
    blob = blobs.put(session, json.dumps(result.to_json(), sort_keys=True).encode(), "application/json")
    body = {
        "test": test.number, "run": test.next_run, "load": load, "failure": failure, "file": result.sha256,
        "tool": result.tool, "blob": blob, "counts": not early, "why": why,
    }  # fmt: skip
    entry = ledger.append(session, kind=Kind.RESULT, subject=found.id, by=by, body=body, now=now)
    found = latency_budgets.load(session, found.id)
    newest = next(one for one in found.tests if one.number == test.number)
    judged = latency_budgets.verdict(session, found, newest)
    said = views.judged(found, newest, newest.results[-1], result, judged, entry)
    outbox.put(session, Post(f"latency/{found.id}/{entry.number}", found.channel, said, found.card), now=now)
    latency_budgets.draw(session, found, now)
    return found


def _judged(session: Session, text: str, pasted: bytes, *, by: str, now: datetime) -> None:
    from bot.core.load_reader import read

    record(session, text, read(pasted), by=by, now=now)


def _asked(session: Session, text: str) -> tuple[Standing, Test, float, str]:
    """The budget, its newest test, the load and the induced failure of `ID 2x [FAILURE]`."""
    found, rest = latency_budgets.named(session, text)
    test = found.test
    if test is None:
        raise RefusedError(
            f"No criteria are locked for `{found.id}`: a result seen before its criteria shows nothing.",
            f"`/latency loadtest lock {found.id}`, then run the test.",
        )
    asked = latency_budgets.file_of(session, found, test.edition).load_test
    word, _, failure = rest.partition(" ")
    load, failure = _LOAD.match(word), failure.strip()
    loads = () if asked is None else asked.loads
    failures = () if asked is None else asked.failures
    if load is None or float(load[1]) not in loads:
        known = ", ".join(f"`{one:g}x`" for one in loads)
        raise InputError(
            f"Read `{escape(rest, 60)}`, and expected the load of the run.",
            f"One of {known}: `@lookout latency loadtest {found.id} 1x` with the file.",
        )
    if failure and failure not in failures:
        raise InputError(
            f"`{escape(failure, 60)}` is no failure that is induced.",
            f"Declared: {', '.join(f'`{one}`' for one in failures) or 'none'}.",
        )
    return found, test, float(load[1]), failure


def _later(session: Session, what: str, sent: Submit, text: str, key: str, now: datetime) -> None:
    url, _, name = sent.fields[FILE].partition("\n")
    payload = {"what": what, "by": sent.by, "channel": sent.place.channel, "thread": sent.place.thread}
    payload |= {"key": key, "url": url, "name": name.strip() or "attached", "text": text}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def _whisper(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    effect = Ephemeral(
        f"{payload['key']}/told", str(payload["channel"]), str(payload["by"]), said, payload["thread"]
    )
    outbox.put(session, effect, now=now)
