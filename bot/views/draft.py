"""The form of `/experiment new`: the registration as fields, and beside them what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core import draft_lines
from bot.core.draft import PATH, DraftField
from bot.core.effect import Block
from bot.views import text

PREFIX = "experiment.new."
"""Every field's action id begins with it; its block has the field's bare name."""

MOST_TEXT = 3000
MOST_OPTIONS = 100

KINDS = {"mean": "mean per unit", "proportion": "share of units", "ratio": "ratio", "quantile": "quantile"}
DIRECTIONS = {"increase": "is to rise", "decrease": "is to fall"}
SPENDINGS = {
    "obrien-fleming": "O'Brien-Fleming: strict early, nearly all left at the end",
    "pocock": "Pocock: the same line at every look",
    "exact-obrien-fleming": "O'Brien-Fleming, exact for looks on these days",
    "exact-pocock": "Pocock, exact for looks on these days",
    "none": "none: only the last look decides",
}
F = DraftField


@dataclass(frozen=True)
class Choices:
    """What there is to choose from: warehouses, whether files may be named, configured sign-offs."""

    sources: tuple[str, ...]
    files: bool
    signoffs: tuple[str, ...]


def form(choices: Choices, fields: Mapping[str, str], so_far: Sequence[str]) -> Block:
    """The modal, with what was entered so far; `so_far` says what it comes to, line by line."""
    draw = _Drawer(fields)
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "New experiment"},
        "submit": {"type": "plain_text", "text": "Register"},
        "close": {"type": "plain_text", "text": "Not now"},
        "blocks": [
            text.context(
                "The rule is written before the result. Lookout writes the YAML and gives you the file; "
                "it is locked only when everybody below has signed."
            ),
            *_claim(draw),
            *_decides(draw),
            {**text.context(text.fit(so_far)), "block_id": "so_far"},
            *_data(draw, choices),
            *_lines(draw),
            _signoffs(draw, choices.signoffs),
        ],
    }


def _claim(draw: "_Drawer") -> list[Block]:
    return [
        text.header("What is claimed"),
        draw.line(
            F.ID, "Id", "us-mle-02-reranker-l12", hint="Lower case, digits and hyphens. It never changes."
        ),
        draw.line(F.TITLE, "Title", "Reranker MiniLM-L6 to L12"),
        draw.line(F.OWNER, "Owner", "applied-ml", optional=True),
        draw.line(
            F.INTERVENTION,
            "What is done: the do() clause",
            "do(reranker = MiniLM-L12)",
            hint="What is set to what.",
        ),
        draw.line(F.H0, "H0: what is true if it does nothing", optional=True),
        draw.line(F.H1, "H1: what is true if it works", optional=True),
        draw.lines(F.DISCONFIRMING, "What would count against it, one a line", "csat falls by more than 1 %"),
    ]


def _decides(draw: "_Drawer") -> list[Block]:
    return [
        text.header("What decides"),
        draw.line(F.METRIC, "Primary metric", "useful_answer_rate"),
        draw.choice(F.KIND, "It is a", KINDS, "mean", live=True),
        draw.line(
            F.COLUMN,
            "Its column, if not of that name",
            "useful_turns / turns",
            optional=True,
            hint="A ratio has two, a quantile its percentage: p95 latency_ms.",
        ),
        draw.choice(F.DIRECTION, "It", DIRECTIONS, "increase"),
        draw.number(F.BASELINE, "Baseline: its value now", hint="0.183 for 18.3 %"),
        draw.number(F.SD, "Its standard deviation over units", hint="Not needed for a share of units."),
        draw.number(
            F.MDE, "Smallest effect worth having, % of the baseline", hint="3 for 3 %", optional=False
        ),
        draw.line(F.COVARIATE, "CUPED: column of the time before", "useful_answer_rate_pre", optional=True),
        draw.number(F.CUPED, "CUPED: expected reduction of the variance, %"),
        draw.number(F.TRAFFIC, "Eligible units a day, both arms together"),
        draw.number(F.HORIZON, "Horizon, days", optional=False, decimal=False),
        draw.line(F.LOOKS, "Looks, on days", "4, 7, 11, 14", live=True),
        draw.choice(F.SPENDING, "How alpha is spent over the looks", SPENDINGS, "obrien-fleming", live=True),
        draw.date(F.START, "Day 1, if it is known"),
    ]


def _data(draw: "_Drawer", choices: Choices) -> list[Block]:
    sources = {f"source:{name}": name for name in choices.sources[: MOST_OPTIONS - 1]}
    if choices.files:
        sources[PATH] = "a file in the data folder"
    return [
        text.header("Where the data is"),
        draw.choice(F.SOURCE, "Data source", sources, next(iter(sources))),
        draw.line(F.TABLE, "Table (or the file's path)", "exposure_day"),
        draw.line(F.UNIT, "Column of the unit", "user_id"),
        draw.line(F.ARM, "Column of the arm", "arm"),
        draw.line(F.CONTROL, "Its value for control", "l6"),
        draw.line(F.TREATMENT, "Its value for treatment", "l12"),
        draw.line(F.DAY, "Column of the day (1 is the first)", "day", optional=True),
    ]


def _lines(draw: "_Drawer") -> list[Block]:
    return [
        text.header("What must not happen"),
        draw.lines(
            F.GUARDRAILS,
            "Guardrails, one a line",
            f"{draft_lines.GUARDRAIL_EXAMPLE}\np95 latency_ms: <= 800\nspam_rate: +5 %",
            hint="Metric, colon, line: -1 % may not fall by more, +5 % may not rise by more, <= 800 and "
            ">= 0.7 are bounds. Before a name: mean, proportion or p95; a ratio is ctr = clicks / views.",
        ),
        draw.lines(
            F.COHORTS,
            "Cohorts, one dimension a line",
            f"{draft_lines.COHORT_EXAMPLE}\ndevice: mobile, desktop",
            hint="Figures after the values are their shares of all units, in percent.",
        ),
        draw.number(F.COHORT_LIMIT, "No cohort may get worse by more than, %"),
        text.header("Who signs"),
    ]


def _signoffs(draw: "_Drawer", configured: Sequence[str]) -> Block:
    if not configured:
        return draw.line(F.SIGNOFFS, "Sign-offs, between commas", "pm, em, applied_ml", optional=True)
    return draw.several(F.SIGNOFFS, "Sign-offs", configured[:MOST_OPTIONS])


@dataclass(frozen=True)
class _Drawer:
    """Draws fields with what was entered into them; a live one tells Lookout of every change."""

    fields: Mapping[str, str]

    def line(
        self,
        name: DraftField,
        label: str,
        example: str = "",
        *,
        hint: str = "",
        optional: bool = False,
        live: bool = False,
    ) -> Block:
        element = {"type": "plain_text_input", "max_length": 1000, **self._entered(name), **_example(example)}
        return _input(name, label, element, hint=hint, optional=optional, live=live)

    def lines(self, name: DraftField, label: str, example: str, *, hint: str = "") -> Block:
        element = {
            "type": "plain_text_input",
            "multiline": True,
            "max_length": MOST_TEXT,
            **self._entered(name),
            **_example(example),
        }
        return _input(name, label, element, hint=hint, optional=True)

    def number(
        self, name: DraftField, label: str, *, hint: str = "", optional: bool = True, decimal: bool = True
    ) -> Block:
        """A figure; all but the cohorts' line decide how many units it takes."""
        element = {"type": "number_input", "is_decimal_allowed": decimal, **self._entered(name)}
        live = name is not F.COHORT_LIMIT
        return _input(name, label, element, hint=hint, optional=optional, live=live)

    def choice(
        self, name: DraftField, label: str, options: Mapping[str, str], first: str, *, live: bool = False
    ) -> Block:
        chosen = self.fields.get(name, first)
        every = [_option(value, said) for value, said in options.items()]
        element = {"type": "static_select", "options": every}
        initial = next((one for one in every if one["value"] == chosen), every[0])
        return _input(name, label, {**element, "initial_option": initial}, live=live)

    def several(self, name: DraftField, label: str, values: Sequence[str]) -> Block:
        every = [_option(value, value) for value in values]
        chosen = self.fields.get(name, "").splitlines()
        initial = [one for one in every if one["value"] in chosen]
        element = {"type": "multi_static_select", "options": every}
        return _input(
            name, label, {**element, **({"initial_options": initial} if initial else {})}, optional=True
        )

    def date(self, name: DraftField, label: str) -> Block:
        entered = self.fields.get(name)
        element = {"type": "datepicker", **({"initial_date": entered} if entered else {})}
        return _input(name, label, element, optional=True, live=True)

    def _entered(self, name: DraftField) -> Block:
        entered = self.fields.get(name)
        return {"initial_value": entered} if entered else {}


def _input(
    name: DraftField,
    label: str,
    element: Block,
    *,
    hint: str = "",
    optional: bool = False,
    live: bool = False,
) -> Block:
    typed = element["type"] in ("plain_text_input", "number_input")
    heard = (
        {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}} if live and typed else {}
    )
    return {
        "type": "input",
        "block_id": str(name),
        "optional": optional,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": f"{PREFIX}{name}", **heard},
        **({"dispatch_action": True} if live else {}),
        **({"hint": {"type": "plain_text", "text": hint}} if hint else {}),
    }


def _example(example: str) -> Block:
    return {"placeholder": {"type": "plain_text", "text": text.cut(example, 150)}} if example else {}


def _option(value: str, said: str) -> Block:
    return {"text": {"type": "plain_text", "text": text.plain(said, 75)}, "value": value}
