"""Reads a latency budget from YAML; what is wrong becomes a finding with its line and mend."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from bot.core.finding import Finding, Path, errors
from bot.core.latency_budget import (
    MOST_STAGES,
    QUANTILES,
    TURN,
    Assumed,
    Budget,
    Fallback,
    Hedge,
    Slo,
    Stage,
    ordered,
)
from bot.core.latency_fields import LatencyFields
from bot.core.latency_telemetry import measured, telemetry, thresholds
from bot.core.load_test_reader import load_test
from bot.core.strict_yaml import parse
from bot.core.what_if_reader import what_ifs
from bot.core.yaml_fields import unreadable
from bot.errors import InputError

KIND = "latency"
"""What stands under `kind:`."""

ALERT = 7 / 6
"""An alert's p95 over the allocation, where a stage says none: 280 ms for 240 ms (AML-07)."""

_ROOT = [
    "kind", "id", "title", "slo", "stages", "measured", "telemetry", "thresholds", "what_if", "load_test",
]  # fmt: skip
_STAGE = [
    "name", "title", "allocated_p95_ms", "after", "column", "fallback", "hedge", "assumed", "alert_p95_ms",
]  # fmt: skip


def read_budget(text: str, *, name: str) -> tuple[Budget | None, tuple[Finding, ...]]:
    """Read a budget; None with the findings where one of them is an error."""
    try:
        document = parse(text, name=name)
    except InputError as error:
        return None, (unreadable(error, name),)
    reader = _Reader(document)
    budget = reader.budget(sha256(text.encode()).hexdigest()) if reader.is_mapping(KIND) else None
    findings = tuple(sorted(reader.findings, key=lambda finding: finding.line))
    return (None if errors(findings) else budget), findings


class _Reader(LatencyFields):
    """Reads the stages; the other parts have rooms of their own."""

    def budget(self, digest: str) -> Budget:
        """The budget, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, _ROOT)
        self.kind(root, KIND)
        identifier = self.text((), root, "id")
        self.identifier(("id",), identifier)
        slo = self.slo(root)
        items = self.items((), root, "stages")
        if len(items) > MOST_STAGES:
            what = f"{len(items)} stages are more than {MOST_STAGES}."
            self.find("L101", ("stages",), what, "Join those that nobody would tune by themselves.")
        named = [item.get("name") if isinstance(item, dict) else None for item in items]
        self.names = tuple(" ".join(name.split()) if isinstance(name, str) else "" for name in named)
        stages = self.graph([self.stage(number, item) for number, item in enumerate(items[:MOST_STAGES])])
        known = telemetry(self, root)
        budget = Budget(
            id=identifier,
            title=self.text((), root, "title", required=False) or identifier.replace("_", " "),
            stages=stages,
            slo=slo,
            sha256=digest,
            thresholds=thresholds(self, root, slo.ms),
            measured=measured(self, root, known),
            telemetry=known,
            what_if=what_ifs(self, root, {stage.name: stage.after for stage in stages}),
            load_test=load_test(self, root),
        )
        if not errors(self.findings):
            self.fits(budget)
        return budget

    def slo(self, root: Mapping[str, Any]) -> Slo:
        """What the turn promises."""
        fields = self.mapping(("slo",), root.get("slo"), ["quantile", "ms"])
        quantile = fields.get("quantile", 0.95)
        if quantile not in QUANTILES:
            hint = f"Write one of {', '.join(f'{one:g}' for one in QUANTILES)}."
            self.find("L105", ("slo", "quantile"), f"'quantile' is {quantile!r}.", hint)
            quantile = 0.95
        return Slo(float(quantile), self.ms(("slo",), fields, "ms"))

    def stage(self, number: int, item: object) -> Stage:
        """One stage; without a word about it, it comes after the one above it."""
        path: Path = ("stages", number)
        fields = self.mapping(path, item, _STAGE)
        name = self.text(path, fields, "name")
        self.identifier((*path, "name"), name)
        if name == TURN or name in self.names[:number]:
            what = f"{name!r} is what the whole is called." if name == TURN else f"{name!r} is there twice."
            self.find("L101", (*path, "name"), what, "Give it another name.")
        allocated = self.ms(path, fields, "allocated_p95_ms")
        return Stage(
            name=name,
            allocated_p95_ms=allocated,
            after=self.after(path, fields, number),
            title=self.text(path, fields, "title", required=False),
            column=self.text(path, fields, "column", required=False),
            fallback=self.fallback(path, fields),
            hedge=self.hedge(path, fields),
            assumed=self.assumed(path, fields, allocated),
            alert_p95_ms=self.ms(path, fields, "alert_p95_ms", allocated * ALERT, allocated),
        )

    def after(self, path: Path, fields: Mapping[str, Any], number: int) -> tuple[str, ...]:
        """The stages it waits for."""
        if "after" not in fields:
            return tuple(filter(None, self.names[number - 1 : number])) if number else ()
        value = fields["after"]
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            what = f"'after' is {value!r}."
            self.find("L102", (*path, "after"), what, "Write stages: `after: [intent, retrieval]`, or [].")
            return ()
        for one in names:
            if one not in self.names:
                self.unknown_stage((*path, "after"), one)
        return tuple(dict.fromkeys(one for one in names if one and one in self.names))

    def fallback(self, path: Path, fields: Mapping[str, Any]) -> Fallback | None:
        """What it does when it is slow."""
        if "fallback" not in fields:
            return None
        path = (*path, "fallback")
        given = self.mapping(path, fields["fallback"], ["after_ms", "warn_ms", "to", "cost_ms"])
        after = self.ms(path, given, "after_ms")
        warn = self.ms(path, given, "warn_ms") if "warn_ms" in given else None
        if warn is not None and warn >= after:
            what = f"a warning at {warn:g} ms comes after the stage is given up at {after:g} ms."
            self.find("L106", (*path, "warn_ms"), what, "Warn before that.")
        return Fallback(after, self.text(path, given, "to"), self.ms(path, given, "cost_ms", 0.0), warn)

    def hedge(self, path: Path, fields: Mapping[str, Any]) -> Hedge | None:
        """Its second request."""
        if "hedge" not in fields:
            return None
        path = (*path, "hedge")
        given = self.mapping(path, fields["hedge"], ["after_ms", "shared", "measured"])
        return Hedge(
            self.ms(path, given, "after_ms", 0.0),
            self.share(path, given, "shared", 0.0),
            self.flag(path, given, "measured"),
        )

    def assumed(self, path: Path, fields: Mapping[str, Any], p95: float) -> Assumed | None:
        """What it is taken to be while nobody has measured it."""
        if "assumed" not in fields:
            return None
        path = (*path, "assumed")
        p50 = self.ms(path, self.mapping(path, fields["assumed"], ["p50_ms"]), "p50_ms")
        if p50 >= p95:
            what = f"the median of {p50:g} ms is not below the p95 of {p95:g} ms."
            self.find("L110", (*path, "p50_ms"), what, "Write the median that you expect.")
        return Assumed(p50)

    def graph(self, stages: list[Stage]) -> tuple[Stage, ...]:
        """The stages in an order in which each comes after those it waits for."""
        by_name = {stage.name: stage for stage in stages}
        try:
            order = ordered({name: stage.after for name, stage in by_name.items()})
        except ValueError as error:
            what = f"{error}: they wait for each other in a circle."
            self.find("L103", ("stages",), what, "Let one of them begin without the others.")
            return tuple(stages)
        return tuple(by_name[name] for name in order)

    def fits(self, budget: Budget) -> None:
        """Warn of what cannot be kept, or never happens."""
        if budget.allocated_ms > budget.slo.ms:
            what = f"the allocations add up to {budget.allocated_ms:g} ms, more than {budget.slo.ms:g} ms."
            self.warn("L111", ("slo",), what, "p95s do not add up; simulate before you take some away.")
        for stage in budget.stages:
            number = self.names.index(stage.name)
            path: Path = ("stages", number)
            if stage.fallback and stage.fallback.after_ms < stage.allocated_p95_ms:
                what = f"{stage.name} is given up before its allocation of {stage.allocated_p95_ms:g} ms."
                hint = "More than 1 turn in 20 may then fall back."
                self.warn("L106", (*path, "fallback", "after_ms"), what, hint)
            if stage.fallback and stage.hedge and stage.hedge.after_ms >= stage.fallback.after_ms:
                what = f"{stage.name} is given up before its second request is sent."
                self.warn("L106", (*path, "hedge", "after_ms"), what, "Hedge earlier, or not at all.")
