"""What a look would ask for if the plan had another alpha: what repeated p-values are made of."""

import math
from dataclasses import replace

from bot.stats.bounds import Ask, solve
from bot.stats.exact import constant, is_constant
from bot.stats.sequential import Plan, p_of, spent_by_rule


def level_at(plan: Plan, look: int, alpha: float) -> float:
    """The nominal p of this look (index from 0) at another alpha, all else as it is, binding futility too.

    Raises ValueError when the rule does not say.
    """
    rule = replace(plan.spending, alpha=alpha)
    # The last futility bound is where the search for z ends, so it bounds nothing.
    floor = (*plan.binding[:-1], -math.inf) if plan.binding else ()
    if rule.exact and is_constant(plan.fractions, plan.z, plan.spending):
        return p_of(constant(plan.fractions, rule, floor)[look], plan.sided)
    if rule.exact:
        share = alpha / plan.spending.alpha
        asks = tuple(Ask(spent=share * spent) for spent in spent_by_rule(plan))
    elif rule.by_function:
        asks = (*(Ask(spent=rule.spent(t)) for t in plan.fractions[:-1]), Ask(spent=alpha))
    elif rule.rule == "haybittle-peto" and look == plan.last:
        asks = (*(Ask(z) for z in plan.z[:-1]), Ask(spent=alpha))
    else:
        raise ValueError(f"{rule.rule} does not say what look {look + 1} would ask for at another alpha")
    upto = look + 1
    return p_of(solve(plan.fractions[:upto], asks[:upto], plan.sided, floor=floor[:upto]).z[look], plan.sided)
