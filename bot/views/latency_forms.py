"""The forms of `/latency`: a budget, a what-if, criteria to lock, a result file, a launch to join."""

from collections.abc import Mapping, Sequence

from bot.core.effect import Block
from bot.core.latency_budget import LoadTest
from bot.core.what_if_words import USAGE
from bot.views import text
from bot.views.decision_forms import field, modal, written

YAML, BUDGET, LOAD, FAILURE, FILE = "yaml", "budget", "load", "failure", "file"
REASON, EXPERIMENT, CHANGES = "reason", "experiment", "changes"
_LINE: Block = {"type": "plain_text_input", "max_length": 120}
NO_FAILURE = "none"
TYPED = "typed"
"""Where what was typed behind a verb stands, in place of fields."""


def budget() -> Block:
    """The form of `/latency budget`."""
    yaml: Block = {"type": "plain_text_input", "multiline": True, "max_length": 3000}
    file: Block = {"type": "file_input", "filetypes": ["yaml", "yml"], "max_files": 1}
    pasted = field(
        YAML, "The budget, pasted", yaml, optional=True, hint="A longer one goes below, as a file."
    )
    return modal("Latency budget", "Register", [pasted, field(FILE, "Or as a file", file, optional=True)])


def what_if(of: str) -> Block:
    """The form of [What if…]; `of` is the budget."""
    plainly = USAGE.replace("`", "")
    asked = field(CHANGES, "What would be changed", written(), hint=plainly)
    return modal("What if", "Simulate", [_of(of), asked])


def words_of(fields: Mapping[str, str]) -> str:
    """The changes of that form, one a line or with `;` between them, as they would be typed."""
    lines = (line.strip(" ;") for line in fields.get(CHANGES, "").splitlines())
    return "; ".join(line for line in lines if line)


def lock(of: str, test: LoadTest | None, said: Sequence[str], *, again: bool) -> Block:
    """The form of [Lock load test…]: what will be asked, and why once more where there are results."""
    if test is None:
        none = "This edition declares no load test: add `load_test:` and register the edition."
        return modal("Lock load test", "Lock", [text.section(none), _of(of), _reason(optional=False)])
    head = f"*{len(test.criteria)} criteria of `{text.escape(of, 80)}`*, each load for {test.minutes:g} min"
    hint = "Results that began before this do not count."
    listed = text.section(text.fit([head, *(f"• {one}" for one in said), hint]))
    return modal("Lock load test", "Lock", [listed, _of(of), _reason(optional=not again)])


def result(budgets: Sequence[str], chosen: str, test: LoadTest | None) -> Block:
    """The form of [Give a result…]; with a budget that has a load test, its loads and failures to choose."""
    file: Block = {"type": "file_input", "filetypes": ["json", "csv", "gz"], "max_files": 1}
    load, failure = _LINE, _LINE
    if test is not None:
        load = _select([f"{one:g}x" for one in test.loads])
        failure = _select([NO_FAILURE, *test.failures])
    named: Block = _select(budgets, chosen) if budgets else _LINE
    return modal(
        "Load test result",
        "Judge",
        [
            field(BUDGET, "Budget", named),
            field(LOAD, "Load, such as 2x", load),
            field(FAILURE, "Induced failure, if any", failure, optional=True),
            field(FILE, "What k6 or Locust wrote", file),
        ],
    )


def join(of: str) -> Block:
    """The form of [Join…]."""
    asked = field(EXPERIMENT, "Experiment whose launch it counts for", _LINE)
    return modal("Join a launch", "Join", [_of(of), asked])


def _of(budget: str) -> Block:
    """The budget, so that what is entered can be held against it before it is sent off."""
    return field(BUDGET, "Budget", _select([budget], budget))


def _reason(*, optional: bool) -> Block:
    hint = "A new test needs one where there are results: what was changed since."
    return field(REASON, "Why", written(most=500), hint=hint, optional=optional)


def _select(values: Sequence[str], chosen: str = "") -> Block:
    options = [
        {"text": {"type": "plain_text", "text": text.plain(one, 75)}, "value": one[:150]}
        for one in values[:100]
    ]
    initial = next((one for one in options if one["value"] == chosen), None)
    shape: Block = {"type": "static_select", "options": options}
    return {**shape, "initial_option": initial} if initial else shape
