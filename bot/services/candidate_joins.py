"""What a candidate says of the experiment that it led to: that a locked portfolio picks it."""

from sqlmodel import Session

from bot.core.thing import Thing, ThingKind
from bot.store import links, portfolios


def of_experiment(session: Session, experiment: str) -> tuple[str, str]:
    """The pick that an experiment comes from, in words; else what its candidates lack. Both "" for none."""
    candidates = links.before(session, Thing(ThingKind.EXPERIMENT, experiment), ThingKind.CANDIDATE)
    for one in reversed(candidates):
        quarter = portfolios.picked_in(session, one.id)
        kept = portfolios.load(session, quarter) if quarter else None
        if kept is not None:
            return f"{one.id}, picked for {quarter} (ledger {kept.locked_entry})", ""
    if not candidates:
        return "", ""
    return "", f"{candidates[-1].id} led to it, and no locked portfolio picks that"
