"""`lookout harness`: offline metrics from logged data, and evidence of what misleads them."""

import json as to_json
import os
from pathlib import Path

from bot import clock, settings
from bot.commands.registration_file import complain, text_of
from bot.core.found import Found
from bot.core.harness import Harness, read_harness
from bot.core.harness_declared import Cause
from bot.core.harness_json import harness_json
from bot.core.offline_metrics import Measured
from bot.errors import SourceError
from bot.stats.undecided import Undecided


def run(file: Path, *, json: bool = False) -> int:
    """Compute a harness; 1 when its file has an error, or nothing it names could be computed.

    Raises InputError when the file cannot be read, ConfigError when lookout.toml cannot, SourceError when
    none of its data can.
    """
    text = text_of(file)
    harness, findings = read_harness(text, name=str(file))
    if harness is None:
        complain(list(findings))
        return 1
    from bot.services.harness import Place, measure
    from bot.services.harness_evidence import gathered
    from bot.views import harness_text

    sources = settings.load(os.environ).sources if "source:" in text else {}
    place = Place(sources, file.resolve().parent)
    found = measure(harness, place)
    evidence: dict[Cause, tuple[Found, ...]] = {}
    if harness.evidence is not None:
        evidence = {cause: gathered(harness.evidence, cause, place, clock.system()) for cause in Cause}
    _readable(found, evidence)
    if json:
        print(to_json.dumps(harness_json(found, evidence), indent=2, ensure_ascii=False))
    else:
        print("\n".join(harness_text.lines(found, evidence)))
    return 0 if found.computed and _any(harness, evidence) else 1


def _readable(found: Measured, evidence: dict[Cause, tuple[Found, ...]]) -> None:
    """Raise the reason where no part that was asked for could be read."""
    asked = [part for part in (found.ranked, found.counterfactual) if part is not None]
    unread = [part for part in asked if isinstance(part, Undecided)]
    if unread and len(unread) == len(asked) and not evidence:
        raise SourceError("; ".join(dict.fromkeys(part.reason for part in unread)))


def _any(harness: Harness, evidence: dict[Cause, tuple[Found, ...]]) -> bool:
    """Whether any evidence came, where it is all that was asked for."""
    if harness.ranking is not None or harness.logged is not None:
        return True
    return any(one.status.value != "unknown" for lines in evidence.values() for one in lines)
