"""`lookout verify`: whether every look can be computed again, bit for bit, and nobody touched the ledger."""

import json as to_json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot import settings
from bot.commands.record import opened
from bot.core import look_file
from bot.core.ledger import Head
from bot.errors import InputError
from bot.services.verifying import Checked, Verified, verify

MOST = 20
"""Rows that do not hold that are printed; `--json` has them all."""


def run(
    environment: Mapping[str, str],
    *,
    file: Path | None = None,
    heads: Sequence[str] = (),
    json: bool = False,
) -> int:
    """Check the record in the configured database, or the look in `file`; 1 when something does not hold.

    heads: of the ledger, as copied from Slack. Raises InputError when there is nothing to be read and
    ConfigError when the database cannot be.
    """
    if file is not None and heads:
        raise InputError("--head is about the ledger, and --file has none.", "Give one of them.")
    copied = [Head.read(text) for text in heads]
    if file is not None:
        return _report(Verified(0, None, (), (_file(file),)), copied, file=file, json=json)
    otherwise = ", or name a record with --file"
    with opened(settings.load(environment).database_url, otherwise) as session:
        found = verify(session, copied)
    return _report(found, copied, json=json)


def _report(found: Verified, heads: Sequence[Head], *, file: Path | None = None, json: bool = False) -> int:
    if json:
        print(to_json.dumps(_shape(found, file), indent=2))
        return int(not found.ok)
    lines = [f"{fault}." for fault in found.faults]
    lines += [_line(one, file) for one in found.looks if not one.ok]
    for line in lines[:MOST]:
        print(line)
    if len(lines) > MOST:
        print(
            f"And {len(lines) - MOST} more; mend the first, it may explain the others. --json has them all."
        )
    held, looks = sum(one.ok for one in found.looks), len(found.looks)
    print(f"{held} of {looks} look{'' if looks == 1 else 's'} on record can be reproduced.")
    for line in _of_broken_plans(found.looks):
        print(line)
    if file is None:
        print(_chain(found, heads))
    return int(not found.ok)


def _line(one: Checked, file: Path | None) -> str:
    where = f"record {one.record}" if one.record else str(file)
    which = "a peek" if one.look is None else f"look {one.look}"
    return f"{where}, {which} of {one.experiment}: {one.reason}."


def _of_broken_plans(looks: Sequence[Checked]) -> list[str]:
    """Of each plan that was changed after a look, the verdicts since: they hold, and rest on less."""
    changed: dict[tuple[str, int], list[str]] = {}
    for one in looks:
        if one.plan_broken:
            changed.setdefault((one.experiment, one.plan_broken), []).append(str(one.record))
    return [
        f"The plan of {experiment} was changed after a look (ledger {entry}): the error rates of "
        f"record{'' if len(records) == 1 else 's'} {', '.join(records)} are not those that were signed."
        for (experiment, entry), records in changed.items()
    ]


def _chain(found: Verified, heads: Sequence[Head]) -> str:
    """What the ledger is, and what no computation can see of it."""
    if found.head is None:
        return "The ledger has no entry."
    entries = "1 entry" if found.entries == 1 else f"{found.entries} entries"
    head = f"{found.head.number}:{found.head.hash[:12]}"
    if any(fault.table == "ledger" for fault in found.faults):
        return f"The ledger does not hold; {entries} can be read, the last is {head}."
    said = f"The ledger's {entries} hold{'s' if found.entries == 1 else ''}; its head is {head}."
    if heads:
        return f"{said} It has {'the head' if len(heads) == 1 else f'all {len(heads)} heads'} given."
    return (
        f"{said}\nCompare it with the newest head in Slack (--head {head}): "
        "entries cut off the end, or all written anew, show nowhere else."
    )


def _shape(found: Verified, file: Path | None) -> dict[str, Any]:
    shape: dict[str, Any] = {"ok": found.ok, "looks": [one.to_json() for one in found.looks]}
    if file is not None:
        return shape
    head = found.head
    return {
        **shape,
        "first": _first(found),
        "ledger": {
            "ok": not found.faults,
            "entries": found.entries,
            "head": {"number": head.number, "hash": head.hash} if head else None,
            "faults": [fault.to_json() for fault in found.faults],
        },
    }


def _first(found: Verified) -> dict[str, Any] | None:
    """The first row that does not hold."""
    if found.faults:
        return found.faults[0].to_json()
    return next(
        ({"table": "look", "key": one.record, "reason": one.reason} for one in found.looks if not one.ok),
        None,
    )


def _file(file: Path) -> Checked:
    try:
        content = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{file} cannot be read: {said}.", "Is the path right?") from None
    found = look_file.check(content, str(file))
    return Checked(0, found.experiment, found.look, found.reason)
