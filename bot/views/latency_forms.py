"""The forms of `/latency`: a budget as YAML or a file, and the result file of a load test."""

from bot.core.effect import Block
from bot.views import text

YAML, BUDGET, LOAD, FAILURE, FILE = "yaml", "budget", "load", "failure", "file"
BUDGET_FORM, TEST_FORM = "latency.budget", "latency.loadtest"


def budget() -> Block:
    """The form of `/latency budget`."""
    yaml: Block = {"type": "plain_text_input", "multiline": True, "max_length": 3000}
    file: Block = {"type": "file_input", "filetypes": ["yaml", "yml"], "max_files": 1}
    fields = [_field(YAML, "The budget, pasted", yaml), _field(FILE, "Or as a file", file)]
    return _modal("Latency budget", "Register", fields)


def loadtest(known: str) -> Block:
    """The form of `/latency loadtest`; `known` is the only budget there is, or nothing."""
    line: Block = {"type": "plain_text_input", "max_length": 80}
    named: Block = {**line, "initial_value": known} if known else line
    file: Block = {"type": "file_input", "filetypes": ["json", "csv", "gz"], "max_files": 1}
    return _modal(
        "Load test result",
        "Judge",
        [
            text.section("The criteria are locked first: `/latency loadtest lock ID`."),
            _field(BUDGET, "Budget", named, optional=False),
            _field(LOAD, "Load, such as 2x", line, optional=False),
            _field(FAILURE, "Induced failure, if any", line),
            _field(FILE, "What k6 or Locust wrote", file, optional=False),
        ],
    )


def _modal(title: str, submit: str, blocks: list[Block]) -> Block:
    said = {name: {"type": "plain_text", "text": words} for name, words in
            (("title", title), ("submit", submit), ("close", "Not now"))}  # fmt: skip
    return {"type": "modal", **said, "blocks": blocks}


def _field(name: str, label: str, element: Block, *, optional: bool = True) -> Block:
    asked = {"type": "plain_text", "text": label}
    return {"type": "input", "block_id": name, "label": asked, "optional": optional,
            "element": {**element, "action_id": name}}  # fmt: skip
