"""What a simulation of a budget came to, in Slack: whether it fits, the three methods, what-ifs, charts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.core.effect import Block, Message
from bot.core.latency_result import Estimate, Method, Scenario, Simulation
from bot.views.latency_text import aligned
from bot.views.latency_words import answer, cohort_lines, headline, part, remarks, sums
from bot.views.text import context, cut, escape, fit, header, section

if TYPE_CHECKING:
    from bot.stats.tail import Level

_LEVELS = ("p50", "p95", "p99")
_COLUMNS = {Method.WHOLE: "whole", Method.INDEPENDENT: "independent", Method.ADDITIVE: "added up"}


def card(found: Simulation, *, asked: bool, charts: Sequence[tuple[str, str]], edition: str) -> Message:
    """The card: the sentence first. asked: whether what-ifs were typed, so that theirs is the sentence.

    charts: keys of pictures, and what they show in words.
    """
    answers = [answer(found, one) for one in found.what_ifs]
    first = answers[0] if asked and answers else headline(found)
    rest = [headline(found), *answers[1:]] if asked and answers else answers
    blocks: list[Block] = [header(_head(first, asked=asked)), section(f"*{escape(first, 1200)}*")]
    if rest:
        head = ["*Now*"] if asked else ["*What if*"]
        blocks.append(section(fit([*head, *(f"• {escape(one, 700)}" for one in rest)])))
    blocks.append(_fenced("*A turn, ms*", table(found, found.now)))
    if asked and found.what_ifs and not found.what_ifs[0].why:
        blocks.append(_fenced("*With it, ms*", table(found, found.what_ifs[0])))
    told = [escape(one, 500) for one in sums(found)]
    if told:
        blocks.append(section(fit(told)))
    if found.cohorts:
        blocks.append(section(fit(["*Cohorts*", *(f"• {escape(one, 300)}" for one in cohort_lines(found))])))
    for key, alt in charts:
        blocks.append({"type": "image", "slack_file": {"id": f"upload:{key}"}, "alt_text": cut(alt, 1900)})
    blocks.append(context(cut(f"{' '.join(escape(one, 400) for one in remarks(found))} {edition}", 1900)))
    return Message(escape(first, 500), tuple(blocks))


def table(found: Simulation, scenario: Scenario) -> list[str]:
    """The three methods side by side: a row a percentile, with its 95 % interval below it."""
    known = {method: one for method in Method if (one := scenario.estimates.get(method)) is not None}
    rows = [["", *(_COLUMNS[method] for method in known)]]
    for at, name in enumerate(_LEVELS):
        levels = [one.levels[at] if isinstance(one, Estimate) else None for one in known.values()]
        rows.append([name, *("-" if one is None else f"{one.ms:,.0f}" for one in levels)])
        rows.append(["", *(_ends(one) for one in levels)])
    over = [one.over if isinstance(one, Estimate) else None for one in known.values()]
    if any(over):
        slo = f">{found.budget.slo.ms:g}"
        rows.append([slo, *("-" if one is None else part(one.value) for one in over)])
    return [line for line in aligned([[*row, ""] for row in rows]) if line.strip()]


def _head(first: str, *, asked: bool) -> str:
    """The verdict of the sentence, without its figures."""
    return cut(first.partition(": " if asked else ". ")[0], 140)


def _ends(level: "Level | None") -> str:
    if level is None or (level.low is None and level.high is None) or level.low == level.high == level.ms:
        return ""
    low = "?" if level.low is None else f"{level.low:,.0f}"
    return f"{low} to {'?' if level.high is None else f'{level.high:,.0f}'}"


def _fenced(head: str, lines: Sequence[str]) -> Block:
    text = "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return section(f"{head}\n```{text[:2800]}```")
