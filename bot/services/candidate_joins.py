"""What candidates and experiments are to each other: which one led to which, and that a locked pick says so.

They are joined by hand, by whoever registers the experiment, or through the framing that led to both.
"""

from sqlmodel import Session

from bot.core.thing import Thing, ThingKind
from bot.store import links, portfolios


def of_experiment(session: Session, experiment: str) -> tuple[str, str]:
    """The pick that an experiment comes from, in words; else what its candidates lack. Both "" for none."""
    candidates = candidates_of(session, experiment)
    for name in reversed(candidates):
        quarter = portfolios.picked_in(session, name)
        kept = portfolios.load(session, quarter) if quarter else None
        if kept is not None:
            return f"{name}, picked for {quarter} (ledger {kept.locked_entry})", ""
    if not candidates:
        return "", ""
    return "", f"{candidates[-1]} led to it, and no locked portfolio picks that"


def candidates_of(session: Session, experiment: str) -> list[str]:
    """The candidates that led to an experiment, those joined by name last."""
    thing = Thing(ThingKind.EXPERIMENT, experiment)
    framings = links.before(session, thing, ThingKind.FRAMING)
    through = [one for framing in framings for one in links.after(session, framing, ThingKind.CANDIDATE)]
    found = [*through, *links.before(session, thing, ThingKind.CANDIDATE)]
    return list(dict.fromkeys(one.id for one in found))


def experiments_of(session: Session, candidate: str) -> list[str]:
    """The experiments that a candidate became, those joined by name last."""
    thing = Thing(ThingKind.CANDIDATE, candidate)
    framings = links.before(session, thing, ThingKind.FRAMING)
    through = [one for framing in framings for one in links.after(session, framing, ThingKind.EXPERIMENT)]
    found = [*through, *links.after(session, thing, ThingKind.EXPERIMENT)]
    return list(dict.fromkeys(one.id for one in found))
