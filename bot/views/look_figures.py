"""Any figure of a look's card in words: which test, which boundary, which rule, from which paper."""

from collections.abc import Callable, Mapping

from bot.core.effect import Message
from bot.errors import InputError
from bot.views import look_other_figures as other
from bot.views import look_primary_figures as primary
from bot.views import text
from bot.views.look_head import called
from bot.views.look_shown import Shown


def figure(shown: Shown, name: str) -> Message:
    """One figure of a look explained. Raises InputError, with the figures there are, for any other name."""
    wanted = name.strip().strip("`").lower()
    result = shown.result
    explain = FIGURES.get(wanted)
    guardrail = [one for one in result.guardrails if one.metric.lower() == wanted]
    cohort = next((one for one in result.cohorts if one.cohort.lower() == wanted), None)
    if explain is not None:
        lines = explain(shown)
    elif guardrail:
        lines = [line for one in guardrail for line in other.guardrail(shown, one)]
    elif wanted == result.primary.metric.lower():
        lines = primary.primary(shown)
    elif cohort is not None:
        lines = other.cohort(shown, cohort)
    else:
        raise InputError(
            f"{called(result)} has no figure `{text.escape(name, 80)}`.", f"It has: {_known(shown)}."
        )
    head = f"*{called(result)}: {text.escape(wanted, 120)}*"
    context = f"Record {shown.record} · registration {result.sha256[:12]}… · computed from the record alone"
    said = [text.escape(line, 900) for line in lines]
    blocks = (text.section(text.fit([head, *(f"• {line}" for line in said)])), text.context(context))
    return Message(text.cut(f"{called(result)}, {text.escape(wanted, 120)}: {' '.join(said)}", 1500), blocks)


def _known(shown: Shown) -> str:
    result = shown.result
    names = [*FIGURES, *dict.fromkeys(one.metric for one in result.guardrails)]
    names += [one.cohort for one in result.cohorts if not one.crossing][:20]
    return ", ".join(text.escape(name, 80) for name in dict.fromkeys(names))


FIGURES: Mapping[str, Callable[[Shown], list[str]]] = {
    "primary": primary.primary,
    "p": primary.p_value,
    "boundary": primary.boundary,
    "alpha": primary.alpha,
    "interval": primary.of_one_look,
    "adjusted": primary.adjusted,
    "cuped": primary.cuped,
    "srm": other.srm,
    "power": primary.power,
    "reconciliation": other.reconciliation,
    "heterogeneity": other.heterogeneity,
}
