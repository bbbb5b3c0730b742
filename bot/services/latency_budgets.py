"""Latency budgets on record: read, registered, and asked about."""

import json
import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message, Post, Update, Upload
from bot.core.finding import errors
from bot.core.inbound import Ask, Order, Press, Submit
from bot.core.latency_budget import Budget
from bot.core.latency_reader import read_budget
from bot.core.latency_reading import Reading
from bot.core.latency_record import Kind, Standing, Test, so_far
from bot.core.latency_rules import written
from bot.core.load_result import LoadResult
from bot.core.load_verdict import Run, Verdict, judge
from bot.core.permission import Act
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import launches, permissions
from bot.services.desk import Desk
from bot.store import blobs, experiments, latency_watches, ledger, links, outbox
from bot.views import latency as views
from bot.views import latency_forms as forms
from bot.views import latency_watch as watch_views
from bot.views.load_test import Tested
from bot.views.text import escape

SHOWN = 6


def register(session: Session, text: str, name: str, *, by: str, channel: str, now: datetime) -> Standing:
    """Put an edition of a budget on record. Raises InputError for one that cannot be read, or is taken."""
    budget, findings = read_budget(text, name=name)
    if budget is None:
        faults = "\n".join(f"• {escape(str(one), 300)}" for one in errors(findings)[:SHOWN])
        raise InputError(f"The budget was not registered.\n{faults}\n", "`lookout explain CODE` says more.")
    if experiments.original(session, budget.id) is not None:
        raise InputError(f"`{budget.id}` is an experiment.", "Give the budget an id of its own.")
    ledger.lock(session)
    before = so_far(ledger.of(session, budget.id))
    if before is not None and before.edition.sha256 == budget.sha256:
        raise StaleError(f"This is edition {before.edition.number} of `{budget.id}` already.")
    number = 1 if before is None else before.edition.number + 1
    blob = blobs.put(session, text.encode("utf-8", "surrogatepass"), "text/yaml")
    body = {"edition": number, "sha256": budget.sha256, "blob": blob, "title": budget.title}
    body["channel"] = channel if before is None else before.channel
    entry = ledger.append(session, kind=Kind.BUDGET, subject=budget.id, by=by, body=body, now=now)
    found = load(session, budget.id)
    if before is None:
        outbox.put(session, Post(found.card, found.channel, card(session, found)), now=now)
    else:
        draw(session, found, now)
        said = views.edition(found, budget, entry)
        outbox.put(
            session, Post(f"latency/{found.id}/{entry.number}", found.channel, said, found.card), now=now
        )
    return found


def unfenced(text: str) -> str:
    """A pasted document without the code fence around it."""
    found = re.fullmatch(r"```(?:ya?ml)?\s*\n?(.*?)\s*```", text.strip(), re.DOTALL)
    return (found[1] if found else text).strip()


def load(session: Session, name: str) -> Standing:
    """A budget's record. Raises InputError where there is none of that id."""
    found = so_far(ledger.of(session, name.strip()))
    if found is None:
        raise InputError(
            f"There is no latency budget `{escape(name, 60) or '(none named)'}`.", known(session)
        )
    return found


def named(session: Session, text: str) -> tuple[Standing, str]:
    """The budget meant by the first word, or the only one there is; and the rest of what was typed."""
    word, _, rest = text.strip().partition(" ")
    every = budgets(session)
    if word in every:
        return load(session, word), rest.strip()
    if len(every) == 1:
        return load(session, every[0]), text.strip()
    return load(session, word), rest.strip()


def budgets(session: Session) -> list[str]:
    """The ids on record."""
    return ledger.subjects(session, Kind.BUDGET)


def known(session: Session) -> str:
    """The budgets there are, for a hint."""
    names = ", ".join(f"`{one}`" for one in budgets(session))
    return f"On record: {names}." if names else "None is on record yet: `/latency budget` takes a YAML file."


def file_of(session: Session, found: Standing, number: int = 0) -> Budget:
    """The budget as an edition has it, the newest where none is named."""
    edition = found.editions[number - 1] if number else found.edition
    text = blobs.get(session, edition.blob).decode("utf-8", "surrogatepass")
    budget, findings = read_budget(text, name=found.id)
    if budget is None:  # of an older version that took what this one refuses
        raise InputError(f"Edition {edition.number} of `{found.id}` cannot be read: {errors(findings)[0]}")
    return budget


def runs_of(session: Session, test: Test) -> list[Run]:
    """The results of a load test, as they were read."""
    return [
        Run(one.run, one.load, one.failure, LoadResult.from_json(json.loads(blobs.get(session, one.blob))),
            one.at, one.by, one.counts, one.why)
        for one in test.results
    ]  # fmt: skip


def verdict(session: Session, found: Standing, test: Test, runs: list[Run] | None = None) -> Verdict:
    """What a load test shows, computed from the record."""
    budget = file_of(session, found, test.edition)
    if budget.load_test is None:
        raise InputError(f"Edition {test.edition} of `{found.id}` has no load test.")
    fallbacks = sum(stage.fallback is not None for stage in budget.stages)
    return judge(budget.load_test, runs_of(session, test) if runs is None else runs, fallbacks=fallbacks)


def shown_test(session: Session, found: Standing, test: Test) -> Tested:
    """A load test as a card shows it: the verdict, and what every run took."""
    runs = runs_of(session, test)
    return Tested(file_of(session, found, test.edition), verdict(session, found, test, runs), runs)


def card(session: Session, found: Standing) -> Message:
    """The living card."""
    tested = None if found.test is None else shown_test(session, found, found.test)
    launches_of = [one.id for one in joined(session, found)]
    budget = file_of(session, found)
    return views.card(found, budget, tested, launches_of, _watched(session, budget))


def joined(session: Session, found: Standing) -> Sequence[Thing]:
    """The experiments whose launch it counts for."""
    return links.after(session, Thing(ThingKind.BUDGET, found.id), ThingKind.EXPERIMENT)


def _watched(session: Session, budget: Budget) -> list[str]:
    """What Prometheus last said of it."""
    kept = latency_watches.find(session, budget.id)
    if kept is None:
        return watch_views.lines(budget, (), at=None, trouble="", since=None)
    seen = [Reading.from_json(one) for one in kept.seen]
    return watch_views.lines(budget, seen, at=kept.at, trouble=kept.trouble, since=kept.blind_since)


def draw(session: Session, found: Standing, now: datetime) -> None:
    """Draw the living card again."""
    outbox.put(session, Update(found.card, found.channel, card(session, found)), now=now)


def status(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/latency status [ID]`: where a budget stands; without a name, all of them."""
    del desk, now
    every = budgets(session)
    if ask.about or len(every) == 1:
        return card(session, load(session, ask.about or every[0]))
    if not every:
        return Message(f"No latency budget is on record. {known(session)}")
    return views.listing([load(session, one) for one in every])


def rules(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/latency rules [ID]`: the alert rules of its newest edition, as a file for Prometheus."""
    del desk
    found, _ = named(session, order.text)
    _rules(session, found, order.place.channel, order.place.thread, key, now)


def press_rules(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Alert rules]: the file comes into the card's thread."""
    del desk
    found = load(session, pressed.value)
    _rules(session, found, found.channel, found.card, key, now)


def _rules(
    session: Session, found: Standing, channel: str, thread: str | None, key: str, now: datetime
) -> None:
    text = written(file_of(session, found))
    blob = blobs.put(session, text.encode(), "text/yaml")
    name = f"{found.id}-alerts.yaml"
    said = (
        f"Alert rules of `{found.id}`, edition {found.edition.number}. Name the file under `rule_files`; "
        "alerts that Alertmanager sends here are grouped by service, metric and stage."
    )
    upload = Upload(f"{key}/rules", channel, name, name, blob, comment=said, thread=thread)
    outbox.put(session, upload, now=now)


def join(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/latency join BUDGET EXPERIMENT`: its load test and fallback then count for the launch's readiness."""
    del key
    permissions.require(session, desk, order.by, Act.SUPPLY)
    found, rest = named(session, order.text)
    _join(session, found, rest, order.by, now)


def join_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """What was entered into the form of [Join…]."""
    del key
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    found = load(session, sent.fields.get(forms.BUDGET, ""))
    _join(session, found, sent.fields.get(forms.EXPERIMENT, ""), sent.by, now)


def _join(session: Session, found: Standing, experiment: str, by: str, now: datetime) -> None:
    launch = launches.read(session, experiment)
    earlier, later = Thing(ThingKind.BUDGET, found.id), Thing(ThingKind.EXPERIMENT, launch.id)
    if not links.join(session, earlier, later, why="its latency budget", by=by, now=now):
        raise StaleError(f"`{found.id}` is the budget of `{launch.id}` already.")
    draw(session, found, now)


def shown(session: Session, experiment: str) -> dict[str, str]:
    """What the record shows for a launch's readiness: documents by name, in words."""
    for one in reversed(links.before(session, Thing(ThingKind.EXPERIMENT, experiment), ThingKind.BUDGET)):
        found = load(session, one.id)
        budget, test = file_of(session, found), found.test
        said = {}
        fallen = [stage for stage in budget.stages if stage.fallback is not None]
        if fallen:
            ways = ", ".join(
                f"{one.name} after {one.fallback.after_ms:g} ms" for one in fallen if one.fallback
            )
            said["fallback"] = f"{ways} (budget {found.id}, edition {found.edition.number})"
        if test is not None and test.edition == found.edition.number:
            judged = verdict(session, found, test)
            if judged.outcome == "pass":
                said["load_test"] = f"passed (budget {found.id}, ledger {test.results[-1].entry})"
        return said
    return {}
