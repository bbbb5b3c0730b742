"""What stands behind a launch, for narratives: its framing, its candidate, its quarter, offline evidence."""

from sqlmodel import Session

from bot.core.citation import Cited, Figure, Gap, entries, known
from bot.core.correlation import FLOOR, Correlation
from bot.core.figures import signed
from bot.core.framing import F, Framing
from bot.core.framing_reader import read
from bot.core.launch import Kind
from bot.core.narrative import FramingTold, OfflineTold, missing
from bot.core.thing import Thing, ThingKind
from bot.services import deltas
from bot.services.narrative_teller import Teller, counted, dated
from bot.stats.correlation import Pearson
from bot.store import candidates, framings, ledger, links, portfolios

NO_FRAMING = Gap("no framing on record", "`/frame new` writes one, and its card registers the experiment")
NO_CANDIDATE = Gap("no portfolio candidate on record", "`/portfolio add` proposes one")


def of_kind(session: Session, start: Thing, kind: ThingKind) -> list[Thing]:
    """What led to a thing, to any depth, of one kind; the nearest first."""
    seen, queue, found = {start}, [start], []
    while queue:
        for link in links.of(session, queue.pop(0)):
            if link.later in seen and link.earlier not in seen:
                seen.add(link.earlier)
                queue.append(link.earlier)
                if link.earlier.kind is kind:
                    found.append(link.earlier)
    return found


def framing_of(session: Session, thing: Thing) -> Framing | None:
    """The framing that a thing came from: a decided one before a draft."""
    found = [framings.load(session, int(one.id.removeprefix("FRM-"))) for one in _framings(session, thing)]
    every = [one for one in found if one is not None]
    return next((one for one in every if one.decided), every[0] if every else None)


def _framings(session: Session, thing: Thing) -> list[Thing]:
    return of_kind(session, thing, ThingKind.FRAMING)


def framing(teller: Teller, found: Framing | None) -> FramingTold:
    """What a framing says, as it was decided; a draft says that it is one."""
    if found is None:
        return missing(FramingTold, NO_FRAMING)
    decided = found.decided
    said = read(decided.fields if decided else found.fields)
    record = found.id if decided is None else f"{found.id} edition {decided.number}"
    undecided = Gap(f"{found.id} is not decided", f"`/frame decide {found.id}` decides it")

    def field(name: F) -> Cited:
        gap = Gap(f"{found.id} does not say its {name.replace('_', ' ')}", f"`/frame show {found.id}`")
        return known(said.text(name).rstrip("."), record, gap)

    recommended = said.recommendation
    revisit = undecided if decided is None else Gap(f"{found.id} names no day to look at it again")
    return FramingTold(
        id=Figure(found.id, record),
        title=field(F.TITLE),
        who=field(F.WHO),
        words=field(F.WORDS),
        words_from=field(F.WORDS_FROM),
        stay=field(F.STAY),
        lagging=field(F.LAGGING),
        leading=field(F.LEADING),
        heuristic=field(F.HEURISTIC),
        heuristic_value=field(F.HEURISTIC_VALUE),
        heuristic_weeks=_weeks(field(F.HEURISTIC_WEEKS)),
        ml=field(F.ML),
        ml_value=field(F.ML_VALUE),
        ml_weeks=_weeks(field(F.ML_WEEKS)),
        recommendation=Figure(recommended.words, record) if decided and recommended else undecided,
        why=field(F.WHY),
        decided_on=teller.day(decided.at, f"ledger {decided.entry}") if decided else undecided,
        revisit=Figure(dated(said.revisit), record) if decided and said.revisit else revisit,
        tenet=field(F.TENET),
    )


def _weeks(one: Cited) -> Cited:
    """Engineer-weeks with their unit, however they were typed."""
    if isinstance(one, Gap) or any(letter.isalpha() for letter in one.said):
        return one
    return Figure(f"{one.said} engineer-weeks", one.record)


def candidate(session: Session, experiment: Thing) -> tuple[Cited, Cited]:
    """The candidate that an experiment came from, and the quarter it was picked in."""
    found = of_kind(session, experiment, ThingKind.CANDIDATE)
    if not found:
        return NO_CANDIDATE, Gap("no portfolio picked it", "`/portfolio pick` locks a quarter's pick")
    item = candidates.load(session, int(found[0].id.removeprefix("CAN-")))
    said = Figure(f"{found[0].id} ({item.candidate.title})" if item else found[0].id, found[0].id)
    quarter = portfolios.picked_in(session, found[0].id)
    if not quarter:
        gap = Gap(f"no locked portfolio picks {found[0].id}", "`/portfolio pick` locks a quarter's pick")
        return said, gap
    locked = portfolios.load(session, quarter)
    entry = f"ledger {locked.locked_entry}" if locked and locked.locked_entry else quarter
    return said, Figure(f"picked for {quarter}", entry)


def offline(teller: Teller, experiment: str = "") -> OfflineTold:
    """Offline evidence as it stands, and what the experiment itself moved offline and online."""
    health = deltas.correlation(teller.session, teller.now)
    window = health.longest
    found, paired = window.found, window.inside
    record = entries(one.entry for one in paired) if paired else "/correlation status"
    if not isinstance(found, Pearson):
        gap = Gap(
            f"no offline-online correlation on record: {found.reason}", "`/correlation record` adds a pair"
        )
        told = missing(OfflineTold, gap)
        r = interval = pairs = told.correlation
    else:
        side = "below" if found.r < FLOOR else "above"
        r = Figure(f"{found.r:.2f}, {side} the gate of {FLOOR:g}", record)
        interval = Figure(f"{found.low:.2f} … {found.high:.2f}", record)
        pairs = Figure(f"{counted(found.n, 'launch', 'launches')} in {window.days} days", record)
    return OfflineTold(
        delta=_delta(teller.session, experiment),
        correlation=r,
        interval=interval,
        pairs=pairs,
        agreement=_agreement(health, record),
        eval_set=_eval_set(health, record),
    )


def _delta(session: Session, experiment: str) -> Cited:
    own = [one for one in ledger.of(session, experiment) if one.kind == Kind.DELTA] if experiment else []
    if not own:
        return Gap(
            "no offline delta on record beside the online one", "declare `offline:` in the registration"
        )
    body = own[-1].body
    said = (
        f"{signed(body['offline'])} offline ({body['offline_metric']}) against "
        f"{signed(body['online'])} online ({body['online_metric']})"
    )
    return Figure(said, f"ledger {own[-1].number}")


def _agreement(health: Correlation, record: str) -> Cited:
    if not health.last:
        return Gap("no finished experiment has both deltas on record", "`/correlation record` adds one")
    return Figure(f"{health.agreeing} of the last {counted(len(health.last), 'finished experiment')}", record)


def _eval_set(health: Correlation, record: str) -> Cited:
    if health.eval_set_age is None:
        return Gap("the age of the eval set is not on record", "declare `offline.built` in the registration")
    name = health.eval_set or "the eval set"
    return Figure(f"{name} was built {counted(health.eval_set_age, 'day')} ago", record)
