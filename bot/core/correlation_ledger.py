"""What the ledger keeps of offline against online besides the deltas: alarms, diagnoses, replays."""

from enum import StrEnum

SUBJECT = "correlation"
"""The subject of alarms and replays; a diagnosis is one by itself, DIA-1."""
ELSEWHERE = "elsewhere/"
"""Before the name of an experiment that Lookout did not run: no registration can be called so."""


class Kind(StrEnum):
    """Kinds of entries; the comment names the body's fields."""

    ALARM = "correlation_alarm"  # r, low, high, n, days, pairs [ledger numbers]
    RESTORED = "correlation_restored"  # r, low, high, n, days, pairs: at or above the floor again
    DIRECTION = "correlation_direction"  # agreeing, of, pairs: too few of the last moved the same way
    AGREEING = "correlation_agreeing"  # agreeing, of, pairs: enough of them again
    DIAGNOSIS = "correlation_diagnosis"  # dominant, secondary [..], note, answers [{cause, verdict, note}]
    REPLAY = "correlation_replay"  # outcome, r, low, high, n, p, r_old, scores {..}, missing [..], pairs [..]
