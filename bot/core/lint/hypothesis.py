"""Is there a hypothesis that data could disprove?"""

import re

from bot.core.lint.report import Report
from bot.core.registration import Registration

_DO = re.compile(r"\bdo\s*\(\s*[^()\s=][^()=]*=\s*[^()\s][^()]*\)")


def check(registration: Registration, report: Report) -> None:
    """An intervention that is done, both hypotheses, what would count against, and evidence that counts."""
    hypothesis = registration.hypothesis
    if not _DO.search(hypothesis.intervention):
        said = f"`{hypothesis.intervention[:60]}`" if hypothesis.intervention else "missing"
        report.error(
            "R101",
            ("hypothesis", "intervention"),
            f"hypothesis.intervention is {said}: it has no do() clause, so no cause is claimed.",
            "Write what is set to what, e.g. `intervention: do(reranker = MiniLM-L12)`.",
        )
    if not (hypothesis.h0 and hypothesis.h1):
        absent = "h0" if not hypothesis.h0 else "h1"
        report.warning(
            "R102",
            ("hypothesis", absent),
            f"hypothesis.{absent} is missing.",
            "Say in one sentence what would be true.",
        )
    if not hypothesis.disconfirming:
        report.warning(
            "R103",
            ("hypothesis", "disconfirming"),
            "hypothesis.disconfirming is empty: nothing would count against it.",
            "List what result would make you drop the idea.",
        )
    _gate(registration, report)


def _gate(registration: Registration, report: Report) -> None:
    gate = registration.evidence_gate
    if gate is None or gate.correlation is None or gate.correlation >= gate.min_correlation:
        return
    report.error(
        "R104",
        ("evidence_gate", "correlation"),
        f"offline and online effects correlated at {gate.correlation:g}, and the gate asks for "
        f"{gate.min_correlation:g}: the offline evidence for this change does not predict what users do.",
        "Mend the offline harness before testing on users, or register without offline evidence and gate.",
    )
