"""A harness file: offline metrics computed from logs, and evidence of what misleads them."""

from dataclasses import dataclass
from hashlib import sha256

from bot.core.finding import Finding
from bot.core.harness_declared import Declared, read_declared
from bot.core.logged import Logged, Ranking
from bot.core.logged_reader import read_logged, read_ranking
from bot.core.yaml_fields import Fields, read_whole

KIND = "harness"
PARTS = ("logged", "ranking", "evidence")
"""What a harness may compute."""


@dataclass(frozen=True)
class Harness:
    """A harness as written; what it does not compute is None. sha256: of its text."""

    id: str
    title: str
    sha256: str
    logged: Logged | None = None
    ranking: Ranking | None = None
    evidence: Declared | None = None


def read_harness(text: str, *, name: str) -> tuple[Harness | None, tuple[Finding, ...]]:
    """Read a harness; None with the findings where one of them is an error."""
    digest = sha256(text.encode()).hexdigest()
    return read_whole(text, name, KIND, Fields, lambda fields: _harness(fields, digest))


def _harness(fields: Fields, digest: str) -> Harness:
    root = fields.mapping((), fields.document.data, ["kind", "id", "title", *PARTS])
    fields.kind(root, KIND)
    harness_id = fields.text((), root, "id")
    fields.identifier(("id",), harness_id)
    if not set(PARTS).intersection(root):
        hint = f"Add {', '.join(f'`{part}:`' for part in PARTS)}, or some of them."
        fields.find("H101", (), "there is nothing to compute.", hint)
    return Harness(
        id=harness_id,
        title=fields.text((), root, "title", required=False) or harness_id,
        sha256=digest,
        logged=read_logged(fields, ("logged",), root["logged"]) if "logged" in root else None,
        ranking=read_ranking(fields, ("ranking",), root["ranking"]) if "ranking" in root else None,
        evidence=read_declared(fields, ("evidence",), root["evidence"]) if "evidence" in root else None,
    )
