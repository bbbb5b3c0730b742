"""The forms of `/latency`: drawn with what is on record, and held against it before they are sent off."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block
from bot.core.finding import errors
from bot.core.latency_reader import read_budget
from bot.core.latency_record import Standing, so_far
from bot.core.permission import Act
from bot.core.what_if_words import read_words
from bot.errors import InputError, UserError
from bot.services import latency_budgets, latency_testing, launches, permissions
from bot.services.desk import Desk
from bot.store import experiments, ledger
from bot.views import latency as views
from bot.views import latency_forms as forms

SHOWN = 6
Faults = Mapping[str, str]
"""What is wrong, by action id."""


def budget(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """`/latency budget`."""
    del session, desk, by, value, now
    return forms.budget()


def budget_faults(fields: Mapping[str, str]) -> Faults:
    """A text or a file, and a text that can be read; a file is read afterwards."""
    if forms.TYPED in fields:
        return {}
    pasted, file = latency_budgets.unfenced(fields.get(forms.YAML, "")), fields.get(forms.FILE, "")
    if bool(pasted) == bool(file):
        return {forms.YAML: "Give one of the two: the YAML pasted here, or a file below."}
    if file:
        return {}
    try:
        read, findings = read_budget(pasted, name="pasted.yaml")
    except InputError as error:
        return {forms.YAML: _said(error)}
    said = " · ".join(str(one) for one in errors(findings)[:SHOWN])
    return {} if read is not None else {forms.YAML: said[:1900]}


def budget_known(session: Session, fields: Mapping[str, str]) -> Faults:
    """An id that an experiment has, and an edition that is on record."""
    pasted = latency_budgets.unfenced(fields.get(forms.YAML, ""))
    if forms.TYPED in fields or not pasted:
        return {}
    read, _ = read_budget(pasted, name="pasted.yaml")
    if read is None:
        return {}
    if experiments.original(session, read.id) is not None:
        return {forms.YAML: f"{read.id} is an experiment. Give the budget an id of its own."}
    before = so_far(ledger.of(session, read.id))
    if before is not None and before.edition.sha256 == read.sha256:
        return {forms.YAML: f"This is edition {before.edition.number} of {read.id} already."}
    return {}


def what_if(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """[What if…]."""
    del desk, by, now
    return forms.what_if(latency_budgets.load(session, value).id)


def what_if_faults(session: Session, fields: Mapping[str, str]) -> Faults:
    """Changes that cannot be read, or name no stage of the budget."""
    try:
        read_words(forms.words_of(fields), latency_budgets.file_of(session, _of(session, fields)))
    except InputError as error:
        return {forms.CHANGES: _said(error)}
    return {}


def lock(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """[Lock load test…]: the criteria as they would be locked."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    found = latency_budgets.load(session, value)
    test = latency_budgets.file_of(session, found).load_test
    said = [] if test is None else [views.asked(one) for one in test.criteria]
    again = found.test is not None and bool(found.test.results)
    return forms.lock(found.id, test, said, again=again)


def lock_faults(session: Session, fields: Mapping[str, str]) -> Faults:
    """Criteria that are locked already, or that need a reason."""
    try:
        latency_testing.lockable(session, _of(session, fields), fields.get(forms.REASON, "").strip())
    except UserError as error:
        return {forms.REASON: _said(error)}
    return {}


def result(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """[Give a result…], and `/latency loadtest` alone."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    every = latency_budgets.budgets(session)
    chosen = value if value in every else every[0] if len(every) == 1 else ""
    test = None
    if chosen:
        found = latency_budgets.load(session, chosen)
        number = found.test.edition if found.test is not None else 0
        test = latency_budgets.file_of(session, found, number).load_test
    return forms.result([chosen] if chosen else every, chosen, test)


def result_faults(session: Session, fields: Mapping[str, str]) -> Faults:
    """A run that is none of the test's, or is on record; the file is read afterwards."""
    if forms.TYPED in fields:
        return {}
    try:
        run = latency_testing.RunOf.entered(fields)
        found, test, load = latency_testing.asked_of(session, run)
    except latency_testing.RunError as error:
        return {error.field: _said(error)}
    except UserError as error:
        return {forms.BUDGET: _said(error)}
    if any((one.load, one.failure, one.counts) == (load, run.failure, True) for one in test.results):
        return {forms.LOAD: f"{load:g}x is on record already; a new test of {found.id} is locked first."}
    return {}


def join(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """[Join…]."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    return forms.join(latency_budgets.load(session, value).id)


def join_faults(session: Session, fields: Mapping[str, str]) -> Faults:
    """An experiment that is none, or is joined already."""
    try:
        found, launch = _of(session, fields), launches.read(session, fields.get(forms.EXPERIMENT, ""))
    except UserError as error:
        return {forms.EXPERIMENT: _said(error)}
    if any(one.id == launch.id for one in latency_budgets.joined(session, found)):
        return {forms.EXPERIMENT: f"{found.id} is the budget of {launch.id} already."}
    return {}


def _of(session: Session, fields: Mapping[str, str]) -> Standing:
    return latency_budgets.load(session, fields.get(forms.BUDGET, ""))


def _said(error: UserError) -> str:
    """What is wrong, as a form shows it beneath a field: without Slack's marks."""
    return f"{error.message} {error.hint}".replace("`", "").replace("\n", " ").strip()[:1900]
