"""Load tests of a latency budget: criteria locked first, then result files, judged as they come."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
TYPED, FILE = forms.TYPED, forms.FILE
MOST = 32 * 1024 * 1024
"""Of an attached file; a longer one is a list of points, of which a summary says as much."""
_BECAUSE = re.compile(r"^because\s+", re.IGNORECASE)
_LOAD = re.compile(r"^(\d+(?:\.\d+)?)x$", re.IGNORECASE)


class RunError(InputError):
    """What is wrong with the run that is named; `field` of the form is where."""

    def __init__(self, message: str, hint: str, field: str) -> None:
        super().__init__(message, hint)
        self.field = field


@dataclass(frozen=True)
class RunOf:
    """The run that a result is of, as it was named."""

    budget: str
    load: str
    failure: str = ""

    @classmethod
    def entered(cls, fields: Mapping[str, str]) -> "RunOf":
        """From the fields of the form."""
        budget, load, failure = (
            fields.get(name, "").strip() for name in (forms.BUDGET, forms.LOAD, forms.FAILURE)
        )
        return cls(budget, load, "" if failure == forms.NO_FAILURE else failure)


def submit_budget(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """`/latency budget`: the YAML typed behind it, pasted into the form, or as a file."""
    del desk
    if sent.fields.get(FILE):
        _later(session, "budget", sent, {}, key, now)
        return
    text = latency_budgets.unfenced(sent.fields.get(TYPED) or sent.fields.get(forms.YAML) or "")
    if not text:
        raise InputError("There was no budget.", "Paste the YAML, or attach it as a file.")
    channel = sent.place.channel
    latency_budgets.register(session, text, "pasted.yaml", by=sent.by, channel=channel, now=now)


def submit_test(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """`/latency loadtest lock ID [because …]`, `ID 2x [FAILURE]` with a result file, or the form of it."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    typed, _, pasted = sent.fields.get(TYPED, "").strip().partition("\n")
    word, _, rest = typed.partition(" ")
    if word.lower() == "lock":
        found, reason = latency_budgets.named(session, f"{rest} {pasted}".strip())
        lock(session, found, _BECAUSE.sub("", reason), by=sent.by, now=now)
        return
    run = _typed(session, typed) if TYPED in sent.fields else RunOf.entered(sent.fields)
    asked_of(session, run)  # what is wrong with it is said before the file is read
    if sent.fields.get(FILE):
        _later(session, "loadtest", sent, asdict(run), key, now)
    elif pasted.strip():
        from bot.core.load_reader import read

        record(session, run, read(pasted.strip().encode()), by=sent.by, now=now)
    else:
        raise InputError(
            "There was no result file.", "Attach it: `@lookout latency loadtest ID 2x` with the file."
        )


def submit_lock(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """What was entered into the form of [Lock load test…]."""
    del key
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    found = latency_budgets.load(session, sent.fields.get(forms.BUDGET, ""))
    lock(session, found, sent.fields.get(forms.REASON, ""), by=sent.by, now=now)


def lock(session: Session, found: Standing, reason: str, *, by: str, now: datetime) -> Standing:
    """Lock the criteria of the newest edition, before any result of theirs."""
    ledger.lock(session)
    found, reason = latency_budgets.load(session, found.id), reason.strip()[:500]
    asked = lockable(session, found, reason)
    digest = criteria_hash(asked)
    body = {
        "test": len(found.tests) + 1,
        "edition": found.edition.number,
        "sha256": digest,
        "criteria": [asdict(one) for one in asked.criteria],
        "reason": reason,
        "seen": len(found.results),
    }
    entry = ledger.append(session, kind=Kind.LOCKED, subject=found.id, by=by, body=body, now=now)
    found = latency_budgets.load(session, found.id)
    said = views.locked(found, asked, entry)
    outbox.put(session, Post(f"latency/{found.id}/{entry.number}", found.channel, said, found.card), now=now)
    latency_budgets.draw(session, found, now)
    return found


def lockable(session: Session, found: Standing, reason: str) -> LoadTest:
    """What would be locked. Raises InputError or StaleError where nothing can be, or not without a reason."""
    asked = latency_budgets.file_of(session, found).load_test
    if asked is None:
        raise InputError(
            f"Edition {found.edition.number} of `{found.id}` declares no load test.",
            "Add `load_test:` with its criteria, and register the edition with `/latency budget`.",
        )
    before = found.test
    if before is not None and before.sha256 == criteria_hash(asked) and not before.results:
        raise StaleError(f"These criteria are locked already (ledger {before.entry}).")
    if before is not None and before.results and not reason:
        raise InputError(
            f"`{found.id}` has results on record, so a new test needs a reason.",
            f"`/latency loadtest lock {found.id} because the reranker has twice the replicas now`.",
        )
    return asked


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
        binary = isinstance(error, UnicodeDecodeError)
        said = Message("The file is no text, and a budget is YAML." if binary else escape(str(error), 2000))
        return lambda session: _whisper(session, payload, said, now)

    def finish(session: Session) -> None:
        try:
            with session.begin_nested():
                if result is not None:
                    record(session, RunOf(**payload["run"]), result, by=str(payload["by"]), now=now)
                else:
                    latency_budgets.register(
                        session, text, str(payload["name"]), by=str(payload["by"]),
                        channel=str(payload["channel"]), now=now,
                    )  # fmt: skip
        except UserError as error:
            _whisper(session, payload, Message(f"{error.message} {error.hint}"), now)

    return finish


def record(session: Session, run: RunOf, result: LoadResult, *, by: str, now: datetime) -> Standing:
    """Put a result on record and judge the test by it. Raises RefusedError where no criteria are locked."""
    ledger.lock(session)
    found, test, load = asked_of(session, run)
    failure = run.failure
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
    tested = latency_budgets.shown_test(session, found, newest)
    said = views.judged(found, newest, newest.results[-1], result, tested, entry)
    outbox.put(session, Post(f"latency/{found.id}/{entry.number}", found.channel, said, found.card), now=now)
    latency_budgets.draw(session, found, now)
    return found


def _typed(session: Session, text: str) -> RunOf:
    """`ID 2x [FAILURE]`, the id left out where there is only one budget."""
    found, rest = latency_budgets.named(session, text)
    load, _, failure = rest.partition(" ")
    return RunOf(found.id, load, failure.strip())


def asked_of(session: Session, run: RunOf) -> tuple[Standing, Test, float]:
    """The budget, its newest test, and the load. Raises RunError where it is none of the test's runs."""
    found = latency_budgets.load(session, run.budget)
    test = found.test
    if test is None:
        raise RefusedError(
            f"No criteria are locked for `{found.id}`: a result seen before its criteria shows nothing.",
            f"`/latency loadtest lock {found.id}`, then run the test.",
        )
    asked = latency_budgets.file_of(session, found, test.edition).load_test
    load = _LOAD.match(run.load)
    loads = () if asked is None else asked.loads
    failures = () if asked is None else asked.failures
    if load is None or float(load[1]) not in loads:
        known = ", ".join(f"`{one:g}x`" for one in loads)
        raise RunError(
            f"Read `{escape(run.load, 60)}`, and expected the load of the run.",
            f"One of {known}: `@lookout latency loadtest {found.id} 1x` with the file.",
            forms.LOAD,
        )
    if run.failure and run.failure not in failures:
        raise RunError(
            f"`{escape(run.failure, 60)}` is no failure that is induced.",
            f"Declared: {', '.join(f'`{one}`' for one in failures) or 'none'}.",
            forms.FAILURE,
        )
    return found, test, float(load[1])


def _later(
    session: Session, what: str, sent: Submit, run: Mapping[str, str], key: str, now: datetime
) -> None:
    url, _, name = sent.fields[FILE].partition("\n")
    place = sent.place
    payload: dict[str, Any] = {"what": what, "by": sent.by, "channel": place.channel, "thread": place.thread}
    payload |= {"key": key, "url": url, "name": name.strip() or "attached", "run": dict(run)}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def _whisper(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    effect = Ephemeral(
        f"{payload['key']}/told", str(payload["channel"]), str(payload["by"]), said, payload["thread"]
    )
    outbox.put(session, effect, now=now)
