"""A quarter's tenets and portfolio, for its narrative: letters, picks, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.citation import Cited, Figure, Gap
from bot.core.figures import MINUS
from bot.core.framing import F, Framing, Recommendation
from bot.core.framing_reader import read
from bot.core.ledger import Entry
from bot.core.narrative import missing
from bot.core.quarter_narrative import PortfolioTold, TenetsTold
from bot.core.quarterly import Edition
from bot.core.quarterly import Kind as Quarterly
from bot.core.thing import Thing, ThingKind
from bot.services import narrative_behind
from bot.services.narrative_picks import pick
from bot.services.narrative_span import Span
from bot.services.narrative_teller import Teller, counted, dated, listed
from bot.store import framings, ledger, portfolios
from bot.views.portfolio_words import amount
from bot.views.quarter_retro import amount as target_amount

NO_FRAMINGS = Gap("no framing was decided in the quarter", "`/frame new` writes one")
RHO_ADDS_LITTLE = 0.7
"""Above it the ranking says what people felt anyway (AML-02)."""


def tenets(teller: Teller, span: Span) -> TenetsTold:
    """How many experiments began with a customer's letter, and what framings came to."""
    found = [(one, one.decided) for one in framings.every(teller.session)]
    decided = [one for one, edition in found if edition is not None and span.holds(edition.at)]
    if not decided:
        return TenetsTold(_framed(teller, span), NO_FRAMINGS, NO_FRAMINGS)
    named = ", ".join(one.id for one in reversed(decided))
    by = [read(one.decided.fields).recommendation for one in decided if one.decided]
    counts = [f"{by.count(one)} “{one.words}”" for one in Recommendation if one in by]
    later = [_not_now(one) for one in decided]
    waiting = [one for one in later if one]
    return TenetsTold(
        framed=_framed(teller, span),
        decided=Figure(f"{counted(len(decided), 'framing')} decided: {listed(counts)}", named),
        not_now=Figure(listed(waiting), named) if waiting else Figure("nothing", named),
        tenets=_tenets(decided),
        letters=tuple(_letter(one) for one in decided if one.fields.get(F.WORDS)),
    )


def portfolio(teller: Teller, span: Span) -> PortfolioTold:
    """What was picked of what, beside gut feeling and plain RICE; what became of the picks."""
    entries = ledger.of(teller.session, span.name)
    locks = [one for one in entries if one.kind == Quarterly.LOCKED]
    if not locks:
        newest = portfolios.newest(teller.session, span.name)
        gap = Gap(f"no locked pick of {span.name} on record", f"`/portfolio pick {span.name}` locks one")
        told = missing(PortfolioTold, gap)
        return told if newest is None else _unlocked(told, newest, span)
    lock, edition = locks[-1], portfolios.locked(teller.session, span.name)
    body, record = lock.body, f"ledger {lock.number}"
    reviewed = [one for one in entries if one.kind == Quarterly.REVIEWED]
    return PortfolioTold(
        candidates=_candidates(edition, record),
        picked=Figure(f"{len(body['picked'])} picked", record),
        locked_on=_locked_on(teller, lock, span),
        sha256=Figure(str(body.get("sha256", ""))[:12], record),
        rho=_rho(body.get("rho"), record),
        gut=_gut(body, record),
        expected=_expected(edition),
        learning=_learning(edition),
        rejected=_rejected(body, record),
        retrospective=_retrospective(teller, reviewed, span),
        picks=tuple(pick(teller, span, str(one), record) for one in body["picked"]),
        barred=_barred(edition),
        targets=_targets(reviewed),
    )


def _framed(teller: Teller, span: Span) -> Cited:
    """How many of the quarter's experiments came from a decided framing."""
    if not span.work:
        return Gap(f"no experiment of {span.name} on record", "`/experiment new` registers one")
    found = {}
    for work in span.work:
        thing = Thing(ThingKind.EXPERIMENT, work.launch.id)
        framing = narrative_behind.framing_of(teller.session, thing)
        if framing is not None and framing.decided is not None:
            found[work.launch.id] = framing.id
    record = ", ".join(sorted(set(found.values()))) or span.name
    return Figure(f"{len(found)} of {len(span.work)}", record)


def _not_now(framing: Framing) -> str:
    said = read(framing.decided.fields) if framing.decided else None
    if said is None or said.recommendation is not Recommendation.NOT_NOW:
        return ""
    again = f", to be looked at again on {dated(said.revisit)}" if said.revisit else ""
    return f"{framing.id} {framing.title}{again}"


def _tenets(decided: Sequence[Framing]) -> tuple[Cited, ...]:
    found: dict[str, str] = {}
    for one in decided:
        said = one.fields.get(F.TENET, "").strip().rstrip(".")
        if said:
            found.setdefault(said, one.id)
    return tuple(Figure(said, record) for said, record in found.items())


def _letter(framing: Framing) -> Cited:
    words = framing.fields.get(F.WORDS, "").strip().strip("“”\"'").rstrip(".")
    who = framing.fields.get(F.WHO, "").strip().rstrip(".")
    return Figure(f"“{words}” ({who})" if who else f"“{words}”", framing.id)


def _unlocked(told: PortfolioTold, edition: Edition, span: Span) -> PortfolioTold:
    record = f"{span.name} edition {edition.number}"
    return replace(
        told,
        candidates=_candidates(edition, record),
        picked=Figure(f"{len(edition.picked)} proposed and not locked", record),
    )


def _candidates(edition: Edition | None, record: str) -> Cited:
    number = len((edition.file if edition else {}).get("candidates") or ())
    if not number:
        return Gap("how many candidates there were is not on record")
    return Figure(counted(number, "candidate"), record)


def _locked_on(teller: Teller, lock: Entry, span: Span) -> Cited:
    day = lock.at.astimezone(teller.zone).date()
    when = "before the quarter began" if lock.at < span.since else "after the quarter had begun"
    return Figure(f"{dated(day)}, {when}", f"ledger {lock.number}")


def _rho(rho: Any, record: str) -> Cited:
    value = rho.get("rho") if isinstance(rho, Mapping) else rho
    if not isinstance(value, int | float):
        why = rho.get("reason") if isinstance(rho, Mapping) else None
        return Gap(
            f"no rank correlation with gut feeling: {why or 'nobody picked by feel'}",
            "[Pick by feel…] on the pick's card",
        )
    adds = "adds little" if value > RHO_ADDS_LITTLE else "says something else"
    shown = f"{value:.2f}".replace("-", MINUS)
    return Figure(f"{shown}, so the ranking {adds}", record)


def _gut(body: Mapping[str, Any], record: str) -> Cited:
    gut = body.get("gut") or {}
    picked = [str(one) for one in gut.get("picked") or ()]
    if not picked:
        return Gap("nobody picked by feel before the lock", "[Pick by feel…] on the pick's card")
    both = [one for one in picked if one in body["picked"]]
    of = f"{len(both) or 'none'} of them was" if len(picked) > 1 else "it was" if both else "it was not"
    return Figure(f"{listed(picked)}, and {of} picked", record)


def _expected(edition: Edition | None) -> Cited:
    """What the pick was expected to bring, with the middle 90 % of its draws."""
    gain = ((edition.result if edition else {}).get("beside") or {}).get("pick") or {}
    gain = gain.get("gain")
    if edition is None or not isinstance(gain, Mapping):
        return Gap("the pick's expected value is not on record", "`/portfolio score` works it out")
    ends = f" ({amount(gain['low'])} to {amount(gain['high'])} in 90 % of the draws)"
    return Figure(f"{amount(gain['mean'])}{_unit(edition)}{ends}", _edition(edition))


def _learning(edition: Edition | None) -> Cited:
    """What the pick was expected to teach for later decisions."""
    value = ((edition.result if edition else {}).get("pick") or {}).get("learning")
    if edition is None or not isinstance(value, int | float):
        return Gap("the value of learning is not on record", "`/portfolio score` works it out")
    return Figure(f"{amount(value)}{_unit(edition)}", _edition(edition))


def _unit(edition: Edition) -> str:
    unit = edition.result.get("unit") or {}
    return f" {unit['reach']} x {unit['impact']}" if unit.get("reach") and unit.get("impact") else ""


def _edition(edition: Edition) -> str:
    return f"{edition.quarter} edition {edition.number}"


def _barred(edition: Edition | None) -> tuple[Cited, ...]:
    """The candidates that a rule kept out of the pick, each with the rule's reason."""
    found = (edition.result if edition else {}).get("candidates") or ()
    record = f"{edition.quarter} edition {edition.number}" if edition else ""
    return tuple(
        Figure(f"{one['id']} {one.get('title', '')}: {bar.get('reason', '')}".rstrip(": ."), record)
        for one in found
        for bar in (one.get("barred") or ())[:1]
    )


def _rejected(body: Mapping[str, Any], record: str) -> Cited:
    """What plain RICE would have taken and the pick did not."""
    listed_ = body.get("rice") or ()
    ranked = [str(one.get("id", one)) if isinstance(one, Mapping) else str(one) for one in listed_]
    better = [one for one in ranked[: len(body["picked"])] if one not in body["picked"]]
    if not ranked:
        return Gap("the ranking by plain RICE is not on record")
    if not better:
        return Figure("the pick is what plain RICE would have taken", record)
    return Figure(f"passed over although plain RICE has it higher: {listed(better)}", record)


def _retrospective(teller: Teller, reviewed: Sequence[Entry], span: Span) -> Cited:
    """When it was looked back on, what was realised of what was predicted, and what that still lacked."""
    if not reviewed:
        how = f"`/portfolio retro {span.name}` comes after week 12, `/portfolio record` keeps it"
        return Gap(f"no retrospective of {span.name} on record", how)
    newest = reviewed[-1]
    shape, lacks = newest.body.get("retrospective") or {}, newest.body.get("lacks") or ()
    said = dated(newest.at.astimezone(teller.zone).date())
    realised, predicted = shape.get("realised"), shape.get("predicted")
    if isinstance(realised, int | float) and isinstance(predicted, int | float):
        said += f": {amount(realised)} realised of {amount(predicted)} predicted"
    if lacks:
        plain = listed([str(one).replace("`", "") for one in lacks], most=4)
        said += f"; it lacked {counted(len(lacks), 'thing')}: {plain}"
    return Figure(said, f"ledger {newest.number}")


def _targets(reviewed: Sequence[Entry]) -> tuple[Cited, ...]:
    """Hit rate, effort, calibration and what else has a target, as the retrospective found them."""
    if not reviewed:
        return ()
    shape = reviewed[-1].body.get("retrospective") or {}
    rows = shape.get("targets") if isinstance(shape, Mapping) else None
    record = f"ledger {reviewed[-1].number}"
    targets = [_target(one, record) for one in rows or () if isinstance(one, Mapping)]
    return (*targets, *_learnt(reviewed[-1].body, shape, record))


def _learnt(body: Mapping[str, Any], shape: Mapping[str, Any], record: str) -> list[Cited]:
    """What gut feeling would have brought, as far as that is known, and what the next quarter takes over."""
    found: list[Cited] = []
    if shape.get("gut_feel"):
        brought = shape.get("gut_feel_realised")
        if isinstance(brought, int | float):
            found.append(Figure(f"the pick by gut feeling brought {amount(brought)}", record))
        else:
            why = str(shape.get("gut_feel_realised_reason") or "no reason is on record")
            found.append(
                Figure(f"what the pick by gut feeling would have brought is not known: {why}", record)
            )
    brier = shape.get("brier")
    if isinstance(brier, Mapping):
        said = f"Brier score {brier['score']:.3f} over {counted(brier['tried'], 'judged confidence')}"
        found.append(Figure(f"{said}; 0.25 is a coin's", record))
    if isinstance(body.get("haircut"), int | float):
        said = f"confidences of the next portfolio are multiplied by {body['haircut']:.2f}"
        found.append(Figure(said, record))
    return found


def _target(one: Mapping[str, Any], record: str) -> Cited:
    name, value = str(one.get("name", "")), one.get("value")
    if not isinstance(value, int | float):
        return Gap(f"{name} is not known: {one.get('value_reason') or 'no reason is on record'}")
    low, high = one.get("low"), one.get("high")
    said = target_amount(name)
    ends = f" ({said(low)} … {said(high)})" if low is not None and high is not None else ""
    shown = f"{said(value)}{ends}".replace("-", MINUS)
    return Figure(f"{name} {shown}, target {one.get('target', '')}: {one.get('standing', '')}", record)
