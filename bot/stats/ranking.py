"""What a ranking is worth: metrics of graded results in order, as discounts by position.

Each metric is a sum over positions of a discount times a gain. NDCG, recall and click-weighted gain are
shares of what the best possible order would have; RBP and the reciprocal rank are not. The sources compute
the same from tables; here it is in numbers, for the discounts they use and to hold them against each other.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.stats.undecided import Undecided

Kind: TypeAlias = Literal["ndcg", "recall", "mrr", "rbp", "clicks"]
Gain: TypeAlias = Literal["exponential", "linear"]

DEEPEST = 100
"""The deepest position that a metric may look at."""
_WRITTEN = re.compile(r"(ndcg|recall|mrr|rbp|clicks)@([0-9.]+)")


@dataclass(frozen=True)
class Metric:
    """A metric of one ranking. k: positions looked at; persistence: of RBP, the chance of reading on."""

    kind: Kind
    k: int = DEEPEST
    persistence: float = 0.0

    @property
    def name(self) -> str:
        """As people write it: "NDCG@10", "RBP@0.8"."""
        if self.kind == "rbp":
            return f"RBP@{self.persistence:g}"
        word = {"ndcg": "NDCG", "recall": "Recall", "mrr": "MRR", "clicks": "click-weighted gain"}[self.kind]
        return f"{word}@{self.k}"

    @property
    def key(self) -> str:
        """As a harness file writes it: "ndcg@10"."""
        return f"{self.kind}@{self.persistence:g}" if self.kind == "rbp" else f"{self.kind}@{self.k}"

    @property
    def of_ideal(self) -> bool:
        """Whether it is a share of what the best order has: nothing for a query without relevant results."""
        return self.kind in ("ndcg", "recall", "clicks", "mrr")


def metric(written: str) -> Metric | None:
    """The metric that is written "ndcg@10", "recall@10", "mrr@10", "rbp@0.8" or "clicks@10"; else None.

    >>> metric("rbp@0.8").name, metric("ndcg@0"), metric("ndcg@3").name
    ('RBP@0.8', None, 'NDCG@3')
    """
    found = _WRITTEN.fullmatch(written.strip().lower())
    if found is None:
        return None
    kind, number = found[1], found[2]
    if kind == "rbp":
        share = _number(number)
        return Metric("rbp", persistence=share) if share is not None and 0 < share < 1 else None
    if not number.isdigit() or not 1 <= int(number) <= DEEPEST:
        return None
    return Metric(kind, k=int(number))  # type: ignore[arg-type]  # one of the pattern's words


def discount(one: Metric, position: int, shares: Mapping[int, float] | None = None) -> float:
    """What a gain at this position, from 1, counts.

    NDCG: 1 / log2(1 + position) (Jarvelin & Kekalainen 2002, ACM TOIS 20:422, in the form of Burges et al.
    2005). RBP: (1 - p) p^(position - 1) (Moffat & Zobel 2008, ACM TOIS 27:2, eq. 2). clicks: the share of all
    clicks that this position has, from `shares`.
    """
    if position < 1:
        raise ValueError(f"positions begin at 1, not at {position}")
    if one.kind == "rbp":
        return (1 - one.persistence) * one.persistence ** (position - 1)
    if position > one.k:
        return 0.0
    if one.kind == "ndcg":
        return 1 / math.log2(1 + position)
    if one.kind == "clicks":
        return (shares or {}).get(position, 0.0)
    return 1 / position if one.kind == "mrr" else 1.0


def weights(one: Metric, shares: Mapping[int, float] | None = None) -> list[float]:
    """The discounts of all positions that count, the largest first: what the best order would use."""
    return sorted((discount(one, place, shares) for place in range(1, one.k + 1)), reverse=True)


def gain(grade: float, how: Gain, top: float) -> float:
    """What a grade is worth, from 0 to 1 at `top`: (2^grade - 1) / (2^top - 1), or grade / top."""
    if how == "linear":
        return grade / top
    return float((2.0**grade - 1) / (2.0**top - 1))


def score(
    one: Metric,
    ranked: Mapping[int, float],
    judged: Sequence[float],
    *,
    how: Gain = "exponential",
    top: float = 1.0,
    shares: Mapping[int, float] | None = None,
) -> float | Undecided:
    """The metric of one query. ranked: the grade at each position; judged: all grades there are for it.

    >>> round(score(metric("ndcg@10"), {1: 3, 2: 2, 3: 3, 4: 0, 5: 1, 6: 2}, [3, 2, 3, 0, 1, 2], top=3), 4)
    0.9488
    """
    relevant = [grade for grade in judged if grade > 0]
    if one.of_ideal and not relevant:
        return Undecided("no result of the query is relevant")
    if one.kind == "recall":
        return sum(grade > 0 for place, grade in ranked.items() if place <= one.k) / len(relevant)
    if one.kind == "mrr":
        found = [place for place, grade in ranked.items() if grade > 0 and place <= one.k]
        return 1 / min(found) if found else 0.0
    total = math.fsum(discount(one, place, shares) * gain(grade, how, top) for place, grade in ranked.items())
    if one.kind == "rbp":
        return total
    best = sorted(relevant, reverse=True)
    ideal = math.fsum(
        weight * gain(grade, how, top) for weight, grade in zip(weights(one, shares), best, strict=False)
    )
    if not ideal > 0:
        return Undecided("no position that counts has clicks")
    return total / ideal


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
