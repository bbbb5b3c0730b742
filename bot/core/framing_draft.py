"""A decided framing as the beginning of a registration: the form's fields, and what the form does not ask."""

from collections.abc import Mapping
from typing import Any

from bot.core.draft import DraftField as D
from bot.core.framing import F, Framing
from bot.core.framing_reader import Framed


def fields(framing: Framing, framed: Framed, name: str) -> dict[str, str]:
    """The fields of a new experiment's form that it fills in; `name` is the id that is suggested."""
    do, baseline, effect = framed.do, framed.baseline, framed.effect
    treatment, control = (do.treatment, do.control) if do else ({}, None)
    alone = len(treatment) == 1
    found = {
        D.ID: name,
        D.TITLE: framing.title,
        D.INTERVENTION: do.text if do else "",
        D.H0: framed.text(F.H0),
        D.H1: framed.text(F.H1),
        D.DISCONFIRMING: "\n".join(framed.disconfirming),
        D.METRIC: framed.text(F.METRIC),
        D.KIND: framed.kind,
        D.TREATMENT: next(iter(treatment.values())) if alone else "",
        D.CONTROL: next(iter(control.values())) if control and alone else "",
        D.DIRECTION: "decrease" if effect is not None and effect < 0 else "increase",
        D.BASELINE: "" if baseline is None else f"{baseline:.6g}",
        D.MDE: f"{abs(effect / baseline) * 100:.6g}" if baseline and effect else "",
        D.TRAFFIC: f"{framed.traffic.per_day:.10g}" if framed.traffic else "",
    }
    return {str(field): said for field, said in found.items() if said}


def begun(framing: Framing, framed: Framed, name: str) -> dict[str, Any]:
    """The parts of a registration that it says, to be completed by hand."""
    found = fields(framing, framed, name)
    hypothesis: dict[str, Any] = {"intervention": found.get(D.INTERVENTION, "")}
    hypothesis |= {key: found[key] for key in (str(D.H0), str(D.H1)) if key in found}
    hypothesis["disconfirming"] = list(framed.disconfirming)
    data: dict[str, Any] = {"id": name, "title": framing.title, "hypothesis": hypothesis}
    if framed.traffic is not None:
        data["traffic"] = {"eligible_per_day": framed.traffic.per_day}
    if framed.text(F.METRIC):
        primary: dict[str, Any] = {"metric": framed.text(F.METRIC), "direction": found[D.DIRECTION]}
        primary |= {"baseline": framed.baseline} if framed.baseline is not None else {}
        primary |= {"mde": {"absolute": abs(framed.effect)}} if framed.effect is not None else {}
        data["primary"] = primary
    return completed(framing, framed, data)


def completed(framing: Framing, framed: Framed, data: Mapping[str, Any]) -> dict[str, Any]:
    """The registration's parts with prior evidence and probability, population and the framing's number."""
    rest = dict(data)
    first: tuple[str, ...] = ("id", "title", "owner")
    head = {name: rest.pop(name) for name in first if name in rest}
    hypothesis: dict[str, Any] = {**rest.pop("hypothesis", {})}
    hypothesis["prior_evidence"] = [one.text for one in framed.evidence]
    if framed.prior is not None:
        hypothesis["prior_probability"] = framed.prior
    metric = framed.text(F.METRIC)
    if framed.window and metric in rest.get("metrics", {}):
        metrics: Mapping[str, Any] = rest["metrics"]
        rest["metrics"] = {**metrics, metric: {"window_days": framed.window, **metrics[metric]}}
    found: dict[str, Any] = {**head, "hypothesis": hypothesis}
    if framed.text(F.COHORT):
        found["population"] = framed.text(F.COHORT)
    return {**found, **rest, "artefacts": {**rest.get("artefacts", {}), "framing": framing.id}}
