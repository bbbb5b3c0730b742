"""Eval sets against production: what is said of samples that differ by chance alone."""

import numpy as np
import pytest

from bot.core.checks.eval_set import EvalSet
from bot.core.checks.options import Table
from bot.core.eval_evidence import mix
from bot.core.evidence import EvidenceStatus

SEGMENTS = [f"s{number}" for number in range(40)]


def sample(rng, rows, shares):
    """Rows by segment, drawn from these shares."""
    return dict(zip(SEGMENTS, map(float, rng.multinomial(rows, shares)), strict=True))


@pytest.mark.parametrize(("rows", "produced"), [(2000, 150), (150, 2000), (150, 150)])
def test_two_samples_of_one_source_are_not_called_apart(rows, produced):
    """Neither a small eval set nor a quiet week of production makes a mix stale: fewer than 1 in 50 do."""
    rng = np.random.default_rng(7)
    even = np.full(len(SEGMENTS), 1 / len(SEGMENTS))
    options = EvalSet(Table(table="eval"), segment="query_class")
    found = [mix(sample(rng, rows, even), sample(rng, produced, even), options) for _ in range(200)]
    assert sum(one.status is EvidenceStatus.SUSPECT for one in found) < 4


def test_a_mix_that_moved_is_suspect():
    """Half of the segments are asked for three times as often."""
    rng = np.random.default_rng(7)
    even = np.full(len(SEGMENTS), 1 / len(SEGMENTS))
    moved = np.where(np.arange(len(SEGMENTS)) % 2, 1.5, 0.5) / len(SEGMENTS)
    options = EvalSet(Table(table="eval"), segment="query_class")
    found = [mix(sample(rng, 2000, even), sample(rng, 2000, moved), options) for _ in range(50)]
    assert sum(one.status is EvidenceStatus.SUSPECT for one in found) > 40
