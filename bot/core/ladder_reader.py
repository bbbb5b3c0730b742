"""Reads the escalation ladder from YAML: all faults at once, each with its line."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.finding import Finding, Path
from bot.core.incident import SEVERITIES, Status
from bot.core.playbook import Actor, Ladder, Rung
from bot.core.yaml_fields import Fields, read_whole

_RUNG = ["id", "after_minutes", "every_minutes", "most", "until", "title", "expects"]
_RUNG += ["acts", "notifies", "notifies_from"]
_SEVERITY = f"Use {', '.join(SEVERITIES)}; the first is the worst."


def read_escalation(text: str, *, name: str) -> tuple[Ladder | None, tuple[Finding, ...]]:
    """Read an escalation ladder; None with the findings where one of them is an error."""
    return read_whole(text, name, "escalation", _Reader, _Reader.escalation)


class _Reader(Fields):
    """Reads the parts of a ladder."""

    def escalation(self) -> Ladder:
        """The ladder, with stand-ins where there are findings."""
        root = self.mapping((), self.document.data, ["kind", "people", "rungs"])
        self.kind(root, "escalation")
        people = self.people(self.table((), root, "people"))
        rungs = [
            self.rung(("rungs", index), item, people)
            for index, item in enumerate(self.items((), root, "rungs"))
        ]
        for index, (earlier, later) in enumerate(itertools.pairwise(rungs), 1):
            if later.after <= earlier.after:
                what = f"rung {later.id!r} is not later than {earlier.id!r} before it."
                self.find(
                    "rung-order", ("rungs", index, "after_minutes"), what, "Order the rungs by their time."
                )
            elif earlier.after + (earlier.most - 1) * earlier.every >= later.after:
                what = f"rung {earlier.id!r} still repeats itself when {later.id!r} speaks."
                hint = "Repeat it less often, or at shorter intervals."
                self.find("rung-order", ("rungs", index - 1, "most"), what, hint)
        return Ladder(tuple(rungs))

    def people(self, table: Mapping[str, Any]) -> Mapping[str, Actor]:
        """Everybody the rungs may name; who stands in for them is one of the others."""
        found: dict[str, Actor] = {}
        for key, item in table.items():
            path: Path = ("people", key)
            fields = self.mapping(path, item, ["name", "roles", "otherwise"])
            found[key] = Actor(self.text(path, fields, "name"), self.words(path, fields, "roles"))
        for key, actor in list(found.items()):
            named = table[key].get("otherwise") if isinstance(table[key], dict) else None
            if named is None:
                continue
            if named not in found or named == key:
                what = f"{named!r} is nobody else under people."
                hint = f"Use one of {', '.join(one for one in found if one != key)}."
                self.find("unknown-person", ("people", key, "otherwise"), what, hint)
            else:
                found[key] = replace(actor, otherwise=found[named])
        return found

    def rung(self, path: Path, item: object, people: Mapping[str, Actor]) -> Rung:
        """One rung of the ladder."""
        fields = self.mapping(path, item, _RUNG)
        minutes = fields.get("after_minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
            what = f"{minutes!r} is not a number of minutes from 1."
            self.find("rung-time", (*path, "after_minutes"), what, "Write for example `after_minutes: 15`.")
            minutes = 1
        until = fields.get("until")
        if until not in {Status.LOCALIZED, Status.MITIGATED, Status.RESOLVED}:
            what = f"{until!r} is not a state that stops a rung."
            self.find("rung-until", (*path, "until"), what, "Use localized, mitigated or resolved.")
            until = Status.RESOLVED
        most = self.number(path, fields, "most", 1, low=1, high=20)
        repeats = "every_minutes" in fields
        every = self.number(path, fields, "every_minutes", 0, low=1, high=1440) if repeats else 0
        if most != int(most) or (most > 1 and not every):
            what = f"it speaks {most:g} times, every {every:g} minutes."
            self.find("rung-time", (*path, "most"), what, "Write `most: 3` and `every_minutes: 15`.")
            most = 1
        lowest = fields.get("notifies_from", "SEV3")
        if lowest not in SEVERITIES:
            self.find("unknown-severity", (*path, "notifies_from"), f"{lowest!r} is no severity.", _SEVERITY)
            lowest = "SEV3"
        rung_id = self.text(path, fields, "id")
        self.identifier(path, rung_id)
        return Rung(
            id=rung_id,
            after=timedelta(minutes=minutes),
            until=Status(until),
            title=self.text(path, fields, "title"),
            expects=self.text(path, fields, "expects"),
            acts=self.actors(path, fields, "acts", people),
            notifies=self.actors(path, fields, "notifies", people),
            every=timedelta(minutes=every),
            most=int(most),
            notifies_from=lowest,
        )

    def actors(
        self, path: Path, fields: Mapping[str, Any], key: str, people: Mapping[str, Actor]
    ) -> tuple[Actor, ...]:
        """The people named under `key`."""
        found = []
        for word in self.words(path, fields, key):
            if word in people:
                found.append(people[word])
            else:
                hint = f"Use one of {', '.join(people)}."
                self.find("unknown-person", (*path, key), f"{word!r} is not under people.", hint)
        return tuple(found)
