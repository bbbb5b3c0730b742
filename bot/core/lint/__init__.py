"""The linter of registrations: every finding has a code, a path, a line, a mend and a page.

R0xx shape · R10x hypothesis · R11x metrics, primary, guardrails · R12x cohorts · R13x looks · R14x sizes ·
R15x spending, futility, information · R16x data · R17x kinds, windows, what guardrails do · R18x rollout. The
pages lie in `pages/`; `lookout explain CODE` prints one.
"""

from collections.abc import Collection

from pydantic import ValidationError

from bot.core.finding import Finding, errors
from bot.core.lint import (
    cohorts,
    data,
    guardrails,
    hypothesis,
    kinds,
    metrics,
    rollout,
    schema,
    sequential,
    size,
    windows,
)
from bot.core.lint.report import Report
from bot.core.registration import Registration, load
from bot.core.sizing import size as sizes
from bot.core.strict_yaml import Document, parse
from bot.errors import InputError


def check_registration(
    text: str, name: str, elsewhere: Collection[str] = ()
) -> tuple[Registration | None, list[Finding]]:
    """A registration and what is to be said about it; None when it has an error of shape.

    A registration with findings of level error is returned too, for `plan` to show what it comes to; it must
    not be registered. Never raises: text that is no YAML is a finding too. elsewhere: the metrics of rollouts
    that lookout.toml says where to read.
    """
    try:
        document = parse(text, name=name)
    except InputError as error:
        line, _, message = error.message.removeprefix(f"{name}:").partition(": ")
        return None, [Finding("R000", "error", name, "", int(line), message, error.hint)]
    return check_document(document, elsewhere)


def check_document(
    document: Document, elsewhere: Collection[str] = ()
) -> tuple[Registration | None, list[Finding]]:
    """The same for YAML that was parsed already."""
    if not isinstance(document.data, dict):
        hint = "Write `id: …`, `arms: …` and so on, each on its line."
        what = "the file is empty." if document.data is None else "the file is not a mapping."
        return None, [Finding("R002", "error", document.name, "", 1, what, hint)]
    try:
        registration = load(document.data)
    except ValidationError as error:
        return None, schema.findings_of(error, document)
    report = Report(document)
    _check(registration, report)
    rollout.check(registration, report, elsewhere)
    return registration, sorted(report.findings, key=lambda finding: finding.line)


def _check(registration: Registration, report: Report) -> None:
    hypothesis.check(registration, report)
    data.check(registration, report)
    metrics.check(registration, report)
    kinds.check(registration, report)
    windows.check(registration, report)
    guardrails.check(registration, report)
    cohorts.check(registration, report)
    computable = sequential.check(registration, report)
    if not computable:
        return
    sequential.check_error(registration, report)
    if not errors(report.findings):
        sizing = sizes(registration)
        size.check(registration, sizing, report)
        cohorts.check_power(registration, sizing, report)
        guardrails.check_error(registration, sizing, report)
