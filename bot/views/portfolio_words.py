"""What is said of a scored portfolio, in sentences: the same on the command line, in cards and documents."""

from collections.abc import Sequence

from bot.core.candidate import Kind
from bot.core.candidate_trial import Trial
from bot.core.candidate_value import Estimate, Lesson
from bot.core.portfolio_beside import BETTER_BY, REDUNDANT, Beside, Rival
from bot.core.portfolio_outcome import Retrospective, Standing, Target
from bot.core.portfolio_pick import Binding, Pick, tied
from bot.core.portfolio_score import Score, Scored
from bot.stats.calibration import Haircut
from bot.stats.rank import Spearman
from bot.stats.undecided import Undecided

TIED = "what they bring differs by no more than the error of drawing"
MINUS = "\N{MINUS SIGN}"  # that of core.figures, which takes the whole registration with it


def amount(value: float) -> str:
    r"""A score or a gain, three digits.

    >>> amount(39428.6), amount(1_690_909), amount(200_000), amount(0), ascii(amount(-1500))
    ('39.4K', '1.69M', '200K', '0', "'\\u22121.5K'")
    """
    size = abs(value)
    sign = MINUS if value < 0 else ""
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= 0.9995 * unit:
            return f"{sign}{_three(size / unit)}{letter}"
    return f"{sign}{_three(size)}"


def _three(value: float) -> str:
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(found: Estimate) -> str:
    """A mean with the middle 90 % of the draws."""
    return f"{amount(found.mean)} ({amount(found.low)} to {amount(found.high)})"


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names as a list in a sentence, no more of them than `most`."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def verdict(scored: Scored, found: Pick) -> str:
    """The pick in a sentence, or that there is none."""
    quarter = f"{scored.portfolio.quarter}: " if scored.portfolio.quarter else ""
    if found.infeasible:
        return f"{quarter}{'no' if quarter else 'No'} pick is feasible: {'; '.join(found.infeasible)}."
    return f"{quarter}{'pick' if quarter else 'Pick'} {listed(found.picked)}."


def takes(scored: Scored, found: Pick, other: Beside) -> str:
    """What the pick brings and takes."""
    capacity = scored.portfolio.capacity
    weeks = capacity.engineer_weeks
    room = "" if weeks is None else f" of {weeks:g}"
    holds = other.pick.holds
    sure = "" if holds is None else f" (enough with probability {holds:.2f})"
    shared = f", {listed(found.shared)} paid once" if found.shared else ""
    return (
        f"It is expected to gain {interval(other.pick.gain)} {scored.unit} this quarter and "
        f"{amount(found.learning)} for later decisions; it takes {found.slots:g} of {capacity.slots} slots "
        f"and {found.weeks:.1f}{room} engineer-weeks{sure}{shared}."
    )


def reason(scored: Scored, found: Pick, score: Score) -> str:
    """Why a candidate is picked, or what keeps it out."""
    if score.bars:
        return f"{_first(score.bars[0].reason)}. {score.bars[0].mend}"
    name = score.candidate.id
    if name in found.picked:
        return _why_in(scored, found, score)
    done = {one.id for one in scored.portfolio.candidates if one.done}
    missing = [
        need
        for need in score.candidate.depends_on
        if need not in done and need not in found.picked and scored.score(need).bars
    ]
    if missing:
        return f"It needs {listed(missing)}, which cannot be picked."
    return _why_out(scored, found, score)


def _why_in(scored: Scored, found: Pick, score: Score) -> str:
    said = [f"Gains {amount(score.expected)}"]
    if score.learning > 0:
        said.append(f"teaches {amount(score.learning)}")
    text = " and ".join(said)
    if score.candidate.must:
        text += f"; must be picked: {score.candidate.must.rstrip('.')}"
    name = score.candidate.id
    if name not in found.without_learning:
        for_it = [one for one in found.without_learning if one not in found.picked]
        instead = f": by this quarter's gain alone {listed(for_it)} would be" if for_it else ""
        text += f". It is here for what it teaches{instead}"
        if found.holds_from > 0:
            text += f". That holds while learning counts at least {found.holds_from:.2f} of what is computed"
    swing = found.swings.get(name)
    if swing is not None and swing.loses is not None:
        if tied(scored, name, swing):
            return f"{text}. {listed(swing.instead)} instead would be as good: {TIED}."
        instead = f", even with {listed(swing.instead)} instead" if swing.instead else ""
        text += f". Without it the pick is worth {amount(swing.loses)} less{instead}"
    return f"{text}."


def _why_out(scored: Scored, found: Pick, score: Score) -> str:
    if score.expected + score.learning <= 0:
        gain = score.value.gain
        why = f": {gain.reason}" if isinstance(gain, Undecided) else ""
        return f"Nothing is known that it would bring{why}."
    if found.infeasible and score.candidate.must:
        return f"It must be picked ({score.candidate.must.rstrip('.')}), and what must be does not fit."
    swing = found.swings.get(score.candidate.id)
    if swing is None:
        return "No pick is feasible." if found.infeasible else "There is a better use of the room."
    if swing.loses is None:
        return "It does not fit the room at all."
    if tied(scored, score.candidate.id, swing):
        return f"As good in place of {listed(swing.instead)}: {TIED}."
    instead = f" {listed(swing.instead)} would leave for it, and" if swing.instead else ""
    return f"No room:{instead} the pick would be worth {amount(swing.loses)} less."


def lessons(score: Score) -> list[str]:
    """What a result is worth to later decisions: prior and threshold stated."""
    impact = score.candidate.impact
    unit = "" if impact is None else f" {impact.unit}"
    said = []
    for one in score.value.lessons:
        if isinstance(one, Lesson):
            said.append(
                f"{one.choice.what}: worth {amount(one.value)} (certainty {amount(one.perfect)}); prior "
                f"{one.mean:.3g} ± {one.sd:.3g}{unit}, threshold {one.choice.threshold:g}{unit}, "
                f"{one.choice.horizon:g} quarters of {amount(one.reach)}; turns the decision with "
                f"probability {one.information.changes:.2f}"
            )
        else:
            said.append(one.reason)
    return said


def power(score: Score) -> str:
    """Whether the quarter can show it, in a phrase."""
    found = score.value.trial
    if not isinstance(found, Trial):
        return f"unknown: {found.reason}"
    impact = score.candidate.impact
    unit = "" if impact is None else f" {impact.unit}"
    return (
        f"power {found.power:.2f} with {amount(found.per_arm)} an arm; the smallest effect seen is "
        f"{found.smallest:.3g}{unit}"
    )


def binding(one: Binding) -> str:
    """What a limit costs."""
    enters = f", with {listed(one.enters)}" if one.enters else ""
    return f"{one.limit} would add {amount(one.gains)}{enters}"


def gut(other: Beside) -> str:
    """The pick beside the gut-feel one."""
    rival = other.gut
    if rival is None:
        return "No gut-feel pick is on record, so the pick cannot be compared with one."
    text = f"Gut feel would pick {listed(rival.names)}: {interval(rival.gain)}{_trouble(rival)}"
    if isinstance(other.better, Undecided):
        return f"{text}. How much better the pick is cannot be said: {other.better.reason}."
    sign = "+" if other.better >= 0 else MINUS
    goal = "the target is" if other.better >= BETTER_BY else "short of the target of"
    likely = "" if other.likely is None else f", more with probability {other.likely:.2f}"
    return (
        f"{text}. The pick's gain this quarter is {sign}{abs(other.better) * 100:.0f} % of that{likely}; "
        f"{goal} +{BETTER_BY * 100:.0f} %."
    )


def agreement(other: Beside) -> str:
    """How closely gut feel follows RICE."""
    rho = other.rho
    if not isinstance(rho, Spearman):
        return f"Spearman's rho of gut feel with RICE: undecided, {rho.reason}."
    says = (
        f"above {REDUNDANT:g}: gut feel already follows RICE, and the framework adds little"
        if other.redundant
        else f"at most {REDUNDANT:g}: the framework says something that gut feel does not"
    )
    if rho.low <= REDUNDANT < rho.high and not other.redundant:
        says += f", though {rho.n} candidates do not settle it"
    return (
        f"Spearman's rho of gut feel with RICE is {_signed(rho.rho)} ({_signed(rho.low)} to "
        f"{_signed(rho.high)}, {rho.n} candidates), {says}."
    )


def saved(other: Beside) -> str:
    """What is not spent on what nobody would see."""
    whose = "whose effect" if len(other.undersized) == 1 else "whose effects"
    return (
        f"{other.saved:.1f} engineer-weeks are not spent on {listed(other.undersized)}, {whose} the quarter "
        "would not show."
    )


def plain(other: Beside) -> str:
    """The first by plain RICE."""
    rival = other.plain
    if not rival.names:
        return "Plain RICE ranks nobody."
    return f"Plain RICE would pick {listed(rival.names)}: {interval(rival.gain)}{_trouble(rival)}."


def _trouble(rival: Rival) -> str:
    said = []
    if rival.barred:
        said.append(f"{listed(rival.barred)} may not be picked")
    if rival.holds is not None and rival.holds < 0.5:
        said.append(
            f"its {rival.weeks:.1f} engineer-weeks are enough with probability {rival.holds:.2f} only"
        )
    return f"; {', and '.join(said)}" if said else ""


def haircut(found: Haircut) -> str:
    """What confidences are multiplied by, and why."""
    if found.stated is None or found.observed is None or found.low is None or found.high is None:
        return "No past confidences are on record: no haircut is applied."
    seen = (
        f"{found.tried} experiments stated with {found.stated:.2f} on average succeeded at "
        f"{found.observed:.2f} ({found.low:.2f} to {found.high:.2f})"
    )
    if found.factor == 1:
        return f"{seen}: well calibrated, no haircut."
    word = "over-confident" if found.factor < 1 else "under-confident"
    raw = "" if found.raw is None else f" ({found.raw:.2f} before shrinking)"
    return f"{seen}: {word}, confidences are multiplied by {found.factor:.2f}{raw}."


def target(one: Target) -> str:
    """One row of the dashboard."""
    mark = {
        Standing.MET: "✓ met",
        Standing.MISSED: "⚠ missed",
        Standing.ALERT: "✗ alert",
        Standing.UNKNOWN: "? unknown",
    }[one.standing]
    limits = f"target {one.target}, alert {one.alert}"
    if isinstance(one.value, Undecided):
        return f"{mark}: {one.name}: {one.value.reason} ({limits})"
    between = "" if one.low is None or one.high is None else f" ({_signed(one.low)} to {_signed(one.high)})"
    return f"{mark}: {one.name} {_signed(one.value)}{between} ({limits})"


def looked_back(found: Retrospective) -> list[str]:
    """A quarter looked back on, one line a point."""
    said = [target(one) for one in found.targets]
    realised = found.realised.reason if isinstance(found.realised, Undecided) else amount(found.realised)
    said.insert(0, f"Predicted {amount(found.predicted)}, realised {realised}")
    for row in found.rows:
        predicted = "unknown" if row.predicted is None else interval(row.predicted)
        came = "not on record" if row.realised is None else amount(row.realised)
        effort = "" if row.ratio is None else f", effort {row.ratio:.2f} of the estimate"
        said.append(f"{row.candidate}: predicted {predicted}, realised {came}{effort}")
    other = found.gut_realised
    said.append(f"Gut feel: {other.reason if isinstance(other, Undecided) else amount(other)}")
    if not isinstance(found.score, Undecided):
        p = found.score.p
        holds = "" if isinstance(p, Undecided) else f", p = {p:.3f} that confidences hold"
        said.append(f"Brier score {found.score.score:.3f} over {found.score.tried} experiments{holds}")
    said.append(f"Next quarter: {haircut(found.after)}")
    return said


def is_ranked(score: Score) -> bool:
    """Whether RICE can rank it at all."""
    return score.rank is not None and score.candidate.kind is not Kind.MAINTENANCE


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _signed(value: float) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value):.2f}"
